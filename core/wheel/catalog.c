/* SPDX-License-Identifier: MIT */
#include "catalog.h"

#include "base/error.h"
#include "base/event.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/dir_iter.h"
#include "base/path.h"
#include "base/str.h"
#include "base/trust.h"
#include "pin.h"
#include "wheel.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

void catalog_done(struct catalog *catalog)
{
        for (size_t i = 0; i < catalog->n_wheels; i++) {
                struct catalog_wheel *wheel = &catalog->wheels[i];

                version_free(wheel->version);
                if (wheel->bundled == NULL) {
                        free((void *)wheel->bytes);
                        free(wheel->requires_python);
                        free(wheel->stranger);
                        free(wheel->stranger_path);
                }
        }
        for (size_t i = 0; i < catalog->n_dir_fds; i++)
                cleanup_closep(&catalog->dir_fds[i]);
        arena_done(&catalog->arena);
        *catalog = (struct catalog){0};
}

struct record_files {
        const struct pipseed_request *req;
        struct catalog *catalog;
        size_t capacity;
};

/* A new last element with its name parsed; the caller fills the rest before the next call. */
static int add(struct record_files *listing, const char *filename, struct catalog_wheel **ret_wheel,
               struct pipseed_error *err)
{
        struct catalog *catalog = listing->catalog;
        struct catalog_wheel *wheel;
        int r;

        if (arena_grow(&catalog->arena, &catalog->wheels, catalog->n_wheels, &listing->capacity,
                       sizeof(*catalog->wheels)) < 0)
                return error_memory(err);
        wheel = &catalog->wheels[catalog->n_wheels];
        *wheel = (struct catalog_wheel){.dir_fd = -1};
        wheel->filename = arena_strdup(&catalog->arena, filename);
        if (wheel->filename == NULL)
                return error_memory(err);
        r = wheel_name_parse(&catalog->arena, filename, &wheel->name, err);
        if (r < 0)
                return r;
        r = version_parse(wheel->name.version, &wheel->version, err);
        if (r < 0)
                return r;
        catalog->n_wheels++;
        *ret_wheel = wheel;
        return 0;
}

static int add_bundle(struct record_files *listing, struct pipseed_error *err)
{
        for (size_t i = 0; i < n_bundle_wheels; i++) {
                const struct bundle_wheel *bundled = &bundle_wheels[i];
                struct catalog_wheel *wheel = NULL;
                int r = add(listing, bundled->filename, &wheel, err);

                if (r < 0)
                        return r;
                wheel->bundled = bundled;
                wheel->bytes = bundled->data;
                wheel->len = bundled->size;
                wheel->is_read = true;
                wheel->knows_python = true;
                wheel->source = "bundled";
                wheel->path = arena_format(&listing->catalog->arena, "bundled/%s", bundled->filename);
                if (wheel->path == NULL)
                        return error_memory(err);
                memcpy(wheel->sha256, bundled->sha256, HASH_SIZE);
                if (bundled->requires_python[0] != '\0')
                        wheel->requires_python = (char *)bundled->requires_python;
        }
        return 0;
}

/* Says why, and clears the error. */
static int pass_over(const struct pipseed_request *req, const char *directory, const char *filename,
                     struct pipseed_error *err)
{
        char text[2048];

        (void)snprintf(text, sizeof(text), "skipping '%s/%s': %s", directory, filename, err->message);
        error_clear(err);
        return event_tell(req->event, req->event_data, PIPSEED_EVENT_NOTE, text, err);
}

static int add_file(struct record_files *listing, const char *directory, int dir_fd, const char *filename,
                    struct pipseed_error *err)
{
        struct catalog_wheel *wheel = NULL;
        int r = add(listing, filename, &wheel, err);

