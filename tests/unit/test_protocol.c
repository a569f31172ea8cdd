/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sys/socket.h>
#include <unistd.h>

#include "lib/core/clock.h"
#include "lib/core/protocol.h"

#define NONCE "0123456789abcdef0123456789abcdef"

static const struct cog_request request = {
    .operation = COG_OP_ACCOUNT,
    .stacked = COG_STACKED_TRY,
    .nonce = NONCE,
    .service = "sshd",
    .user = "alice",
    .conf = "/etc/other.conf",
    .tty = "/dev/pts/3",
    .ruser = "bob",
    .utf8 = true,
    .rhost = "2001:db8::1",
};

static const struct cog_verdict verdict = {
    .code = COG_E_IDENTITY,
    .nonce = NONCE,
    .user = "alice",
    .reason = "no rule allows \"alice\"",
    .pool_user = "alice@example.org",
    .sub = "11111111-2222-3333-4444-555555555555",
    .method = "srp",
    .mfa = "totp",
    .debug = true,
};

/* What was sent through fd[0], received from fd[1], both then closed. */
static void
receive(const int fd[2], struct cog_frame *frame)
{
    const struct cog_clock clock = cog_clock_system();
    struct cog_err err = COG_ERR_INIT;

    assert_int_equal(
        cog_wire_recv(fd[1], clock.mono_ms(clock.ctx) + 5000, frame, &err), 0);
    (void)close(fd[0]);
    (void)close(fd[1]);
}

static void
open_pair(int fd[2])
{
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fd), 0);
}

/* A frame of any kind with these fields, as it arrives. */
static void
frame_of(enum cog_wire_kind kind, const char *const *field,
         struct cog_frame *frame)
{
    struct cog_err err = COG_ERR_INIT;
    int fd[2];

    open_pair(fd);
    assert_int_equal(cog_wire_send(fd[0], kind, field, &err), 0);
    receive(fd, frame);
}

static void
a_request_arrives(void **state)
{
    struct cog_frame frame = COG_FRAME_INIT;
    struct cog_request got = {.nonce = ""};
    struct cog_err err = COG_ERR_INIT;
    int fd[2];

    (void)state;
    open_pair(fd);
    assert_int_equal(cog_protocol_send_request(fd[0], &request, &err), 0);
    receive(fd, &frame);
    assert_int_equal(cog_protocol_read_request(&frame, &got, &err), 0);
    assert_int_equal(got.operation, request.operation);
    assert_int_equal(got.stacked, request.stacked);
    assert_string_equal(got.nonce, request.nonce);
    assert_string_equal(got.service, request.service);
    assert_string_equal(got.user, request.user);
    assert_string_equal(got.conf, request.conf);
    assert_string_equal(got.tty, request.tty);
    assert_string_equal(got.ruser, request.ruser);
    assert_true(got.utf8);
    assert_string_equal(got.rhost, request.rhost);
    cog_wire_clear(&frame);
}

static void
a_request_need_not_tell_of_a_terminal(void **state)
{
    struct cog_request quiet = request;
    struct cog_frame frame = COG_FRAME_INIT;
    struct cog_request got = request;
    struct cog_err err = COG_ERR_INIT;
    int fd[2];

    (void)state;
    quiet.tty[0] = '\0';
    quiet.ruser[0] = '\0';
    quiet.utf8 = false;
    quiet.rhost[0] = '\0';
    open_pair(fd);
    assert_int_equal(cog_protocol_send_request(fd[0], &quiet, &err), 0);
    receive(fd, &frame);
    assert_int_equal(cog_protocol_read_request(&frame, &got, &err), 0);
    assert_string_equal(got.tty, "");
    assert_string_equal(got.ruser, "");
    assert_false(got.utf8);
    assert_string_equal(got.rhost, "");
    cog_wire_clear(&frame);
}

