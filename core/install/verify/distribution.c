/* SPDX-License-Identifier: MIT */
#include "install/verify/distribution.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/event.h"
#include "base/file.h"
#include "base/path.h"
#include "base/str.h"
#include "install/plan/locate.h"
#include "install/plan/script.h"
#include "install/verify/compiled.h"
#include "install/verify/findings.h"
#include "install/verify/record_files.h"
#include "install/verify/own.h"
#include "wheel/record.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MAX_RECORD ((size_t)16 << 20)

static const struct {
        enum installed_kind look;
        int code;
        const char *text;
} look_findings[] = {
        {INSTALLED_MISSING, PIPSEED_E_INSTALL_MISSING, "RECORD lists it, but it is missing"},
        {INSTALLED_LINK, PIPSEED_E_INSTALL_LINK, "a symbolic link where a regular file should be"},
        {INSTALLED_BLOCKED, PIPSEED_E_INSTALL_LINK, "a symbolic link is in the place of a directory on the path to it"},
        {INSTALLED_SPECIAL, PIPSEED_E_INSTALL_LINK, "not a regular file"},
        {INSTALLED_DENIED, PIPSEED_E_INSTALL_CHANGED, "it is not readable, so it cannot be checked"},
};

static int report_look(struct findings *findings, enum installed_kind look, const char *path, struct pipseed_error *err)
{
        for (size_t i = 0; i < ARRAY_SIZE(look_findings); i++)
                if (look_findings[i].look == look)
                        return findings_add(findings, look_findings[i].code, path, err, "%s", look_findings[i].text);
        return 0;
}

/* The part of a path below the directory of the dist-info; NULL: it is elsewhere. */
static const char *below_location(const struct findings *findings, const char *path)
{
        const char *location = findings->input->installed->location;
        const size_t len = strlen(location);

        return path_is_below(location, path) && path[len] == '/' ? path + len + 1 : NULL;
}

static bool is_bytecode(const char *path)
{
        return str_ends(path, ".pyc");
}

/* virtualenv lists the directories of bytecode as well, whether they are there or not. */
static bool is_cache_directory(const char *path)
{
        return strcmp(path_base(path), "__pycache__") == 0;
}

/* Rows that may be without a file: bytecode, and what pip keeps of a .data script that it replaced by its own. */
static bool may_be_missing(const struct findings *findings, const char *path)
{
        const char *dist_info = findings->input->installed->dist_info;
        const size_t stem = strlen(dist_info) - (str_ends(dist_info, ".dist-info") ? strlen(".dist-info") : 0);
        const char *inside = below_location(findings, path);

        return is_bytecode(path) || is_cache_directory(path) ||
               (inside != NULL && strncmp(inside, dist_info, stem) == 0 && str_starts(inside + stem, ".data/scripts/"));
}

/* RECORD itself and its signatures have no hash (PEP 427). */
static bool needs_no_hash(const struct findings *findings, const char *path)
{
        static const char *const names[] = {"/RECORD", "/RECORD.jws", "/RECORD.p7s"};
        const char *dist_info = findings->input->installed->dist_info;
        const char *inside = below_location(findings, path);

        if (inside == NULL || !str_starts(inside, dist_info))
                return false;
        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                if (strcmp(inside + strlen(dist_info), names[i]) == 0)
                        return true;
        return false;
}

/* Does a row agree with the file? A hash that cannot be read does not. */
static bool row_fits(const struct record_row *row, const struct record_file *file)
{
        uint8_t digest[HASH_SIZE];
        uint64_t size = 0;

        if (!record_row_digest(row, digest) || memcmp(digest, file->digest, HASH_SIZE) != 0)
                return false;
        return row->size[0] == '\0' || (record_row_size(row, &size) && size == file->size);
}

/* The file is there and was read: hold it against its rows. pip writes several when the wheel and pip itself bring the
 * same file; one that agrees is enough. */
