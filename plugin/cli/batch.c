/* SPDX-License-Identifier: MIT */
#include "batch.h"

#include "cleanup.h"
#include "cli_error.h"
#include "interrupt.h"
#include "targets.h"

#include <sched.h>
#include <string.h>

struct item {
        const char *name;
        void *result;
        struct pipseed_error err;
        int code;
        bool ready;
};

struct batch {
        struct session *session;
        const struct batch_job *job;
        struct pipseed_request req;
        struct item *items;
        size_t n_items;
        size_t next; /* item that the next free worker takes */
        pthread_mutex_t lock;
        pthread_cond_t done;
};

int batch_result(int (*call)(const struct pipseed_request *, struct pipseed_result **, struct pipseed_error *),
                 const struct pipseed_request *req, void **ret_result, struct pipseed_error *err)
{
        struct pipseed_result *result = NULL;
        int r = call(req, &result, err);

        if (r >= 0)
                *ret_result = result;
        return r;
}

void batch_release_result(void *result)
{
        pipseed_result_free(result);
}

static void perform(const struct batch *batch, struct item *item, unsigned int jobs)
{
        struct session_events events = {
                .session = batch->session,
                .about = batch->n_items > 1 ? item->name : NULL,
                .no_progress = item != batch->items, /* the others share the bar of the whole */
        };
        struct pipseed_request req = batch->req;

        if (interrupt_pending() != 0) {
                item->code = cli_error_set(&item->err, PIPSEED_E_CANCELLED, NULL, "interrupted before it started");
                return;
        }
        req.env = item->name;
        req.jobs = jobs;
        req.event = session_event;
        req.event_data = &events;
        item->code = batch->job->work(&req, &item->result, &item->err);
        interrupt_explain(&item->err);
}

static void *work(void *data)
{
        struct batch *batch = data;

        for (;;) {
                struct item *item = NULL;

                (void)pthread_mutex_lock(&batch->lock);
                if (batch->next < batch->n_items)
                        item = &batch->items[batch->next++];
                (void)pthread_mutex_unlock(&batch->lock);
                if (item == NULL)
                        return NULL;
                perform(batch, item, 1);
                (void)pthread_mutex_lock(&batch->lock);
                item->ready = true;
                (void)pthread_cond_signal(&batch->done);
                (void)pthread_mutex_unlock(&batch->lock);
        }
}

static void show_failure(struct batch *batch, const struct item *item)
{
        _cleanup_(json_output_done) struct json_output document = {0};

        output_error(batch->session->out, batch->n_items > 1 ? item->name : NULL, &item->err);
        if (!batch->session->settings->json)
                return;
        json_output_failure(&document, batch->session->command->name, &item->err);
        json_output_text(&document, document.root, "requested", item->name);
        output_document(batch->session->out, json_output_root(&document));
}

static void show_result(struct batch *batch, struct item *item)
{
        struct session *session = batch->session;
        _cleanup_(json_output_done) struct json_output document = {0};

        if (!session->settings->json) {
                item->code = batch->job->show(session, &batch->req, item->result, NULL);
                return;
        }
        json_output_begin(&document, session->command->name, "ok", 0);
        json_output_text(&document, document.root, "requested", item->name);
        item->code = batch->job->show(session, &batch->req, item->result, &document);
        if (item->code < 0) {
                json_output_text(&document, document.root, "status", batch->job->trouble);
                json_output_put(&document, document.root, "exit_code", json_integer(pipseed_exit_code(item->code)));
        }
        output_document(session->out, json_output_root(&document));
}

static void show(struct batch *batch, struct item *item)
{
        if (item->code < 0)
                show_failure(batch, item);
        else
                show_result(batch, item);
        batch->job->release(item->result);
        item->result = NULL;
}

static unsigned int processors(void)
{
        cpu_set_t set;

        if (sched_getaffinity(0, sizeof(set), &set) < 0 || CPU_COUNT(&set) < 1)
                return 1;
        return (unsigned int)CPU_COUNT(&set);
}

