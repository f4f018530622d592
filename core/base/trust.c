/* SPDX-License-Identifier: MIT */
#include "trust.h"

#include "error.h"
#include "path.h"

#include <endian.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#define MAX_LINKS 40 /* as the kernel */
#define ACL_NAME "system.posix_acl_access"
#define ACL_SIZE ((size_t)8 * 1024)
#define ACL_VERSION 2
#define ACL_MASK 0x10
#define ACL_WRITE 2

enum acl_tag { ACL_USER_OBJ = 0x01, ACL_USER = 0x02, ACL_GROUP_OBJ = 0x04, ACL_GROUP = 0x08 };

/* The attribute as the kernel gives it (linux/posix_acl_xattr.h), little-endian. */
struct acl_entry {
        uint16_t tag;
        uint16_t perm;
        uint32_t id;
};

struct trust_rule trust_rule_caller(void)
{
        return (struct trust_rule){.owners = {geteuid(), 0}};
}

struct trust_rule trust_rule_root(void)
{
        return (struct trust_rule){.owners = {0, 0}};
}

static bool is_owner(uid_t uid, const struct trust_rule *rule)
{
        return uid == 0 || uid == rule->owners[0] || uid == rule->owners[1];
}

/* The mask limits all entries but those of the owner and of others. Without one there are only the three of the
 * mode. */
static uint16_t read_mask(const struct acl_entry *entries, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (le16toh(entries[i].tag) == ACL_MASK)
                        return le16toh(entries[i].perm);
        return UINT16_MAX;
}

/* Does an entry let somebody write who is not trusted? What cannot be understood does. */
static bool acl_is_open(const void *acl, size_t len, const struct trust_rule *rule)
{
        struct acl_entry entries[ACL_SIZE / sizeof(struct acl_entry)];
        size_t n = len > sizeof(uint32_t) ? (len - sizeof(uint32_t)) / sizeof(entries[0]) : 0;
        uint32_t version = 0;
        uint16_t mask;

        if (n == 0 || n > sizeof(entries) / sizeof(entries[0]))
                return true;
        memcpy(&version, acl, sizeof(version));
        memcpy(entries, (const char *)acl + sizeof(version), n * sizeof(entries[0]));
        if (le32toh(version) != ACL_VERSION)
                return true;
        mask = read_mask(entries, n);
        for (size_t i = 0; i < n; i++) {
                uint16_t tag = le16toh(entries[i].tag);

                if ((le16toh(entries[i].perm) & mask & ACL_WRITE) == 0)
                        continue;
                if (tag == ACL_GROUP_OBJ || tag == ACL_GROUP ||
                    (tag == ACL_USER && !is_owner(le32toh(entries[i].id), rule)))
                        return true;
        }
        return false;
}

/* With an ACL the group bits of the mode are its mask: without the group's write bit nobody but owner and others
 * writes. */
static bool group_writes(const char *path, int fd, const struct stat *st, const struct trust_rule *rule)
{
        char acl[ACL_SIZE];
        ssize_t len;

        if ((st->st_mode & S_IWGRP) == 0)
                return false;
        len = path != NULL ? lgetxattr(path, ACL_NAME, acl, sizeof(acl)) : fgetxattr(fd, ACL_NAME, acl, sizeof(acl));
        return len <= 0 || acl_is_open(acl, (size_t)len, rule);
}

static enum trust_fault judge(const char *path, int fd, const struct stat *st, const struct trust_rule *rule)
{
        if (!is_owner(st->st_uid, rule))
                return TRUST_OWNER;
        /* The mode of a link means nothing. */
        if (S_ISLNK(st->st_mode))
                return TRUST_OK;
        return (st->st_mode & S_IWOTH) != 0 || group_writes(path, fd, st, rule) ? TRUST_WRITABLE : TRUST_OK;
}

enum trust_fault trust_judge_fd(int fd, const struct stat *st, const struct trust_rule *rule)
{
        return judge(NULL, fd, st, rule);
}

/* The way from "/" down: `done` is what is behind, without links, and `rest` what is left. */
struct walk {
        const struct trust_rule *rule;
        struct trust_result *result;
        bool in_sticky; /* others can make entries in the directory that the walk is in */
        char done[PATH_MAX];
        char rest[PATH_MAX];
        int n_links;
};

static bool is_listed(const struct walk *walk, const char *path)
{
        for (size_t i = 0; i < walk->rule->n_dirs; i++)
                if (path_is_below(walk->rule->dirs[i], path))
                        return true;
        return false;
}

static void note(struct walk *walk, enum trust_fault fault, const char *path, const struct stat *st)
{
        struct trust_result *result = walk->result;

        if (fault == TRUST_OK || result->fault != TRUST_OK || is_listed(walk, path))
                return;
        result->fault = fault;
        result->fault_uid = st->st_uid;
        result->fault_mode = st->st_mode;
        (void)snprintf(result->fault_path, sizeof(result->fault_path), "%s", path);
}

/* A directory that is listed is trusted with the way to it: a fault above it does not count once the walk is in it. */
static void forgive(struct walk *walk)
{
        struct trust_result *result = walk->result;

        if (result->fault != TRUST_OK && path_is_below(result->fault_path, walk->done) && is_listed(walk, walk->done))
                result->fault = TRUST_OK;
}

static void enter(struct walk *walk, const struct stat *st)
{
        const char *path = walk->done[0] != '\0' ? walk->done : "/";
        enum trust_fault fault = judge(path, -1, st, walk->rule);

        forgive(walk);
        walk->in_sticky = fault == TRUST_WRITABLE && S_ISDIR(st->st_mode) && (st->st_mode & S_ISVTX) != 0;
        note(walk, walk->in_sticky && walk->rest[strspn(walk->rest, "/")] != '\0' ? TRUST_OK : fault, path, st);
        walk->result->st = *st;
}

