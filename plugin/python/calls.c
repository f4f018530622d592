/* SPDX-License-Identifier: MIT */
/*
 * calls.c - the functions of the library that take a request and return one struct: a table of what is called, what
 * releases its answer, and what that is in Python.
 */
#include "shape.h"

union answer {
        void *any;
        struct pipseed_result *result;
        struct pipseed_verify_report *report;
        struct pipseed_doctor_report *doctor_report;
        struct pipseed_wheel_list *wheels;
        struct pipseed_cache *cache;
        struct pipseed_dropin *dropin;
        struct pipseed_pythons *pythons;
};

struct call {
        int (*work)(const struct arguments *order, union answer *ret_answer, struct pipseed_error *err);
        void (*release)(union answer *answer);
        const struct shape *shape;
};

/* Between the two ends of the event_callback, other threads of Python run. */
static PyObject *work(struct arguments *order, struct callback *event_callback, const struct state *state,
                      const struct call *call)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        union answer answer = {0};
        PyObject *made = NULL;
        int r;

        order->req.event = callback_event;
        order->req.event_data = event_callback;
        callback_begin(event_callback, order->callback);
        r = call->work(order, &answer, &err);
        if (callback_end(event_callback) == 0)
                made = r < 0 ? errors_raise(state, &err) : shape_make(call->shape, answer.any);
        call->release(&answer);
        return made;
}

static PyObject *run(PyObject *module, PyObject *args, PyObject *kwargs, const struct call *call)
{
        const struct state *state = PyModule_GetState(module);
        struct arguments order = ORDER_INIT;
        struct callback event_callback;
        PyObject *answer = NULL;

        if (arguments_parse(&order, args, kwargs) == 0 && arguments_prepare(&order, state) == 0)
                answer = work(&order, &event_callback, state, call);
        arguments_done(&order);
        return answer;
}

static const char *path_of(PyObject *bytes)
{
        return bytes != NULL ? PyBytes_AsString(bytes) : NULL;
}

static int call_dropin(int (*function)(const struct pipseed_dropin_request *req, struct pipseed_dropin **ret_dropin,
                                       struct pipseed_error *err),
                       const struct arguments *order, union answer *ret_answer, struct pipseed_error *err)
{
        struct pipseed_dropin_request req;

        pipseed_dropin_request_init(&req);
        req.python = order->req.python;
        req.command = path_of(order->command);
        req.template_dir = path_of(order->template_dir);
        req.force = order->force;
        req.dry_run = order->dry_run;
        req.cache_dir = order->req.cache_dir;
        req.event = order->req.event;
        req.event_data = order->req.event_data;
        return function(&req, &ret_answer->dropin, err);
}

/* A function of the module: NAME, the member of its answer, what releases that, its shape; and the call. */
#define CALL(name, member, free, shape_, expression)                                                                   \
        static int name##_work(const struct arguments *order, union answer *answer, struct pipseed_error *err)         \
        {                                                                                                              \
                return (expression);                                                                                   \
        }                                                                                                              \
                                                                                                                       \
        static void name##_release(union answer *answer)                                                               \
        {                                                                                                              \
                free(answer->member);                                                                                  \
        }                                                                                                              \
                                                                                                                       \
        PyObject *module_##name(PyObject *module, PyObject *args, PyObject *kwargs)                                    \
        {                                                                                                              \
                static const struct call call = {name##_work, name##_release, &(shape_)};                              \
                                                                                                                       \
                return run(module, args, kwargs, &call);                                                               \
        }

CALL(seed, result, pipseed_result_free, results_result, pipseed_seed(&order->req, &answer->result, err))
CALL(unseed, result, pipseed_result_free, results_result, pipseed_unseed(&order->req, &answer->result, err))
CALL(verify, report, pipseed_verify_report_free, results_verify_report,
     pipseed_verify(&order->req, &answer->report, err))
CALL(doctor, doctor_report, pipseed_doctor_report_free, results_doctor_report,
     pipseed_doctor(&order->req, order->fix, &answer->doctor_report, err))
CALL(wheels, wheels, pipseed_wheel_list_free, results_wheels,
     pipseed_wheels(&order->req, order->check, &answer->wheels, err))
CALL(cache_list, cache, pipseed_cache_free, results_cache,
     pipseed_cache_list(&order->req, order->check, &answer->cache, err))
CALL(cache_warm, cache, pipseed_cache_free, results_cache, pipseed_cache_warm(&order->req, &answer->cache, err))
CALL(cache_prune, cache, pipseed_cache_free, results_cache,
     pipseed_cache_prune(&order->req, order->max_age, order->max_bytes, &answer->cache, err))
CALL(dropin_status, dropin, pipseed_dropin_free, results_dropin, call_dropin(pipseed_dropin_status, order, answer, err))
CALL(dropin_enable, dropin, pipseed_dropin_free, results_dropin, call_dropin(pipseed_dropin_enable, order, answer, err))
CALL(dropin_disable, dropin, pipseed_dropin_free, results_dropin,
     call_dropin(pipseed_dropin_disable, order, answer, err))
CALL(pythons, pythons, pipseed_pythons_free, results_pythons,
     pipseed_pythons_find(order->req.cache_dir, &answer->pythons, err))