/* Waits for the items from first on and shows each as soon as those before it are shown. */
static void follow(struct batch *batch, size_t first)
{
        for (size_t i = first; i < batch->n_items; i++) {
                (void)pthread_mutex_lock(&batch->lock);
                while (!batch->items[i].ready)
                        (void)pthread_cond_wait(&batch->done, &batch->lock);
                (void)pthread_mutex_unlock(&batch->lock);
                show(batch, &batch->items[i]);
                if (i + 1 < batch->n_items)
                        output_progress(batch->session->out, batch->job->doing, i + 1, batch->n_items);
        }
}

static int run_all(struct batch *batch, unsigned int jobs, struct pipseed_error *err)
{
        size_t limit = jobs < batch->n_items - 1 ? jobs : batch->n_items - 1;
        _cleanup_free_ pthread_t *threads = calloc(limit + 1, sizeof(*threads));
        size_t n_threads = 0;

        if (threads == NULL)
                return cli_error_memory(err);
        /* The first goes alone, with all processors: when the store is empty it fills it for the others. */
        perform(batch, &batch->items[0], batch->session->settings->jobs);
        show(batch, &batch->items[0]);
        batch->next = 1;
        while (n_threads < limit && pthread_create(&threads[n_threads], NULL, work, batch) == 0)
                n_threads++;
        if (n_threads == 0)
                (void)work(batch);
        follow(batch, 1);
        for (size_t i = 0; i < n_threads; i++)
                (void)pthread_join(threads[i], NULL);
        return 0;
}

/* The first line: messages that quote a file may have more. */
static void list_failure(const struct batch *batch, const struct item *item)
{
        const char *text = item->err.code != 0 ? item->err.message : pipseed_code_name(item->code);
        int len = text != NULL ? (int)strcspn(text, "\n") : 0;

        output_item(batch->session->out, "%s: %.*s", item->name, len, text != NULL ? text : "");
}

static int summarise(const struct batch *batch)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        size_t failed = 0, integrity = 0;

        for (size_t i = 0; i < batch->n_items; i++) {
                failed += batch->items[i].code < 0;
                integrity += pipseed_exit_code(batch->items[i].code) == 4;
        }
        if (failed == 0)
                return 0;
        if (batch->n_items == 1)
                return pipseed_exit_code(batch->items[0].code);
        (void)cli_error_set(&err, PIPSEED_OK, NULL, "%zu of %zu environments failed:", failed, batch->n_items);
        output_error(batch->session->out, NULL, &err);
        for (size_t i = 0; i < batch->n_items; i++)
                if (batch->items[i].code < 0)
                        list_failure(batch, &batch->items[i]);
        return batch->job->integrity && integrity == failed ? 4 : pipseed_exit_code(PIPSEED_E_BATCH_FAILED);
}

static void free_cachep(struct pipseed_verify_cache **cache)
{
        pipseed_verify_cache_free(*cache);
}

int batch_run(struct session *session, const struct batch_job *job)
{
        _cleanup_(targets_done) struct targets targets = {0};
        _cleanup_free_ struct item *items = NULL;
        _cleanup_(free_cachep) struct pipseed_verify_cache *cache = NULL;
        struct batch batch = {.session = session,
                              .job = job,
                              .lock = PTHREAD_MUTEX_INITIALIZER,
                              .done = PTHREAD_COND_INITIALIZER};
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        unsigned int jobs = session->settings->jobs != 0 ? session->settings->jobs : processors();

        if (targets_collect(session, &targets, &err) < 0 || session_request(session, &batch.req, &err) < 0)
                return session_fail(session, &err);
        if (targets.n_names == 0) {
                output_note(session->out, "no environments in '%s', nothing to do", session->settings->from_file);
                return 0;
        }
        /* Large, but pages that no failure touches are never there. */
        items = calloc(targets.n_names, sizeof(*items));
        if (items == NULL)
                return cli_error_memory(&err), session_fail(session, &err);
        for (size_t i = 0; i < targets.n_names; i++)
                items[i].name = targets.names[i];
        batch.items = items;
        batch.n_items = targets.n_names;
        /* Without memory for it each call makes its own. */
        if (job->verifies)
                batch.req.verify_cache = cache = pipseed_verify_cache_new();
        interrupt_catch();
        if (run_all(&batch, jobs, &err) < 0)
                return session_fail(session, &err);
        return summarise(&batch);
}