static void
a_verdict_need_not_debug(void **state)
{
    struct cog_verdict quiet = verdict;
    struct cog_frame frame = COG_FRAME_INIT;
    struct cog_verdict got = {.debug = true};
    struct cog_err err = COG_ERR_INIT;
    int fd[2];

    (void)state;
    quiet.debug = false;
    open_pair(fd);
    assert_int_equal(cog_protocol_send_verdict(fd[0], &quiet, &err), 0);
    receive(fd, &frame);
    assert_int_equal(cog_protocol_read_verdict(&frame, &request, &got, &err),
                     0);
    assert_false(got.debug);
    cog_wire_clear(&frame);
}

static void
a_verdict_arrives(void **state)
{
    struct cog_frame frame = COG_FRAME_INIT;
    struct cog_verdict got = {0};
    struct cog_err err = COG_ERR_INIT;
    int fd[2];

    (void)state;
    open_pair(fd);
    assert_int_equal(cog_protocol_send_verdict(fd[0], &verdict, &err), 0);
    receive(fd, &frame);
    assert_int_equal(cog_protocol_read_verdict(&frame, &request, &got, &err),
                     0);
    assert_int_equal(got.code, verdict.code);
    assert_string_equal(got.nonce, verdict.nonce);
    assert_string_equal(got.user, verdict.user);
    assert_string_equal(got.reason, verdict.reason);
    assert_string_equal(got.pool_user, verdict.pool_user);
    assert_string_equal(got.sub, verdict.sub);
    assert_string_equal(got.method, verdict.method);
    assert_string_equal(got.mfa, verdict.mfa);
    assert_int_equal(got.debug, verdict.debug);
    cog_wire_clear(&frame);
}

static void
ready_arrives(void **state)
{
    struct cog_frame frame = COG_FRAME_INIT;
    struct cog_err err = COG_ERR_INIT;
    int64_t network_ms = 0;
    int fd[2];

    (void)state;
    open_pair(fd);
    assert_int_equal(cog_protocol_send_ready(fd[0], COG_NETWORK_MAX_MS, &err),
                     0);
    receive(fd, &frame);
    assert_int_equal(cog_protocol_read_ready(&frame, &network_ms, &err), 0);
    assert_true(network_ms == COG_NETWORK_MAX_MS);
    cog_wire_clear(&frame);
}

static void
a_question_arrives(void **state)
{
    (void)state;
    for (int echo = 0; echo <= 1; echo++) {
        const struct cog_question question = {
            .echo = echo != 0,
            .text = COG_TEXT_TOTP,
            .arg = {"one", NULL, "three"},
        };
        struct cog_frame frame = COG_FRAME_INIT;
        struct cog_asked asked = {0};
        struct cog_err err = COG_ERR_INIT;
        int fd[2];

        open_pair(fd);
        assert_int_equal(cog_protocol_send_ask(fd[0], &question, &err), 0);
        receive(fd, &frame);
        assert_int_equal(cog_protocol_read_ask(&frame, &asked, &err), 0);
        assert_int_equal(asked.echo, echo);
        assert_int_equal(asked.text, COG_TEXT_TOTP);
        assert_string_equal(asked.arg[0], "one");
        assert_string_equal(asked.arg[1], "");
        assert_string_equal(asked.arg[2], "three");
        assert_int_equal(asked.options, 0);
        cog_wire_clear(&frame);
    }
}

static void
a_menu_arrives(void **state)
{
    const enum cog_text last = (enum cog_text)(COG_TEXT_COUNT_ - 1);

    (void)state;
    for (size_t n = 0; n <= COG_TEXT_OPTIONS; n++) {
        struct cog_question question = {
            .text = COG_TEXT_CHOOSE_FIRST,
            .options = n,
        };
        struct cog_frame frame = COG_FRAME_INIT;
        struct cog_asked asked = {.options = 99};
        struct cog_err err = COG_ERR_INIT;
        int fd[2];

        for (size_t i = 0; i < n; i++)
            question.option[i] = (enum cog_text)(last - i);
        open_pair(fd);
        assert_int_equal(cog_protocol_send_ask(fd[0], &question, &err), 0);
        receive(fd, &frame);
        assert_int_equal(cog_protocol_read_ask(&frame, &asked, &err), 0);
        assert_int_equal(asked.options, n);
        for (size_t i = 0; i < n; i++)
            assert_int_equal(asked.option[i], question.option[i]);
        cog_wire_clear(&frame);
    }
}