static int check_content(struct findings *findings, struct record_file *file, struct pipseed_error *err)
{
        bool has_hash = false;

        for (size_t i = 0; i < file->n_rows; i++) {
                has_hash |= file->rows[i]->hash[0] != '\0';
                file->fits |= row_fits(file->rows[i], file);
        }
        file->unhashed = !has_hash && !needs_no_hash(findings, file->path);
        if (file->fits || !has_hash)
                return 0;
        return findings_add(findings, PIPSEED_E_INSTALL_CHANGED, file->path, err, "its content differs from RECORD");
}

static int check_listed(struct findings *findings, struct record_file *file, struct pipseed_error *err)
{
        struct verified_content content = {0};
        struct found found = {.look = INSTALLED_MISSING};
        const bool is_plain_bytecode = is_bytecode(file->path) && file->rows[0]->hash[0] == '\0';
        int r = is_plain_bytecode ? findings_find(findings, file->path, &found, err)
                                  : findings_read(findings, file->path, &found, &content, err);

        if (r < 0)
                return r;
        if (!found.inside)
                return findings_add(findings, PIPSEED_E_INSTALL_EXTRA, file->path, err,
                                    "RECORD lists it, but it is in none of the target's directories");
        if ((found.look == INSTALLED_MISSING && may_be_missing(findings, file->path)) ||
            (found.look == INSTALLED_SPECIAL && is_cache_directory(file->path))) {
                findings->n_files--; /* there is nothing to verify */
                return 0;
        }
        if (found.look != INSTALLED_FILE)
                return report_look(findings, found.look, file->path, err);
        if (is_plain_bytecode)
                return 0; /* check_bytecode */
        memcpy(file->digest, content.digest, HASH_SIZE);
        file->size = (uint64_t)found.st.st_size;
        file->was_read = true;
        r = findings_check_owner(findings, file->path, &found.st, err);
        return r < 0 ? r : check_content(findings, file, err);
}

/* After all sources. What has no name of bytecode (mod.pyc, which Python runs where there is no mod.py) is a file like
 * any other: a hash is all that there is. */
static int check_bytecode(struct findings *findings, const struct record_files *listing, struct record_file *file,
                          struct pipseed_error *err)
{
        const char *tag = NULL;
        _cleanup_free_ char *source = NULL;

        if (!is_bytecode(file->path))
                return 0;
        source = compiled_source(file->path, &tag);
        if (source != NULL)
                return compiled_check(findings, listing, file->path, err);
        if (tag != NULL)
                return error_memory(err);
        return file->rows[0]->hash[0] != '\0'
                       ? 0
                       : findings_not_verified(findings, "bytecode without a source and without a hash", err);
}

/* The scheme by which this distribution was installed: its dist-info is in the scheme's library directory, whichever of
 * the target's search directories that is. */
static struct target_scheme scheme_of(const struct verify_input *input)
{
        const struct target *target = input->target;
        const char *location = input->installed->location;
        const bool user = target->user_scheme.dirs[PLAN_LIB] != NULL && scheme_has(&target->user_scheme, location);
        struct target_scheme scheme = user ? target->user_scheme : target->scheme;

        if (!scheme_has(&scheme, location))
                scheme.dirs[PLAN_LIB] = scheme.dirs[PLAN_OTHER_LIB] = location;
        return scheme;
}

/* Files of the dist-info that the installer writes, whatever the wheel has. */
static bool is_installers(const struct wheel_info *wheel, const char *path)
{
        static const char *const names[] = {"/INSTALLER", "/REQUESTED", "/RECORD", "/direct_url.json"};
        const size_t len = strlen(wheel->dist_info);

        if (strncmp(path, wheel->dist_info, len) != 0)
                return false;
        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                if (strcmp(path + len, names[i]) == 0)
                        return true;
        return false;
}

