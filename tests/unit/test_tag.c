/* SPDX-License-Identifier: MIT */
/* test_tags_oracle.py holds every rank against packaging.tags; here are which wheels fit, and facts that make no sense.
 */
#include "wheel/tag.h"

#include "base/cleanup.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define X86 .platform = "linux_x86_64"
#define GLIBC(minor_) .libc = TAG_LIBC_GLIBC, .libc_major = 2, .libc_minor = (minor_)
#define MUSL(minor_) .libc = TAG_LIBC_MUSL, .libc_major = 1, .libc_minor = (minor_)

static const struct tag_facts cp36 = {"cpython", 3, 6, X86, GLIBC(36)};
static const struct tag_facts cp38 = {"cpython", 3, 8, X86, GLIBC(17)};
static const struct tag_facts cp313 = {"cpython", 3, 13, X86, GLIBC(36)};
static const struct tag_facts cp313t = {"cpython", 3, 13, .free_threaded = true, X86, GLIBC(36)};
static const struct tag_facts cp313_arm = {"cpython", 3, 13, .platform = "linux_aarch64", GLIBC(36)};
static const struct tag_facts cp313_musl = {"cpython", 3, 13, X86, MUSL(2)};
static const struct tag_facts cp313_bsd = {"cpython", 3, 13, .platform = "freebsd_14_0_release_amd64"};
static const struct tag_facts cp313_bare = {"cpython", 3, 13, .platform = NULL};
static const struct tag_facts pp39 = {"pypy", 3, 9, 7, 3, X86, GLIBC(36)};
static const struct tag_facts pp_unknown = {"pypy", 3, 9, X86, GLIBC(36)};
static const struct tag_facts graalpy = {"graalpy", 3, 11, X86, GLIBC(36)};

static const struct {
        const struct tag_facts *facts;
        const char *python, *abi, *platform;
        bool fits;
} cases[] = {
        {&cp36, "py2.py3", "none", "any", true},
        {&cp36, "py37", "none", "any", false},
        {&cp36, "py35", "none", "any", true},
        {&cp36, "py2", "none", "any", false},
        {&cp36, "cp36", "cp36m", "manylinux1_x86_64", true},
        {&cp36, "cp36", "cp36", "manylinux1_x86_64", false},
        {&cp38, "cp38", "cp38", "manylinux2014_x86_64", true},
        {&cp38, "cp38", "cp38m", "manylinux2014_x86_64", false},
        {&cp38, "cp38", "cp38", "manylinux_2_17_x86_64", true},
        {&cp38, "cp38", "cp38", "manylinux_2_18_x86_64", false},
        {&cp38, "cp38", "cp38", "manylinux_2_28_x86_64.manylinux2010_x86_64", true},
        {&cp38, "cp38", "cp38", "manylinux_2_4_x86_64", false},
        {&cp313, "py3", "none", "any", true},
        {&cp313, "PY3", "None", "ANY", true},
        {&cp313, "cp313", "none", "any", true},
        {&cp313, "cp312", "none", "any", false},
        {&cp313, "cp36", "abi3", "linux_x86_64", true},
        {&cp313, "cp314", "abi3", "linux_x86_64", false},
        {&cp313, "cp31", "abi3", "linux_x86_64", false},
        {&cp313, "cp313", "abi3t", "linux_x86_64", false},
        {&cp313, "cp313", "cp313", "musllinux_1_2_x86_64", false},
        {&cp313, "cp313", "cp313", "linux_aarch64", false},
        {&cp313, "cp313", "cp313", "any", false},
        {&cp313, "cp313", "cp313t", "linux_x86_64", false},
        {&cp313t, "cp313", "cp313t", "linux_x86_64", true},
        {&cp313t, "cp313", "cp313", "linux_x86_64", false},
        {&cp313t, "cp36", "abi3", "linux_x86_64", false},
        {&cp313t, "cp312", "abi3t", "linux_x86_64", true},
        {&cp313t, "py3", "none", "any", true},
        {&cp313_arm, "cp313", "cp313", "manylinux2014_aarch64", true},
        {&cp313_arm, "cp313", "cp313", "manylinux2010_aarch64", false},
        {&cp313_musl, "cp313", "cp313", "musllinux_1_2_x86_64", true},
        {&cp313_musl, "cp313", "cp313", "musllinux_1_0_x86_64", true},
        {&cp313_musl, "cp313", "cp313", "musllinux_1_3_x86_64", false},
        {&cp313_musl, "cp313", "cp313", "manylinux2014_x86_64", false},
        {&cp313_bsd, "cp313", "cp313", "freebsd_14_0_release_amd64", true},
        {&cp313_bsd, "cp313", "cp313", "linux_x86_64", false},
        {&cp313_bare, "py3", "none", "any", true},
        {&cp313_bare, "cp313", "cp313", "linux_x86_64", false},
        {&pp39, "pp39", "pypy39_pp73", "manylinux2014_x86_64", true},
        {&pp39, "pp39", "none", "any", false},
        {&pp39, "pp3", "none", "any", true},
        {&pp39, "cp39", "abi3", "linux_x86_64", false},
        {&pp39, "py3", "none", "any", true},
        {&pp_unknown, "pp39", "pypy39_pp73", "linux_x86_64", false},
        {&pp_unknown, "py3", "none", "any", true},
        {&graalpy, "graalpy311", "none", "linux_x86_64", true},
        {&graalpy, "py3", "none", "any", true},
        {&cp313, "", "none", "any", false},
        {&cp313, "py3", "", "any", false},
        {&cp313, "py3", "none", "", false},
        {&cp313, "py3.", ".none", "..any", true},
        {&cp313, "py", "none", "any", false},
        {&cp313, "py33333", "none", "any", false},
};

