/* SPDX-License-Identifier: MIT */
/*
 * module.h - _pipseed, the C half of the Python package: between Python objects and the public headers, and nothing
 * else. It is compiled against the stable ABI of CPython 3.9, so that one build serves all later versions.
 *
 * Nothing here is global: what has to be remembered lives in the module's state, one for each interpreter.
 */
#ifndef PYTHON_MODULE_H
#define PYTHON_MODULE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "pipseed_policy.h"

#include <pthread.h>

/* The exceptions: one for each class of error codes, which is the exit code of the command. */
enum { CLASS_ERROR, CLASS_FAILED, CLASS_USAGE, CLASS_REFUSED, CLASS_INTEGRITY, N_CLASSES };

struct state {
        PyObject *classes[N_CLASSES];
};

/* errors.c: makes the classes and puts them into the module; -1 with an exception set. */
int errors_init(PyObject *module, struct state *state);
/* Translates a message or hint: options and commands become arguments and functions (pipseed/_hints.py).
 * New reference; NULL or "": None. */
PyObject *errors_translate(const char *text);
/* Raises what err holds. Returns NULL, so that callers can return it. */
PyObject *errors_raise(const struct state *state, const struct pipseed_error *err);

/*
 * callback.c: the library runs without the GIL; its events take the GIL for a moment, on whichever thread they come.
 *
 *     callback_begin(&event_callback, callback);
 *     r = pipseed_seed(...);             with callback_event and &event_callback in the request
 *     if (callback_end(&event_callback) < 0)       the callback raised, or a signal came: that exception is set
 *             return NULL;
 */
struct callback {
        PyObject *callback; /* called with (kind, text, done, total), or NULL; borrowed */
        PyInterpreterState *interpreter;
        PyThreadState *caller_state;
        pthread_t caller;
        int64_t looked; /* when signals were last asked for, in ms */
        PyObject *type, *value, *traceback;
};

void callback_begin(struct callback *event_callback, PyObject *callback);
int callback_event(void *data, const struct pipseed_event *event);
int callback_end(struct callback *event_callback);

/*
 * arguments.c: what Python wants done, as a request. policy, env, python and root are paths or None; settings is a
 * sequence of (key, value, option, append), the last layer of the policy, as the command's options are.
 *
 *     struct arguments order = ORDER_INIT;
 *
 *     if (arguments_parse(&order, args, kwargs) == 0 && arguments_prepare(&order, state) == 0)
 *             ...                        order.req is what the library is to be called with
 *     arguments_done(&order);
 */
struct arguments {
        PyObject *policy_file, *env, *python, *root; /* bytes, owned, or NULL */
        PyObject *command, *template_dir;            /* likewise, for drop-ins */
        PyObject *settings;                          /* borrowed */
        PyObject *callback;                          /* borrowed, or NULL */
        int user, dry_run;
        int as_venv; /* as venv asks ensurepip: pip, pipX and pipX.Y, an older one replaced; whatever the policy says */
        int check;   /* wheels and store: read every file */
        int fix;     /* doctor */
        int force;   /* drop-ins */
        unsigned int jobs;
        uint64_t max_age, max_bytes; /* seconds, bytes; UINT64_MAX: no limit */
        struct pipseed_policy *policy;
        struct pipseed_request req;
};

#define ORDER_INIT                                                                                                     \
        {                                                                                                              \
                .max_age = UINT64_MAX, .max_bytes = UINT64_MAX                                                         \
        }

/* Takes keyword arguments, by the names of the members above. An error names the argument. -1 with an exception set;
 * order_done is needed then, too. */
int arguments_parse(struct arguments *order, PyObject *args, PyObject *kwargs);
/* Converters for PyArg_Parse's "O&". */
int arguments_take_path(PyObject *object, void *ret_bytes); /* None: NULL */
int arguments_take_jobs(PyObject *object, void *ret_number);
/* Loads the policy and fills the request. -1 with an exception set. The GIL is held: os.environ does not change. */
int arguments_prepare(struct arguments *order, const struct state *state);
void arguments_done(struct arguments *order);

/* results.c: new references, NULL with an exception set. */
PyObject *results_text(const char *text); /* NULL: None; in the file system's encoding */
PyObject *results_attribute(PyObject *object, const char *name);
PyObject *results_environment(const struct pipseed_environment *env);

extern const struct shape results_result, results_verify_report, results_doctor_report, results_wheels, results_cache,
        results_dropin, results_pythons, results_policy_value;

/* The module's functions: create.c, policy.c, and calls.c, which has a table of all others. */
PyObject *module_create(PyObject *module, PyObject *args, PyObject *kwargs);
PyObject *module_newest(PyObject *module, PyObject *args, PyObject *kwargs);
PyObject *module_policy(PyObject *module, PyObject *args, PyObject *kwargs);
PyObject *module_version_matches(PyObject *module, PyObject *args, PyObject *kwargs);

#define MODULE_CALLS(X)                                                                                                \
        X(seed)                                                                                                        \
        X(unseed)                                                                                                      \
        X(verify)                                                                                                      \
        X(doctor)                                                                                                      \
        X(wheels)                                                                                                      \
        X(cache_list) X(cache_warm) X(cache_prune) X(dropin_status) X(dropin_enable) X(dropin_disable) X(pythons)
#define MODULE_CALL_DECLARE(name) PyObject *module_##name(PyObject *module, PyObject *args, PyObject *kwargs);
MODULE_CALLS(MODULE_CALL_DECLARE)
#undef MODULE_CALL_DECLARE

#endif
