/* SPDX-License-Identifier: MIT */
#include "module.h"

#include <stdio.h>

static PyObject *run(struct order *order, const struct state *state)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        struct pipseed_result *result = NULL;
        struct bridge bridge;
        PyObject *answer = NULL;
        int r;

        if (order_prepare(order, state) < 0)
                return NULL;
        order->req.event = bridge_event;
        order->req.event_data = &bridge;
        bridge_begin(&bridge, order->callback);
        r = pipseed_seed(&order->req, &result, &err);
        if (bridge_end(&bridge) == 0)
                answer = r < 0 ? errors_raise(state, &err) : results_seeding(result);
        pipseed_result_free(result);
        return answer;
}

PyObject *module_seed(PyObject *module, PyObject *args, PyObject *kwargs)
{
        static const char *const names[] = {"policy_file", "env",     "python", "root", "settings", "callback",
                                            "user",        "as_venv", "dry_run", "jobs", NULL};
        struct order order = {0};
        PyObject *answer;

        if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|$O&O&O&O&OOpppO&:seed", (char **)(uintptr_t)names,
                                         order_take_path, &order.policy_file, order_take_path, &order.env,
                                         order_take_path, &order.python, order_take_path, &order.root,
                                         &order.settings, &order.callback, &order.user, &order.as_venv, &order.dry_run,
                                         order_take_jobs, &order.jobs))
                return NULL;
        answer = run(&order, PyModule_GetState(module));
        order_done(&order);
        return answer;
}

/* 1 yes, 0 no, -1 with an exception set. A bare version stands for itself: "26.3" admits 26.3. */
static int admits(const struct state *state, const char *version, const char *specifier)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        char exact[256];
        int r;

        if (specifier == NULL || strcmp(specifier, "newest") == 0)
                return 1;
        if (specifier[0] >= '0' && specifier[0] <= '9') {
                (void)snprintf(exact, sizeof(exact), "==%s", specifier);
                specifier = exact;
        }
        r = pipseed_version_matches(version, specifier, &err);
        if (r >= 0)
                return r;
        (void)errors_raise(state, &err);
        return -1;
}

static int suits(const struct state *state, const struct pipseed_wheel *wheel, const struct pipseed_request *req,
                 const char *python_version)
{
        int r;

        if (wheel->status != 0 || strcmp(wheel->name, "pip") != 0)
                return 0;
        r = admits(state, wheel->version, req->pip);
        return r == 1 ? admits(state, python_version, wheel->requires_python) : r;
}

/* The list is newest first. */
static PyObject *find_newest(struct order *order, const struct state *state, const char *python_version)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        struct pipseed_wheel_list *list = NULL;
        PyObject *answer = NULL;
        int r = 0;

        if (order_prepare(order, state) < 0)
                return NULL;
        if (pipseed_wheels(&order->req, false, &list, &err) < 0)
                return errors_raise(state, &err);
        for (size_t i = 0; r == 0 && i < list->n_wheels; i++) {
                r = suits(state, list->wheels[i], &order->req, python_version);
                if (r == 1)
                        answer = results_text(list->wheels[i]->version);
        }
        if (r == 0)
                answer = results_text(NULL);
        pipseed_wheel_list_free(list);
        return answer;
}

PyObject *module_newest(PyObject *module, PyObject *args, PyObject *kwargs)
{
        static const char *const names[] = {"python_version", "policy_file", "settings", NULL};
        struct order order = {0};
        const char *python_version = NULL;
        PyObject *answer;

        if (!PyArg_ParseTupleAndKeywords(args, kwargs, "s|$O&O:newest", (char **)(uintptr_t)names, &python_version,
                                         order_take_path, &order.policy_file, &order.settings))
                return NULL;
        answer = find_newest(&order, PyModule_GetState(module), python_version);
        order_done(&order);
        return answer;
}
