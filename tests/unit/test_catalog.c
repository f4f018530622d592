/* SPDX-License-Identifier: MIT */
#include "tree_fixture.h"
#include "wheel_fixture.h"

#include "base/error.h"
#include "wheel/catalog.h"
#include "wheel/wheel.h"

#include <errno.h>

static char seen[4096];

static int note_event(void *data, const struct pipseed_event *event)
{
        (void)snprintf(seen + strlen(seen), sizeof(seen) - strlen(seen), "%s\n", event->text);
        return data != NULL;
}

/* A file of that name whose METADATA says what its Requires-Python is. */
static void put_wheel(const char *directory, const char *filename, const char *requires_python)
{
        _cleanup_(arena_done) struct arena arena = {0};
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        _cleanup_(str_done) struct str metadata = STR_INIT;
        _cleanup_free_ char *path = str_format("%s/%s", directory, filename);
        struct wheel_name name;
        struct fixture fixture;
        char info[256];

        assert_int_equal(wheel_name_parse(&arena, filename, &name, &err), 0);
        (void)snprintf(info, sizeof(info), "%s-%s.dist-info/METADATA", name.distribution, name.version);
        str_printf(&metadata, "Metadata-Version: 2.1\nName: %s\nVersion: %s\n", name.distribution, name.version);
        if (requires_python != NULL)
                str_printf(&metadata, "Requires-Python: %s\n", requires_python);
        fixture_start(&fixture);
        fixture_add(&fixture, info, metadata.data);
        fixture_finish(&fixture);
        tree_bytes(path, fixture.zip.data, fixture.zip.len, 0644);
        fixture_done(&fixture);
}

static struct pipseed_request request_of(const char *const *directories, size_t n)
{
        struct pipseed_request req;

        pipseed_request_init(&req);
        req.bundled = false;
        req.wheel_dirs = directories;
        req.n_wheel_dirs = n;
        req.event = note_event;
        seen[0] = '\0';
        return req;
}

static const struct tag_facts tags = {
        .implementation = "cpython",
        .major = 3,
        .minor = 11,
        .platform = "linux_x86_64",
        .libc = TAG_LIBC_GLIBC,
        .libc_major = 2,
        .libc_minor = 36,
};

