/* SPDX-License-Identifier: MIT */
#include "wheel/pyc.h"

#include "base/path.h"

#include <string.h>

char *pyc_path(struct arena *arena, const char *source, const char *suffix)
{
        static const char directory[] = "__pycache__/";
        const size_t parent = (size_t)(path_base(source) - source);
        const size_t stem = strlen(source) - parent - strlen(".py");
        const size_t size = strlen(suffix) + 1;
        char *text = arena_alloc(arena, parent + sizeof(directory) - 1 + stem + size);

        if (text == NULL)
                return NULL;
        memcpy(text, source, parent);
        memcpy(text + parent, directory, sizeof(directory)); /* what follows takes the NUL's place */
        /* NOLINTNEXTLINE(bugprone-not-null-terminated-result): the suffix ends it */
        memcpy(text + parent + sizeof(directory) - 1, source + parent, stem);
        memcpy(text + parent + sizeof(directory) - 1 + stem, suffix, size);
        return text;
}
