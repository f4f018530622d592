/* SPDX-License-Identifier: MIT */
/*
 * managed.h - the text of a file EXTERNALLY-MANAGED (PEP 668), read as pip reads it: an INI file after Python's
 * configparser without interpolation.
 */
#ifndef TARGET_MANAGED_H
#define TARGET_MANAGED_H

#include <stddef.h>

/*
 * The value of Error-LOCALE, Error-LANGUAGE or Error in section [externally-managed], in new memory; lines are joined
 * by a newline, without their indentation. locale is a name as in LC_ALL ("de_DE.UTF-8"), "" for none.
 * 1 found; 0 the file has none or is no such file; -ENOMEM.
 */
int managed_text(const char *text, size_t len, const char *locale, char **ret_text);

#endif