/* The text of the link goes before what is left. */
static int follow(struct walk *walk, const char *path, const struct stat *st, const char *left)
{
        char link[PATH_MAX];
        char next[PATH_MAX];
        ssize_t n = readlink(path, link, sizeof(link) - 1);
        int len;

        if (n < 0)
                return -errno;
        if (++walk->n_links > MAX_LINKS)
                return -ELOOP;
        link[n] = '\0';
        len = snprintf(next, sizeof(next), "%s/%s", link, left);
        if (len < 0 || (size_t)len >= sizeof(next))
                return -ENAMETOOLONG;
        /* In a trusted directory only trusted users make links, whoever owns one by now. */
        if (walk->in_sticky)
                note(walk, judge(path, -1, st, walk->rule), path, st);
        if (link[0] == '/')
                walk->done[0] = '\0';
        (void)memcpy(walk->rest, next, (size_t)len + 1);
        return 0;
}

/* "..": what is above has no links, so its name is that of done without the last component. */
static int step_up(struct walk *walk, const char *left)
{
        char *slash = strrchr(walk->done, '/');
        struct stat st;

        if (slash != NULL)
                *slash = '\0';
        if (lstat(walk->done[0] != '\0' ? walk->done : "/", &st) < 0)
                return -errno;
        (void)memcpy(walk->rest, left, strlen(left) + 1);
        enter(walk, &st);
        return 0;
}

/* One component. */
static int step(struct walk *walk)
{
        const char *name = walk->rest + strspn(walk->rest, "/");
        size_t len = strcspn(name, "/");
        char left[PATH_MAX];
        char path[PATH_MAX];
        struct stat st;
        int n;

        (void)memcpy(left, name + len, strlen(name + len) + 1);
        if (len == 2 && name[0] == '.' && name[1] == '.')
                return step_up(walk, left);
        if (len == 0 || (len == 1 && name[0] == '.')) {
                (void)memcpy(walk->rest, left, strlen(left) + 1);
                return 0;
        }
        n = snprintf(path, sizeof(path), "%s/%.*s", walk->done, (int)len, name);
        if (n < 0 || (size_t)n >= sizeof(path))
                return -ENAMETOOLONG;
        if (lstat(path, &st) < 0)
                return -errno;
        if (S_ISLNK(st.st_mode))
                return follow(walk, path, &st, left);
        if (walk->in_sticky && !is_owner(st.st_uid, walk->rule))
                note(walk, TRUST_OWNER, path, &st);
        (void)memcpy(walk->done, path, (size_t)n + 1);
        (void)memcpy(walk->rest, left, strlen(left) + 1);
        enter(walk, &st);
        return 0;
}

int trust_look(const char *path, const struct trust_rule *rule, struct trust_result *ret_result)
{
        struct walk walk = {.rule = rule, .result = ret_result};
        struct stat st;
        int r = 0;

        *ret_result = (struct trust_result){.fault = TRUST_OK};
        if (path[0] != '/')
                return -EINVAL;
        if (strlen(path) >= sizeof(walk.rest))
                return -ENAMETOOLONG;
        (void)memcpy(walk.rest, path, strlen(path) + 1);
        if (lstat("/", &st) < 0)
                return -errno;
        enter(&walk, &st);
        while (r == 0 && walk.rest[0] != '\0')
                r = step(&walk);
        (void)snprintf(ret_result->resolved, sizeof(ret_result->resolved), "%s",
                       walk.done[0] != '\0' ? walk.done : "/");
        return r;
}

int trust_check_fd(int fd, const char *path, const struct trust_rule *rule, struct trust_result *ret_result)
{
        struct stat st;
        int r = trust_look(path, rule, ret_result);

        if (r < 0)
                return r;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (ret_result->fault == TRUST_OK)
                ret_result->fault = trust_judge_fd(fd, &st, rule);
        if (ret_result->fault == TRUST_OK && (st.st_dev != ret_result->st.st_dev || st.st_ino != ret_result->st.st_ino))
                ret_result->fault = TRUST_EXCHANGED;
        if (ret_result->fault != TRUST_OK && ret_result->fault_path[0] == '\0') {
                ret_result->fault_uid = st.st_uid;
                ret_result->fault_mode = st.st_mode;
                (void)snprintf(ret_result->fault_path, sizeof(ret_result->fault_path), "%s", path);
        }
        return 0;
}

void trust_describe(const struct trust_result *result, char *ret_text, size_t size)
{
        switch (result->fault) {
        case TRUST_OWNER:
                (void)snprintf(ret_text, size, "belongs to uid %u", (unsigned int)result->fault_uid);
                return;
        case TRUST_WRITABLE:
                (void)snprintf(ret_text, size, "is writable by others (mode %04o)",
                               (unsigned int)result->fault_mode & 07777);
                return;
        case TRUST_EXCHANGED:
                (void)snprintf(ret_text, size, "was replaced while it was read");
                return;
        case TRUST_OK:
        default:
                (void)snprintf(ret_text, size, "is trusted");
                return;
        }
}

int trust_refuse(const struct trust_result *result, int code, const char *what, struct pipseed_error *err)
{
        char why[128];

        trust_describe(result, why, sizeof(why));
        (void)error_set(err, code, result->fault_path, "%s is not trusted: '%s' %s", what, result->fault_path, why);
        if (result->fault == TRUST_WRITABLE)
                return error_hint(err, "run: chmod go-w %s", result->fault_path);
        if (result->fault == TRUST_OWNER)
                return error_hint(err, "run: chown -h %u %s", (unsigned int)geteuid(), result->fault_path);
        return error_hint(err, "run the command again");
}
