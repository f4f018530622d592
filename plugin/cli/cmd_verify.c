/* SPDX-License-Identifier: MIT */
/* pipseed verify: check installed files against RECORD, wheel and policy. */
#include "batch.h"
#include "cleanup.h"
#include "cli_error.h"

static const struct option own_options[] = {
        {"--pip", 0, OPTION_SET, 0, "VERSION", "seed.pip", NULL, "require this version of pip"},
        {"--packages", 0, OPTION_SET, 0, "LIST", "seed.packages", NULL, "check auto, pip, or 'pip setuptools'"},
        {.name = NULL},
};
static const struct option_group own_group = {"Options", own_options};
static const struct option_group *const groups[] = {&own_group,   &wheels_group, &target_group,
                                                    &batch_group, &common_group, NULL};

static int verify(const struct pipseed_request *req, void **ret_report, struct pipseed_error *err)
{
        struct pipseed_verify_report *report = NULL;
        int r = pipseed_verify(req, &report, err);

        if (r < 0)
                return r;
        if (report->n_packages == 0 && report->n_findings == 0) {
                pipseed_verify_report_free(report);
                (void)cli_error_set(err, PIPSEED_E_NOT_INSTALLED, req->env, "pip is not installed");
                return cli_error_hint(err, "run: pipseed seed");
        }
        *ret_report = report;
        return 0;
}

static void release(void *report)
{
        pipseed_verify_report_free(report);
}

static void put_findings(struct json_output *document, const struct pipseed_verify_report *report)
{
        json_t *array = NULL;

        json_output_packages(document, report->packages, report->n_packages);
        array = json_output_array(document, document->root, "findings");
        for (size_t i = 0; i < report->n_findings; i++) {
                const struct pipseed_finding *finding = report->findings[i];
                json_t *object = json_output_element(document, array);

                json_output_text(document, object, "code", pipseed_code_name(finding->code));
                json_output_put(document, object, "number", json_integer(finding->code));
                json_output_text(document, object, "path", finding->path);
                json_output_text(document, object, "message", finding->message);
        }
}

static int show(struct session *session, const struct pipseed_request *req, const void *data,
                struct json_output *document)
{
        const struct pipseed_verify_report *report = data;

        (void)req;
        for (size_t i = 0; i < report->n_findings; i++) {
                const struct pipseed_finding *finding = report->findings[i];
                const char *name = pipseed_code_name(finding->code);

                output_finding(session->out, name != NULL ? name : "finding", finding->path, finding->message);
        }
        for (size_t i = 0; i < report->n_packages; i++) {
                const struct pipseed_package *package = report->packages[i];

                if (report->n_findings == 0)
                        output_result(session->out, NULL, "%s %s in %s: %ju files verified%s%s", package->name,
                                      package->version, package->location,
                                      (uintmax_t)(package->n_files - package->n_not_verified),
                                      package->not_verified != NULL ? ", not verified: " : "",
                                      package->not_verified != NULL ? package->not_verified : "");
                else
                        output_result(session->out, NULL, "%s %s in %s: %ju files checked", package->name,
                                      package->version, package->location, (uintmax_t)package->n_files);
        }
        if (document != NULL)
                put_findings(document, report);
        return report->n_findings == 0 ? 0 : report->findings[0]->code;
}

static int run(struct session *session)
{
        static const struct batch_job job = {.work = verify,
                                             .show = show,
                                             .release = release,
                                             .doing = "verifying",
                                             .trouble = "findings",
                                             .verifies = true,
                                             .integrity = true};

        return batch_run(session, &job);
}

const struct command command_verify = {
        .name = "verify",
        .summary = "check installed files against RECORD and policy",
        .operands = "[ENV...]",
        .description =
                "Checks the installed files against their RECORD and, if it is available, the wheel of the same "
                "version, and the versions against the policy. Prints each difference; exits with code 4 if there is "
                "one.",
        .groups = groups,
        .max_operands = COMMAND_ANY_OPERANDS,
        .run = run,
};
