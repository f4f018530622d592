/* SPDX-License-Identifier: MIT */
/*
 * A program that uses what the public headers have, and prints what it sees: the same, whether it or the library was
 * compiled against grown structs. With -DGROWN its headers are the grown ones.
 *
 *     program story ENV CACHE     policy, wheels, seeding, verifying, store; prints them
 *     program set ENV CACHE       (GROWN) sets a member that an older library does not have
 *     program has ENV CACHE       (GROWN) does the result have a member of the later release?
 *     program cancel ENV CACHE KIND TEXT
 *                                 cancels at the first event of that kind (a number) whose text begins so; prints how
 *                                 many ms passed until the call had returned, and the code
 */
#include "pipseed_policy.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CANARY 0x5a

/* A struct of ours between two fields that nobody else may write. */
#define GUARDED(type)                                                                                                  \
        struct {                                                                                                       \
                unsigned char before[64];                                                                              \
                type it;                                                                                               \
                unsigned char after[256];                                                                              \
        }
#define GUARD(guarded) memset(&(guarded), CANARY, sizeof(guarded))
#define CHECK(guarded)                                                                                                 \
        (check((guarded).before, sizeof((guarded).before)), check((guarded).after, sizeof((guarded).after)))

struct watch {
        int kind; /* -1: never cancel */
        const char *text;
        struct timespec cancelled;
        unsigned long n_events;
};

static void check(const unsigned char *bytes, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (bytes[i] != CANARY) {
                        fputs("the library wrote beside a struct of the program\n", stderr);
                        exit(9);
                }
}

static int fail(const struct pipseed_error *err)
{
        printf("%s: %s\n", pipseed_code_name(err->code), err->message);
        return 1;
}

static int on_event(void *data, const struct pipseed_event *event)
{
        struct watch *watch = data;

        assert(PIPSEED_HAS(event, total));
        watch->n_events++;
        if ((int)event->kind != watch->kind || strncmp(event->text, watch->text, strlen(watch->text)) != 0)
                return 0;
        if (watch->cancelled.tv_sec == 0)
                (void)clock_gettime(CLOCK_MONOTONIC, &watch->cancelled);
        return 1;
}

static int print_policy(const struct pipseed_policy *policy, struct pipseed_error *err)
{
        for (size_t i = 0; i < pipseed_policy_count(policy); i++) {
                GUARDED(struct pipseed_policy_value) value;

                GUARD(value);
                value.it.size = sizeof(value.it);
                if (pipseed_policy_value_at(policy, i, &value.it) < 0)
                        return fail(err);
                CHECK(value);
#ifdef GROWN
                assert(value.it.grown_pointer == NULL || PIPSEED_VERSION_MAJOR > 0);
#endif
                if (strncmp(value.it.key, "seed.", 5) == 0)
                        printf("%s=%s %s\n", value.it.key, value.it.value, value.it.layer);
        }
        return 0;
}

static void print_packages(const struct pipseed_package *const *packages, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                assert(PIPSEED_HAS(packages[i], n_pyc));
                printf("%s %s %s %llu files\n", packages[i]->name, packages[i]->version,
                       pipseed_action_name(packages[i]->action), (unsigned long long)packages[i]->n_files);
        }
}

static int print_wheels(const struct pipseed_request *req, struct pipseed_error *err)
{
        struct pipseed_wheel_list *list = NULL;

        if (pipseed_wheels(req, false, &list, err) < 0)
                return fail(err);
        for (size_t i = 0; i < list->n_wheels; i++)
                printf("%s %s %d\n", list->wheels[i]->filename, list->wheels[i]->sha256, list->wheels[i]->status);
        pipseed_wheel_list_free(list);
        return 0;
}

static int print_cache(const struct pipseed_request *req, struct pipseed_error *err)
{
        struct pipseed_cache *cache = NULL;

        if (pipseed_cache_list(req, false, &cache, err) < 0)
                return fail(err);
        for (size_t i = 0; i < cache->n_entries; i++)
                printf("%s %llu bytes\n", cache->entries[i]->wheel, (unsigned long long)cache->entries[i]->bytes);
        pipseed_cache_free(cache);
        return 0;
}

static int print_report(const struct pipseed_request *req, struct pipseed_error *err)
{
        struct pipseed_verify_report *report = NULL;

        if (pipseed_verify(req, &report, err) < 0)
                return fail(err);
        print_packages(report->packages, report->n_packages);
        for (size_t i = 0; i < report->n_findings; i++)
                printf("%d %s %s\n", report->findings[i]->code, report->findings[i]->path,
                       report->findings[i]->message);
        pipseed_verify_report_free(report);
        return 0;
}

