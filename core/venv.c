/* SPDX-License-Identifier: MIT */
/* The story of one environment: where, from what, what it consists of, there in one step. */
#include "venv.h"

#include "base/error.h"
#include "base/event.h"
#include "base/file.h"
#include "base/dir_iter.h"
#include "base/path.h"
#include "base/str.h"
#include "store/store.h"
#include "venv/build.h"
#include "venv/unfinished.h"
#include "venv/update.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void venv_free(struct venv *venv)
{
        if (venv == NULL)
                return;
        txn_free(venv->txn);
        target_free(venv->kept);
        destination_done(&venv->destination);
        base_python_done(&venv->origin);
        arena_done(&venv->arena);
        free(venv);
}

static int find_dir(struct venv *venv, struct pipseed_error *err)
{
        _cleanup_free_ char *dir = path_absolute_here(venv->req->env_dir);

        if (dir == NULL)
                return error_sys(err, errno, venv->req->env_dir, "cannot resolve '%s'", venv->req->env_dir);
        if (strchr(dir, ':') != NULL) {
                (void)error_set(err, PIPSEED_E_BAD_VALUE, dir,
                                "'%s' contains a colon, which separates the directories of PATH", dir);
                return error_hint(err, "choose another directory");
        }
        venv->dir = arena_strdup(&venv->arena, dir);
        return venv->dir != NULL ? 0 : error_memory(err);
}

/* Without a cache the interpreter is asked each time: no reason to fail. */
static char *find_cache(const struct pipseed_request *req)
{
        struct pipseed_error ignored = PIPSEED_ERROR_INIT;
        char *directory = NULL;

        return store_find_dir(req->cache_dir, &directory, &ignored) == 0 ? directory : NULL;
}

static int plan(struct venv *venv, struct pipseed_error *err)
{
        const struct pipseed_create_request *req = venv->req;
        struct base_python *origin = &venv->origin;
        _cleanup_free_ char *cache = find_cache(venv->seeding);
        const struct layout_query query = {.origin = origin,
                                           .req = req,
                                           .finish_later = venv->has_more,
                                           .dir = venv->dir};
        int r = base_python_find(req, cache, origin, err);

        if (r < 0)
                return r;
        if (req->copies && !origin->facts->implementation->can_copy) {
                (void)error_set(err, PIPSEED_E_UNSUPPORTED, origin->exe,
                                "cannot create environments of %s with copies: they need its libraries, too",
                                origin->facts->implementation->title);
                return error_hint(err, "leave out --copies");
        }
        r = layout_make(&venv->arena, &query, &venv->layout, err);
        venv->python = venv->layout.interpreter;
        venv->facts = origin->facts;
        venv->base = origin->base;
        venv->version = origin->version;
        return r;
}

/* Hooks will finish it: until then it says so, should this run be killed. fd: the environment's directory, whose inode
 * it keeps when it is published. */
static int add_note(struct venv *venv, int fd, struct pipseed_error *err)
{
        struct layout *layout = &venv->layout;
        struct layout_entry entry = {LAYOUT_TOP, LAYOUT_FILE, LAYOUT_REPLACE, .name = UNFINISHED_NAME, .mode = 0600};
        _cleanup_(str_done) struct str text = STR_INIT;
        int r;

        if (!venv->has_more)
                return 0;
        if (venv->has_note) /* about another directory, which was not to be had */
                layout->n_entries--;
        venv->has_note = false;
        r = unfinished_write(&text, fd, !venv->req->without_pip, layout->later, layout->later_len);
        if (r < 0)
                return error_sys(err, r, venv->dir, "cannot mark the environment as unfinished");
        if (layout->n_entries == LAYOUT_MAX_ENTRIES)
                return error_set(err, PIPSEED_E_UNSUPPORTED, venv->base, "the base's venv has too many scripts");
        entry.text = arena_strndup(&venv->arena, text.data, text.len);
        entry.len = text.len;
        if (entry.text == NULL)
                return error_memory(err);
        layout->entries[layout->n_entries++] = entry;
        venv->has_note = true;
        return 0;
}

