/* SPDX-License-Identifier: MIT */
/*
 * What `pipseed venv` does, in the same order. pip is put in by pipseed_seed itself rather than through pipseed's own
 * hook module, whose ABI has no place for the result; the policy's other hooks are called as there.
 */
#include "module.h"

#include "../cli/fault.h"
#include "../cli/hooks.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct creation {
        struct order order;
        PyObject *dir, *prompt;      /* bytes, owned; prompt may be NULL */
        PyObject *options;           /* borrowed: a tuple of bytes, the settings as hooks want them */
        int system_site_packages, clear, symlinks, upgrade, with_pip, scm_ignore_files, default_scripts;
        const char **hook_options;
        char *path; /* dir, absolute */
        struct hooks hooks;
        struct bridge bridge;
        struct pipseed_venv *venv;
        struct pipseed_result *result;
};

static void take_message(void *data, int level, const char *text)
{
        static const enum pipseed_event_kind kinds[] = {[VENV_HOOK_DETAIL] = PIPSEED_EVENT_DETAIL,
                                                        [VENV_HOOK_NOTE] = PIPSEED_EVENT_NOTE,
                                                        [VENV_HOOK_WARNING] = PIPSEED_EVENT_WARNING};
        struct pipseed_event event = {.struct_size = sizeof(event), .text = text, .kind = PIPSEED_EVENT_NOTE};
        struct creation *creation = data;

        if (level >= VENV_HOOK_DETAIL && level <= VENV_HOOK_WARNING)
                event.kind = kinds[level];
        (void)bridge_event(&creation->bridge, &event);
}

static int call_hooks(struct creation *creation, enum hooks_call call, struct pipseed_error *err)
{
        struct venv_hook_context_v1 context = {.size = sizeof(context), .env_dir = creation->path,
                                               .options = creation->hook_options, .message = take_message,
                                               .message_data = creation};

        context.flags = (creation->with_pip ? 0 : VENV_HOOK_WITHOUT_PIP) |
                        (creation->system_site_packages ? VENV_HOOK_SYSTEM_SITE : 0) |
                        (creation->upgrade || call == HOOKS_POST_CREATE ? VENV_HOOK_UPGRADE : 0) |
                        (creation->order.dry_run ? VENV_HOOK_DRY_RUN : 0);
        if (creation->venv != NULL) {
                context.env_dir = creation->venv->dir;
                context.env_exe = creation->venv->python;
                context.base_exe = creation->venv->base;
                context.version = creation->venv->version;
        }
        return hooks_call(&creation->hooks, call, &context, err);
}

static int make_venv(struct creation *creation, struct pipseed_error *err)
{
        const struct pipseed_request *req = &creation->order.req;
        struct pipseed_venv_request request;

        pipseed_venv_request_init(&request);
        request.dir = PyBytes_AsString(creation->dir);
        request.python = req->python;
        request.prompt = creation->prompt != NULL ? PyBytes_AsString(creation->prompt) : NULL;
        request.system_site_packages = creation->system_site_packages;
        request.finish_later = creation->with_pip || creation->hooks.n_items > 0;
        request.copies = !creation->symlinks;
        request.clear = creation->clear;
        request.upgrade = creation->upgrade;
        request.without_pip = !creation->with_pip;
        request.without_scm_ignore_files = !creation->scm_ignore_files;
        request.dry_run = req->dry_run;
        request.durable = req->durable;
        request.cache_dir = req->cache_dir;
        request.event = req->event;
        request.event_data = req->event_data;
        return pipseed_venv_create(&request, &creation->venv, err);
}

/* venv always runs `ensurepip --upgrade`: an environment that was there gets the newer pip. */
static int put_pip(struct creation *creation, struct pipseed_error *err)
{
        struct pipseed_request req = creation->order.req;

        if (!creation->with_pip)
                return 0;
        req.python = creation->venv->python;
        req.upgrade = true;
        if (creation->default_scripts)
                req.scripts = PIPSEED_SCRIPTS_DEFAULT;
        return pipseed_seed(&req, &creation->result, err);
}

