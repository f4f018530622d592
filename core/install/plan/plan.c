/* SPDX-License-Identifier: MIT */
#include "install/plan/plan.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/path.h"
#include "base/sort.h"
#include "base/str.h"
#include "install/plan/locate.h"
#include "install/plan/record_writer.h"
#include "install/plan/script.h"
#include "install/plan/pip_quirks.h"
#include "wheel/pyc.h"
#include "wheel/quote.h"

#include <stdlib.h>
#include <string.h>

struct builder {
        const struct plan_input *input;
        const struct pip_quirks *style;
        struct locator locator;
        struct arena arena; /* becomes the plan's */
        struct plan_file *files;
        size_t n_files;
        struct record_writer rows;
        struct script_name *scripts;
        size_t n_scripts;
};

static void builder_done(struct builder *builder)
{
        arena_done(&builder->arena);
}

static int add_row(struct builder *b, enum plan_root root, const char *path, const uint8_t *digest, uint64_t size,
                   struct pipseed_error *err)
{
        if (root != PLAN_LIB)
                path = record_writer_path(&b->rows, b->locator.roots[root], path);
        return record_writer_add(&b->rows, path, digest, size, err);
}

/* Adds a file with bytes made here, and n_rows equal rows for it. */
static int add_content(struct builder *b, struct plan_file file, unsigned int n_rows, struct pipseed_error *err)
{
        uint8_t *digest = arena_alloc(&b->arena, HASH_SIZE);
        int r = 0;

        if (digest == NULL)
                return error_memory(err);
        hash_of(file.content, file.content_len, digest);
        b->files[b->n_files++] = file;
        for (unsigned int i = 0; i < n_rows && r == 0; i++)
                r = add_row(b, file.root, file.path, digest, file.content_len, err);
        return r;
}

static int add_text(struct builder *b, struct plan_file file, struct str *text, unsigned int n_rows,
                    struct pipseed_error *err)
{
        if (text->failed)
                return error_memory(err);
        file.content = arena_strndup(&b->arena, text->data, text->len);
        file.content_len = text->len;
        if (file.content == NULL)
                return error_memory(err);
        return add_content(b, file, n_rows, err);
}

static int add_bytecode(struct builder *b, const struct plan_file *source, struct pipseed_error *err)
{
        const char *path = pyc_path(&b->arena, source->path, b->input->pyc_suffix);

        if (path == NULL)
                return error_memory(err);
        b->files[b->n_files++] = (struct plan_file){.root = source->root, .path = path, .bytecode_of = source->source};
        return add_row(b, source->root, path, NULL, 0, err);
}

/* After all of the wheel's files: two lists that are each in order are quicker sorted than one that is not. */
static int add_all_bytecode(struct builder *b, struct pipseed_error *err)
{
        const size_t n_sources = b->input->compiled != NULL ? b->n_files : 0;
        int r = 0;

        for (size_t i = 0; i < n_sources && r == 0; i++) {
                const struct wheel_file *file = b->files[i].source;

                if (file != NULL && b->input->compiled[file - b->input->wheel->files] &&
                    str_ends(b->files[i].path, ".py"))
                        r = add_bytecode(b, &b->files[i], err);
        }
        return r;
}

/* Signatures of RECORD (PEP 427) cannot be in it with a hash. */
static bool is_signature(const struct wheel_info *wheel, const char *path)
{
        const size_t len = strlen(wheel->dist_info);

        return strncmp(path, wheel->dist_info, len) == 0 &&
               (strcmp(path + len, "/RECORD.jws") == 0 || strcmp(path + len, "/RECORD.p7s") == 0);
}

/* A file of .data/scripts. 1: it is done; 0: it goes in as it is, like any other file. */
static int add_data_script(struct builder *b, const struct wheel_file *file, const struct location *at,
                           struct pipseed_error *err)
{
        const struct plan_file planned = {.root = at->root, .path = at->path, .executable = file->executable};
        _cleanup_(str_done) struct str text = STR_INIT;
        int r;

