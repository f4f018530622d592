/* SPDX-License-Identifier: MIT */
/* The tables of pipseed._results: what each of the library's structs is in Python. */
#include "shape.h"

#define TEXT(type, member)                                                                                             \
        {                                                                                                              \
                .convert = shape_text, .offset = offsetof(type, member)                                                \
        }
#define NONEMPTY(type, member)                                                                                         \
        {                                                                                                              \
                .convert = shape_nonempty, .offset = offsetof(type, member)                                            \
        }
#define WORDS(type, member)                                                                                            \
        {                                                                                                              \
                .convert = shape_words, .offset = offsetof(type, member)                                               \
        }
#define FLAG(type, member)                                                                                             \
        {                                                                                                              \
                .convert = shape_flag, .offset = offsetof(type, member)                                                \
        }
#define COUNT(type, member)                                                                                            \
        {                                                                                                              \
                .convert = shape_count, .offset = offsetof(type, member)                                               \
        }
#define SIZE(type, member)                                                                                             \
        {                                                                                                              \
                .convert = shape_size, .offset = offsetof(type, member)                                                \
        }
#define TIME(type, member)                                                                                             \
        {                                                                                                              \
                .convert = shape_time, .offset = offsetof(type, member)                                                \
        }
#define NUMBER(type, member)                                                                                           \
        {                                                                                                              \
                .convert = shape_number, .offset = offsetof(type, member)                                              \
        }
#define CODE(type, member)                                                                                             \
        {                                                                                                              \
                .convert = shape_code, .offset = offsetof(type, member)                                                \
        }
#define STATUS(type, member)                                                                                           \
        {                                                                                                              \
                .convert = shape_status, .offset = offsetof(type, member)                                              \
        }

PyObject *results_text(const char *text)
{
        if (text != NULL)
                return PyUnicode_DecodeFSDefault(text);
        Py_RETURN_NONE;
}

/* Python caches names that it has looked up, by their addresses: a new string each time would be kept each time. */
PyObject *results_attribute(PyObject *object, const char *name)
{
        PyObject *interned = PyUnicode_InternFromString(name);
        PyObject *value = interned != NULL ? PyObject_GetAttr(object, interned) : NULL;

        Py_XDECREF(interned);
        return value;
}

static const struct field package_fields[] = {
        TEXT(struct pipseed_package, name),
        TEXT(struct pipseed_package, version),
        TEXT(struct pipseed_package, previous_version),
        TEXT(struct pipseed_package, location),
        TEXT(struct pipseed_package, wheel),
        TEXT(struct pipseed_package, sha256),
        TEXT(struct pipseed_package, source),
        {.convert = shape_action, .offset = offsetof(struct pipseed_package, action)},
        COUNT(struct pipseed_package, n_files),
        COUNT(struct pipseed_package, n_pyc),
};
static const struct shape package = SHAPE("Package", package_fields);

static const struct field result_fields[] = {
        TEXT(struct pipseed_result, env),
        TEXT(struct pipseed_result, python),
        TEXT(struct pipseed_result, version),
        TEXT(struct pipseed_result, scripts_dir),
        FLAG(struct pipseed_result, is_venv),
        SHAPE_ARRAY(struct pipseed_result, packages, n_packages, &package),
        SHAPE_ARRAY(struct pipseed_result, scripts, n_scripts, NULL),
        COUNT(struct pipseed_result, n_reflinked),
        COUNT(struct pipseed_result, n_hardlinked),
        COUNT(struct pipseed_result, n_copied),
        COUNT(struct pipseed_result, n_symlinked),
};
const struct shape results_result = SHAPE("Result", result_fields);

static const struct field finding_fields[] = {
        CODE(struct pipseed_finding, code),
        NUMBER(struct pipseed_finding, code),
        TEXT(struct pipseed_finding, path),
        WORDS(struct pipseed_finding, message),
};
static const struct shape finding = SHAPE("Finding", finding_fields);

static const struct field report_fields[] = {
        TEXT(struct pipseed_verify_report, env),
        TEXT(struct pipseed_verify_report, python),
        TEXT(struct pipseed_verify_report, version),
        SHAPE_ARRAY(struct pipseed_verify_report, packages, n_packages, &package),
        SHAPE_ARRAY(struct pipseed_verify_report, findings, n_findings, &finding),
};
const struct shape results_verify_report = SHAPE("VerifyReport", report_fields);

static const struct field issue_fields[] = {
        CODE(struct pipseed_issue, code),     NUMBER(struct pipseed_issue, code),
        TEXT(struct pipseed_issue, path),     WORDS(struct pipseed_issue, message),
        WORDS(struct pipseed_issue, hint),    FLAG(struct pipseed_issue, repairable),
        FLAG(struct pipseed_issue, repaired),
};
static const struct shape issue = SHAPE("Issue", issue_fields);

