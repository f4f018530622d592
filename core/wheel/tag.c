/* SPDX-License-Identifier: MIT */
/*
 * The tags of an interpreter are a list of groups, best first: one interpreter tag and one ABI tag, with each platform
 * of the platform list in turn, or with "any" alone. The first group that fits holds the best rank.
 */
#include "tag.h"

#include "base/cleanup.h"
#include "base/str.h"
#include "wheel/implementation.h"

#include <stdio.h>
#include <string.h>

#define TAG_SIZE 128
#define WORD_MAX 32    /* longest name of a machine or an implementation: a tag is never cut */
#define MINOR_MAX 1000 /* of Python and of a libc: facts come from files, and loops run up to them */

/* The three sets of a wheel, and how far the walk through the supported tags has come. */
struct walk {
        const struct tag_facts *facts;
        const char *python, *abi, *platform;
        int n_platforms;   /* how many the interpreter supports */
        int best_platform; /* the first of them that is in the set, or -1 */
        int rank;          /* of the group's first tag */
        int found;         /* -1: not yet */
};

/* Is the tag one of "a.b.c"? Tags have no case. */
static bool set_has(const char *set, const char *tag)
{
        size_t len = strlen(tag);

        for (;; set++) {
                size_t i = 0;

                while (i < len && str_lower(set[i]) == str_lower(tag[i]))
                        i++;
                if (i == len && (set[i] == '.' || set[i] == '\0'))
                        return true;
                set += strcspn(set, ".");
                if (*set == '\0')
                        return false;
        }
}

static void offer_platform(struct walk *walk, const char *platform)
{
        if (walk->best_platform < 0 && set_has(walk->platform, platform))
                walk->best_platform = walk->n_platforms;
        walk->n_platforms++;
}

static void offer_libc(struct walk *walk, const char *family, int major, int minor, const char *arch)
{
        char text[TAG_SIZE];

        (void)snprintf(text, sizeof(text), "%s_%d_%d_%s", family, major, minor, arch);
        offer_platform(walk, text);
}

/* PEP 600, with the names that PEP 513, 571 and 599 gave to three of its versions. */
static void offer_manylinux(struct walk *walk, const char *arch, bool is_x86)
{
        static const struct {
                int minor;
                const char *name;
        } aliases[] = {{17, "manylinux2014"}, {12, "manylinux2010"}, {5, "manylinux1"}};
        const int last_minor = 50; /* of a glibc 2 once there is a glibc 3: packaging's guess */
        const int oldest_minor = is_x86 ? 5 : 17;

        for (int major = walk->facts->libc_major; major >= 2; major--) {
                int minor = major == walk->facts->libc_major ? walk->facts->libc_minor : last_minor;

                for (; minor >= (major == 2 ? oldest_minor : 0); minor--) {
                        offer_libc(walk, "manylinux", major, minor, arch);
                        for (size_t i = 0; i < ARRAY_SIZE(aliases) && major == 2; i++) {
                                char text[TAG_SIZE];

                                if (aliases[i].minor != minor)
                                        continue;
                                (void)snprintf(text, sizeof(text), "%s_%s", aliases[i].name, arch);
                                offer_platform(walk, text);
                        }
                }
        }
}

static void offer_linux(struct walk *walk, const char *arch)
{
        static const char *const many_archs[] = {"x86_64", "i686",    "aarch64",     "armv7l", "armv8l",
                                                 "ppc64",  "ppc64le", "loongarch64", "s390x",  "riscv64"};
        const char *archs[] = {arch, strcmp(arch, "armv8l") == 0 ? "armv7l" : NULL};
        const struct tag_facts *facts = walk->facts;
        bool is_x86 = strcmp(arch, "x86_64") == 0 || strcmp(arch, "i686") == 0;
        bool is_many = false;

        for (size_t i = 0; i < ARRAY_SIZE(many_archs); i++)
                is_many = is_many || strcmp(arch, many_archs[i]) == 0;
        offer_platform(walk, facts->platform);
        if (archs[1] != NULL)
                offer_platform(walk, "linux_armv7l");
        if (strlen(arch) > WORD_MAX || facts->libc_major > MINOR_MAX || facts->libc_minor > MINOR_MAX)
                return;
        for (size_t i = 0; i < ARRAY_SIZE(archs) && archs[i] != NULL; i++)
                if (facts->libc == TAG_LIBC_GLIBC && is_many)
                        offer_manylinux(walk, archs[i], is_x86);
        for (size_t i = 0; i < ARRAY_SIZE(archs) && archs[i] != NULL; i++)
                for (int minor = facts->libc_minor; facts->libc == TAG_LIBC_MUSL && minor >= 0; minor--)
                        offer_libc(walk, "musllinux", facts->libc_major, minor, archs[i]);
}

static void offer_platforms(struct walk *walk)
{
        const char *platform = walk->facts->platform;

        if (platform == NULL)
                return;
        if (str_starts(platform, "linux_"))
                offer_linux(walk, platform + strlen("linux_"));
        else
                offer_platform(walk, platform);
}

static bool group_fits(const struct walk *walk, const char *python, const char *abi)
{
        return walk->found < 0 && set_has(walk->python, python) && set_has(walk->abi, abi);
}

