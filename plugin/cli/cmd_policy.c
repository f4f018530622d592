/* SPDX-License-Identifier: MIT */
/* pipseed policy: every value and the layer that it comes from. */
#include "cleanup.h"
#include "common.h"
#include "json_output.h"
#include "cli_error.h"
#include "suggest.h"

#include <string.h>

static const struct option_group *const groups[] = {&common_group, NULL};

/* Returns whether word selects key: the key itself, or its section. NULL selects all. */
static bool asked(const char *word, const char *key)
{
        size_t len = word != NULL ? strlen(word) : 0;

        return word == NULL || (strncmp(word, key, len) == 0 && (key[len] == '\0' || key[len] == '.'));
}

/* A section may have no values ([sha256] without pins) and is known all the same. */
static int check_word(const struct pipseed_policy *policy, const char *word, struct pipseed_error *err)
{
        struct suggestion suggestion = {.word = word};
        struct pipseed_policy_value value = PIPSEED_POLICY_VALUE_INIT;

        if (word == NULL || strcmp(word, "sha256") == 0)
                return 0;
        for (size_t i = 0; i < pipseed_policy_count(policy); i++) {
                if (pipseed_policy_value_at(policy, i, &value) < 0)
                        continue;
                if (asked(word, value.key))
                        return 0;
                suggest_offer(&suggestion, value.key);
        }
        (void)cli_error_set(err, PIPSEED_E_USAGE, NULL, "unknown key or section '%s'", word);
        if (suggestion.best != NULL)
                return cli_error_hint(err, "did you mean '%s'?", suggestion.best);
        return cli_error_hint(err, "run: pipseed policy show");
}

static void put_paths(struct json_output *document, const char *name, const struct pipseed_policy *policy,
                      const char *(*path_at)(const struct pipseed_policy *, size_t))
{
        json_t *paths = json_output_array(document, document->root, name);
        const char *path = NULL;

        for (size_t i = 0; (path = path_at(policy, i)) != NULL; i++)
                json_output_text(document, json_output_element(document, paths), "path", path);
}

static void write_values(struct session *session, const char *word)
{
        _cleanup_(json_output_done) struct json_output document = {0};
        struct pipseed_policy_value value = PIPSEED_POLICY_VALUE_INIT;
        json_t *values = NULL;

        json_output_begin(&document, session->command->name, "ok", 0);
        put_paths(&document, "files", session->policy, pipseed_policy_file_at);
        values = json_output_array(&document, document.root, "values");
        for (size_t i = 0; i < pipseed_policy_count(session->policy); i++) {
                json_t *object = NULL;

                if (pipseed_policy_value_at(session->policy, i, &value) < 0 || !asked(word, value.key))
                        continue;
                object = json_output_element(&document, values);
                json_output_text(&document, object, "key", value.key);
                json_output_text(&document, object, "value", value.value);
                json_output_text(&document, object, "layer", value.layer);
                json_output_text(&document, object, "origin", value.origin[0] != '\0' ? value.origin : NULL);
                json_output_text(&document, object, "locked_by", value.locked_by);
                json_output_text(&document, object, "help", value.help);
        }
        output_document(session->out, json_output_root(&document));
}

static void print_value(struct session *session, const struct pipseed_policy_value *value)
{
        output_line(session->out, "%s = %s", value->key, value->value);
        output_line(session->out, "  from:   %s%s%s", value->layer, value->origin[0] != '\0' ? ", " : "",
                    value->origin);
        if (value->locked_by != NULL)
                output_line(session->out, "  locked: %s", value->locked_by);
        if (value->help != NULL)
                output_line(session->out, "  about:  %s", value->help);
}

static int print_values(struct session *session, const char *word)
{
        enum { COLUMNS = 5 };
        size_t n = pipseed_policy_count(session->policy);
        _cleanup_free_ const char **cells = calloc((n + 1) * COLUMNS, sizeof(*cells));
        struct pipseed_policy_value value = PIPSEED_POLICY_VALUE_INIT;
        size_t n_cells = 0;

        if (cells == NULL)
                return PIPSEED_E_NO_MEMORY;
        for (size_t i = 0; i < COLUMNS; i++)
                cells[n_cells++] = (const char *const[]){"KEY", "VALUE", "LAYER", "ORIGIN", "LOCK"}[i];
        for (size_t i = 0; i < n; i++) {
                if (pipseed_policy_value_at(session->policy, i, &value) < 0 || !asked(word, value.key))
                        continue;
                if (word != NULL && strcmp(word, value.key) == 0) {
                        print_value(session, &value);
                        return 0;
                }
                cells[n_cells++] = value.key;
                cells[n_cells++] = value.value[0] != '\0' ? value.value : "-";
                cells[n_cells++] = value.layer;
                cells[n_cells++] = value.origin[0] != '\0' ? value.origin : "-";
                cells[n_cells++] = value.locked_by != NULL ? value.locked_by : "-";
        }
        output_table(session->out, cells, n_cells / COLUMNS, COLUMNS);
        return 0;
}

static int run_show(struct session *session)
{
        const char *word = session->arguments->n_operands > 0 ? session->arguments->operands[0] : NULL;
        struct pipseed_error err = PIPSEED_ERROR_INIT;

        if (session_policy(session, &err) < 0 || check_word(session->policy, word, &err) < 0)
                return session_fail(session, &err);
        if (session->settings->json)
                write_values(session, word);
        else if (print_values(session, word) < 0)
                return cli_error_memory(&err), session_fail(session, &err);
        return 0;
}

static int run_check(struct session *session)
{
        _cleanup_(json_output_done) struct json_output document = {0};
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        const char *file = NULL;
        const char *place = NULL;
        size_t n_files = 0;

        if (session->arguments->n_operands > 0 && session->settings->policy_file != NULL) {
                (void)cli_error_set(&err, PIPSEED_E_USAGE, NULL, "cannot use FILE and --policy together");
                return session_fail(session, &err);
        }
        if (session->arguments->n_operands > 0)
                session->settings->policy_file = session->arguments->operands[0];
        if (session_policy(session, &err) < 0)
                return session_fail(session, &err);
        for (; (file = pipseed_policy_file_at(session->policy, n_files)) != NULL; n_files++)
                output_result(session->out, "ok", "%s", file);
        if (n_files == 0)
                output_result(session->out, "ok", "(no policy file, built-in values only)");
        for (size_t i = 0; n_files == 0 && (place = pipseed_policy_place_at(session->policy, i)) != NULL; i++)
                output_line(session->out, "  searched: %s", place);
        if (session->settings->json) {
                json_output_begin(&document, session->command->name, "ok", 0);
                put_paths(&document, "files", session->policy, pipseed_policy_file_at);
                put_paths(&document, "searched", session->policy, pipseed_policy_place_at);
                output_document(session->out, json_output_root(&document));
        }
        return 0;
}

static const struct command show = {
        .name = "policy show",
        .summary = "show the value, origin and lock of every key",
        .operands = "[KEY]",
        .description = "KEY is one key (seed.pip) or a section (seed).",
        .groups = groups,
        .max_operands = 1,
        .run = run_show,
};

static const struct command check = {
        .name = "policy check",
        .summary = "check all layers of the policy",
        .operands = "[FILE]",
        .description =
                "Reads all layers; FILE is read as with --policy. Exits with code 3 and names file and line if there "
                "is an error.",
        .groups = groups,
        .max_operands = 1,
        .run = run_check,
};

static const struct command *const children[] = {&show, &check, NULL};

const struct command command_policy = {
        .name = "policy",
        .summary = "show or check the policy in force",
        .operands = "show|check",
        .groups = groups,
        .children = children,
};
