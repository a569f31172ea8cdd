/* SPDX-License-Identifier: MIT */
/* A fortified header would define the function we replace. */
#undef _FORTIFY_SOURCE

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "lib/core/clock.h"
#include "lib/core/wire.h"

/* Long enough for anything that comes at all, in milliseconds. */
#define SOON_MS 5000

/* Two ends: what the code under test holds, and what the test holds. */
struct ends {
    int ours, theirs;
};

/* poll() is replaced by one that can fail; a program may do that. */
static bool poll_fails;

int
poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
    const struct timespec timeout = {
        .tv_sec = timeout_ms / 1000,
        .tv_nsec = (long)(timeout_ms % 1000) * 1000000,
    };

    if (poll_fails) {
        errno = EINVAL;
        return -1;
    }
    return ppoll(fds, count, timeout_ms < 0 ? NULL : &timeout, NULL);
}

static struct ends
ends_open(void)
{
    int fd[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd),
                     0);
    return (struct ends){fd[0], fd[1]};
}

static void
ends_close(const struct ends *ends)
{
    (void)close(ends->ours);
    (void)close(ends->theirs);
}

static int64_t
now_ms(void)
{
    const struct cog_clock clock = cog_clock_system();

    return clock.mono_ms(clock.ctx);
}

static int
receive(int fd, struct cog_frame *frame, struct cog_err *err)
{
    return cog_wire_recv(fd, now_ms() + SOON_MS, frame, err);
}

/* The receiver refuses what the other end has sent. */
static void
is_refused(int fd, const char *reason)
{
    struct cog_frame frame = COG_FRAME_INIT;
    struct cog_err err = COG_ERR_INIT;

    assert_int_equal(receive(fd, &frame, &err), -1);
    assert_int_equal(err.code, COG_E_SYSTEM);
    if (strncmp(err.msg, reason, strlen(reason)) != 0)
        fail_msg("'%s' instead of '%s'", err.msg, reason);
    cog_wire_clear(&frame);
}

static void
is_end(int fd)
{
    struct cog_frame frame = COG_FRAME_INIT;
    struct cog_err err = COG_ERR_INIT;

    assert_int_equal(receive(fd, &frame, &err), 0);
    assert_int_equal(frame.kind, COG_WIRE_END);
    for (size_t i = 0; i < COG_WIRE_FIELDS; i++)
        assert_string_equal(frame.field[i], "");
    cog_wire_clear(&frame);
}

/* Distinct strings, the second of them empty. */
static const char *const words[COG_WIRE_FIELDS] = {
    "one", "",      "three", "four \xff", "5",
    "{6}", "seven", "eight", "nine",      "ten",
};

static void
every_kind_arrives(void **state)
{
    (void)state;
    for (int kind = COG_WIRE_END + 1; kind < COG_WIRE_KINDS_; kind++) {
        const struct ends ends = ends_open();
        const size_t count = cog_wire_fields((enum cog_wire_kind)kind);
        struct cog_frame frame = COG_FRAME_INIT;
        struct cog_err err = COG_ERR_INIT;

        assert_in_range(count, 1, COG_WIRE_FIELDS);
        assert_int_equal(
            cog_wire_send(ends.theirs, (enum cog_wire_kind)kind, words, &err),
            0);
        assert_int_equal(receive(ends.ours, &frame, &err), 0);
        assert_int_equal(frame.kind, kind);
        for (size_t i = 0; i < COG_WIRE_FIELDS; i++)
            assert_string_equal(frame.field[i], i < count ? words[i] : "");
        cog_wire_clear(&frame);
        ends_close(&ends);
    }
}

static void
only_known_kinds_have_fields(void **state)
{
    (void)state;
    assert_int_equal(cog_wire_fields(COG_WIRE_END), 0);
    assert_int_equal(cog_wire_fields(COG_WIRE_KINDS_), 0);
    assert_int_equal(cog_wire_fields((enum cog_wire_kind)255), 0);
}

#define OTHER_VERSION "frame of another version"
#define MALFORMED     "malformed frame"

