/* SPDX-License-Identifier: MIT */
/* A policy file, and options behind a line "%%", one "section.key=value" a line: what is taken can be shown, applied to
 * a request, and set again to the value that is shown. */
#include "fuzz.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "pipseed_policy.h"

#include <sys/mman.h>
#include <sys/stat.h>

DEFINE_CLEANUP(struct pipseed_policy *, pipseed_policy_free)

static int load(const char *text, size_t len, struct pipseed_policy **ret_policy, struct pipseed_error *err)
{
        _cleanup_close_ int fd = memfd_create("policy", MFD_CLOEXEC);
        char path[64];
        struct pipseed_policy_options options = {.size = sizeof(options), .file = path, .sysconf_dir = "/nonexistent"};

        if (fd < 0 || fchmod(fd, 0600) < 0 || file_write_all(fd, text, len) < 0)
                exit(1);
        (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        return pipseed_policy_load(&options, ret_policy, err);
}

static void set_options(struct pipseed_policy *policy, char *text)
{
        char *save = NULL;

        for (char *line = strtok_r(text, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save)) {
                struct pipseed_error err = PIPSEED_ERROR_INIT;
                char *value = strchr(line, '=');

                if (value == NULL)
                        continue;
                *value++ = '\0';
                if (str_ends(line, "+")) {
                        /* It is taken as it is, and with colons or blanks at its ends shown so that it cannot be
                         * set. */
                        if (strchr(value, ':') != NULL || strcmp(str_trim(value), value) != 0)
                                continue;
                        line[strlen(line) - 1] = '\0';
                        fuzz_check_error(pipseed_policy_append(policy, line, value, "--option", &err), &err);
                } else {
                        fuzz_check_error(pipseed_policy_set(policy, line, value, "--option", &err), &err);
                }
        }
}

static void check_values(struct pipseed_policy *policy)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        struct pipseed_request req;

        for (size_t i = 0; i < pipseed_policy_count(policy); i++) {
                struct pipseed_policy_value value = PIPSEED_POLICY_VALUE_INIT;
                _cleanup_free_ char *key = NULL;
                _cleanup_free_ char *text = NULL;

                FUZZ_CHECK(pipseed_policy_value_at(policy, i, &value) == 0);
                FUZZ_CHECK(value.key != NULL && value.value != NULL && value.layer != NULL && value.origin != NULL);
                key = strdup(value.key);
                text = strdup(value.value);
                if (key == NULL || text == NULL)
                        exit(1);
                /* A locked key may be set to what it has; the system's lock itself may not be set by an option. */
                if (strcmp(key, "policy.lock") != 0 && pipseed_policy_set(policy, key, text, "--again", &err) < 0) {
                        fprintf(stderr, "%s = \"%s\" is shown, and refused: %s\n", key, text, err.message);
                        abort();
                }
                FUZZ_CHECK(pipseed_policy_value_at(policy, i, &value) == 0 && strcmp(value.value, text) == 0);
        }
        pipseed_request_init(&req);
        FUZZ_CHECK(pipseed_policy_apply(policy, &req, &err) == 0);
        for (size_t i = 0; i < req.n_pins; i++)
                FUZZ_CHECK(strlen(req.pins[i]->sha256) == 64);
        for (size_t i = 0; i < req.n_wheel_dirs; i++)
                FUZZ_CHECK(req.wheel_dirs[i][0] == '/');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(pipseed_policy_freep) struct pipseed_policy *policy = NULL;
        _cleanup_free_ char *text = strndup((const char *)data, size);
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        char *options = text != NULL ? strstr(text, "\n%%\n") : NULL;
        size_t len = options != NULL ? (size_t)(options - text) : size;
        int r = load((const char *)data, len, &policy, &err);

        fuzz_check_error(r, &err);
        FUZZ_CHECK((policy != NULL) == (r == 0));
        if (policy == NULL)
                return 0;
        if (options != NULL)
                set_options(policy, options + strlen("\n%%\n"));
        check_values(policy);
        return 0;
}
