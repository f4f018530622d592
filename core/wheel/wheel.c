/* SPDX-License-Identifier: MIT */
#include "wheel.h"

#include "base/error.h"
#include "base/str.h"
#include "entrypoint.h"
#include "layout.h"
#include "metadata.h"
#include "name.h"
#include "record_check.h"
#include "unpack.h"
#include "version.h"
#include "zip.h"

#include <stdlib.h>
#include <string.h>

/* A wheel while it is being read. */
struct load {
        const char *filename;
        const void *data;
        size_t len;
        const char *path;
        struct pipseed_error *err;
        struct arena *arena; /* of what outlives the load */
        struct zip zip;
        struct archive_slot *slots; /* one for each member of zip */
        struct wheel_name name;
        struct layout layout;
        struct wheel_info info;
};

/* A file in the .dist-info directory. */
struct text {
        const char *data;
        size_t len;
};

static void done(struct load *load)
{
        zip_done(&load->zip);
        free(load->slots);
}

/* What every integrity fault of a wheel comes down to for the user. */
static int advise(int code, struct pipseed_error *err)
{
        if (code < 0 && pipseed_exit_code(code) == 4 && code != PIPSEED_E_WHEEL_NAME)
                (void)error_hint(err, "download the wheel again from where it was published, or use another version; "
                                      "nothing of this one, which is damaged or was tampered with, was used");
        return code;
}

/* Everything that can be judged without unpacking. */
static int open_wheel(struct load *load)
{
        int r = wheel_name_parse(load->arena, load->filename, &load->name, load->err);

        if (r == 0)
                r = zip_read(load->data, load->len, load->path, &load->zip, load->err);
        if (r == 0)
                r = layout_find(load->arena, &load->zip, &load->name, load->path, &load->layout, load->err);
        if (r < 0)
                return r;
        load->slots = calloc(load->zip.n_members, sizeof(load->slots[0]));
        return load->slots == NULL ? error_memory(load->err) : 0;
}

/* The place of a .dist-info file in the table, or n_members. */
static size_t find_dist_info(const struct load *load, const char *name, bool *ret_memory)
{
        _cleanup_free_ char *path = str_format("%s/%s", load->layout.dist_info, name);
        const struct zip_member *member = path != NULL ? zip_find(&load->zip, path) : NULL;

        *ret_memory = path == NULL;
        return member != NULL && !member->is_dir ? (size_t)(member - load->zip.members) : load->zip.n_members;
}

/* A .dist-info file that was unpacked; missing is an error with this code unless that is 0: then data is NULL. */
static int get_text(const struct load *load, const char *name, int missing_code, struct text *ret_text)
{
        bool no_memory = false;
        size_t i = find_dist_info(load, name, &no_memory);

        if (no_memory)
                return error_memory(load->err);
        if (i == load->zip.n_members) {
                if (missing_code != 0)
                        return error_set(load->err, missing_code, load->path,
                                         "the wheel has no %s in its .dist-info directory", name);
                *ret_text = (struct text){0};
                return 0;
        }
        *ret_text = (struct text){.data = (const char *)load->slots[i].data, .len = load->zip.members[i].size};
        return 0;
}

/* One block for all content: its size was bounded by zip_read. The extra byte keeps empty files apart from NULL. */
static int unpack_all(struct load *load)
{
        const struct zip *zip = &load->zip;
        uint8_t *block = arena_alloc(load->arena, zip->unpacked + 1);
        size_t used = 0;

        if (block == NULL)
                return error_memory(load->err);
        for (size_t i = 0; i < zip->n_members; i++) {
                load->slots[i].data = zip->members[i].is_dir ? NULL : block + used;
                used += zip->members[i].size;
        }
        return unpack_members(load->data, load->len, zip, load->path, load->slots, load->err);
}

static int check_project(struct load *load, const struct text *metadata)
{
        const char *name = NULL;
        const char *version = NULL;
        const char *project;
        bool same = false;
        int r = metadata_require(load->arena, metadata->data, metadata->len, "Name", load->path, PIPSEED_E_METADATA,
                                 &name, load->err);

        if (r == 0)
                r = metadata_require(load->arena, metadata->data, metadata->len, "Version", load->path,
                                     PIPSEED_E_METADATA, &version, load->err);
        if (r < 0)
                return r;
        project = name_normalize(load->arena, name);
        if (project == NULL || layout_same_version(version, load->name.version, &same) < 0)
                return error_memory(load->err);
        if (!name_is_valid(name) || strcmp(project, load->name.project) != 0)
                return error_set(load->err, PIPSEED_E_METADATA, load->path,
                                 "METADATA names the project '%.100s', the file name says %s", name,
                                 load->name.distribution);
        if (!same)
                return error_set(load->err, PIPSEED_E_METADATA, load->path,
                                 "METADATA has version '%.100s', the file name says %s", version, load->name.version);
        return 0;
}

