/* SPDX-License-Identifier: MIT */
#include "base/error.h"
#include "base/str.h"
#include "wheel/quote.h"
#include "wheel/version_parts.h"

#include <string.h>

struct clause;
typedef bool clause_match_fn(const struct clause *clause, const struct version *version);

struct operation {
        const char *text;
        clause_match_fn *match;
        clause_match_fn *match_wildcard; /* for "V.*"; NULL: no wildcard here */
        bool local;                      /* may its version have a local segment? */
        size_t min_release;              /* components of the release that it needs */
        bool names_prerelease;           /* does a pre-release behind it let pre-releases in? */
};

struct clause {
        const struct operation *operation;
        bool wildcard;
        char *text;              /* of "===" only: what to compare with */
        struct version *version; /* NULL behind "===" when the text is none */
};

struct specifier {
        size_t n;
        struct clause *clauses;
};

static bool match_text(const struct clause *clause, const struct version *version)
{
        return str_equal_nocase(version->spelling, clause->text);
}

/* PEP 440: a local segment counts only where the clause has one, too. */
static bool match_equal(const struct clause *clause, const struct version *version)
{
        return (clause->version->n_local > 0 ? version_compare(version, clause->version)
                                             : version_compare_public(version, clause->version)) == 0;
}

static bool match_different(const struct clause *clause, const struct version *version)
{
        return !match_equal(clause, version);
}

static bool match_prefix(const struct clause *clause, const struct version *version)
{
        return version_same_prefix(version, clause->version, clause->version->n_release);
}

static bool match_other_prefix(const struct clause *clause, const struct version *version)
{
        return !match_prefix(clause, version);
}

static bool match_at_most(const struct clause *clause, const struct version *version)
{
        return version_compare_public(version, clause->version) <= 0;
}

static bool match_at_least(const struct clause *clause, const struct version *version)
{
        return version_compare_public(version, clause->version) >= 0;
}

static bool match_compatible(const struct clause *clause, const struct version *version)
{
        return match_at_least(clause, version) &&
               version_same_prefix(version, clause->version, clause->version->n_release - 1);
}

/* PEP 440, "Exclusive ordered comparison": <V leaves out the pre-releases of V unless V is one itself, so the bound is
 * the first of them, V.dev0. */
static bool match_before(const struct clause *clause, const struct version *version)
{
        struct version bound = *clause->version;

        if (!version_is_prerelease(&bound)) {
                bound.has_dev = true;
                bound.dev = (struct span){"0", 1};
        }
        return version_compare_public(version, &bound) < 0;
}

/* And >V leaves out V+local, and the post-releases of V unless V is one itself. */
static bool match_after(const struct clause *clause, const struct version *version)
{
        const struct version *bound = clause->version;

        if (version_compare_public(version, bound) <= 0)
                return false;
        return bound->has_dev || bound->has_post || !version_same_pre(version, bound);
}

/* An operator stands before those that begin alike. */
static const struct operation operations[] = {
        {"===", match_text, NULL, false, 0, true},
        {"==", match_equal, match_prefix, true, 1, true},
        {"!=", match_different, match_other_prefix, true, 1, false},
        {"~=", match_compatible, NULL, false, 2, true},
        {"<=", match_at_most, NULL, false, 1, true},
        {">=", match_at_least, NULL, false, 1, true},
        {"<", match_before, NULL, false, 1, true},
        {">", match_after, NULL, false, 1, true},
};

static const struct operation *find_operation(struct span text)
{
        for (size_t i = 0; i < ARRAY_SIZE(operations); i++)
                if (strlen(operations[i].text) <= text.len &&
                    memcmp(operations[i].text, text.text, strlen(operations[i].text)) == 0)
                        return &operations[i];
        return NULL;
}

/* What stands behind "===" has no syntax, but it cannot hold blanks, nor what ends a specifier in a requirement. */
static int read_text(struct span text, struct clause *clause)
{
        int r;

        for (size_t i = 0; i < text.len; i++)
                if (strchr(";)", text.text[i]) != NULL || span_blank(text.text + i, text.len - i) > 0)
                        return -EINVAL;
        clause->text = strndup(text.text, text.len);
        if (clause->text == NULL)
                return -ENOMEM;
        r = version_read(text.text, text.len, &clause->version);
        return r == -ENOMEM ? r : 0;
}

static bool has_suffix(const struct version *version)
{
        return version->pre_kind != VERSION_PRE_NONE || version->has_post || version->has_dev || version->n_local > 0;
}

