/* SPDX-License-Identifier: MIT */
#include "target/target.h"

#include "base/error.h"
#include "base/path.h"
#include "target/pyvenv.h"

#include <errno.h>
#include <string.h>

/*
 * target is      VIRTUAL_ENV names          active
 * an environment anything                   yes, the target
 * none           nothing, ""                no
 * none           an environment             yes, that one
 * none           a directory without one, or   no: left over from an environment that was removed or moved; a conda
 *                nothing that exists        environment is an installation of its own
 */
int target_venv_active(const struct target *target, char **ret_env, struct pipseed_error *err)
{
        const char *variable = getenv("VIRTUAL_ENV");
        _cleanup_free_ char *directory = NULL;
        bool active = target->is_venv;

        if (active) {
                directory = strdup(target->prefix);
                if (directory == NULL)
                        return error_memory(err);
        } else if (variable != NULL && variable[0] != '\0') {
                directory = path_absolute_here(variable);
                if (directory == NULL && errno == ENOMEM)
                        return error_memory(err);
                active = directory != NULL && pyvenv_is_env(NULL, directory);
        }
        if (ret_env != NULL)
                *ret_env = active ? steal_ptr(directory) : NULL;
        return active ? 1 : 0;
}
