/* SPDX-License-Identifier: MIT */
/*
 * http.h - the real transport: HTTPS with libcurl, and the only file that
 * knows it.
 *
 * One connection for a whole sign-in, one network budget, one size cap; no
 * redirects, no cookies, no netrc, no proxy but the configured one, and
 * certificates always verified. While something else is awaited (the user's
 * answer) a warm-up request can open the connection ahead of its use.
 *
 * COG_E_UNREACHABLE is kept for what nobody on this host can bring about: the
 * name did not resolve, no address could be connected to, or no line of a
 * reply came in time; not a word of the pool (a TLS alert, an HTTP status, a
 * reset) in all the time since the open; and this process could listen all
 * along and lacks no descriptor, port, thread or memory (blame.h). A proxy that
 * is silent counts as a silent pool; one that answers with a refusal has been
 * heard (COG_E_PROTOCOL). Nor is it COG_E_NET when the time is up after this
 * process stood still in one of the requests: then it is COG_E_SYSTEM.
 */
#ifndef COG_HTTP_H
#define COG_HTTP_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/core/err.h"
#include "lib/core/macros.h"
#include "lib/net/env.h"

struct cog_http;

struct cog_http_options {
    const char *ca_file; /* NULL: the system's CA directory */
    const char *proxy;   /* NULL: none, whatever the environment says */
    int64_t budget_ms;   /* for all requests and pauses together */
    int hangup_fd;       /* a socket whose hang-up ends a wait, or -1 */
    struct cog_clock clock;
};

/*
 * Once per process, before anything else of this file.
 * COG_E_SYSTEM: libcurl does not start.
 */
int cog_http_setup(struct cog_err *err) COG_MUST_USE;

/* The options' strings are borrowed until cog_http_close(). COG_E_NOMEM */
int cog_http_open(const struct cog_http_options *options, struct cog_http **ret,
                  struct cog_err *err) COG_MUST_USE;

/*
 * The transport interface of this connection, with warm-ups; valid until the
 * close. A warm-up moves on during cog_http_wait(); a request waits for one
 * in flight at most a second, since it owns the connection.
 */
struct cog_transport cog_http_transport(struct cog_http *http);

/*
 * Let a warm-up move on until `fd` is readable or hung up (0), or deadline_ms
 * (CLOCK_MONOTONIC) has passed (-1, COG_E_SYSTEM). Uses no budget.
 */
int cog_http_wait(struct cog_http *http, int fd, int64_t deadline_ms,
                  struct cog_err *err) COG_MUST_USE;

/* Accepts NULL. */
void cog_http_close(struct cog_http *http);

#endif
