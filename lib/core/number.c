/* SPDX-License-Identifier: MIT */
#include "lib/core/number.h"

bool
cog_number_parse(const char *text, int64_t min, int64_t max, int64_t *ret)
{
    int64_t value = 0;

    if (*text == '\0' || (*text == '0' && text[1] != '\0'))
        return false;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9')
            return false;
        if (value > (INT64_MAX - (*text - '0')) / 10)
            return false;
        value = value * 10 + (*text - '0');
    }
    if (value < min || value > max)
        return false;
    *ret = value;
    return true;
}
