/* SPDX-License-Identifier: MIT */
/*
 * archive.h - the interface of pipseed-unpack.so, the private module that decompresses with libarchive.
 *
 * It is a module because linking libarchive costs a process more than a millisecond before main, and most processes
 * unpack nothing. unpack.h loads it on first use. It is plain C in both directions: it refers to no symbol of
 * libpipseed, and exports one:
 *
 *     const struct archive_module pipseed_unpack;
 *
 * libarchive decides nothing here: every member that it yields must be one of the slots that the caller made from its
 * own reading of the zip (zip.h), in any order, each once, of the same type and size, and its bytes go to the slot's
 * memory and never beyond. A warning of libarchive is a fault. The checksum is left to the caller.
 */
#ifndef WHEEL_ARCHIVE_H
#define WHEEL_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARCHIVE_MODULE_FILE "pipseed-unpack.so"
#define ARCHIVE_MODULE_SYMBOL "pipseed_unpack"
#define ARCHIVE_MODULE_VERSION 2U

struct archive_slot {
        const char *name; /* as bytes in the zip; UTF-8 */
        uint64_t size;
        uint8_t *data; /* room for size bytes; NULL: the member must be there, its data is not wanted */
        /* Another array in the same memory: which slot is the Nth in the order of local headers. Only of use where a
         * name is not ASCII: libarchive normalises what it yields (NFC), and yields it in this order. */
        size_t nth;
        bool is_ascii; /* the name */
        bool is_dir;
        bool seen; /* set by the module */
};

enum archive_fault {
        ARCHIVE_FAULT_NONE,
        ARCHIVE_FAULT_MEMORY,
        ARCHIVE_FAULT_LOCALE,   /* no UTF-8 locale, and a name needs one */
        ARCHIVE_FAULT_OPEN,     /* libarchive does not take it for a zip */
        ARCHIVE_FAULT_DISAGREE, /* other members, types or sizes than the slots say */
        ARCHIVE_FAULT_SIZE,     /* more or fewer bytes than the slot says */
        ARCHIVE_FAULT_DATA,     /* cannot be decompressed */
};

struct archive_report {
        enum archive_fault fault;
        const char *name;  /* slot's name, or NULL */
        char message[256]; /* what libarchive says, or which rule was broken; any bytes */
};

struct archive_module {
        size_t size;          /* sizeof(struct archive_module) */
        unsigned int version; /* ARCHIVE_MODULE_VERSION */
        /* Fills the slots, sorted by name as bytes, from the zip in data. Every slot must be seen, unless all slots
         * with data were filled before the end and some have none. 0, or -1 and the report. Thread-safe; changes the
         * locale of the calling thread for the duration of the call (uselocale(3)). */
        int (*unpack)(const void *data, size_t len, struct archive_slot *slots, size_t n_slots,
                      struct archive_report *ret_report);
};

#endif
