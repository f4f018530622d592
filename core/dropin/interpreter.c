/* SPDX-License-Identifier: MIT */
#include "dropin/interpreter.h"

#include "base/abi.h"
#include "base/error.h"
#include "base/event.h"
#include "base/file.h"
#include "base/lock.h"
#include "base/path.h"
#include "base/str.h"
#include "dropin/owner.h"
#include "store/store.h"
#include "target/facts.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#define REQUEST_MIN_SIZE offsetof(struct pipseed_dropin_request, python) /* all else has a default */

void dropin_free(struct dropin *dropin)
{
        if (dropin == NULL)
                return;
        cleanup_closep(&dropin->stdlib_fd);
        package_text_done(&dropin->text);
        package_mark_done(&dropin->mark);
        target_free(dropin->target);
        arena_done(&dropin->arena);
        free(dropin);
}

static int find_target(struct dropin *dropin, enum dropin_purpose purpose, struct pipseed_error *err)
{
        struct pipseed_error ignored = PIPSEED_ERROR_INIT;
        _cleanup_free_ char *cache = NULL;
        const struct pipseed_dropin_request *req = &dropin->req;
        struct target_query query = {.python = req->python,
                                     .base_only = true,
                                     .trust = req->trust,
                                     .n_trust = req->n_trust,
                                     .is_choice = purpose == DROPIN_ENABLE && req->python != NULL,
                                     .look_only = purpose == DROPIN_LOOK || req->dry_run,
                                     .event = req->event,
                                     .event_data = req->event_data};

        /* Without a cache the interpreter is asked each time: no reason to fail. */
        if (store_find_dir(req->cache_dir, &cache, &ignored) == 0)
                query.cache_dir = cache;
        return target_find(&query, &dropin->target, err);
}

static int name_paths(struct dropin *dropin, struct pipseed_error *err)
{
        const struct facts *facts = dropin->target->facts;
        struct pipseed_dropin *out = &dropin->dropin;
        struct arena *arena = &dropin->arena;
        char real[PATH_MAX];

        if (facts->stdlib == NULL || realpath(facts->stdlib, real) == NULL) {
                (void)error_set(err, PIPSEED_E_UNSUPPORTED, facts->stdlib,
                                "%s has no directory with its standard library", dropin->target->base_exe);
                return error_hint(err, "a drop-in ensurepip needs one that is not in an archive");
        }
        out->python = dropin->target->base_exe;
        out->version = arena_format(arena, "%d.%d.%d", facts->major, facts->minor, facts->micro);
        out->stdlib = arena_strdup(arena, real);
        out->ensurepip_dir = arena_format(arena, "%s/" PACKAGE_NAME, real);
        return out->version == NULL || out->stdlib == NULL || out->ensurepip_dir == NULL ? error_memory(err) : 0;
}

int dropin_begin(enum dropin_purpose purpose, const struct pipseed_dropin_request *req, struct dropin **ret_dropin,
                 struct pipseed_error *err)
{
        _cleanup_(dropin_freep) struct dropin *dropin = calloc(1, sizeof(*dropin));
        int r;

        if (dropin == NULL)
                return error_memory(err);
        dropin->stdlib_fd = -1;
        dropin->dropin.struct_size = sizeof(dropin->dropin);
        pipseed_dropin_request_init(&dropin->req);
        r = abi_take(&dropin->req, sizeof(dropin->req), req, REQUEST_MIN_SIZE, "request", err);
        if (r == 0)
                r = find_target(dropin, purpose, err);
        if (r == 0)
                r = name_paths(dropin, err);
        if (r == 0 && dropin->req.template_dir != NULL && dropin->req.command != NULL)
                r = package_render(dropin->req.template_dir, dropin->req.command, &dropin->text, err);
        if (r < 0)
                return r;
        dropin->stdlib_fd = file_open_dir(dropin->dropin.stdlib);
        if (dropin->stdlib_fd < 0 || fstat(dropin->stdlib_fd, &dropin->st) < 0)
                return error_sys(err, errno, dropin->dropin.stdlib, "cannot open the standard library's directory");
        *ret_dropin = steal_ptr(dropin);
        return 0;
}

