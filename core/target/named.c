/* SPDX-License-Identifier: MIT */
#include "target/named.h"

#include "base/cleanup.h"
#include "base/error.h"

#include <stdlib.h>

/* failed: of the first script that did not work; code 0: there was none. */
static int fail_not_found(const struct named_search *search, const char *kind, const char *name,
                          const struct pipseed_error *failed)
{
        const char *path = getenv("PATH");

        (void)error_set(search->err, PIPSEED_E_NO_TARGET, NULL, "%s'%s' not found on PATH (%s)%s%s%s", kind, name,
                        path != NULL ? path : "not set", failed->code != 0 ? "; passed over '" : "", failed->path,
                        failed->code != 0 ? "', which fails" : "");
        return error_hint(search->err, "name " LOOKUP_FORMS);
}

/* Does the search go on after this one failed? Of one name only past scripts: a version manager has a shim for each
 * name, also for those that are not in use now. Of a version past all. */
static bool may_pass(const struct lookup_request *request, int code, const char *path)
{
        if (request != NULL)
                return code != PIPSEED_E_NO_MEMORY && code != PIPSEED_E_CANCELLED;
        return code == PIPSEED_E_PROBE_FAILED && lookup_is_script(path);
}

/* Each of that name on PATH. ret_failed is the first that does not work. 1; 0: there is none; or a code. */
static int try_name(const struct named_search *search, const char *name, const struct lookup_request *request,
                    struct pipseed_error *ret_failed)
{
        for (size_t i = 0;; i++) {
                _cleanup_free_ char *path = NULL;
                int r = lookup_path(name, search->image, i, &path);

                if (r < 0)
                        return error_sys(search->err, r, NULL, "cannot search PATH for '%s'", name);
                if (r == 0)
                        return 0;
                r = search->take(search->data, path, request);
                if (r == 0)
                        return 1;
                if (!may_pass(request, r, path))
                        return r;
                if (ret_failed->code == 0 && r != PIPSEED_E_NO_TARGET)
                        *ret_failed = *search->err;
                error_clear(search->err);
        }
}

static int find_version(const struct named_search *search, const char *given, const struct lookup_request *request,
                        struct pipseed_error *failed)
{
        char buffer[32];
        const char *name;

        for (size_t i = 0; (name = lookup_usual_name(request, i, buffer)) != NULL; i++) {
                int r = try_name(search, name, request, failed);

                if (r != 0)
                        return r > 0 ? 0 : r;
        }
        return fail_not_found(search, "Python ", given, failed);
}

int named_find(const struct named_search *search, const char *given)
{
        _cleanup_(lookup_request_done) struct lookup_request request = {0};
        struct pipseed_error failed = PIPSEED_ERROR_INIT;
        _cleanup_free_ char *name = lookup_name(given);
        int r = name != NULL ? try_name(search, name, NULL, &failed) : error_memory(search->err);

        if (r != 0)
                return r > 0 ? 0 : r;
        r = lookup_parse(given, &request, search->err);
        if (r != 0)
                return r > 0 ? find_version(search, given, &request, &failed) : r;
        if (failed.code == 0)
                return fail_not_found(search, "", name, &failed);
        *search->err = failed;
        return failed.code;
}