/* One file of the wheel against what is installed. Scripts of .data are rewritten, so only their rows count. */
static int compare_file(struct findings *findings, struct record_files *listing, const struct locator *locator,
                        const struct wheel_file *file, struct pipseed_error *err)
{
        const struct wheel_info *wheel = findings->input->wheel;
        struct location at = {0};
        struct record_file *installed;
        const char *path;
        int r = locate_file(locator, file->path, &at, err);

        if (r < 0)
                return r;
        if (is_installers(wheel, file->path) || (at.is_script && script_is_wrapper(wheel, at.path)))
                return 0;
        path = arena_format(findings->arena, "%s/%s", locator->roots[at.root], at.path);
        if (path == NULL)
                return error_memory(err);
        installed = (struct record_file *)record_files_find(listing, path);
        if (installed == NULL)
                return findings_add(findings, PIPSEED_E_INSTALL_MISSING, path, err,
                                    "%s has it, but RECORD does not list it", wheel->filename);
        if (at.is_script || !installed->was_read)
                return 0;
        installed->is_wheels = memcmp(installed->digest, file->sha256, HASH_SIZE) == 0;
        if (installed->is_wheels || !installed->fits)
                return 0;
        return findings_add(findings, PIPSEED_E_INSTALL_CHANGED, path, err,
                            "its content differs from %s, and RECORD was changed too", wheel->filename);
}

static int compare_wheel(struct findings *findings, struct record_files *listing, const struct target_scheme *scheme,
                         struct pipseed_error *err)
{
        const struct wheel_info *wheel = findings->input->wheel;
        struct locator locator;
        struct target_scheme here = *scheme;
        int r;

        /* RECORD's directory decides where the wheel's root went, also where purelib and platlib are two
         * directories. */
        here.dirs[wheel->root_is_purelib ? PLAN_LIB : PLAN_OTHER_LIB] = findings->input->installed->location;
        r = locator_init(&locator, findings->arena, wheel, &here, err);
        for (size_t i = 0; i < wheel->n_files && r == 0; i++)
                r = compare_file(findings, listing, &locator, &wheel->files[i], err);
        return r;
}

/* Reads RECORD; 1 when it is there and good, 0 when that is a finding. */
static int read_record(struct findings *findings, struct record *ret_record, struct pipseed_error *err)
{
        const struct installed *installed = findings->input->installed;
        const char *path = arena_format(findings->arena, "%s/%s/RECORD", installed->location, installed->dist_info);
        struct pipseed_error *own = arena_alloc(findings->arena, sizeof(*own));
        _cleanup_free_ char *data = NULL;
        _cleanup_close_ int fd = -1;
        struct found found = {.look = INSTALLED_MISSING};
        size_t len = 0;
        int r;

        if (path == NULL || own == NULL)
                return error_memory(err);
        r = findings_open(findings, path, &found, &fd, err);
        if (r < 0)
                return r;
        if (found.look == INSTALLED_MISSING)
                return findings_add(findings, PIPSEED_E_INSTALL_MISSING, path, err,
                                    "RECORD not found, so nothing can be checked");
        if (found.look != INSTALLED_FILE)
                return report_look(findings, found.look, path, err);
        r = file_read_fd(fd, MAX_RECORD, &data, &len);
        if (r < 0 && r != -EFBIG)
                return error_sys(err, r, path, "cannot read RECORD");
        if (r == -EFBIG)
                return findings_add(findings, PIPSEED_E_INSTALL_CHANGED, path, err, "it is too large for a RECORD");
        r = record_parse(data, len, path, ret_record, own);
        if (r == PIPSEED_E_NO_MEMORY)
                return error_memory(err);
        return r < 0 ? findings_add(findings, PIPSEED_E_INSTALL_CHANGED, path, err, "%s", own->message) : 1;
}