static void
a_menu_too_long_is_not_sent(void **state)
{
    const struct cog_question question = {
        .text = COG_TEXT_CHOOSE_FIRST,
        .options = COG_TEXT_OPTIONS + 1,
    };
    struct cog_err err = COG_ERR_INIT;
    char byte;
    int fd[2];

    (void)state;
    open_pair(fd);
    assert_int_equal(cog_protocol_send_ask(fd[0], &question, &err), -1);
    assert_int_equal(err.code, COG_E_SYSTEM);
    assert_int_equal(recv(fd[1], &byte, 1, MSG_DONTWAIT), -1);
    (void)close(fd[0]);
    (void)close(fd[1]);
}

static void
a_tell_arrives(void **state)
{
    static const char *const args[COG_TEXT_ARGS] = {"one", NULL, "three"};
    static const char *const *const lists[] = {args, NULL};

    (void)state;
    for (size_t i = 0; i < COG_COUNT(lists); i++) {
        struct cog_frame frame = COG_FRAME_INIT;
        struct cog_asked told = {0};
        struct cog_err err = COG_ERR_INIT;
        int fd[2];

        open_pair(fd);
        assert_int_equal(
            cog_protocol_send_tell(fd[0], COG_TEXT_NEVER, lists[i], &err), 0);
        receive(fd, &frame);
        assert_int_equal(cog_protocol_read_tell(&frame, &told, &err), 0);
        assert_int_equal(told.text, COG_TEXT_NEVER);
        assert_string_equal(told.arg[0], i == 0 ? "one" : "");
        assert_string_equal(told.arg[1], "");
        assert_string_equal(told.arg[2], i == 0 ? "three" : "");
        cog_wire_clear(&frame);
    }
}

static void
an_answer_arrives(void **state)
{
    static const char *const answers[] = {"hunter2", ""};

    (void)state;
    for (size_t i = 0; i < COG_COUNT(answers); i++) {
        struct cog_secret sent = COG_SECRET_INIT(COG_ANSWER_MAX);
        struct cog_secret got = COG_SECRET_INIT(COG_ANSWER_MAX);
        struct cog_frame frame = COG_FRAME_INIT;
        struct cog_err err = COG_ERR_INIT;
        int fd[2];

        if (*answers[i] != '\0')
            assert_int_equal(cog_secret_append_str(&sent, answers[i], &err), 0);
        open_pair(fd);
        assert_int_equal(cog_protocol_send_answer(fd[0], &sent, &err), 0);
        receive(fd, &frame);
        assert_int_equal(cog_protocol_read_answer(&frame, &got, &err), 0);
        assert_string_equal(cog_secret_str(&got), answers[i]);
        cog_wire_clear(&frame);
        cog_secret_clear(&sent);
        cog_secret_clear(&got);
    }
}

/* Every reader as one shape: does it take this frame, and what does it leave
 * in the caller's struct when it does not? */
typedef int reader(const struct cog_frame *frame, bool *ret_touched,
                   struct cog_err *err);

static bool
is_all(const void *bytes, size_t len, unsigned char byte)
{
    const unsigned char *p = bytes;

    while (len > 0 && p[len - 1] == byte)
        len--;
    return len == 0;
}

static int
read_request(const struct cog_frame *frame, bool *ret_touched,
             struct cog_err *err)
{
    struct cog_request r;
    int rc;

    memset(&r, 0x55, sizeof(r));
    rc = cog_protocol_read_request(frame, &r, err);
    *ret_touched = !is_all(&r, sizeof(r), 0x55);
    return rc;
}

static int
read_verdict(const struct cog_frame *frame, bool *ret_touched,
             struct cog_err *err)
{
    struct cog_verdict v;
    int rc;

