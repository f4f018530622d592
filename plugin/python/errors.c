/* SPDX-License-Identifier: MIT */
#include "module.h"

static const struct {
        const char *name; /* with the package, as pickle wants it */
        const char *doc;
} classes[N_CLASSES] = {
        [CLASS_ERROR] = {"pipseed.Error",
                         "Something that pipseed could not do. Its subclasses stand for the command's exit codes.\n\n"
                         "code: stable name of the error, such as 'no-wheel' (docs/errors.md)\n"
                         "number: the same as in pipseed.h\n"
                         "exit_code: 1 to 4\n"
                         "message: what went wrong\n"
                         "path: what it is about, or None\n"
                         "hint: what to do about it, or None\n"
                         "errno: of the system call that failed, or None"},
        [CLASS_FAILED] = {"pipseed.FailedError", "It could not be done (exit code 1)."},
        [CLASS_USAGE] = {"pipseed.UsageError", "It was asked for in a wrong way (exit code 2)."},
        [CLASS_REFUSED] = {"pipseed.RefusedError", "It is not allowed: by policy, by EXTERNALLY-MANAGED, --user in an "
                                                   "environment (exit code 3)."},
        [CLASS_INTEGRITY] = {"pipseed.IntegrityError", "A wheel, a store entry or an installed file is not what it "
                                                       "should be (exit code 4)."},
};

static PyObject *make_class(const struct state *state, int which)
{
        PyObject *base = which == CLASS_ERROR ? PyExc_Exception : state->classes[CLASS_ERROR];
        PyObject *made;

        /* Who passes a wrong value expects a ValueError, as ensurepip raises. */
        if (which != CLASS_USAGE)
                return PyErr_NewExceptionWithDoc(classes[which].name, classes[which].doc, base, NULL);
        base = PyTuple_Pack(2, base, PyExc_ValueError);
        if (base == NULL)
                return NULL;
        made = PyErr_NewExceptionWithDoc(classes[which].name, classes[which].doc, base, NULL);
        Py_DECREF(base);
        return made;
}

int errors_init(PyObject *module, struct state *state)
{
        for (int i = 0; i < N_CLASSES; i++) {
                state->classes[i] = make_class(state, i);
                if (state->classes[i] == NULL)
                        return -1;
                Py_INCREF(state->classes[i]); /* the module takes one */
                if (PyModule_AddObject(module, strchr(classes[i].name, '.') + 1, state->classes[i]) < 0) {
                        Py_DECREF(state->classes[i]);
                        return -1;
                }
        }
        return 0;
}

/* Takes the reference to value. */
static int set(PyObject *exception, const char *name, PyObject *value)
{
        int r = value != NULL ? PyObject_SetAttrString(exception, name, value) : -1;

        Py_XDECREF(value);
        return r;
}

static PyObject *text_or_none(const char *text)
{
        return results_text(text[0] != '\0' ? text : NULL);
}

static PyObject *number_or_none(int number)
{
        if (number != 0)
                return PyLong_FromLong(number);
        Py_RETURN_NONE;
}

/* What str() shows: the path and the hint belong to it, where nobody looks at the attributes. */
static PyObject *describe(const struct pipseed_error *err)
{
        char text[sizeof(err->path) + sizeof(err->message) + sizeof(err->hint) + 8];

        (void)snprintf(text, sizeof(text), "%s%s%s%s%s", err->message, err->path[0] != '\0' ? ": " : "", err->path,
                       err->hint[0] != '\0' ? "; " : "", err->hint);
        return results_text(text);
}

PyObject *errors_raise(const struct state *state, const struct pipseed_error *err)
{
        int which = pipseed_code_exit(err->code);
        PyObject *text = describe(err);
        PyObject *class = state->classes[which > CLASS_ERROR && which < N_CLASSES ? which : CLASS_FAILED];
        PyObject *exception = text != NULL ? PyObject_CallFunctionObjArgs(class, text, NULL) : NULL;

        Py_XDECREF(text);
        if (exception == NULL)
                return NULL;
        if (set(exception, "code", results_text(pipseed_code_name(err->code))) == 0 &&
            set(exception, "number", PyLong_FromLong(err->code)) == 0 &&
            set(exception, "exit_code", PyLong_FromLong(which)) == 0 &&
            set(exception, "message", results_text(err->message)) == 0 &&
            set(exception, "path", text_or_none(err->path)) == 0 &&
            set(exception, "hint", text_or_none(err->hint)) == 0 &&
            set(exception, "errno", number_or_none(err->sys_errno)) == 0)
                PyErr_SetObject(class, exception);
        Py_DECREF(exception);
        return NULL;
}
