/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sys/stat.h>
#include <unistd.h>

#include "lib/store/seal.h"
#include "lib/store/ticket.h"
#include "tests/unit/shelf.h"

#define BOOT_ID "0a1b2c3d-0000-4000-8000-0123456789ab"
#define MAX_AGE INT64_C(900)

static const struct cog_session session = {
    .real_uid = 1000,
    .sid = 4711,
    .leader_start = 123456,
    .tty = 34816,
    .boot_id = BOOT_ID,
};
static const struct cog_ticket alice = {
    "sudo", "alice", 1000, "sub-a", &session,
};
static const struct cog_ticket_time then = {1762500000, 5000};

static void
writes(const struct cog_ticket *ticket)
{
    struct cog_err err = COG_ERR_INIT;

    if (cog_ticket_write(shelf_store, ticket, &then, &err) < 0)
        fail_msg("%s", err.msg);
}

/* Some time later, by each clock. */
static bool
holds(const struct cog_ticket *ticket, int64_t unix_s, int64_t boot_s)
{
    const struct cog_ticket_time now = {then.unix_s + unix_s,
                                        then.boot_s + boot_s};

    return cog_ticket_holds(shelf_store, ticket, &now, MAX_AGE);
}

static void
ages(void **state)
{
    static const struct {
        int64_t unix_s;
        int64_t boot_s;
        bool want;
    } cases[] = {
        {0, 0, true},
        {1, 1, true},
        {MAX_AGE, MAX_AGE, true},
        {MAX_AGE + 1, MAX_AGE, false},
        {MAX_AGE, MAX_AGE + 1, false},
        {-1, 0, false},
        {0, -1, false},
        {-1000000, 10, false}, /* the clock was set back */
        {1000000, 10, false},  /* or forward */
        {10, -5000, false},
    };

    (void)state;
    assert_false(holds(&alice, 0, 0));
    writes(&alice);
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        if (holds(&alice, cases[i].unix_s, cases[i].boot_s) != cases[i].want)
            fail_msg("case %zu", i);
    }
}

/* Whose ticket: everything counts. */
static void
everything_counts(void **state)
{
    enum {
        CHANGES = 9
    };

    (void)state;
    writes(&alice);
    for (int i = 0; i < CHANGES; i++) {
        struct cog_session other = session;
        struct cog_ticket ticket = alice;

        ticket.session = &other;
        assert_true(holds(&ticket, 0, 0));
        if (i == 0)
            ticket.service = "sudo-i";
        else if (i == 1)
            ticket.user = "bob";
        else if (i == 2)
            ticket.uid++;
        else if (i == 3)
            ticket.sub = "sub-b";
        else if (i == 4)
            other.real_uid++;
        else if (i == 5)
            other.sid++;
        else if (i == 6)
            other.leader_start++;
        else if (i == 7)
            other.tty++;
        else
            other.boot_id[0] = '1';
        if (holds(&ticket, 0, 0))
            fail_msg("change %d", i);
    }
}

/* Another's ticket under the name of ours. */
static void
stolen(void **state)
{
    struct cog_ticket bob = alice;
    char path[SHELF_PATH_BYTES];

    (void)state;
    writes(&alice);
    (void)snprintf(path, sizeof(path), "%s", shelf_only("run/tickets"));
    assert_int_equal(unlink(path), 0);
    bob.user = "bob";
    bob.uid = 1001;
    writes(&bob);
    assert_int_equal(rename(shelf_only("run/tickets"), path), 0);
    assert_false(holds(&alice, 0, 0));
    assert_false(holds(&bob, 0, 0));
}

/* Sessions that can have none. */
static void
no_session(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        struct cog_session other = session;
        struct cog_ticket ticket = alice;
        struct cog_err err = COG_ERR_INIT;

        ticket.session = &other;
        if (i == 0)
            other.tty = 0;
        else if (i == 1)
            other.leader_start = 0;
        else if (i == 2)
            other.sid = 0;
        else
            other.sid = -1;
        assert_int_equal(cog_ticket_write(shelf_store, &ticket, &then, &err),
                         -1);
        assert_int_equal(err.code, COG_E_SCOPE);
        assert_false(holds(&ticket, 0, 0));
        cog_ticket_erase(shelf_store, &ticket);
    }
    assert_int_equal(shelf_count("run/tickets"), 0);
}

static void
long_names(void **state)
{
    static char text[200];

    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    for (int i = 0; i < 3; i++) {
        struct cog_ticket ticket = alice;
        struct cog_err err = COG_ERR_INIT;

        if (i == 0)
            ticket.service = text;
        else if (i == 1)
            ticket.user = text;
        else
            ticket.sub = text;
        assert_int_equal(cog_ticket_write(shelf_store, &ticket, &then, &err),
                         -1);
        assert_int_equal(err.code, COG_E_SYSTEM);
        assert_false(holds(&ticket, 0, 0));
    }
}

static void
no_clock(void **state)
{
    static const struct cog_ticket_time times[] = {{-1, 0}, {0, -1}};

    (void)state;
    for (size_t i = 0; i < COG_COUNT(times); i++) {
        struct cog_err err = COG_ERR_INIT;

        assert_int_equal(cog_ticket_write(shelf_store, &alice, &times[i], &err),
                         -1);
        assert_int_equal(err.code, COG_E_SYSTEM);
    }
    assert_int_equal(shelf_count("run/tickets"), 0);
}

