/* SPDX-License-Identifier: MIT */
#include "module.h"

PyObject *results_text(const char *text)
{
        if (text != NULL)
                return PyUnicode_DecodeFSDefault(text);
        Py_RETURN_NONE;
}

/* For Py_BuildValue's "O&". */
static PyObject *convert(void *text)
{
        return results_text(text);
}

/* In the order of the fields of pipseed.Package. */
static PyObject *make_package(const struct pipseed_package *package)
{
        return Py_BuildValue("(sO&O&O&O&O&O&sKK)", package->name, convert, package->version, convert,
                             package->previous_version, convert, package->location, convert, package->wheel, convert,
                             package->sha256, convert, package->source, pipseed_action_name(package->action),
                             (unsigned long long)package->n_files, (unsigned long long)package->n_bytecode);
}

static PyObject *make_packages(const struct pipseed_result *result)
{
        PyObject *tuple = PyTuple_New((Py_ssize_t)result->n_packages);

        for (size_t i = 0; tuple != NULL && i < result->n_packages; i++) {
                PyObject *item = make_package(result->packages[i]);

                if (item == NULL || PyTuple_SetItem(tuple, (Py_ssize_t)i, item) < 0)
                        Py_CLEAR(tuple);
        }
        return tuple;
}

static PyObject *make_scripts(const struct pipseed_result *result)
{
        PyObject *tuple = PyTuple_New((Py_ssize_t)result->n_scripts);

        for (size_t i = 0; tuple != NULL && i < result->n_scripts; i++) {
                PyObject *item = results_text(result->scripts[i]);

                if (item == NULL || PyTuple_SetItem(tuple, (Py_ssize_t)i, item) < 0)
                        Py_CLEAR(tuple);
        }
        return tuple;
}

PyObject *results_seeding(const struct pipseed_result *result)
{
        PyObject *packages = make_packages(result);
        PyObject *scripts = packages != NULL ? make_scripts(result) : NULL;

        if (scripts == NULL) {
                Py_XDECREF(packages);
                return NULL;
        }
        return Py_BuildValue("(O&O&sO&ONNKKKK)", convert, result->env, convert, result->python, result->version,
                             convert, result->scripts_dir, result->is_venv ? Py_True : Py_False, packages, scripts,
                             (unsigned long long)result->n_reflinked, (unsigned long long)result->n_hardlinked,
                             (unsigned long long)result->n_copied, (unsigned long long)result->n_symlinked);
}

PyObject *results_environment(const struct pipseed_environment *env)
{
        PyObject *seeding = Py_None;

        if (env->seeding != NULL)
                seeding = results_seeding(env->seeding);
        else
                Py_INCREF(seeding);
        if (seeding == NULL)
                return NULL;
        return Py_BuildValue("(O&O&O&sON)", convert, env->dir, convert, env->python, convert, env->base,
                             env->version, env->existed ? Py_True : Py_False, seeding);
}

static int add_value(PyObject *dict, const struct pipseed_policy_value *value)
{
        PyObject *key = results_text(value->key);
        PyObject *item = Py_BuildValue("(O&O&O&O&)", convert, value->value, convert, value->layer, convert, value->origin,
                                       convert, value->locked_by);
        int r = key != NULL && item != NULL ? PyDict_SetItem(dict, key, item) : -1;

        Py_XDECREF(key);
        Py_XDECREF(item);
        return r;
}

PyObject *results_policy(const struct pipseed_policy *policy)
{
        PyObject *dict = PyDict_New();

        for (size_t i = 0; dict != NULL && i < pipseed_policy_count(policy); i++) {
                struct pipseed_policy_value value = PIPSEED_POLICY_VALUE_INIT;

                if (pipseed_policy_value_at(policy, i, &value) == 0 && add_value(dict, &value) < 0)
                        Py_CLEAR(dict);
        }
        return dict;
}
