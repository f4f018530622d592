/* SPDX-License-Identifier: MIT */
/*
 * amount.h - sizes and times as people write and read them.
 *
 *     if (!amount_read_size("500M", &bytes))
 *             return fault_set(err, PIPSEED_E_USAGE, ...);
 *     output_line(out, "%s", amount_show_size(bytes, text));
 */
#ifndef CLI_AMOUNT_H
#define CLI_AMOUNT_H

#include <stdbool.h>
#include <stdint.h>

#define AMOUNT_SIZE 32

/* "30" and "30d" are days, "12h" hours; gives seconds. False: it is none of them, or too much to count. */
bool amount_read_age(const char *text, uint64_t *ret_seconds);
/* "1000" is bytes, "10K", "500M", "2G" and "1T" are powers of 1024. */
bool amount_read_size(const char *text, uint64_t *ret_bytes);

/* "14.1 MiB"; returns text. */
const char *amount_show_size(uint64_t bytes, char text[static AMOUNT_SIZE]);
/* "2026-11-21 07:35", local time; returns text, or "-" for what is no date. */
const char *amount_show_time(int64_t seconds, char text[static AMOUNT_SIZE]);

#endif
