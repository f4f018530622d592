/* SPDX-License-Identifier: MIT */
/*
 * schema.h - every key of the policy: the one table that files, variables, options, `pipseed policy show` and the
 * request go by. A new key is a new row, and nothing else here.
 *
 *     const struct schema_key *key = schema_find("seed", "pip");
 *
 * [sha256] has wheel file names for keys and is not a part of the table; SCHEMA_PINS is its section's name.
 */
#ifndef CONF_SCHEMA_H
#define CONF_SCHEMA_H

#include "value.h"

#define SCHEMA_PINS "sha256"
#define SCHEMA_LOCK "policy.lock"
/* Size of a buffer for any key's variable, "PIPSEED_SEED_EXTERNALLY_MANAGED". */
#define SCHEMA_VARIABLE_SIZE 64

struct schema_key {
        const char *name; /* "seed.pip" */
        enum value_type type;
        const struct value_choice *choices; /* of VALUE_CHOICE */
        const char *fallback;               /* built-in value, as one would write it */
        const char *help;                   /* one line */
        void (*apply)(const struct value *value, struct pipseed_request *req); /* NULL: no field of the request */
};

/* Row i of the table, NULL beyond the end. */
const struct schema_key *schema_at(size_t i);
size_t schema_count(void);
/* Place of a row in the table. */
size_t schema_index(const struct schema_key *key);
/* NULL when there is no such key. Names are lower case. */
const struct schema_key *schema_find(const char *section, const char *key);
const struct schema_key *schema_find_name(const char *name);
/* Section i in the order of the table, SCHEMA_PINS included; NULL beyond the end. */
const char *schema_section_at(size_t i);
bool schema_has_section(const char *section);
/* Returns whether the key is in the section. */
bool schema_in_section(const struct schema_key *key, const char *section);
/* The environment variable of a key. */
void schema_variable(const struct schema_key *key, char ret_name[SCHEMA_VARIABLE_SIZE]);

/* What the writer may have meant, NULL when nothing is near. A key in the wrong section is found as well. */
const char *schema_suggest_section(const char *section);
const struct schema_key *schema_suggest_key(const char *section, const char *key);
/* The same for "section.key", or for one word that may be a section or a key. */
const char *schema_suggest_name(const char *name);

#endif
