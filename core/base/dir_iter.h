/* SPDX-License-Identifier: MIT */
/*
 * dir_iter.h - the names in a directory, all but "." and "..", in no order. What readdir(3) could not read is an error here, not the
 * end of the directory.
 *
 *     _cleanup_(dir_iter_done) struct dir_iter names = DIR_ITER_INIT;
 *     const char *name;
 *     int r = dir_iter_open(&names, file_open_dir(path));
 *
 *     while (r == 0 && (name = dir_iter_next(&names)) != NULL)
 *             r = do_something(dir_iter_fd(&names), name);
 *     return r != 0 ? r : names.error;
 */
#ifndef BASE_DIR_ITER_H
#define BASE_DIR_ITER_H

#include <dirent.h>

struct dir_iter {
        DIR *dir;
        int error;          /* 0, or the -errno that ended it */
        unsigned char type; /* of the last name: DT_REG, DT_DIR, DT_LNK ...; DT_UNKNOWN: the file system does not say */
};

#define DIR_ITER_INIT                                                                                                  \
        {                                                                                                              \
                0                                                                                                      \
        }

/* Takes over fd, which has to be open for reading; a negative one is an -errno that is handed on. 0 or -errno. */
int dir_iter_open(struct dir_iter *names, int fd);
/* NULL: there are no more, or error is set. Valid up to the next call. */
const char *dir_iter_next(struct dir_iter *names);
/* The directory. */
int dir_iter_fd(const struct dir_iter *names);
void dir_iter_done(struct dir_iter *names);

/* Has the directory that fd holds none? 1, 0 or -errno. */
int dir_iter_is_empty(int fd);

#endif