static void offer_group(struct walk *walk, const char *python, const char *abi)
{
        if (walk->best_platform >= 0 && group_fits(walk, python, abi))
                walk->found = walk->rank + walk->best_platform;
        walk->rank += walk->n_platforms;
}

static void offer_any(struct walk *walk, const char *python)
{
        if (set_has(walk->platform, "any") && group_fits(walk, python, "none"))
                walk->found = walk->rank;
        walk->rank++;
}

static void format_python(char ret_text[TAG_SIZE], const char *prefix, int major, int minor)
{
        (void)snprintf(ret_text, TAG_SIZE, "%s%d%d", prefix, major, minor);
}

/* CPython's own tags. PEP 384: the stable ABI began with 3.2; PEP 803: that of the free-threaded build is abi3t. */
static void offer_cpython(struct walk *walk)
{
        const struct tag_facts *facts = walk->facts;
        const int version = facts->major * 1000 + facts->minor;
        const bool threaded = facts->free_threaded && version >= 3013;
        const char *stable = threaded ? "abi3t" : "abi3";
        char python[TAG_SIZE], abi[TAG_SIZE];

        format_python(python, "cp", facts->major, facts->minor);
        (void)snprintf(abi, sizeof(abi), "cp%d%d%s%s", facts->major, facts->minor, threaded ? "t" : "",
                       version < 3008 ? "m" : "");
        offer_group(walk, python, abi);
        if (version >= 3002)
                offer_group(walk, python, stable);
        offer_group(walk, python, "none");
        for (int minor = facts->minor - 1; version >= 3002 && minor >= 2; minor--) {
                format_python(python, "cp", facts->major, minor);
                offer_group(walk, python, stable);
        }
}

/* An implementation's own ABI: its template with the two versions filled in. */
static void format_abi(const struct tag_facts *facts, const char *template, char ret_abi[TAG_SIZE])
{
        static const char language[] = "{python}", own[] = "{own}";
        size_t n = 0;

        ret_abi[0] = '\0';
        while (*template != '\0' && n < TAG_SIZE - 32) {
                if (str_starts(template, language)) {
                        n += (size_t)snprintf(ret_abi + n, TAG_SIZE - n, "%d%d", facts->major, facts->minor);
                        template += strlen(language);
                } else if (str_starts(template, own)) {
                        n += (size_t)snprintf(ret_abi + n, TAG_SIZE - n, "%d%d", facts->impl_major, facts->impl_minor);
                        template += strlen(own);
                } else {
                        ret_abi[n++] = *template ++;
                        ret_abi[n] = '\0';
                }
        }
}

static void offer_other(struct walk *walk, const struct implementation *known, const char *name)
{
        const struct tag_facts *facts = walk->facts;
        char python[TAG_SIZE], abi[TAG_SIZE];

        format_python(python, name, facts->major, facts->minor);
        if (known != NULL && facts->impl_major > 0) {
                format_abi(facts, known->abi, abi);
                offer_group(walk, python, abi);
        }
        offer_group(walk, python, "none");
}

/* pyXY, pyX, then the older ones down to pyX0: step runs from 0. False beyond the end. */
static bool format_step(const struct tag_facts *facts, int step, char ret_text[TAG_SIZE])
{
        if (step == 1)
                (void)snprintf(ret_text, TAG_SIZE, "py%d", facts->major);
        else
                format_python(ret_text, "py", facts->major, step == 0 ? facts->minor : facts->minor + 1 - step);
        return step <= facts->minor + 1;
}

/* What any interpreter of the version takes; interpreter: the one tag that goes with none-any, or "". */
static void offer_compatible(struct walk *walk, const char *interpreter)
{
        char python[TAG_SIZE];

        for (int step = 0; format_step(walk->facts, step, python); step++)
                offer_group(walk, python, "none");
        if (*interpreter != '\0')
                offer_any(walk, interpreter);
        for (int step = 0; format_step(walk->facts, step, python); step++)
                offer_any(walk, python);
}

/* The prefix of the interpreter tag of one that pipseed does not know: packaging's short names, else its own name. */
static const char *short_name(const char *implementation)
{
        static const struct {
                const char *name, *prefix;
        } rows[] = {{"ironpython", "ip"}, {"jython", "jy"}, {"python", "py"}};

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                if (strcmp(rows[i].name, implementation) == 0)
                        return rows[i].prefix;
        return implementation;
}

int tag_rank(const struct tag_facts *facts, const char *python, const char *abi, const char *platform)
{
        struct walk walk = {facts, python, abi, platform, .best_platform = -1, .found = -1};
        const struct implementation *known = implementation_find(facts->implementation);
        const char *name = known != NULL ? known->tag : short_name(facts->implementation);
        char interpreter[TAG_SIZE] = "";

        if (facts->major < 0 || facts->major > MINOR_MAX || facts->minor < 0 || facts->minor > MINOR_MAX ||
            strlen(name) > WORD_MAX)
                return -1;
        offer_platforms(&walk);
        if (known != NULL && known->abi == NULL) {
                format_python(interpreter, name, facts->major, facts->minor);
                offer_cpython(&walk);
        } else {
                if (known != NULL && known->any_tag != NULL)
                        (void)snprintf(interpreter, sizeof(interpreter), "%s", known->any_tag);
                offer_other(&walk, known, name);
        }
        offer_compatible(&walk, interpreter);
        return walk.found;
}
