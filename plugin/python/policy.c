/* SPDX-License-Identifier: MIT */
/* policy.c - the policy itself, which pip it allows, and versions. */
#include "shape.h"

#include <stdio.h>

static PyObject *make_values(const struct pipseed_policy *policy)
{
        const size_t n = pipseed_policy_count(policy);
        PyObject *tuple = PyTuple_New((Py_ssize_t)n);

        for (size_t i = 0; tuple != NULL && i < n; i++) {
                struct pipseed_policy_value value = PIPSEED_POLICY_VALUE_INIT;
                PyObject *item;

                (void)pipseed_policy_value_at(policy, i, &value);
                item = shape_make(&results_policy_value, &value);
                if (item == NULL || PyTuple_SetItem(tuple, (Py_ssize_t)i, item) < 0)
                        Py_CLEAR(tuple);
        }
        return tuple;
}

static int append_text(PyObject *list, const char *text)
{
        PyObject *item = results_text(text);
        int r = item != NULL ? PyList_Append(list, item) : -1;

        Py_XDECREF(item);
        return r;
}

static PyObject *make_files(const struct pipseed_policy *policy)
{
        PyObject *list = PyList_New(0);
        const char *file = NULL;

        for (size_t i = 0; list != NULL && (file = pipseed_policy_file_at(policy, i)) != NULL; i++)
                if (append_text(list, file) < 0)
                        Py_CLEAR(list);
        return list;
}

static PyObject *make_hooks(const struct pipseed_policy *policy)
{
        const char *const *hooks = pipseed_policy_hooks(policy);
        PyObject *list = PyList_New(0);

        for (size_t i = 0; list != NULL && hooks != NULL && hooks[i] != NULL; i++)
                if (append_text(list, hooks[i]) < 0)
                        Py_CLEAR(list);
        return list;
}

/* A tuple: values, files, hooks. */
PyObject *module_policy(PyObject *module, PyObject *args, PyObject *kwargs)
{
        struct arguments order = ORDER_INIT;
        PyObject *values = NULL, *files = NULL, *hooks = NULL, *answer = NULL;

        if (arguments_parse(&order, args, kwargs) == 0 && arguments_prepare(&order, PyModule_GetState(module)) == 0) {
                values = make_values(order.policy);
                files = values != NULL ? make_files(order.policy) : NULL;
                hooks = files != NULL ? make_hooks(order.policy) : NULL;
        }
        if (hooks != NULL)
                answer = PyTuple_Pack(3, values, files, hooks);
        Py_XDECREF(values);
        Py_XDECREF(files);
        Py_XDECREF(hooks);
        arguments_done(&order);
        return answer;
}

PyObject *module_version_matches(PyObject *module, PyObject *args, PyObject *kwargs)
{
        static const char *const names[] = {"version", "specifier", NULL};
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        const char *version = NULL, *specifier = NULL;
        int r;

        if (!PyArg_ParseTupleAndKeywords(args, kwargs, "ss:version_matches", (char **)(uintptr_t)names, &version,
                                         &specifier))
                return NULL;
        r = pipseed_version_matches(version, specifier, &err);
        return r < 0 ? errors_raise(PyModule_GetState(module), &err) : PyBool_FromLong(r);
}

/* Returns 1 for yes, 0 for no, -1 with an exception set. A bare version matches only itself: "26.3" means ==26.3. */
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

/* NULL with an exception set. */
static struct pipseed_wheel_list *list_wheels(const struct arguments *order, const struct state *state)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        struct pipseed_wheel_list *list = NULL;
        struct callback event_callback;
        int r;

        callback_begin(&event_callback, NULL);
        r = pipseed_wheels(&order->req, false, &list, &err);
        if (callback_end(&event_callback) < 0) {
                pipseed_wheel_list_free(list);
                return NULL;
        }
        if (r < 0)
                (void)errors_raise(state, &err);
        return list;
}

/* The list is newest first. */
static PyObject *find_newest(struct arguments *order, const struct state *state, const char *python_version)
{
        struct pipseed_wheel_list *list = arguments_prepare(order, state) == 0 ? list_wheels(order, state) : NULL;
        PyObject *answer = NULL;
        int r = 0;

        if (list == NULL)
                return NULL;
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
        struct arguments order = ORDER_INIT;
        const char *python_version = NULL;
        PyObject *answer;

        if (!PyArg_ParseTupleAndKeywords(args, kwargs, "s|$O&O:newest", (char **)(uintptr_t)names, &python_version,
                                         arguments_take_path, &order.policy_file, &order.settings))
                return NULL;
        answer = find_newest(&order, PyModule_GetState(module), python_version);
        arguments_done(&order);
        return answer;
}
