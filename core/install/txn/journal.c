/* SPDX-License-Identifier: MIT */
#include "install/txn/journal.h"

#include "base/cleanup.h"
#include "base/path.h"
#include "install/txn/staging.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define FIRST_LINE "pipseed-journal 1\n"
#define STAGING_LINE "staging lib "

static const char *const kinds[] = {
        [CHANGE_MKDIR] = "mkdir",
        [CHANGE_PUT] = "put",
        [CHANGE_SWAP] = "swap",
        [CHANGE_TAKE] = "take",
};

static void format_end(const char *text, size_t len, char ret_line[32])
{
        (void)snprintf(ret_line, 32, "end %08lx\n", crc32_z(0, (const unsigned char *)text, len));
}

void journal_write(struct str *out, const struct journal *journal)
{
        size_t start = out->len;
        char end[32];

        str_add(out, FIRST_LINE);
        if (journal->staging_name[0] != '\0')
                str_printf(out, STAGING_LINE "%" PRIu64 " %s\n", journal->staging_inode, journal->staging_name);
        for (size_t i = 0; i < journal->n_changes; i++) {
                const struct change *change = &journal->changes[i];

                str_printf(out, "%s %s %" PRIu64 " %s\n", kinds[change->kind], txn_staged_name(change->root),
                           change->inode, change->path);
        }
        if (out->failed)
                return;
        format_end(out->data + start, out->len - start, end);
        str_add(out, end);
}

struct reader {
        struct arena *arena;
        struct change *changes;
        size_t n_changes, capacity;
};

static bool read_change(struct reader *reader, char *line)
{
        struct change change = {0};
        char *save = NULL;
        const char *kind = strtok_r(line, " ", &save);
        const char *root = strtok_r(NULL, " ", &save);
        const char *inode = strtok_r(NULL, " ", &save);
        char *end = NULL;
        bool has_kind = false;
        bool has_root = false;

        if (kind == NULL || root == NULL || inode == NULL || save == NULL || !path_is_plain(save))
                return false;
        for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
                if (strcmp(kinds[i], kind) == 0) {
                        change.kind = (enum change_kind)i;
                        has_kind = true;
                }
        for (int i = 0; i < PLAN_N_ROOTS; i++)
                if (strcmp(txn_staged_name((enum plan_root)i), root) == 0) {
                        change.root = (enum plan_root)i;
                        has_root = true;
                }
        change.inode = strtoull(inode, &end, 10);
        if (!has_kind || !has_root || end == inode || *end != '\0' ||
            arena_grow(reader->arena, &reader->changes, reader->n_changes, &reader->capacity, sizeof(change)) < 0)
                return false;
        change.path = arena_strdup(reader->arena, save);
        if (change.path == NULL)
                return false;
        reader->changes[reader->n_changes++] = change;
        return true;
}

static bool read_staging(struct journal *journal, const char *rest)
{
        char *name = NULL;

        journal->staging_inode = strtoull(rest, &name, 10);
        if (*name != ' ' || !txn_is_staging_name(name + 1) || strlen(name + 1) >= sizeof(journal->staging_name))
                return false;
        (void)strcpy(journal->staging_name, name + 1);
        return true;
}

/* strtoull takes signs and wraps around, strtok_r takes two blanks for one: a journal is what journal_write gives. */
static bool is_canonical(const struct journal *journal, const char *text, size_t len)
{
        _cleanup_(str_done) struct str again = STR_INIT;

        journal_write(&again, journal);
        return !again.failed && again.len == len && memcmp(again.data, text, len) == 0;
}

bool journal_read(struct journal *journal, const char *text, size_t len)
{
        struct reader reader = {.arena = &journal->arena};
        static const size_t end_len = sizeof("end 00000000\n") - 1;
        char end[32];
        char *copy;
        char *save = NULL;

        if (len < end_len + strlen(FIRST_LINE) || memchr(text, '\0', len) != NULL || !str_starts(text, FIRST_LINE))
                return false;
        format_end(text, len - end_len, end);
        if (memcmp(text + len - end_len, end, end_len) != 0)
                return false;
        copy = arena_strndup(&journal->arena, text + strlen(FIRST_LINE), len - end_len - strlen(FIRST_LINE));
        if (copy == NULL)
                return false;
        for (char *line = strtok_r(copy, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save)) {
                bool is_staging =
                        journal->staging_name[0] == '\0' && reader.n_changes == 0 && str_starts(line, STAGING_LINE);

                if (is_staging ? !read_staging(journal, line + strlen(STAGING_LINE)) : !read_change(&reader, line))
                        return false;
        }
        journal->changes = reader.changes;
        journal->n_changes = reader.n_changes;
        return is_canonical(journal, text, len);
}

void journal_done(struct journal *journal)
{
        arena_done(&journal->arena);
        *journal = (struct journal){0};
}
