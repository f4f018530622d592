/* SPDX-License-Identifier: MIT */
/*
 * findings.h - the list that verify_installed fills, and the folders of a target that it may look into.
 */
#ifndef INSTALL_FINDINGS_H
#define INSTALL_FINDINGS_H

#include "base/arena.h"
#include "install/verify/look.h"
#include "install/verify/distribution.h"

#define FINDINGS_MAX_FOLDERS (1 + PLAN_N_ROOTS)

struct findings_folder {
        const char *path; /* absolute, unrooted */
        int fd;           /* -1 until it is needed */
        int status;       /* of opening it: 0 or -errno */
};

struct findings {
        struct arena *arena;
        const struct verify_input *input;
        struct findings_folder folders[FINDINGS_MAX_FOLDERS]; /* the first is the location of the dist-info */
        size_t n_folders;
        struct pipseed_finding *items;
        size_t n, capacity;
        size_t n_files; /* listed by RECORD */
};

/* The folders: where the distribution is, and those of the scheme, which is borrowed. */
void findings_init(struct findings *findings, struct arena *arena, const struct verify_input *input,
                   const struct target_scheme *scheme);
/* Closes the folders; the findings stay in the arena. */
void findings_done(struct findings *findings);

/* Adds one; path is absolute and unrooted. PIPSEED_E_NO_MEMORY. */
int findings_add(struct findings *findings, int code, const char *path, struct pipseed_error *err,
                 const char *format, ...)
        __attribute__((format(printf, 5, 6)));

/* look_open for an absolute, unrooted, normalised path. False in ret_inside: it leads out of the folders, and was not
 * opened. Errors: IO. */
int findings_look(struct findings *findings, const char *path, bool *ret_inside, enum look *ret_look,
                  struct stat *ret_st, int *ret_fd, struct pipseed_error *err);

#endif
