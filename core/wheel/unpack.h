/* SPDX-License-Identifier: MIT */
/*
 * unpack.h - decompressing the members of a zip whose structure has been checked (zip.h).
 *
 *     slots[i].data = memory_for(&zip.members[i]);
 *     r = unpack_members(data, len, &zip, path, slots, err);
 *
 * Loads the module of archive.h on first use: by its bare name, so that the run path of the object that holds this code
 * decides ($ORIGIN/pipseed and $ORIGIN), else from these two directories by their names. It stays loaded.
 */
#ifndef WHEEL_UNPACK_H
#define WHEEL_UNPACK_H

#include "archive.h"
#include "zip.h"

/*
 * slots has one element for each member of zip, in its order; the caller gives memory (data) where it wants content and
 * this fills in the rest. Checks length and CRC-32 of what is unpacked. Errors: PIPSEED_E_ZIP_DATA, ZIP_SIZE, ZIP_CRC,
 * ZIP_DECODER_MISMATCH (libarchive sees other members than zip.h), UNSUPPORTED (the module is missing or of another
 * version, no UTF-8 locale), NO_MEMORY.
 */
int unpack_members(const void *data, size_t len, const struct zip *zip, const char *path, struct archive_slot *slots,
                   struct pipseed_error *err);

#endif
