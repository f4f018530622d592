/* SPDX-License-Identifier: MIT */
/* Built as pipseed-unpack.so; the one file that knows libarchive. */
#include "archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reader {
        struct archive *archive;
        locale_t utf8;
        locale_t before; /* the thread's locale when we came */
        struct archive_slot *slots;
        size_t n_slots;
        size_t n_seen;   /* also which one comes next in the order of local headers */
        size_t n_wanted; /* slots with memory that are not filled yet */
        struct archive_report *report;
};

__attribute__((format(printf, 4, 5))) static int fail(const struct reader *reader, enum archive_fault fault,
                                                      const char *name, const char *format, ...)
{
        va_list arguments;

        reader->report->fault = fault;
        reader->report->name = name;
        va_start(arguments, format);
        (void)vsnprintf(reader->report->message, sizeof(reader->report->message), format, arguments);
        va_end(arguments);
        return -1;
}

static int fail_archive(const struct reader *reader, enum archive_fault fault, const char *name)
{
        const char *text = archive_error_string(reader->archive);

        /* It gives no reason, or this one, only where memory ran out. */
        if (archive_errno(reader->archive) == ENOMEM || text == NULL || strstr(text, "Can't initialize") != NULL)
                fault = ARCHIVE_FAULT_MEMORY;
        return fail(reader, fault, name, "%s", text != NULL ? text : "libarchive gives no reason");
}

static void done(struct reader *reader)
{
        if (reader->archive != NULL)
                (void)archive_read_free(reader->archive);
        if (reader->utf8 != (locale_t)0) {
                (void)uselocale(reader->before);
                freelocale(reader->utf8);
        }
}

/* libarchive converts UTF-8 names to the charset of the thread's locale and gives NULL for what does not fit: under
 * LC_ALL=C no name but ASCII would come through. */
static void enter_utf8(struct reader *reader)
{
        static const char *const names[] = {"C.UTF-8", "C.utf8", "en_US.UTF-8"};

        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && reader->utf8 == (locale_t)0; i++)
                reader->utf8 = newlocale(LC_CTYPE_MASK, names[i], (locale_t)0);
        if (reader->utf8 != (locale_t)0)
                reader->before = uselocale(reader->utf8);
}

/* libarchive 3.6 exits or crashes where some of its small allocations fail. If as much as it needs in all is to be had
 * now, that is unlikely. */
static bool has_memory(size_t n_members)
{
        void *block = malloc(((size_t)2 << 20) + n_members * 512);

        free(block);
        return block != NULL;
}

static int open_zip(struct reader *reader, const void *data, size_t len)
{
        enter_utf8(reader);
        reader->archive = has_memory(reader->n_slots) ? archive_read_new() : NULL;
        if (reader->archive == NULL)
                return fail(reader, ARCHIVE_FAULT_MEMORY, NULL, "out of memory");
        /* Seekable only: the streaming reader would show members that the central directory does not have. The caller
         * computes checksums, so libarchive need not. */
        if (archive_read_support_format_zip_seekable(reader->archive) != ARCHIVE_OK ||
            archive_read_set_options(reader->archive, "zip:ignorecrc32,zip:!compat-2x,zip:!mac-ext") != ARCHIVE_OK ||
            archive_read_open_memory(reader->archive, data, len) != ARCHIVE_OK)
                return fail_archive(reader, ARCHIVE_FAULT_OPEN, NULL);
        return 0;
}

static int compare_to_slot(const void *key, const void *element)
{
        const struct archive_slot *slot = element;

        return strcmp(key, slot->name);
}

/* The name came through normalised: then it is the next one's, if that has a name that can be. */
static struct archive_slot *find_normalised(const struct reader *reader, const char *name)
{
        struct archive_slot *slot;

        if (reader->n_seen >= reader->n_slots)
                return NULL;
        slot = &reader->slots[reader->slots[reader->n_seen].nth];
        for (; (unsigned char)*name < 0x80; name++)
                if (*name == '\0')
                        return NULL;
        return slot->is_ascii ? NULL : slot;
}

/* NULL: the fault is filled in. */
static struct archive_slot *find_slot(const struct reader *reader, struct archive_entry *entry)
{
        const char *name = archive_entry_pathname(entry);
        struct archive_slot *slot;

        if (name == NULL) {
                bool has_locale = reader->utf8 != (locale_t)0;

                (void)fail(reader, has_locale ? ARCHIVE_FAULT_DISAGREE : ARCHIVE_FAULT_LOCALE, NULL, "%s",
                           has_locale ? "libarchive finds a member without a name"
                                      : "a name is not ASCII, and this system has no UTF-8 locale (C.UTF-8)");
                return NULL;
        }
        slot = bsearch(name, reader->slots, reader->n_slots, sizeof(reader->slots[0]), compare_to_slot);
        if (slot == NULL)
                slot = find_normalised(reader, name);
        if (slot == NULL)
                (void)fail(reader, ARCHIVE_FAULT_DISAGREE, NULL, "libarchive finds a member '%.150s'", name);
        else if (slot->seen)
                (void)fail(reader, ARCHIVE_FAULT_DISAGREE, slot->name, "libarchive finds it twice");
        return slot != NULL && !slot->seen ? slot : NULL;
}

