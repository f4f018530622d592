/* SPDX-License-Identifier: MIT */
/* Is what is installed what RECORD, the wheel and the policy say? */
#include "base/error.h"
#include "base/path.h"
#include "install/verify/distribution.h"
#include "install/verify/verified.h"
#include "job.h"
#include "verify.h"

#include <stdlib.h>
#include <string.h>

struct owned_report {
        struct pipseed_verify_report report;
        struct arena arena;
        struct pipseed_finding *findings;
        size_t n_findings, finding_capacity;
        struct pipseed_package *packages;
        size_t n_packages, package_capacity;
        struct pipseed_verify_cache *cache; /* of this call alone */
        bool make_own;                      /* see verify_make_own */
};

void pipseed_verify_report_free(struct pipseed_verify_report *report)
{
        struct owned_report *owned = (struct owned_report *)report;

        if (owned == NULL)
                return;
        pipseed_verify_cache_free(owned->cache);
        arena_done(&owned->arena);
        free(owned);
}

static void free_ownedp(struct owned_report **owned)
{
        if (*owned != NULL)
                pipseed_verify_report_free(&(*owned)->report);
}

static int add_finding(struct owned_report *owned, int code, const char *path, const char *text,
                       struct pipseed_error *err)
{
        struct pipseed_finding finding = {.struct_size = sizeof(finding), .code = code, .message = text};

        if (path != NULL)
                finding.path = arena_strdup(&owned->arena, path);
        if (text == NULL || (path != NULL && finding.path == NULL) ||
            arena_grow(&owned->arena, &owned->findings, owned->n_findings, &owned->finding_capacity, sizeof(finding)) <
                    0)
                return error_memory(err);
        owned->findings[owned->n_findings++] = finding;
        return 0;
}

/* Unpacking and checking it is done once for all environments of a call. */
static int read_wheel(const struct job *job, const struct catalog_wheel *source, const void *bytes, size_t len,
                      const struct wheel **ret_wheel, struct pipseed_error *err)
{
        struct pipseed_verify_cache *cache = job->req.verify_cache;
        const struct wheel *kept = verified_find_wheel(cache, source->sha256);
        struct wheel *wheel = NULL;
        int r = kept == NULL ? wheel_load(source->filename, bytes, len, source->path, &wheel, err) : 0;

        if (r < 0)
                return r;
        if (wheel != NULL)
                kept = verified_keep_wheel(cache, source->sha256, wheel);
        if (kept == NULL)
                return error_memory(err);
        *ret_wheel = kept;
        return 0;
}

/* The wheel that the installed version came from, if it is available: RECORD alone could have been changed as well. */
static int load_wheel(struct job *job, const struct job_package *package, struct catalog_wheel **ret_source,
                      const struct wheel **ret_wheel, struct pipseed_error *err)
{
        _cleanup_(version_freep) struct version *installed = NULL;
        struct pipseed_error ignored = PIPSEED_ERROR_INIT;

        int parsed = version_parse(package->current->version, &installed, &ignored);

        if (parsed < 0)
                return parsed == PIPSEED_E_NO_MEMORY ? error_memory(err) : 0;
        for (size_t i = 0; i < job->catalog.n_wheels; i++) {
                struct catalog_wheel *wheel = &job->catalog.wheels[i];
                const void *bytes;
                size_t len;
                int r;

                if (strcmp(wheel->name.project, package->project) != 0 || wheel->unpinned ||
                    version_compare(wheel->version, installed) != 0)
                        continue;
                r = catalog_read(wheel, &bytes, &len, err);
                if (r == 0)
                        r = catalog_admit(&job->req, wheel, err);
                if (r == 0)
                        r = read_wheel(job, wheel, bytes, len, ret_wheel, err);
                if (r == 0)
                        *ret_source = wheel;
                return r;
        }
        return 0;
}

