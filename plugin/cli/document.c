/* SPDX-License-Identifier: MIT */
#include "document.h"

#include "cleanup.h"

#include <string.h>

void document_put(struct document *document, json_t *object, const char *name, json_t *value)
{
        if (json_object_set_new(object, name, value) < 0)
                document->failed = true;
}

/* Bytes of the well-formed UTF-8 sequence at text, 0 when there is none. jansson knows the rules. */
static size_t sequence(const char *text)
{
        size_t left = strnlen(text, 4);

        for (size_t len = 1; len <= left; len++) {
                json_t *value = json_stringn(text, len);

                if (value != NULL) {
                        json_decref(value);
                        return len;
                }
        }
        return 0;
}

/* The text with U+FFFD for each byte that is no part of UTF-8. NULL: out of memory. */
static json_t *replaced(const char *text)
{
        static const char replacement[] = "\xef\xbf\xbd";
        _cleanup_free_ char *shown = malloc(strlen(text) * 3 + 1);
        size_t n = 0;

        if (shown == NULL)
                return NULL;
        while (*text != '\0') {
                size_t len = sequence(text);

                memcpy(shown + n, len != 0 ? text : replacement, len != 0 ? len : 3);
                n += len != 0 ? len : 3;
                text += len != 0 ? len : 1;
        }
        return json_stringn(shown, n);
}

static void put_bytes(struct document *document, json_t *object, const char *name, const char *text)
{
        _cleanup_free_ char *hex = malloc(strlen(text) * 2 + 1);
        char member[64];

        if (hex == NULL) {
                document->failed = true;
                return;
        }
        for (size_t i = 0; text[i] != '\0'; i++)
                (void)snprintf(hex + i * 2, 3, "%02x", (unsigned char)text[i]);
        (void)snprintf(member, sizeof(member), "%s_bytes", name);
        document_put(document, object, member, json_string(hex));
}

void document_text(struct document *document, json_t *object, const char *name, const char *text)
{
        json_t *value = text != NULL ? json_string(text) : json_null();

        if (value != NULL || text == NULL) {
                document_put(document, object, name, value);
                return;
        }
        document_put(document, object, name, replaced(text));
        put_bytes(document, object, name, text);
}

void document_number(struct document *document, json_t *object, const char *name, uint64_t number)
{
        document_put(document, object, name, json_integer((json_int_t)number));
}

json_t *document_array(struct document *document, json_t *object, const char *name)
{
        document_put(document, object, name, json_array());
        return json_object_get(object, name);
}

static json_t *add_object(struct document *document, json_t *object, const char *name)
{
        document_put(document, object, name, json_object());
        return json_object_get(object, name);
}

json_t *document_element(struct document *document, json_t *array)
{
        if (json_array_append_new(array, json_object()) < 0) {
                document->failed = true;
                return NULL;
        }
        return json_array_get(array, json_array_size(array) - 1);
}

void document_begin(struct document *document, const char *command, const char *status, int exit_code)
{
        document->root = json_object();
        document->failed = document->root == NULL;
        document_text(document, document->root, "command", command);
        document_text(document, document->root, "status", status);
        document_put(document, document->root, "exit", json_integer(exit_code));
}

void document_error(struct document *document, json_t *object, const struct pipseed_error *err)
{
        json_t *error = add_object(document, object, "error");

        document_text(document, error, "code", pipseed_code_name(err->code));
        document_put(document, error, "number", json_integer(err->code));
        document_text(document, error, "message", err->message);
        document_text(document, error, "path", err->path[0] != '\0' ? err->path : NULL);
        document_text(document, error, "hint", err->hint[0] != '\0' ? err->hint : NULL);
        document_put(document, error, "errno", err->sys_errno != 0 ? json_integer(err->sys_errno) : json_null());
}

void document_failure(struct document *document, const char *command, const struct pipseed_error *err)
{
        document_begin(document, command, "error", pipseed_code_exit(err->code));
        document_error(document, document->root, err);
}

const json_t *document_root(const struct document *document)
{
        return document->failed ? NULL : document->root;
}

void document_done(struct document *document)
{
        json_decref(document->root);
        document->root = NULL;
}

static void put_package(struct document *document, json_t *object, const struct pipseed_package *package)
{
        document_text(document, object, "name", package->name);
        document_text(document, object, "version", package->version);
        document_text(document, object, "previous_version", package->previous_version);
        document_text(document, object, "action", pipseed_action_name(package->action));
        document_text(document, object, "wheel", package->wheel);
        document_text(document, object, "sha256", package->sha256);
        document_text(document, object, "source", package->source);
        document_text(document, object, "location", package->location);
        document_number(document, object, "files", package->n_files);
        document_number(document, object, "bytecode", package->n_bytecode);
}

void document_packages(struct document *document, const struct pipseed_package *const *packages, size_t n_packages)
{
        json_t *array = document_array(document, document->root, "packages");

        for (size_t i = 0; i < n_packages; i++)
                put_package(document, document_element(document, array), packages[i]);
}

void document_result(struct document *document, const struct pipseed_request *req, const struct pipseed_result *result)
{
        json_t *root = document->root;
        json_t *scripts = NULL;
        json_t *links = NULL;

        document_put(document, root, "dry_run", json_boolean(req->dry_run));
        document_text(document, root, "root", req->root);
        document_text(document, root, "env", result->env);
        document_text(document, root, "python", result->python);
        document_text(document, root, "python_version", result->version);
        document_put(document, root, "is_venv", json_boolean(result->is_venv));
        document_text(document, root, "scripts_dir", result->scripts_dir);
        document_packages(document, result->packages, result->n_packages);
        scripts = document_array(document, root, "scripts");
        for (size_t i = 0; i < result->n_scripts; i++)
                if (json_array_append_new(scripts, replaced(result->scripts[i])) < 0)
                        document->failed = true;
        links = add_object(document, root, "links");
        document_number(document, links, "reflink", result->n_reflinked);
        document_number(document, links, "hardlink", result->n_hardlinked);
        document_number(document, links, "copy", result->n_copied);
        document_number(document, links, "symlink", result->n_symlinked);
}
