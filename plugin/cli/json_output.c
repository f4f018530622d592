/* SPDX-License-Identifier: MIT */
#include "json_output.h"

#include "cleanup.h"

#include <string.h>

void json_output_put(struct json_output *document, json_t *object, const char *name, json_t *value)
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

/* The text with U+FFFD for each byte that is not a part of UTF-8. NULL: out of memory. */
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

static void put_bytes(struct json_output *document, json_t *object, const char *name, const char *text)
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
        json_output_put(document, object, member, json_string(hex));
}

void json_output_text(struct json_output *document, json_t *object, const char *name, const char *text)
{
        json_t *value = text != NULL ? json_string(text) : json_null();

        if (value != NULL || text == NULL) {
                json_output_put(document, object, name, value);
                return;
        }
        json_output_put(document, object, name, replaced(text));
        put_bytes(document, object, name, text);
}

void json_output_number(struct json_output *document, json_t *object, const char *name, uint64_t number)
{
        json_output_put(document, object, name, json_integer((json_int_t)number));
}

json_t *json_output_array(struct json_output *document, json_t *object, const char *name)
{
        json_output_put(document, object, name, json_array());
        return json_object_get(object, name);
}

static json_t *add_object(struct json_output *document, json_t *object, const char *name)
{
        json_output_put(document, object, name, json_object());
        return json_object_get(object, name);
}

json_t *json_output_element(struct json_output *document, json_t *array)
{
        if (json_array_append_new(array, json_object()) < 0) {
                document->failed = true;
                return NULL;
        }
        return json_array_get(array, json_array_size(array) - 1);
}

void json_output_begin(struct json_output *document, const char *command, const char *status, int exit_code)
{
        document->root = json_object();
        document->failed = document->root == NULL;
        json_output_text(document, document->root, "command", command);
        json_output_text(document, document->root, "status", status);
        json_output_put(document, document->root, "exit_code", json_integer(exit_code));
}

void json_output_error(struct json_output *document, json_t *object, const struct pipseed_error *err)
{
        json_t *error = add_object(document, object, "error");

        json_output_text(document, error, "code", pipseed_code_name(err->code));
        json_output_put(document, error, "number", json_integer(err->code));
        json_output_text(document, error, "message", err->message);
        json_output_text(document, error, "path", err->path[0] != '\0' ? err->path : NULL);
        json_output_text(document, error, "hint", err->hint[0] != '\0' ? err->hint : NULL);
        json_output_put(document, error, "errno", err->sys_errno != 0 ? json_integer(err->sys_errno) : json_null());
}

void json_output_failure(struct json_output *document, const char *command, const struct pipseed_error *err)
{
        json_output_begin(document, command, "error", pipseed_exit_code(err->code));
        json_output_error(document, document->root, err);
}

const json_t *json_output_root(const struct json_output *document)
{
        return document->failed ? NULL : document->root;
}

void json_output_done(struct json_output *document)
{
        json_decref(document->root);
        document->root = NULL;
}

static void put_package(struct json_output *document, json_t *object, const struct pipseed_package *package)
{
        json_output_text(document, object, "name", package->name);
        json_output_text(document, object, "version", package->version);
        json_output_text(document, object, "previous_version", package->previous_version);
        json_output_text(document, object, "action", pipseed_action_name(package->action));
        json_output_text(document, object, "wheel", package->wheel);
        json_output_text(document, object, "sha256", package->sha256);
        json_output_text(document, object, "source", package->source);
        json_output_text(document, object, "location", package->location);
        json_output_number(document, object, "n_files", package->n_files);
        json_output_number(document, object, "n_pyc", package->n_pyc);
        json_output_number(document, object, "not_verified", package->n_not_verified);
        json_output_text(document, object, "not_verified_reasons", package->not_verified);
}

void json_output_packages(struct json_output *document, const struct pipseed_package *const *packages,
                          size_t n_packages)
{
        json_t *array = json_output_array(document, document->root, "packages");

        for (size_t i = 0; i < n_packages; i++)
                put_package(document, json_output_element(document, array), packages[i]);
}

void json_output_result(struct json_output *document, const struct pipseed_request *req,
                        const struct pipseed_result *result)
{
        json_t *root = document->root;

        json_output_put(document, root, "dry_run", json_boolean(req->dry_run));
        json_output_text(document, root, "root", req->root);
        json_output_text(document, root, "env", result->env);
        json_output_text(document, root, "python", result->python);
        json_output_text(document, root, "python_version", result->version);
        json_output_put(document, root, "is_venv", json_boolean(result->is_venv));
        document_seeding(document, result);
}

void document_seeding(struct json_output *document, const struct pipseed_result *result)
{
        static const struct pipseed_result nothing;
        const struct pipseed_result *res = result != NULL ? result : &nothing;
        json_t *root = document->root;
        json_t *scripts = NULL;
        json_t *links = NULL;

        json_output_text(document, root, "scripts_dir", res->scripts_dir);
        json_output_packages(document, res->packages, res->n_packages);
        scripts = json_output_array(document, root, "scripts");
        for (size_t i = 0; i < res->n_scripts; i++)
                if (json_array_append_new(scripts, replaced(res->scripts[i])) < 0)
                        document->failed = true;
        links = add_object(document, root, "links");
        json_output_number(document, links, "reflink", res->n_reflinked);
        json_output_number(document, links, "hardlink", res->n_hardlinked);
        json_output_number(document, links, "copy", res->n_copied);
        json_output_number(document, links, "symlink", res->n_symlinked);
}
