/* SPDX-License-Identifier: MIT */
#include "creation.h"

#include "cleanup.h"
#include "fault.h"
#include "interrupt.h"

#include <string.h>
#include <unistd.h>

static void free_package(struct creation_package *package)
{
        free(package->name);
        free(package->version);
        free(package->action);
}

void creation_free(struct creation *creation)
{
        if (creation == NULL)
                return;
        for (size_t i = 0; i < creation->n_packages; i++)
                free_package(&creation->packages[i]);
        free(creation->packages);
        free(creation->dir);
        free(creation->python);
        free(creation->base);
        free(creation->version);
        free(creation);
}

static void free_creation(struct creation **creation)
{
        creation_free(*creation);
}

static void free_venv(struct pipseed_venv **venv)
{
        pipseed_venv_free(*venv);
}

/* The details by which pipseed's hook ends are what came of it: "pip 26.3: installed". Anything else: false. */
static bool parse_package(const char *text, struct creation_package *ret_package)
{
        static const enum pipseed_action actions[] = {PIPSEED_ACTION_NONE, PIPSEED_ACTION_INSTALLED,
                                                      PIPSEED_ACTION_UPGRADED};
        const char *blank = strchr(text, ' ');
        const char *colon = strstr(text, ": ");
        bool known = false;

        for (size_t i = 0; colon != NULL && i < ARRAY_SIZE(actions); i++)
                known = known || strcmp(colon + 2, pipseed_action_name(actions[i])) == 0;
        if (!known || blank == NULL || blank > colon || memchr(blank + 1, ' ', (size_t)(colon - blank - 1)) != NULL)
                return false;
        ret_package->name = strndup(text, (size_t)(blank - text));
        ret_package->version = strndup(blank + 1, (size_t)(colon - blank - 1));
        ret_package->action = strdup(colon + 2);
        return true;
}

static void add_package(struct creation *creation, struct creation_package package)
{
        struct creation_package *grown = reallocarray(creation->packages, creation->n_packages + 1, sizeof(*grown));

        if (grown != NULL)
                creation->packages = grown;
        if (grown == NULL || package.name == NULL || package.version == NULL || package.action == NULL) {
                free_package(&package);
                creation->failed = true;
                return;
        }
        grown[creation->n_packages++] = package;
}

/* On the thread that called the hook; hooks of others may use threads of their own, but not for this. */
static void take_message(void *data, int level, const char *text)
{
        static const enum pipseed_event_kind kinds[] = {[VENV_HOOK_DETAIL] = PIPSEED_EVENT_DETAIL,
                                                        [VENV_HOOK_NOTE] = PIPSEED_EVENT_NOTE,
                                                        [VENV_HOOK_WARNING] = PIPSEED_EVENT_WARNING};
        struct creation *creation = data;
        struct pipseed_event event = {.struct_size = sizeof(event), .text = text, .kind = PIPSEED_EVENT_NOTE};
        struct creation_package package;

        if (level == VENV_HOOK_DETAIL && parse_package(text, &package)) {
                add_package(creation, package);
                return;
        }
        if (level >= 0 && (size_t)level < ARRAY_SIZE(kinds))
                event.kind = kinds[level];
        (void)session_event((void *)(uintptr_t)creation->events, &event);
}

/* Before the environment is there, its path is the only thing that a hook can be told. */
static char *absolute(const char *dir)
{
        _cleanup_free_ char *here = dir[0] != '/' ? getcwd(NULL, 0) : NULL;
        char *path = NULL;

        if (dir[0] == '/' || here == NULL)
                return strdup(dir);
        return asprintf(&path, "%s/%s", strcmp(here, "/") == 0 ? "" : here, dir) < 0 ? NULL : path;
}

static int is_cancelled(void *data)
{
        (void)data;
        return interrupt_pending() != 0;
}

static struct venv_hook_context_v1 make_context(const struct creation_order *order, const struct pipseed_request *req,
                                                struct creation *creation)
{
        struct venv_hook_context_v1 context = {.size = sizeof(context), .options = order->hook_options,
                                               .jobs = req->jobs, .message = take_message, .message_data = creation,
                                               .is_cancelled = is_cancelled};

        context.flags = (order->without_pip ? VENV_HOOK_WITHOUT_PIP : 0) |
                        (order->system_site ? VENV_HOOK_SYSTEM_SITE : 0) |
                        (order->upgrade ? VENV_HOOK_UPGRADE : 0) | (req->dry_run ? VENV_HOOK_DRY_RUN : 0);
        return context;
}