/* What is in the directory: "file name" or "file name Requires-Python". */
static const struct {
        const char *name;
        const char *wheels[8];
        const char *specifier;
        const char *expected; /* NULL: none fits */
} choices[] = {
        {"newest",
         {"pip-9.0-py3-none-any.whl", "pip-10.0-py3-none-any.whl", "pip-9.10-py3-none-any.whl"},
         "",
         "pip-10.0-py3-none-any.whl"},
        {"newest admitted",
         {"pip-25.0-py3-none-any.whl", "pip-26.0-py3-none-any.whl", "pip-27.0-py3-none-any.whl"},
         ">=25,<27",
         "pip-26.0-py3-none-any.whl"},
        {"exactly", {"pip-25.0-py3-none-any.whl", "pip-26.0-py3-none-any.whl"}, "==25.0", "pip-25.0-py3-none-any.whl"},
        {"none admitted", {"pip-25.0-py3-none-any.whl"}, ">=26", NULL},
        {"none at all", {NULL}, "", NULL},
        {"of another project", {"setuptools-80.0-py3-none-any.whl", "pip_tools-9.0-py3-none-any.whl"}, "", NULL},
        {"no pre-release",
         {"pip-26.0-py3-none-any.whl", "pip-27.0b1-py3-none-any.whl", "pip-27.0.dev1-py3-none-any.whl"},
         "",
         "pip-26.0-py3-none-any.whl"},
        {"a pre-release that is named",
         {"pip-26.0-py3-none-any.whl", "pip-27.0b1-py3-none-any.whl"},
         ">=27.0b1",
         "pip-27.0b1-py3-none-any.whl"},
        {"a pre-release when nothing else is there",
         {"pip-27.0b1-py3-none-any.whl", "pip-27.0b2-py3-none-any.whl"},
         "",
         "pip-27.0b2-py3-none-any.whl"},
        {"a pre-release when nothing else fits",
         {"pip-26.0-py3-none-any.whl", "pip-27.0b1-py3-none-any.whl"},
         ">=26.5",
         "pip-27.0b1-py3-none-any.whl"},
        {"a post-release",
         {"pip-26.0-py3-none-any.whl", "pip-26.0.post1-py3-none-any.whl"},
         "",
         "pip-26.0.post1-py3-none-any.whl"},
        {"Requires-Python",
         {"pip-27.0-py3-none-any.whl >=3.12", "pip-26.0-py3-none-any.whl >=3.9", "pip-25.0-py3-none-any.whl"},
         "",
         "pip-26.0-py3-none-any.whl"},
        {"Requires-Python of none", {"pip-27.0-py3-none-any.whl >=3.12", "pip-26.0-py3-none-any.whl <3.11"}, "", NULL},
        {"Requires-Python to the micro version",
         {"pip-27.0-py3-none-any.whl >=3.11.3", "pip-26.0-py3-none-any.whl >=3.11.2"},
         "",
         "pip-26.0-py3-none-any.whl"},
        {"tags",
         {"pip-27.0-cp312-cp312-linux_x86_64.whl", "pip-26.0-py2-none-any.whl", "pip-25.0-py3-none-any.whl"},
         "",
         "pip-25.0-py3-none-any.whl"},
        {"the more specific tag",
         {"pip-26.0-py3-none-any.whl", "pip-26.0-cp311-none-any.whl", "pip-26.0-py2.py3-none-any.whl",
          "pip-26.0-py311-none-any.whl"},
         "",
         "pip-26.0-cp311-none-any.whl"},
        {"the most specific tag of all",
         {"pip-26.0-py3-none-any.whl", "pip-26.0-cp311-cp311-manylinux_2_36_x86_64.whl"},
         "",
         "pip-26.0-cp311-cp311-manylinux_2_36_x86_64.whl"},
        {"version before tag",
         {"pip-26.1-py3-none-any.whl", "pip-26.0-cp311-none-any.whl"},
         "",
         "pip-26.1-py3-none-any.whl"},
        {"the higher build",
         {"pip-26.0-9-py3-none-any.whl", "pip-26.0-10-py3-none-any.whl", "pip-26.0-py3-none-any.whl"},
         "",
         "pip-26.0-10-py3-none-any.whl"},
        {"builds with letters",
         {"pip-26.0-2b-py3-none-any.whl", "pip-26.0-2c-py3-none-any.whl", "pip-26.0-2a-py3-none-any.whl"},
         "",
         "pip-26.0-2c-py3-none-any.whl"},
        {"tag before build",
         {"pip-26.0-10-py3-none-any.whl", "pip-26.0-9-cp311-none-any.whl"},
         "",
         "pip-26.0-9-cp311-none-any.whl"},
        {"equal versions in two spellings",
         {"pip-26.0.0-py3-none-any.whl", "pip-26-cp311-none-any.whl"},
         "",
         "pip-26-cp311-none-any.whl"},
        {"an epoch", {"pip-1!1.0-py3-none-any.whl", "pip-99.0-py3-none-any.whl"}, "", "pip-1!1.0-py3-none-any.whl"},
        {"a local version",
         {"pip-26.0+x.1-py3-none-any.whl", "pip-26.0-py3-none-any.whl"},
         "==26.0",
         "pip-26.0+x.1-py3-none-any.whl"},
};

static int choose(struct catalog *catalog, const char *project, const char *text, struct catalog_wheel **ret_wheel,
                  struct pipseed_error *err)
{
        _cleanup_(specifier_freep) struct specifier *specifier = NULL;
        struct catalog_question question = {.project = project,
                                            .specifier_text = text,
                                            .tags = &tags,
                                            .python_version = "3.11.2"};