        if (script_is_wrapper(b->input->wheel, at->path)) {
                /* pip leaves the file out and its row in, under its name in the wheel. */
                r = add_row(b, PLAN_LIB, file->path, file->sha256, file->size, err);
                return r < 0 ? r : 1;
        }
        if (file->data == NULL && file->size > 0)
                return error_set(err, PIPSEED_E_STORE_ENTRY, NULL, "the script '%s' was not read",
                                 QUOTE(file->path, strlen(file->path)));
        if (file->size == 0 || !script_add_rewritten(&text, b->input->target->exe, file->data, (size_t)file->size))
                return text.failed ? error_memory(err) : 0;
        r = add_text(b, planned, &text, 1, err);
        return r < 0 ? r : 1;
}

static int add_wheel_file(struct builder *b, size_t i, struct pipseed_error *err)
{
        const struct wheel_file *file = &b->input->wheel->files[i];
        const bool bare = is_signature(b->input->wheel, file->path);
        struct location at = {0};
        int r = locate_file(&b->locator, file->path, &at, err);

        if (r == 0 && at.is_script)
                r = add_data_script(b, file, &at, err);
        if (r != 0)
                return r < 0 ? r : 0;
        b->files[b->n_files++] = (struct plan_file){
                .root = at.root,
                .path = at.path,
                .source = file,
                .executable = file->executable,
        };
        return add_row(b, at.root, at.path, bare ? NULL : file->sha256, file->size, err);
}

