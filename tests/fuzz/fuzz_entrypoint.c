/* SPDX-License-Identifier: MIT */
/* entry_points.txt: whatever is taken is safe to be a file name in bin/ and a line of Python. */
#include "fuzz.h"

#include "base/cleanup.h"
#include "wheel/entrypoint.h"
#include "wheel/wheel.h"

static void check_dotted(const char *text)
{
        FUZZ_CHECK(text[0] != '\0' && text[0] != '.' && !str_ends(text, ".") && strstr(text, "..") == NULL);
        for (const char *c = text; *c != '\0'; c++)
                FUZZ_CHECK(str_is_alpha(*c) || str_is_digit(*c) || *c == '_' || *c == '.');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(arena_done) struct arena arena = {0};
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        const struct entry_point *points = NULL;
        size_t n = 0;
        int r = entry_points_parse(&arena, (const char *)data, size, "entry_points.txt", &points, &n, &err);

        fuzz_check_error(r, &err);
        FUZZ_CHECK(r == 0 || n == 0);
        for (size_t i = 0; i < n; i++) {
                FUZZ_CHECK(entry_point_name_is_safe(points[i].name));
                FUZZ_CHECK(strchr(points[i].name, '/') == NULL && points[i].name[0] != '.' && points[i].name[0] != '-');
                check_dotted(points[i].module);
                check_dotted(points[i].attr);
                for (size_t j = 0; j < i; j++)
                        FUZZ_CHECK(strcmp(points[i].name, points[j].name) != 0 || points[i].gui != points[j].gui);
        }
        return 0;
}
