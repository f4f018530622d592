/* SPDX-License-Identifier: MIT */
/*
 * humanize.h - sizes and times as people write and read them.
 *
 *     if (!humanize_read_size("500M", &bytes))
 *             return cli_error_set(err, PIPSEED_E_USAGE, ...);
 *     output_line(out, "%s", humanize_show_size(bytes, text));
 */
#ifndef CLI_HUMANIZE_H
#define CLI_HUMANIZE_H

#include <stdbool.h>
#include <stdint.h>

#define HUMANIZE_SIZE 32

/* "30" and "30d" are days, "12h" hours; gives seconds. False: it is none of them, or too much to count. */
bool humanize_read_age(const char *text, uint64_t *ret_seconds);
/* "1000" is bytes, "10K", "500M", "2G" and "1T" are powers of 1024. */
bool humanize_read_size(const char *text, uint64_t *ret_bytes);

/* "14.1 MiB"; returns text. */
const char *humanize_show_size(uint64_t bytes, char text[static HUMANIZE_SIZE]);
/* "2026-11-21 07:35", local time; returns text, or "-" for what is not a date. */
const char *humanize_show_time(int64_t seconds, char text[static HUMANIZE_SIZE]);

#endif