        if (r == PIPSEED_E_WHEEL_NAME || r == PIPSEED_E_BAD_VERSION)
                return pass_over(listing->req, directory, filename, err);
        if (r < 0)
                return r;
        wheel->source = directory;
        wheel->dir_fd = dir_fd;
        wheel->path = arena_format(&listing->catalog->arena, "%s/%s", directory, filename);
        if (wheel->path == NULL)
                return error_memory(err);
        return pin_find(listing->req, wheel, &(const struct pipseed_pin *){NULL}, &wheel->unpinned, err);
}

static int add_dir(struct record_files *listing, const char *directory, int *ret_dir_fd, struct pipseed_error *err)
{
        _cleanup_close_ int dir_fd = file_open_dir(directory);
        _cleanup_(dir_iter_done) struct dir_iter names = DIR_ITER_INIT;
        const char *name;
        int r;

        if (dir_fd < 0) {
                error_sys(err, dir_fd, directory, "cannot read the wheel directory");
                return error_hint(err, "check --wheel-dir and the policy's wheels.dirs (pipseed policy show)");
        }
        r = dir_iter_open(&names, file_open_dir_at(dir_fd, "."));
        *ret_dir_fd = steal_fd(&dir_fd);
        while (r == 0 && (name = dir_iter_next(&names)) != NULL)
                if ((str_ends(name, ".whl") || str_ends(name, ".whlx")) && name[0] != '.')
                        r = add_file(listing, directory, *ret_dir_fd, name, err);
        return names.error < 0 ? error_sys(err, names.error, directory, "cannot read the wheel directory") : r;
}

/* Newest first within a project; the same wheel in two places: the bundle, then the earlier directory. */
static int by_name(const void *a, const void *b)
{
        const struct catalog_wheel *left = a;
        const struct catalog_wheel *right = b;
        int order = strcmp(left->name.project, right->name.project);

        if (order == 0)
                order = version_compare(right->version, left->version);
        if (order == 0)
                order = strcmp(left->filename, right->filename);
        if (order == 0)
                order = (left->dir_fd > right->dir_fd) - (left->dir_fd < right->dir_fd);
        return order;
}

int catalog_open(const struct pipseed_request *req, struct catalog *ret_catalog, struct pipseed_error *err)
{
        _cleanup_(catalog_done) struct catalog catalog = {.req = req};
        struct record_files listing = {.req = req, .catalog = &catalog};
        int r = req->bundled ? add_bundle(&listing, err) : 0;

        if (r < 0)
                return r;
        catalog.dir_fds = arena_calloc(&catalog.arena, req->n_wheel_dirs + 1, sizeof(*catalog.dir_fds));
        if (catalog.dir_fds == NULL)
                return error_memory(err);
        for (size_t i = 0; i < req->n_wheel_dirs; i++) {
                catalog.dir_fds[i] = -1;
                catalog.n_dir_fds = i + 1;
                r = add_dir(&listing, req->wheel_dirs[i], &catalog.dir_fds[i], err);
                if (r < 0)
                        return r;
        }
        if (catalog.n_wheels > 0)
                qsort(catalog.wheels, catalog.n_wheels, sizeof(*catalog.wheels), by_name);
        *ret_catalog = catalog;
        catalog = (struct catalog){0};
        return 0;
}

/* Can somebody other than root and the caller have written what was read, or given it this name? Asked of the
 * descriptor that was read, and of each directory on the way to it. */
