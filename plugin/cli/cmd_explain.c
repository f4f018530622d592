/* SPDX-License-Identifier: MIT */
/* pipseed explain: report whether a tool that creates environments uses pipseed here. */
#include "cleanup.h"
#include "common.h"
#include "json_output.h"
#include "explain.h"
#include "cli_error.h"
#include "suggest.h"

static const struct option_group *const groups[] = {&common_group, NULL};

static int refuse(const char *name, struct pipseed_error *err)
{
        struct suggestion suggestion = {.word = name};
        char known[512] = "";
        size_t len = 0;

        for (const struct explain_tool *tool = explain_tools; tool->name != NULL; tool++) {
                int n = snprintf(known + len, sizeof(known) - len, "%s%s", len > 0 ? ", " : "", tool->name);

                len += n > 0 && (size_t)n < sizeof(known) - len ? (size_t)n : 0;
                suggest_offer(&suggestion, tool->name);
        }
        (void)cli_error_set(err, PIPSEED_E_USAGE, NULL, "unknown tool '%s': expected one of %s", name, known);
        if (suggestion.best != NULL)
                return cli_error_hint(err, "did you mean '%s'?", suggestion.best);
        return err->code;
}

static const char *or_null(const char *text)
{
        return text[0] != '\0' ? text : NULL;
}

static void write_verdict(struct session *session, const struct explain *explain)
{
        _cleanup_(json_output_done) struct json_output document = {0};
        bool uses = explain->n_findings == 0;
        json_t *array = NULL;

        json_output_begin(&document, session->command->name, uses ? "ok" : "findings", uses ? 0 : 1);
        json_output_text(&document, document.root, "tool", explain->tool->name);
        json_output_put(&document, document.root, "uses_pipseed", json_boolean(uses));
        json_output_text(&document, document.root, "path", or_null(explain->path));
        json_output_text(&document, document.root, "python", or_null(explain->python));
        json_output_text(&document, document.root, "version", explain_version(explain, explain->tool->name));
        json_output_text(&document, document.root, "virtualenv", explain_version(explain, "virtualenv"));
        json_output_text(&document, document.root, "pipseed", explain_version(explain, "pipseed"));
        json_output_text(&document, document.root, "selected_by", or_null(explain->chosen));
        array = json_output_array(&document, document.root, "findings");
        for (size_t i = 0; i < explain->n_findings; i++) {
                json_t *object = json_output_element(&document, array);

                json_output_text(&document, object, "code", explain->findings[i].code);
                json_output_text(&document, object, "message", explain->findings[i].message);
                json_output_text(&document, object, "hint", explain->findings[i].hint);
        }
        output_document(session->out, json_output_root(&document));
}

static void print_verdict(struct session *session, const struct explain *explain)
{
        const char *name = explain->tool->name;

        if (explain->n_findings == 0) {
                output_line(session->out, "%s will use pipseed", name);
                if (explain->chosen[0] != '\0')
                        output_line(session->out, "  selected by: %s", explain->chosen);
        } else {
                output_line(session->out, "%s will not use pipseed", name);
        }
        for (size_t i = 0; i < explain->n_findings; i++) {
                output_line(session->out, "  reason: %s", explain->findings[i].message);
                output_line(session->out, "  hint:   %s", explain->findings[i].hint);
        }
        output_detail(session->out, 1, "tool: %s", explain->path[0] != '\0' ? explain->path : "-");
        output_detail(session->out, 1, "python: %s", explain->python[0] != '\0' ? explain->python : "-");
        output_detail(session->out, 1, "manual: docs/howto/%s.md", name);
}

static int run(struct session *session)
{
        const char *name = session->arguments->operands[0];
        _cleanup_(explain_done) struct explain explain = {.tool = explain_find(name)};
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        struct pipseed_request shared;

        if (explain.tool == NULL) {
                (void)refuse(name, &err);
                return session_fail(session, &err);
        }
        if (session_request(session, &shared, &err) < 0)
                return session_fail(session, &err);
        explain.trust = shared.trust;
        explain.n_trust = shared.n_trust;
        explain.tool->check(&explain);
        if (explain.failed) {
                (void)cli_error_memory(&err);
                return session_fail(session, &err);
        }
        if (session->settings->json)
                write_verdict(session, &explain);
        else
                print_verdict(session, &explain);
        return explain.n_findings == 0 ? 0 : 1;
}

const struct command command_explain = {
        .name = "explain",
        .summary = "explain whether a tool will use pipseed here",
        .operands = "TOOL",
        .description =
                "Examines the TOOL on PATH, what is installed beside it, variables, and the configuration in the "
                "current directory; runs nothing of the project, nor of the tool. Exits with code 0 if the tool will "
                "use pipseed, 1 if not.",
        .groups = groups,
        .min_operands = 1,
        .max_operands = 1,
        .run = run,
};