static int read_version(struct span text, struct clause *clause)
{
        const struct operation *operation = clause->operation;
        int r;

        clause->wildcard =
                operation->match_wildcard != NULL && text.len > 2 && memcmp(text.text + text.len - 2, ".*", 2) == 0;
        if (clause->wildcard) {
                text.len -= 2;
                if (span_trim(text.text, text.len).len != text.len)
                        return -EINVAL;
        }
        r = version_read(text.text, text.len, &clause->version);
        if (r < 0)
                return r;
        if ((clause->wildcard && has_suffix(clause->version)) || (!operation->local && clause->version->n_local > 0))
                return -EINVAL;
        return clause->version->n_release < operation->min_release ? -EINVAL : 0;
}

/* text is trimmed and not empty. */
static int read_clause(struct span text, struct clause *clause)
{
        size_t len;

        clause->operation = find_operation(text);
        if (clause->operation == NULL)
                return -EINVAL;
        len = strlen(clause->operation->text);
        text = span_trim(text.text + len, text.len - len);
        return clause->operation->match == match_text ? read_text(text, clause) : read_version(text, clause);
}

static int fail(int r, struct span clause, struct pipseed_error *err)
{
        if (r == -ENOMEM)
                return error_memory(err);
        (void)error_set(err, PIPSEED_E_BAD_SPECIFIER, NULL, "invalid version specifier '%s' (PEP 440)",
                        QUOTE(clause.text, clause.len));
        return error_hint(err, "use a specifier such as >=25,<27 or ~=26.0 or ==26.*");
}

static size_t count_commas(const char *text)
{
        size_t n = 0;

        for (; *text != '\0'; text++)
                n += *text == ',';
        return n;
}

int specifier_parse(const char *text, struct specifier **ret_set, struct pipseed_error *err)
{
        _cleanup_(specifier_freep) struct specifier *set = calloc(1, sizeof(*set));

        if (set == NULL)
                return error_memory(err);
        set->clauses = calloc(count_commas(text) + 1, sizeof(*set->clauses));
        if (set->clauses == NULL)
                return error_memory(err);
        for (const char *end = text; *end != '\0'; text = end + 1) {
                struct span clause;
                int r;

                end = strchrnul(text, ',');
                clause = span_trim(text, (size_t)(end - text));
                if (clause.len == 0)
                        continue;
                r = read_clause(clause, &set->clauses[set->n++]);
                if (r < 0)
                        return fail(r, clause, err);
        }
        *ret_set = steal_ptr(set);
        return 0;
}

int specifier_parse_pin(const char *text, struct specifier **ret_set, struct pipseed_error *err)
{
        _cleanup_(version_freep) struct version *version = NULL;
        _cleanup_free_ char *equal = NULL;
        struct span inner = span_trim(text, strlen(text));
        int r;

        if (inner.len == strlen("newest") && memcmp(inner.text, "newest", inner.len) == 0)
                return specifier_parse("", ret_set, err);
        r = version_read(text, strlen(text), &version);
        if (r == -ENOMEM)
                return error_memory(err);
        if (r == 0) {
                equal = str_format("==%s", version->text);
                return equal != NULL ? specifier_parse(equal, ret_set, err) : error_memory(err);
        }
        return specifier_parse(text, ret_set, err);
}

void specifier_free(struct specifier *set)
{
        if (set == NULL)
                return;
        for (size_t i = 0; i < set->n; i++) {
                free(set->clauses[i].text);
                version_free(set->clauses[i].version);
        }
        free(set->clauses);
        free(set);
}

static bool names_prerelease(const struct specifier *set)
{
        for (size_t i = 0; i < set->n; i++) {
                const struct clause *clause = &set->clauses[i];

                if (clause->operation->names_prerelease && clause->version != NULL &&
                    version_is_prerelease(clause->version))
                        return true;
        }
        return false;
}

bool specifier_admits(const struct specifier *set, const struct version *version, enum specifier_pre pre)
{
        if (version_is_prerelease(version) && pre != SPECIFIER_PRE_YES &&
            (pre == SPECIFIER_PRE_NO || !names_prerelease(set)))
                return false;
        for (size_t i = 0; i < set->n; i++) {
                const struct clause *clause = &set->clauses[i];
                clause_match_fn *match =
                        clause->wildcard ? clause->operation->match_wildcard : clause->operation->match;

                if (!match(clause, version))
                        return false;
        }
        return true;
}

int pipseed_version_matches(const char *version, const char *specifier, struct pipseed_error *err)
{
        _cleanup_(version_freep) struct version *parsed = NULL;
        _cleanup_(specifier_freep) struct specifier *set = NULL;
        int r = version_parse(version, &parsed, err);

        if (r == 0)
                r = specifier_parse(specifier, &set, err);
        return r != 0 ? r : specifier_admits(set, parsed, SPECIFIER_PRE_AUTO);
}
