/* SPDX-License-Identifier: MIT */
/*
 * shape.h - a struct of the library as a NamedTuple of pipseed._results, by a table of its members:
 *
 *     static const struct field finding_fields[] = {
 *             {shape_code, offsetof(struct pipseed_finding, code)},
 *             {shape_text, offsetof(struct pipseed_finding, path)},
 *     };
 *     static const struct shape finding = SHAPE("Finding", finding_fields);
 *
 *     return shape_make(&finding, report->findings[0]);
 *
 * The fields are those of the NamedTuple, in its order. All functions return a new reference, or NULL with an exception
 * set.
 */
#ifndef PYTHON_SHAPE_H
#define PYTHON_SHAPE_H

#include "module.h"

struct shape;

struct field {
        /* results is the module pipseed._results, data the address of the member. */
        PyObject *(*convert)(PyObject *results, const struct field *field, const char *data);
        size_t offset;
        const struct shape *element; /* of a pointer to a struct or of an array of them */
        size_t n_offset;             /* of an array: the member that holds its length, from the array's own */
};

struct shape {
        const char *class_name;
        const struct field *fields;
        size_t n_fields;
};

#define SHAPE(name, table)                                                                                             \
        {                                                                                                              \
                (name), (table), sizeof(table) / sizeof((table)[0])                                                    \
        }

typedef PyObject *shape_convert(PyObject *results, const struct field *field, const char *data);

shape_convert shape_text;     /* char *; NULL: None */
shape_convert shape_nonempty; /* char *; also "": None */
shape_convert shape_words;    /* likewise, in words that fit an API */
shape_convert shape_flag;     /* bool */
shape_convert shape_count;    /* uint64_t */
shape_convert shape_size;     /* size_t */
shape_convert shape_time;     /* int64_t; 0: None */
shape_convert shape_number;   /* int */
shape_convert shape_code;     /* int: name of the code */
shape_convert shape_status;   /* int: likewise, "ok" for 0 */
shape_convert shape_action;   /* enum pipseed_action: its name */
shape_convert shape_state;    /* enum pipseed_dropin_state: its name */
shape_convert shape_struct;   /* pointer to a struct of field->element; NULL: None */
shape_convert shape_array;    /* array of pointers to structs of field->element, or of char *: a tuple */

/* Field of an array; shape is NULL for strings. */
#define SHAPE_ARRAY(type, array, n, shape)                                                                             \
        {                                                                                                              \
                shape_array, offsetof(type, array), (shape), offsetof(type, n) - offsetof(type, array)                 \
        }

PyObject *shape_make(const struct shape *shape, const void *data);

#endif
