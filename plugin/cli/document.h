/* SPDX-License-Identifier: MIT */
/*
 * document.h - the JSON documents of --json. docs/json.md is their specification.
 *
 *     _cleanup_(document_done) struct document document = {0};
 *
 *     document_begin(&document, "seed", "ok", 0);
 *     document_text(&document, document.root, "env", path);
 *     output_document(out, document_root(&document));
 *
 * Running out of memory sticks: document_root is then NULL. A text that is not UTF-8 is written twice: with U+FFFD for
 * each byte that is not, and whole as hexadecimal digits in a member whose name ends in "_bytes".
 */
#ifndef CLI_DOCUMENT_H
#define CLI_DOCUMENT_H

#include "pipseed.h"

#include <jansson.h>

struct document {
        json_t *root;
        bool failed;
};

void document_begin(struct document *document, const char *command, const char *status, int exit_code);
/* A document about an error, with status "error". */
void document_failure(struct document *document, const char *command, const struct pipseed_error *err);
/* The member "error" of an object. */
void document_error(struct document *document, json_t *object, const struct pipseed_error *err);
const json_t *document_root(const struct document *document);
void document_done(struct document *document);

/* Members of object. put takes value, which may be NULL for want of memory. text NULL becomes null. */
void document_put(struct document *document, json_t *object, const char *name, json_t *value);
void document_text(struct document *document, json_t *object, const char *name, const char *text);
void document_number(struct document *document, json_t *object, const char *name, uint64_t number);
/* A new element of an array; a new array. Owned by the document; NULL for want of memory, which the others take. */
json_t *document_array(struct document *document, json_t *object, const char *name);
json_t *document_element(struct document *document, json_t *array);

void document_packages(struct document *document, const struct pipseed_package *const *packages,
                       size_t n_packages);
void document_result(struct document *document, const struct pipseed_request *req, const struct pipseed_result *result);

#endif