static void test_fits(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                if ((tag_rank(cases[i].facts, cases[i].python, cases[i].abi, cases[i].platform) >= 0) != cases[i].fits)
                        fail_msg("case %zu: %s-%s-%s", i, cases[i].python, cases[i].abi, cases[i].platform);
}

/* Each fits better than the next. */
static const struct {
        const char *python, *abi, *platform;
} descending[] = {
        {"cp313", "cp313", "linux_x86_64"},
        {"cp313", "cp313", "manylinux_2_36_x86_64"},
        {"cp313", "cp313", "manylinux_2_17_x86_64"},
        {"cp313", "cp313", "manylinux2014_x86_64"},
        {"cp313", "cp313", "manylinux_2_16_x86_64"},
        {"cp313", "cp313", "manylinux2010_x86_64"},
        {"cp313", "cp313", "manylinux_2_5_x86_64"},
        {"cp313", "cp313", "manylinux1_x86_64"},
        {"cp313", "abi3", "linux_x86_64"},
        {"cp313", "none", "linux_x86_64"},
        {"cp312", "abi3", "linux_x86_64"},
        {"cp32", "abi3", "manylinux1_x86_64"},
        {"py313", "none", "linux_x86_64"},
        {"py3", "none", "linux_x86_64"},
        {"py312", "none", "linux_x86_64"},
        {"py30", "none", "manylinux1_x86_64"},
        {"cp313", "none", "any"},
        {"py313", "none", "any"},
        {"py3", "none", "any"},
        {"py312", "none", "any"},
        {"py30", "none", "any"},
};

static void test_order(void **state)
{
        int before = -1;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(descending); i++) {
                int rank = tag_rank(&cp313, descending[i].python, descending[i].abi, descending[i].platform);

                assert_true(rank > before);
                before = rank;
        }
        assert_int_equal(tag_rank(&cp313, "cp313", "cp313", "linux_x86_64"), 0);
        assert_int_equal(tag_rank(&cp313, "py2.py3.cp313", "none", "any"), tag_rank(&cp313, "cp313", "none", "any"));
}

static const char long_word[] =
        "linux_"
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

/* Facts come from files of a target that nobody has checked: no hang, no overflow, and nothing platform-specific fits.
 */
static const struct tag_facts nonsense[] = {
        {"cpython", 3, 13, X86, .libc = TAG_LIBC_GLIBC, .libc_major = INT_MAX, .libc_minor = INT_MAX},
        {"cpython", 3, 13, X86, .libc = TAG_LIBC_GLIBC, .libc_major = 2, .libc_minor = INT_MAX},
        {"cpython", 3, 13, X86, .libc = TAG_LIBC_GLIBC, .libc_major = INT_MIN, .libc_minor = INT_MIN},
        {"cpython", 3, 13, X86, .libc = TAG_LIBC_MUSL, .libc_major = 1, .libc_minor = INT_MAX},
        {"cpython", 3, 13, .platform = long_word, GLIBC(36)},
        {"cpython", 3, 13, .platform = "linux_", GLIBC(36)},
        {"cpython", 3, 13, .platform = "", GLIBC(36)},
};
static const struct tag_facts no_python[] = {
        {"cpython", 3, INT_MAX, X86, GLIBC(36)}, {"cpython", INT_MAX, 13, X86, GLIBC(36)},
        {"cpython", 3, -1, X86, GLIBC(36)},      {"cpython", -3, 13, X86, GLIBC(36)},
        {long_word, 3, 13, X86, GLIBC(36)},
};

static void test_nonsense(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(nonsense); i++) {
                assert_true(tag_rank(&nonsense[i], "py3", "none", "any") > 0);
                assert_int_equal(tag_rank(&nonsense[i], "cp313", "cp313", "manylinux2014_x86_64"), -1);
                assert_int_equal(tag_rank(&nonsense[i], "cp313", "cp313", "musllinux_1_0_x86_64"), -1);
        }
        assert_int_equal(tag_rank(&nonsense[4], "cp313", "cp313", long_word), 0);
        for (size_t i = 0; i < ARRAY_SIZE(no_python); i++)
                assert_int_equal(tag_rank(&no_python[i], "py3", "none", "any"), -1);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_fits),
                cmocka_unit_test(test_order),
                cmocka_unit_test(test_nonsense),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
