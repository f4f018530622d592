/* SPDX-License-Identifier: MIT */
#include "tree_fixture.h"

#include "base/error.h"
#include "job.h"
#include "target/target.h"

#include <errno.h>
#include <sched.h>

#define PYTHON "/usr/bin/python3"

static unsigned int n_events;

static int count_event(void *data, const struct pipseed_event *event)
{
        (void)event;
        n_events++;
        return data != NULL;
}

/* With the events of a caller, and a cache directory that cannot be one: that makes an event. */
static struct pipseed_request request(void)
{
        struct pipseed_request req;

        pipseed_request_init(&req);
        req.python = PYTHON;
        req.cache_dir = "/dev/null/cache";
        req.event = count_event;
        n_events = 0;
        return req;
}

static int begin(const struct pipseed_request *req, struct pipseed_error *err)
{
        _cleanup_(job_freep) struct job *job = NULL;

        return job_begin(req, &job, err);
}

static void has_defaults(void **state)
{
        struct pipseed_request req;

        (void)state;
        memset(&req, 0xff, sizeof(req));
        pipseed_request_init(&req);
        assert_int_equal(req.size, sizeof(req));
        assert_true(req.allow_user);
        assert_true(req.bundled);
        assert_false(req.upgrade || req.user || req.dry_run || req.durable || req.override_externally_managed);
        assert_null(req.env);
        assert_null(req.event);
        assert_int_equal(req.n_pins + req.n_wheel_dirs + req.jobs, 0);
}

static const struct {
        size_t size;
        bool valid;
        bool has_event; /* does the struct of that size reach to the callback? */
        size_t tail;    /* where something is set behind what this library knows, or 0 */
} sizes[] = {
        {0, false, false, 0},
        {1, false, false, 0},
        {offsetof(struct pipseed_request, env) - 1, false, false, 0},
        {sizeof(struct pipseed_request) + 1, false, false, 1},
        {sizeof(struct pipseed_request) * 2, false, false, 1},
        {sizeof(struct pipseed_request) * 2, false, false, sizeof(struct pipseed_request)},
        {SIZE_MAX, false, false, 1},
        {SIZE_MAX, false, false, 0},
        {sizeof(struct pipseed_request), true, true, 0},
        {sizeof(struct pipseed_request), true, true, 1},
        {sizeof(struct pipseed_request) + 1, true, true, 0},
        {sizeof(struct pipseed_request) * 2, true, true, 0},
        {offsetof(struct pipseed_request, event), true, false, 0},
        {offsetof(struct pipseed_request, jobs), true, false, 0},
};

/* What a program compiled against a later header has. */
struct later_request {
        struct pipseed_request known;
        char tail[sizeof(struct pipseed_request)];
};

static void knows_the_sizes_of_requests(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
                struct pipseed_error err = PIPSEED_ERROR_INIT;
                struct later_request req = {.known = request()};
                int r;

                req.known.size = sizes[i].size;
                if (sizes[i].tail > 0)
                        req.tail[sizes[i].tail - 1] = 1;
                r = begin(&req.known, &err);
                if (r != (sizes[i].valid ? 0 : PIPSEED_E_USAGE))
                        fail_msg("size %zu: %s", sizes[i].size, err.message);
                assert_int_equal(n_events > 0, sizes[i].has_event);
        }
}

/* What an older caller's struct does not have keeps its default, whatever lies behind it in memory. */
static void shorter_request_keeps_defaults(void **state)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        struct pipseed_request req = request();
        _cleanup_(job_freep) struct job *job = NULL;
        cpu_set_t set;

        (void)state;
        memset((char *)&req + offsetof(struct pipseed_request, pip), 0xff,
               sizeof(req) - offsetof(struct pipseed_request, pip));
        req.size = offsetof(struct pipseed_request, pip);
        req.durable = true;
        assert_int_equal(job_begin(&req, &job, &err), 0);
        assert_int_equal(job->req.size, sizeof(struct pipseed_request));
        assert_true(job->req.durable);
        assert_null(job->req.pip);
        assert_null(job->req.packages);
        assert_string_equal(job->req.installer, "pipseed");
        assert_int_equal(job->req.n_wheel_dirs + job->req.n_pins, 0);
        assert_null(job->req.event);
        assert_int_equal(sched_getaffinity(0, sizeof(set), &set), 0);
        assert_int_equal(job->req.jobs, CPU_COUNT(&set));
        job_free(steal_ptr(job));
        req.size = offsetof(struct pipseed_request, allow_user);
        req.allow_user = req.bundled = false;
        assert_int_equal(job_begin(&req, &job, &err), 0);
        assert_true(job->req.allow_user);
        assert_true(job->req.bundled);
        assert_false(job->req.durable);
}

static void public_calls_check_the_size(void **state)
{
        struct pipseed_request req = request();
        struct pipseed_result *res = NULL;
        struct pipseed_verify_report *report = NULL;
        struct pipseed_error err = PIPSEED_ERROR_INIT;

        (void)state;
        req.size = 0;
        assert_int_equal(pipseed_seed(&req, &res, &err), PIPSEED_E_USAGE);
        error_clear(&err);
        assert_int_equal(pipseed_unseed(&req, &res, &err), PIPSEED_E_USAGE);
        error_clear(&err);
        assert_int_equal(pipseed_verify(&req, &report, &err), PIPSEED_E_USAGE);
        assert_null(res);
        assert_null(report);
        assert_int_equal(n_events, 0);
}