static int check_all_listed(struct findings *findings, const struct record_files *listing, struct pipseed_error *err)
{
        struct progress progress;
        int r = 0;

        progress_init(&progress, findings->input->event, findings->input->event_data, "files verified",
                      listing->n_files);
        for (size_t i = 0; i < listing->n_files && r == 0; i++) {
                if (progress_step(&progress, i) < 0)
                        return error_cancelled(err);
                r = check_listed(findings, &listing->files[i], err);
        }
        return r;
}

/* What installers make, and virtualenv lists without a hash: scripts, files of the dist-info, an empty mark of its
 * own. */
static bool is_made_by_installer(const struct findings *findings, const struct target_scheme *scheme,
                                 const struct record_file *file)
{
        const char *dist_info = findings->input->installed->dist_info;
        const char *inside = below_location(findings, file->path);

        if (path_is_below(scheme->dirs[PLAN_SCRIPTS], file->path))
                return true;
        if (inside == NULL)
                return false;
        return (str_starts(inside, dist_info) && inside[strlen(dist_info)] == '/') ||
               (file->size == 0 && strchr(inside, '/') == NULL && str_ends(inside, ".virtualenv"));
}

/* What neither RECORD nor the wheel has a hash of. */
static int judge_unhashed(struct findings *findings, const struct target_scheme *scheme,
                          const struct record_files *listing, struct pipseed_error *err)
{
        int r = 0;

        for (size_t i = 0; i < listing->n_files && r == 0; i++) {
                const struct record_file *file = &listing->files[i];

                if (!file->unhashed || file->is_wheels)
                        continue;
                if (is_made_by_installer(findings, scheme, file))
                        r = findings_not_verified(findings, "RECORD has no hash", err);
                else
                        r = findings_add(findings, PIPSEED_E_INSTALL_CHANGED, file->path, err,
                                         "RECORD has no hash for it, so it cannot be checked");
        }
        return r;
}

static int check_everything(struct findings *findings, const struct target_scheme *scheme, struct pipseed_error *err)
{
        _cleanup_(record_done) struct record record = {0};
        struct record_files listing = {0};
        int r = findings_find_owner(findings, err);

        if (r == 0)
                r = read_record(findings, &record, err);
        if (r <= 0)
                return r;
        r = record_files_make(&listing, findings, &record, err);
        findings->n_files = listing.n_files;
        if (r == 0)
                r = check_all_listed(findings, &listing, err);
        if (r == 0 && findings->input->wheel != NULL)
                r = compare_wheel(findings, &listing, scheme, err);
        if (r == 0)
                r = judge_unhashed(findings, scheme, &listing, err);
        for (size_t i = 0; i < listing.n_files && r == 0; i++)
                r = check_bytecode(findings, &listing, &listing.files[i], err);
        if (r == 0)
                r = record_files_find_foreign(&listing, findings, err);
        if (r == 0)
                r = compiled_finish(findings, err);
        if (r == 0 && findings->input->make_own)
                r = own_files(findings, &listing, err);
        return r == 0 ? findings_add_groups(findings, err) : r;
}

static int compare_findings(const void *a, const void *b)
{
        const struct pipseed_finding *x = a;
        const struct pipseed_finding *y = b;
        int order = strcmp(x->path, y->path);

        return order != 0 ? order : y->code - x->code;
}

int verify_installed(struct arena *arena, const struct verify_input *input, struct verify_findings *ret_findings,
                     struct pipseed_error *err)
{
        const struct target_scheme scheme = scheme_of(input);
        _cleanup_(findings_done) struct findings findings = {0};
        int r;

        findings_init(&findings, arena, input, &scheme);
        r = check_everything(&findings, &scheme, err);
        if (r < 0)
                return r;
        if (findings.n > 0)
                qsort(findings.items, findings.n, sizeof(*findings.items), compare_findings);
        *ret_findings = (struct verify_findings){.items = findings.items, .n = findings.n, .n_files = findings.n_files};
        return findings_notes(&findings, &ret_findings->not_verified, &ret_findings->n_not_verified)
                       ? 0
                       : error_memory(err);
}