int venv_plan(const struct pipseed_create_request *req, bool has_more, struct venv **ret_venv,
              struct pipseed_error *err)
{
        _cleanup_(venv_freep) struct venv *venv = calloc(1, sizeof(*venv));
        int r;

        if (venv == NULL)
                return error_memory(err);
        venv->req = req;
        venv->seeding = req->seeding;
        venv->has_more = has_more;
        venv->origin = (struct base_python)BASE_PYTHON_INIT;
        venv->destination = (struct destination)DESTINATION_INIT;
        r = find_dir(venv, err);
        if (r == 0)
                r = plan(venv, err);
        if (r < 0)
                return r;
        *ret_venv = steal_ptr(venv);
        return 0;
}

/* Is the interpreter a link that stays (update.h) and that this call would not have made? 1, 0 or -ENOMEM. */
static int has_other_link(const struct venv *venv)
{
        _cleanup_free_ char *path = path_join("bin", path_base(venv->python));
        char text[PATH_MAX];
        struct stat file;
        ssize_t n;

        if (path == NULL)
                return -ENOMEM;
        if (venv->destination.dir_fd < 0)
                return 0;
        n = readlinkat(venv->destination.dir_fd, path, text, sizeof(text) - 1);
        if (n < 0 || fstatat(venv->destination.dir_fd, path, &file, 0) < 0)
                return 0;
        text[n] = '\0';
        return strcmp(text, venv->origin.base) != 0;
}

/* What the interpreter is, where it need not be the origin's. A dry run does not run what a directory happens to
 * name. */
static int look_at_interpreter(struct venv *venv, struct pipseed_error *err)
{
        const struct pipseed_request *req = venv->seeding;
        _cleanup_free_ char *cache = find_cache(req);
        const struct target_query query = {.python = venv->python,
                                           .base_only = true,
                                           .trust = req->trust,
                                           .n_trust = req->n_trust,
                                           .look_only = req->dry_run,
                                           .never_run = req->dry_run,
                                           .cache_dir = cache,
                                           .event = req->event,
                                           .event_data = req->event_data};
        int r = has_other_link(venv);

        if (r <= 0)
                return r < 0 ? error_memory(err) : 0;
        target_free(steal_ptr(venv->kept));
        r = target_find(&query, &venv->kept, err);
        if (r < 0)
                return r;
        venv->facts = venv->kept->facts;
        venv->base = venv->kept->base_exe;
        venv->version =
                arena_format(&venv->arena, "%d.%d.%d", venv->facts->major, venv->facts->minor, venv->facts->micro);
        return venv->version != NULL ? 0 : error_memory(err);
}

int venv_open(struct venv *venv, struct pipseed_error *err)
{
        struct pipseed_error ignored =
                PIPSEED_ERROR_INIT; /* what cannot be used now may be so when its files are new */
        struct destination *destination = &venv->destination;
        struct stat st;
        int r;

        destination->dry_run = venv->seeding->dry_run;
        destination->event = venv->seeding->event;
        destination->event_data = venv->seeding->event_data;
        r = destination_open(destination, venv->dir, err);
        if (r < 0 || !destination->existed)
                return r;
        if (fstatat(destination->dir_fd, "pyvenv.cfg", &st, 0) == 0)
                venv->existed = true;
        else if (errno != ENOENT && errno != ELOOP && errno != EACCES)
                return error_sys(err, errno, venv->dir, "cannot access pyvenv.cfg");
        if (venv->req->clear)
                return clear_check(destination->path, destination->dir_fd, destination->parent_fd, &venv->how, err);
        r = look_at_interpreter(venv, &ignored);
        return r == PIPSEED_E_NO_MEMORY || r == PIPSEED_E_CANCELLED ? (*err = ignored, r) : 0;
}

static int flush(const struct venv *venv, int fd, struct pipseed_error *err)
{
        if (venv->seeding->durable && syncfs(fd) < 0)
                return error_sys(err, errno, venv->dir, "cannot write the environment to the disk");
        return 0;
}

