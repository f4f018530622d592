/* SPDX-License-Identifier: MIT */
#include "version.h"

#include "base/error.h"
#include "base/str.h"
#include "wheel/quote.h"
#include "wheel/version_parts.h"

#include <string.h>

static const struct span zero = {"0", 1};

/* A word of a segment and what it stands for; longer words stand before their prefixes. */
struct label {
        const char *word;
        enum version_pre kind;
};

static const struct label pre_labels[] = {
        {"alpha", VERSION_PRE_A},    {"a", VERSION_PRE_A},    {"beta", VERSION_PRE_B}, {"b", VERSION_PRE_B},
        {"preview", VERSION_PRE_RC}, {"pre", VERSION_PRE_RC}, {"c", VERSION_PRE_RC},   {"rc", VERSION_PRE_RC},
};
static const struct label post_labels[] = {{"post", 0}, {"rev", 0}, {"r", 0}};
static const struct label dev_labels[] = {{"dev", 0}};
static const char *const pre_texts[] = {"a", "b", "rc", ""};

/* What is left to read. */
struct cursor {
        const char *p;
        const char *end;
};

static char peek(const struct cursor *c)
{
        return c->p < c->end ? *c->p : '\0';
}

static bool accept(struct cursor *c, char wanted)
{
        if (str_lower(peek(c)) != wanted)
                return false;
        c->p++;
        return true;
}

static bool accept_separator(struct cursor *c)
{
        return accept(c, '-') || accept(c, '_') || accept(c, '.');
}

static bool accept_word(struct cursor *c, const char *word)
{
        struct cursor ahead = *c;

        for (; *word != '\0'; word++)
                if (!accept(&ahead, *word))
                        return false;
        *c = ahead;
        return true;
}

static struct span significant(struct span digits)
{
        while (digits.len > 1 && *digits.text == '0') {
                digits.text++;
                digits.len--;
        }
        return digits;
}

static bool accept_number(struct cursor *c, struct span *ret_number)
{
        const char *start = c->p;

        while (str_is_digit(peek(c)))
                c->p++;
        if (c->p == start)
                return false;
        *ret_number = significant((struct span){start, (size_t)(c->p - start)});
        return true;
}

/* [-_.]? WORD [-_.]? NUMBER?, where a number left out is 0. A separator at the very end belongs to the pattern, too. */
static bool accept_segment(struct cursor *c, const struct label *labels, size_t n, enum version_pre *ret_kind,
                           struct span *ret_number)
{
        struct cursor ahead = *c;

        (void)accept_separator(&ahead);
        for (size_t i = 0; i < n; i++) {
                if (!accept_word(&ahead, labels[i].word))
                        continue;
                *c = ahead;
                *ret_kind = labels[i].kind;
                (void)accept_separator(c);
                if (!accept_number(c, ret_number))
                        *ret_number = zero;
                return true;
        }
        return false;
}

/* "-N" is a post-release without its word. */
static bool accept_implicit_post(struct cursor *c, struct span *ret_number)
{
        struct cursor ahead = *c;

        if (!accept(&ahead, '-') || !accept_number(&ahead, ret_number))
                return false;
        *c = ahead;
        return true;
}

/* N(.N)*; a dot that no digit follows is left for the next segment. */
static bool accept_release(struct cursor *c, struct version *v)
{
        struct cursor ahead;

        if (!accept_number(c, &v->release[0]))
                return false;
        for (v->n_release = 1;; v->n_release++) {
                ahead = *c;
                if (!accept(&ahead, '.') || !accept_number(&ahead, &v->release[v->n_release]))
                        return true;
                *c = ahead;
        }
}

static bool accept_local(struct cursor *c, struct version *v)
{
        v->local = v->release + v->n_release;
        do {
                struct span part = {c->p, 0};

                while (str_is_digit(peek(c)) || str_is_alpha(peek(c)))
                        c->p++;
                part.len = (size_t)(c->p - part.text);
                if (part.len == 0)
                        return false;
                v->local[v->n_local++] = span_is_number(part) ? significant(part) : part;
        } while (accept_separator(c));
        return true;
}

