/* SPDX-License-Identifier: MIT */
/*
 * text.h - the texts that venv writes, as text: pyvenv.cfg, activate scripts, and the quoting that both need.
 */
#ifndef VENV_TEXT_H
#define VENV_TEXT_H

#include "base/str.h"

/* repr() of a Python string that was decoded from these bytes as a file name is (bytes that are not UTF-8 become lone
 * surrogates). Code points without an assignment count as printable: which ones those are differs between Pythons. */
void text_add_repr(struct str *out, const char *text);
/* The text with U+FFFD for each byte that is not UTF-8: site.py refuses a pyvenv.cfg that is not UTF-8 throughout. */
void text_add_utf8(struct str *out, const char *text);

/* What stands for the placeholders of an activate script. */
enum text_variable { TEXT_DIR, TEXT_NAME, TEXT_PROMPT, TEXT_BIN_NAME, TEXT_PYTHON, TEXT_N_VARIABLES };

/*
 * A script from its template. name is the file's, its suffix tells the shell. With quotes, each value is quoted as venv
 * does that (shlex.quote; for PowerShell in its own way). Without, the templates have placeholders between double
 * quotes and venv replaces plainly, so that a path such as '$(reboot)' is run by the script (CVE-2024-9287): characters
 * that do not stand for themselves there are escaped, all other paths give the same bytes as venv's.
 * Returns whether a placeholder was replaced.
 */
bool text_add_script(struct str *out, const char *name, const char *template, size_t len,
                     const char *const values[TEXT_N_VARIABLES], bool quotes);

/* pyvenv.cfg. Optional parts are NULL. */
struct text_config {
        const char *home;
        const char *version;
        const char *prompt;       /* key "prompt" */
        const char *executable;   /* keys "executable" and "command" */
        const char *program;      /* sys.executable, of "command" */
        const char *asked_prompt; /* --prompt, of "command" */
        const char *dir;
        bool system_site, copies, without_pip, clear, upgrade, without_ignore_file;
};
void text_add_config(struct str *out, const struct text_config *config);

#endif