static int check_version(const struct job *job, struct owned_report *owned, const struct job_package *package,
                         struct pipseed_error *err)
{
        _cleanup_(version_freep) struct version *installed = NULL;
        struct pipseed_error ignored = PIPSEED_ERROR_INIT;
        const struct installed *current = package->current;
        _cleanup_free_ char *directory = NULL;

        int r = version_parse(current->version, &installed, &ignored);

        if (r == PIPSEED_E_NO_MEMORY)
                return error_memory(err);
        if (r == 0 && specifier_admits(package->specifier, installed, SPECIFIER_PRE_YES))
                return 0;
        directory = path_rooted(job->target->root, current->location);
        return add_finding(owned, PIPSEED_E_INSTALL_VERSION, directory,
                           arena_format(&owned->arena, "%s %s is installed, but the policy requires %s",
                                        package->project, current->version, package->specifier_text),
                           err);
}

static int check_copies(const struct job *job, struct owned_report *owned, const struct job_package *package,
                        struct pipseed_error *err)
{
        const struct installed_list *list = &package->installed;

        for (size_t i = 1; i < list->n_items; i++) {
                _cleanup_free_ char *directory = NULL;

                if (strcmp(list->items[i].location, list->items[0].location) != 0)
                        continue;
                directory = path_rooted(job->target->root, list->items[i].location);
                if (add_finding(owned, PIPSEED_E_INSTALL_EXTRA, directory,
                                arena_format(&owned->arena, "%s is installed twice: '%s' and '%s'", package->project,
                                             list->items[0].dist_info, list->items[i].dist_info),
                                err) < 0)
                        return err->code;
        }
        return 0;
}

static int check_files(struct job *job, struct owned_report *owned, const struct job_package *package,
                       struct pipseed_package *described, struct pipseed_error *err)
{
        const struct wheel *wheel = NULL;
        _cleanup_free_ char *own_store = job->cache_dir != NULL ? path_join(job->cache_dir, "v1") : NULL;
        _cleanup_free_ char *system_store =
                job->req.system_cache_dir != NULL ? path_join(job->req.system_cache_dir, "v1") : NULL;
        const char *stores[2];
        struct catalog_wheel *source = NULL;
        struct verify_findings findings = {0};
        char hex[HASH_HEX_SIZE];
        struct verify_input input = {
                .target = job->target,
                .installed = package->current,
                .stores = stores,
                .cache = job->req.verify_cache,
                .caller = share_caller_here(job->req.link_mode, job->req.root),
                .jobs = job->req.jobs,
                .make_own = owned->make_own,
                .durable = job->req.durable,
                .event = job->req.event,
                .event_data = job->req.event_data,
        };
        int r = load_wheel(job, package, &source, &wheel, err);

        if (r != 0)
                return r;
        if (own_store != NULL)
                stores[input.n_stores++] = own_store;
        input.n_own_stores = input.n_stores;
        if (system_store != NULL)
                stores[input.n_stores++] = system_store;
        if (wheel != NULL) {
                input.wheel = &wheel->info;
                hash_to_hex(source->sha256, hex);
                input.wheel_sha256 = hex;
                described->wheel = arena_strdup(&owned->arena, source->filename);
                described->source = arena_strdup(&owned->arena, source->source);
        }
        r = verify_installed(&owned->arena, &input, &findings, err);
        described->n_files = findings.n_files;
        described->n_not_verified = findings.n_not_verified;
        described->not_verified = findings.not_verified;
        for (size_t i = 0; r == 0 && i < findings.n; i++)
                r = add_finding(owned, findings.items[i].code, findings.items[i].path, findings.items[i].message, err);
        return r;
}

static int check_package(struct job *job, struct owned_report *owned, const struct job_package *package,
                         struct pipseed_error *err)
{
        struct pipseed_package described = {.struct_size = sizeof(described), .action = PIPSEED_ACTION_NONE};
        int r;