/* Without the GIL. An environment that could not be finished goes away again. */
static int make(struct creation *creation, struct pipseed_error *err)
{
        struct pipseed_error second = PIPSEED_ERROR_INIT;
        int r = call_hooks(creation, HOOKS_PRE_CREATE, err);

        if (r == 0)
                r = make_venv(creation, err);
        if (r < 0)
                return r;
        if (!creation->order.dry_run) {
                r = put_pip(creation, err);
                if (r == 0)
                        r = call_hooks(creation, HOOKS_POST_CREATE, err);
        }
        if (r == 0)
                r = pipseed_venv_finish(creation->venv, err);
        if (r < 0 && pipseed_venv_undo(creation->venv, &second) < 0 && err->hint[0] == '\0')
                (void)fault_hint(err, "the unfinished environment is still there: %.400s", second.message);
        return r;
}

/* Before the environment is there, its path is the only thing that a hook can be told. */
static int make_path(struct creation *creation, struct pipseed_error *err)
{
        const char *dir = PyBytes_AsString(creation->dir);
        char *here = dir[0] != '/' ? getcwd(NULL, 0) : NULL;

        if (here == NULL)
                creation->path = strdup(dir);
        else if (asprintf(&creation->path, "%s/%s", strcmp(here, "/") == 0 ? "" : here, dir) < 0)
                creation->path = NULL;
        free(here);
        return creation->path != NULL ? 0 : fault_memory(err);
}

static int make_options(struct creation *creation, struct pipseed_error *err)
{
        Py_ssize_t n = creation->options != NULL ? PyTuple_Size(creation->options) : 0;

        creation->hook_options = calloc((size_t)n + 1, sizeof(*creation->hook_options));
        if (creation->hook_options == NULL)
                return fault_memory(err);
        for (Py_ssize_t i = 0; i < n; i++) {
                creation->hook_options[i] = PyBytes_AsString(PyTuple_GetItem(creation->options, i));
                if (creation->hook_options[i] == NULL)
                        return -1; /* an exception is set */
        }
        return 0;
}

static PyObject *run(struct creation *creation, const struct state *state)
{
        struct order *order = &creation->order;
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        int r;

        if (order_prepare(order, state) < 0)
                return NULL;
        if (make_path(creation, &err) < 0 || make_options(creation, &err) < 0 ||
            hooks_open(&creation->hooks, NULL, pipseed_policy_hooks(order->policy), &err) < 0)
                return PyErr_Occurred() ? NULL : errors_raise(state, &err);
        order->req.event = bridge_event;
        order->req.event_data = &creation->bridge;
        bridge_begin(&creation->bridge, order->callback);
        r = make(creation, &err);
        if (bridge_end(&creation->bridge) < 0)
                return NULL;
        return r < 0 ? errors_raise(state, &err) : results_environment(creation->venv, creation->result);
}

static void done(struct creation *creation)
{
        pipseed_result_free(creation->result);
        pipseed_venv_free(creation->venv);
        hooks_done(&creation->hooks);
        free(creation->hook_options);
        free(creation->path);
        Py_CLEAR(creation->dir);
        Py_CLEAR(creation->prompt);
        order_done(&creation->order);
}

PyObject *module_create(PyObject *module, PyObject *args, PyObject *kwargs)
{
        static const char *const names[] = {"dir", "policy_file", "python", "prompt", "settings", "options", "callback",
                                            "dry_run", "jobs", "system_site_packages", "clear", "symlinks", "upgrade",
                                            "with_pip", "scm_ignore_files", "default_scripts", NULL};
        struct creation creation = {.symlinks = 1, .with_pip = 1, .scm_ignore_files = 1, .default_scripts = 1};
        struct order *order = &creation.order;
        PyObject *answer;

        if (!PyArg_ParseTupleAndKeywords(
                    args, kwargs, "O&|$O&O&O&OO!OpO&ppppppp:create", (char **)(uintptr_t)names, PyUnicode_FSConverter,
                    &creation.dir, order_take_path, &order->policy_file, order_take_path, &order->python,
                    order_take_path, &creation.prompt, &order->settings, &PyTuple_Type, &creation.options,
                    &order->callback, &order->dry_run, order_take_jobs, &order->jobs, &creation.system_site_packages,
                    &creation.clear, &creation.symlinks, &creation.upgrade, &creation.with_pip,
                    &creation.scm_ignore_files, &creation.default_scripts))
                return NULL;
        answer = run(&creation, PyModule_GetState(module));
        done(&creation);
        return answer;
}