        assert_int_equal(specifier_parse(text, &specifier, err), 0);
        question.specifier = specifier;
        return catalog_choose(catalog, &question, ret_wheel, err);
}

static void chooses(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(choices); i++) {
                _cleanup_(catalog_done) struct catalog catalog = {0};
                _cleanup_free_ char *directory = str_format("w%zu", i);
                _cleanup_free_ char *absolute = strdup(tree_path(directory));
                const char *const directories[] = {absolute};
                const struct pipseed_request req = request_of(directories, 1);
                struct pipseed_error err = PIPSEED_ERROR_INIT;
                struct catalog_wheel *wheel = NULL;
                int r;

                tree_dir(directory);
                for (size_t k = 0; k < 8 && choices[i].wheels[k] != NULL; k++) {
                        const char *blank = strchr(choices[i].wheels[k], ' ');
                        _cleanup_free_ char *name =
                                str_format("%.*s", (int)strcspn(choices[i].wheels[k], " "), choices[i].wheels[k]);

                        put_wheel(directory, name, blank != NULL ? blank + 1 : NULL);
                }
                assert_int_equal(catalog_open(&req, &catalog, &err), 0);
                r = choose(&catalog, "pip", choices[i].specifier, &wheel, &err);
                if (choices[i].expected == NULL ? r != PIPSEED_E_NO_WHEEL
                                                : r < 0 || strcmp(wheel->filename, choices[i].expected) != 0)
                        fail_msg("%s: %s%s", choices[i].name, wheel != NULL ? wheel->filename : "", err.message);
        }
}

#define WRONG "0000000000000000000000000000000000000000000000000000000000000000"

/* A project that has a pin is installed from pinned files only, however their names are spelt. */
static const struct {
        const char *name;
        const char *wheels[4];
        const char *pin;
        const char *expected; /* NULL: refused */
} pinned[] = {
        {"a build tag",
         {"pip-26.3-py3-none-any.whl", "pip-26.3-1-py3-none-any.whl"},
         "pip-26.3-py3-none-any.whl",
         "pip-26.3-py3-none-any.whl"},
        {"a local version",
         {"pip-26.3-py3-none-any.whl", "pip-26.3+x-py3-none-any.whl"},
         "pip-26.3-py3-none-any.whl",
         "pip-26.3-py3-none-any.whl"},
        {"a newer one",
         {"pip-26.3-py3-none-any.whl", "pip-26.4-py3-none-any.whl"},
         "pip-26.3-py3-none-any.whl",
         "pip-26.3-py3-none-any.whl"},
        {"a better tag",
         {"pip-26.3-py3-none-any.whl", "pip-26.3-cp311-none-any.whl"},
         "pip-26.3-py3-none-any.whl",
         "pip-26.3-py3-none-any.whl"},
        {"other spellings",
         {"PIP-26.3.0-py3-none-any.whl"},
         "pip-26.3-py3-none-any.whl",
         "PIP-26.3.0-py3-none-any.whl"},
        {"none but others",
         {"pip-26.3-1-py3-none-any.whl", "PIP-26.4-py3-none-any.whl"},
         "pip-26.3-py3-none-any.whl",
         NULL},
        {"of another project",
         {"pip-26.3-py3-none-any.whl"},
         "setuptools-1.0-py3-none-any.whl",
         "pip-26.3-py3-none-any.whl"},
        {"no wheel's name", {"pip-26.3-py3-none-any.whl"}, "pip", "pip-26.3-py3-none-any.whl"},
};