    memset(&v, 0x55, sizeof(v));
    rc = cog_protocol_read_verdict(frame, &request, &v, err);
    *ret_touched = !is_all(&v, sizeof(v), 0x55);
    return rc;
}

static int
read_ready(const struct cog_frame *frame, bool *ret_touched,
           struct cog_err *err)
{
    int64_t network_ms = -1;
    const int rc = cog_protocol_read_ready(frame, &network_ms, err);

    *ret_touched = network_ms != -1;
    return rc;
}

static int
read_ask(const struct cog_frame *frame, bool *ret_touched, struct cog_err *err)
{
    struct cog_asked asked;
    int rc;

    memset(&asked, 0x55, sizeof(asked));
    rc = cog_protocol_read_ask(frame, &asked, err);
    *ret_touched = !is_all(&asked, sizeof(asked), 0x55);
    return rc;
}

static int
read_tell(const struct cog_frame *frame, bool *ret_touched, struct cog_err *err)
{
    struct cog_asked told;
    int rc;

    memset(&told, 0x55, sizeof(told));
    rc = cog_protocol_read_tell(frame, &told, err);
    *ret_touched = !is_all(&told, sizeof(told), 0x55);
    return rc;
}

static int
read_answer(const struct cog_frame *frame, bool *ret_touched,
            struct cog_err *err)
{
    struct cog_secret answer = COG_SECRET_INIT(COG_ANSWER_MAX);
    const int rc = cog_protocol_read_answer(frame, &answer, err);

    *ret_touched = answer.len > 0;
    cog_secret_clear(&answer);
    return rc;
}

/* A good frame of each kind, from which the bad ones are made. */
static const struct {
    enum cog_wire_kind kind;
    reader *read;
    const char *field[COG_WIRE_FIELDS];
} good[] = {
    {COG_WIRE_REQUEST,
     read_request,
     {"1", NONCE, "sshd", "alice", "/c", "0", "", "", "0", ""}},
    {COG_WIRE_READY, read_ready, {"0"}},
    {COG_WIRE_ASK, read_ask, {"0", "1", "", "", "", ""}},
    {COG_WIRE_ANSWER, read_answer, {"hunter2"}},
    {COG_WIRE_TELL, read_tell, {"1", "", "", ""}},
    {COG_WIRE_VERDICT,
     read_verdict,
     {"0", NONCE, "alice", "", "", "", "", "", "0"}},
};

/* The good frame of that kind with one field replaced. */
static int
read_changed(enum cog_wire_kind kind, size_t at, const char *value,
             bool *ret_touched, struct cog_err *err)
{
    const char *field[COG_WIRE_FIELDS];
    struct cog_frame frame = COG_FRAME_INIT;
    const size_t row = (size_t)kind - COG_WIRE_REQUEST;
    int rc;

    assert_int_equal(good[row].kind, kind);
    memcpy(field, good[row].field, sizeof(field));
    field[at] = value;
    frame_of(kind, field, &frame);
    rc = good[row].read(&frame, ret_touched, err);
    cog_wire_clear(&frame);
    return rc;
}

static void
is_refused(enum cog_wire_kind kind, size_t at, const char *value)
{
    struct cog_err err = COG_ERR_INIT;
    bool touched = true;

    if (read_changed(kind, at, value, &touched, &err) == 0)
        fail_msg("field %zu of kind %d may be '%s'", at, (int)kind, value);
    assert_int_equal(err.code, COG_E_SYSTEM);
    assert_false(touched);
}

static void
is_taken(enum cog_wire_kind kind, size_t at, const char *value)
{
    struct cog_err err = COG_ERR_INIT;
    bool touched = false;

    if (read_changed(kind, at, value, &touched, &err) < 0)
        fail_msg("field %zu of kind %d may not be '%s': %s", at, (int)kind,
                 value, err.msg);
    assert_true(touched);
}

