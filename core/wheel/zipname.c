/* SPDX-License-Identifier: MIT */
#include "zipname.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"
#include "fold.h"
#include "quote.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool has_control(const uint8_t *name, size_t len)
{
        for (size_t i = 0; i < len; i++) {
                bool c1 = name[i] == 0xc2 && i + 1 < len && name[i + 1] < 0xa0;

                if (name[i] < 0x20 || name[i] == 0x7f || c1)
                        return true;
        }
        return false;
}

static bool is_ascii(const uint8_t *name, size_t len)
{
        for (size_t i = 0; i < len; i++)
                if (name[i] >= 0x80)
                        return false;
        return true;
}

static const char *fault_in_bytes(const uint8_t *name, size_t len, bool utf8_flag)
{
        if (len == 0)
                return "is empty";
        if (len > ZIP_MAX_NAME)
                return "is longer than 1024 bytes";
        if (has_control(name, len))
                return "has control characters";
        if (!str_is_utf8((const char *)name, len))
                return "is not UTF-8";
        if (!utf8_flag && !is_ascii(name, len))
                return "is not ASCII, but the flag for UTF-8 is not set";
        return NULL;
}

static const char *fault_in_component(const uint8_t *part, size_t len)
{
        if (len == 0)
                return "has an empty component";
        if (len <= 2 && part[0] == '.' && part[len - 1] == '.')
                return "has a component '.' or '..'";
        return NULL;
}

static const char *fault_in_path(const uint8_t *name, size_t len)
{
        if (name[0] == '/')
                return "is absolute";
        if (len >= 2 && str_is_alpha((char)name[0]) && name[1] == ':')
                return "starts with a drive letter";
        if (memchr(name, '\\', len) != NULL)
                return "has a backslash";
        if (name[len - 1] == '/')
                len--;
        for (size_t start = 0;;) {
                const uint8_t *slash = memchr(name + start, '/', len - start);
                size_t end = slash != NULL ? (size_t)(slash - name) : len;
                const char *fault = fault_in_component(name + start, end - start);

                if (fault != NULL || slash == NULL)
                        return fault;
                start = end + 1;
        }
}

static bool has_long_component(const uint8_t *name, size_t len)
{
        size_t run = 0;

        for (size_t i = 0; i < len; i++) {
                run = name[i] == '/' ? 0 : run + 1;
                if (run > ZIP_MAX_COMPONENT)
                        return true;
        }
        return false;
}

int zipname_check(const uint8_t *name, size_t len, bool utf8_flag, const char *path, struct pipseed_error *err)
{
        const char *fault = fault_in_bytes(name, len, utf8_flag);

        if (fault == NULL && has_long_component(name, len))
                fault = "has a component longer than 255 bytes";
        if (fault != NULL)
                return error_set(err, PIPSEED_E_ZIP_NAME, path, "the name of the zip member '%s' %s", QUOTE(name, len),
                                 fault);
        fault = fault_in_path(name, len);
        if (fault != NULL)
                return error_set(err, PIPSEED_E_ZIP_PATH, path, "the path of the zip member '%s' %s", QUOTE(name, len),
                                 fault);
        return 0;
}

/* The weight of a character in the order below: the end (also a directory's slash), then "/", then letters without
 * case. "/" being lightest puts a directory's content right behind a file of the directory's name. */
static int weight(const char *p)
{
        if (p[0] == '\0' || (p[0] == '/' && p[1] == '\0'))
                return -1;
        return p[0] == '/' ? 0 : (unsigned char)str_lower(p[0]);
}

static int compare_folded(const void *a, const void *b)
{
        const struct zip_member *x = a;
        const struct zip_member *y = b;
        const char *p = x->key;
        const char *q = y->key;

        while (weight(p) == weight(q)) {
                if (weight(p) < 0)
                        return strcmp(x->name, y->name);
                p++;
                q++;
        }
        return weight(p) - weight(q);
}

static int compare_names(const void *a, const void *b)
{
        const struct zip_member *x = a;
        const struct zip_member *y = b;

        return strcmp(x->name, y->name);
}

enum relation { UNRELATED, SAME, ABOVE };

static enum relation relate(const char *first, const char *second)
{
        while (weight(first) >= 0 && weight(first) == weight(second)) {
                first++;
                second++;
        }
        if (weight(first) >= 0)
                return UNRELATED;
        if (weight(second) < 0)
                return SAME;
        return weight(second) == 0 ? ABOVE : UNRELATED;
}

static int check_pair(const struct zip_member *first, const struct zip_member *second, const char *path,
                      struct pipseed_error *err)
{
        enum relation relation = relate(first->key, second->key);
        bool same_type = first->is_dir == second->is_dir;

        if (relation == SAME && strcmp(first->name, second->name) == 0)
                return error_set(err, PIPSEED_E_ZIP_DUPLICATE, path, "the zip has two members '%s'",
                                 QUOTE(first->name, strlen(first->name)));
        if (relation == SAME || (relation == ABOVE && !first->is_dir))
                return error_set(err, PIPSEED_E_ZIP_NAME_COLLISION, path,
                                 "the zip members '%s' and '%s' cannot both be unpacked%s",
                                 QUOTE(first->name, strlen(first->name)), QUOTE(second->name, strlen(second->name)),
                                 !same_type || relation != SAME ? ": one is a file"
                                 : first->key == first->name    ? " where case does not matter"
                                                                : " where case and Unicode form do not matter");
        return 0;
}

static int set_key(struct arena *arena, struct zip_member *member)
{
        _cleanup_(str_done) struct str key = STR_INIT;

        member->key = member->name;
        if (is_ascii((const uint8_t *)member->name, strlen(member->name)))
                return 0;
        fold_add(&key, member->name);
        member->key = key.failed ? NULL : arena_strdup(arena, key.data);
        return member->key == NULL ? -ENOMEM : 0;
}

int zipname_check_all(struct zip *zip, const char *path, struct pipseed_error *err)
{
        if (zip->n_members == 0)
                return 0;
        for (size_t i = 0; i < zip->n_members; i++)
                if (set_key(&zip->arena, &zip->members[i]) < 0)
                        return error_memory(err);
        qsort(zip->members, zip->n_members, sizeof(zip->members[0]), compare_folded);
        for (size_t i = 1; i < zip->n_members; i++) {
                int r = check_pair(&zip->members[i - 1], &zip->members[i], path, err);

                if (r < 0)
                        return r;
        }
        qsort(zip->members, zip->n_members, sizeof(zip->members[0]), compare_names);
        return 0;
}
