/* SPDX-License-Identifier: MIT */
#include "wheel/implementation.h"

#include "base/cleanup.h"
#include "base/str.h"

#include <string.h>

static const struct implementation implementations[] = {
        {
                .name = "cpython",
                .title = "CPython",
                .tag = "cp",
                .stem = "python",
                .commands = {"python3", "python"},
                .pep552_minor = 7,
                .can_copy = true,
                .has_image_facts = true,
                .can_compare_code = true,
        },
        {
                .name = "pypy",
                .title = "PyPy",
                .tag = "pp",
                .abi = "pypy{python}_pp{own}",
                .any_tag = "pp3",
                .stem = "pypy",
                .commands = {"pypy3"},
                .venv_names = {"pypy3", "pypy"},
                .pep552_minor = 6,
        },
};

const struct implementation *implementation_at(size_t i)
{
        return i < ARRAY_SIZE(implementations) ? &implementations[i] : NULL;
}

const struct implementation *implementation_find(const char *name)
{
        for (size_t i = 0; i < ARRAY_SIZE(implementations); i++)
                if (strcmp(implementations[i].name, name) == 0)
                        return &implementations[i];
        return NULL;
}

const struct implementation *implementation_of_file(const char *name)
{
        for (size_t i = 0; i < ARRAY_SIZE(implementations); i++)
                if (str_starts(name, implementations[i].stem))
                        return &implementations[i];
        return NULL;
}
