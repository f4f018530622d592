/* SPDX-License-Identifier: MIT */
/* One seeding, from request to result. The story is pipseed_seed at the end; each step is a function above it. */
#include "base/error.h"
#include "base/str.h"
#include "install/stage/merge.h"
#include "install/plan/rebase.h"
#include "install/stage/removal.h"
#include "install/stage/stage.h"
#include "job.h"
#include "prepare.h"
#include "seed.h"

#include <string.h>

#define MAX_TRIES 3 /* of staging: each may find another store entry damaged */

int seed_check_allowed(const struct job *job, struct pipseed_error *err)
{
        _cleanup_free_ char *active = NULL;
        int r;

        r = job->req.user ? target_venv_active(job->target, &active, err) : 0;
        if (r < 0)
                return r;
        if (r == 1) {
                error_set(
                        err, PIPSEED_E_USER_IN_VENV, active,
                        "--user is not possible in a virtual environment: the user's site-packages are not visible there");
                return error_hint(err, "leave out --user, or deactivate the environment first");
        }
        if (job->req.user && !job->req.allow_user) {
                error_set(err, PIPSEED_E_USER_DENIED, NULL, "--user is denied by the policy (seed.user = deny)");
                return error_hint(err, "pipseed policy show seed.user says where; make a virtual environment instead");
        }
        return job->req.override_externally_managed ? 0 : target_check_managed(job->target, job->req.user, err);
}

/*
 * An installed version that the policy does not ask for is left alone, and named.
 *
 *     installed    upgrade   newest admitted    action
 *     none         -         -                  install
 *     any          no        -                  none
 *     any          yes       newer              upgrade
 *     any          yes       same or older      none; refused when the policy does not admit what is installed
 */
static int decide_upgrade(struct job *job, struct job_package *package, struct pipseed_error *err)
{
        _cleanup_(version_freep) struct version *installed = NULL;
        struct catalog_wheel *wheel = NULL;
        bool admitted;
        int r = version_parse(package->current->version, &installed, err);

        if (r < 0)
                return r;
        admitted = specifier_admits(package->specifier, installed, SPECIFIER_PRE_YES);
        if (!job->req.upgrade) {
                if (admitted)
                        return 0;
                return job_tell(job, err, PIPSEED_EVENT_WARNING,
                                "%s %s is installed, but %s is asked for: upgrade to replace it", package->project,
                                package->current->version, package->specifier_text);
        }
        r = prepare_choose(job, package, &wheel, err);
        if (r < 0)
                return r;
        if (version_compare(wheel->version, installed) > 0) {
                package->action = PIPSEED_ACTION_UPGRADED;
                package->wheel = wheel;
                return 0;
        }
        if (admitted)
                return 0;
        error_set(err, PIPSEED_E_DOWNGRADE, package->current->location,
                  "%s %s is installed, and the newest that '%s' admits is %s: an upgrade never goes back",
                  package->project, package->current->version, package->specifier_text, wheel->name.version);
        return error_hint(err, "take it out first: pipseed unseed");
}

/* In the version that is there, unless one is named. */
static int decide_reinstall(struct job *job, struct job_package *package, struct pipseed_error *err)
{
        _cleanup_free_ char *text = str_format("==%s", package->current->version);
        struct job_package same = *package;
        int r = 0;

        if (text == NULL)
                return error_memory(err);
        package->action = PIPSEED_ACTION_INSTALLED;
        if (package->specifier_text[0] != '\0')
                return prepare_choose(job, package, &package->wheel, err);
        same.specifier_text = text;
        r = specifier_parse(text, &same.specifier, err);
        if (r < 0)
                return r;
        r = prepare_choose(job, &same, &package->wheel, err);
        specifier_free(same.specifier);
        return r;
}

