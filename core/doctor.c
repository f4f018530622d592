/* SPDX-License-Identifier: MIT */
/* What is wrong with an environment, and repairing it: look, repair, look again. doctor/examine.c looks,
 * doctor/repair.c repairs. */
#include "doctor/repair.h"
#include "doctor/examine.h"

#include "base/error.h"
#include "base/path.h"
#include "base/str.h"
#include "job.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_ROUNDS 4

struct owned_report {
        struct pipseed_doctor_report report;
        struct arena arena;
};

void pipseed_doctor_report_free(struct pipseed_doctor_report *report)
{
        struct owned_report *owned = (struct owned_report *)report;

        if (owned == NULL)
                return;
        arena_done(&owned->arena);
        free(owned);
}

static bool is_same(const struct issue *a, const struct issue *b)
{
        const char *one = a->public.path != NULL ? a->public.path : "";
        const char *other = b->public.path != NULL ? b->public.path : "";

        return a->public.code == b->public.code && strcmp(one, other) == 0 &&
               strcmp(a->public.message, b->public.message) == 0;
}

static struct issue *find(const struct examination *look, const struct issue *item)
{
        for (size_t i = 0; i < look->n_items; i++)
                if (is_same(&look->items[i], item))
                        return &look->items[i];
        return NULL;
}

static bool has(const struct examination *look, const struct issue *item)
{
        return find(look, item) != NULL;
}

static bool copy_text(struct arena *arena, const char **text)
{
        if (*text == NULL)
                return true;
        *text = arena_strdup(arena, *text);
        return *text != NULL;
}

static int copy_item(struct owned_report *owned, struct pipseed_issue *items, const struct issue *item, bool repaired,
                     struct pipseed_error *err)
{
        struct pipseed_issue *copy = &items[owned->report.n_issues];

        *copy = item->public;
        copy->struct_size = sizeof(*copy);
        copy->repaired = repaired;
        if (repaired)
                copy->hint = NULL;
        if (!copy_text(&owned->arena, &copy->path) || !copy_text(&owned->arena, &copy->message) ||
            !copy_text(&owned->arena, &copy->hint))
                return error_memory(err);
        owned->report.n_issues++;
        owned->report.n_unrepaired += !repaired;
        return 0;
}

/* What an earlier look saw and the last one does not is repaired. */
static int make_report(const struct examination *seen, const struct examination *last,
                       struct pipseed_doctor_report **ret_report, struct pipseed_error *err)
{
        struct owned_report *owned = calloc(1, sizeof(*owned));
        struct pipseed_doctor_report *report = &owned->report;
        struct pipseed_issue *items;
        int r = 0;

        if (owned == NULL)
                return error_memory(err);
        items = arena_calloc(&owned->arena, seen->n_items + 1, sizeof(*items));
        report->struct_size = sizeof(*report);
        report->issues = items != NULL ? arena_pointers(&owned->arena, items, seen->n_items, sizeof(*items)) : NULL;
        report->env = last->env;
        if (last->target != NULL) {
                report->python = last->target->exe;
                report->version = last->target->version;
        }
        if (report->issues == NULL || !copy_text(&owned->arena, &report->env) ||
            !copy_text(&owned->arena, &report->python) || !copy_text(&owned->arena, &report->version))
                r = error_memory(err);
        for (size_t i = 0; r == 0 && i < seen->n_items; i++)
                r = copy_item(owned, items, &seen->items[i], !has(last, &seen->items[i]), err);
        if (r < 0) {
                pipseed_doctor_report_free(report);
                return r;
        }
        *ret_report = report;
        return 0;
}

