/* SPDX-License-Identifier: MIT */
/*
 * findings.h - the list that verify_installed fills, and the directories of a target that it may look into.
 */
#ifndef INSTALL_FINDINGS_H
#define INSTALL_FINDINGS_H

#include "base/arena.h"
#include "install/verify/distribution.h"
#include "install/verify/open_installed.h"
#include "install/verify/verified.h"

#define FINDINGS_MAX_DIRS (1 + PLAN_N_ROOTS)
#define FINDINGS_MAX_GROUPS 8

struct findings_dir {
        const char *path; /* absolute, unrooted */
        int fd;           /* -1 until it is needed */
        int status;       /* of opening it: 0 or -errno */
};

/* Files that have the same wrong with them: one finding. */
struct findings_group {
        int code;
        uid_t uid;        /* INSTALL_OWNER: whose they are */
        const char *path; /* of the first */
        size_t n;
};

/* Files that could not be verified, for one reason. */
struct findings_note {
        const char *reason;
        size_t n;
};

struct findings {
        struct arena *arena;
        const struct verify_input *input;
        struct findings_dir directories[FINDINGS_MAX_DIRS]; /* the first is the location of the dist-info */
        size_t n_dirs;
        struct pipseed_finding *items;
        size_t n, capacity;
        size_t n_files; /* that were looked at: those that RECORD lists, and bytecode of these */
        int parent_fd;  /* of the file that was looked at last, whose path this is; -1: none */
        const char *parent_of;
        uid_t owner;    /* of the environment: of the directory that the dist-info is in */
        mode_t granted; /* its mode */
        struct findings_group groups[FINDINGS_MAX_GROUPS];
        size_t n_groups;
        struct findings_note *notes; /* what is not verified */
        size_t n_notes, note_capacity;
        struct compiled_item *compiled; /* see compiled.h */
        size_t n_compiled, compiled_capacity;
        const char **strange; /* files of a group: absolute, unrooted */
        size_t n_strange, strange_capacity;
};

/* A file. */
struct found {
        bool inside; /* false: it leads out of the directories, and was not opened */
        enum installed_kind look;
        struct stat st;
};

/* The directories: where the distribution is, and those of the scheme, which is borrowed. */
void findings_init(struct findings *findings, struct arena *arena, const struct verify_input *input,
                   const struct target_scheme *scheme);
/* Closes the directories; the findings stay in the arena. */
void findings_done(struct findings *findings);

/* Adds one; path is absolute and unrooted. PIPSEED_E_NO_MEMORY. */
int findings_add(struct findings *findings, int code, const char *path, struct pipseed_error *err, const char *format,
                 ...) __attribute__((format(printf, 5, 6)));

/* open_installed for an absolute, unrooted, normalised path. Errors: IO. */
int findings_open(struct findings *findings, const char *path, struct found *ret_found, int *ret_fd,
                  struct pipseed_error *err);
/* What is there, without its content. */
int findings_find(struct findings *findings, const char *path, struct found *ret_found, struct pipseed_error *err);
/* The held directory of a regular file, borrowed up to the next call; -1: it is none, or behind a link. */
int findings_enter(struct findings *findings, const char *path, struct found *ret_found);
/* The digest of a file, too; it is read unless it was before. ret_content is set for INSTALLED_FILE alone. */
int findings_read(struct findings *findings, const char *path, struct found *ret_found,
                  struct verified_content *ret_content, struct pipseed_error *err);

/* Whose the environment is. Before the first findings_check_owner. */
int findings_find_owner(struct findings *findings, struct pipseed_error *err);
/* Is the file in the environment's own hands alone (store/share.h)? What is not becomes a finding at the end. */
int findings_check_owner(struct findings *findings, const char *path, const struct stat *st, struct pipseed_error *err);
/* The findings of findings_check_owner. */
int findings_add_groups(struct findings *findings, struct pipseed_error *err);

/* Counts a file as not verified. reason is kept. NO_MEMORY. */
int findings_not_verified(struct findings *findings, const char *reason, struct pipseed_error *err);
/* "12: RECORD has no hash; 3: ..." in the arena, NULL when there are none; false: out of memory. */
bool findings_notes(const struct findings *findings, const char **ret_text, size_t *ret_n);

/* Has what the stores know of the wheel taken in (verified.h). */
void findings_load_stores(const struct findings *findings);

#endif
