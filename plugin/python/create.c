/* SPDX-License-Identifier: MIT */
#include "module.h"

struct creation {
        struct arguments order;
        PyObject *env_dir, *prompt; /* bytes, owned; prompt may be NULL */
        int system_site_packages, clear, symlinks, upgrade, with_pip, scm_ignore_files;
};

static int fill(const struct creation *creation, struct pipseed_request *seeding,
                struct pipseed_create_request *ret_req, struct pipseed_error *err)
{
        const struct arguments *order = &creation->order;
        int r;

        pipseed_create_request_init(ret_req, seeding);
        r = pipseed_policy_apply_create(order->policy, ret_req, err);
        if (r < 0)
                return r;
        ret_req->env_dir = PyBytes_AsString(creation->env_dir);
        ret_req->python = order->req.python;
        ret_req->prompt = creation->prompt != NULL ? PyBytes_AsString(creation->prompt) : NULL;
        ret_req->system_site_packages = creation->system_site_packages;
        ret_req->copies = !creation->symlinks;
        ret_req->clear = creation->clear;
        ret_req->upgrade = creation->upgrade;
        ret_req->without_pip = !creation->with_pip;
        ret_req->without_scm_ignore_files = !creation->scm_ignore_files;
        seeding->dry_run = order->dry_run;
        seeding->jobs = order->jobs;
        return 0;
}

static PyObject *run(struct creation *creation, const struct state *state)
{
        struct arguments *order = &creation->order;
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        struct pipseed_environment *env = NULL;
        struct pipseed_create_request req;
        struct pipseed_request seeding;
        struct callback event_callback;
        PyObject *answer = NULL;
        int r;

        if (arguments_prepare(order, state) < 0)
                return NULL;
        if (fill(creation, &seeding, &req, &err) < 0)
                return errors_raise(state, &err);
        seeding.event = callback_event;
        seeding.event_data = &event_callback;
        callback_begin(&event_callback, order->callback);
        r = pipseed_create(&req, &env, &err);
        if (callback_end(&event_callback) == 0)
                answer = r < 0 ? errors_raise(state, &err) : results_environment(env);
        pipseed_environment_free(env);
        return answer;
}

static void done(struct creation *creation)
{
        Py_CLEAR(creation->env_dir);
        Py_CLEAR(creation->prompt);
        arguments_done(&creation->order);
}

PyObject *module_create(PyObject *module, PyObject *args, PyObject *kwargs)
{
        static const char *const names[] = {
                "env_dir", "policy_file",          "python", "prompt",   "settings", "callback", "dry_run",
                "jobs",    "system_site_packages", "clear",  "symlinks", "upgrade",  "with_pip", "scm_ignore_files",
                NULL};
        struct creation creation = {.symlinks = 1, .with_pip = 1, .scm_ignore_files = 1};
        struct arguments *order = &creation.order;
        PyObject *answer;

        if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O&|$O&O&O&OOpO&pppppp:create", (char **)(uintptr_t)names,
                                         PyUnicode_FSConverter, &creation.env_dir, arguments_take_path,
                                         &order->policy_file, arguments_take_path, &order->python, arguments_take_path,
                                         &creation.prompt, &order->settings, &order->callback, &order->dry_run,
                                         arguments_take_jobs, &order->jobs, &creation.system_site_packages,
                                         &creation.clear, &creation.symlinks, &creation.upgrade, &creation.with_pip,
                                         &creation.scm_ignore_files))
                return NULL;
        answer = run(&creation, PyModule_GetState(module));
        done(&creation);
        return answer;
}
