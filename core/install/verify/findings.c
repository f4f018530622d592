/* SPDX-License-Identifier: MIT */
#include "install/verify/findings.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/path.h"
#include "store/share.h"
#include "target/rooted.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void add_dir(struct findings *findings, const char *path)
{
        if (path == NULL)
                return;
        for (size_t i = 0; i < findings->n_dirs; i++)
                if (strcmp(findings->directories[i].path, path) == 0)
                        return;
        findings->directories[findings->n_dirs++] = (struct findings_dir){.path = path, .fd = -1};
}

void findings_init(struct findings *findings, struct arena *arena, const struct verify_input *input,
                   const struct target_scheme *scheme)
{
        *findings = (struct findings){.arena = arena, .input = input, .parent_fd = -1};
        add_dir(findings, input->installed->location);
        for (size_t i = 0; i < PLAN_N_ROOTS; i++)
                add_dir(findings, scheme->dirs[i]);
}

void findings_done(struct findings *findings)
{
        for (size_t i = 0; i < findings->n_dirs; i++)
                cleanup_closep(&findings->directories[i].fd);
        cleanup_closep(&findings->parent_fd);
        findings->n_dirs = 0;
}

int findings_add(struct findings *findings, int code, const char *path, struct pipseed_error *err, const char *format,
                 ...)
{
        _cleanup_free_ char *rooted = path_rooted(findings->input->target->root, path);
        char text[1024];
        struct pipseed_finding *item;
        va_list arguments;

        va_start(arguments, format);
        (void)vsnprintf(text, sizeof(text), format, arguments);
        va_end(arguments);
        if (rooted == NULL || arena_grow(findings->arena, &findings->items, findings->n, &findings->capacity,
                                         sizeof(*findings->items)) < 0)
                return error_memory(err);
        item = &findings->items[findings->n];
        item->code = code;
        item->path = arena_strdup(findings->arena, rooted);
        item->message = arena_strdup(findings->arena, text);
        if (item->path == NULL || item->message == NULL)
                return error_memory(err);
        findings->n++;
        return 0;
}

/* The deepest directory that holds the path. */
static struct findings_dir *find_dir(struct findings *findings, const char *path)
{
        struct findings_dir *best = NULL;
        size_t longest = 0;

        for (size_t i = 0; i < findings->n_dirs; i++) {
                const char *directory = findings->directories[i].path;
                const size_t len = strlen(directory);

                if (path_is_below(directory, path) && path[len] == '/' && path[len + 1] != '\0' && len > longest) {
                        best = &findings->directories[i];
                        longest = len;
                }
        }
        return best;
}

static int hold(struct findings *findings, struct findings_dir *directory, struct pipseed_error *err)
{
        _cleanup_free_ char *path = NULL;

        if (directory->fd >= 0 || directory->status != 0)
                return 0;
        directory->status = rooted_resolve(findings->input->target->root, directory->path, &path);
        if (directory->status == 0) {
                directory->fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
                directory->status = directory->fd < 0 ? -errno : 0;
        }
        if (directory->status == 0 || directory->status == -ENOENT || directory->status == -ENOTDIR ||
            directory->status == -EACCES)
                return 0;
        return error_sys(err, directory->status, directory->path, "cannot open the directory");
}

int findings_find_owner(struct findings *findings, struct pipseed_error *err)
{
        struct findings_dir *directory = &findings->directories[0];
        struct stat st;
        int r = hold(findings, directory, err);

        if (r < 0 || directory->fd < 0)
                return r;
        if (fstat(directory->fd, &st) < 0)
                return error_sys(err, errno, directory->path, "cannot look at the directory");
        findings->owner = st.st_uid;
        findings->granted = st.st_mode;
        return 0;
}

int findings_open(struct findings *findings, const char *path, struct found *ret_found, int *ret_fd,
                  struct pipseed_error *err)
{
        struct findings_dir *directory = find_dir(findings, path);
        int r;

