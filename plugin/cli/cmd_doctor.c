/* SPDX-License-Identifier: MIT */
/* pipseed doctor: find problems of an environment and repair them. */
#include "batch.h"
#include "cleanup.h"

struct doctor_settings {
        struct settings settings; /* first */
        bool fix;
};

static const struct option own_options[] = {
        {"--fix", 0, OPTION_FLAG, offsetof(struct doctor_settings, fix), NULL, NULL, NULL,
         "repair what can be repaired"},
        {"--user", 0, OPTION_FLAG, offsetof(struct settings, user), NULL, NULL, NULL,
         "examine what is installed for this user"},
        {.name = NULL},
};
static const struct option_group own_group = {"Options", own_options};
static const struct option_group *const groups[] = {&own_group,   &wheels_group, &target_group,
                                                    &batch_group, &common_group, NULL};

static int examine(const struct pipseed_request *req, bool fix, void **ret_report, struct pipseed_error *err)
{
        struct pipseed_doctor_report *report = NULL;
        int r = pipseed_doctor(req, fix && !req->dry_run, &report, err);

        if (r >= 0)
                *ret_report = report;
        return r;
}

static int look(const struct pipseed_request *req, void **ret_report, struct pipseed_error *err)
{
        return examine(req, false, ret_report, err);
}

static int repair(const struct pipseed_request *req, void **ret_report, struct pipseed_error *err)
{
        return examine(req, true, ret_report, err);
}

static void release(void *report)
{
        pipseed_doctor_report_free(report);
}

static void put_issues(struct json_output *document, const struct pipseed_doctor_report *report)
{
        json_t *array = NULL;

        json_output_text(document, document->root, "env", report->env);
        json_output_text(document, document->root, "python", report->python);
        json_output_text(document, document->root, "python_version", report->version);
        array = json_output_array(document, document->root, "findings");
        for (size_t i = 0; i < report->n_issues; i++) {
                const struct pipseed_issue *issue = report->issues[i];
                json_t *object = json_output_element(document, array);

                json_output_text(document, object, "code", pipseed_code_name(issue->code));
                json_output_put(document, object, "number", json_integer(issue->code));
                json_output_text(document, object, "path", issue->path);
                json_output_text(document, object, "message", issue->message);
                json_output_text(document, object, "hint", issue->hint);
                json_output_put(document, object, "repairable", json_boolean(issue->repairable));
                json_output_put(document, object, "repaired", json_boolean(issue->repaired));
        }
}

static void show_issues(const struct session *session, const struct pipseed_issue *issue)
{
        const char *name = pipseed_code_name(issue->code);
        _cleanup_free_ char *text = NULL;

        if (asprintf(&text, "%s%s", issue->message, issue->repaired ? " (repaired)" : "") < 0)
                text = NULL;
        output_finding(session->out, name != NULL ? name : "finding", issue->path,
                       text != NULL ? text : issue->message);
        if (!issue->repaired && issue->hint != NULL)
                output_note(session->out, "%s", issue->hint);
}

static int show(struct session *session, const struct pipseed_request *req, const void *data,
                struct json_output *document)
{
        const struct pipseed_doctor_report *report = data;
        const char *plural = report->n_issues == 1 ? "" : "s";
        size_t n_repairable = 0;

        (void)req;
        for (size_t i = 0; i < report->n_issues; i++) {
                show_issues(session, report->issues[i]);
                n_repairable += report->issues[i]->repairable && !report->issues[i]->repaired;
        }
        if (report->n_issues == 0)
                output_result(session->out, NULL, "%s: no problems found", report->env);
        else if (report->n_unrepaired == 0)
                output_result(session->out, "Repaired", "%s (%zu finding%s)", report->env, report->n_issues, plural);
        else
                output_result(session->out, NULL, "%s: %zu finding%s, %zu repaired, %zu repairable with --fix",
                              report->env, report->n_issues, plural, report->n_issues - report->n_unrepaired,
                              n_repairable);
        if (document != NULL)
                put_issues(document, report);
        for (size_t i = 0; i < report->n_issues; i++)
                if (!report->issues[i]->repaired)
                        return report->issues[i]->code;
        return 0;
}

static int run(struct session *session)
{
        const struct doctor_settings *settings = (const struct doctor_settings *)(const void *)session->settings;
        static const struct batch_job examining = {.work = look,
                                                   .show = show,
                                                   .release = release,
                                                   .doing = "examining",
                                                   .trouble = "findings",
                                                   .verifies = true,
                                                   .integrity = true};
        static const struct batch_job repairing = {.work = repair,
                                                   .show = show,
                                                   .release = release,
                                                   .doing = "repairing",
                                                   .trouble = "findings",
                                                   .verifies = true,
                                                   .integrity = true};

        return batch_run(session, settings->fix ? &repairing : &examining);
}

const struct command command_doctor = {
        .name = "doctor",
        .summary = "find and repair problems of environments",
        .operands = "[ENV...]",
        .description =
                "Looks for leftovers of interrupted runs, a missing base interpreter, scripts of another location, "
                "and a pip that differs from its RECORD. With --fix, repairs them. Exits with code 4 if a problem "
                "remains.",
        .groups = groups,
        .max_operands = COMMAND_ANY_OPERANDS,
        .settings_size = sizeof(struct doctor_settings),
        .run = run,
};
