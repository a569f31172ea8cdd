/* SPDX-License-Identifier: MIT */
#include "lib/core/wire.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "lib/core/clock.h"

/* Raised whenever kinds or fields change: module and helper of different
 * versions (a half-done upgrade) then refuse instead of misreading. */
static const char version = 2;

static const unsigned char fields[COG_WIRE_KINDS_] = {
    [COG_WIRE_REQUEST] = 10, [COG_WIRE_READY] = 1, [COG_WIRE_ASK] = 6,
    [COG_WIRE_ANSWER] = 1,   [COG_WIRE_TELL] = 4,  [COG_WIRE_VERDICT] = 9,
};

_Static_assert(COG_WIRE_FIELDS >= 10, "the longest kind fits");

size_t
cog_wire_fields(enum cog_wire_kind kind)
{
    return (unsigned)kind < COG_WIRE_KINDS_ ? fields[kind] : 0;
}

int
cog_wire_send(int fd, enum cog_wire_kind kind, const char *const *field,
              struct cog_err *err)
{
    struct cog_secret bytes = COG_SECRET_INIT(COG_WIRE_BYTES);
    const char head[2] = {version, (char)kind};
    int rc = -1;

    if (cog_secret_append(&bytes, head, sizeof(head), err) < 0)
        goto out;
    for (size_t i = 0; i < cog_wire_fields(kind); i++) {
        if (cog_secret_append(&bytes, field[i], strlen(field[i]) + 1, err) < 0)
            goto out;
    }
    if (send(fd, bytes.data, bytes.len, MSG_NOSIGNAL | MSG_DONTWAIT) !=
        (ssize_t)bytes.len) {
        cog_fail(err, COG_E_SYSTEM, "sending a frame: %s", strerror(errno));
        goto out;
    }
    rc = 0;

out:
    cog_secret_clear(&bytes);
    return rc;
}

/* Wait until something can be read. */
static int
wait_readable(int fd, int64_t deadline_ms, struct cog_err *err)
{
    const struct cog_clock clock = cog_clock_system();

    for (;;) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        int64_t left_ms = deadline_ms - clock.mono_ms(clock.ctx);
        int n;

        if (left_ms < 0)
            left_ms = 0;
        if (left_ms > INT32_MAX)
            left_ms = INT32_MAX;
        n = poll(&p, 1, (int)left_ms);
        if (n > 0)
            return 0;
        if (n == 0)
            return cog_fail(err, COG_E_SYSTEM, "no answer in time");
        if (errno != EINTR)
            return cog_fail(err, COG_E_SYSTEM, "poll: %s", strerror(errno));
    }
}

/* A zero-length message looks like end of file; only a hang-up with nothing
 * behind it is one. */
static int
check_end(int fd, struct cog_err *err)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    char next;

    if (poll(&p, 1, 0) == 1 && (p.revents & POLLHUP) != 0 &&
        recv(fd, &next, 1, MSG_PEEK | MSG_DONTWAIT) <= 0)
        return 0;
    return cog_fail(err, COG_E_SYSTEM, "empty frame");
}

/* Find the strings in bytes; every byte must belong to one. */
static int
split(struct cog_frame *frame, struct cog_err *err)
{
    const char *p = frame->bytes.data + 2;
    const char *end = frame->bytes.data + frame->bytes.len;
    size_t n = 0;

    while (p < end) {
        const char *nul = memchr(p, '\0', (size_t)(end - p));

        if (nul == NULL || n == cog_wire_fields(frame->kind))
            return cog_fail(err, COG_E_SYSTEM, "malformed frame");
        frame->field[n++] = p;
        p = nul + 1;
    }
    if (n != cog_wire_fields(frame->kind) || n == 0)
        return cog_fail(err, COG_E_SYSTEM, "malformed frame");
    return 0;
}

static int
parse(struct cog_frame *frame, struct cog_err *err)
{
    if (frame->bytes.len < 2 || frame->bytes.data[0] != version) {
        return cog_fail(err, COG_E_SYSTEM,
                        "frame of another version: are the module and the "
                        "helper from the same release?");
    }
    frame->kind = (enum cog_wire_kind)(unsigned char)frame->bytes.data[1];
    return split(frame, err);
}

int
cog_wire_recv(int fd, int64_t deadline_ms, struct cog_frame *ret,
              struct cog_err *err)
{
    struct iovec iov;
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
    ssize_t n;

    cog_wire_clear(ret);
    if (cog_secret_resize(&ret->bytes, ret->bytes.max, err) < 0 ||
        wait_readable(fd, deadline_ms, err) < 0)
        return -1;
    iov.iov_base = ret->bytes.data;
    iov.iov_len = ret->bytes.max;
    do {
        n = recvmsg(fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    } while (n < 0 && errno == EINTR);
    if (n < 0 && errno == ECONNRESET)
        return 0; /* the other end died with our frame unread: the end */
    if (n < 0)
        return cog_fail(err, COG_E_SYSTEM, "recvmsg: %s", strerror(errno));
    ret->bytes.len = (size_t)n;
    ret->bytes.data[n] = '\0';
    /* Descriptors, which nobody here sends, were discarded by the kernel. */
    if ((msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0)
        return cog_fail(err, COG_E_SYSTEM, "oversized frame");
    if (n == 0)
        return check_end(fd, err);
    return parse(ret, err);
}

void
cog_wire_clear(struct cog_frame *frame)
{
    cog_secret_clear(&frame->bytes);
    frame->kind = COG_WIRE_END;
    for (size_t i = 0; i < COG_WIRE_FIELDS; i++)
        frame->field[i] = "";
}
