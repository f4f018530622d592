/* SPDX-License-Identifier: MIT */
/* What an interpreter says of itself, in JSON: what is taken is complete, and every path is absolute. */
#include "fuzz.h"

#include "base/cleanup.h"
#include "target/facts.h"

static void check_path(const char *path)
{
        FUZZ_CHECK(path != NULL && path[0] == '/');
}

static void check_scheme(const struct target_scheme *scheme)
{
        for (size_t i = 0; i < PLAN_N_ROOTS; i++)
                check_path(scheme->dirs[i]);
}

static void check_paths(const struct facts_paths *paths)
{
        for (size_t i = 0; i < paths->n_items; i++)
                check_path(paths->items[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(arena_done) struct arena arena = {0};
        _cleanup_free_ char *json = strndup((const char *)data, size);
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        struct facts facts = {0};
        int r;

        if (json == NULL)
                return 0;
        r = facts_parse(&arena, json, "/usr/bin/python3", &facts, &err);
        fuzz_check_error(r, &err);
        if (r < 0)
                return 0;
        FUZZ_CHECK(facts.major > 3 || (facts.major == 3 && facts.minor >= 6));
        FUZZ_CHECK(facts.implementation != NULL);
        FUZZ_CHECK(facts.cache_tag == NULL || strchr(facts.cache_tag, '/') == NULL);
        check_path(facts.prefix);
        check_path(facts.stdlib);
        check_path(facts.user_site);
        check_scheme(&facts.scheme);
        check_scheme(&facts.venv_scheme);
        check_scheme(&facts.user_scheme);
        check_paths(&facts.site);
        check_paths(&facts.venv_site);
        check_paths(&facts.base_site);
        return 0;
}
