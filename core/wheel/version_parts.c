/* SPDX-License-Identifier: MIT */
#include "version_parts.h"

#include "base/str.h"

#include <string.h>

static const struct span zero = {"0", 1};

/* The blanks of Python outside \t-\r and " ". */
static const char *const wide_blanks[] = {
        "\x1c",         "\x1d",         "\x1e",         "\x1f",         "\xc2\x85",     "\xc2\xa0",
        "\xe1\x9a\x80", "\xe2\x80\x80", "\xe2\x80\x81", "\xe2\x80\x82", "\xe2\x80\x83", "\xe2\x80\x84",
        "\xe2\x80\x85", "\xe2\x80\x86", "\xe2\x80\x87", "\xe2\x80\x88", "\xe2\x80\x89", "\xe2\x80\x8a",
        "\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80",
};

/* Length of the blank at the front, or at the back, of the text. */
static size_t measure_blank(const char *text, size_t len, bool back)
{
        if (len > 0 && str_is_space(text[back ? len - 1 : 0]))
                return 1;
        for (size_t i = 0; i < ARRAY_SIZE(wide_blanks); i++) {
                size_t size = strlen(wide_blanks[i]);

                if (size <= len && memcmp(back ? text + len - size : text, wide_blanks[i], size) == 0)
                        return size;
        }
        return 0;
}

size_t span_blank(const char *text, size_t len)
{
        return measure_blank(text, len, false);
}

struct span span_trim(const char *text, size_t len)
{
        size_t size;

        while ((size = measure_blank(text, len, false)) > 0) {
                text += size;
                len -= size;
        }
        while ((size = measure_blank(text, len, true)) > 0)
                len -= size;
        return (struct span){text, len};
}

bool span_is_number(struct span part)
{
        for (size_t i = 0; i < part.len; i++)
                if (!str_is_digit(part.text[i]))
                        return false;
        return part.len > 0;
}

static int compare_sizes(size_t a, size_t b)
{
        return (a > b) - (a < b);
}

/* Without leading zeros the longer number is the larger one. */
static int compare_numbers(struct span a, struct span b)
{
        return a.len != b.len ? compare_sizes(a.len, b.len) : memcmp(a.text, b.text, a.len);
}

static int compare_words(struct span a, struct span b)
{
        for (size_t i = 0; i < a.len && i < b.len; i++) {
                int difference = str_lower(a.text[i]) - str_lower(b.text[i]);

                if (difference != 0)
                        return difference;
        }
        return compare_sizes(a.len, b.len);
}

/* PEP 440, "Local version identifiers": words sort before numbers, a prefix before what it is a prefix of. */
static int compare_locals(const struct version *a, const struct version *b)
{
        for (size_t i = 0; i < a->n_local && i < b->n_local; i++) {
                bool a_number = span_is_number(a->local[i]);
                bool b_number = span_is_number(b->local[i]);
                int r = a_number - b_number;

                if (r == 0)
                        r = a_number ? compare_numbers(a->local[i], b->local[i])
                                     : compare_words(a->local[i], b->local[i]);
                if (r != 0)
                        return r;
        }
        return compare_sizes(a->n_local, b->n_local);
}

static struct span component(const struct version *v, size_t i)
{
        return i < v->n_release ? v->release[i] : zero;
}

/* The first n components of both. */
static int compare_releases(const struct version *a, const struct version *b, size_t n)
{
        int r = compare_numbers(a->epoch, b->epoch);

        for (size_t i = 0; r == 0 && i < n; i++)
                r = compare_numbers(component(a, i), component(b, i));
        return r;
}

static size_t longer_release(const struct version *a, const struct version *b)
{
        return a->n_release > b->n_release ? a->n_release : b->n_release;
}

/* PEP 440, "Summary of permitted suffixes": 1.0.dev1 comes before 1.0a1, but 1.0.post1.dev1 after 1.0. */
static int rank_pre(const struct version *v)
{
        bool dev_only = v->has_dev && !v->has_post && v->pre_kind == VERSION_PRE_NONE;

        return dev_only ? -1 : (int)v->pre_kind;
}

bool version_same_prefix(const struct version *a, const struct version *b, size_t n)
{
        return compare_releases(a, b, n) == 0;
}

bool version_same_pre(const struct version *a, const struct version *b)
{
        return compare_releases(a, b, longer_release(a, b)) == 0 && a->pre_kind == b->pre_kind &&
               compare_numbers(a->pre, b->pre) == 0;
}

int version_compare_public(const struct version *a, const struct version *b)
{
        int r = compare_releases(a, b, longer_release(a, b));

        if (r == 0)
                r = rank_pre(a) - rank_pre(b);
        if (r == 0)
                r = compare_numbers(a->pre, b->pre);
        if (r == 0)
                r = a->has_post - b->has_post;
        if (r == 0)
                r = compare_numbers(a->post, b->post);
        if (r == 0)
                r = b->has_dev - a->has_dev;
        if (r == 0)
                r = compare_numbers(a->dev, b->dev);
        return r;
}

int version_compare(const struct version *a, const struct version *b)
{
        int r = version_compare_public(a, b);

        return r != 0 ? r : compare_locals(a, b);
}
