/* SPDX-License-Identifier: MIT */
#include "install/txn/staging.h"

#include "base/file.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static const char *const staged_names[PLAN_N_ROOTS] = {
        [PLAN_LIB] = "lib",         [PLAN_OTHER_LIB] = "other", [PLAN_SCRIPTS] = "scripts",
        [PLAN_HEADERS] = "headers", [PLAN_DATA] = "data",
};

const char *txn_staged_name(enum plan_root root)
{
        return staged_names[root];
}

bool txn_is_staging_name(const char *name)
{
        static const char prefix[] = TXN_STAGING_PREFIX;

        if (strcmp(name, TXN_STAGING_VENV) == 0)
                return true;
        return str_starts(name, prefix) && strlen(name) == strlen(prefix) + 16 &&
               strspn(name + strlen(prefix), "0123456789abcdef") == 16;
}

/* Two directories are of one staging directory when a rename between them works: the same mount. */
static int mount_of(int fd, uint64_t *ret_mount, uint64_t *ret_device)
{
        struct stat old;
        struct statx st;

        if (statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_MNT_ID, &st) < 0) {
                if (!file_is_unavailable(errno) || fstat(fd, &old) < 0)
                        return file_errno();
                *ret_mount = 0;
                *ret_device = old.st_dev;
                return 0;
        }
        *ret_mount = (st.stx_mask & STATX_MNT_ID) != 0 ? st.stx_mnt_id : 0;
        *ret_device = (uint64_t)st.stx_dev_major << 32 | st.stx_dev_minor;
        return 0;
}

bool txn_same_mount(int a, int b)
{
        uint64_t mount_a, mount_b, device_a, device_b;

        return mount_of(a, &mount_a, &device_a) == 0 && mount_of(b, &mount_b, &device_b) == 0 && mount_a == mount_b &&
               device_a == device_b;
}