static void
does_not_hold(void)
{
    assert_false(holds(&alice, 0, 0));
}

static void
every_bit_and_length(void **state)
{
    struct cog_secret file = COG_SECRET_INIT(0);
    char path[SHELF_PATH_BYTES];

    (void)state;
    writes(&alice);
    (void)snprintf(path, sizeof(path), "%s", shelf_only("run/tickets"));
    shelf_read(path, &file);
    shelf_each_bit(path, &file, does_not_hold);
    shelf_each_length(path, &file, does_not_hold);
    shelf_write(path, file.data, file.len);
    assert_true(holds(&alice, 0, 0));
    cog_secret_clear(&file);
}

/* The bytes of docs/cache-format.md. */
static void
its_form(void **state)
{
    static const char identity[] = "pam_cognito ticket 1\n"
                                   "service = sudo\n"
                                   "user = alice\n"
                                   "uid = 1000\n"
                                   "sub = sub-a\n"
                                   "real_uid = 1000\n"
                                   "session = 4711\n"
                                   "leader = 123456\n"
                                   "tty = 34816\n"
                                   "boot = " BOOT_ID "\n";
    static const char times[] = "unix_time = 1762500000\n"
                                "boot_time = 5000\n";
    struct cog_secret file = COG_SECRET_INIT(0);
    struct cog_err err = COG_ERR_INIT;
    char head[512];
    char want[768];
    char hex[COG_SEAL_HEX_BYTES];

    (void)state;
    writes(&alice);
    (void)snprintf(head, sizeof(head), "%s%s", identity, times);
    assert_int_equal(cog_seal_hex(head, strlen(head), hex, &err), 0);
    (void)snprintf(want, sizeof(want), "%ssha256 = %s\n", head, hex);
    shelf_read(shelf_only("run/tickets"), &file);
    assert_string_equal(cog_secret_str(&file), want);

    /* Its name: the sheet of the identity alone. */
    assert_int_equal(cog_seal_hex(identity, strlen(identity), hex, &err), 0);
    (void)snprintf(want, sizeof(want), "%ssha256 = %s\n", identity, hex);
    assert_int_equal(cog_seal_hex(want, strlen(want), hex, &err), 0);
    (void)snprintf(want, sizeof(want), "run/tickets/%s", hex);
    assert_string_equal(shelf_only("run/tickets"), shelf_path(want));
    cog_secret_clear(&file);
}

static void
not_ours(void **state)
{
    char path[SHELF_PATH_BYTES];
    char moved[SHELF_PATH_BYTES + 8];

    (void)state;
    for (size_t kind = 0; kind < SHELF_KINDS; kind++) {
        writes(&alice);
        (void)snprintf(path, sizeof(path), "%s", shelf_only("run/tickets"));
        (void)snprintf(moved, sizeof(moved), "%s.moved", path);
        print_message("%s\n", shelf_replace(path, kind));
        assert_false(holds(&alice, 0, 0));
        assert_true(unlink(path) == 0 || rmdir(path) == 0);
        (void)unlink(moved);
    }
}

static void
erased(void **state)
{
    (void)state;
    writes(&alice);
    for (int round = 0; round < 2; round++) {
        cog_ticket_erase(shelf_store, &alice);
        assert_false(holds(&alice, 0, 0));
        assert_int_equal(shelf_count("run/tickets"), 0);
    }
}

/* What is in a directory that anybody may write is nobody's ticket. */
static void
without_a_directory(void **state)
{
    static const char *const dirs[] = {"run", "run/tickets"};
    struct cog_err err = COG_ERR_INIT;

    (void)state;
    writes(&alice);
    for (size_t i = 0; i < COG_COUNT(dirs); i++) {
        cog_store_close(shelf_store);
        assert_int_equal(chmod(shelf_path(dirs[i]), 0777), 0);
        shelf_store = shelf_open();
        assert_false(holds(&alice, 0, 0));
        cog_ticket_erase(shelf_store, &alice);
        assert_int_equal(shelf_count("run/tickets"), 1);
        err = (struct cog_err)COG_ERR_INIT;
        assert_int_equal(cog_ticket_write(shelf_store, &alice, &then, &err),
                         -1);
        assert_int_equal(err.code, COG_E_SYSTEM);
        assert_string_equal(err.msg, cog_store_no_run(shelf_store));
        assert_non_null(strstr(err.msg, "has mode 0777"));
        assert_int_equal(chmod(shelf_path(dirs[i]), 0700), 0);
    }
    cog_store_close(shelf_store);
    shelf_store = shelf_open();
    assert_null(cog_store_no_run(shelf_store));
    assert_true(holds(&alice, 0, 0));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        SHELF_TEST_OPEN(ages),
        SHELF_TEST_OPEN(everything_counts),
        SHELF_TEST_OPEN(stolen),
        SHELF_TEST_OPEN(no_session),
        SHELF_TEST_OPEN(long_names),
        SHELF_TEST_OPEN(no_clock),
        SHELF_TEST_OPEN(every_bit_and_length),
        SHELF_TEST_OPEN(its_form),
        SHELF_TEST_OPEN(not_ours),
        SHELF_TEST_OPEN(erased),
        SHELF_TEST_OPEN(without_a_directory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
