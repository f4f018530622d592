/* SPDX-License-Identifier: MIT */
#include "humanize.h"

#include <stddef.h>
#include <stdio.h>
#include <time.h>

struct unit {
        char letter; /* '\0': none, and the end of a table */
        uint64_t factor;
};

static const struct unit age_units[] = {{'h', 3600}, {'d', 86400}, {'\0', 86400}};
static const struct unit size_units[] = {{'K', (uint64_t)1 << 10},
                                         {'M', (uint64_t)1 << 20},
                                         {'G', (uint64_t)1 << 30},
                                         {'T', (uint64_t)1 << 40},
                                         {'\0', 1}};

/* A number and at most one letter. */
static bool read_amount(const char *text, const struct unit *unit, uint64_t *ret_amount)
{
        uint64_t amount = 0;
        const char *c = text;

        for (; *c >= '0' && *c <= '9'; c++)
                if (__builtin_mul_overflow(amount, 10, &amount) ||
                    __builtin_add_overflow(amount, (uint64_t)(*c - '0'), &amount))
                        return false;
        while (unit->letter != '\0' && unit->letter != *c)
                unit++;
        if (c == text || *c != unit->letter || (*c != '\0' && c[1] != '\0'))
                return false;
        if (__builtin_mul_overflow(amount, unit->factor, &amount))
                return false;
        *ret_amount = amount;
        return true;
}

bool humanize_read_age(const char *text, uint64_t *ret_seconds)
{
        return read_amount(text, age_units, ret_seconds);
}

bool humanize_read_size(const char *text, uint64_t *ret_bytes)
{
        return read_amount(text, size_units, ret_bytes);
}

const char *humanize_show_size(uint64_t bytes, char text[static HUMANIZE_SIZE])
{
        static const char units[] = {'K', 'M', 'G', 'T', 'P', 'E'};
        double amount = (double)bytes / 1024;
        size_t unit = 0;

        for (; amount >= 1024 && unit + 1 < sizeof(units); unit++)
                amount /= 1024;
        (void)snprintf(text, HUMANIZE_SIZE, "%.1f %ciB", amount, units[unit]);
        return text;
}

const char *humanize_show_time(int64_t seconds, char text[static HUMANIZE_SIZE])
{
        const time_t moment = (time_t)seconds;
        struct tm parts;

        if (localtime_r(&moment, &parts) == NULL || strftime(text, HUMANIZE_SIZE, "%Y-%m-%d %H:%M", &parts) == 0)
                return "-";
        return text;
}
