/* SPDX-License-Identifier: MIT */
#include "install/verify/findings.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/path.h"
#include "target/rooted.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void add_folder(struct findings *findings, const char *path)
{
        if (path == NULL)
                return;
        for (size_t i = 0; i < findings->n_folders; i++)
                if (strcmp(findings->folders[i].path, path) == 0)
                        return;
        findings->folders[findings->n_folders++] = (struct findings_folder){.path = path, .fd = -1};
}

void findings_init(struct findings *findings, struct arena *arena, const struct verify_input *input,
                   const struct target_scheme *scheme)
{
        *findings = (struct findings){.arena = arena, .input = input};
        add_folder(findings, input->installed->location);
        for (size_t i = 0; i < PLAN_N_ROOTS; i++)
                add_folder(findings, scheme->dirs[i]);
}

void findings_done(struct findings *findings)
{
        for (size_t i = 0; i < findings->n_folders; i++)
                cleanup_closep(&findings->folders[i].fd);
        findings->n_folders = 0;
}

int findings_add(struct findings *findings, int code, const char *path, struct pipseed_error *err,
                 const char *format, ...)
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
        item->text = arena_strdup(findings->arena, text);
        if (item->path == NULL || item->text == NULL)
                return error_memory(err);
        findings->n++;
        return 0;
}

/* The deepest folder that holds the path. */
static struct findings_folder *find_folder(struct findings *findings, const char *path)
{
        struct findings_folder *best = NULL;
        size_t longest = 0;

        for (size_t i = 0; i < findings->n_folders; i++) {
                const char *folder = findings->folders[i].path;
                const size_t len = strlen(folder);

                if (path_is_below(folder, path) && path[len] == '/' && path[len + 1] != '\0' && len > longest) {
                        best = &findings->folders[i];
                        longest = len;
                }
        }
        return best;
}

static int hold(struct findings *findings, struct findings_folder *folder, struct pipseed_error *err)
{
        _cleanup_free_ char *path = NULL;

        if (folder->fd >= 0 || folder->status != 0)
                return 0;
        folder->status = rooted_resolve(findings->input->target->root, folder->path, &path);
        if (folder->status == 0) {
                folder->fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
                folder->status = folder->fd < 0 ? -errno : 0;
        }
        if (folder->status == 0 || folder->status == -ENOENT || folder->status == -ENOTDIR || folder->status == -EACCES)
                return 0;
        return error_sys(err, folder->status, folder->path, "cannot open the folder");
}

int findings_look(struct findings *findings, const char *path, bool *ret_inside, enum look *ret_look,
                  struct stat *ret_st, int *ret_fd, struct pipseed_error *err)
{
        struct findings_folder *folder = find_folder(findings, path);
        int r;

        *ret_inside = folder != NULL;
        if (folder == NULL)
                return 0;
        r = hold(findings, folder, err);
        if (r < 0)
                return r;
        if (folder->fd < 0) {
                *ret_look = folder->status == -EACCES ? LOOK_DENIED : LOOK_MISSING;
                return 0;
        }
        r = look_open(folder->fd, path + strlen(folder->path) + 1, findings->input->stores, findings->input->n_stores,
                      ret_look, ret_st, ret_fd);
        return r < 0 ? error_sys(err, r, path, "cannot look at the installed file") : 0;
}