/* 0 made; 1 it has to be made inside the directory that is there. */
static int make_beside(struct venv *venv, struct pipseed_error *err)
{
        struct destination *destination = &venv->destination;
        mode_t mode = 0;
        int r = destination_reserve(destination, err);

        if (r == 0)
                r = add_note(venv, destination->sibling_fd, err);
        if (r == 0)
                r = build_tree(&venv->layout, destination->sibling_fd, destination->path, &mode, err);
        if (r == 0)
                r = flush(venv, destination->sibling_fd, err);
        if (r == 0)
                r = destination_publish(destination, mode, err);
        if (r == 0)
                r = flush(venv, destination->parent_fd, err);
        if (r < 0)
                (void)destination_undo(destination, &(struct pipseed_error){0});
        return r;
}

static int make_inside(struct venv *venv, struct pipseed_error *err)
{
        const struct pipseed_request *req = venv->seeding;
        const struct txn_query query = {.durable = req->durable,
                                        .umask = file_umask(),
                                        .event = req->event,
                                        .event_data = req->event_data};
        const struct update update = {.layout = &venv->layout,
                                      .fd = venv->destination.dir_fd,
                                      .path = venv->destination.path,
                                      .query = &query,
                                      .clear = venv->req->clear && venv->how != CLEAR_NOTHING};
        int r = add_note(venv, venv->destination.dir_fd, err);

        if (r < 0)
                return r;
        venv->was_empty = dir_iter_is_empty(venv->destination.dir_fd) > 0;
        return update_dir(&update, &venv->txn, err);
}

static int make(struct venv *venv, struct pipseed_error *err)
{
        bool beside = !venv->destination.existed || venv->how == CLEAR_REPLACE;
        int r = beside ? make_beside(venv, err) : 1;

        return r > 0 ? make_inside(venv, err) : r;
}

/* What cannot be asked may stay where nothing is to be installed, as in venv. r: why, and err. */
static int keep_unknown(const struct venv *venv, int r, struct pipseed_error *err)
{
        const struct pipseed_request *req = venv->seeding;
        _cleanup_free_ char *text = NULL;

        if (!venv->req->without_pip || (r != PIPSEED_E_PROBE_FAILED && r != PIPSEED_E_BAD_TARGET))
                return r;
        text = str_format("%s was a link before and stays one, although it may not lead to a Python: %s", venv->python,
                          err->message);
        error_clear(err);
        if (text == NULL)
                return error_memory(err);
        return event_tell(req->event, req->event_data, PIPSEED_EVENT_WARNING, text, err);
}

int venv_make(struct venv *venv, struct pipseed_error *err)
{
        int r = make(venv, err);

        if (r < 0 || venv_is_new(venv))
                return r;
        r = look_at_interpreter(venv, err);
        return r < 0 ? keep_unknown(venv, r, err) : 0;
}

/* 0 or -errno. */
static int finish(const struct venv *venv)
{
        const struct layout *layout = &venv->layout;
        int fd = venv->destination.published ? venv->destination.sibling_fd : venv->destination.dir_fd;
        struct stat st;
        int r = 0;

        if (layout->later != NULL)
                r = fstatat(fd, "pyvenv.cfg", &st, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
        if (r == 0 && layout->later != NULL)
                r = file_replace(fd, "pyvenv.cfg", st.st_mode & 07777, layout->later, layout->later_len,
                                 venv->seeding->durable);
        if (r == 0 && unlinkat(fd, UNFINISHED_NAME, 0) < 0 && errno != ENOENT)
                r = -errno;
        return r;
}

/* What hooks installed into an environment that was there stays: a second try is better than a failure now. */
int venv_finish(const struct venv *venv, struct pipseed_error *err)
{
        int r = -EAGAIN;

        if (!venv->has_more)
                return 0;
        for (int tries = 0; tries < 2 && r < 0; tries++)
                r = finish(venv);
        return r < 0 ? error_sys(err, r, venv->dir, "cannot write pyvenv.cfg") : 0;
}

int venv_roll_back(struct venv *venv, struct pipseed_error *err)
{
        const struct destination *destination = &venv->destination;
        int r;

        if (destination->published)
                return destination_undo(&venv->destination, err);
        r = venv->txn != NULL ? txn_revert(venv->txn, err) : 0;
        if (r < 0)
                return r;
        r = venv->was_empty ? destination_empty(destination->dir_fd) : 0;
        return r < 0 ? error_sys(err, r, venv->dir, "cannot empty the directory again") : 0;
}