static bool scan(struct cursor *c, struct version *v)
{
        struct cursor ahead;
        enum version_pre kind;

        (void)accept(c, 'v');
        v->epoch = zero;
        ahead = *c;
        if (accept_number(&ahead, &v->epoch) && accept(&ahead, '!'))
                *c = ahead;
        else
                v->epoch = zero;
        if (!accept_release(c, v))
                return false;
        v->pre_kind = VERSION_PRE_NONE;
        v->pre = v->post = v->dev = zero;
        (void)accept_segment(c, pre_labels, ARRAY_SIZE(pre_labels), &v->pre_kind, &v->pre);
        v->has_post = accept_implicit_post(c, &v->post) ||
                      accept_segment(c, post_labels, ARRAY_SIZE(post_labels), &kind, &v->post);
        v->has_dev = accept_segment(c, dev_labels, ARRAY_SIZE(dev_labels), &kind, &v->dev);
        if (accept(c, '+') && !accept_local(c, v))
                return false;
        return c->p == c->end;
}

static void add_span(struct str *s, struct span span)
{
        for (size_t i = 0; i < span.len; i++)
                str_add_char(s, str_lower(span.text[i]));
}

static void add_number(struct str *s, const char *word, struct span number)
{
        str_add(s, word);
        add_span(s, number);
}

static char *format(const struct version *v)
{
        _cleanup_(str_done) struct str s = STR_INIT;

        if (*v->epoch.text != '0') {
                add_span(&s, v->epoch);
                str_add_char(&s, '!');
        }
        for (size_t i = 0; i < v->n_release; i++)
                add_number(&s, i == 0 ? "" : ".", v->release[i]);
        if (v->pre_kind != VERSION_PRE_NONE)
                add_number(&s, pre_texts[v->pre_kind], v->pre);
        if (v->has_post)
                add_number(&s, ".post", v->post);
        if (v->has_dev)
                add_number(&s, ".dev", v->dev);
        for (size_t i = 0; i < v->n_local; i++)
                add_number(&s, i == 0 ? "+" : ".", v->local[i]);
        return str_steal(&s);
}

/* No version has more components than separators and one, a "+" being counted as one. */
static size_t count_components(const char *text, size_t len)
{
        size_t n = 1;

        for (size_t i = 0; i < len; i++)
                n += strchr(".-_+", text[i]) != NULL;
        return n;
}

int version_read(const char *text, size_t len, struct version **ret_version)
{
        _cleanup_(version_freep) struct version *v = calloc(1, sizeof(*v));
        struct cursor c;
        struct span inner;

        if (v == NULL)
                return -ENOMEM;
        v->spelling = strndup(text, len);
        v->release = calloc(count_components(text, len), sizeof(*v->release));
        if (v->spelling == NULL || v->release == NULL)
                return -ENOMEM;
        inner = span_trim(v->spelling, len);
        c = (struct cursor){inner.text, inner.text + inner.len};
        if (!scan(&c, v))
                return -EINVAL;
        v->text = format(v);
        if (v->text == NULL)
                return -ENOMEM;
        *ret_version = steal_ptr(v);
        return 0;
}

int version_parse(const char *text, struct version **ret_version, struct pipseed_error *err)
{
        int r = version_read(text, strlen(text), ret_version);

        if (r == -ENOMEM)
                return error_memory(err);
        if (r < 0)
                return error_set(err, PIPSEED_E_BAD_VERSION, NULL, "invalid version '%s' (PEP 440)",
                                 QUOTE(text, strlen(text))),
                       error_hint(err, "use a version such as 26.3, 1.0rc1 or 1.0.post2");
        return 0;
}

void version_free(struct version *version)
{
        if (version == NULL)
                return;
        free(version->spelling);
        free(version->text);
        free(version->release);
        free(version);
}

bool version_is_prerelease(const struct version *version)
{
        return version->has_dev || version->pre_kind != VERSION_PRE_NONE;
}

const char *version_text(const struct version *version)
{
        return version->text;
}
