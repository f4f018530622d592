/* SPDX-License-Identifier: MIT */
#include "pin.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"
#include "layout.h"

#include <string.h>

static bool same_text(const char *a, const char *b)
{
        return a == NULL || b == NULL ? a == b : str_equal_nocase(a, b);
}

static bool is_named_alike(const struct wheel_name *a, const struct wheel_name *b)
{
        return same_text(a->build, b->build) && same_text(a->python, b->python) && same_text(a->abi, b->abi) &&
               same_text(a->platform, b->platform);
}

enum pin_match { PIN_OTHER, PIN_PROJECT, PIN_FILE };

/* What a pin is for, by what its file name says. One for something that is not a wheel's name is for that file, and no
 * project. */
static int match_pin(const struct pipseed_pin *pin, const struct catalog_wheel *wheel, enum pin_match *ret_match)
{
        _cleanup_(arena_done) struct arena arena = {0};
        struct pipseed_error ignored = PIPSEED_ERROR_INIT;
        struct wheel_name name = {0};
        bool same_version = false;
        int r;

        *ret_match = strcmp(pin->filename, wheel->filename) == 0 ? PIN_FILE : PIN_OTHER;
        if (*ret_match == PIN_FILE)
                return 0;
        r = wheel_name_parse(&arena, pin->filename, &name, &ignored);
        if (r < 0 || strcmp(name.project, wheel->name.project) != 0)
                return r == PIPSEED_E_NO_MEMORY ? r : 0;
        if (layout_same_version(name.version, wheel->name.version, &same_version) < 0)
                return PIPSEED_E_NO_MEMORY;
        *ret_match = same_version && is_named_alike(&name, &wheel->name) ? PIN_FILE : PIN_PROJECT;
        return 0;
}

int pin_find(const struct pipseed_request *req, const struct catalog_wheel *wheel, const struct pipseed_pin **ret_pin,
             bool *ret_unpinned, struct pipseed_error *err)
{
        const struct pipseed_pin *found = NULL;
        bool has_pins = false;

        for (size_t i = 0; i < req->n_pins; i++) {
                const struct pipseed_pin *pin = req->pins[i];
                enum pin_match match;

                if (match_pin(pin, wheel, &match) < 0)
                        return error_memory(err);
                has_pins = has_pins || match != PIN_OTHER;
                if (match == PIN_FILE && (found == NULL || strcmp(pin->filename, wheel->filename) == 0))
                        found = pin;
        }
        *ret_pin = found;
        /* The bundle's hashes are fixed when pipseed is built: it is pinned by itself. */
        *ret_unpinned = has_pins && found == NULL && wheel->bundled == NULL;
        return 0;
}