static int decide(struct job *job, struct pipseed_error *err)
{
        int r = catalog_open(&job->req, &job->catalog, err);

        for (size_t i = 0; r == 0 && i < job->n_packages; i++) {
                struct job_package *package = &job->packages[i];

                package->wheel = NULL;
                package->action = PIPSEED_ACTION_NONE;
                if (package->current != NULL && job->req.force_reinstall && job_owns(job, package->current)) {
                        r = decide_reinstall(job, package, err);
                } else if (package->current != NULL) {
                        r = decide_upgrade(job, package, err);
                } else {
                        package->action = PIPSEED_ACTION_INSTALLED;
                        r = prepare_choose(job, package, &package->wheel, err);
                }
                if (r == 0 && package->wheel != NULL)
                        r = catalog_admit(&job->req, package->wheel, err);
        }
        return r;
}

static bool has_work(const struct job *job)
{
        for (size_t i = 0; i < job->n_packages; i++)
                if (job->packages[i].wheel != NULL)
                        return true;
        return false;
}

/* Scripts and RECORD follow the pip that ensurepip would have run: the one that gets installed, or would be. NULL: there is no
 * pip at hand at all, and the newest habits are followed (pip_quirks.h). 0 or NO_MEMORY. */
static int find_pip_version(struct job *job, const char **ret_version, struct pipseed_error *err)
{
        struct pipseed_error ignored = PIPSEED_ERROR_INIT;
        struct job_package pip = {.project = "pip", .specifier_text = ""};
        struct catalog_wheel *wheel = NULL;
        int r;

        *ret_version = NULL;
        for (size_t i = 0; i < job->n_packages; i++) {
                if (strcmp(job->packages[i].project, "pip") != 0 || job->packages[i].wheel == NULL)
                        continue;
                *ret_version = job->packages[i].wheel->name.version;
                return 0;
        }
        r = specifier_parse("", &pip.specifier, &ignored);
        if (r == 0)
                r = prepare_choose(job, &pip, &wheel, &ignored);
        if (r == 0)
                *ret_version = wheel->name.version;
        specifier_free(pip.specifier);
        return r == PIPSEED_E_NO_MEMORY ? error_memory(err) : 0;
}

static bool *list_compiled(struct job *job, const struct entry *entry)
{
        bool *compiled = arena_calloc(&job->arena, entry->files.info.n_files + 1, sizeof(*compiled));

        for (size_t i = 0; compiled != NULL && i < entry->pyc.info.n_files; i++)
                compiled[entry->pyc.source[i]] = true;
        return compiled;
}

/* Whoever made the environment chose its scripts: who installs again does not take one of them away. */
static int list_scripts(struct job *job, const struct job_package *package, struct plan_input *input,
                        struct pipseed_error *err)
{
        const char **names = NULL;
        int r;

        if (package->current == NULL || !job_owns(job, package->current))
                return 0;
        r = removal_list_scripts(job->txn, package->current, &job->arena, &names, &input->n_listed, err);
        input->listed = names;
        return r;
}

static int make_plan(struct job *job, struct job_package *package, const struct wheel_info *wheel,
                     const char *pip_version, struct pipseed_error *err)
{
        const struct entry *entry = package->entry;
        struct plan_input input = {
                .wheel = wheel,
                .target = job->target,
                .scheme = job->scheme,
                .scripts = job->req.scripts,
                .installer = job->req.installer,
                .pip_version = pip_version,
                .requested = true,
        };
        int r = 0;

        if (job->req.force_reinstall && job->txn != NULL)
                r = list_scripts(job, package, &input, err);
        if (r < 0)
                return r;
        if (entry != NULL && entry->pyc_fd >= 0) {
                input.pyc_suffix = entry->pyc_suffix;
                input.compiled = list_compiled(job, entry);
                if (input.compiled == NULL)
                        return error_memory(err);
        }
        plan_done(&package->plan);
        r = plan_make(&input, &package->plan, err);
        return r < 0 ? r : rebase_plan(&package->plan, job->scheme->dirs, err);
}

