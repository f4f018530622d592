/* SPDX-License-Identifier: MIT */
/* The story of one environment: where, from what, what it consists of, there in one step. */
#include "base/abi.h"
#include "base/arena.h"
#include "base/error.h"
#include "base/file.h"
#include "base/names.h"
#include "base/path.h"
#include "pipseed.h"
#include "store/store.h"
#include "venv/build.h"
#include "venv/clear.h"
#include "venv/layout.h"
#include "venv/origin.h"
#include "venv/spot.h"
#include "venv/unfinished.h"
#include "venv/update.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define REQUEST_MIN_SIZE offsetof(struct pipseed_venv_request, dir) /* all else has a default */

struct creation {
        struct pipseed_venv venv; /* first: what the caller holds */
        struct arena arena;
        struct spot spot;
        struct pipseed_venv_request req;
        struct layout layout;
        enum clear_how how;
        bool was_empty;  /* the folder that is there */
        struct txn *txn; /* what was changed in the folder that is there, or NULL */
};

static void free_creation(struct creation *creation)
{
        if (creation == NULL)
                return;
        txn_free(creation->txn);
        spot_done(&creation->spot);
        arena_done(&creation->arena);
        free(creation);
}
DEFINE_CLEANUP(struct creation *, free_creation)

void pipseed_venv_request_init_size(struct pipseed_venv_request *req, size_t size)
{
        abi_init(req, size);
}

void pipseed_venv_free(struct pipseed_venv *venv)
{
        free_creation((struct creation *)(void *)venv);
}

/* A caller built against an older header has a shorter struct: what it does not know of keeps its default. */
static int copy_request(struct creation *creation, const struct pipseed_venv_request *req, struct pipseed_error *err)
{
        int r;

        pipseed_venv_request_init(&creation->req);
        r = abi_take(&creation->req, sizeof(creation->req), req, REQUEST_MIN_SIZE, "request", err);
        if (r < 0)
                return r;
        if (creation->req.dir == NULL || creation->req.dir[0] == '\0')
                return error_set(err, PIPSEED_E_USAGE, NULL, "the request names no folder");
        if (creation->req.clear && creation->req.upgrade)
                return error_set(err, PIPSEED_E_USAGE, NULL, "clear and upgrade exclude each other");
        return 0;
}

static int find_dir(struct creation *creation, struct pipseed_error *err)
{
        _cleanup_free_ char *dir = path_absolute_here(creation->req.dir);

        if (dir == NULL)
                return error_sys(err, errno, creation->req.dir, "cannot tell where %s is", creation->req.dir);
        if (strchr(dir, ':') != NULL) {
                (void)error_set(err, PIPSEED_E_BAD_VALUE, dir, "%s holds a colon, which separates the folders of PATH",
                                dir);
                return error_hint(err, "choose another folder");
        }
        creation->venv.dir = arena_strdup(&creation->arena, dir);
        return creation->venv.dir != NULL ? 0 : error_memory(err);
}

/* Without a cache the interpreter is asked each time: no reason to fail. */
static char *find_cache(const struct pipseed_venv_request *req)
{
        struct pipseed_error ignored = PIPSEED_ERROR_INIT;
        char *folder = NULL;

        return store_find_folder(req->cache_dir, &folder, &ignored) == 0 ? folder : NULL;
}

static int plan(struct creation *creation, struct pipseed_error *err)
{
        const struct pipseed_venv_request *req = &creation->req;
        _cleanup_(origin_done) struct origin origin = ORIGIN_INIT;
        _cleanup_free_ char *cache = find_cache(req);
        struct layout_query query = {.origin = &origin, .req = req, .dir = creation->venv.dir};
        const char *python = req->python != NULL ? req->python : "python3";
        int r = origin_find(python, cache, req->event, req->event_data, &origin, err);

        if (r < 0)
                return r;
        if (req->copies && origin.traits.pypy_names) {
                (void)error_set(err, PIPSEED_E_UNSUPPORTED, origin.exe,
                                "pipseed does not make environments of PyPy with copies: they need its libraries, too");
                return error_hint(err, "leave --copies out");
        }
        r = layout_make(&creation->arena, &query, &creation->layout, err);
        if (r < 0)
                return r;
        /* The layout points into the origin, which ends here. */
        for (size_t i = 0; i < creation->layout.n_entries; i++) {
                struct layout_entry *entry = &creation->layout.entries[i];

                entry->name = arena_strdup(&creation->arena, entry->name);
                if (entry->kind != LAYOUT_FILE)
                        entry->text = arena_strdup(&creation->arena, entry->text);
                if (entry->name == NULL || entry->text == NULL)
                        return error_memory(err);
        }
        creation->venv.python = creation->layout.interpreter;
        creation->venv.base = arena_strdup(&creation->arena, origin.base);
        creation->venv.version = arena_strdup(&creation->arena, origin.version);
        return creation->venv.base != NULL && creation->venv.version != NULL ? 0 : error_memory(err);
}

/* Hooks will finish it: until then it says so, should this run be killed. */
static int add_note(struct creation *creation, struct pipseed_error *err)
{
        struct layout *layout = &creation->layout;
        struct layout_entry entry = {LAYOUT_TOP, LAYOUT_FILE, LAYOUT_REPLACE, .name = UNFINISHED_NAME, .mode = 0600};
        _cleanup_(str_done) struct str text = STR_INIT;

        unfinished_write(&text, !creation->req.without_pip, layout->later, layout->later_len);
        if (text.failed)
                return error_memory(err);
        if (layout->n_entries == LAYOUT_MAX_ENTRIES)
                return error_set(err, PIPSEED_E_UNSUPPORTED, creation->venv.base, "the base's venv has too many scripts");
        entry.text = arena_strndup(&creation->arena, text.data, text.len);
        entry.len = text.len;
        if (entry.text == NULL)
                return error_memory(err);
        layout->entries[layout->n_entries++] = entry;
        return 0;
}

