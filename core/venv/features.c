/* SPDX-License-Identifier: MIT */
#include "venv/features.h"

#include "base/cleanup.h"

#include <stddef.h>
#include <string.h>

/* Code, not comments: what stands in the source of exactly those releases that behave so. */
static const struct {
        size_t offset;
        const char *code;
} marks[] = {
        {offsetof(struct features, has_prompt), "'prompt = {self.prompt!r}"},
        {offsetof(struct features, has_command), "'command = {sys.executable} -m venv {args}"},
        {offsetof(struct features, dot_is_dir), "if prompt == '.'"},
        {offsetof(struct features, prompt_in_parens), "context.prompt = '(%s) ' % prompt"},
        {offsetof(struct features, quotes), "shlex.quote"},
        {offsetof(struct features, keeps_unchanged), "if new_data == data"},
        {offsetof(struct features, ignore_file), "def create_git_ignore_file("},
        {offsetof(struct features, include_by_version), "_venv_path(env_dir, 'include')"},
        {offsetof(struct features, platlib), "_venv_path(env_dir, 'platlib')"},
        {offsetof(struct features, lib64), "os.path.join(env_dir, 'lib64')"},
};

/* The names that bin gets besides that of the interpreter; whoever has others is not known. */
static const struct {
        const char *code;
        bool minor_name, own_names;
} names[] = {
        {"('python', 'python3', f'python3.{sys.version_info[1]}'):", true, false},
        {"('python', 'python3',\n                           f'python3.{sys.version_info[1]}'):", true, false},
        {"['python', 'python3', f'python3.{sys.version_info[1]}']", true, false},
        {"('python', 'python3'):", false, false},
        {"('python', 'python3', f'python3.{sys.version_info[1]}', 'pypy3', 'pypy'):", true, true},
};

int features_read(const char *text, int minor, struct features *ret_features)
{
        struct features features = {0};

        for (size_t i = 0; i < ARRAY_SIZE(marks); i++)
                *(bool *)((char *)&features + marks[i].offset) = strstr(text, marks[i].code) != NULL;
        features.pi_name = minor == 14 && strstr(text, "append('\xf0\x9d\x9c\x8bthon')") != NULL;
        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                if (strstr(text, names[i].code) == NULL)
                        continue;
                features.minor_name = names[i].minor_name;
                features.own_names = names[i].own_names;
                *ret_features = features;
                return 0;
        }
        return -ENOTSUP;
}
