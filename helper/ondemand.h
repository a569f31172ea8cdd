/* SPDX-License-Identifier: MIT */
/*
 * ondemand.h - a connection to the pool that is opened when something is sent.
 * Most account decisions need none, and libcurl alone takes longer than they.
 */
#ifndef COG_ONDEMAND_H
#define COG_ONDEMAND_H

#include <stdbool.h>

#include "lib/net/env.h"
#include "lib/net/http.h"

struct cog_ondemand {
    struct cog_http_options options;
    bool set_up;           /* cog_http_setup() is done */
    struct cog_http *http; /* NULL: not opened yet */
};

/* The transport interface, without warm-ups; borrows `on`. Errors as env.h;
 * COG_E_SYSTEM, COG_E_NOMEM: it could not be opened. */
struct cog_transport cog_ondemand_transport(struct cog_ondemand *on);

/* Whether it was opened or not. */
void cog_ondemand_close(struct cog_ondemand *on);

#endif
