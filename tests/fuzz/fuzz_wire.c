/* SPDX-License-Identifier: MIT */
/*
 * fuzz_wire - both ends' parsers: an input is one frame, bytes on the socket.
 *
 * What is accepted must say the same when it is sent again.
 */
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/core/clock.h"
#include "lib/core/protocol.h"

#define NONCE "0123456789abcdef0123456789abcdef"

static const struct cog_request request = {
    .operation = COG_OP_AUTHENTICATE,
    .nonce = NONCE,
    .service = "sshd",
    .user = "alice",
};

static void
must(bool ok)
{
    if (!ok)
        __builtin_trap();
}

static int64_t
soon_ms(void)
{
    const struct cog_clock clock = cog_clock_system();

    return clock.mono_ms(clock.ctx) + 5000;
}

/* An accepted frame is nothing but its strings: sent again, it is the same
 * bytes. */
static void
judge_frame(const int fd[2], const struct cog_frame *frame)
{
    struct cog_frame again = COG_FRAME_INIT;
    struct cog_err err = COG_ERR_INIT;

    must(frame->kind != COG_WIRE_END && frame->kind < COG_WIRE_KINDS_);
    must(cog_wire_send(fd[0], frame->kind, frame->field, &err) == 0);
    must(cog_wire_recv(fd[1], soon_ms(), &again, &err) == 0);
    must(again.bytes.len == frame->bytes.len);
    must(memcmp(again.bytes.data, frame->bytes.data, again.bytes.len) == 0);
    cog_wire_clear(&again);
}

static void
judge_asked(const struct cog_asked *asked)
{
    must(asked->text > COG_TEXT_NONE && asked->text < COG_TEXT_COUNT_);
    for (size_t i = 0; i < COG_TEXT_ARGS; i++)
        must(strlen(asked->arg[i]) < COG_WIRE_BYTES);
    must(asked->options <= COG_TEXT_OPTIONS);
    for (size_t i = 0; i < asked->options; i++) {
        must(asked->option[i] > COG_TEXT_NONE &&
             asked->option[i] < COG_TEXT_COUNT_);
    }
}

/* What PAM says of a terminal reaches nobody who could be fooled by it. */
static void
judge_hint(const char *hint, size_t size)
{
    must(strlen(hint) < size);
    for (; *hint != '\0'; hint++)
        must((unsigned char)*hint >= ' ' && *hint != '\x7f');
}

/* The helper's side. */
static void
judge_as_helper(const struct cog_frame *frame)
{
    struct cog_secret answer = COG_SECRET_INIT(COG_ANSWER_MAX);
    struct cog_request r = {.nonce = ""};
    struct cog_err err = COG_ERR_INIT;

    if (cog_protocol_read_request(frame, &r, &err) == 0) {
        must(frame->kind == COG_WIRE_REQUEST);
        must(r.operation > 0 && r.operation < COG_OP_COUNT_);
        must(r.stacked < COG_STACKED_COUNT_);
        must(strlen(r.nonce) == COG_NONCE_SIZE - 1);
        must(strlen(r.user) < COG_USER_SIZE);
        judge_hint(r.tty, sizeof(r.tty));
        judge_hint(r.ruser, sizeof(r.ruser));
        judge_hint(r.rhost, sizeof(r.rhost));
    }
    err = (struct cog_err)COG_ERR_INIT;
    if (cog_protocol_read_answer(frame, &answer, &err) == 0)
        must(frame->kind == COG_WIRE_ANSWER && answer.len <= COG_ANSWER_MAX);
    cog_secret_clear(&answer);
}

/* The module's side. */
static void
judge_as_module(const struct cog_frame *frame)
{
    struct cog_verdict v = {.code = COG_E_COUNT_};
    struct cog_asked asked = {0};
    struct cog_err err = COG_ERR_INIT;
    int64_t network_ms = -1;

    if (cog_protocol_read_ready(frame, &network_ms, &err) == 0)
        must(network_ms >= 0 && network_ms <= COG_NETWORK_MAX_MS);
    err = (struct cog_err)COG_ERR_INIT;
    if (cog_protocol_read_ask(frame, &asked, &err) == 0)
        judge_asked(&asked);
    err = (struct cog_err)COG_ERR_INIT;
    asked = (struct cog_asked){0};
    if (cog_protocol_read_tell(frame, &asked, &err) == 0)
        judge_asked(&asked);
    err = (struct cog_err)COG_ERR_INIT;
    if (cog_protocol_read_verdict(frame, &request, &v, &err) == 0) {
        must(v.code < COG_E_COUNT_);
        must(strcmp(v.nonce, NONCE) == 0 && strcmp(v.user, "alice") == 0);
        must(strcmp(v.sub, frame->field[5]) == 0);
    } else {
        must(v.code == COG_E_COUNT_);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cog_frame frame = COG_FRAME_INIT;
    struct cog_err err = COG_ERR_INIT;
    int fd[2];

    must(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd) == 0);
    if (send(fd[0], data, size, MSG_DONTWAIT) == (ssize_t)size) {
        if (cog_wire_recv(fd[1], soon_ms(), &frame, &err) == 0) {
            judge_frame(fd, &frame);
            judge_as_helper(&frame);
            judge_as_module(&frame);
        } else {
            must(err.code == COG_E_SYSTEM);
        }
    }
    cog_wire_clear(&frame);
    (void)close(fd[0]);
    (void)close(fd[1]);
    return 0;
}
