/* SPDX-License-Identifier: MIT */
/*
 * json_output.h - the JSON documents of --json. docs/json.md is their specification.
 *
 *     _cleanup_(json_output_done) struct json_output document = {0};
 *
 *     json_output_begin(&document, "seed", "ok", 0);
 *     json_output_text(&document, document.root, "env", path);
 *     output_document(out, json_output_root(&document));
 *
 * Running out of memory sticks: json_output_root is then NULL. A text that is not UTF-8 is written twice: with U+FFFD
 * for each byte that is not, and whole as hexadecimal digits in a member whose name ends in "_bytes".
 */
#ifndef CLI_JSON_OUTPUT_H
#define CLI_JSON_OUTPUT_H

#include "pipseed.h"

#include <jansson.h>

struct json_output {
        json_t *root;
        bool failed;
};

void json_output_begin(struct json_output *document, const char *command, const char *status, int exit_code);
/* A document about an error, with status "error". */
void json_output_failure(struct json_output *document, const char *command, const struct pipseed_error *err);
/* The member "error" of an object. */
void json_output_error(struct json_output *document, json_t *object, const struct pipseed_error *err);
const json_t *json_output_root(const struct json_output *document);
void json_output_done(struct json_output *document);

/* Members of object. put takes value, which may be NULL for want of memory. text NULL becomes null. */
void json_output_put(struct json_output *document, json_t *object, const char *name, json_t *value);
void json_output_text(struct json_output *document, json_t *object, const char *name, const char *text);
void json_output_number(struct json_output *document, json_t *object, const char *name, uint64_t number);
/* A new element of an array; a new array. Owned by the document; NULL for want of memory, which the others take. */
json_t *json_output_array(struct json_output *document, json_t *object, const char *name);
json_t *json_output_element(struct json_output *document, json_t *array);

void json_output_packages(struct json_output *document, const struct pipseed_package *const *packages,
                          size_t n_packages);
void json_output_result(struct json_output *document, const struct pipseed_request *req,
                        const struct pipseed_result *result);
/* What both seed and venv say of a seeding; NULL: there was none. */
void document_seeding(struct json_output *document, const struct pipseed_result *result);

#endif
