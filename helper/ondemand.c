/* SPDX-License-Identifier: MIT */
#include "helper/ondemand.h"

#include <stddef.h>

static int
open_once(struct cog_ondemand *on, struct cog_err *err)
{
    if (on->http != NULL)
        return 0;
    if (!on->set_up && cog_http_setup(err) < 0)
        return -1;
    on->set_up = true;
    return cog_http_open(&on->options, &on->http, err);
}

static int
send_on(void *ctx, const struct cog_http_request *req,
        struct cog_http_reply *reply, struct cog_err *err)
{
    struct cog_ondemand *on = ctx;
    struct cog_transport inner;

    if (open_once(on, err) < 0)
        return -1;
    inner = cog_http_transport(on->http);
    return inner.send(inner.ctx, req, reply, err);
}

static int
pause_on(void *ctx, int64_t pause_ms, struct cog_err *err)
{
    struct cog_ondemand *on = ctx;
    struct cog_transport inner;

    if (open_once(on, err) < 0)
        return -1;
    inner = cog_http_transport(on->http);
    return inner.pause(inner.ctx, pause_ms, err);
}

struct cog_transport
cog_ondemand_transport(struct cog_ondemand *on)
{
    const struct cog_transport transport = {
        .send = send_on,
        .pause = pause_on,
        .ctx = on,
    };

    return transport;
}

void
cog_ondemand_close(struct cog_ondemand *on)
{
    cog_http_close(on->http);
    on->http = NULL;
}
