/* SPDX-License-Identifier: MIT */
#include "venv/template.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/dir_iter.h"
#include "base/path.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define TEMPLATE_LIMIT ((off_t)1024 * 1024)

/* A file of that size is read in one call; the second that would say that nothing follows is saved. */
static int read_text(struct arena *arena, int fd, const struct stat *st, struct template *template)
{
        char *text;

        if (st->st_size > TEMPLATE_LIMIT)
                return -EFBIG;
        text = arena_alloc(arena, (size_t)st->st_size + 1);
        if (text == NULL)
                return -ENOMEM;
        template->text = text;
        while (template->len < (size_t)st->st_size) {
                ssize_t n = read(fd, text + template->len, (size_t)st->st_size - template->len);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return n < 0 ? -errno : -EIO;
                template->len += (size_t)n;
        }
        return 0;
}

/* 1 read, 0 no file, -errno. */
static int read_template(struct templates *templates, int dir_fd, const char *name, struct template *template)
{
        _cleanup_close_ int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        struct stat st;
        int r;

        if (fd < 0 || fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return 0;
        *template = (struct template){.mode = st.st_mode & 07777, .times = {st.st_atim, st.st_mtim}};
        template->name = arena_strdup(templates->arena, name);
        if (template->name == NULL)
                return -ENOMEM;
        r = read_text(templates->arena, fd, &st, template);
        return r < 0 ? r : 1;
}

static int add_template(struct templates *templates, int dir_fd, const char *name)
{
        struct template template;
        int r = read_template(templates, dir_fd, name, &template);

        if (r <= 0)
                return r;
        if (arena_grow(templates->arena, &templates->items, templates->n_items, &templates->capacity,
                       sizeof(template)) < 0)
                return -ENOMEM;
        templates->items[templates->n_items++] = template;
        return 0;
}

static int read_dir(struct templates *templates, int venv_fd, const char *directory)
{
        _cleanup_(dir_iter_done) struct dir_iter names = DIR_ITER_INIT;
        const char *name;
        int r = dir_iter_open(&names, file_open_dir_at(venv_fd, directory));

        while (r == 0 && (name = dir_iter_next(&names)) != NULL)
                r = add_template(templates, dir_iter_fd(&names), name);
        return r != 0 ? r : names.error;
}

int templates_read(struct templates *templates, int venv_fd, const char *venv_dir, struct pipseed_error *err)
{
        static const char *const directories[] = {"scripts/common", "scripts/posix"};

        for (size_t i = 0; i < ARRAY_SIZE(directories); i++) {
                _cleanup_free_ char *path = path_join(venv_dir, directories[i]);
                int r = path != NULL ? read_dir(templates, venv_fd, directories[i]) : -ENOMEM;

                if (r == -ENOENT) {
                        (void)error_set(err, PIPSEED_E_UNSUPPORTED, path, "the base's venv has no activate scripts");
                        return error_hint(err, "install all of that Python's standard library");
                }
                if (r < 0)
                        return error_sys(err, r, path, "cannot read the base's activate scripts");
        }
        return 0;
}
