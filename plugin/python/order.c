/* SPDX-License-Identifier: MIT */
#include "module.h"

#include <limits.h>

int order_take_path(PyObject *object, void *ret_bytes)
{
        PyObject **path = ret_bytes;

        if (object == NULL) { /* a later argument was wrong: take back */
                Py_CLEAR(*path);
                return 1;
        }
        if (object == Py_None) {
                *path = NULL;
                return Py_CLEANUP_SUPPORTED;
        }
        return PyUnicode_FSConverter(object, path);
}

int order_take_jobs(PyObject *object, void *ret_number)
{
        unsigned long number = PyLong_AsUnsignedLong(object);

        if (PyErr_Occurred())
                return 0;
        if (number > UINT_MAX) {
                PyErr_SetString(PyExc_OverflowError, "jobs is too large");
                return 0;
        }
        *(unsigned int *)ret_number = (unsigned int)number;
        return 1;
}

static const char *bytes_or_null(PyObject *bytes)
{
        return bytes != NULL ? PyBytes_AsString(bytes) : NULL;
}

/* One (key, value, option, append). -1 with an exception set. */
static int set(struct order *order, const struct state *state, PyObject *setting)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        PyObject *key = NULL, *value = NULL, *option = NULL;
        int append = 0;
        int r = -1;

        if (!PyTuple_Check(setting)) {
                PyErr_SetString(PyExc_TypeError, "a setting must be a tuple");
                return -1;
        }
        if (!PyArg_ParseTuple(setting, "O&O&O&p", PyUnicode_FSConverter, &key, PyUnicode_FSConverter, &value,
                              PyUnicode_FSConverter, &option, &append))
                return -1;
        r = (append ? pipseed_policy_append : pipseed_policy_set)(order->policy, PyBytes_AsString(key),
                                                                   PyBytes_AsString(value), PyBytes_AsString(option),
                                                                   &err);
        Py_DECREF(key);
        Py_DECREF(value);
        Py_DECREF(option);
        if (r < 0)
                (void)errors_raise(state, &err);
        return r < 0 ? -1 : 0;
}

static int set_all(struct order *order, const struct state *state)
{
        Py_ssize_t n = order->settings != NULL ? PySequence_Size(order->settings) : 0;

        for (Py_ssize_t i = 0; i < n; i++) {
                PyObject *setting = PySequence_GetItem(order->settings, i);
                int r = setting != NULL ? set(order, state, setting) : -1;

                Py_XDECREF(setting);
                if (r < 0)
                        return -1;
        }
        return n < 0 ? -1 : 0;
}

int order_prepare(struct order *order, const struct state *state)
{
        struct pipseed_policy_options options = {
                .size = sizeof(options), .file = bytes_or_null(order->policy_file), .use_environment = true};
        struct pipseed_error err = PIPSEED_ERROR_INIT;

        if (order->callback == Py_None)
                order->callback = NULL;
        if (pipseed_policy_load(&options, &order->policy, &err) < 0)
                goto fail;
        if (set_all(order, state) < 0)
                return -1;
        pipseed_request_init(&order->req);
        if (pipseed_policy_apply(order->policy, &order->req, &err) < 0)
                goto fail;
        order->req.env = bytes_or_null(order->env);
        order->req.python = bytes_or_null(order->python);
        order->req.root = bytes_or_null(order->root);
        order->req.user = order->user;
        order->req.dry_run = order->dry_run;
        order->req.jobs = order->jobs;
        if (order->as_venv) {
                order->req.scripts = PIPSEED_SCRIPTS_DEFAULT;
                order->req.upgrade = true;
        }
        return 0;
fail:
        (void)errors_raise(state, &err);
        return -1;
}

void order_done(struct order *order)
{
        Py_CLEAR(order->policy_file);
        Py_CLEAR(order->env);
        Py_CLEAR(order->python);
        Py_CLEAR(order->root);
        pipseed_policy_free(order->policy);
        order->policy = NULL;
}
