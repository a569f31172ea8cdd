/* SPDX-License-Identifier: MIT */
#include "lib/net/blame.h"

#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* More sockets than a look-up and a connection hold at a time. */
#define SOCKETS 8
/* More memory than they take, in bytes. */
#define MEMORY_BYTES ((size_t)1024 * 1024)

bool
cog_blame_is_network(int e)
{
    switch (e) {
    case ECONNREFUSED:
    case ECONNRESET:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENETDOWN:
    case ENETUNREACH:
    case ETIMEDOUT:
        return true;
    default:
        return false;
    }
}

bool
cog_blame_has_way(const struct sockaddr *to, socklen_t len)
{
    const int fd = socket(to->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool has = true;

    if (fd < 0)
        return true;
    /* EADDRNOTAVAIL is IPv6 on a host with none. Where ports are in short
     * supply, a datagram socket says EAGAIN instead. */
    if (connect(fd, to, len) < 0)
        has = errno != EADDRNOTAVAIL && !cog_blame_is_network(errno);
    (void)close(fd);
    return has;
}

static void *
do_nothing(void *ctx)
{
    return ctx;
}

static int
check_thread(struct cog_err *err)
{
    pthread_t thread;
    const int e = pthread_create(&thread, NULL, do_nothing, NULL);

    if (e != 0) {
        return cog_fail(err, COG_E_SYSTEM, "local error: no thread: %s",
                        strerror(e));
    }
    (void)pthread_join(thread, NULL);
    return 0;
}

static int
check_memory(struct cog_err *err)
{
    void *volatile memory = malloc(MEMORY_BYTES); /* not to be optimised out */

    if (memory == NULL)
        return cog_fail(err, COG_E_SYSTEM, "local error: no memory");
    free(memory);
    return 0;
}

/* A socket with a local port of its own, or -1. */
static int
open_socket(void)
{
    const struct sockaddr_in any = {.sin_family = AF_INET};
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int e;

    if (fd < 0 || bind(fd, (const struct sockaddr *)&any, sizeof(any)) == 0)
        return fd;
    e = errno;
    (void)close(fd);
    errno = e;
    return -1;
}

static int
check_sockets(struct cog_err *err)
{
    int fds[SOCKETS];
    int n = 0;
    int rc = 0;

    while (n < SOCKETS && (fds[n] = open_socket()) >= 0)
        n++;
    if (n < SOCKETS) {
        rc = cog_fail(err, COG_E_SYSTEM, "local error: no socket: %s",
                      strerror(errno));
    }
    while (n > 0)
        (void)close(fds[--n]);
    return rc;
}

int
cog_blame_check_means(struct cog_err *err)
{
    if (check_sockets(err) < 0 || check_thread(err) < 0 ||
        check_memory(err) < 0)
        return -1;
    return 0;
}
