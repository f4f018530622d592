/* SPDX-License-Identifier: MIT */
/*
 * explain.h - will a tool that makes environments use pipseed in this setup? Looks at the tool, at the Python beside
 * it, at variables and at configuration files; code of the project is never run.
 *
 *     const struct explain_tool *tool = explain_find("tox");
 *     _cleanup_(explain_done) struct explain explain = {.tool = tool};
 *
 *     tool->check(&explain);
 *     explain.n_findings == 0: it will
 *
 * explain_tools.c has the table and the tools above virtualenv, explain_hooks.c those that run what the user wrote,
 * explain_rules.c the settings that keep pipseed out, and the tools above venv, explain_python.c the Python that a tool
 * runs in and what is installed beside it, explain_site.c the same of an environment, of which nothing is run;
 * explain_file.c reads configuration files.
 */
#ifndef CLI_EXPLAIN_H
#define CLI_EXPLAIN_H

#include "pipseed.h"

#include <limits.h>

#define EXPLAIN_MAX_FINDINGS 12

/* One reason why pipseed is not used. */
struct explain_finding {
        const char *code;
        char *message;
        char *hint; /* what to type or to write */
};

struct explain;

/* A tool is a row of explain_tools; settings that keep pipseed out of it are rows of explain_rules.c. */
struct explain_tool {
        const char *name;
        void (*check)(struct explain *explain);
        const char *program; /* NULL: none that is looked for */
        /* above virtualenv */
        bool hides_variables; /* virtualenv does not see the user's */
        const char *choice_file,
                *choice_key; /* a line of that file with the key and "pipseed" chooses it, too; or NULL */
        /* explain_hook_files: glob patterns of files, one of which has to call pipseed, and the finding if none does */
        const char *hook_files[4];      /* ends with NULL */
        const char *code, *hint, *text; /* explain_venv: text alone, what venv does for the tool */
};

struct explain {
        const struct explain_tool *tool;
        const char *const *trust; /* target.trust */
        size_t n_trust;
        char path[PATH_MAX];   /* the tool; "" when it was not found */
        char python[PATH_MAX]; /* the interpreter that it runs in, or "" */
        char chosen[PATH_MAX]; /* what chooses pipseed: a variable or a file, or "" */
        struct explain_python *found;
        struct explain_finding findings[EXPLAIN_MAX_FINDINGS];
        size_t n_findings;
        bool failed; /* out of memory */
};

extern const struct explain_tool explain_tools[]; /* ended by a NULL name; docs/howto/NAME.md is about each */

const struct explain_tool *explain_find(const char *name);
void explain_done(struct explain *explain);

/* One more reason. */
void explain_against(struct explain *explain, const char *code, const char *hint, const char *format, ...)
        __attribute__((format(printf, 4, 5)));
/* Formats into a buffer; what is too long is cut. Returns buffer. */
const char *explain_text(char *buffer, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* What chooses pipseed. */
void explain_choose(struct explain *explain, const char *by);
/* A variable, where it is set and not empty; NULL otherwise. */
const char *explain_variable(const char *name);

/* ---- explain_tools.c ---- */

/* Does a setting with this value count as on? NULL does not. */
bool explain_is_on(const char *value);
/* A file below the user's configuration directory. Returns buffer. */
const char *explain_user_file(const char *name, char *buffer, size_t size);

/* Plug-in, version and seeder, for the virtualenv beside the program. */
void explain_virtualenv(struct explain *explain, const char *program);

/* ---- explain_hooks.c: the checks of tools that run what the user wrote ---- */

/* One of the tool's hook files has to call pipseed. */
void explain_hook_files(struct explain *explain);
void explain_virtualenvwrapper(struct explain *explain);
void explain_direnv(struct explain *explain);
void explain_pyenv(struct explain *explain);
void explain_slurm(struct explain *explain);

/* ---- explain_rules.c ---- */

/* A finding for each setting that keeps pipseed out of the tool. */
void explain_rules(struct explain *explain);
/* A tool that runs `python -m venv`: its own Python, else python3 on PATH, has to be enabled. */
void explain_venv(struct explain *explain);

/* ---- explain_python.c ---- */

/* A program on PATH, as an absolute path. */
bool explain_program(const char *name, char *ret_path, size_t size);
/* Fills path, python and found for the tool's program; says why not. */
bool explain_open(struct explain *explain, const char *program);
/* Version of a distribution beside the tool, NULL when it is not there. */
const char *explain_version(const struct explain *explain, const char *name);
/* Is the seeder pipseed registered there? */
bool explain_has_seeder(const struct explain *explain);
/* How to install a package beside the tool. */
const char *explain_install(const struct explain *explain, const char *package, char *buffer, size_t size);
void explain_python_free(struct explain_python *found);

/* ---- explain_file.c: INI, TOML, YAML, Python and shell alike, by lines. What begins with # or ; is none. ---- */

/* The value of a key, without quotes; section NULL: at any place. Dashes and underscores count alike. */
bool explain_key(const char *file, const char *section, const char *key, char *ret_value, size_t size);
/* Does the value of a key, which may go on in further lines, contain this word? */
bool explain_lists(const char *file, const char *section, const char *key, const char *word);
/* Is there a line with both? b may be NULL. */
bool explain_mentions(const char *file, const char *a, const char *b);
/* Is there a line that calls `pipseed seed` or `pipseed venv`, as a command or as a list of words? */
bool explain_calls_pipseed(const char *file);
/* The first file of a pattern (glob) that does. */
bool explain_any_calls_pipseed(const char *pattern, char *ret_file, size_t size);

#endif
