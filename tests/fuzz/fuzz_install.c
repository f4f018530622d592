/* SPDX-License-Identifier: MIT */
/*
 * A wheel made of the input is installed into an environment with a sentinel beside it, by the public call: choose,
 * check, unpack, plan, stage, commit; then looked over, and taken out again. The input is a zip file, or a recipe:
 *
 *     OPTIONS                 letters: a d scripts, c h s link modes, u upgrade
 *     @@[x=]NAME              a member of the wheel, x: executable; the lines up to the next @@ are its content
 *     @@I/NAME @@D/NAME       a member of .dist-info, of .data; METADATA and WHEEL are added when missing
 *     @@I/RECORD              RECORD as it stands here; else a right one is made
 *     @@=NAME                 a file that is in the environment before; L/ stands for its site-packages
 *
 * Each is tried dry first, which changes nothing and names the scripts that are then installed.
 * Whatever the wheel is: nothing outside the environment changes, a failure leaves the environment as it was and the
 * store without leftovers, a success is found whole by verify, and the interpreter and pyvenv.cfg are never touched.
 */
#include "fuzz.h"
#include "sandbox.h"

#include "../unit/wheel_fixture.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/path.h"
#include "pipseed.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#define STEM "pip-99.0"
#define FILENAME STEM "-py3-none-any.whl"
#define MAX_MEMBERS 64

static void expand(char *ret_path, size_t size, const char *name, size_t len, const char *lib)
{
        const char *directory = "";

        if (len > 2 && name[1] == '/' && strchr("IDL", name[0]) != NULL) {
                directory = name[0] == 'I' ? STEM ".dist-info/" : name[0] == 'D' ? STEM ".data/" : lib;
                name += 2;
                len -= 2;
        }
        (void)snprintf(ret_path, size, "%s%.*s", directory, (int)len, name);
}

struct recipe {
        struct fixture fixture;
        bool has_metadata, has_wheel, has_record, has_before;
        unsigned int n;
};

static void add_member(struct recipe *recipe, const char *name, const char *content, unsigned int mode)
{
        recipe->has_metadata = recipe->has_metadata || strcmp(name, STEM ".dist-info/METADATA") == 0;
        recipe->has_wheel = recipe->has_wheel || strcmp(name, STEM ".dist-info/WHEEL") == 0;
        recipe->has_record = recipe->has_record || strcmp(name, STEM ".dist-info/RECORD") == 0;
        fixture_add_mode(&recipe->fixture, name, content, mode);
}

static void add_before(const char *name, const char *content)
{
        char lib[160];
        char path[1024];
        char full[1100];

        (void)snprintf(lib, sizeof(lib), "%s/", sandbox_lib() + strlen("env/"));
        expand(path, sizeof(path), name, strlen(name), lib);
        (void)snprintf(full, sizeof(full), "env/%s", path);
        sandbox_file(full, content, strlen(content));
}

/* name: what stands behind "@@", to the line's end. */
static void take_part(struct recipe *recipe, const char *name, const char *content)
{
        unsigned int mode = RIG_REGULAR;
        char path[1024];

        if (name[0] == '=') {
                recipe->has_before = true;
                add_before(name + 1, content);
                return;
        }
        if (name[0] == 'x' && name[1] == '=') {
                mode = 0100755;
                name += 2;
        }
        expand(path, sizeof(path), name, strlen(name), "");
        add_member(recipe, path, content, str_ends(path, "/") ? 0040755 : mode);
}

static void add_defaults(struct recipe *recipe)
{
        if (!recipe->has_metadata)
                fixture_add(&recipe->fixture, STEM ".dist-info/METADATA",
                            "Metadata-Version: 2.1\nName: pip\nVersion: 99.0\n");
        if (!recipe->has_wheel)
                fixture_add(&recipe->fixture, STEM ".dist-info/WHEEL",
                            "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n");
        if (!recipe->has_record) {
                record_write_row(&recipe->fixture.record, STEM ".dist-info/RECORD", "", "");
                fixture_add(&recipe->fixture, STEM ".dist-info/RECORD", recipe->fixture.record.data);
        }
}

/* Cuts text into its parts, in place. */
static void follow(struct recipe *recipe, char *text)
{
        char *part = strstr(text, "\n@@");

        for (unsigned int n = 0; part != NULL && n < MAX_MEMBERS; n++) {
                char *name = part + 3;
                char *content;

                part = strstr(name, "\n@@");
                if (part != NULL)
                        *part = '\0';
                content = strchr(name, '\n');
                if (content != NULL)
                        *content++ = '\0';
                take_part(recipe, name, content != NULL ? content : "");
        }
        add_defaults(recipe);
}

static void set_options(struct pipseed_request *req, const char *letters)
{
        for (; *letters != '\0' && *letters != '\n'; letters++)
                switch (*letters) {
                case 'a':
                        req->scripts = PIPSEED_SCRIPTS_ALT;
                        break;
                case 'd':
                        req->scripts = PIPSEED_SCRIPTS_DEFAULT;
                        break;
                case 'c':
                        req->link_mode = PIPSEED_LINK_COPY;
                        break;
                case 'h':
                        req->link_mode = PIPSEED_LINK_HARDLINK;
                        break;
                case 's':
                        req->link_mode = PIPSEED_LINK_SYMLINK;
                        break;
                case 'u':
                        req->upgrade = true;
                        break;
                default:
                        break;
                }
}

