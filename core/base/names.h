/* SPDX-License-Identifier: MIT */
/*
 * names.h - the names in a folder, all but "." and "..", in no order. What readdir(3) could not read is an error here, not the
 * end of the folder.
 *
 *     _cleanup_(names_done) struct names names = NAMES_INIT;
 *     const char *name;
 *     int r = names_open(&names, file_open_dir(path));
 *
 *     while (r == 0 && (name = names_next(&names)) != NULL)
 *             r = do_something(names_fd(&names), name);
 *     return r != 0 ? r : names.error;
 */
#ifndef BASE_NAMES_H
#define BASE_NAMES_H

#include <dirent.h>

struct names {
        DIR *dir;
        int error; /* 0, or the -errno that ended it */
};

#define NAMES_INIT {0}

/* Takes over fd, which has to be open for reading; a negative one is an -errno that is handed on. 0 or -errno. */
int names_open(struct names *names, int fd);
/* NULL: there are no more, or error is set. Valid up to the next call. */
const char *names_next(struct names *names);
/* The folder. */
int names_fd(const struct names *names);
void names_done(struct names *names);

/* Has the folder that fd holds none? 1, 0 or -errno. */
int names_is_empty(int fd);

#endif
