/* SPDX-License-Identifier: MIT */
#include "module.h"

#include <time.h>

/* How often to check for Ctrl-C: taking the GIL may wait for other threads. */
#define SIGNAL_INTERVAL_MS 50

static const char *const kinds[] = {
        [PIPSEED_EVENT_DETAIL] = "detail",     [PIPSEED_EVENT_NOTE] = "note", [PIPSEED_EVENT_WARNING] = "warning",
        [PIPSEED_EVENT_PROGRESS] = "progress", [PIPSEED_EVENT_TICK] = "tick",
};

static int64_t now(void)
{
        struct timespec time;

        (void)clock_gettime(CLOCK_MONOTONIC, &time);
        return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

void callback_begin(struct callback *event_callback, PyObject *callback)
{
        *event_callback = (struct callback){.callback = callback, .caller = pthread_self(), .looked = now()};
        event_callback->interpreter = PyInterpreterState_Get();
        event_callback->caller_state = PyEval_SaveThread();
}

/* PyGILState_Ensure knows the main interpreter only; this works in all of them. NULL: no memory, and no GIL. */
static PyThreadState *enter(struct callback *event_callback)
{
        PyThreadState *state = event_callback->caller_state;

        if (pthread_equal(pthread_self(), event_callback->caller)) {
                PyEval_RestoreThread(state);
                return state;
        }
        state = PyThreadState_New(event_callback->interpreter);
        if (state != NULL)
                PyEval_AcquireThread(state);
        return state;
}

static void leave(struct callback *event_callback, PyThreadState *state)
{
        if (state == event_callback->caller_state) {
                (void)PyEval_SaveThread();
                return;
        }
        PyThreadState_Clear(state);
        PyEval_ReleaseThread(state);
        PyThreadState_Delete(state);
}

/* Returns non-zero to cancel. The first exception is kept. */
static int call(struct callback *event_callback, const struct pipseed_event *event)
{
        PyObject *text = PyUnicode_DecodeUTF8(event->text, (Py_ssize_t)strlen(event->text), "surrogateescape");
        PyObject *answer = NULL;
        /* A newer library may send unknown kinds. */
        const char *kind = (size_t)event->kind < sizeof(kinds) / sizeof(kinds[0]) ? kinds[event->kind] : "other";
        int r = -1;

        if (text != NULL)
                answer = PyObject_CallFunction(event_callback->callback, "sOKK", kind, text,
                                               (unsigned long long)event->done, (unsigned long long)event->total);
        Py_XDECREF(text);
        if (answer != NULL)
                r = PyObject_IsTrue(answer);
        Py_XDECREF(answer);
        return r;
}

static void keep_exception(struct callback *event_callback)
{
        if (!PyErr_Occurred())
                return;
        if (event_callback->type == NULL)
                PyErr_Fetch(&event_callback->type, &event_callback->value, &event_callback->traceback);
        else
                PyErr_Clear();
}

int callback_event(void *data, const struct pipseed_event *event)
{
        struct callback *event_callback = data;
        int64_t time = now();
        bool is_due = time - event_callback->looked >= SIGNAL_INTERVAL_MS;
        PyThreadState *state;
        int r = 0;

        if (event_callback->callback == NULL && !is_due)
                return 0;
        state = enter(event_callback);
        if (state == NULL)
                return 1;
        event_callback->looked = time;
        r = PyErr_CheckSignals(); /* does nothing but on the main thread of the main interpreter */
        if (r == 0 && event_callback->callback != NULL)
                r = call(event_callback, event);
        keep_exception(event_callback);
        leave(event_callback, state);
        return r;
}

int callback_end(struct callback *event_callback)
{
        PyEval_RestoreThread(event_callback->caller_state);
        /* Ctrl-C also kills the children that compile: report the interrupt, not their failure. */
        if (event_callback->type == NULL)
                return PyErr_CheckSignals();
        PyErr_Restore(event_callback->type, event_callback->value, event_callback->traceback);
        event_callback->type = event_callback->value = event_callback->traceback = NULL;
        return -1;
}
