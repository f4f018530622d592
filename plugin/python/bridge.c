/* SPDX-License-Identifier: MIT */
#include "module.h"

#include <time.h>

/* How often Ctrl-C is asked for: taking the GIL may mean to wait for other threads. */
#define SIGNAL_INTERVAL_MS 50

static const char *const kinds[] = {
        [PIPSEED_EVENT_DETAIL] = "detail",
        [PIPSEED_EVENT_NOTE] = "note",
        [PIPSEED_EVENT_WARNING] = "warning",
        [PIPSEED_EVENT_PROGRESS] = "progress",
        [PIPSEED_EVENT_TICK] = "tick",
};

static int64_t now(void)
{
        struct timespec time;

        (void)clock_gettime(CLOCK_MONOTONIC, &time);
        return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

void bridge_begin(struct bridge *bridge, PyObject *callback)
{
        *bridge = (struct bridge){.callback = callback, .caller = pthread_self(), .looked = now()};
        bridge->interpreter = PyInterpreterState_Get();
        bridge->caller_state = PyEval_SaveThread();
}

/* PyGILState_Ensure knows the main interpreter only; this works in all of them. NULL: no memory, and no GIL. */
static PyThreadState *enter(struct bridge *bridge)
{
        PyThreadState *state = bridge->caller_state;

        if (pthread_equal(pthread_self(), bridge->caller)) {
                PyEval_RestoreThread(state);
                return state;
        }
        state = PyThreadState_New(bridge->interpreter);
        if (state != NULL)
                PyEval_AcquireThread(state);
        return state;
}

static void leave(struct bridge *bridge, PyThreadState *state)
{
        if (state == bridge->caller_state) {
                (void)PyEval_SaveThread();
                return;
        }
        PyThreadState_Clear(state);
        PyEval_ReleaseThread(state);
        PyThreadState_Delete(state);
}

/* Non-zero: cancel. What was raised first is kept. */
static int call(struct bridge *bridge, const struct pipseed_event *event)
{
        PyObject *text = PyUnicode_DecodeUTF8(event->text, (Py_ssize_t)strlen(event->text), "surrogateescape");
        PyObject *answer = NULL;
        /* A newer library may have kinds that are not known here. */
        const char *kind = (size_t)event->kind < sizeof(kinds) / sizeof(kinds[0]) ? kinds[event->kind] : "other";
        int r = -1;

        if (text != NULL)
                answer = PyObject_CallFunction(bridge->callback, "sOKK", kind, text,
                                               (unsigned long long)event->done, (unsigned long long)event->total);
        Py_XDECREF(text);
        if (answer != NULL)
                r = PyObject_IsTrue(answer);
        Py_XDECREF(answer);
        return r;
}

static void keep_exception(struct bridge *bridge)
{
        if (!PyErr_Occurred())
                return;
        if (bridge->type == NULL)
                PyErr_Fetch(&bridge->type, &bridge->value, &bridge->traceback);
        else
                PyErr_Clear();
}

int bridge_event(void *data, const struct pipseed_event *event)
{
        struct bridge *bridge = data;
        int64_t time = now();
        bool is_due = time - bridge->looked >= SIGNAL_INTERVAL_MS;
        PyThreadState *state;
        int r = 0;

        if (bridge->callback == NULL && !is_due)
                return 0;
        state = enter(bridge);
        if (state == NULL)
                return 1;
        bridge->looked = time;
        r = PyErr_CheckSignals(); /* does nothing but on the main thread of the main interpreter */
        if (r == 0 && bridge->callback != NULL)
                r = call(bridge, event);
        keep_exception(bridge);
        leave(bridge, state);
        return r;
}

int bridge_end(struct bridge *bridge)
{
        PyEval_RestoreThread(bridge->caller_state);
        /* Ctrl-C also reaches the children that compile: that they failed is not the news then. */
        if (bridge->type == NULL)
                return PyErr_CheckSignals();
        PyErr_Restore(bridge->type, bridge->value, bridge->traceback);
        bridge->type = bridge->value = bridge->traceback = NULL;
        return -1;
}
