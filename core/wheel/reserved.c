/* SPDX-License-Identifier: MIT */
#include "reserved.h"

#include "base/cleanup.h"
#include "base/str.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

static const char by_pipseed[] = "pipseed";
static const char by_venv[] = "venv";
static const char by_interpreter[] = "the interpreter";
static const char by_site[] = "the site's administrator";

/* What the first component of a path is, without regard to case. */
enum match {
        WHOLE, /* this, and whatever is below it */
        FILE_, /* this, and a file */
        STEM,  /* this, whatever comes behind a dot */
};

static const struct {
        enum reserved_place place;
        enum match match;
        const char *name;
        const char *owner;
} rows[] = {
        {RESERVED_DATA, WHOLE, "pyvenv.cfg", by_venv},  {RESERVED_DATA, WHOLE, "lib64", by_venv}, /* a link to lib */
        {RESERVED_DATA, WHOLE, ".gitignore", by_venv},  {RESERVED_DATA, FILE_, "bin", by_venv},
        {RESERVED_DATA, FILE_, "scripts", by_venv},     {RESERVED_DATA, FILE_, "include", by_venv},
        {RESERVED_DATA, FILE_, "lib", by_venv},         {RESERVED_LIB, STEM, "sitecustomize", by_site},
        {RESERVED_LIB, STEM, "usercustomize", by_site},
};

static bool is_nocase(const char *part, size_t len, const char *name)
{
        return strlen(name) == len && strncasecmp(part, name, len) == 0;
}

static bool starts_nocase(const char *part, const char *start)
{
        return strncasecmp(part, start, strlen(start)) == 0;
}

/* A hidden name with ".pipseed" in it: what pipseed leaves for its next run, and the files it is about to rename. */
static bool is_own(const char *part, size_t len)
{
        static const char own[] = ".pipseed";
        const size_t own_len = sizeof(own) - 1;

        for (size_t i = 0; part[0] == '.' && i + own_len <= len; i++)
                if (strncasecmp(part + i, own, own_len) == 0)
                        return true;
        return false;
}

static const char *next_part(const char *path)
{
        path += strcspn(path, "/");
        return *path == '/' ? path + 1 : path;
}

/* Receipts of pipseed: dist-info/pipseed.json. */
static bool is_receipt(const char *path)
{
        const size_t len = strcspn(path, "/");
        const size_t tail = strlen(".dist-info");
        const char *second = next_part(path);

        return len > tail && is_nocase(path + len - tail, tail, ".dist-info") &&
               is_nocase(second, strlen(second), "pipseed.json");
}

static bool is_versioned(const char *part)
{
        return starts_nocase(part, "python") || starts_nocase(part, "pypy") || starts_nocase(part, "graalpy");
}

/* lib/pythonX.Y is the standard library, but for the directories of packages in it. */
static const char *find_in_lib(const char *path)
{
        const char *third;
        size_t len;

        if (!is_versioned(path))
                return NULL;
        third = next_part(path);
        len = strcspn(third, "/");
        if (!is_nocase(third, len, "site-packages") && !is_nocase(third, len, "dist-packages"))
                return by_interpreter;
        return reserved_find(RESERVED_LIB, next_part(third));
}

/* include/pythonX.Y has Python.h and its like; packages have directories of their own there. */
static const char *find_in_include(const char *path)
{
        const char *third;
        size_t len;

        if (!is_versioned(path))
                return NULL;
        third = next_part(path);
        len = strcspn(third, "/");
        return third[len] == '\0' || is_nocase(third, len, "cpython") || is_nocase(third, len, "internal")
                       ? by_interpreter
                       : NULL;
}

static bool matches(enum match match, const char *path, const char *name)
{
        const size_t len = strcspn(path, "/");

        switch (match) {
        case FILE_:
                return path[len] == '\0' && is_nocase(path, len, name);
        case STEM:
                return is_nocase(path, strcspn(path, "/."), name);
        case WHOLE:
        default:
                return is_nocase(path, len, name);
        }
}

const char *reserved_find(enum reserved_place place, const char *path)
{
        for (const char *part = path; *part != '\0'; part = next_part(part))
                if (is_own(part, strcspn(part, "/")))
                        return by_pipseed;
        if (place == RESERVED_LIB && is_receipt(path))
                return by_pipseed;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                if (rows[i].place == place && matches(rows[i].match, path, rows[i].name))
                        return rows[i].owner;
        if (place == RESERVED_DATA && starts_nocase(path, "lib/"))
                return find_in_lib(next_part(path));
        if (place == RESERVED_DATA && starts_nocase(path, "include/"))
                return find_in_include(next_part(path));
        return NULL;
}