/* Adds what a look saw and none before it did. The hints of the newest look count: they say why a repair failed. */
static int gather(struct examination *seen, const struct examination *look, struct pipseed_error *err)
{
        for (size_t i = 0; i < look->n_items; i++) {
                struct issue *item = &look->items[i];
                struct issue *old = find(seen, item);

                if (old == NULL) {
                        int r = look_add(seen, item->public.code, item->repair, item->public.path, err, "%s",
                                         item->public.message);

                        if (r < 0)
                                return r;
                        old = &seen->items[seen->n_items - 1];
                }
                old->public.hint = item->public.hint;
                if (!copy_text(&seen->arena, &old->public.hint))
                        return error_memory(err);
        }
        return 0;
}

static bool can_repair(const struct examination *look)
{
        for (size_t i = 0; i < look->n_items; i++)
                if (look->items[i].repair != REPAIR_NONE)
                        return true;
        return false;
}

/* The directory that is asked for, also when nothing in it works; else what the default is: an interpreter that
 * belongs to no environment is then the one that req names. */
static int find_env(struct examination *look, struct pipseed_request *req, struct pipseed_error *err)
{
        const char *given = req->env;
        const char *active = getenv("VIRTUAL_ENV");
        _cleanup_free_ char *path = NULL;
        struct target_query query = {.python = req->python,
                                     .root = req->root,
                                     .cache_dir = NULL,
                                     .trust = req->trust,
                                     .n_trust = req->n_trust,
                                     .look_only = !look->fix,
                                     .event = req->event,
                                     .event_data = req->event_data};
        _cleanup_(target_freep) struct target *target = NULL;
        int r;

        if (given == NULL && req->python == NULL && req->root == NULL && active != NULL && active[0] != '\0')
                given = active;
        if (given != NULL) {
                path = path_absolute_here(given);
                if (path == NULL)
                        return error_sys(err, errno, given, "cannot resolve '%s'", given);
                look->env = arena_strdup(&look->arena, path);
                return look->env != NULL ? 0 : error_memory(err);
        }
        r = target_find(&query, &target, err);
        if (r < 0)
                return r;
        look->env = arena_strdup(&look->arena, target->prefix);
        if (req->python == NULL && !target->is_venv)
                req->python = arena_strdup(&look->arena, target->exe);
        return look->env != NULL && (req->python != NULL || target->is_venv) ? 0 : error_memory(err);
}

/* Most repairs follow the environment's own directories: root must not be led out of another user's. */
static int check_owner(const struct examination *look, struct pipseed_error *err)
{
        uid_t stranger = geteuid() == 0 && look->req->root == NULL ? sysroot_untrusted_owner(look->env) : 0;

        if (stranger == 0)
                return 0;
        (void)error_set(err, PIPSEED_E_UNTRUSTED_PATH, look->env, "refusing to repair an environment of uid %u as root",
                        (unsigned int)stranger);
        return error_hint(err, "repair it as that user, or leave out --fix to list its issues");
}

int pipseed_doctor(const struct pipseed_request *req, bool fix, struct pipseed_doctor_report **ret_report,
                   struct pipseed_error *err)
{
        _cleanup_(look_done) struct examination seen = {0};
        struct pipseed_request copy;
        int r = job_copy_request(req, &copy, err);

        seen.req = &copy;
        seen.fix = fix;
        if (r == 0)
                r = find_env(&seen, &copy, err);
        if (r == 0 && fix)
                r = check_owner(&seen, err);
        /* What is wrong with the base hides the rest: it is seen when the base is repaired. */
        for (int round = 1; r == 0; round++) {
                _cleanup_(look_done) struct examination look = {.req = &copy,
                                                                .fix = fix,
                                                                .env = seen.env,
                                                                .may_be_gone = seen.n_items > 0};
                bool is_last;

                r = examine(&look, err);
                is_last = !fix || round == MAX_ROUNDS || !can_repair(&look);
                if (r == 0 && !is_last)
                        r = repair_all(&look, err);
                if (r == 0)
                        r = gather(&seen, &look, err);
                if (r == 0 && is_last)
                        return make_report(&seen, &look, ret_report, err);
        }
        return r;
}