static int call_before(struct creation_order *order, const struct pipseed_request *req, struct creation *creation,
                       struct pipseed_error *err)
{
        struct venv_hook_context_v1 context = make_context(order, req, creation);
        _cleanup_free_ char *path = absolute(req->env);

        if (path == NULL)
                return fault_memory(err);
        context.env_dir = path;
        return hooks_call(&order->hooks, HOOKS_PRE_CREATE, &context, err);
}

/* venv always runs `ensurepip --upgrade`: an environment that was there gets the newer pip. */
static int call_after(struct creation_order *order, const struct pipseed_request *req, const struct pipseed_venv *venv,
                      struct creation *creation, struct pipseed_error *err)
{
        struct venv_hook_context_v1 context = make_context(order, req, creation);

        context.env_dir = venv->dir;
        context.env_exe = venv->python;
        context.base_exe = venv->base;
        context.version = venv->version;
        context.flags |= VENV_HOOK_UPGRADE;
        if (interrupt_pending() != 0)
                return fault_set(err, PIPSEED_E_CANCELLED, NULL, "interrupted");
        return hooks_call(&order->hooks, HOOKS_POST_CREATE, &context, err);
}

/* What is done is done: a list of it that is not whole is no reason to call the environment failed. */
static void warn_of_gaps(const struct creation *creation)
{
        const struct pipseed_event event = {.struct_size = sizeof(event), .kind = PIPSEED_EVENT_WARNING,
                                            .text = "out of memory: not all that was installed can be listed"};

        if (creation->failed)
                (void)session_event((void *)(uintptr_t)creation->events, &event);
}

static int take_venv(struct creation *creation, const struct pipseed_venv *venv, struct pipseed_error *err)
{
        creation->dir = strdup(venv->dir);
        creation->python = strdup(venv->python);
        creation->base = strdup(venv->base);
        creation->version = strdup(venv->version);
        creation->existed = venv->existed;
        if (creation->dir == NULL || creation->python == NULL || creation->base == NULL || creation->version == NULL)
                return fault_memory(err);
        return 0;
}

static int make_venv(const struct pipseed_request *req, const struct creation_order *order,
                     struct pipseed_venv **ret_venv, struct pipseed_error *err)
{
        struct pipseed_venv_request request;

        pipseed_venv_request_init(&request);
        request.dir = req->env;
        request.python = order->python;
        request.prompt = order->prompt;
        request.system_site_packages = order->system_site;
        request.finish_later = !order->without_pip || order->hooks.n_items > 1;
        request.copies = order->copies;
        request.clear = order->clear;
        request.upgrade = order->upgrade;
        request.without_pip = order->without_pip;
        request.without_scm_ignore_files = order->without_ignore_files;
        request.dry_run = req->dry_run;
        request.durable = req->durable;
        request.cache_dir = req->cache_dir;
        request.event = req->event;
        request.event_data = req->event_data;
        return pipseed_venv_create(&request, ret_venv, err);
}

/* An environment that a hook could not finish goes away again, unless it was there before with files in it. */
int creation_make(const struct pipseed_request *req, struct creation_order *order, struct creation **ret_creation,
                  struct pipseed_error *err)
{
        _cleanup_(free_creation) struct creation *creation = calloc(1, sizeof(*creation));
        _cleanup_(free_venv) struct pipseed_venv *venv = NULL;
        int r;

        if (creation == NULL)
                return fault_memory(err);
        creation->events = req->event_data;
        r = call_before(order, req, creation, err);
        if (r == 0)
                r = make_venv(req, order, &venv, err);
        if (r != 0)
                return r;
        r = take_venv(creation, venv, err);
        if (r == 0 && !req->dry_run)
                r = call_after(order, req, venv, creation, err);
        if (r == 0)
                r = pipseed_venv_finish(venv, err);
        if (r < 0) {
                struct pipseed_error second = PIPSEED_ERROR_INIT;

                if (pipseed_venv_undo(venv, &second) < 0 && err->hint[0] == '\0')
                        (void)fault_hint(err, "the unfinished environment is still there: %.400s", second.message);
                return r;
        }
        warn_of_gaps(creation);
        *ret_creation = creation;
        creation = NULL;
        return 0;
}

