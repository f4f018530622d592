/* SPDX-License-Identifier: MIT */
/*
 * floor - what the file system charges for the names: makes the directories of an environment's pip, links or copies
 * its files into them, and does nothing else.
 *
 *     floor link|copy SOURCE DESTINATION LIST [THREADS]
 *
 * LIST has one path a line, relative to both trees: directories, which end in a slash, before what is in them; then
 * files. DESTINATION and the directories that LIST does not name exist. Copies keep mode and mtime.
 */
#include <err.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_THREADS 16

struct work {
        int from, to;
        bool copy;
        char **paths; /* files, those of one directory beside each other */
        size_t n_paths;
};

static char *read_list(const char *name)
{
        int fd = open(name, O_RDONLY | O_CLOEXEC);
        struct stat st;
        char *text;

        if (fd < 0 || fstat(fd, &st) < 0)
                err(1, "%s", name);
        text = malloc((size_t)st.st_size + 1);
        if (text == NULL || read(fd, text, (size_t)st.st_size) != st.st_size)
                err(1, "%s", name);
        text[st.st_size] = '\0';
        (void)close(fd);
        return text;
}

static void copy_file(const struct work *work, const char *path, int dir_fd, const char *name)
{
        int from = openat(work->from, path, O_RDONLY | O_CLOEXEC);
        struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}};
        struct stat st;
        int to;

        if (from < 0 || fstat(from, &st) < 0)
                err(1, "%s", path);
        to = openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, st.st_mode & 0777);
        if (to < 0)
                err(1, "%s", path);
        for (off_t left = st.st_size; left > 0;) {
                ssize_t n = copy_file_range(from, NULL, to, NULL, (size_t)left, 0);

                if (n <= 0)
                        err(1, "%s", path);
                left -= n;
        }
        times[1] = st.st_mtim;
        if (futimens(to, times) < 0 || close(to) < 0)
                err(1, "%s", path);
        (void)close(from);
}

static void *place_files(void *data)
{
        const struct work *work = data;
        const char *directory = "";
        size_t dir_len = 0;
        int dir_fd = -1;

        for (size_t i = 0; i < work->n_paths; i++) {
                char *path = work->paths[i];
                char *slash = strrchr(path, '/');
                size_t len = slash != NULL ? (size_t)(slash - path) : 0;

                if (dir_fd < 0 || len != dir_len || memcmp(directory, path, len) != 0) {
                        if (dir_fd >= 0)
                                (void)close(dir_fd);
                        if (slash != NULL)
                                *slash = '\0';
                        dir_fd = openat(work->to, slash != NULL ? path : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
                        if (dir_fd < 0)
                                err(1, "%s", path);
                        if (slash != NULL)
                                *slash = '/';
                        directory = path;
                        dir_len = len;
                }
                if (work->copy)
                        copy_file(work, path, dir_fd, slash != NULL ? slash + 1 : path);
                else if (linkat(work->from, path, dir_fd, slash != NULL ? slash + 1 : path, 0) < 0)
                        err(1, "%s", path);
        }
        return NULL;
}

/* Makes the directories and leaves the files in paths. Returns how many there are. */
static size_t make_dirs(int to, char *text, char **paths)
{
        size_t n = 0;
        char *save = NULL;

        for (char *path = strtok_r(text, "\n", &save); path != NULL; path = strtok_r(NULL, "\n", &save)) {
                size_t len = strlen(path);

                if (path[len - 1] != '/')
                        paths[n++] = path;
                else if (mkdirat(to, path, 0777) < 0)
                        err(1, "%s", path);
        }
        return n;
}

/* Where the next thread begins: not in the middle of a directory, whose lock only one can have. */
static size_t end_of_dir(char *const *paths, size_t n_paths, size_t at)
{
        for (; at > 0 && at < n_paths; at++) {
                const char *before = strrchr(paths[at - 1], '/');
                const char *here = strrchr(paths[at], '/');

                if (before == NULL || here == NULL || before - paths[at - 1] != here - paths[at] ||
                    memcmp(paths[at - 1], paths[at], (size_t)(here - paths[at])) != 0)
                        break;
        }
        return at;
}

int main(int argc, char **argv)
{
        struct work works[MAX_THREADS];
        pthread_t threads[MAX_THREADS];
        size_t n_threads = argc > 5 ? (size_t)atoi(argv[5]) : 1;
        size_t n_paths, first = 0;
        char *text, **paths;
        int from, to;

        if (argc < 5 || argc > 6 || n_threads < 1 || n_threads > MAX_THREADS)
                errx(2, "usage: floor link|copy SOURCE DESTINATION LIST [THREADS]");
        from = open(argv[2], O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (from < 0)
                err(1, "%s", argv[2]);
        to = open(argv[3], O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (to < 0)
                err(1, "%s", argv[3]);
        text = read_list(argv[4]);
        paths = malloc((strlen(text) / 2 + 1) * sizeof(*paths));
        if (paths == NULL)
                err(1, "malloc");
        n_paths = make_dirs(to, text, paths);
        for (size_t i = 0; i < n_threads; i++) {
                size_t end = i + 1 == n_threads ? n_paths : end_of_dir(paths, n_paths, n_paths * (i + 1) / n_threads);

                works[i] = (struct work){.from = from,
                                         .to = to,
                                         .copy = strcmp(argv[1], "copy") == 0,
                                         .paths = paths + first,
                                         .n_paths = end - first};
                first = end;
                if (i > 0 && pthread_create(&threads[i], NULL, place_files, &works[i]) != 0)
                        errx(1, "pthread_create");
        }
        (void)place_files(&works[0]);
        for (size_t i = 1; i < n_threads; i++)
                (void)pthread_join(threads[i], NULL);
        return 0;
}
