/* SPDX-License-Identifier: MIT */
/* A zip file: what the strict check takes is what it promises, and a whole wheel is what its check saw. */
#include "fuzz.h"

#include "base/cleanup.h"
#include "base/path.h"
#include "wheel/wheel.h"
#include "wheel/zip.h"

#define FILENAME "pip-99.0-py3-none-any.whl"

static void check_members(const struct zip *zip, size_t size)
{
        size_t unpacked = 0;
        size_t n_files = 0;

        for (size_t i = 0; i < zip->n_members; i++) {
                const struct zip_member *member = &zip->members[i];
                _cleanup_free_ char *name = strdup(member->name);

                if (name == NULL)
                        exit(1);
                if (member->is_dir) {
                        FUZZ_CHECK(str_ends(name, "/") && member->size == 0);
                        name[strlen(name) - 1] = '\0';
                }
                FUZZ_CHECK(path_is_plain(name) && strchr(name, '\\') == NULL && str_is_utf8(name, strlen(name)));
                FUZZ_CHECK(i == 0 || strcmp(zip->members[i - 1].name, member->name) < 0);
                FUZZ_CHECK(member->method == 0 || member->method == 8);
                FUZZ_CHECK(member->offset < size && member->packed < size);
                FUZZ_CHECK(zip_find(zip, member->name) == member);
                unpacked += member->size;
                n_files += !member->is_dir;
        }
        FUZZ_CHECK(unpacked == zip->unpacked && unpacked <= WHEEL_MAX_UNPACKED && n_files == zip->n_files);
}

static void check_wheel(const uint8_t *data, size_t size, const struct zip *zip)
{
        _cleanup_(wheel_freep) struct wheel *wheel = NULL;
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        int r = wheel_load(FILENAME, data, size, FILENAME, &wheel, &err);

        fuzz_check_error(r, &err);
        FUZZ_CHECK((wheel != NULL) == (r == 0));
        if (wheel == NULL)
                return;
        FUZZ_CHECK(zip != NULL && wheel->info.n_files + 1 == zip->n_files); /* RECORD is not a file of info */
        for (size_t i = 0; i < wheel->info.n_files; i++) {
                const struct wheel_file *file = &wheel->info.files[i];
                const struct zip_member *member = zip_find(zip, file->path);
                uint8_t digest[HASH_SIZE];

                FUZZ_CHECK(member != NULL && member->size == file->size && member->executable == file->executable);
                hash_of(file->data, file->size, digest);
                FUZZ_CHECK(memcmp(digest, file->sha256, sizeof(digest)) == 0);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(zip_done) struct zip zip = {0};
        _cleanup_free_ char *specifier = NULL;
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        struct pipseed_error other = PIPSEED_ERROR_INIT;
        int r = zip_read(data, size, FILENAME, &zip, &err);

        fuzz_check_error(r, &err);
        if (r == 0)
                check_members(&zip, size);
        check_wheel(data, size, r == 0 ? &zip : NULL);
        fuzz_check_error(wheel_requires_python(FILENAME, data, size, FILENAME, &specifier, &other), &other);
        return 0;
}
