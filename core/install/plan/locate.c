/* SPDX-License-Identifier: MIT */
#include "install/plan/locate.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/path.h"
#include "base/str.h"
#include "install/plan/script.h"
#include "wheel/quote.h"

#include <limits.h>
#include <string.h>

static const char data_suffix[] = ".data";

int locator_init(struct locator *locator, struct arena *arena, const struct wheel_info *wheel,
                 const struct target_scheme *scheme, struct pipseed_error *err)
{
        struct locator l = {.arena = arena};

        l.purelib = wheel->root_is_purelib ? PLAN_LIB : PLAN_OTHER_LIB;
        l.platlib = wheel->root_is_purelib ? PLAN_OTHER_LIB : PLAN_LIB;
        memcpy(l.roots, scheme->dirs, sizeof(l.roots));
        l.roots[l.purelib] = scheme->dirs[PLAN_LIB];
        l.roots[l.platlib] = scheme->dirs[PLAN_OTHER_LIB];
        l.roots[PLAN_HEADERS] = arena_format(arena, "%s/%s", scheme->dirs[PLAN_HEADERS], wheel->project);
        if (l.roots[PLAN_HEADERS] == NULL)
                return error_memory(err);
        for (int i = 0; i < PLAN_N_ROOTS; i++) {
                int same = 0;

                while (strcmp(l.roots[same], l.roots[i]) != 0)
                        same++;
                l.same[i] = (enum plan_root)same;
        }
        *locator = l;
        return 0;
}

/* The root that "KEY/..." inside a .data directory means, and where the rest begins. False: PEP 427 has no such
 * directory. */
static bool parse_key(const struct locator *locator, const char *inside, struct location *ret_location)
{
        const struct {
                const char *key;
                enum plan_root root;
        } keys[] = {
                {"purelib/", locator->purelib}, {"platlib/", locator->platlib}, {"headers/", PLAN_HEADERS},
                {"scripts/", PLAN_SCRIPTS},     {"data/", PLAN_DATA},
        };

        for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
                if (!str_starts(inside, keys[i].key) || inside[strlen(keys[i].key)] == '\0')
                        continue;
                ret_location->root = keys[i].root;
                ret_location->path = inside + strlen(keys[i].key);
                ret_location->is_script = keys[i].root == PLAN_SCRIPTS;
                return true;
        }
        return false;
}

/* .data/data is the whole prefix: the deepest of the other roots that holds the file is where it belongs. */
static int settle_data(const struct locator *locator, struct location *location, struct pipseed_error *err)
{
        const char *path = arena_format(locator->arena, "%s%s%s", locator->roots[PLAN_DATA],
                                        str_ends(locator->roots[PLAN_DATA], "/") ? "" : "/", location->path);
        size_t longest = strlen(locator->roots[PLAN_DATA]);

        if (path == NULL)
                return error_memory(err);
        for (int i = 0; i < PLAN_DATA; i++) {
                const size_t len = strlen(locator->roots[i]);

                if (len <= longest || !path_is_below(locator->roots[i], path) || path[len] == '\0')
                        continue;
                longest = len;
                location->root = (enum plan_root)i;
                location->path = path + len + 1;
        }
        return 0;
}

static int check(const struct location *location, const char *path, struct pipseed_error *err)
{
        char first[NAME_MAX + 1];
        size_t len;

        if (location->root == PLAN_DATA && strcmp(location->path, "pyvenv.cfg") == 0)
                return error_set(err, PIPSEED_E_DATA_SCHEME, NULL, "the member '%s' would replace pyvenv.cfg",
                                 QUOTE(path, strlen(path)));
        if (location->root != PLAN_SCRIPTS)
                return 0;
        len = strcspn(location->path, "/");
        if (len <= NAME_MAX) {
                memcpy(first, location->path, len);
                first[len] = '\0';
                if (script_name_is_safe(first))
                        return 0;
        }
        error_set(err, PIPSEED_E_SCRIPT_NAME, NULL, "the member '%s' has an unsafe script name",
                  QUOTE(path, strlen(path)));
        return error_hint(err, "download the wheel from its project again");
}

int locate_file(const struct locator *locator, const char *path, struct location *ret_location,
                struct pipseed_error *err)
{
        struct location location = {.root = PLAN_LIB, .path = path};
        const size_t top = strcspn(path, "/");
        const size_t tail = strlen(data_suffix);
        int r = 0;

        /* As in pip, any top directory of that ending counts, not only the one with the wheel's own name. */
        if (top >= tail && memcmp(path + top - tail, data_suffix, tail) == 0) {
                if (path[top] == '\0' || !parse_key(locator, path + top + 1, &location)) {
                        error_set(err, PIPSEED_E_DATA_SCHEME, NULL,
                                  "the member '%s' is in an unknown directory of .data", QUOTE(path, strlen(path)));
                        return error_hint(err, "use purelib, platlib, headers, scripts or data below .data");
                }
                if (location.root == PLAN_DATA)
                        r = settle_data(locator, &location, err);
                location.root = locator->same[location.root];
                if (r == 0)
                        r = check(&location, path, err);
        }
        if (r < 0)
                return r;
        *ret_location = location;
        return 0;
}
