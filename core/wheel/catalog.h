/* SPDX-License-Identifier: MIT */
/*
 * catalog.h - the available wheels, and which of them an interpreter gets.
 *
 *     struct catalog catalog = {0};
 *
 *     r = catalog_open(req, &catalog, err);
 *     r = catalog_choose(&catalog, &question, &wheel, err);       the newest that fits
 *     r = catalog_admit(req, wheel, err);                         reads it, checks pins and trust, sets its sha256
 *     catalog_done(&catalog);
 *
 * Choosing follows pip's finder: highest version first (no pre-release unless the specifier names one or nothing else
 * is there), then the more specific tag, then the higher build tag.
 */
#ifndef WHEEL_CATALOG_H
#define WHEEL_CATALOG_H

#include "base/arena.h"
#include "base/hash.h"
#include "name.h"
#include "pipseed.h"
#include "tag.h"
#include "version.h"
#include "wheels/bundle.h"

struct catalog_wheel {
        struct wheel_name name;
        const char *filename;
        const char *source; /* "bundled", or the directory as given */
        const char *path;   /* of the file, for messages: "bundled/NAME" for the bundle */
        struct version *version;
        const struct bundle_wheel *bundled; /* or NULL */
        const void *bytes;                  /* NULL until read */
        size_t len;
        uint8_t sha256[HASH_SIZE]; /* known for bundled wheels, else once read */
        char *requires_python;     /* likewise; NULL: none */
        bool is_read;
        /* Of a file, once read: why a stranger could have written it ("belongs to uid 7") and which path that is said
         * of; NULL: none could. is_writable: it is the mode. */
        char *stranger, *stranger_path;
        bool is_writable;
        bool knows_python; /* it was read once: requires_python is known, though its bytes may have been forgotten */
        bool unsupported;  /* passed over, which was said: compressed or laid out in a way that is not supported */
        bool unpinned;     /* its project has pins, and none is for this file */
        int dir_fd;        /* the directory, held; -1 for the bundle */
};

struct catalog {
        struct arena arena;
        const struct pipseed_request *req;
        struct catalog_wheel *wheels;
        size_t n_wheels;
        int *dir_fds;
        size_t n_dir_fds;
};

struct catalog_question {
        const char *project; /* normalised */
        const struct specifier *specifier;
        const char *specifier_text; /* for messages, may be NULL */
        const struct tag_facts *tags;
        const char *python_version; /* of the target: "3.13.0" */
};

/* Lists what the bundle and the directories offer: names only, except that a directory that cannot be read is an error
 * (NO_WHEEL). Files that are no wheels are passed over; a *.whl whose name is malformed and a *.whlx are passed over
 * with an event. req outlives the catalog. */
int catalog_open(const struct pipseed_request *req, struct catalog *ret_catalog, struct pipseed_error *err);
void catalog_done(struct catalog *catalog);

/* The wheel that fits best. PIPSEED_E_NO_WHEEL says what was looked for and what was there. A project that has a pin is
 * chosen from pinned files and the bundle only (UNPINNED: only others fit), whatever the spelling of their names: pins
 * are for the project, version, build and tags that the names say. Reads wheels of directories whose tags and pins fit,
 * one at a time: only the bytes of the chosen one are kept. One that is compressed or laid out in a way that is not
 * supported is passed over with an event, or is the error when nothing else fits. */
int catalog_choose(struct catalog *catalog, const struct catalog_question *question, struct catalog_wheel **ret_wheel,
                   struct pipseed_error *err);

/* May this wheel be installed under the request's pins and require_hash? WHEEL_HASH, UNPINNED. Reads it when it is a
 * directory's. */
int catalog_admit(const struct pipseed_request *req, struct catalog_wheel *wheel, struct pipseed_error *err);

/* The wheel's bytes; they live as long as the catalog, or until catalog_forget. */
int catalog_read(struct catalog_wheel *wheel, const void **ret_bytes, size_t *ret_len, struct pipseed_error *err);
/* Gives back the memory of a directory's wheel; what is known of it stays. */
void catalog_forget(struct catalog_wheel *wheel);

#endif
