/* SPDX-License-Identifier: MIT */
/*
 * wire.h - frames between the module and the helper.
 *
 * One frame is one SOCK_SEQPACKET message: a version byte, a kind byte, then
 * a fixed number of NUL-terminated strings, which is why nothing needs
 * framing, lengths or escaping. Both ends refuse everything else. What the
 * strings mean is protocol.h's business.
 */
#ifndef COG_WIRE_H
#define COG_WIRE_H

#include <stddef.h>
#include <stdint.h>

#include "lib/core/err.h"
#include "lib/core/secret.h"

/* Most strings in a frame. */
#define COG_WIRE_FIELDS 10
/* Longest frame in bytes; a prompt that carries a QR code is some 6 KiB. */
#define COG_WIRE_BYTES ((size_t)32 * 1024)

enum cog_wire_kind {
    COG_WIRE_END = 0, /* end of file; never sent */
    COG_WIRE_REQUEST, /* module: what the host application asked for */
    COG_WIRE_READY,   /* helper: configuration read, this much time */
    COG_WIRE_ASK,     /* helper: a question for the user */
    COG_WIRE_ANSWER,  /* module: the answer */
    COG_WIRE_TELL,    /* helper: a text for the user */
    COG_WIRE_VERDICT, /* helper: the decision; its last frame */
    COG_WIRE_KINDS_   /* keep last */
};

struct cog_frame {
    enum cog_wire_kind kind;
    const char *field[COG_WIRE_FIELDS]; /* borrowed from bytes; never NULL */
    struct cog_secret bytes;
};

#define COG_FRAME_INIT                           \
    {                                            \
        .bytes = COG_SECRET_INIT(COG_WIRE_BYTES) \
    }

/* How many strings a frame of this kind has; 0 for an unknown kind. */
size_t cog_wire_fields(enum cog_wire_kind kind);

/*
 * Send one frame; `field` holds cog_wire_fields(kind) strings, none NULL.
 * Never blocks and never raises SIGPIPE.
 * COG_E_SYSTEM: the other end is gone or does not read.
 */
int cog_wire_send(int fd, enum cog_wire_kind kind, const char *const *field,
                  struct cog_err *err) COG_MUST_USE;

/*
 * Receive one frame by deadline_ms (CLOCK_MONOTONIC). ret is cleared first;
 * its kind is COG_WIRE_END at end of file. Free with cog_wire_clear().
 * COG_E_SYSTEM: nothing came in time, a malformed frame, or a socket error.
 */
int cog_wire_recv(int fd, int64_t deadline_ms, struct cog_frame *ret,
                  struct cog_err *err) COG_MUST_USE;

/* Wipe and free. */
void cog_wire_clear(struct cog_frame *frame);

#endif