static int find_untrusted_owner(struct catalog_wheel *wheel, int fd, struct pipseed_error *err)
{
        const struct trust_rule rule = trust_rule_caller();
        _cleanup_free_ char *path = path_absolute_here(wheel->path);
        _cleanup_free_ char *directory = path != NULL ? path_dir(path) : NULL;
        struct trust_result result;
        char why[128];
        int r;

        if (directory == NULL)
                return error_sys(err, errno, wheel->path, "cannot resolve '%s'", wheel->path);
        free(steal_ptr(wheel->stranger)); /* it was read before */
        free(steal_ptr(wheel->stranger_path));
        r = trust_check_fd(fd, path, &rule, &result);
        /* Into a sticky directory others can put wheels of their own. */
        if (r == 0 && result.fault == TRUST_OK)
                r = trust_check_fd(wheel->dir_fd, directory, &rule, &result);
        if (r < 0)
                return error_sys(err, r, wheel->path, "cannot access the wheel");
        if (result.fault == TRUST_OK)
                return 0;
        trust_describe(&result, why, sizeof(why));
        wheel->is_writable = result.fault == TRUST_WRITABLE;
        wheel->stranger_path = strdup(result.fault_path);
        wheel->stranger = strdup(why);
        return wheel->stranger_path != NULL && wheel->stranger != NULL ? 0 : error_memory(err);
}

