/* SPDX-License-Identifier: MIT */
#include "module.h"

PyDoc_STRVAR(module_doc, "The C half of pipseed. Use the package pipseed: what is here may change with each version.");
PyDoc_STRVAR(call_doc,
             "Takes the keyword arguments that arguments.c lists; calls the function of pipseed.h of this name.");
PyDoc_STRVAR(create_doc, "create(dir, *, policy_file, python, prompt, settings, callback, dry_run, jobs, "
                         "system_site_packages, clear, symlinks, upgrade, with_pip, scm_ignore_files)\n--\n\n"
                         "pipseed_create of pipseed.h.");
PyDoc_STRVAR(newest_doc, "newest(python_version, *, policy_file, settings)\n--\n\n"
                         "Version of the pip that the policy admits for such a Python, or None.");
PyDoc_STRVAR(policy_doc, "policy(*, policy_file, settings)\n--\n\nValues, files and hooks of the policy.");
PyDoc_STRVAR(matches_doc, "version_matches(version, specifier)\n--\n\npipseed_version_matches.");

#define METHOD(name, doc)                                                                                              \
        {                                                                                                              \
#name, (PyCFunction)(void (*)(void))module_##name, METH_VARARGS | METH_KEYWORDS, (doc)                 \
        }
#define CALL_METHOD(name) METHOD(name, call_doc),

static PyMethodDef methods[] = {
        MODULE_CALLS(CALL_METHOD) METHOD(create, create_doc),
        METHOD(newest, newest_doc),
        METHOD(policy, policy_doc),
        METHOD(version_matches, matches_doc),
        {NULL, NULL, 0, NULL},
};

static int exec(PyObject *module)
{
        if (errors_init(module, PyModule_GetState(module)) < 0)
                return -1;
        if (PyModule_AddStringConstant(module, "dropin_template", PIPSEED_DROPIN_TEMPLATE_DIR) < 0)
                return -1;
        return PyModule_AddStringConstant(module, "library_version", pipseed_version());
}

static int traverse(PyObject *module, visitproc visit, void *arg)
{
        struct state *state = PyModule_GetState(module);

        for (int i = 0; state != NULL && i < N_CLASSES; i++)
                Py_VISIT(state->classes[i]);
        return 0;
}

static int clear(PyObject *module)
{
        struct state *state = PyModule_GetState(module);

        for (int i = 0; state != NULL && i < N_CLASSES; i++)
                Py_CLEAR(state->classes[i]);
        return 0;
}

static void release(void *module)
{
        (void)clear(module);
}

/* Newer than the headers of 3.9 that the stable ABI means. */
#define MULTIPLE_INTERPRETERS_SLOT 3
#define PER_INTERPRETER_GIL_SUPPORTED ((void *)(uintptr_t)2)

static struct PyModuleDef_Slot slots[] = {
        {Py_mod_exec, (void *)(uintptr_t)exec},
        {MULTIPLE_INTERPRETERS_SLOT, PER_INTERPRETER_GIL_SUPPORTED},
        {0, NULL},
};

static struct PyModuleDef definition = {
        PyModuleDef_HEAD_INIT,  .m_name = "pipseed._pipseed",
        .m_doc = module_doc,    .m_size = sizeof(struct state),
        .m_methods = methods,   .m_slots = slots,
        .m_traverse = traverse, .m_clear = clear,
        .m_free = release,
};

PyMODINIT_FUNC PyInit__pipseed(void);

PyMODINIT_FUNC PyInit__pipseed(void)
{
        /* Before 3.12 all interpreters have one GIL, and this slot is an error. */
        if (strtol(Py_GetVersion() + strlen("3."), NULL, 10) < 12)
                slots[1].slot = 0;
        return PyModuleDef_Init(&definition);
}
