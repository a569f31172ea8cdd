/* SPDX-License-Identifier: MIT */
#include "lib/core/err.h"

#include <stdarg.h>
#include <stdio.h>

int
cog_fail(struct cog_err *err, enum cog_errc code, const char *fmt, ...)
{
    va_list ap;

    if (err->code != COG_OK)
        return -1;
    err->code = code;
    va_start(ap, fmt);
    (void)vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
    va_end(ap);
    return -1;
}

int
cog_fail_memory(struct cog_err *err)
{
    return cog_fail(err, COG_E_NOMEM, "out of memory");
}