static const struct {
    enum cog_wire_kind kind;
    size_t at;
    int64_t min, max;
} numbers[] = {
    {COG_WIRE_REQUEST, 0, 1, COG_OP_COUNT_ - 1},
    {COG_WIRE_REQUEST, 5, 0, COG_STACKED_COUNT_ - 1},
    {COG_WIRE_REQUEST, 8, 0, 1},
    {COG_WIRE_READY, 0, 0, COG_NETWORK_MAX_MS},
    {COG_WIRE_ASK, 0, 0, 1},
    {COG_WIRE_ASK, 1, 1, COG_TEXT_COUNT_ - 1},
    {COG_WIRE_TELL, 0, 1, COG_TEXT_COUNT_ - 1},
    {COG_WIRE_VERDICT, 0, COG_OK, COG_E_COUNT_ - 1},
    {COG_WIRE_VERDICT, 8, 0, 1},
};

static void
numbers_have_bounds(void **state)
{
    static const char *const never[] = {
        "", "-1", "+1", "01", " 1", "1 ", "1.0", "x", "99999999999999999"};
    char text[24];

    (void)state;
    for (size_t i = 0; i < COG_COUNT(numbers); i++) {
        for (size_t j = 0; j < COG_COUNT(never); j++)
            is_refused(numbers[i].kind, numbers[i].at, never[j]);
        (void)snprintf(text, sizeof(text), "%lld", (long long)numbers[i].min);
        is_taken(numbers[i].kind, numbers[i].at, text);
        (void)snprintf(text, sizeof(text), "%lld", (long long)numbers[i].max);
        is_taken(numbers[i].kind, numbers[i].at, text);
        (void)snprintf(text, sizeof(text), "%lld",
                       (long long)numbers[i].max + 1);
        is_refused(numbers[i].kind, numbers[i].at, text);
        (void)snprintf(text, sizeof(text), "%lld",
                       (long long)numbers[i].min - 1);
        is_refused(numbers[i].kind, numbers[i].at, text);
    }
}

/* Strings: the longest that is taken has `size` - 1 bytes. */
static const struct {
    enum cog_wire_kind kind;
    size_t at, size;
} strings[] = {
    {COG_WIRE_REQUEST, 2, COG_SERVICE_SIZE},
    {COG_WIRE_REQUEST, 3, COG_USER_SIZE},
    {COG_WIRE_REQUEST, 4, COG_PATH_SIZE},
    {COG_WIRE_REQUEST, 6, COG_TTY_SIZE},
    {COG_WIRE_REQUEST, 7, COG_USER_SIZE},
    {COG_WIRE_REQUEST, 9, COG_RHOST_SIZE},
    {COG_WIRE_ANSWER, 0, COG_ANSWER_MAX + 1},
    {COG_WIRE_VERDICT, 3, COG_ERR_MSG_BYTES},
    {COG_WIRE_VERDICT, 4, COG_POOL_SIZE},
    {COG_WIRE_VERDICT, 5, COG_SUB_SIZE},
    {COG_WIRE_VERDICT, 6, COG_WORD_SIZE},
    {COG_WIRE_VERDICT, 7, COG_WORD_SIZE},
};

static void
strings_have_bounds(void **state)
{
    (void)state;
    for (size_t i = 0; i < COG_COUNT(strings); i++) {
        char *text = calloc(1, strings[i].size + 1);

        assert_non_null(text);
        memset(text, 'x', strings[i].size - 1);
        is_taken(strings[i].kind, strings[i].at, text);
        text[strings[i].size - 1] = 'x';
        if (strings[i].kind != COG_WIRE_ANSWER)
            is_refused(strings[i].kind, strings[i].at, text);
        free(text);
    }
}

static void
a_long_answer_is_refused(void **state)
{
    char text[COG_ANSWER_MAX + 2] = {0};
    struct cog_err err = COG_ERR_INIT;
    bool touched = true;

    (void)state;
    memset(text, 'x', COG_ANSWER_MAX + 1);
    assert_int_equal(read_changed(COG_WIRE_ANSWER, 0, text, &touched, &err),
                     -1);
    assert_int_equal(err.code, COG_E_PROTOCOL);
    assert_false(touched);
}