/* A READY frame has one field, a TELL frame four. */
static const struct {
    const char *bytes;
    size_t len;
    const char *reason;
} malformed[] = {
    {"\2", 1, OTHER_VERSION}, /* no kind */
    {"\0\2x", 4, OTHER_VERSION},
    {"\1\2x", 4, OTHER_VERSION},
    {"\xff\2x", 4, OTHER_VERSION},
    {"x", 1, OTHER_VERSION},
    {"\2\2", 2, MALFORMED},     /* no field */
    {"\2\2x", 3, MALFORMED},    /* no NUL */
    {"\2\2x\0y", 5, MALFORMED}, /* trailing bytes */
    {"\2\2x\0", 5, MALFORMED},  /* one empty field too many */
    {"\2\2x\0y", 6, MALFORMED},
    {"\2\5a\0b\0c", 8, MALFORMED}, /* one too few */
    {"\2\5a\0b\0c\0d", 9, MALFORMED},
    {"\2\5a\0b\0c\0d\0e", 12, MALFORMED},
    {"\2\0", 2, MALFORMED}, /* the end is never sent */
    {"\2\0x", 4, MALFORMED},
    {"\2\7", 2, MALFORMED}, /* unknown kinds */
    {"\2\7x", 4, MALFORMED},
    {"\2\x80x", 4, MALFORMED},
    {"\2\xff", 2, MALFORMED},
    {"\2\xffx", 4, MALFORMED},
};

/* Far more strings than there is room for. */
static void
a_frame_full_of_strings_is_refused(void **state)
{
    static char bytes[COG_WIRE_BYTES] = {2, COG_WIRE_VERDICT};
    const struct ends ends = ends_open();

    (void)state;
    assert_int_equal(send(ends.theirs, bytes, sizeof(bytes), 0), sizeof(bytes));
    is_refused(ends.ours, MALFORMED);
    ends_close(&ends);
}

static void
malformed_frames_are_refused(void **state)
{
    (void)state;
    assert_int_equal(COG_WIRE_READY, 2);
    assert_int_equal(COG_WIRE_TELL, 5);
    assert_int_equal(COG_WIRE_KINDS_, 7);
    for (size_t i = 0; i < COG_COUNT(malformed); i++) {
        const struct ends ends = ends_open();

        assert_int_equal(
            send(ends.theirs, malformed[i].bytes, malformed[i].len, 0),
            malformed[i].len);
        is_refused(ends.ours, malformed[i].reason);
        ends_close(&ends);
    }
}

static void
an_empty_frame_is_not_the_end(void **state)
{
    const struct ends ends = ends_open();

    (void)state;
    assert_int_equal(send(ends.theirs, "", 0, 0), 0);
    is_refused(ends.ours, "empty frame");
    ends_close(&ends);
}

static void
an_empty_frame_before_another_is_not_the_end(void **state)
{
    const struct ends ends = ends_open();
    struct cog_err err = COG_ERR_INIT;

    (void)state;
    assert_int_equal(send(ends.theirs, "", 0, 0), 0);
    assert_int_equal(cog_wire_send(ends.theirs, COG_WIRE_READY, words, &err),
                     0);
    is_refused(ends.ours, "empty frame");
    ends_close(&ends);
}

/* Whoever sent both may be gone before we look. */
static void
an_empty_frame_before_another_and_the_end_is_not_the_end(void **state)
{
    const struct ends ends = ends_open();
    struct cog_err err = COG_ERR_INIT;

    (void)state;
    assert_int_equal(send(ends.theirs, "", 0, 0), 0);
    assert_int_equal(cog_wire_send(ends.theirs, COG_WIRE_READY, words, &err),
                     0);
    assert_int_equal(shutdown(ends.theirs, SHUT_RDWR), 0);
    is_refused(ends.ours, "empty frame");
    ends_close(&ends);
}

static void
a_closed_socket_is_the_end(void **state)
{
    const struct ends ends = ends_open();
    struct cog_frame frame = COG_FRAME_INIT;
    struct cog_err err = COG_ERR_INIT;

    (void)state;
    assert_int_equal(cog_wire_send(ends.theirs, COG_WIRE_READY, words, &err),
                     0);
    (void)close(ends.theirs);
    assert_int_equal(receive(ends.ours, &frame, &err), 0);
    assert_int_equal(frame.kind, COG_WIRE_READY);
    assert_int_equal(receive(ends.ours, &frame, &err), 0);
    assert_int_equal(frame.kind, COG_WIRE_END);
    assert_string_equal(frame.field[0], ""); /* nothing of the one before */
    cog_wire_clear(&frame);
    (void)close(ends.ours);
}

static void
a_reset_is_the_end(void **state)
{
    const struct ends ends = ends_open();
    struct cog_err err = COG_ERR_INIT;

    (void)state;
    assert_int_equal(cog_wire_send(ends.ours, COG_WIRE_READY, words, &err), 0);
    (void)close(ends.theirs); /* with our frame unread */
    is_end(ends.ours);
    (void)close(ends.ours);
}

/* A READY frame of `len` bytes on the wire. */
static char *
frame_of(size_t len)
{
    char *bytes = malloc(len);

    assert_non_null(bytes);
    memset(bytes, 'x', len);
    bytes[0] = 1;
    bytes[1] = COG_WIRE_READY;
    bytes[len - 1] = '\0';
    return bytes;
}

