/* SPDX-License-Identifier: MIT */
#include "shape.h"

/* The member at data: memcpy, since only the table knows its type. */
#define LOAD(type, variable, data)                                                                                     \
        type variable;                                                                                                 \
        memcpy(&(variable), (data), sizeof(variable))

#define UNUSED(results, field) ((void)(results), (void)(field))

PyObject *shape_text(PyObject *results, const struct field *field, const char *data)
{
        LOAD(const char *, text, data);

        UNUSED(results, field);
        return results_text(text);
}

PyObject *shape_nonempty(PyObject *results, const struct field *field, const char *data)
{
        LOAD(const char *, text, data);

        UNUSED(results, field);
        return results_text(text != NULL && text[0] != '\0' ? text : NULL);
}

PyObject *shape_words(PyObject *results, const struct field *field, const char *data)
{
        LOAD(const char *, text, data);

        UNUSED(results, field);
        return errors_translate(text);
}

PyObject *shape_flag(PyObject *results, const struct field *field, const char *data)
{
        LOAD(bool, flag, data);

        UNUSED(results, field);
        return PyBool_FromLong(flag);
}

PyObject *shape_count(PyObject *results, const struct field *field, const char *data)
{
        LOAD(uint64_t, count, data);

        UNUSED(results, field);
        return PyLong_FromUnsignedLongLong(count);
}

PyObject *shape_size(PyObject *results, const struct field *field, const char *data)
{
        LOAD(size_t, size, data);

        UNUSED(results, field);
        return PyLong_FromSize_t(size);
}

PyObject *shape_time(PyObject *results, const struct field *field, const char *data)
{
        LOAD(int64_t, moment, data);

        UNUSED(results, field);
        if (moment != 0)
                return PyLong_FromLongLong(moment);
        Py_RETURN_NONE;
}

PyObject *shape_number(PyObject *results, const struct field *field, const char *data)
{
        LOAD(int, number, data);

        UNUSED(results, field);
        return PyLong_FromLong(number);
}

PyObject *shape_code(PyObject *results, const struct field *field, const char *data)
{
        LOAD(int, code, data);

        UNUSED(results, field);
        return results_text(pipseed_code_name(code));
}

PyObject *shape_status(PyObject *results, const struct field *field, const char *data)
{
        LOAD(int, code, data);

        UNUSED(results, field);
        return results_text(code == 0 ? "ok" : pipseed_code_name(code));
}

PyObject *shape_action(PyObject *results, const struct field *field, const char *data)
{
        LOAD(enum pipseed_action, action, data);

        UNUSED(results, field);
        return results_text(pipseed_action_name(action));
}

PyObject *shape_state(PyObject *results, const struct field *field, const char *data)
{
        LOAD(enum pipseed_dropin_state, state, data);

        UNUSED(results, field);
        return results_text(pipseed_dropin_state_name(state));
}

static PyObject *make(PyObject *results, const struct shape *shape, const char *data);

PyObject *shape_struct(PyObject *results, const struct field *field, const char *data)
{
        LOAD(const char *, target, data);

        if (target != NULL)
                return make(results, field->element, target);
        Py_RETURN_NONE;
}

PyObject *shape_array(PyObject *results, const struct field *field, const char *data)
{
        shape_convert *convert = field->element != NULL ? shape_struct : shape_text;
        LOAD(const char *, array, data);
        LOAD(size_t, n, data + field->n_offset);
        PyObject *tuple = PyTuple_New((Py_ssize_t)n);

        for (size_t i = 0; tuple != NULL && i < n; i++) {
                PyObject *item = convert(results, field, array + i * sizeof(void *));

                if (item == NULL || PyTuple_SetItem(tuple, (Py_ssize_t)i, item) < 0)
                        Py_CLEAR(tuple);
        }
        return tuple;
}

static PyObject *make(PyObject *results, const struct shape *shape, const char *data)
{
        PyObject *class = results_attribute(results, shape->class_name);
        PyObject *values = class != NULL ? PyTuple_New((Py_ssize_t)shape->n_fields) : NULL;
        PyObject *made = NULL;

        for (size_t i = 0; values != NULL && i < shape->n_fields; i++) {
                const struct field *field = &shape->fields[i];
                PyObject *value = field->convert(results, field, data + field->offset);

                if (value == NULL || PyTuple_SetItem(values, (Py_ssize_t)i, value) < 0)
                        Py_CLEAR(values);
        }
        if (values != NULL)
                made = PyObject_Call(class, values, NULL);
        Py_XDECREF(values);
        Py_XDECREF(class);
        return made;
}

PyObject *shape_make(const struct shape *shape, const void *data)
{
        PyObject *results = PyImport_ImportModule("pipseed._results");
        PyObject *made = results != NULL ? make(results, shape, data) : NULL;

        Py_XDECREF(results);
        return made;
}