static void
hints_hold_no_control_characters(void **state)
{
    static const char *const bad[] = {"\x1b[2J", "pts/3\n", "\x7f", "a\tb",
                                      "\x01"};
    static const char *const fine[] = {"", " ", "~", "pts/3", "J\xc3\xb6rg"};
    static const size_t hints[] = {6, 7, 9}; /* tty, ruser, rhost */

    (void)state;
    for (size_t f = 0; f < COG_COUNT(hints); f++) {
        for (size_t i = 0; i < COG_COUNT(bad); i++)
            is_refused(COG_WIRE_REQUEST, hints[f], bad[i]);
        for (size_t i = 0; i < COG_COUNT(fine); i++)
            is_taken(COG_WIRE_REQUEST, hints[f], fine[i]);
    }
}

static void
options_are_texts(void **state)
{
    static const char *const bad[] = {
        ",",
        "1",
        "1,2",
        ",1,",
        "1,,",
        "0,",
        "-1,",
        "+1,",
        "01,",
        " 1,",
        "1 ,",
        "x,",
        "1;",
        "1,2,x",
        "999,",
        "1.0",
        "1,2,3,4,5,6,7,8,9,",
        "111111111111111111111111111,",
    };
    static const char *const fine[] = {"", "1,", "1,2,", "1,1,1,1,1,1,1,1,"};

    (void)state;
    for (size_t i = 0; i < COG_COUNT(bad); i++)
        is_refused(COG_WIRE_ASK, 2 + COG_TEXT_ARGS, bad[i]);
    for (size_t i = 0; i < COG_COUNT(fine); i++)
        is_taken(COG_WIRE_ASK, 2 + COG_TEXT_ARGS, fine[i]);
}

static void
a_request_has_a_whole_nonce(void **state)
{
    (void)state;
    is_refused(COG_WIRE_REQUEST, 1, "");
    is_refused(COG_WIRE_REQUEST, 1, "0123456789abcdef0123456789abcde");
    is_refused(COG_WIRE_REQUEST, 1, NONCE "0");
}

static void
a_verdict_is_for_its_request(void **state)
{
    (void)state;
    is_refused(COG_WIRE_VERDICT, 1, "");
    is_refused(COG_WIRE_VERDICT, 1, "0123456789abcdef0123456789abcde");
    is_refused(COG_WIRE_VERDICT, 1, "0123456789abcdef0123456789abcdeF");
    is_refused(COG_WIRE_VERDICT, 1, "1123456789abcdef0123456789abcdef");
    is_refused(COG_WIRE_VERDICT, 1, NONCE "0");
    is_refused(COG_WIRE_VERDICT, 2, "");
    is_refused(COG_WIRE_VERDICT, 2, "alic");
    is_refused(COG_WIRE_VERDICT, 2, "alice2");
    is_refused(COG_WIRE_VERDICT, 2, "Alice");
    is_refused(COG_WIRE_VERDICT, 2, "bob");
}

/* What the reader of one kind says to the good frames of all kinds. */
static void
takes_only_its_kind(size_t row)
{
    for (size_t i = 0; i < COG_COUNT(good); i++) {
        struct cog_frame frame = COG_FRAME_INIT;
        struct cog_err err = COG_ERR_INIT;
        bool touched = false;

        frame_of(good[i].kind, good[i].field, &frame);
        assert_int_equal(good[row].read(&frame, &touched, &err),
                         i == row ? 0 : -1);
        assert_int_equal(touched, i == row);
        if (i != row)
            assert_string_equal(err.msg,
                                "malformed frame: not the expected kind");
        cog_wire_clear(&frame);
    }
}

static void
each_reader_takes_its_kind(void **state)
{
    (void)state;
    for (size_t row = 0; row < COG_COUNT(good); row++) {
        struct cog_frame end = COG_FRAME_INIT;
        struct cog_err err = COG_ERR_INIT;
        bool touched = true;

        takes_only_its_kind(row);
        cog_wire_clear(&end);
        assert_int_equal(good[row].read(&end, &touched, &err), -1);
        assert_int_equal(err.code, COG_E_SYSTEM);
        assert_string_equal(err.msg, "the other end is gone");
        assert_false(touched);
        cog_wire_clear(&end);
    }
}