static void chooses_pinned_files(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(pinned); i++) {
                _cleanup_(catalog_done) struct catalog catalog = {0};
                _cleanup_free_ char *directory = str_format("p%zu", i);
                _cleanup_free_ char *absolute = strdup(tree_path(directory));
                const char *const directories[] = {absolute};
                const struct pipseed_pin pin = {.size = sizeof(pin), .filename = pinned[i].pin, .sha256 = WRONG};
                const struct pipseed_pin *const pins[] = {&pin};
                struct pipseed_request req = request_of(directories, 1);
                struct pipseed_error err = PIPSEED_ERROR_INIT;
                struct catalog_wheel *wheel = NULL;
                int r;

                req.pins = pins;
                req.n_pins = 1;
                tree_dir(directory);
                for (size_t k = 0; k < 4 && pinned[i].wheels[k] != NULL; k++)
                        put_wheel(directory, pinned[i].wheels[k], NULL);
                assert_int_equal(catalog_open(&req, &catalog, &err), 0);
                r = choose(&catalog, "pip", "", &wheel, &err);
                if (pinned[i].expected == NULL ? r != PIPSEED_E_UNPINNED
                                               : r < 0 || strcmp(wheel->filename, pinned[i].expected) != 0)
                        fail_msg("%s: %s%s", pinned[i].name, wheel != NULL ? wheel->filename : "", err.message);
        }
}

/* Only the chosen one's bytes are kept, and what its name rules out is not read. */
static void reads_one_at_a_time(void **state)
{
        _cleanup_(catalog_done) struct catalog catalog = {0};
        _cleanup_free_ char *absolute = strdup(tree_path("w"));
        const char *const directories[] = {absolute};
        struct pipseed_request req = request_of(directories, 1);
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        struct catalog_wheel *wheel = NULL;

        (void)state;
        put_wheel("w", "pip-26.5-py3-none-any.whl", ">=3.12");
        put_wheel("w", "pip-26.4-py3-none-any.whl", ">=3.12");
        put_wheel("w", "pip-26.3-py3-none-any.whl", NULL);
        put_wheel("w", "pip-26.3-py311-none-any.whl", NULL);
        tree_file("w/pip-26.6-cp39-cp39-linux_x86_64.whl", "not read");
        assert_int_equal(catalog_open(&req, &catalog, &err), 0);
        assert_int_equal(choose(&catalog, "pip", "", &wheel, &err), 0);
        assert_string_equal(wheel->filename, "pip-26.3-py311-none-any.whl");
        for (size_t i = 0; i < catalog.n_wheels; i++)
                assert_true((catalog.wheels[i].bytes != NULL) == (&catalog.wheels[i] == wheel));
}

static void tells_what_was_there(void **state)
{
        _cleanup_free_ char *directory = strdup(tree_path("w"));
        const char *const directories[] = {directory};
        const struct pipseed_request req = request_of(directories, 1);
        _cleanup_(catalog_done) struct catalog catalog = {0};
        _cleanup_free_ char *expected = NULL;
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        struct catalog_wheel *wheel = NULL;

        (void)state;
        put_wheel("w", "pip-27.0-py3-none-any.whl", ">=3.12");
        put_wheel("w", "pip-24.0-py3-none-any.whl", NULL);
        put_wheel("w", "setuptools-80.0-py3-none-any.whl", NULL);
        assert_int_equal(catalog_open(&req, &catalog, &err), 0);
        assert_int_equal(choose(&catalog, "pip", ">=25", &wheel, &err), PIPSEED_E_NO_WHEEL);
        expected = str_format(
                "no wheel of pip >=25 is compatible with Python 3.11.2; available: 27.0 (%s, Python >=3.12), 24.0 (%s)",
                directories[0], directories[0]);
        assert_string_equal(err.message, expected);
        assert_string_not_equal(err.hint, "");
        assert_null(wheel);
        error_clear(&err);
        assert_int_equal(choose(&catalog, "wheel", "", &wheel, &err), PIPSEED_E_NO_WHEEL);
        assert_string_equal(err.message, "no wheel of wheel is compatible with Python 3.11.2; available: none");
}

