/* SPDX-License-Identifier: MIT */
#include "unpack.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/path.h"
#include "quote.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

/* The directory of the shared object, or of the program, that this code is in. */
static char *own_dir(void)
{
        static const char anchor;
        struct link_map *map = NULL;
        char program[4096];
        Dl_info info;
        ssize_t len;

        if (dladdr1(&anchor, &info, (void **)&map, RTLD_DL_LINKMAP) == 0 || map == NULL)
                return NULL;
        if (map->l_name[0] != '\0')
                return path_dir(map->l_name);
        len = readlink("/proc/self/exe", program, sizeof(program) - 1);
        if (len <= 0)
                return NULL;
        program[len] = '\0';
        return path_dir(program);
}

/* By bare name first, for the run path to decide. That fails where dlopen does not know its caller: AddressSanitizer
 * wraps it. */
static void *open_module(void)
{
        static const char *const places[] = {"pipseed/" ARCHIVE_MODULE_FILE, ARCHIVE_MODULE_FILE};
        _cleanup_free_ char *directory = NULL;
        void *handle;

        errno = 0;
        handle = dlopen(ARCHIVE_MODULE_FILE, RTLD_NOW | RTLD_LOCAL);
        if (handle != NULL || errno == ENOMEM)
                return handle;
        directory = own_dir();
        for (size_t i = 0; directory != NULL && directory[0] == '/' && handle == NULL && i < ARRAY_SIZE(places); i++) {
                _cleanup_free_ char *path = path_join(directory, places[i]);

                if (path != NULL && access(path, R_OK) == 0)
                        handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
        }
        return handle;
}

static int load(const struct archive_module **ret_module, struct pipseed_error *err)
{
        const struct archive_module *module;
        /* Never closed: libarchive's libraries may not like to go, and the next wheel wants it again. */
        void *handle = open_module();
        const char *reason;

        if (handle == NULL && errno == ENOMEM)
                return error_memory(err);
        if (handle == NULL) {
                reason = dlerror();
                (void)error_set(err, PIPSEED_E_UNSUPPORTED, ARCHIVE_MODULE_FILE,
                                "cannot load %s, the part of pipseed that unpacks wheels: %s", ARCHIVE_MODULE_FILE,
                                reason != NULL ? reason : "no reason given");
                return error_hint(err,
                                  "reinstall pipseed and libarchive; %s belongs in the directory pipseed/ beside "
                                  "libpipseed",
                                  ARCHIVE_MODULE_FILE);
        }
        module = dlsym(handle, ARCHIVE_MODULE_SYMBOL);
        if (module == NULL || module->size < sizeof(*module) || module->version != ARCHIVE_MODULE_VERSION) {
                (void)error_set(err, PIPSEED_E_UNSUPPORTED, ARCHIVE_MODULE_FILE,
                                "%s, the part of pipseed that unpacks wheels, belongs to another version of pipseed",
                                ARCHIVE_MODULE_FILE);
                return error_hint(err, "reinstall pipseed, so that all its files are of version %s", PIPSEED_VERSION);
        }
        *ret_module = module;
        return 0;
}

static int explain(const struct archive_report *report, const char *path, struct pipseed_error *err)
{
        static const int codes[] = {
                [ARCHIVE_FAULT_NONE] = PIPSEED_E_FAILED,
                [ARCHIVE_FAULT_MEMORY] = PIPSEED_E_NO_MEMORY,
                [ARCHIVE_FAULT_LOCALE] = PIPSEED_E_UNSUPPORTED,
                [ARCHIVE_FAULT_OPEN] = PIPSEED_E_ZIP_DECODER_MISMATCH,
                [ARCHIVE_FAULT_DISAGREE] = PIPSEED_E_ZIP_DECODER_MISMATCH,
                [ARCHIVE_FAULT_SIZE] = PIPSEED_E_ZIP_SIZE,
                [ARCHIVE_FAULT_DATA] = PIPSEED_E_ZIP_DATA,
        };
        const char *message = QUOTE(report->message, strnlen(report->message, sizeof(report->message)));

        if (report->fault == ARCHIVE_FAULT_MEMORY)
                return error_memory(err);
        if (report->name == NULL)
                return error_set(err, codes[report->fault], path, "cannot unpack the zip: %s", message);
        return error_set(err, codes[report->fault], path, "cannot unpack the zip member '%s': %s",
                         QUOTE(report->name, strlen(report->name)), message);
}

static int check_crc(const struct zip_member *member, const uint8_t *data, const char *path, struct pipseed_error *err)
{
        uint32_t crc = (uint32_t)crc32_z(0, data, member->size);

        if (crc == member->crc)
                return 0;
        return error_set(err, PIPSEED_E_ZIP_CRC, path, "the zip member '%s' has the checksum %08x, not %08x",
                         QUOTE(member->name, strlen(member->name)), crc, member->crc);
}

struct position {
        uint32_t offset;
        size_t index;
};

static int compare_positions(const void *a, const void *b)
{
        const struct position *x = a;
        const struct position *y = b;

        return (x->offset > y->offset) - (x->offset < y->offset);
}

/* 0 or -ENOMEM. */
static int set_slots(const struct zip *zip, struct archive_slot *slots)
{
        _cleanup_free_ struct position *positions = NULL;
        bool ascii = true;

        for (size_t i = 0; i < zip->n_members; i++) {
                slots[i].name = zip->members[i].name;
                slots[i].size = zip->members[i].size;
                slots[i].is_ascii = zip->members[i].key == zip->members[i].name;
                slots[i].is_dir = zip->members[i].is_dir;
                slots[i].seen = false;
                ascii = ascii && slots[i].is_ascii;
        }
        if (ascii)
                return 0;
        positions = calloc(zip->n_members, sizeof(*positions));
        if (positions == NULL)
                return -ENOMEM;
        for (size_t i = 0; i < zip->n_members; i++)
                positions[i] = (struct position){.offset = zip->members[i].offset, .index = i};
        qsort(positions, zip->n_members, sizeof(*positions), compare_positions);
        for (size_t i = 0; i < zip->n_members; i++)
                slots[i].nth = positions[i].index;
        return 0;
}

int unpack_members(const void *data, size_t len, const struct zip *zip, const char *path, struct archive_slot *slots,
                   struct pipseed_error *err)
{
        const struct archive_module *module = NULL;
        struct archive_report report = {0};
        int r = load(&module, err);

        if (r < 0)
                return r;
        if (set_slots(zip, slots) < 0)
                return error_memory(err);
        if (module->unpack(data, len, slots, zip->n_members, &report) < 0)
                return explain(&report, path, err);
        for (size_t i = 0; i < zip->n_members; i++) {
                r = slots[i].data != NULL ? check_crc(&zip->members[i], slots[i].data, path, err) : 0;
                if (r < 0)
                        return r;
        }
        return 0;
}