static int
send_one(int fd, enum cog_wire_kind kind, struct cog_err *err)
{
    const struct cog_question question = {.text = COG_TEXT_TOTP};
    const struct cog_secret answer = COG_SECRET_INIT(COG_ANSWER_MAX);

    switch (kind) {
    case COG_WIRE_REQUEST:
        return cog_protocol_send_request(fd, &request, err);
    case COG_WIRE_READY:
        return cog_protocol_send_ready(fd, 1, err);
    case COG_WIRE_ASK:
        return cog_protocol_send_ask(fd, &question, err);
    case COG_WIRE_ANSWER:
        return cog_protocol_send_answer(fd, &answer, err);
    case COG_WIRE_TELL:
        return cog_protocol_send_tell(fd, COG_TEXT_TOTP, NULL, err);
    case COG_WIRE_VERDICT:
        return cog_protocol_send_verdict(fd, &verdict, err);
    case COG_WIRE_END:
    case COG_WIRE_KINDS_:
        break;
    }
    return 0;
}

static void
senders_notice_that_nobody_is_there(void **state)
{
    (void)state;
    for (size_t i = 0; i < COG_COUNT(good); i++) {
        struct cog_err err = COG_ERR_INIT;
        int fd[2];

        open_pair(fd);
        (void)close(fd[1]);
        assert_int_equal(send_one(fd[0], good[i].kind, &err), -1);
        assert_int_equal(err.code, COG_E_SYSTEM);
        (void)close(fd[0]);
    }
}

static void
a_console_has_less_time(void **state)
{
    static const struct {
        const char *service;
        int64_t questions_ms;
        int64_t network_ms;
    } cases[] = {
        {"login", COG_QUESTIONS_LOGIN_MS, COG_NETWORK_LOGIN_MS},
        {"sshd", COG_QUESTIONS_MS, COG_NETWORK_SERVICE_MS},
        {"", COG_QUESTIONS_MS, COG_NETWORK_SERVICE_MS},
        {"logins", COG_QUESTIONS_MS, COG_NETWORK_SERVICE_MS},
        {"Login", COG_QUESTIONS_MS, COG_NETWORK_SERVICE_MS},
    };

    (void)state;
    assert_true(COG_QUESTIONS_LOGIN_MS < COG_QUESTIONS_MS);
    assert_true(COG_NETWORK_LOGIN_MS < COG_NETWORK_SERVICE_MS);
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        assert_true(cog_protocol_questions_ms(cases[i].service) ==
                    cases[i].questions_ms);
        assert_true(cog_protocol_network_ms(cases[i].service) ==
                    cases[i].network_ms);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_arrives),
        cmocka_unit_test(a_request_need_not_tell_of_a_terminal),
        cmocka_unit_test(a_verdict_arrives),
        cmocka_unit_test(a_verdict_need_not_debug),
        cmocka_unit_test(ready_arrives),
        cmocka_unit_test(a_question_arrives),
        cmocka_unit_test(a_menu_arrives),
        cmocka_unit_test(a_menu_too_long_is_not_sent),
        cmocka_unit_test(a_tell_arrives),
        cmocka_unit_test(an_answer_arrives),
        cmocka_unit_test(numbers_have_bounds),
        cmocka_unit_test(strings_have_bounds),
        cmocka_unit_test(a_long_answer_is_refused),
        cmocka_unit_test(hints_hold_no_control_characters),
        cmocka_unit_test(options_are_texts),
        cmocka_unit_test(a_request_has_a_whole_nonce),
        cmocka_unit_test(a_verdict_is_for_its_request),
        cmocka_unit_test(each_reader_takes_its_kind),
        cmocka_unit_test(senders_notice_that_nobody_is_there),
        cmocka_unit_test(a_console_has_less_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