static void holds_no_dir_afterwards(void **state)
{
        _cleanup_free_ char *directory = strdup(tree_path("w"));
        const char *const directories[] = {directory, directory, "/nonexistent"};
        struct pipseed_error err = PIPSEED_ERROR_INIT;

        (void)state;
        put_wheel("w", "pip-26.0-py3-none-any.whl", NULL);
        for (size_t n = 1; n <= ARRAY_SIZE(directories); n++) {
                const struct pipseed_request req = request_of(directories, n);
                _cleanup_(catalog_done) struct catalog catalog = {0};
                int before = dup(0), after;

                assert_int_equal(close(before), 0);
                (void)catalog_open(&req, &catalog, &err);
                catalog_done(&catalog);
                after = dup(0); /* the lowest free number */
                assert_int_equal(close(after), 0);
                assert_int_equal(after, before);
        }
}

static void lists_newest_first(void **state)
{
        static const struct {
                const char *directory, *filename;
        } sorted[] = {
                {"a", "pip-26.0-py3-none-any.whl"},        {"b", "pip-26.0-py3-none-any.whl"},
                {"b", "pip-25.10-py3-none-any.whl"},       {"a", "pip-25.9-py3-none-any.whl"},
                {"b", "setuptools-80.0-py3-none-any.whl"},
        };
        _cleanup_free_ char *a = strdup(tree_path("a"));
        _cleanup_free_ char *b = strdup(tree_path("b"));
        const char *const directories[] = {a, b};
        const struct pipseed_request req = request_of(directories, 2);
        _cleanup_(catalog_done) struct catalog catalog = {0};
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        struct catalog_wheel *wheel = NULL;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(sorted); i++)
                put_wheel(sorted[i].directory, sorted[i].filename, NULL);
        assert_int_equal(catalog_open(&req, &catalog, &err), 0);
        assert_int_equal(catalog.n_wheels, ARRAY_SIZE(sorted));
        for (size_t i = 0; i < ARRAY_SIZE(sorted); i++) {
                assert_string_equal(catalog.wheels[i].filename, sorted[i].filename);
                assert_string_equal(catalog.wheels[i].source, tree_path(sorted[i].directory));
                assert_false(catalog.wheels[i].is_read);
        }
        assert_int_equal(choose(&catalog, "pip", "", &wheel, &err), 0);
        assert_string_equal(wheel->source, directories[0]); /* the same wheel twice: the earlier directory */
}

static void passes_over_other_files(void **state)
{
        _cleanup_free_ char *directory = strdup(tree_path("w"));
        const char *const directories[] = {directory};
        struct pipseed_request req = request_of(directories, 1);
        _cleanup_(catalog_done) struct catalog catalog = {0};
        _cleanup_(catalog_done) struct catalog cancelled = {0};
        struct pipseed_error err = PIPSEED_ERROR_INIT;

        (void)state;
        put_wheel("w", "pip-26.0-py3-none-any.whl", NULL);
        tree_file("w/readme.txt", "");
        tree_file("w/pip-26.0.tar.gz", "");
        tree_file("w/.pip-27.0-py3-none-any.whl", "");
        assert_int_equal(catalog_open(&req, &catalog, &err), 0);
        assert_int_equal(catalog.n_wheels, 1);
        assert_string_equal(seen, "");
        catalog_done(&catalog);
        tree_file("w/broken.whl", "");
        assert_int_equal(catalog_open(&req, &catalog, &err), 0);
        assert_int_equal(catalog.n_wheels, 1);
        assert_int_equal(err.code, 0);
        assert_true(str_starts(seen, "skipping "));
        assert_non_null(strstr(seen, "/broken.whl': "));
        req.event_data = seen;
        assert_int_equal(catalog_open(&req, &cancelled, &err), PIPSEED_E_CANCELLED);
        assert_int_equal(cancelled.n_wheels, 0);
}