static void one_target_only(void **state)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        struct pipseed_request req = request();

        (void)state;
        req.env = "/srv/env";
        assert_int_equal(begin(&req, &err), PIPSEED_E_USAGE);
        assert_string_equal(err.message, "an environment and an interpreter are mutually exclusive");
}

static void event_can_cancel(void **state)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        struct pipseed_request req = request();

        (void)state;
        req.event_data = &req;
        assert_int_equal(begin(&req, &err), PIPSEED_E_CANCELLED);
        assert_int_equal(n_events, 1);
}

static const struct {
        const char *packages, *pip;
        const char *projects; /* "name specifier; ..." or NULL */
        int expected;
} lists[] = {
        {NULL, NULL, "pip ; ", 0},
        {"auto", NULL, "pip ; ", 0},
        {"pip", NULL, "pip ; ", 0},
        {"pip setuptools", NULL, "pip ; setuptools ; ", 0},
        {" setuptools,\tPip \n", NULL, "setuptools ; pip ; ", 0},
        {"pip pip PIP", NULL, "pip ; ", 0},
        {"Foo_Bar foo-bar foo.bar", NULL, "foo-bar ; ", 0},
        {"pip setuptools", ">=25,<27", "pip >=25,<27; setuptools ; ", 0},
        {"pip", "newest", "pip ; ", 0},
        {"pip", "26.3", "pip 26.3; ", 0},
        {"pip", "not a version", NULL, PIPSEED_E_BAD_SPECIFIER},
        {"setuptools", "not a version", "setuptools ; ", 0},
        {"", NULL, NULL, PIPSEED_E_BAD_VALUE},
        {" , ", NULL, NULL, PIPSEED_E_BAD_VALUE},
        {"pip ../x", NULL, NULL, PIPSEED_E_BAD_VALUE},
        {"-pip", NULL, NULL, PIPSEED_E_BAD_VALUE},
};

static void lists_packages(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
                struct pipseed_error err = PIPSEED_ERROR_INIT;
                struct pipseed_request req = request();
                _cleanup_(job_freep) struct job *job = NULL;
                _cleanup_(str_done) struct str text = STR_INIT;

                req.packages = lists[i].packages;
                req.pip = lists[i].pip;
                if (job_begin(&req, &job, &err) != lists[i].expected)
                        fail_msg("row %zu: %s", i, err.message);
                if (lists[i].projects == NULL) {
                        assert_null(job);
                        continue;
                }
                for (size_t k = 0; k < job->n_packages; k++)
                        str_printf(&text, "%s %s; ", job->packages[k].project, job->packages[k].specifier_text);
                /* auto is ensurepip's list: with setuptools below 3.12 */
                if ((lists[i].packages == NULL || strcmp(lists[i].packages, "auto") == 0) && job->target->minor < 12) {
                        assert_string_equal(text.data, "pip ; setuptools ; ");
                        continue;
                }
                assert_string_equal(text.data, lists[i].projects);
        }
}

static void goes_on_without_a_store(void **state)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        struct pipseed_request req = request();
        _cleanup_(job_freep) struct job *job = NULL;
        _cleanup_(job_freep) struct job *other = NULL;

        (void)state;
        assert_int_equal(job_begin(&req, &job, &err), 0);
        assert_null(job->cache_dir);
        assert_int_equal(err.code, 0);
        assert_true(n_events >= 1);
        req.cache_dir = tree_path("cache");
        assert_int_equal(job_begin(&req, &other, &err), 0);
        assert_string_equal(other->cache_dir, tree_path("cache"));
}

static void knows_its_dirs(void **state)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        struct pipseed_request req = request();

        (void)state;
        for (int user = 0; user < 2; user++) {
                _cleanup_(job_freep) struct job *job = NULL;
                const struct target_scheme *scheme;
                struct installed installed = {0};

                req.user = user != 0;
                assert_int_equal(job_begin(&req, &job, &err), 0);
                scheme = user != 0 ? &job->target->user_scheme : &job->target->scheme;
                assert_ptr_equal(job->scheme, scheme);
                assert_string_equal(job->result.result.scripts_dir, scheme->dirs[PLAN_SCRIPTS]);
                installed.location = scheme->dirs[PLAN_LIB];
                assert_true(job_owns(job, &installed));
                installed.location = "/usr/lib/python3/elsewhere";
                assert_false(job_owns(job, &installed));
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(has_defaults),
                cmocka_unit_test_setup_teardown(knows_the_sizes_of_requests, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(shorter_request_keeps_defaults, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(public_calls_check_the_size, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(one_target_only, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(event_can_cancel, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(lists_packages, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(goes_on_without_a_store, tree_setup, tree_teardown),
                cmocka_unit_test_setup_teardown(knows_its_dirs, tree_setup, tree_teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