        ret_found->inside = directory != NULL;
        if (directory == NULL)
                return 0;
        r = hold(findings, directory, err);
        if (r < 0)
                return r;
        if (directory->fd < 0) {
                ret_found->look = directory->status == -EACCES ? INSTALLED_DENIED : INSTALLED_MISSING;
                return 0;
        }
        r = open_installed(directory->fd, path + strlen(directory->path) + 1, findings->input->stores,
                           findings->input->n_stores, &ret_found->look, &ret_found->st, ret_fd);
        return r < 0 ? error_sys(err, r, path, "cannot look at the installed file") : 0;
}

/* Holds the directory of a path: files come in runs. False: it cannot be opened without following a link, or at all. */
static bool enter(struct findings *findings, const char *path)
{
        const struct findings_dir *directory = find_dir(findings, path);
        _cleanup_free_ char *inside = NULL;
        const char *slash;

        if (findings->parent_of != NULL && path_same_dir(findings->parent_of, path))
                return findings->parent_fd >= 0;
        cleanup_closep(&findings->parent_fd);
        findings->parent_of = NULL;
        if (directory == NULL || directory->fd < 0)
                return false;
        slash = strrchr(path, '/');
        if (slash > path + strlen(directory->path))
                inside = strndup(path + strlen(directory->path) + 1,
                                 (size_t)(slash - path) - strlen(directory->path) - 1);
        else
                inside = strdup(".");
        if (inside == NULL)
                return false;
        findings->parent_fd = file_open_beneath(directory->fd, inside, O_PATH | O_DIRECTORY, 0);
        if (findings->parent_fd >= 0)
                findings->parent_of = arena_strdup(findings->arena, path);
        return findings->parent_of != NULL;
}

/* A regular file, by one system call. */
static bool glance(struct findings *findings, const char *path, struct found *ret_found)
{
        if (!enter(findings, path) ||
            fstatat(findings->parent_fd, path_base(path), &ret_found->st, AT_SYMLINK_NOFOLLOW) < 0 ||
            !S_ISREG(ret_found->st.st_mode))
                return false;
        ret_found->inside = true;
        ret_found->look = INSTALLED_FILE;
        return true;
}

int findings_enter(struct findings *findings, const char *path, struct found *ret_found)
{
        return glance(findings, path, ret_found) ? findings->parent_fd : -1;
}

int findings_find(struct findings *findings, const char *path, struct found *ret_found, struct pipseed_error *err)
{
        _cleanup_close_ int fd = -1;

        return glance(findings, path, ret_found) ? 0 : findings_open(findings, path, ret_found, &fd, err);
}

/* 0 or -errno. */
static int read_content(int fd, struct verified_content *ret_content)
{
        ssize_t n;

        do
                n = pread(fd, ret_content->header, sizeof(ret_content->header), 0);
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return -errno;
        ret_content->header_len = (size_t)n;
        return hash_of_fd(fd, ret_content->digest);
}

int findings_read(struct findings *findings, const char *path, struct found *ret_found,
                  struct verified_content *ret_content, struct pipseed_error *err)
{
        struct pipseed_verify_cache *cache = findings->input->cache;
        _cleanup_close_ int fd = -1;
        int r;

        if (glance(findings, path, ret_found) && verified_find(cache, &ret_found->st, ret_content))
                return 0;
        r = findings_open(findings, path, ret_found, &fd, err);
        if (r < 0 || !ret_found->inside || ret_found->look != INSTALLED_FILE ||
            verified_find(cache, &ret_found->st, ret_content))
                return r;
        r = read_content(fd, ret_content);
        if (r < 0)
                return error_sys(err, r, path, "cannot read the installed file");
        verified_add(cache, &ret_found->st, ret_content);
        return 0;
}

void findings_load_stores(const struct findings *findings)
{
        const struct verify_input *input = findings->input;

        for (size_t i = 0; i < input->n_stores; i++)
                verified_load(input->cache, input->stores[i], i >= input->n_own_stores, input->wheel_sha256);
}

/* Is it a file that the store has as well, where that must not be? A link that root asked for is none of these as long as
 * the policy still asks for it. */
