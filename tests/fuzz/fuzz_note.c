/* SPDX-License-Identifier: MIT */
/*
 * The note of an unfinished environment, as somebody may have put it there. "@INODE@" in the input stands for the inode
 * of the environment's directory. Whatever the note says: nothing outside the environment changes, nothing in it but
 * pyvenv.cfg and the note itself, and pyvenv.cfg only when the note is about this directory.
 */
#include "fuzz.h"
#include "sandbox.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "venv/recovery.h"
#include "venv/unfinished.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PLACE "@INODE@"

static uint64_t inode_of_env(void)
{
        struct stat st;

        FUZZ_CHECK(stat(sandbox_path("env"), &st) == 0);
        return st.st_ino;
}

static void expand(struct str *out, const uint8_t *data, size_t size)
{
        const uint8_t *place = memmem(data, size, PLACE, strlen(PLACE));

        str_add_bytes(out, data, place != NULL ? (size_t)(place - data) : size);
        if (place == NULL)
                return;
        str_printf(out, "%" PRIu64, inode_of_env());
        place += strlen(PLACE);
        str_add_bytes(out, place, size - (size_t)(place - data));
}

static void read_config(char **ret_text)
{
        FUZZ_CHECK(file_read(AT_FDCWD, sandbox_path("env/pyvenv.cfg"), (size_t)2 << 20, ret_text, NULL) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(recovery_done) struct recovery repair = RECOVERY_INIT;
        _cleanup_(str_done) struct str note = STR_INIT;
        _cleanup_free_ char *before = NULL;
        _cleanup_free_ char *after = NULL;
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        char line[64];
        int r;

        sandbox_begin();
        sandbox_reset();
        expand(&note, data, size);
        sandbox_file("env/" UNFINISHED_NAME, note.data, note.len);
        read_config(&before);
        r = recovery_before(&repair, sandbox_path("env"), &err);
        fuzz_check_error(r, &err);
        if (r == 0) {
                r = recovery_after(&repair, sandbox_path("env"), &err);
                fuzz_check_error(r, &err);
        }
        sandbox_check();
        read_config(&after);
        (void)snprintf(line, sizeof(line), "\nenv %" PRIu64 "\n", inode_of_env());
        if (strstr(note.data, line) == NULL)
                FUZZ_CHECK(strcmp(before, after) == 0);
        return 0;
}