static const struct field doctor_fields[] = {
        TEXT(struct pipseed_doctor_report, env),
        TEXT(struct pipseed_doctor_report, python),
        TEXT(struct pipseed_doctor_report, version),
        SHAPE_ARRAY(struct pipseed_doctor_report, issues, n_issues, &issue),
        SIZE(struct pipseed_doctor_report, n_unrepaired),
};
const struct shape results_doctor_report = SHAPE("DoctorReport", doctor_fields);

static const struct field wheel_fields[] = {
        TEXT(struct pipseed_wheel, filename),        TEXT(struct pipseed_wheel, name),
        TEXT(struct pipseed_wheel, version),         TEXT(struct pipseed_wheel, sha256),
        TEXT(struct pipseed_wheel, requires_python), TEXT(struct pipseed_wheel, source),
        COUNT(struct pipseed_wheel, size),           STATUS(struct pipseed_wheel, status),
        NUMBER(struct pipseed_wheel, status),        TEXT(struct pipseed_wheel, problem),
};
static const struct shape wheel = SHAPE("Wheel", wheel_fields);

static const struct field wheel_list_fields[] = {
        SHAPE_ARRAY(struct pipseed_wheel_list, wheels, n_wheels, &wheel),
};
const struct shape results_wheels = SHAPE("WheelList", wheel_list_fields);

static const struct field entry_fields[] = {
        TEXT(struct pipseed_cache_entry, wheel),     TEXT(struct pipseed_cache_entry, sha256),
        TEXT(struct pipseed_cache_entry, path),      COUNT(struct pipseed_cache_entry, bytes),
        COUNT(struct pipseed_cache_entry, n_files),  COUNT(struct pipseed_cache_entry, n_bytecode_sets),
        TIME(struct pipseed_cache_entry, last_used), FLAG(struct pipseed_cache_entry, in_use),
        STATUS(struct pipseed_cache_entry, status),  NUMBER(struct pipseed_cache_entry, status),
        TEXT(struct pipseed_cache_entry, problem),
};
static const struct shape cache_entry = SHAPE("CacheEntry", entry_fields);

static const struct field cache_fields[] = {
        TEXT(struct pipseed_cache, path),
        SHAPE_ARRAY(struct pipseed_cache, entries, n_entries, &cache_entry),
        COUNT(struct pipseed_cache, bytes),
};
const struct shape results_cache = SHAPE("Cache", cache_fields);

static const struct field dropin_fields[] = {
        TEXT(struct pipseed_dropin, python),
        TEXT(struct pipseed_dropin, version),
        {.convert = shape_state, .offset = offsetof(struct pipseed_dropin, state)},
        FLAG(struct pipseed_dropin, changed),
        TEXT(struct pipseed_dropin, stdlib),
        TEXT(struct pipseed_dropin, ensurepip_dir),
        TEXT(struct pipseed_dropin, backup),
        TEXT(struct pipseed_dropin, system_package),
        TEXT(struct pipseed_dropin, command),
        TEXT(struct pipseed_dropin, command_version),
        FLAG(struct pipseed_dropin, command_missing),
        FLAG(struct pipseed_dropin, up_to_date),
};
const struct shape results_dropin = SHAPE("Dropin", dropin_fields);

static const struct field pythons_fields[] = {SHAPE_ARRAY(struct pipseed_pythons, paths, n_paths, NULL)};
const struct shape results_pythons = SHAPE("Pythons", pythons_fields);

static const struct field environment_fields[] = {
        TEXT(struct pipseed_environment, dir),
        TEXT(struct pipseed_environment, python),
        TEXT(struct pipseed_environment, base),
        TEXT(struct pipseed_environment, version),
        FLAG(struct pipseed_environment, existed),
        {.convert = shape_struct,
         .offset = offsetof(struct pipseed_environment, seed_result),
         .element = &results_result},
};
static const struct shape environment = SHAPE("Environment", environment_fields);

PyObject *results_environment(const struct pipseed_environment *env)
{
        return shape_make(&environment, env);
}

static const struct field value_fields[] = {
        TEXT(struct pipseed_policy_value, key),       TEXT(struct pipseed_policy_value, value),
        TEXT(struct pipseed_policy_value, layer),     NONEMPTY(struct pipseed_policy_value, origin),
        TEXT(struct pipseed_policy_value, locked_by), TEXT(struct pipseed_policy_value, help),
};
const struct shape results_policy_value = SHAPE("PolicyValue", value_fields);