static bool is_shared(const struct findings *findings, const struct stat *st)
{
        const struct share_caller *caller = &findings->input->caller;

        if (st->st_nlink < 2 || (findings->owner == caller->uid && share_may_link(caller)))
                return false;
        findings_load_stores(findings);
        return verified_is_stored(findings->input->cache, st);
}

/* Bits of the mode that let somebody write who cannot write the directory; all may never. */
static mode_t excess(const struct findings *findings, mode_t mode)
{
        return mode & SHARE_WRITABLE & ~(findings->granted & S_IWGRP);
}

int findings_check_owner(struct findings *findings, const char *path, const struct stat *st, struct pipseed_error *err)
{
        struct findings_group group = {.n = 1};
        size_t i;

        if (st->st_uid != findings->owner && st->st_uid != 0)
                group.code = PIPSEED_E_INSTALL_OWNER, group.uid = st->st_uid;
        else if (excess(findings, st->st_mode) != 0)
                group.code = PIPSEED_E_INSTALL_MODE;
        else if (is_shared(findings, st))
                group.code = PIPSEED_E_INSTALL_SHARED;
        else
                return 0;
        group.path = arena_strdup(findings->arena, path);
        if (group.path == NULL || arena_grow(findings->arena, &findings->strange, findings->n_strange,
                                             &findings->strange_capacity, sizeof(*findings->strange)) < 0)
                return error_memory(err);
        findings->strange[findings->n_strange++] = group.path;
        for (i = 0; i < findings->n_groups; i++)
                if (findings->groups[i].code == group.code &&
                    (findings->groups[i].uid == group.uid || findings->n_groups == FINDINGS_MAX_GROUPS))
                        break;
        if (i < findings->n_groups)
                findings->groups[i].n++;
        else if (findings->n_groups < FINDINGS_MAX_GROUPS)
                findings->groups[findings->n_groups++] = group;
        return 0;
}

int findings_add_groups(struct findings *findings, struct pipseed_error *err)
{
        for (size_t i = 0; i < findings->n_groups; i++) {
                const struct findings_group *group = &findings->groups[i];
                char more[48] = "";
                int r;

                if (group->n > 1)
                        (void)snprintf(more, sizeof(more), " (and %zu more files)", group->n - 1);
                if (group->code == PIPSEED_E_INSTALL_OWNER)
                        r = findings_add(findings, group->code, group->path, err,
                                         "it belongs to uid %u, the environment to uid %u%s", (unsigned int)group->uid,
                                         (unsigned int)findings->owner, more);
                else if (group->code == PIPSEED_E_INSTALL_MODE)
                        r = findings_add(findings, group->code, group->path, err,
                                         "its mode lets others than its owner write it%s", more);
                else
                        r = findings_add(findings, group->code, group->path, err,
                                         "it is one file with the store's, which must not be shared here%s", more);
                if (r < 0)
                        return r;
        }
        return 0;
}

int findings_not_verified(struct findings *findings, const char *reason, struct pipseed_error *err)
{
        for (size_t i = 0; i < findings->n_notes; i++)
                if (strcmp(findings->notes[i].reason, reason) == 0) {
                        findings->notes[i].n++;
                        return 0;
                }
        if (arena_grow(findings->arena, &findings->notes, findings->n_notes, &findings->note_capacity,
                       sizeof(*findings->notes)) < 0)
                return error_memory(err);
        findings->notes[findings->n_notes++] = (struct findings_note){.reason = reason, .n = 1};
        return 0;
}

bool findings_notes(const struct findings *findings, const char **ret_text, size_t *ret_n)
{
        const char *text = NULL;
        size_t n = 0;

        for (size_t i = 0; i < findings->n_notes; i++) {
                n += findings->notes[i].n;
                text = arena_format(findings->arena, "%s%s%zu (%s)", text != NULL ? text : "", text != NULL ? ", " : "",
                                    findings->notes[i].n, findings->notes[i].reason);
                if (text == NULL)
                        return false;
        }
        *ret_text = text;
        *ret_n = n;
        return true;
}
