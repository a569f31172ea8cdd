/* SPDX-License-Identifier: MIT */
#include "helper/tool.h"

#include <stdio.h>
#include <string.h>

#include "lib/core/name.h"

enum cog_exit
cog_tool_exit(enum cog_errc code)
{
    switch (code) {
    case COG_OK:
        return COG_EXIT_OK;
    case COG_E_CONFIG:
    case COG_E_CLIENT:
        return COG_EXIT_CONFIG;
    case COG_E_NET:
    case COG_E_UNREACHABLE:
    case COG_E_PROTOCOL:
    case COG_E_THROTTLED:
    case COG_E_TOKEN:
    case COG_E_LOOKUP:
        return COG_EXIT_UNAVAILABLE;
    case COG_E_CONV:
    case COG_E_DENIED:
    case COG_E_CHALLENGE:
    case COG_E_MAXTRIES:
    case COG_E_IDENTITY:
    case COG_E_SCOPE:
    case COG_E_NEVER:
    case COG_E_DISABLED:
    case COG_E_BROWSER:
    case COG_E_AUTHTOK:
    case COG_E_REFUSED:
    case COG_E_LATE:
    case COG_E_LOST:
        return COG_EXIT_REFUSED;
    case COG_E_NOMEM:
    case COG_E_SYSTEM:
    case COG_E_PRIVILEGE:
    case COG_E_COUNT_:
        break;
    }
    return COG_EXIT_INTERNAL;
}

void
cog_tool_say(const char *about, const char *text)
{
    char shown[COG_ERR_MSG_BYTES * 4]; /* each byte escaped */

    cog_name_escape(text, strlen(text), shown, sizeof(shown));
    (void)fprintf(stderr, "%s: %s\n", about, shown);
}
