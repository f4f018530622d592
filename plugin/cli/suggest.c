/* SPDX-License-Identifier: MIT */
#include "suggest.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define WORD_LIMIT 64

/* Words of other programs' commands, and what pipseed calls the same. */
static const struct {
        const char *word;
        const char *candidate;
} synonyms[] = {
        {"get", "show"},         {"list", "show"},     {"show", "list"},   {"ls", "list"},         {"list", "info"},
        {"uninstall", "unseed"}, {"remove", "unseed"}, {"create", "venv"}, {"virtualenv", "venv"},
};

static bool is_synonym(const char *word, const char *candidate)
{
        for (size_t i = 0; i < sizeof(synonyms) / sizeof(synonyms[0]); i++)
                if (strcmp(synonyms[i].word, word) == 0 && strcmp(synonyms[i].candidate, candidate) == 0)
                        return true;
        return false;
}

static size_t least(size_t a, size_t b)
{
        return a < b ? a : b;
}

size_t suggest_distance(const char *a, const char *b)
{
        size_t rows[3][WORD_LIMIT + 1];
        size_t a_len = strlen(a);
        size_t b_len = strlen(b);

        if (a_len >= WORD_LIMIT || b_len >= WORD_LIMIT)
                return SIZE_MAX;
        for (size_t k = 0; k <= b_len; k++)
                rows[0][k] = k;
        for (size_t i = 1; i <= a_len; i++) {
                const size_t *before = rows[(i - 1) % 3];
                size_t *row = rows[i % 3];

                row[0] = i;
                for (size_t k = 1; k <= b_len; k++) {
                        row[k] = least(before[k] + 1, row[k - 1] + 1);
                        row[k] = least(row[k], before[k - 1] + (a[i - 1] != b[k - 1]));
                        if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1])
                                row[k] = least(row[k], rows[(i - 2) % 3][k - 2] + 1);
                }
        }
        return rows[a_len % 3][b_len];
}

void suggest_offer(struct suggestion *suggestion, const char *candidate)
{
        size_t len = strlen(suggestion->word);
        size_t limit = len < 3 ? 1 : len / 3;
        size_t distance = suggest_distance(suggestion->word, candidate);

        /* A cut-off word is meant as it begins, however much is missing. */
        if (len >= 2 && strncmp(suggestion->word, candidate, len) == 0)
                distance = 1;
        if (is_synonym(suggestion->word, candidate))
                distance = 0;
        if (distance > limit || (suggestion->best != NULL && distance >= suggestion->distance))
                return;
        suggestion->best = candidate;
        suggestion->distance = distance;
}
