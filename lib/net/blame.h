/* SPDX-License-Identifier: MIT */
/*
 * blame.h - is it the network, or is it this process?
 *
 * "The pool is unreachable" opens doors that are shut otherwise: old answers
 * count on, the last password does. So nobody on this host may bring it about
 * by taking from us what a connection needs; whatever is not certainly the
 * network's is ours.
 */
#ifndef COG_BLAME_H
#define COG_BLAME_H

#include <stdbool.h>
#include <sys/socket.h>

#include "lib/core/err.h"
#include "lib/core/macros.h"

/* Does connect() speak of the network with this errno? See connect(2), ip(7),
 * tcp(7). */
bool cog_blame_is_network(int e) COG_MUST_USE;

/*
 * Whether this host has any way to an address; sends nothing. Whatever else
 * goes wrong here leaves the answer to the real connect().
 */
bool cog_blame_has_way(const struct sockaddr *to, socklen_t len) COG_MUST_USE;

/*
 * Prove that this process lacks nothing of what a look-up and a connection
 * take: descriptors, sockets, local ports, a thread, memory.
 * COG_E_SYSTEM: it does.
 */
int cog_blame_check_means(struct cog_err *err) COG_MUST_USE;

#endif