        if (package->current == NULL)
                return add_finding(owned, PIPSEED_E_INSTALL_MISSING, NULL,
                                   arena_format(&owned->arena, "%s is not installed in '%s'", package->project,
                                                job->target->prefix),
                                   err);
        described.name = arena_strdup(&owned->arena, package->project);
        described.version = arena_strdup(&owned->arena, package->current->version);
        described.location = arena_strdup(&owned->arena, package->current->location);
        if (described.name == NULL || described.version == NULL || described.location == NULL)
                return error_memory(err);
        r = check_version(job, owned, package, err);
        if (r == 0)
                r = check_copies(job, owned, package, err);
        if (r == 0)
                r = check_files(job, owned, package, &described, err);
        if (r < 0)
                return r;
        if (arena_grow(&owned->arena, &owned->packages, owned->n_packages, &owned->package_capacity,
                       sizeof(described)) < 0)
                return error_memory(err);
        owned->packages[owned->n_packages++] = described;
        return 0;
}

static int hand_over(const struct job *job, struct owned_report **owned_taken,
                     struct pipseed_verify_report **ret_report, struct pipseed_error *err)
{
        _cleanup_(free_ownedp) struct owned_report *owned = steal_ptr(*owned_taken);
        struct pipseed_verify_report *report = &owned->report;

        report->struct_size = sizeof(*report);
        report->env = arena_strdup(&owned->arena, job->target->prefix);
        report->python = arena_strdup(&owned->arena, job->target->exe);
        report->version = arena_strdup(&owned->arena, job->target->version);
        report->packages = arena_pointers(&owned->arena, owned->packages, owned->n_packages, sizeof(*owned->packages));
        report->findings = arena_pointers(&owned->arena, owned->findings, owned->n_findings, sizeof(*owned->findings));
        if (report->env == NULL || report->python == NULL || report->version == NULL || report->packages == NULL ||
            report->findings == NULL)
                return error_memory(err);
        report->n_packages = owned->n_packages;
        report->n_findings = owned->n_findings;
        *ret_report = &steal_ptr(owned)->report;
        return 0;
}

/* Files that need no second look are those of one call, unless the caller has more. */
static int begin(const struct pipseed_request *req, struct owned_report *owned, struct job **ret_job,
                 struct pipseed_error *err)
{
        int r = job_begin_for(owned->make_own ? JOB_CHANGE : JOB_LOOK, req, ret_job, err);

        if (r < 0 || (*ret_job)->req.verify_cache != NULL)
                return r;
        owned->cache = (*ret_job)->req.verify_cache = pipseed_verify_cache_new();
        return owned->cache != NULL ? 0 : error_memory(err);
}

static int check_all(const struct pipseed_request *req, bool make_own, struct pipseed_verify_report **ret_report,
                     struct pipseed_error *err)
{
        _cleanup_(free_ownedp) struct owned_report *owned = calloc(1, sizeof(*owned));
        _cleanup_(job_freep) struct job *job = NULL;
        int r;

        if (owned == NULL)
                return error_memory(err);
        owned->make_own = make_own;
        r = begin(req, owned, &job, err);
        if (r == 0)
                r = make_own ? job_lock(job, err) : job_check_inside(job, err);
        if (r == 0)
                r = job_survey(job, err);
        if (r == 0)
                r = catalog_open(&job->req, &job->catalog, err);
        for (size_t i = 0; r == 0 && i < job->n_packages; i++)
                r = check_package(job, owned, &job->packages[i], err);
        return r < 0 ? r : hand_over(job, &owned, ret_report, err);
}

int pipseed_verify(const struct pipseed_request *req, struct pipseed_verify_report **ret_report,
                   struct pipseed_error *err)
{
        return check_all(req, false, ret_report, err);
}

int verify_make_own(const struct pipseed_request *req, struct pipseed_error *err)
{
        struct pipseed_verify_report *report = NULL;
        int r = check_all(req, true, &report, err);

        pipseed_verify_report_free(report);
        return r;
}