static int print_doctor_report(const struct pipseed_request *req, struct pipseed_error *err)
{
        struct pipseed_doctor_report *report = NULL;

        if (pipseed_doctor(req, false, &report, err) < 0)
                return fail(err);
        for (size_t i = 0; i < report->n_issues; i++)
                printf("%d %s\n", report->issues[i]->code, report->issues[i]->message);
        pipseed_doctor_report_free(report);
        return 0;
}

static int seed(const struct pipseed_request *req, bool has, struct pipseed_error *err)
{
        struct pipseed_result *result = NULL;

        if (pipseed_seed(req, &result, err) < 0)
                return fail(err);
        assert(PIPSEED_HAS(result, n_symlinked));
#ifdef GROWN
        if (has)
                printf("%s\n", PIPSEED_HAS(result, grown_number) ? "yes" : "no");
#endif
        if (!has)
                print_packages(result->packages, result->n_packages);
        for (size_t i = 0; !has && i < result->n_scripts; i++)
                printf("%s\n", result->scripts[i]);
        pipseed_result_free(result);
        return 0;
}

static int cancel(const struct pipseed_request *req, const struct watch *watch, struct pipseed_error *err)
{
        struct pipseed_result *result = NULL;
        struct timespec end;
        int r = pipseed_seed(req, &result, err);

        (void)clock_gettime(CLOCK_MONOTONIC, &end);
        if (watch->cancelled.tv_sec == 0 || r == 0)
                return printf("not cancelled after %lu events: %d %s\n", watch->n_events, r, err->message), 1;
        printf("%lld %s\n",
               (long long)(end.tv_sec - watch->cancelled.tv_sec) * 1000 +
                       (end.tv_nsec - watch->cancelled.tv_nsec) / 1000000,
               pipseed_code_name(r));
        return 0;
}

static int story(struct pipseed_request *req, struct pipseed_policy *policy, struct pipseed_error *err)
{
        static const char hash[] = "0000000000000000000000000000000000000000000000000000000000000000";
        struct pipseed_pin pin = {.size = sizeof(pin), .filename = "other-1.0-py3-none-any.whl", .sha256 = hash};
        const struct pipseed_pin *pins[] = {&pin};
        int r = print_policy(policy, err);

        req->pins = pins;
        req->n_pins = 1;
        r = r != 0 ? r : print_wheels(req, err);
        r = r != 0 ? r : seed(req, false, err);
        r = r != 0 ? r : print_report(req, err);
        r = r != 0 ? r : print_doctor_report(req, err);
        return r != 0 ? r : print_cache(req, err);
}

int main(int argc, char **argv)
{
        GUARDED(struct pipseed_error) err;
        GUARDED(struct pipseed_request) req;
        GUARDED(struct pipseed_policy_options) options;
        struct watch watch = {.kind = argc > 5 ? atoi(argv[4]) : -1, .text = argc > 5 ? argv[5] : ""};
        struct pipseed_policy *policy = NULL;
        int r;

        GUARD(err);
        GUARD(req);
        GUARD(options);
        err.it = (struct pipseed_error)PIPSEED_ERROR_INIT;
        options.it = (struct pipseed_policy_options){.size = sizeof(options.it), .sysconf_dir = "/nonexistent"};
        pipseed_request_init(&req.it);
        if (pipseed_policy_load(&options.it, &policy, &err.it) < 0 ||
            pipseed_policy_apply(policy, &req.it, &err.it) < 0)
                return fail(&err.it);
        req.it.env = argv[2];
        req.it.cache_dir = argv[3];
        req.it.event = on_event;
        req.it.event_data = &watch;
        if (strcmp(argv[1], "cancel") == 0)
                r = cancel(&req.it, &watch, &err.it);
        else if (strcmp(argv[1], "has") == 0)
                r = seed(&req.it, true, &err.it);
        else if (strcmp(argv[1], "story") == 0)
                r = story(&req.it, policy, &err.it);
        else {
#ifdef GROWN
                req.it.grown_number = 1;
#endif
                r = seed(&req.it, false, &err.it);
        }
        pipseed_policy_free(policy);
        CHECK(err);
        CHECK(req);
        CHECK(options);
        return r;
}