static int check_entry(const struct reader *reader, struct archive_entry *entry, const struct archive_slot *slot)
{
        if (archive_entry_filetype(entry) != (slot->is_dir ? AE_IFDIR : AE_IFREG) ||
            archive_entry_symlink(entry) != NULL || archive_entry_hardlink(entry) != NULL)
                return fail(reader, ARCHIVE_FAULT_DISAGREE, slot->name, "libarchive finds another type");
        if (archive_entry_is_encrypted(entry) != 0)
                return fail(reader, ARCHIVE_FAULT_DISAGREE, slot->name, "libarchive finds it encrypted");
        if (!slot->is_dir && (!archive_entry_size_is_set(entry) || archive_entry_size(entry) < 0 ||
                              (uint64_t)archive_entry_size(entry) != slot->size))
                return fail(reader, ARCHIVE_FAULT_DISAGREE, slot->name, "libarchive finds another size");
        return 0;
}

/* Up to the end of the data, because only there libarchive tells whether the compressed size was right. */
static int read_data(const struct reader *reader, const struct archive_slot *slot)
{
        uint64_t filled = 0;

        for (;;) {
                const void *block = NULL;
                size_t len = 0;
                la_int64_t offset = 0;
                int status = archive_read_data_block(reader->archive, &block, &len, &offset);

                if (status == ARCHIVE_EOF)
                        break;
                if (status == ARCHIVE_WARN)
                        return fail_archive(reader, ARCHIVE_FAULT_SIZE, slot->name);
                if (status != ARCHIVE_OK)
                        return fail_archive(reader, ARCHIVE_FAULT_DATA, slot->name);
                if (offset < 0 || (uint64_t)offset != filled || len > slot->size - filled)
                        return fail(reader, ARCHIVE_FAULT_SIZE, slot->name,
                                    "unpacks to more than the declared %llu bytes", (unsigned long long)slot->size);
                if (len > 0)
                        memcpy(slot->data + filled, block, len);
                filled += len;
        }
        if (filled != slot->size)
                return fail(reader, ARCHIVE_FAULT_SIZE, slot->name, "unpacks to %llu bytes, not the declared %llu",
                            (unsigned long long)filled, (unsigned long long)slot->size);
        return 0;
}

static int read_entry(struct reader *reader, struct archive_entry *entry)
{
        struct archive_slot *slot = find_slot(reader, entry);

        if (slot == NULL || check_entry(reader, entry, slot) < 0)
                return -1;
        slot->seen = true;
        reader->n_seen++;
        if (slot->data == NULL)
                return 0;
        reader->n_wanted--;
        return read_data(reader, slot);
}

static int read_entries(struct reader *reader)
{
        bool want_all = true;

        for (size_t i = 0; i < reader->n_slots; i++) {
                reader->n_wanted += reader->slots[i].data != NULL;
                want_all = want_all && (reader->slots[i].is_dir || reader->slots[i].data != NULL);
        }
        while (want_all || reader->n_wanted > 0) {
                struct archive_entry *entry = NULL;
                int status = archive_read_next_header(reader->archive, &entry);

                if (status == ARCHIVE_EOF)
                        break;
                /* A name that cannot be converted is a warning here; find_slot knows better what to say. */
                if (status != ARCHIVE_OK && !(status == ARCHIVE_WARN && archive_entry_pathname(entry) == NULL))
                        return fail_archive(reader, ARCHIVE_FAULT_DATA, NULL);
                if (read_entry(reader, entry) < 0)
                        return -1;
        }
        if (want_all ? reader->n_seen < reader->n_slots : reader->n_wanted > 0)
                return fail(reader, ARCHIVE_FAULT_DISAGREE, NULL, "libarchive finds %zu members, not %zu",
                            reader->n_seen, reader->n_slots);
        return 0;
}

static int unpack(const void *data, size_t len, struct archive_slot *slots, size_t n_slots,
                  struct archive_report *ret_report)
{
        __attribute__((
                cleanup(done))) struct reader reader = {.slots = slots, .n_slots = n_slots, .report = ret_report};

        if (open_zip(&reader, data, len) < 0)
                return -1;
        return read_entries(&reader);
}

extern const struct archive_module pipseed_unpack;
__attribute__((visibility("default"))) const struct archive_module pipseed_unpack = {
        .size = sizeof(struct archive_module),
        .version = ARCHIVE_MODULE_VERSION,
        .unpack = unpack,
};