static int find_spot(struct creation *creation, struct pipseed_error *err)
{
        const struct pipseed_venv_request *req = &creation->req;
        struct spot *spot = &creation->spot;
        int r;

        *spot = (struct spot)SPOT_INIT;
        spot->dry_run = req->dry_run;
        spot->event = req->event;
        spot->event_data = req->event_data;
        r = spot_open(spot, creation->venv.dir, err);
        if (r < 0)
                return r;
        creation->venv.existed = spot->existed;
        if (!req->clear || !spot->existed)
                return 0;
        return clear_check(spot->path, spot->dir_fd, spot->parent_fd, &creation->how, err);
}

static int flush(const struct creation *creation, int fd, struct pipseed_error *err)
{
        if (creation->req.durable && syncfs(fd) < 0)
                return error_sys(err, errno, creation->venv.dir, "cannot write the environment to the disk");
        return 0;
}

/* 0 made; 1 it has to be made inside the folder that is there. */
static int make_beside(struct creation *creation, struct pipseed_error *err)
{
        struct spot *spot = &creation->spot;
        int r = spot_reserve(spot, err);

        if (r == 0)
                r = build_tree(&creation->layout, spot->hidden_fd, spot->path, err);
        if (r == 0)
                r = flush(creation, spot->hidden_fd, err);
        if (r == 0)
                r = spot_publish(spot, err);
        if (r == 0)
                r = flush(creation, spot->parent_fd, err);
        if (r < 0)
                (void)spot_undo(spot, &(struct pipseed_error){0});
        return r;
}

static int make_inside(struct creation *creation, struct pipseed_error *err)
{
        const struct pipseed_venv_request *req = &creation->req;
        const struct txn_query query = {.durable = req->durable, .umask = file_umask(), .event = req->event,
                                        .event_data = req->event_data};
        const struct update update = {.layout = &creation->layout, .fd = creation->spot.dir_fd,
                                      .path = creation->spot.path, .query = &query,
                                      .clear = req->clear && creation->how != CLEAR_NOTHING};

        creation->venv.existed = true;
        creation->was_empty = names_is_empty(creation->spot.dir_fd) > 0;
        return update_folder(&update, &creation->txn, err);
}

static int make(struct creation *creation, struct pipseed_error *err)
{
        bool beside = !creation->spot.existed || creation->how == CLEAR_REPLACE;
        int r = beside ? make_beside(creation, err) : 1;

        return r > 0 ? make_inside(creation, err) : r;
}

int pipseed_venv_create(const struct pipseed_venv_request *req, struct pipseed_venv **ret_venv,
                        struct pipseed_error *err)
{
        _cleanup_(free_creationp) struct creation *creation = calloc(1, sizeof(*creation));
        int r;

        if (creation == NULL)
                return error_memory(err);
        creation->venv.struct_size = sizeof(creation->venv);
        creation->spot = (struct spot)SPOT_INIT;
        r = copy_request(creation, req, err);
        if (r == 0)
                r = find_dir(creation, err);
        if (r == 0)
                r = plan(creation, err);
        if (r == 0 && creation->req.finish_later)
                r = add_note(creation, err);
        if (r == 0)
                r = find_spot(creation, err);
        if (r == 0 && !creation->req.dry_run)
                r = make(creation, err);
        if (r < 0)
                return r;
        *ret_venv = &steal_ptr(creation)->venv;
        return 0;
}

/* 0 or -errno. */
static int finish(const struct creation *creation)
{
        const struct layout *layout = &creation->layout;
        int fd = creation->spot.published ? creation->spot.hidden_fd : creation->spot.dir_fd;
        struct stat st;
        int r = 0;

        if (layout->later != NULL)
                r = fstatat(fd, "pyvenv.cfg", &st, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
        if (r == 0 && layout->later != NULL)
                r = file_replace(fd, "pyvenv.cfg", st.st_mode & 07777, layout->later, layout->later_len,
                                 creation->req.durable);
        if (r == 0 && unlinkat(fd, UNFINISHED_NAME, 0) < 0 && errno != ENOENT)
                r = -errno;
        return r;
}

/* What hooks installed into an environment that was there stays: a second try is better than a failure now. */
int pipseed_venv_finish(struct pipseed_venv *venv, struct pipseed_error *err)
{
        const struct creation *creation = (const struct creation *)(const void *)venv;
        int r = -EAGAIN;

        if (!creation->req.finish_later || creation->req.dry_run)
                return 0;
        for (int tries = 0; tries < 2 && r < 0; tries++)
                r = finish(creation);
        return r < 0 ? error_sys(err, r, creation->venv.dir, "cannot write pyvenv.cfg") : 0;
}

int pipseed_venv_undo(struct pipseed_venv *venv, struct pipseed_error *err)
{
        struct creation *creation = (struct creation *)(void *)venv;
        const struct spot *spot = &creation->spot;
        int r;

        if (spot->published)
                return spot_undo(&creation->spot, err);
        r = creation->txn != NULL ? txn_revert(creation->txn, err) : 0;
        if (r < 0)
                return r;
        r = creation->was_empty && !creation->req.dry_run ? spot_empty(spot->dir_fd) : 0;
        return r < 0 ? error_sys(err, r, creation->venv.dir, "cannot empty the folder again") : 0;
}
