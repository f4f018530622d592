/* SPDX-License-Identifier: MIT */
/*
 * features.h - what a base interpreter's own venv does, where releases differ. It is read off the source of that venv
 * and not off the version: distributions and security releases carry changes back (Debian's 3.11.2 quotes paths in
 * activate scripts as upstream does from 3.11.11 on).
 *
 *     r = features_read(text, 13, &features);      text of lib/python3.13/venv/__init__.py
 */
#ifndef VENV_FEATURES_H
#define VENV_FEATURES_H

#include <stdbool.h>

struct features {
        bool has_prompt;         /* key "prompt", when one was asked for (3.8) */
        bool has_command;        /* keys "executable" and "command" (3.11) */
        bool dot_is_dir;         /* --prompt . is the name of the current directory (3.9) */
        bool prompt_in_parens;   /* __VENV_PROMPT__ is "(NAME) " (up to 3.12), else NAME */
        bool quotes;             /* what goes into a script is quoted for its shell (3.13.1 and security releases) */
        bool keeps_unchanged;    /* a script without placeholders keeps its times (3.13) */
        bool ignore_file;        /* .gitignore (3.13) */
        bool include_by_version; /* include/pythonX.Y (3.11 to 3.13), else include */
        bool platlib;            /* the directory of platlib, too (3.14) */
        bool lib64;              /* lib64 -> lib on 64-bit systems */
        bool minor_name;         /* bin/python3.X (3.9) */
        bool pi_name;            /* bin/𝜋thon, of 3.14 alone */
        bool own_names;          /* those of the implementation: bin/pypy3 and bin/pypy */
};

/* 0, or -ENOTSUP: the source is of no kind that is known. */
int features_read(const char *text, int minor, struct features *ret_features);

#endif
