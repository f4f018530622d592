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
                         "message: what failed, in terms of this package\n"
                         "path: what it is about, or None\n"
                         "hint: what to do about it, or None\n"
                         "command_message, command_hint: the same in terms of the command pipseed\n"
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

        /* A wrong value is expected to raise a ValueError, as with ensurepip. */
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

PyObject *errors_translate(const char *text)
{
        PyObject *module, *function, *raw, *made = NULL;

        if (text == NULL || text[0] == '\0')
                Py_RETURN_NONE;
        module = PyImport_ImportModule("pipseed._hints");
        function = module != NULL ? results_attribute(module, "translate") : NULL;
        raw = function != NULL ? results_text(text) : NULL;
        if (raw != NULL)
                made = PyObject_CallFunctionObjArgs(function, raw, NULL);
        Py_XDECREF(raw);
        Py_XDECREF(function);
        Py_XDECREF(module);
        return made;
}

/* Returns whether the text contains the path, not as a part of a longer one. */
static bool names_path(const char *text, const char *path)
{
        const size_t len = strlen(path);

        if (len == 0)
                return true;
        for (const char *at = strstr(text, path); at != NULL; at = strstr(at + 1, path))
                if ((at == text || at[-1] != '/') && at[len] != '/')
                        return true;
        return false;
}

/* The text of str(): message, path and hint, each once, since callers rarely read the attributes. */
static PyObject *describe(const struct pipseed_error *err, PyObject *message, PyObject *hint)
{
        const bool told = names_path(err->message, err->path);
        PyObject *path = results_text(told ? "" : err->path);
        PyObject *text = NULL;

        if (path != NULL && hint == Py_None)
                text = PyUnicode_FromFormat("%U%s%U", message, told ? "" : ": ", path);
        else if (path != NULL)
                text = PyUnicode_FromFormat("%U%s%U; %U", message, told ? "" : ": ", path, hint);
        Py_XDECREF(path);
        return text;
}

static PyObject *share(PyObject *object)
{
        Py_INCREF(object);
        return object;
}

static int set_all(PyObject *exception, const struct pipseed_error *err, PyObject *message, PyObject *hint,
                   int exit_code)
{
        if (set(exception, "message", share(message)) < 0 || set(exception, "hint", share(hint)) < 0 ||
            set(exception, "code", results_text(pipseed_code_name(err->code))) < 0 ||
            set(exception, "number", PyLong_FromLong(err->code)) < 0 ||
            set(exception, "exit_code", PyLong_FromLong(exit_code)) < 0 ||
            set(exception, "command_message", results_text(err->message)) < 0 ||
            set(exception, "path", text_or_none(err->path)) < 0 ||
            set(exception, "command_hint", text_or_none(err->hint)) < 0)
                return -1;
        return set(exception, "errno", number_or_none(err->sys_errno));
}

PyObject *errors_raise(const struct state *state, const struct pipseed_error *err)
{
        int which = pipseed_exit_code(err->code);
        PyObject *class = state->classes[which > CLASS_ERROR && which < N_CLASSES ? which : CLASS_FAILED];
        PyObject *hint = errors_translate(err->hint);
        PyObject *message = hint != NULL ? errors_translate(err->message) : NULL;
        PyObject *text = message != NULL ? describe(err, message, hint) : NULL;
        PyObject *exception = text != NULL ? PyObject_CallFunctionObjArgs(class, text, NULL) : NULL;

        if (exception != NULL && set_all(exception, err, message, hint, which) == 0)
                PyErr_SetObject(class, exception);
        Py_XDECREF(exception);
        Py_XDECREF(text);
        Py_XDECREF(message);
        Py_XDECREF(hint);
        return NULL;
}
