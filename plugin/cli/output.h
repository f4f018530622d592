/* SPDX-License-Identifier: MIT */
/*
 * output.h - everything that the command says. Results go to stdout, or with --json to stderr, where notes, warnings,
 * errors and progress always go; JSON documents go to stdout, one on a line.
 *
 *     struct output out;
 *
 *     output_guard_streams();                               // first thing in main
 *     output_init(&out);
 *     output_set_color(&out, OUTPUT_COLOR_AUTO);
 *     output_result(&out, "Installed", "pip %s into %s", version, env);
 *     return output_finish(&out, exit_code);                // a write that failed turns 0 into 1
 *
 * Control characters in what is written, such as a path's, bytes that are not UTF-8, and marks that change the
 * direction of writing or end a line are shown escaped ("\n", "\x1b", "\xff", "\u202e"): text from outside cannot steer
 * the terminal or forge a line. Functions may be called from several threads.
 */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include "pipseed.h"

#include <jansson.h>
#include <pthread.h>
#include <stdio.h>
#include <time.h>

/* In the order of the option's values, "auto|always|never". */
enum output_color { OUTPUT_COLOR_AUTO, OUTPUT_COLOR_ALWAYS, OUTPUT_COLOR_NEVER };

#define OUTPUT_COLUMNS 8 /* most that a table has */

struct output {
        bool json;
        int level; /* -1 and less: errors only; 0; 1: -v; 2: -vv */
        bool color_stdout, color_stderr;
        bool stderr_terminal;
        bool progress_shown;
        bool failed;      /* a document could not be made */
        int stdout_errno; /* why stdout did not take something, or 0 */
        struct timespec started, drawn;
        pthread_mutex_t lock;
};

/* Opens /dev/null for each of stdin, stdout and stderr that is closed: no file opened later gets their numbers. */
void output_guard_streams(void);
void output_init(struct output *out);
void output_set_color(struct output *out, enum output_color color);

/* What was done: verb stands out, may be NULL. Not shown with -q. */
void output_result(struct output *out, const char *verb, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* A line below a result, shown when level is at least min. */
void output_detail(struct output *out, int min, const char *format, ...) __attribute__((format(printf, 3, 4)));
void output_note(struct output *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A detail, note or warning of the library. about as below. */
void output_event(struct output *out, const char *about, const struct pipseed_event *event);
/* error, path, hint. about, when not NULL, says what it happened to. */
void output_error(struct output *out, const char *about, const struct pipseed_error *err);
/* A line below an error. */
void output_item(struct output *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Progress, on a terminal only, from half a second after the start on. total 0 wipes it. */
void output_progress(struct output *out, const char *text, uint64_t done, uint64_t total);

/* What verify found, whatever -q says. path may be NULL. */
void output_finding(struct output *out, const char *code, const char *path, const char *text);
/* What was asked for, whatever -q says: a line, or rows of n_columns cells, the first row being the heading. No-op with
 * --json. */
void output_line(struct output *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
void output_table(struct output *out, const char *const *cells, size_t n_rows, size_t n_columns);
/* NULL: it could not be made for want of memory. */
void output_document(struct output *out, const json_t *document);

/* The exit code: code, or 1 when code is 0 and stdout did not take everything. */
int output_finish(struct output *out, int code);

#endif