static void
the_longest_frame_arrives(void **state)
{
    const struct ends ends = ends_open();
    struct cog_frame frame = COG_FRAME_INIT;
    struct cog_err err = COG_ERR_INIT;
    char *bytes = frame_of(COG_WIRE_BYTES);
    const char *const field[] = {bytes + 2};

    (void)state;
    assert_int_equal(cog_wire_send(ends.theirs, COG_WIRE_READY, field, &err),
                     0);
    assert_int_equal(receive(ends.ours, &frame, &err), 0);
    assert_string_equal(frame.field[0], field[0]);
    cog_wire_clear(&frame);
    free(bytes);
    ends_close(&ends);
}

static void
a_longer_frame_is_refused(void **state)
{
    const struct ends ends = ends_open();
    struct cog_err err = COG_ERR_INIT;
    char *bytes = frame_of(COG_WIRE_BYTES + 1);
    const char *const field[] = {bytes + 2};

    (void)state;
    assert_int_equal(cog_wire_send(ends.theirs, COG_WIRE_READY, field, &err),
                     -1);
    assert_int_equal(err.code, COG_E_PROTOCOL);
    assert_int_equal(send(ends.theirs, bytes, COG_WIRE_BYTES + 1, 0),
                     COG_WIRE_BYTES + 1);
    is_refused(ends.ours, "oversized frame");
    free(bytes);
    ends_close(&ends);
}

static unsigned
open_descriptors(void)
{
    DIR *dir = opendir("/proc/self/fd");
    unsigned count = 0;

    assert_non_null(dir);
    while (readdir(dir) != NULL)
        count++;
    (void)closedir(dir);
    return count;
}

/* Send a well-formed frame together with a descriptor. */
static void
send_descriptor(int fd)
{
    char frame[] = "\2\2x";
    struct iovec iov = {frame, sizeof(frame)};
    union {
        struct cmsghdr head;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {{0}};
    struct msghdr msg = {
        .msg_iov = &iov,
        .msg_iovlen = 1,
        .msg_control = &control,
        .msg_controllen = sizeof(control),
    };

    control.head.cmsg_level = SOL_SOCKET;
    control.head.cmsg_type = SCM_RIGHTS;
    control.head.cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
    assert_int_equal(sendmsg(fd, &msg, 0), sizeof(frame));
}

static void
descriptors_are_refused(void **state)
{
    const struct ends ends = ends_open();
    const unsigned before = open_descriptors();

    (void)state;
    send_descriptor(ends.theirs);
    is_refused(ends.ours, "oversized frame");
    assert_int_equal(open_descriptors(), before);
    ends_close(&ends);
}

static void
silence_ends_at_the_deadline(void **state)
{
    static const int waits_ms[] = {-1000, 0, 100};

    (void)state;
    for (size_t i = 0; i < COG_COUNT(waits_ms); i++) {
        const struct ends ends = ends_open();
        const int64_t from_ms = now_ms();
        struct cog_frame frame = COG_FRAME_INIT;
        struct cog_err err = COG_ERR_INIT;

        assert_int_equal(
            cog_wire_recv(ends.ours, from_ms + waits_ms[i], &frame, &err), -1);
        assert_int_equal(err.code, COG_E_SYSTEM);
        assert_string_equal(err.msg, "no answer in time");
        assert_true(now_ms() - from_ms >= waits_ms[i]);
        assert_true(now_ms() - from_ms < waits_ms[i] + SOON_MS);
        cog_wire_clear(&frame);
        ends_close(&ends);
    }
}

static volatile sig_atomic_t interruptions;

static void
interrupt(int signal)
{
    (void)signal;
    interruptions++;
}

/* From now on, or until 0, a signal every 5 ms interrupts system calls. */
static void
interrupt_often(bool on)
{
    const struct sigaction action = {.sa_handler = interrupt};
    const struct timeval period = {0, on ? 5000 : 0};
    const struct itimerval timer = {period, period};

    assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &timer, NULL), 0);
}

static void
interruptions_change_no_deadline(void **state)
{
    const struct ends ends = ends_open();
    const int64_t from_ms = now_ms();
    struct cog_frame frame = COG_FRAME_INIT;
    struct cog_err err = COG_ERR_INIT;

    (void)state;
    interruptions = 0;
    interrupt_often(true);
    assert_int_equal(cog_wire_recv(ends.ours, from_ms + 200, &frame, &err), -1);
    interrupt_often(false);
    assert_string_equal(err.msg, "no answer in time");
    assert_true(now_ms() - from_ms >= 200);
    assert_true(now_ms() - from_ms < SOON_MS);
    assert_true(interruptions > 1);
    cog_wire_clear(&frame);
    ends_close(&ends);
}

