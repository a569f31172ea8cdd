/* SPDX-License-Identifier: MIT */
/*
 * A question by way of the module, and what becomes of one that nobody answers.
 */
#include "helper/dialogue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <sys/socket.h>
#include <unistd.h>

#include "lib/core/wire.h"

static const struct cog_request request = {.service = "sshd"};
static const struct cog_question question = {.text = COG_TEXT_PASSWORD_PROMPT};

/* Both ends. */
struct ends {
    struct cog_dialogue dialogue;
    int module;
};

static int
setup(void **state)
{
    static struct ends ends;
    const struct cog_http_options options = {
        .budget_ms = 1000,
        .hangup_fd = -1,
        .clock = cog_clock_system(),
    };
    struct cog_err err = COG_ERR_INIT;
    int fd[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd) < 0)
        return -1;
    ends = (struct ends){
        .dialogue =
            {
                .fd = fd[0],
                .clock = options.clock,
                .request = &request,
                .questions_ms = 100,
            },
        .module = fd[1],
    };
    *state = &ends;
    return cog_http_open(&options, &ends.dialogue.http, &err);
}

static int
teardown(void **state)
{
    struct ends *ends = *state;

    cog_http_close(ends->dialogue.http);
    (void)close(ends->dialogue.fd);
    if (ends->module >= 0)
        (void)close(ends->module);
    return 0;
}

static enum cog_errc
ask(struct ends *ends, const char *want)
{
    const struct cog_ui ui = cog_dialogue_ui(&ends->dialogue);
    struct cog_secret answer = COG_SECRET_INIT(COG_ANSWER_MAX);
    struct cog_err err = COG_ERR_INIT;

    if (ui.ask(ui.ctx, &question, &answer, &err) == 0)
        assert_int_equal(err.code, COG_OK);
    assert_string_equal(cog_secret_str(&answer), want);
    cog_secret_clear(&answer);
    return err.code;
}

static void
answer(const struct ends *ends, const char *text)
{
    const char *const field[] = {text};
    struct cog_err err = COG_ERR_INIT;

    assert_int_equal(cog_wire_send(ends->module, COG_WIRE_ANSWER, field, &err),
                     0);
}

static void
in_time(void **state)
{
    struct ends *ends = *state;

    answer(ends, "secret");
    assert_int_equal(ask(ends, "secret"), COG_OK);
    assert_int_equal(ends->dialogue.open, COG_TEXT_NONE);
    assert_true(ends->dialogue.questions_ms <= 100);
}

/* Not a fault of the host's: the user may start again. */
static void
never(void **state)
{
    struct ends *ends = *state;

    assert_int_equal(ask(ends, ""), COG_E_LATE);
    assert_int_equal(ends->dialogue.open, COG_TEXT_PASSWORD_PROMPT);
    assert_true(ends->dialogue.questions_ms <= 0);
}

/* The user or the program is gone. */
static void
hung_up(void **state)
{
    struct ends *ends = *state;

    assert_int_equal(close(ends->module), 0);
    ends->module = -1;
    assert_int_equal(ask(ends, ""), COG_E_SYSTEM);
    assert_int_equal(ends->dialogue.open, COG_TEXT_PASSWORD_PROMPT);
}

static void
nonsense(void **state)
{
    struct ends *ends = *state;

    assert_int_equal(send(ends->module, "?", 1, 0), 1);
    assert_int_equal(ask(ends, ""), COG_E_SYSTEM);
}

int
main(void)
{
#define WITH_ENDS(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        WITH_ENDS(in_time),
        WITH_ENDS(never),
        WITH_ENDS(hung_up),
        WITH_ENDS(nonsense),
    };
    struct cog_err err = COG_ERR_INIT;

    if (cog_http_setup(&err) < 0)
        return EXIT_FAILURE;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
