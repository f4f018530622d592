/* SPDX-License-Identifier: MIT */
/*
 * version.h - versions and specifiers (PEP 440; the reference is the `packaging` library, which the tests ask as well).
 *
 *     _cleanup_(version_freep) struct version *v = NULL;
 *     _cleanup_(specifier_freep) struct specifier *set = NULL;
 *
 *     r = version_parse("26.3", &v, err);              PIPSEED_E_BAD_VERSION
 *     r = specifier_parse(">=25,<27", &set, err);      PIPSEED_E_BAD_SPECIFIER
 *     if (specifier_admits(set, v, SPECIFIER_PRE_AUTO)) ...
 *
 * Releases of `packaging` differ in a few places (tests/unit/test_pep440.py has each of them). What holds here:
 * - Pre-releases under SPECIFIER_PRE_AUTO: SpecifierSet.contains(v) of packaging before 26.0, which refuses a
 *   pre-release unless a clause names one. From 26.0 on it admits any pre-release that lies in the range, because one
 *   version alone has no alternative; that question is SPECIFIER_PRE_YES here. Whoever chooses among several versions
 *   asks with AUTO first, and with YES when nothing was admitted (PEP 440, "Handling of pre-releases").
 * - What names a pre-release: as in packaging 26, any operator but "!=" with one. 23.0 leaves out "<" and ">".
 * - Everything else is that of packaging 26.3. 23.0 differs in
 *   "<V.postN", ">V.devN" and ">VaN": it refuses the pre-releases, post-releases or locals of any version with the
 *   release of V;
 *   "~=": it takes a suffix in an unusual spelling (1.0c1, 1.0RC1) for a component;
 *   "~=" and "V.*": it gets prefixes with an epoch wrong ("==0.*" admits 1!1.0);
 *   "===": it compares the normalised version, not the one that was given, and fails when its own text is not a
 *     version.
 */
#ifndef WHEEL_VERSION_H
#define WHEEL_VERSION_H

#include "base/cleanup.h"
#include "pipseed.h"

struct version;   /* one parsed version; immutable */
struct specifier; /* a comma-separated set of clauses, possibly empty; immutable */

enum specifier_pre {
        SPECIFIER_PRE_AUTO, /* pre-releases only when a clause itself names one */
        SPECIFIER_PRE_YES,  /* pre-releases as any other version */
        SPECIFIER_PRE_NO,
};

/* Any spelling that PEP 440 admits (leading "v", case, "-_." variants, blanks at both ends, those of Unicode as well).
 * Numbers have no upper bound. */
int version_parse(const char *text, struct version **ret_version, struct pipseed_error *err);
void version_free(struct version *version);
DEFINE_CLEANUP(struct version *, version_free)

/* < 0, 0, > 0 in the order of PEP 440, local versions included. */
int version_compare(const struct version *a, const struct version *b);
/* Pre-release or development release? */
bool version_is_prerelease(const struct version *version);
/* The normalised spelling ("1.0rc1"); lives as long as the version. */
const char *version_text(const struct version *version);

/* Clauses between commas; empty ones count for nothing, and "" admits everything (under AUTO: all but pre-releases). A
 * bare version such as "26.3" is not a specifier: see specifier_parse_pin. */
int specifier_parse(const char *text, struct specifier **ret_set, struct pipseed_error *err);
/* As specifier_parse, but a bare version means "==" that version, and "newest" is the same as "". */
int specifier_parse_pin(const char *text, struct specifier **ret_set, struct pipseed_error *err);
void specifier_free(struct specifier *set);
DEFINE_CLEANUP(struct specifier *, specifier_free)

/* Never fails: both arguments are already valid. "===" compares the text that version_parse got, blanks included,
 * without regard to the case of ASCII letters. */
bool specifier_admits(const struct specifier *set, const struct version *version, enum specifier_pre pre);

#endif