static void dir_that_cannot_be_read(void **state)
{
        static const struct {
                const char *name;
                int sys_errno;
        } rows[] = {{"missing", ENOENT}, {"file", ENOTDIR}};

        (void)state;
        tree_file("file", "");
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                const char *const directories[] = {tree_path(rows[i].name)};
                const struct pipseed_request req = request_of(directories, 1);
                _cleanup_(catalog_done) struct catalog catalog = {0};
                struct pipseed_error err = PIPSEED_ERROR_INIT;

                assert_int_equal(catalog_open(&req, &catalog, &err), PIPSEED_E_IO);
                assert_int_equal(err.sys_errno, rows[i].sys_errno);
                assert_string_equal(err.path, directories[0]);
                assert_string_not_equal(err.hint, "");
        }
}

static void reads_once(void **state)
{
        _cleanup_free_ char *directory = strdup(tree_path("w"));
        const char *const directories[] = {directory};
        const struct pipseed_request req = request_of(directories, 1);
        _cleanup_(catalog_done) struct catalog catalog = {0};
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        const void *bytes = NULL, *again = NULL;
        uint8_t digest[HASH_SIZE];
        size_t len = 0;

        (void)state;
        put_wheel("w", "pip-26.0-py3-none-any.whl", ">=3.6");
        assert_int_equal(catalog_open(&req, &catalog, &err), 0);
        assert_int_equal(catalog_read(&catalog.wheels[0], &bytes, &len, &err), 0);
        hash_of(bytes, len, digest);
        assert_memory_equal(catalog.wheels[0].sha256, digest, HASH_SIZE);
        assert_string_equal(catalog.wheels[0].requires_python, ">=3.6");
        tree_file("w/pip-26.0-py3-none-any.whl", "changed since");
        assert_int_equal(catalog_read(&catalog.wheels[0], &again, &len, &err), 0);
        assert_ptr_equal(again, bytes);
}

static void wheels_that_cannot_be_read(void **state)
{
        _cleanup_free_ char *directory = strdup(tree_path("w"));
        const char *const directories[] = {directory};
        const struct pipseed_request req = request_of(directories, 1);
        const char *file = "w/pip-26.0-py3-none-any.whl";
        static const struct {
                const char *content;
                int expected;
        } rows[] = {{"no zip at all", PIPSEED_E_ZIP_NO_EOCD}, {"", PIPSEED_E_ZIP_NO_EOCD}, {NULL, PIPSEED_E_ZIP_BOMB}};

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_(catalog_done) struct catalog catalog = {0};
                struct pipseed_error err = PIPSEED_ERROR_INIT;
                struct catalog_wheel *wheel = NULL;

                tree_file(file, rows[i].content != NULL ? rows[i].content : "");
                if (rows[i].content == NULL)
                        assert_int_equal(truncate(tree_path(file), (off_t)WHEEL_MAX_PACKED + 1), 0);
                assert_int_equal(catalog_open(&req, &catalog, &err), 0);
                if (choose(&catalog, "pip", "", &wheel, &err) != rows[i].expected)
                        fail_msg("row %zu: %s", i, err.message);
                assert_string_equal(err.path, tree_path(file));
                assert_null(wheel);
        }
}

enum who { OURS, GROUP_FILE, OTHERS_FILE, GROUP_DIR, OTHERS_DIR, FOREIGN_FILE, FOREIGN_DIR };

