/* SPDX-License-Identifier: MIT */
/*
 * suggest.h - "did you mean": the word that was most likely meant.
 *
 *     struct suggestion suggestion = {.word = typed};
 *
 *     for each candidate: suggest_offer(&suggestion, candidate);
 *     if (suggestion.best != NULL) ...
 */
#ifndef CLI_SUGGEST_H
#define CLI_SUGGEST_H

#include <stddef.h>

struct suggestion {
        const char *word;
        const char *best; /* NULL: nothing is near enough to be worth saying */
        size_t distance;
};

/* Edits (insert, delete, replace, swap of neighbours) that turn a into b; words over 63 bytes are never near. */
size_t suggest_distance(const char *a, const char *b);
void suggest_offer(struct suggestion *suggestion, const char *candidate);

#endif
