/* SPDX-License-Identifier: MIT */
#include "module.h"

PyObject *module_policy(PyObject *module, PyObject *args, PyObject *kwargs)
{
        static const char *const names[] = {"policy_file", "settings", NULL};
        struct order order = {0};
        PyObject *answer = NULL;

        if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|$O&O:policy", (char **)(uintptr_t)names, order_take_path,
                                         &order.policy_file, &order.settings))
                return NULL;
        if (order_prepare(&order, PyModule_GetState(module)) == 0)
                answer = results_policy(order.policy);
        order_done(&order);
        return answer;
}
