/* SPDX-License-Identifier: MIT */
/*
 * link.h - the real transport in tests, and the servers of tls_server.py it
 * talks to.
 */
#ifndef COG_TESTS_LINK_H
#define COG_TESTS_LINK_H

#include <stdint.h>

#include "lib/net/http.h"

/* More than any test takes, and what "at once" may take on a busy machine, in
 * milliseconds. */
#define LINK_BUDGET_MS 20000
#define LINK_SOON_MS   3000

/* A transport and what it was opened with. */
struct link {
    struct cog_http_options options;
    struct cog_http *http;
    struct cog_transport transport;
};

struct link_url {
    char text[128];
};

/* cmocka group fixtures: the servers run in between. */
int link_setup(void **state);
int link_teardown(void **state);

/* Where the servers keep their certificates. */
const char *link_dir(void);

struct cog_http_options link_defaults(void);

/* To be closed with cog_http_close(). */
struct link link_open(struct cog_http_options options);

unsigned link_port(const char *server);
struct link_url link_url(const char *server, const char *path);

/* A port nobody listens on, kept from others until *ret_fd is closed. */
unsigned link_idle_port(int *ret_fd);

int link_get(const struct link *link, const char *url,
             struct cog_http_reply *reply, struct cog_err *err);

/* A GET that must fail with this code. */
void link_get_fails(const struct link *link, const char *url,
                    enum cog_errc code);

int64_t link_now_ms(void);

/* It took at least this long, and not much longer. */
void link_took(int64_t from_ms, int64_t least_ms);

#endif