static int add_scripts(struct builder *b, struct pipseed_error *err)
{
        for (size_t i = 0; i < b->n_scripts; i++) {
                const struct script_name *script = &b->scripts[i];
                const struct plan_file file = {
                        .root = b->locator.same[PLAN_SCRIPTS],
                        .path = script->name,
                        .executable = true,
                        .is_script = true,
                };
                _cleanup_(str_done) struct str text = STR_INIT;
                int r;

                script_add(&text, b->input->target->exe, script->entry, b->input->pip_version);
                r = add_text(b, file, &text, script->n_rows, err);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int add_dist_info(struct builder *b, const char *name, const char *content, struct pipseed_error *err)
{
        const struct plan_file file = {
                .root = PLAN_LIB,
                .path = arena_format(&b->arena, "%s/%s", b->input->wheel->dist_info, name),
                .content = content,
                .content_len = content != NULL ? strlen(content) : 0,
        };

        if (file.path == NULL || content == NULL)
                return error_memory(err);
        return add_content(b, file, 1, err);
}

/* Later wins, as it does on disk: what the wheel brings, then bytecode, then what is generated. */
static int rank(const struct plan_file *file)
{
        const bool generated = file->content != NULL && (file->is_script || file->root == PLAN_LIB);

        return generated ? 2 : file->bytecode_of != NULL ? 1 : 0;
}

static int compare_files(const void *a, const void *b)
{
        const struct plan_file *x = a;
        const struct plan_file *y = b;
        int order = (x->root > y->root) - (x->root < y->root);

        if (order == 0)
                order = strcmp(x->path, y->path);
        return order != 0 ? order : rank(x) - rank(y);
}

/* Sorts the files and leaves the winner of each path. */
static int settle_files(struct builder *b, struct pipseed_error *err)
{
        size_t n = 0;

        sort_runs(b->files, b->n_files, sizeof(*b->files), compare_files);
        for (size_t i = 0; i < b->n_files; i++) {
                const struct plan_file *next = i + 1 < b->n_files ? &b->files[i + 1] : NULL;
                const struct plan_file *file = &b->files[i];

                if (next == NULL || next->root != file->root || strcmp(next->path, file->path) != 0) {
                        b->files[n++] = *file;
                        continue;
                }
                if (rank(next) == 0)
                        return error_set(err, PIPSEED_E_DATA_SCHEME, NULL,
                                         "two members of the wheel would be installed as '%s'",
                                         QUOTE(file->path, strlen(file->path)));
        }
        b->n_files = n;
        return 0;
}

static int add_record(struct builder *b, struct pipseed_error *err)
{
        struct plan_file file = {
                .root = PLAN_LIB,
                .path = arena_format(&b->arena, "%s/RECORD", b->input->wheel->dist_info),
        };
        _cleanup_(str_done) struct str text = STR_INIT;
        int r = record_writer_add(&b->rows, file.path, NULL, 0, err);

        if (r == 0)
                r = record_writer_write(&b->rows, &text, err);
        if (r < 0)
                return r;
        file.content = arena_strndup(&b->arena, text.data, text.len);
        file.content_len = text.len;
        if (file.content == NULL)
                return error_memory(err);
        b->files[b->n_files++] = file;
        return 0;
}

static int add_everything(struct builder *b, struct pipseed_error *err)
{
        int r = 0;

        for (size_t i = 0; i < b->input->wheel->n_files && r == 0; i++)
                r = add_wheel_file(b, i, err);
        if (r == 0)
                r = add_all_bytecode(b, err);
        if (r == 0)
                r = add_scripts(b, err);
        if (r == 0)
                r = add_dist_info(b, "INSTALLER", arena_format(&b->arena, "%s\n", b->input->installer), err);
        if (r == 0 && b->input->requested && b->style->requested)
                r = add_dist_info(b, "REQUESTED", "", err);
        if (r == 0)
                r = add_record(b, err);
        if (r == 0)
                r = settle_files(b, err);
        return r;
}

/* Room for all that can be added, so that adding needs no check: a file and its bytecode for each of the wheel's, the
 * scripts, and INSTALLER, REQUESTED, RECORD. */
static int make_room(struct builder *b, struct pipseed_error *err)
{
        const struct plan_input *input = b->input;
        size_t n_files = input->wheel->n_files * 2 + b->n_scripts + 3;
        size_t n_rows = n_files;

        for (size_t i = 0; i < b->n_scripts; i++)
                n_rows += b->scripts[i].n_rows;
        b->files = arena_calloc(&b->arena, n_files, sizeof(*b->files));
        if (b->files == NULL)
                return error_memory(err);
        return record_writer_init(&b->rows, &b->arena, b->locator.roots[PLAN_LIB], n_rows, err);
}

/* What the caller sees besides the files: RECORD's place and the names in the scripts directory. */
static int finish(struct builder *b, struct plan *plan, struct pipseed_error *err)
{
        const enum plan_root scripts = b->locator.same[PLAN_SCRIPTS];
        const char *record = arena_format(&b->arena, "%s/RECORD", b->input->wheel->dist_info);

        plan->scripts = arena_calloc(&b->arena, b->n_files + 1, sizeof(*plan->scripts));
        if (plan->scripts == NULL || record == NULL)
                return error_memory(err);
        for (size_t i = 0; i < b->n_files; i++) {
                const struct plan_file *file = &b->files[i];

                if (file->root == scripts && file->bytecode_of == NULL)
                        plan->scripts[plan->n_scripts++] = file->path;
                if (file->root == PLAN_LIB && file->content != NULL && strcmp(file->path, record) == 0)
                        plan->record = i;
        }
        memcpy(plan->roots, b->locator.roots, sizeof(plan->roots));
        plan->files = b->files;
        plan->n_files = b->n_files;
        plan->arena = b->arena;
        b->arena = (struct arena){0};
        return 0;
}

int plan_make(const struct plan_input *input, struct plan *ret_plan, struct pipseed_error *err)
{
        _cleanup_(builder_done) struct builder b = {.input = input, .style = pip_quirks_find(input->pip_version)};
        struct plan plan = {0};
        int r = locator_init(&b.locator, &b.arena, input->wheel, input->scheme, err);

        if (r == 0)
                r = script_names(&b.arena, input->wheel, input->scripts, input->target->major, input->target->minor,
                                 input->pip_version, &b.scripts, &b.n_scripts, err);
        if (r == 0)
                r = script_keep(&b.arena, input->wheel, input->listed, input->n_listed, &b.scripts, &b.n_scripts, err);
        if (r == 0)
                r = make_room(&b, err);
        if (r == 0)
                r = add_everything(&b, err);
        if (r == 0)
                r = finish(&b, &plan, err);
        if (r == 0)
                *ret_plan = plan;
        return r;
}

void plan_done(struct plan *plan)
{
        arena_done(&plan->arena);
        *plan = (struct plan){0};
}