/* What is in the package's place belongs to whom? A file of it, whatever an upgrade or a drop-in left of them. */
int dropin_find_owner(struct dropin *dropin, struct pipseed_error *err)
{
        _cleanup_free_ char *file = path_join(dropin->dropin.ensurepip_dir, package_files[0]);
        _cleanup_free_ char *owner = NULL;
        int r = file != NULL ? owner_find(file, &owner) : -ENOMEM;

        if (r < 0)
                return error_sys(err, r, file, "cannot tell which package a file belongs to");
        if (r == 0)
                return 0;
        dropin->dropin.system_package = arena_strdup(&dropin->arena, owner);
        return dropin->dropin.system_package != NULL ? 0 : error_memory(err);
}

static enum pipseed_dropin_state judge(const struct dropin *dropin)
{
        const struct swap *swap = &dropin->swap;

        if (swap_is_interrupted(swap))
                return PIPSEED_DROPIN_INTERRUPTED;
        if (swap->package == PACKAGE_OURS)
                return swap->kept == PACKAGE_NONE && dropin->mark.has_original ? PIPSEED_DROPIN_BACKUP_MISSING
                                                                               : PIPSEED_DROPIN_ENABLED;
        if (swap->package == PACKAGE_MIXED || swap->kept != PACKAGE_NONE)
                return PIPSEED_DROPIN_OVERWRITTEN;
        return swap->package == PACKAGE_FOREIGN ? PIPSEED_DROPIN_DISABLED : PIPSEED_DROPIN_ABSENT;
}

static int read_mark(struct dropin *dropin, struct pipseed_error *err)
{
        struct pipseed_dropin *out = &dropin->dropin;
        int r;

        package_mark_done(&dropin->mark);
        r = package_read_mark(dropin->stdlib_fd, PACKAGE_NAME, &dropin->mark);
        if (r == -ENOMEM)
                return error_memory(err);
        if (r < 0) /* damaged: an enable rewrites it */
                return 0;
        out->command = arena_strdup(&dropin->arena, dropin->mark.command);
        out->command_version = arena_strdup(&dropin->arena, dropin->mark.version);
        out->command_missing = access(dropin->mark.command, X_OK) < 0;
        return out->command != NULL && out->command_version != NULL ? 0 : error_memory(err);
}

/* Fills in what depends on what is there now. */
int dropin_look(struct dropin *dropin, struct pipseed_error *err)
{
        struct pipseed_dropin *out = &dropin->dropin;
        int r = swap_look(dropin->stdlib_fd, &dropin->swap);

        if (r < 0)
                return error_sys(err, r, out->ensurepip_dir, "cannot look at the interpreter's ensurepip");
        out->command = out->command_version = out->backup = NULL;
        out->command_missing = out->up_to_date = false;
        if (dropin->swap.package == PACKAGE_OURS) {
                r = read_mark(dropin, err);
                if (r < 0)
                        return r;
                out->up_to_date = dropin->text.data[0] != NULL && out->command_version != NULL &&
                                  strcmp(out->command_version, PIPSEED_VERSION) == 0 &&
                                  package_matches(dropin->stdlib_fd, PACKAGE_NAME, &dropin->text);
        }
        if (dropin->swap.kept != PACKAGE_NONE) {
                out->backup = arena_format(&dropin->arena, "%s/" PACKAGE_KEPT, out->stdlib);
                if (out->backup == NULL)
                        return error_memory(err);
        }
        out->state = judge(dropin);
        return 0;
}

/* The new package appears beside the old one while a run works. */
static bool is_at_work(int stdlib_fd)
{
        struct stat st;

        return fstatat(stdlib_fd, PACKAGE_NEW, &st, AT_SYMLINK_NOFOLLOW) == 0 && lock_is_recent(&st);
}

int dropin_lock(struct dropin *dropin, struct pipseed_error *err)
{
        int r = lock_wait_dir(dropin->stdlib_fd, is_at_work, "waiting for another run that works on this interpreter",
                              dropin->req.event, dropin->req.event_data);

        if (r == -ECANCELED)
                return error_cancelled(err);
        if (r < 0)
                return error_set(err, PIPSEED_E_BUSY, dropin->dropin.stdlib,
                                 "another run has been working on this interpreter for more than %d s", LOCK_WAIT_S);
        return 0; /* also where locks do not work: the renames alone decide */
}

int dropin_announce(const struct dropin *dropin, const char *doing, struct pipseed_error *err)
{
        _cleanup_free_ char *text = str_format("%s %s", doing, dropin->dropin.ensurepip_dir);

        if (text == NULL)
                return error_memory(err);
        return event_tell(dropin->req.event, dropin->req.event_data, PIPSEED_EVENT_DETAIL, text, err);
}