/* "right": the wheel's own hash. */
static const struct {
        enum who who;
        enum pipseed_require_hash require;
        const char *pin;
        int expected;
        const char *message; /* how it ends */
} trusts[] = {
        {OURS, PIPSEED_REQUIRE_HASH_AUTO, NULL, 0, ""},
        {OURS, PIPSEED_REQUIRE_HASH_NO, NULL, 0, ""},
        {OURS, PIPSEED_REQUIRE_HASH_YES, NULL, PIPSEED_E_UNPINNED, "wheels.require-hash = yes"},
        {OURS, PIPSEED_REQUIRE_HASH_YES, "right", 0, ""},
        {OURS, PIPSEED_REQUIRE_HASH_AUTO, "right", 0, ""},
        {OURS, PIPSEED_REQUIRE_HASH_YES, WRONG, PIPSEED_E_WHEEL_HASH, WRONG},
        {OURS, PIPSEED_REQUIRE_HASH_AUTO, WRONG, PIPSEED_E_WHEEL_HASH, WRONG},
        {OURS, PIPSEED_REQUIRE_HASH_NO, WRONG, PIPSEED_E_WHEEL_HASH, WRONG},
        {OURS, PIPSEED_REQUIRE_HASH_NO, "no hash", PIPSEED_E_WHEEL_HASH, "no hash"},
        {OURS, PIPSEED_REQUIRE_HASH_NO, "", PIPSEED_E_WHEEL_HASH, "differs from "},
        {GROUP_FILE, PIPSEED_REQUIRE_HASH_AUTO, NULL, PIPSEED_E_UNPINNED, "is writable by others (mode 0664)"},
        {OTHERS_FILE, PIPSEED_REQUIRE_HASH_AUTO, NULL, PIPSEED_E_UNPINNED, "is writable by others (mode 0646)"},
        {GROUP_DIR, PIPSEED_REQUIRE_HASH_AUTO, NULL, PIPSEED_E_UNPINNED, "is writable by others (mode 0775)"},
        {OTHERS_DIR, PIPSEED_REQUIRE_HASH_AUTO, NULL, PIPSEED_E_UNPINNED, "is writable by others (mode 1777)"},
        {FOREIGN_FILE, PIPSEED_REQUIRE_HASH_AUTO, NULL, PIPSEED_E_UNPINNED, "belongs to uid 65534"},
        {FOREIGN_DIR, PIPSEED_REQUIRE_HASH_AUTO, NULL, PIPSEED_E_UNPINNED, "belongs to uid 65534"},
        {FOREIGN_DIR, PIPSEED_REQUIRE_HASH_AUTO, "right", 0, ""},
        {FOREIGN_FILE, PIPSEED_REQUIRE_HASH_NO, NULL, 0, ""},
        {OTHERS_DIR, PIPSEED_REQUIRE_HASH_NO, NULL, 0, ""},
};

static void set_owner(enum who who, const char *directory, const char *file)
{
        switch (who) {
        case OURS:
                break;
        case GROUP_FILE:
                assert_int_equal(chmod(file, 0664), 0);
                break;
        case OTHERS_FILE:
                assert_int_equal(chmod(file, 0646), 0);
                break;
        case GROUP_DIR:
                assert_int_equal(chmod(directory, 0775), 0);
                break;
        case OTHERS_DIR:
                assert_int_equal(chmod(directory, 01777), 0);
                break;
        case FOREIGN_FILE:
                assert_int_equal(chown(file, 65534, 65534), 0);
                break;
        case FOREIGN_DIR:
                assert_int_equal(chown(directory, 65534, 65534), 0);
                break;
        }
}

static void trusts_pins_and_owners(void **state)
{
        static const char filename[] = "pip-26.0-py3-none-any.whl";

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(trusts); i++) {
                _cleanup_(catalog_done) struct catalog catalog = {0};
                _cleanup_free_ char *directory = str_format("w%zu", i);
                _cleanup_free_ char *file = str_format("%s/%s", directory, filename);
                _cleanup_free_ char *absolute = strdup(tree_path(directory));
                const char *const directories[] = {absolute};
                struct pipseed_request req = request_of(directories, 1);
                struct pipseed_error err = PIPSEED_ERROR_INIT;
                struct pipseed_pin other = {sizeof(other), "other-1.0-py3-none-any.whl", WRONG};
                struct pipseed_pin own = {sizeof(own), filename, trusts[i].pin};
                const struct pipseed_pin *pins[] = {&other, &own};
                char hex[HASH_HEX_SIZE];
                const void *bytes;
                size_t len;

                if (trusts[i].who >= FOREIGN_FILE && geteuid() != 0)
                        continue;
                put_wheel(directory, filename, NULL);
                set_owner(trusts[i].who, tree_path(directory), tree_path(file));
                assert_int_equal(catalog_open(&req, &catalog, &err), 0);
                assert_int_equal(catalog_read(&catalog.wheels[0], &bytes, &len, &err), 0);
                hash_to_hex(catalog.wheels[0].sha256, hex);
                if (trusts[i].pin != NULL && strcmp(trusts[i].pin, "right") == 0)
                        own.sha256 = hex;
                req.pins = pins;
                req.n_pins = trusts[i].pin != NULL ? 2 : 1;
                req.require_hash = trusts[i].require;
                if (catalog_admit(&req, &catalog.wheels[0], &err) != trusts[i].expected)
                        fail_msg("row %zu: %d %s", i, err.code, err.message);
                if (!str_ends(err.message, trusts[i].message))
                        fail_msg("row %zu: %s", i, err.message);
                if (trusts[i].expected < 0)
                        assert_string_not_equal(err.hint, "");
        }
}