/* Every copy in the directories that we write to goes when a new one comes, also a second one that something left behind. */
static int load_removal(struct job *job, const struct job_package *package, struct removal *ret_removal,
                        struct pipseed_error *err)
{
        for (size_t i = 0; i < package->installed.n_items; i++) {
                int r;

                if (!job_owns(job, &package->installed.items[i]))
                        continue;
                r = package->installed.items[i].has_record || !job->req.force_reinstall
                            ? removal_load(job->txn, &package->installed.items[i], ret_removal, err)
                            : 0;
                /* Whatever else is in the dist-info goes as well, or there would be two of them. */
                if (r == 0)
                        r = removal_load_bare(job->txn, &package->installed.items[i], ret_removal, err);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int stage_package(struct job *job, struct job_package *package, struct linker *linker, const char *pip_version,
                         struct pipseed_error *err)
{
        _cleanup_(removal_done) struct removal removal = {0};
        struct stage_query query = {.txn = job->txn, .plan = &package->plan, .linker = linker, .jobs = job->req.jobs};
        int r = prepare_entry(job, package, err);

        if (r == 0)
                r = make_plan(job, package, &package->entry->files.info, pip_version, err);
        query.entry = package->entry;
        if (r == 0)
                r = stage_plan(&query, err);
        if (r == 0)
                r = load_removal(job, package, &removal, err);
        if (r == 0)
                r = merge_add_changes(job->txn, &package->plan, &removal, err);
        return r;
}

static int stage_all(struct job *job, struct linker *linker, struct job_package **ret_failed, struct pipseed_error *err)
{
        const char *pip_version;
        int r = find_pip_version(job, &pip_version, err);

        if (r == 0)
                r = txn_prepare(job->txn, err);
        if (r == 0)
                r = prepare_stores(job, job->txn, err);
        for (size_t i = 0; r == 0 && i < job->n_packages; i++) {
                if (job->packages[i].wheel == NULL)
                        continue;
                *ret_failed = &job->packages[i];
                r = stage_package(job, &job->packages[i], linker, pip_version, err);
        }
        return r;
}

/* A store entry that changed since it was made is thrown away and rebuilt; the target has not been touched yet. */
static int start_over(struct job *job, struct job_package *package, struct pipseed_error *err)
{
        struct pipseed_error why = *err;
        int r;

        error_clear(err);
        r = job_tell(job, err, PIPSEED_EVENT_WARNING, "%s: rebuilt", why.message);
        if (r == 0 && package->entry->store->kind == STORE_SYSTEM)
                job->req.system_cache_dir = NULL;
        else if (r == 0)
                r = entry_discard(package->entry, err);
        for (size_t i = 0; i < job->n_packages; i++)
                entry_free(steal_ptr(job->packages[i].entry));
        while (job->n_stores > 0)
                store_free(steal_ptr(job->stores[--job->n_stores]));
        return r < 0 ? r : job_lock(job, err);
}

static int report_package(struct job *job, const struct job_package *package)
{
        const struct catalog_wheel *wheel = package->wheel;
        struct pipseed_package p = {.name = package->project, .action = package->action};
        char hex[HASH_HEX_SIZE];

        if (wheel == NULL) {
                p.version = package->current->version;
                p.location = package->current->location;
                return result_add_package(&job->result, &p);
        }
        hash_to_hex(wheel->sha256, hex);
        p.version = wheel->name.version;
        p.previous_version = package->current != NULL ? package->current->version : NULL;
        p.location = job->scheme->dirs[PLAN_LIB];
        p.wheel = wheel->filename;
        p.sha256 = hex;
        p.source = wheel->source;
        p.n_files = package->plan.n_files;
        for (size_t i = 0; i < package->plan.n_files; i++)
                p.n_pyc += package->plan.files[i].bytecode_of != NULL;
        for (size_t i = 0; i < package->plan.n_scripts; i++)
                if (result_add_script(&job->result, package->plan.scripts[i]) < 0)
                        return -1;
        return result_add_package(&job->result, &p);
}

/* Before anything is changed: what is done must not be reported as failed because memory for the report is missing. */
static int prepare_report(struct job *job, struct pipseed_error *err)
{
        for (size_t i = 0; i < job->n_packages; i++)
                if (report_package(job, &job->packages[i]) < 0)
                        return error_memory(err);
        return result_reserve(&job->result) < 0 ? error_memory(err) : 0;
}

static int install(struct job *job, struct pipseed_error *err)
{
        struct linker linker;

        for (int tries = 1;; tries++) {
                struct job_package *failed = NULL;
                int r;

                linker_init(&linker, job->req.link_mode, job->umask, job->req.root);
                r = stage_all(job, &linker, &failed, err);
                if (r == PIPSEED_E_STORE_ENTRY && failed != NULL && tries < MAX_TRIES) {
                        r = start_over(job, failed, err);
                        if (r == 0)
                                continue;
                }
                if (r == 0)
                        r = prepare_report(job, err);
                if (r == 0)
                        r = txn_commit(job->txn, err);
                if (r < 0)
                        return r;
                break;
        }
        job->result.result.n_reflinked = linker.n_placed[PIPSEED_LINK_REFLINK];
        job->result.result.n_hardlinked = linker.n_placed[PIPSEED_LINK_HARDLINK];
        job->result.result.n_copied = linker.n_placed[PIPSEED_LINK_COPY];
        job->result.result.n_symlinked = linker.n_placed[PIPSEED_LINK_SYMLINK];
        return 0;
}

/* The plan points into the wheel: what is reported is copied from it, and the plan goes, while the wheel is still there. */
static int rehearse_package(struct job *job, struct job_package *package, const char *pip_version,
                            struct pipseed_error *err)
{
        _cleanup_(wheel_freep) struct wheel *wheel = NULL;
        const void *bytes = NULL;
        size_t len = 0;
        int r = catalog_read(package->wheel, &bytes, &len, err);

        if (r == 0)
                r = wheel_load(package->wheel->filename, bytes, len, package->wheel->path, &wheel, err);
        if (r == 0)
                r = make_plan(job, package, &wheel->info, pip_version, err);
        if (r == 0 && report_package(job, package) < 0)
                r = error_memory(err);
        plan_done(&package->plan);
        return r;
}

/* A dry run reads and checks the wheel as a real one does, but keeps nothing. */
static int rehearse(struct job *job, struct pipseed_error *err)
{
        const char *pip_version = NULL;
        int r = has_work(job) ? find_pip_version(job, &pip_version, err) : 0;

        for (size_t i = 0; r == 0 && i < job->n_packages; i++) {
                if (job->packages[i].wheel != NULL)
                        r = rehearse_package(job, &job->packages[i], pip_version, err);
                else if (report_package(job, &job->packages[i]) < 0)
                        r = error_memory(err);
        }
        return r == 0 && result_reserve(&job->result) < 0 ? error_memory(err) : r;
}

int seed_decide(struct job *job, struct pipseed_error *err)
{
        int r = job_survey(job, err);

        return r < 0 ? r : decide(job, err);
}

int seed_carry_out(struct job *job, struct pipseed_result **ret_result, struct pipseed_error *err)
{
        int r = has_work(job) && !job->req.dry_run ? install(job, err) : rehearse(job, err);

        if (r == 0)
                r = job_finish(job, err);
        if (r == 0)
                *ret_result = result_steal(&job->result);
        return r;
}

int pipseed_seed(const struct pipseed_request *req, struct pipseed_result **ret_result, struct pipseed_error *err)
{
        _cleanup_(job_freep) struct job *job = NULL;
        int r = job_begin_for(JOB_SEED, req, &job, err);

        if (r == 0)
                r = seed_check_allowed(job, err);
        if (r == 0)
                r = job->req.dry_run ? job_check_inside(job, err) : job_lock(job, err);
        if (r == 0)
                r = seed_decide(job, err);
        return r < 0 ? r : seed_carry_out(job, ret_result, err);
}