static int read_requires_python(struct load *load, const struct text *metadata, const char **ret_specifier)
{
        _cleanup_(specifier_freep) struct specifier *set = NULL;
        struct pipseed_error reason = PIPSEED_ERROR_INIT;
        const char *value = NULL;
        int r = metadata_find(load->arena, metadata->data, metadata->len, "Requires-Python", load->path,
                              PIPSEED_E_METADATA, &value, load->err);

        if (r < 0)
                return r;
        if (value != NULL && specifier_parse(value, &set, &reason) < 0)
                return reason.code == PIPSEED_E_NO_MEMORY
                               ? error_memory(load->err)
                               : error_set(load->err, PIPSEED_E_METADATA, load->path,
                                           "invalid Requires-Python '%.100s' in METADATA", value);
        *ret_specifier = value;
        return 0;
}

/* "1.0": the major number before the first dot. */
static int check_wheel_version(struct load *load, const char *version)
{
        size_t len = strspn(version, "0123456789");

        if (len == 0 || version[strspn(version, "0123456789.")] != '\0')
                return error_set(load->err, PIPSEED_E_WHEEL_FILE, load->path, "invalid Wheel-Version '%.100s' in WHEEL",
                                 version);
        if (len == 1 && version[0] == '1')
                return 0;
        (void)error_set(load->err, PIPSEED_E_WHEEL_VERSION, load->path,
                        "unsupported wheel format version '%.100s': expected 1", version);
        return error_hint(load->err, "use a newer pipseed, or another version of the project");
}

static int read_wheel_file(struct load *load, const struct text *wheel)
{
        const char *version = NULL;
        const char *purelib = NULL;
        int r = metadata_require(load->arena, wheel->data, wheel->len, "Wheel-Version", load->path,
                                 PIPSEED_E_WHEEL_FILE, &version, load->err);

        if (r == 0)
                r = check_wheel_version(load, version);
        if (r == 0)
                r = metadata_require(load->arena, wheel->data, wheel->len, "Root-Is-Purelib", load->path,
                                     PIPSEED_E_WHEEL_FILE, &purelib, load->err);
        if (r < 0)
                return r;
        load->info.root_is_purelib = str_equal_nocase(purelib, "true");
        if (!load->info.root_is_purelib && !str_equal_nocase(purelib, "false"))
                return error_set(load->err, PIPSEED_E_WHEEL_FILE, load->path,
                                 "invalid Root-Is-Purelib '%.100s' in WHEEL: expected true or false", purelib);
        return 0;
}

static int read_dist_info(struct load *load)
{
        struct text metadata = {0};
        struct text wheel = {0};
        struct text entry_points = {0};
        int r = get_text(load, "WHEEL", PIPSEED_E_WHEEL_FILE, &wheel);

        if (r == 0)
                r = read_wheel_file(load, &wheel);
        if (r == 0)
                r = get_text(load, "METADATA", PIPSEED_E_METADATA, &metadata);
        if (r == 0)
                r = check_project(load, &metadata);
        if (r == 0)
                r = read_requires_python(load, &metadata, &load->info.requires_python);
        if (r == 0)
                r = get_text(load, "entry_points.txt", 0, &entry_points);
        if (r < 0 || entry_points.data == NULL)
                return r;
        return entry_points_parse(load->arena, entry_points.data, entry_points.len, load->path,
                                  &load->info.entry_points, &load->info.n_entry_points, load->err);
}

static int list_files(struct load *load, size_t record)
{
        const struct zip *zip = &load->zip;
        struct wheel_file *files = arena_calloc(load->arena, zip->n_files, sizeof(*files));
        size_t n = 0;

        if (files == NULL)
                return error_memory(load->err);
        for (size_t i = 0; i < zip->n_members; i++) {
                const struct zip_member *member = &zip->members[i];

                if (member->is_dir || i == record)
                        continue;
                files[n].path = arena_strdup(load->arena, member->name);
                if (files[n].path == NULL)
                        return error_memory(load->err);
                files[n].size = member->size;
                files[n].executable = member->executable;
                files[n].data = load->slots[i].data;
                hash_of(files[n].data, member->size, files[n].sha256);
                n++;
        }
        load->info.files = files;
        load->info.n_files = n;
        return 0;
}

