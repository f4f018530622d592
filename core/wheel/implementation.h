/* SPDX-License-Identifier: MIT */
/*
 * implementation.h - the implementations of Python that can be seeded: one row of a table for each.
 *
 *     const struct implementation *one = implementation_find("pypy");        NULL: unknown
 *
 * A new one needs a row in implementation.c, its name in the two macros below, and the source of its venv's names in
 * venv/features.c if that differs. What a row has to say can be asked of the interpreter itself:
 *
 *     name            sys.implementation.name
 *     title           as it is written in messages
 *     tag             packaging.tags.interpreter_name()
 *     abi, any_tag    packaging.tags.sys_tags(): the ABI of its own modules, and the interpreter tag of its last
 *                     "none-any"
 *     commands        what it is called on PATH and in the bin of an installation
 *     venv_names      what `-m venv` makes in bin besides python and python3
 *     stem            how its commands and its lib/STEM3.x begin
 *     pep552_minor    the oldest 3.x whose .pyc files can carry the source's hash
 *     can_copy        does an environment made with --copies start without files of its base?
 *     can_compare_code  is its marshal format known, so that the code of two .pyc files can be compared
 *                       (store/marshal.c)?
 *     has_image_facts is it laid out as CPython, so that the files of an image tell what it is (target/image.c)?
 */
#ifndef WHEEL_IMPLEMENTATION_H
#define WHEEL_IMPLEMENTATION_H

#include <stdbool.h>
#include <stddef.h>

#define IMPLEMENTATION_NAMES "'cpython','pypy'" /* for the script that asks an interpreter (target/probe.c) */
#define IMPLEMENTATION_TITLES "CPython and PyPy"

struct implementation {
        const char *name;
        const char *title;
        const char *tag;
        const char *abi; /* "{python}": language version as 311, "{own}": the implementation's as 73; NULL: CPython's */
        const char *any_tag; /* NULL: tag and language version */
        const char *stem;
        const char *commands[3];   /* preferred first, ends with NULL */
        const char *venv_names[3]; /* ends with NULL */
        int pep552_minor;
        bool can_copy;
        bool has_image_facts;
        bool can_compare_code;
};

/* Row i in order of preference; NULL beyond the end. */
const struct implementation *implementation_at(size_t i);
/* By sys.implementation.name; NULL: unknown. */
const struct implementation *implementation_find(const char *name);
/* The one that a command ("python3.11", "pypy3") or a directory of lib with such a name belongs to; NULL: neither. */
const struct implementation *implementation_of_file(const char *name);

#endif
