/* SPDX-License-Identifier: MIT */
/*
 * env.h - the outside world in one struct: network, clock, user.
 *
 * Sign-in code takes everything it cannot compute from a `struct cog_env`, so
 * it runs the same in the helper, in the tools and in tests with a scripted
 * world.
 */
#ifndef COG_ENV_H
#define COG_ENV_H

#include "lib/core/clock.h"
#include "lib/core/err.h"
#include "lib/core/secret.h"
#include "lib/core/ui.h"

/* Largest reply body we read, in bytes: the longest real reply, three tokens
 * with many groups, is some 40 KiB. */
#define COG_REPLY_MAX ((size_t)256 * 1024)
/* Largest request body we send, in bytes. */
#define COG_REQUEST_MAX ((size_t)64 * 1024)

struct cog_http_request {
    const char *url;               /* absolute, https only */
    const char *target;            /* X-Amz-Target, or NULL for a GET */
    const struct cog_secret *body; /* JSON, or NULL for a GET */
};

struct cog_http_reply {
    long status;            /* HTTP status code */
    char error_type[128];   /* x-amzn-ErrorType header, "" when absent */
    struct cog_secret body; /* at most COG_REPLY_MAX bytes */
};

#define COG_HTTP_REPLY_INIT                     \
    {                                           \
        .body = COG_SECRET_INIT(COG_REPLY_MAX), \
    }

struct cog_transport {
    /*
     * One exchange within what is left of the network budget. Fills reply
     * (which must be empty) for any HTTP status.
     * COG_E_UNREACHABLE: DNS, connect, silence: nothing of the pool was heard
     * since this transport was opened, and no fault of this host explains it.
     * COG_E_SYSTEM: one does, or nobody waits for the result any more.
     * COG_E_NET: no whole reply in time, though the pool was heard before.
     * COG_E_PROTOCOL: TLS refused, the connection lost in the exchange, or the
     * reply breaks HTTP or its limits. What became of the request is unknown:
     * it must not be sent again.
     */
    int (*send)(void *ctx, const struct cog_http_request *req,
                struct cog_http_reply *reply, struct cog_err *err);
    /* Let time pass within the budget before another try; may be NULL.
     * COG_E_NET: that much is not left. COG_E_SYSTEM: nobody waits for the
     * result any more. */
    int (*pause)(void *ctx, int64_t pause_ms, struct cog_err *err);
    /* Open the connection with a GET nobody waits for, while a question is
     * open; may be NULL. */
    void (*warm)(void *ctx, const char *url);
    /* What the warm-up brought: the body of its status 200 reply, or NULL.
     * Borrowed. May be NULL. */
    const struct cog_secret *(*warm_body)(void *ctx);
    void *ctx;
};

struct cog_env {
    struct cog_transport transport;
    struct cog_clock clock;
    struct cog_ui ui;
};

#endif