static int check_record(struct load *load)
{
        struct text text = {0};
        bool no_memory = false;
        size_t record = find_dist_info(load, "RECORD", &no_memory);
        int r = no_memory ? error_memory(load->err) : get_text(load, "RECORD", PIPSEED_E_RECORD_MISSING, &text);

        if (r == 0)
                r = list_files(load, record);
        if (r < 0)
                return r;
        load->info.dist_info = load->layout.dist_info;
        return record_check(&load->info, text.data, text.len, load->path, load->err);
}

static int fill_info(struct load *load)
{
        struct wheel_info *info = &load->info;

        info->filename = arena_strdup(load->arena, load->filename);
        if (info->filename == NULL)
                return error_memory(load->err);
        info->project = load->name.project;
        info->version = load->layout.version;
        info->data_dir = load->layout.data_dir;
        hash_of(load->data, load->len, info->sha256);
        return 0;
}

int wheel_load(const char *filename, const void *data, size_t len, const char *path, struct wheel **ret_wheel,
               struct pipseed_error *err)
{
        _cleanup_(wheel_freep) struct wheel *wheel = calloc(1, sizeof(*wheel));
        _cleanup_(done) struct load load = {.filename = filename, .data = data, .len = len, .path = path, .err = err};
        int r;

        if (wheel == NULL)
                return error_memory(err);
        load.arena = &wheel->arena;
        r = open_wheel(&load);
        if (r == 0)
                r = unpack_all(&load);
        if (r == 0)
                r = read_dist_info(&load);
        if (r == 0)
                r = check_record(&load);
        if (r == 0)
                r = fill_info(&load);
        if (r < 0)
                return advise(r, err);
        wheel->info = load.info;
        *ret_wheel = steal_ptr(wheel);
        return 0;
}

void wheel_free(struct wheel *wheel)
{
        if (wheel == NULL)
                return;
        arena_done(&wheel->arena);
        free(wheel);
}

static int want(struct load *load, const char *name)
{
        bool no_memory = false;
        size_t i = find_dist_info(load, name, &no_memory);

        if (i < load->zip.n_members) {
                load->slots[i].data = arena_alloc(load->arena, load->zip.members[i].size + (size_t)1);
                no_memory = load->slots[i].data == NULL;
        }
        return no_memory ? error_memory(load->err) : 0;
}

/* What decides whether the wheel is chosen: METADATA and WHEEL. */
static int unpack_metadata(struct load *load, struct text *ret_metadata, struct text *ret_wheel)
{
        int r = want(load, "METADATA");

        if (r == 0)
                r = want(load, "WHEEL");
        if (r == 0)
                r = get_text(load, "METADATA", PIPSEED_E_METADATA, ret_metadata);
        if (r == 0)
                r = get_text(load, "WHEEL", 0, ret_wheel); /* that it is missing is found when the wheel is loaded */
        if (r < 0)
                return r;
        return unpack_members(load->data, load->len, &load->zip, load->path, load->slots, load->err);
}

int wheel_requires_python(const char *filename, const void *data, size_t len, const char *path, char **ret_specifier,
                          struct pipseed_error *err)
{
        _cleanup_(arena_done) struct arena arena = {0};
        _cleanup_(done) struct load load = {
                .filename = filename, .data = data, .len = len, .path = path, .err = err, .arena = &arena};
        const char *value = NULL;
        struct text metadata = {0};
        struct text wheel = {0};
        char *specifier;
        int r = open_wheel(&load);

        if (r == 0)
                r = unpack_metadata(&load, &metadata, &wheel);
        if (r == 0 && wheel.data != NULL)
                r = read_wheel_file(&load, &wheel);
        if (r == 0)
                r = read_requires_python(&load, &metadata, &value);
        if (r < 0)
                return advise(r, err);
        specifier = value != NULL ? strdup(value) : NULL;
        if (value != NULL && specifier == NULL)
                return error_memory(err);
        *ret_specifier = specifier;
        return 0;
}