/* The bundle's wheels are pinned when pipseed is built; a policy may still pin others. */
static void bundle(void **state)
{
        struct pipseed_request req = request_of(NULL, 0);
        _cleanup_(catalog_done) struct catalog catalog = {0};
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        struct pipseed_pin pin = {sizeof(pin), NULL, WRONG};
        const struct pipseed_pin *const pins[] = {&pin};

        (void)state;
        if (n_bundle_wheels == 0)
                skip();
        req.bundled = true;
        assert_int_equal(catalog_open(&req, &catalog, &err), 0);
        assert_int_equal(catalog.n_wheels, n_bundle_wheels);
        for (size_t i = 0; i < catalog.n_wheels; i++) {
                struct catalog_wheel *wheel = &catalog.wheels[i];
                uint8_t digest[HASH_SIZE];

                assert_true(wheel->is_read);
                assert_string_equal(wheel->source, "bundled");
                assert_true(str_starts(wheel->path, "bundled/"));
                hash_of(wheel->bytes, wheel->len, digest);
                assert_memory_equal(digest, wheel->sha256, HASH_SIZE);
                req.require_hash = PIPSEED_REQUIRE_HASH_YES;
                assert_int_equal(catalog_admit(&req, wheel, &err), 0);
                pin.filename = wheel->filename;
                req.pins = pins;
                req.n_pins = 1;
                assert_int_equal(catalog_admit(&req, wheel, &err), PIPSEED_E_WHEEL_HASH);
                error_clear(&err);
                req.n_pins = 0;
        }
}

static void bundle_goes_first(void **state)
{
        _cleanup_free_ char *directory = strdup(tree_path("w"));
        const char *const directories[] = {directory};
        struct pipseed_request req = request_of(directories, 1);
        _cleanup_(catalog_done) struct catalog catalog = {0};
        _cleanup_free_ char *file = NULL;
        struct pipseed_error err = PIPSEED_ERROR_INIT;

        (void)state;
        if (n_bundle_wheels == 0)
                skip();
        file = str_format("w/%s", bundle_wheels[0].filename);
        tree_bytes(file, bundle_wheels[0].data, bundle_wheels[0].size, 0644);
        req.bundled = true;
        assert_int_equal(catalog_open(&req, &catalog, &err), 0);
        assert_int_equal(catalog.n_wheels, n_bundle_wheels + 1);
        for (size_t i = 0; i + 1 < catalog.n_wheels; i++)
                if (strcmp(catalog.wheels[i].filename, catalog.wheels[i + 1].filename) == 0) {
                        assert_non_null(catalog.wheels[i].bundled);
                        assert_null(catalog.wheels[i + 1].bundled);
                }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(chooses, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(chooses_pinned_files, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(reads_one_at_a_time, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(tells_what_was_there, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(holds_no_dir_afterwards, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(lists_newest_first, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(passes_over_other_files, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(dir_that_cannot_be_read, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(reads_once, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(wheels_that_cannot_be_read, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(trusts_pins_and_owners, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(bundle, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(bundle_goes_first, tree_setup, tree_teardown),
        };

        (void)umask(022);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
