/* SPDX-License-Identifier: MIT */
/*
 * settings.h - what one layer says: the key, the text of its value and the place it stands at. settings_parse reads the
 * text of an INI file with inih and holds it to stricter rules than inih has: every section and key is one of the
 * schema's, no key is given twice, no line is cut off, nothing stands behind a [section].
 *
 *     struct settings settings = {.layer = POLICY_LAYER_SYSTEM, .path = "/etc/pipseed/policy.ini"};
 *
 *     r = settings_parse(&settings, data, len, &arena, err);       PIPSEED_E_POLICY_SYNTAX, names file and line
 *     for (size_t i = 0; i < settings.n; i++)
 *             settings.list[i] ...
 *
 * Values are not looked at here. A list may be continued on indented lines; its lines arrive as one value.
 */
#ifndef CONF_SETTINGS_H
#define CONF_SETTINGS_H

#include "base/arena.h"
#include "schema.h"

enum policy_layer {
        POLICY_LAYER_BUILT_IN,
        POLICY_LAYER_SYSTEM,
        POLICY_LAYER_USER,
        POLICY_LAYER_FILE,
        POLICY_LAYER_ENVIRONMENT,
        POLICY_LAYER_COMMAND_LINE,
};

struct setting {
        const struct schema_key *key; /* NULL: a pin */
        const char *name;             /* "seed.pip", "sha256.NAME.whl" */
        const char *value;            /* as written */
        const char *origin;           /* "/etc/pipseed/policy.ini:12", "PIPSEED_SEED_PIP", "--pip" */
        bool append;                  /* one element for a list; only options do that */
};

struct settings {
        enum policy_layer layer;
        const char *path; /* of a file, else NULL */
        struct setting *list;
        size_t n;
        size_t capacity;
};

/* data is NUL-terminated; everything that is kept is copied into the arena. */
int settings_parse(struct settings *settings, const char *data, size_t len, struct arena *arena,
                   struct pipseed_error *err);
int settings_add(struct settings *settings, const struct setting *setting, struct arena *arena,
                 struct pipseed_error *err);

/* The end of an origin, short enough for several of them to fit into a message. */
const char *settings_place(const char *origin);
/* Values, names and paths of any bytes stand in the messages, which are one line of UTF-8 nevertheless. Returns r. */
int settings_finish(struct pipseed_error *err, int r);

#endif
