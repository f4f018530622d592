/* SPDX-License-Identifier: MIT */
#include "module.h"

#include <limits.h>

/* -1 with a TypeError set. */
static int wrong_type(const char *name, const char *wanted, PyObject *value)
{
        PyObject *type = results_attribute((PyObject *)Py_TYPE(value), "__name__");

        if (type != NULL)
                PyErr_Format(PyExc_TypeError, "%s must be %s, not %U", name, wanted, type);
        Py_XDECREF(type);
        return -1;
}

static int take_path(const char *name, PyObject *value, void *ret_bytes)
{
        PyObject **path = ret_bytes;

        if (value == Py_None)
                return 0;
        if (PyUnicode_FSConverter(value, path))
                return 0;
        if (!PyErr_ExceptionMatches(PyExc_TypeError))
                return -1;
        PyErr_Clear();
        return wrong_type(name, "str or os.PathLike", value);
}

static int take_object(const char *name, PyObject *value, void *ret_object)
{
        (void)name;
        *(PyObject **)ret_object = value;
        return 0;
}

static int take_flag(const char *name, PyObject *value, void *ret_flag)
{
        int flag = PyObject_IsTrue(value);

        (void)name;
        if (flag >= 0)
                *(int *)ret_flag = flag;
        return flag < 0 ? -1 : 0;
}

static int take_number(const char *name, PyObject *value, unsigned long long max, unsigned long long *ret_number)
{
        unsigned long long number;

        if (!PyLong_Check(value))
                return wrong_type(name, "int", value);
        number = PyLong_AsUnsignedLongLong(value);
        if (PyErr_Occurred() || number > max) {
                PyErr_Clear();
                PyErr_Format(PyExc_OverflowError, "%s must be from 0 to %llu", name, max);
                return -1;
        }
        *ret_number = number;
        return 0;
}

static int take_jobs(const char *name, PyObject *value, void *ret_jobs)
{
        unsigned long long number = 0;
        int r = take_number(name, value, UINT_MAX, &number);

        *(unsigned int *)ret_jobs = (unsigned int)number;
        return r;
}

/* None is not a limit. */
static int take_limit(const char *name, PyObject *value, void *ret_limit)
{
        unsigned long long number = UINT64_MAX;
        int r = value != Py_None ? take_number(name, value, UINT64_MAX, &number) : 0;

        *(uint64_t *)ret_limit = number;
        return r;
}

static const struct argument {
        const char *name;
        int (*take)(const char *name, PyObject *value, void *ret_member);
        size_t offset;
} arguments[] = {
        {"policy_file", take_path, offsetof(struct arguments, policy_file)},
        {"env", take_path, offsetof(struct arguments, env)},
        {"python", take_path, offsetof(struct arguments, python)},
        {"root", take_path, offsetof(struct arguments, root)},
        {"command", take_path, offsetof(struct arguments, command)},
        {"template_dir", take_path, offsetof(struct arguments, template_dir)},
        {"settings", take_object, offsetof(struct arguments, settings)},
        {"callback", take_object, offsetof(struct arguments, callback)},
        {"user", take_flag, offsetof(struct arguments, user)},
        {"dry_run", take_flag, offsetof(struct arguments, dry_run)},
        {"as_venv", take_flag, offsetof(struct arguments, as_venv)},
        {"check", take_flag, offsetof(struct arguments, check)},
        {"fix", take_flag, offsetof(struct arguments, fix)},
        {"force", take_flag, offsetof(struct arguments, force)},
        {"jobs", take_jobs, offsetof(struct arguments, jobs)},
        {"max_age", take_limit, offsetof(struct arguments, max_age)},
        {"max_bytes", take_limit, offsetof(struct arguments, max_bytes)},
};

static int take(struct arguments *order, PyObject *key, PyObject *value)
{
        for (size_t i = 0; i < sizeof(arguments) / sizeof(arguments[0]); i++) {
                const struct argument *argument = &arguments[i];

                if (PyUnicode_CompareWithASCIIString(key, argument->name) == 0)
                        return argument->take(argument->name, value, (char *)order + argument->offset);
        }
        PyErr_Format(PyExc_TypeError, "unexpected argument '%U'", key);
        return -1;
}

int arguments_parse(struct arguments *order, PyObject *args, PyObject *kwargs)
{
        PyObject *key = NULL, *value = NULL;
        Py_ssize_t at = 0;

        if (PyTuple_Size(args) != 0) {
                PyErr_SetString(PyExc_TypeError, "only keyword arguments are expected");
                return -1;
        }
        while (kwargs != NULL && PyDict_Next(kwargs, &at, &key, &value))
                if (take(order, key, value) < 0)
                        return -1;
        return 0;
}

int arguments_take_path(PyObject *object, void *ret_bytes)
{
        PyObject **path = ret_bytes;

        if (object == NULL) { /* a later argument is invalid: roll back */
                Py_CLEAR(*path);
                return 1;
        }
        if (object == Py_None) {
                *path = NULL;
                return Py_CLEANUP_SUPPORTED;
        }
        return PyUnicode_FSConverter(object, path);
}

int arguments_take_jobs(PyObject *object, void *ret_number)
{
        return take_jobs("jobs", object, ret_number) == 0;
}

static const char *bytes_or_null(PyObject *bytes)
{
        return bytes != NULL ? PyBytes_AsString(bytes) : NULL;
}

/* One (key, value, option, append). -1 with an exception set. */
static int set(struct arguments *order, const struct state *state, PyObject *setting)
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

static int set_all(struct arguments *order, const struct state *state)
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

int arguments_prepare(struct arguments *order, const struct state *state)
{
        struct pipseed_policy_options options = {.size = sizeof(options),
                                                 .file = bytes_or_null(order->policy_file),
                                                 .use_environment = true};
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

void arguments_done(struct arguments *order)
{
        Py_CLEAR(order->policy_file);
        Py_CLEAR(order->env);
        Py_CLEAR(order->python);
        Py_CLEAR(order->root);
        Py_CLEAR(order->command);
        Py_CLEAR(order->template_dir);
        pipseed_policy_free(order->policy);
        order->policy = NULL;
}