static void check_store(void)
{
        _cleanup_free_ char *left = NULL;
        struct stat st;

        if (lstat(sandbox_path("cache/v1/tmp"), &st) < 0)
                return;
        left = sandbox_listing("cache/v1/tmp");
        FUZZ_CHECK(left[0] == '\0');
}

/* What no wheel may replace. */
static void check_interpreter(void)
{
        char target[64] = "";
        _cleanup_free_ char *text = NULL;

        FUZZ_CHECK(readlink(sandbox_path("env/bin/python3"), target, sizeof(target) - 1) > 0);
        FUZZ_CHECK(strcmp(target, sandbox_python()) == 0);
        FUZZ_CHECK(file_read(AT_FDCWD, sandbox_path("env/pyvenv.cfg"), 4096, &text, NULL) == 0);
        FUZZ_CHECK(str_starts(text, "home = /usr/bin\n"));
}

static void check_verified(const struct pipseed_request *req)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        struct pipseed_verify_report *report = NULL;

        fuzz_check_error(pipseed_verify(req, &report, &err), &err);
        FUZZ_CHECK(report != NULL);
        for (size_t i = 0; i < report->n_findings; i++) {
                fprintf(stderr, "%s: %s\n", report->findings[i]->path, report->findings[i]->text);
                abort();
        }
        pipseed_verify_report_free(report);
}

static void take_out(const struct pipseed_request *req)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        struct pipseed_result *result = NULL;

        fuzz_check_error(pipseed_unseed(req, &result, &err), &err);
        pipseed_result_free(result);
        sandbox_check();
        check_interpreter();
}

/* What the run would do, or NULL when it would fail. */
static struct pipseed_result *rehearse(const struct pipseed_request *req, const char *before)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        struct pipseed_result *result = NULL;
        struct pipseed_request dry = *req;
        _cleanup_free_ char *after = NULL;
        int r;

        dry.dry_run = true;
        r = pipseed_seed(&dry, &result, &err);
        fuzz_check_error(r, &err);
        FUZZ_CHECK((result != NULL) == (r == 0));
        after = sandbox_listing("env");
        FUZZ_CHECK(strcmp(before, after) == 0);
        return result;
}

static void compare_results(const struct pipseed_result *planned, const struct pipseed_result *done)
{
        FUZZ_CHECK(planned != NULL);
        FUZZ_CHECK(planned->n_scripts == done->n_scripts);
        FUZZ_CHECK(planned->n_packages == done->n_packages);
        for (size_t i = 0; i < done->n_scripts; i++)
                FUZZ_CHECK(strcmp(planned->scripts[i], done->scripts[i]) == 0);
        for (size_t i = 0; i < done->n_packages; i++)
                FUZZ_CHECK(strcmp(planned->packages[i]->version, done->packages[i]->version) == 0);
}

static void install(const struct pipseed_request *req, bool pristine)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        struct pipseed_result *result = NULL;
        _cleanup_free_ char *before = sandbox_listing("env");
        struct pipseed_result *planned = rehearse(req, before);
        int r = pipseed_seed(req, &result, &err);

        fuzz_check_error(r, &err);
        FUZZ_CHECK((result != NULL) == (r == 0));
        if (r == 0)
                compare_results(planned, result);
        pipseed_result_free(planned);
        sandbox_check();
        check_store();
        check_interpreter();
        if (r < 0) {
                _cleanup_free_ char *after = sandbox_listing("env");

                if (strcmp(before, after) != 0)
                        fprintf(stderr, "%s: before:\n%sNow:\n%s", err.message, before, after);
                FUZZ_CHECK(strcmp(before, after) == 0);
                return;
        }
        /* Links into the store are findings; so may be what was in the environment before. */
        if (pristine && req->link_mode != PIPSEED_LINK_SYMLINK)
                check_verified(req);
        pipseed_result_free(result);
        take_out(req);
}

static void run(const char *wheel, size_t len, const char *options, bool pristine)
{
        _cleanup_free_ char *env = strdup(sandbox_path("env"));
        _cleanup_free_ char *cache = strdup(sandbox_path("cache"));
        _cleanup_free_ char *wheels = strdup(sandbox_path("wheels"));
        const char *dirs[] = {wheels};
        struct pipseed_request req;

        if (env == NULL || cache == NULL || wheels == NULL)
                exit(1);
        sandbox_file("wheels/" FILENAME, wheel, len);
        pipseed_request_init(&req);
        req.env = env;
        req.bundled = false;
        req.packages = "pip";
        req.wheel_dirs = dirs;
        req.n_wheel_dirs = 1;
        req.require_hash = PIPSEED_REQUIRE_HASH_NO;
        req.bytecode = PIPSEED_BYTECODE_NO;
        req.cache_dir = cache;
        req.jobs = 1;
        set_options(&req, options);
        install(&req, pristine);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_free_ char *text = strndup((const char *)data, size);

        sandbox_begin();
        sandbox_reset();
        sandbox_remove("wheels");
        sandbox_remove("cache/v1"); /* what it knows of the interpreter stays */
        if (text == NULL)
                return 0;
        if (str_starts(text, "PK")) {
                run((const char *)data, size, "d", true);
        } else {
                struct recipe recipe = {0};

                fixture_start(&recipe.fixture);
                follow(&recipe, text);
                fixture_finish(&recipe.fixture);
                if (!recipe.fixture.zip.failed)
                        run(recipe.fixture.zip.data, recipe.fixture.zip.len, text, !recipe.has_before);
                fixture_done(&recipe.fixture);
        }
        return 0;
}