static int read_file(struct catalog_wheel *wheel, struct pipseed_error *err)
{
        /* O_NONBLOCK: a FIFO in a file's place must not hang us. */
        _cleanup_close_ int fd = openat(wheel->dir_fd, wheel->filename, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        _cleanup_free_ char *bytes = NULL;
        size_t len = 0;
        int r = fd < 0 ? -errno : file_read_fd(fd, WHEEL_MAX_PACKED, &bytes, &len);

        if (r == -EFBIG)
                return error_set(err, PIPSEED_E_ZIP_BOMB, wheel->path, "the wheel is larger than %zu MiB",
                                 WHEEL_MAX_PACKED >> 20);
        if (r < 0)
                return error_sys(err, r, wheel->path, "cannot read the wheel");
        free(steal_ptr(wheel->requires_python));
        r = wheel_requires_python(wheel->filename, bytes, len, wheel->path, &wheel->requires_python, err);
        if (r < 0)
                return r;
        wheel->knows_python = true;
        r = find_untrusted_owner(wheel, fd, err);
        if (r < 0)
                return r;
        hash_of(bytes, len, wheel->sha256);
        wheel->len = len;
        wheel->bytes = steal_ptr(bytes);
        wheel->is_read = true;
        return 0;
}

int catalog_read(struct catalog_wheel *wheel, const void **ret_bytes, size_t *ret_len, struct pipseed_error *err)
{
        int r = wheel->is_read ? 0 : read_file(wheel, err);

        if (r < 0)
                return r;
        *ret_bytes = wheel->bytes;
        *ret_len = wheel->len;
        return 0;
}

void catalog_forget(struct catalog_wheel *wheel)
{
        if (wheel->bundled != NULL)
                return;
        free((void *)wheel->bytes);
        wheel->bytes = NULL;
        wheel->is_read = false;
}

static int admits_python(struct catalog_wheel *wheel, const struct version *python, bool *ret_yes,
                         struct pipseed_error *err)
{
        _cleanup_(specifier_freep) struct specifier *requires_python = NULL;
        const void *bytes;
        size_t len;
        int r = wheel->knows_python ? 0 : catalog_read(wheel, &bytes, &len, err);

        if (r < 0)
                return r;
        *ret_yes = true;
        if (wheel->requires_python == NULL)
                return 0;
        r = specifier_parse(wheel->requires_python, &requires_python, err);
        if (r < 0)
                return r;
        *ret_yes = specifier_admits(requires_python, python, SPECIFIER_PRE_YES);
        return 0;
}

/* pip compares build tags as (leading number, rest). */
static int compare_builds(const char *a, const char *b)
{
        long left, right;

        if (a == NULL || b == NULL)
                return (a != NULL) - (b != NULL);
        left = strtol(a, NULL, 10);
        right = strtol(b, NULL, 10);
        return left != right ? (left > right) - (left < right) : strcmp(a, b);
}

struct choice {
        struct catalog_wheel *wheel;
        int rank;
};

/* The newest come first: once one is chosen, only its own version is still of interest. */
static bool is_older(const struct choice *choice, const struct catalog_wheel *wheel)
{
        return choice->wheel != NULL && version_compare(wheel->version, choice->wheel->version) != 0;
}

/* Is the candidate, of the same version as the choice so far, the better one? */
static bool is_better(const struct choice *choice, const struct catalog_wheel *wheel, int rank)
{
        if (choice->wheel == NULL)
                return true;
        if (rank != choice->rank)
                return rank < choice->rank;
        return compare_builds(wheel->name.build, choice->wheel->name.build) > 0;
}

/* As far as its name says, which is asked before it is read. */
static bool fits_by_name(const struct catalog_wheel *wheel, const struct catalog_question *question,
                         enum specifier_pre pre, int *ret_rank)
{
        if (strcmp(wheel->name.project, question->project) != 0 ||
            !specifier_admits(question->specifier, wheel->version, pre))
                return false;
        *ret_rank = tag_rank(question->tags, wheel->name.python, wheel->name.abi, wheel->name.platform);
        return *ret_rank >= 0;
}

static bool is_unsupported(int code)
{
        return code == PIPSEED_E_ZIP_METHOD || code == PIPSEED_E_WHEEL_VERSION;
}

/* Keeps the bytes of the choice, and of no other. */
static int try_wheel(const struct catalog *catalog, struct catalog_wheel *wheel, const struct version *python, int rank,
                     struct choice *choice, struct pipseed_error *err)
{
        bool admits = false;
        int r = admits_python(wheel, python, &admits, err);

        if (r < 0 && is_unsupported(r)) {
                wheel->unsupported = true;
                return pass_over(catalog->req, wheel->source, wheel->filename, err);
        }
        if (r < 0)
                return r;
        if (!admits) {
                catalog_forget(wheel);
                return 0;
        }
        if (choice->wheel != NULL)
                catalog_forget(choice->wheel);
        *choice = (struct choice){.wheel = wheel, .rank = rank};
        return 0;
}

static int find_best(struct catalog *catalog, const struct catalog_question *question, enum specifier_pre pre,
                     struct choice *choice, struct pipseed_error *err)
{
        _cleanup_(version_freep) struct version *python = NULL;
        int r = version_parse(question->python_version, &python, err);

        for (size_t i = 0; r == 0 && i < catalog->n_wheels; i++) {
                struct catalog_wheel *wheel = &catalog->wheels[i];
                int rank = -1;

                if (!wheel->unpinned && !wheel->unsupported && !is_older(choice, wheel) &&
                    fits_by_name(wheel, question, pre, &rank) && is_better(choice, wheel, rank))
                        r = try_wheel(catalog, wheel, python, rank, choice, err);
        }
        return r;
}

/* What would fit but for this: the error names it. 0: there is none. */
static int explain_choice(struct catalog *catalog, const struct catalog_question *question, struct pipseed_error *err)
{
        int rank;

        for (size_t i = 0; i < catalog->n_wheels; i++) {
                struct catalog_wheel *wheel = &catalog->wheels[i];
                const void *bytes;
                size_t len;

                if (!fits_by_name(wheel, question, SPECIFIER_PRE_YES, &rank))
                        continue;
                if (wheel->unsupported)
                        return catalog_read(wheel, &bytes, &len, err);
                if (!wheel->unpinned)
                        continue;
                error_set(err, PIPSEED_E_UNPINNED, wheel->path,
                          "the policy pins only other files of %s, none of which is compatible: this one is not pinned",
                          question->project);
                return error_hint(err, "add its sha256 to the policy's [sha256] section");
        }
        return 0;
}

static int nothing_fits(const struct catalog *catalog, const struct catalog_question *question,
                        struct pipseed_error *err)
{
        _cleanup_(str_done) struct str seen = STR_INIT;

        for (size_t i = 0; i < catalog->n_wheels; i++) {
                const struct catalog_wheel *wheel = &catalog->wheels[i];

                if (strcmp(wheel->name.project, question->project) != 0)
                        continue;
                str_printf(&seen, "%s%s (%s%s%s)", seen.len > 0 ? ", " : "", wheel->name.version, wheel->source,
                           wheel->requires_python != NULL ? ", Python " : "",
                           wheel->requires_python != NULL ? wheel->requires_python : "");
        }
        error_set(err, PIPSEED_E_NO_WHEEL, NULL, "no wheel of %s%s%s is compatible with Python %s; available: %s",
                  question->project, question->specifier_text != NULL && question->specifier_text[0] != '\0' ? " " : "",
                  question->specifier_text != NULL ? question->specifier_text : "", question->python_version,
                  seen.len > 0 ? seen.data : "none");
        return error_hint(err, "put a compatible wheel into a directory and name it with --wheel-dir (wheels.dirs)");
}

int catalog_choose(struct catalog *catalog, const struct catalog_question *question, struct catalog_wheel **ret_wheel,
                   struct pipseed_error *err)
{
        struct choice choice = {0};
        int r = find_best(catalog, question, SPECIFIER_PRE_AUTO, &choice, err);

        /* PEP 440: pre-releases when nothing else is there. */
        if (r == 0 && choice.wheel == NULL)
                r = find_best(catalog, question, SPECIFIER_PRE_YES, &choice, err);
        if (r < 0)
                return r;
        if (choice.wheel == NULL)
                r = explain_choice(catalog, question, err);
        if (choice.wheel == NULL)
                return r < 0 ? r : nothing_fits(catalog, question, err);
        *ret_wheel = choice.wheel;
        return 0;
}

int catalog_admit(const struct pipseed_request *req, struct catalog_wheel *wheel, struct pipseed_error *err)
{
        const struct pipseed_pin *pin = NULL;
        const char *why = NULL;
        uint8_t pinned[HASH_SIZE];
        const void *bytes;
        size_t len;
        int r = pin_find(req, wheel, &pin, &wheel->unpinned, err);

        if (r == 0)
                r = catalog_read(wheel, &bytes, &len, err);
        if (r < 0)
                return r;
        if (pin != NULL) {
                if (hash_from_hex(pin->sha256, strlen(pin->sha256), pinned) &&
                    memcmp(pinned, wheel->sha256, HASH_SIZE) == 0)
                        return 0;
                error_set(err, PIPSEED_E_WHEEL_HASH, wheel->path,
                          "the wheel is not the one that the policy pins: its sha256 differs from %s", pin->sha256);
                return error_hint(err, "download the wheel again, or correct [sha256] %s (pipseed policy show)",
                                  wheel->filename);
        }
        if (wheel->unpinned) {
                error_set(err, PIPSEED_E_UNPINNED, wheel->path,
                          "the wheel is not one of those of %s that the policy pins", wheel->name.project);
                return error_hint(err, "add its sha256 to the policy's [sha256] section");
        }
        if (wheel->bundled != NULL || req->require_hash == PIPSEED_REQUIRE_HASH_NO)
                return 0;
        if (req->require_hash == PIPSEED_REQUIRE_HASH_YES)
                why = "wheels.require-hash = yes";
        else
                why = wheel->stranger;
        if (why == NULL)
                return 0;
        if (why != wheel->stranger) {
                error_set(err, PIPSEED_E_UNPINNED, wheel->path, "the wheel is not pinned by a hash in the policy: %s",
                          why);
                return error_hint(err, "add its sha256 to the policy's [sha256] section");
        }
        error_set(err, PIPSEED_E_UNPINNED, wheel->path, "the wheel is not pinned by a hash in the policy: '%s' %s",
                  wheel->stranger_path, why);
        if (wheel->is_writable)
                return error_hint(err,
                                  "run: chmod go-w %s; or add its sha256 to the policy's [sha256] section, or set "
                                  "wheels.require-hash = no",
                                  SHELL_WORD(wheel->stranger_path));
        return error_hint(err, "add its sha256 to the policy's [sha256] section, or set wheels.require-hash = no");
}