static void *
send_late(void *ctx)
{
    const int *fd = ctx;
    struct cog_err err = COG_ERR_INIT;

    (void)usleep(100 * 1000);
    if (cog_wire_send(*fd, COG_WIRE_READY, words, &err) < 0)
        abort();
    return NULL;
}

/* A clock that failed answers INT64_MAX; others, cut to an int, would end the
 * wait long before the frame comes. */
static void
a_far_deadline_is_no_overflow(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        const int64_t deadline_ms =
            i == 0 ? INT64_MAX : now_ms() + UINT32_MAX + 20;
        const struct ends ends = ends_open();
        int theirs = ends.theirs;
        struct cog_frame frame = COG_FRAME_INIT;
        struct cog_err err = COG_ERR_INIT;
        pthread_t thread;

        assert_int_equal(pthread_create(&thread, NULL, send_late, &theirs), 0);
        assert_int_equal(cog_wire_recv(ends.ours, deadline_ms, &frame, &err),
                         0);
        assert_int_equal(frame.kind, COG_WIRE_READY);
        assert_int_equal(pthread_join(thread, NULL), 0);
        cog_wire_clear(&frame);
        ends_close(&ends);
    }
}

static void
interruptions_lose_no_frame(void **state)
{
    const struct ends ends = ends_open();
    int theirs = ends.theirs;
    struct cog_frame frame = COG_FRAME_INIT;
    struct cog_err err = COG_ERR_INIT;
    pthread_t thread;

    (void)state;
    interrupt_often(true);
    assert_int_equal(pthread_create(&thread, NULL, send_late, &theirs), 0);
    assert_int_equal(receive(ends.ours, &frame, &err), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    interrupt_often(false);
    assert_int_equal(frame.kind, COG_WIRE_READY);
    cog_wire_clear(&frame);
    ends_close(&ends);
}

/* SIGPIPE would end this program. */
static void
sending_to_nobody_fails(void **state)
{
    const struct ends ends = ends_open();
    struct cog_err err = COG_ERR_INIT;

    (void)state;
    (void)close(ends.theirs);
    assert_int_equal(cog_wire_send(ends.ours, COG_WIRE_READY, words, &err), -1);
    assert_int_equal(err.code, COG_E_SYSTEM);
    assert_string_equal(err.msg, "sending a frame: Broken pipe");
    (void)close(ends.ours);
}

static void
a_full_socket_does_not_block(void **state)
{
    const struct ends ends = ends_open();
    struct cog_err err = COG_ERR_INIT;
    unsigned sent = 0;

    (void)state;
    while (cog_wire_send(ends.ours, COG_WIRE_READY, words, &err) == 0)
        assert_true(++sent < 1000000);
    assert_true(sent > 0);
    assert_int_equal(err.code, COG_E_SYSTEM);
    ends_close(&ends);
}

static void
a_broken_socket_is_an_error(void **state)
{
    const struct ends ends = ends_open();

    (void)state;
    ends_close(&ends);
    is_refused(ends.ours, "recvmsg: ");
}

static void
a_failed_wait_is_an_error(void **state)
{
    const struct ends ends = ends_open();

    (void)state;
    poll_fails = true;
    is_refused(ends.ours, "poll: ");
    poll_fails = false;
    ends_close(&ends);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_arrives),
        cmocka_unit_test(only_known_kinds_have_fields),
        cmocka_unit_test(malformed_frames_are_refused),
        cmocka_unit_test(a_frame_full_of_strings_is_refused),
        cmocka_unit_test(an_empty_frame_is_not_the_end),
        cmocka_unit_test(an_empty_frame_before_another_is_not_the_end),
        cmocka_unit_test(
            an_empty_frame_before_another_and_the_end_is_not_the_end),
        cmocka_unit_test(a_closed_socket_is_the_end),
        cmocka_unit_test(a_reset_is_the_end),
        cmocka_unit_test(the_longest_frame_arrives),
        cmocka_unit_test(a_longer_frame_is_refused),
        cmocka_unit_test(descriptors_are_refused),
        cmocka_unit_test(silence_ends_at_the_deadline),
        cmocka_unit_test(a_far_deadline_is_no_overflow),
        cmocka_unit_test(interruptions_change_no_deadline),
        cmocka_unit_test(interruptions_lose_no_frame),
        cmocka_unit_test(sending_to_nobody_fails),
        cmocka_unit_test(a_full_socket_does_not_block),
        cmocka_unit_test(a_broken_socket_is_an_error),
        cmocka_unit_test(a_failed_wait_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
