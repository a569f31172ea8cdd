/* SPDX-License-Identifier: MIT */
/*
 * What renewals do to a record, alone and beside each other; test_recheck.c has
 * what the pool's answers mean.
 */
#include "lib/login/renewal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/login/keep.h"
#include "lib/login/recheck.h"
#include "lib/store/userlock.h"
#include "lib/store/verifier.h"
#include "tests/unit/guest.h"

#define OPS "allow_pool_groups = ops\n"

/* One renewal as the account phase or a ticket makes it. */
static enum cog_renewal
renew(struct guest *g, int64_t young_s)
{
    struct cog_binding binding;
    enum cog_renewal renewal = COG_RENEWAL_FAILED;
    struct cog_signin s;
    bool found = false;
    int rc;

    assert_int_equal(cog_keep_bound(&g->login, &binding, &found, &g->err), 0);
    assert_true(found);
    rc = cog_signin_open(&g->env, &g->login, &g->facts, &s, &g->err);
    assert_int_equal(rc, 0);
    rc = cog_renewal_run(&s, &binding, young_s, &renewal, &g->err);
    assert_int_equal(rc, renewal == COG_RENEWAL_GOOD ? 0 : -1);
    assert_int_equal(g->err.code == COG_OK, rc == 0);
    cog_signin_close(&s);
    return renewal;
}

static void
a_young_answer_is_for_who_takes_it(void **state)
{
    static const struct world_exchange renews[] = {GUEST_RENEWS(guest_tokens),
                                                   GUEST_GETS_KEYS};
    static const struct {
        int64_t young_s;
        bool asks;
    } cases[] = {{0, true}, {60, true}, {61, false}};

    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        const struct guest_traces traces = {.age_s = 0};
        struct cog_store *store = shelf_open();
        struct guest g;

        guest_leave(store, &traces);
        guest_open(&g, store, OPS, "sudo");
        if (cases[i].asks)
            WORLD_EXCHANGES(&g.world, renews);
        assert_int_equal(renew(&g, cases[i].young_s), COG_RENEWAL_GOOD);
        assert_string_equal(g.facts.rule, "allowed by allow_pool_groups");
        guest_close(&g);
        cog_store_close(store);
        shelf_renew(state);
    }
}

/* All that the sign-in left stays as it was. */
static void
only_what_is_new_changes(void **state)
{
    static const struct world_exchange renews[] = {
        {.expect = "GetTokensFromRefreshToken",
         .holds = {"r.e.f", "\"DeviceKey\":\"" GUEST_DEVICE "\""},
         .status = 200,
         .body = guest_rotated},
        GUEST_GETS_KEYS};
    const struct guest_traces traces = {.age_s = 100,
                                        .typed_age_s = 1000,
                                        .group = "dev",
                                        .device = true,
                                        .password = GUEST_PASSWORD,
                                        .spent = 3,
                                        .second_factor = true};
    struct cog_secret password = world_secret(GUEST_PASSWORD);
    struct cog_store *store = shelf_open();
    struct guest_left left;
    struct guest g;

    (void)state;
    guest_leave(store, &traces);
    guest_open(&g, store, OPS, "sshd");
    WORLD_EXCHANGES(&g.world, renews);
    assert_int_equal(renew(&g, 0), COG_RENEWAL_GOOD);
    guest_close(&g);
    left = guest_look(store);
    assert_string_equal(cog_secret_str(&left.record.refresh_token), "r.o.t");
    assert_string_equal(left.record.username, "alice");
    assert_string_equal(cog_secret_str(&left.record.device_key), GUEST_DEVICE);
    assert_int_equal(left.record.groups.count, 1);
    assert_string_equal(left.record.groups.item[0], "ops");
    assert_int_equal(left.record.online_s, GUEST_NOW);
    assert_int_equal(left.record.interactive_s, GUEST_NOW - 1160);
    assert_true(left.record.second_factor);
    assert_true(cog_verifier_fits(&left.record.verifier, &password));
    assert_int_equal(left.record.tries_left, COG_RECORD_TRIES - 3);
    cog_record_clear(&left.record);
    cog_secret_clear(&password);
    cog_store_close(store);
}

static void
a_device_the_pool_has_forgotten(void **state)
{
#define WITH_DEVICE                                                     \
    {                                                                   \
        .expect = "GetTokensFromRefreshToken", .holds = {GUEST_DEVICE}, \
        .status = 400,                                                  \
        .body = GUEST_ERROR("ResourceNotFoundException",                \
                            "Device does not exist."),                  \
    }
    static const struct world_exchange good[] = {
        WITH_DEVICE,
        {.expect = "GetTokensFromRefreshToken",
         .lacks = {"DeviceKey"},
         .status = 200,
         .body = guest_tokens},
        GUEST_GETS_KEYS};
    static const struct world_exchange bad[] = {
        WITH_DEVICE,
        GUEST_REFUSED("NotAuthorizedException", "Invalid Refresh Token.")};
    static const struct world_exchange undecided[] = {
        WITH_DEVICE, GUEST_FAILS(COG_E_PROTOCOL)};

    for (int i = 0; i < 3; i++) {
        const struct guest_traces traces = {.device = true};
        struct cog_store *store = shelf_open();
        struct guest_left left;
        struct guest g;

        guest_leave(store, &traces);
        guest_open(&g, store, OPS, "sshd");
        if (i == 0)
            WORLD_EXCHANGES(&g.world, good);
        else if (i == 1)
            WORLD_EXCHANGES(&g.world, bad);
        else
            WORLD_EXCHANGES(&g.world, undecided);
        assert_int_equal(renew(&g, 0), i == 0   ? COG_RENEWAL_GOOD
                                       : i == 1 ? COG_RENEWAL_REFUSED
                                                : COG_RENEWAL_FAILED);
        guest_close(&g);
        left = guest_look(store);
        assert_int_equal(left.record.device_key.len > 0, i == 2);
        assert_int_equal(left.buried, i == 1);
        cog_record_clear(&left.record);
        cog_store_close(store);
        shelf_renew(state);
    }
}

static void
a_full_disk(void **state)
{
    static const struct world_exchange plain[] = {GUEST_RENEWS(guest_tokens),
                                                  GUEST_GETS_KEYS};
    static const struct world_exchange rotated[] = {GUEST_RENEWS(guest_rotated),
                                                    GUEST_REVOKES("r.o.t")};
    const struct guest_traces traces = {.age_s = 100};
    struct cog_store *store = shelf_open();
    struct guest g;

    (void)state;
    guest_leave(store, &traces);

    /* Nothing that has to be kept: the answer holds, and is asked for again. */
    guest_open(&g, store, OPS, "sshd");
    WORLD_EXCHANGES(&g.world, plain);
    shelf_fill_disk();
    assert_int_equal(renew(&g, 0), COG_RENEWAL_GOOD);
    shelf_free_disk();
    assert_non_null(strstr(g.facts.note.msg, "the record stays as it was: "));
    guest_close(&g);

    /* A token that cannot be kept ends, and nobody comes in; nor does the old
     * one come back to the pool. */
    guest_open(&g, store, OPS, "sshd");
    WORLD_EXCHANGES(&g.world, rotated);
    shelf_fill_disk();
    assert_int_equal(renew(&g, 0), COG_RENEWAL_FAILED);
    shelf_free_disk();
    assert_int_equal(g.err.code, COG_E_SYSTEM);
    guest_close(&g);
    assert_int_equal(shelf_count("state/records"), 0);
    cog_store_close(store);
}

static enum cog_errc
account(struct cog_store *store, const char *service)
{
    enum cog_errc code;
    struct guest g;

    guest_open(&g, store, OPS, service);
    (void)!cog_recheck_account(&g.env, &g.login, &g.facts, &g.err);
    code = g.err.code;
    guest_close(&g);
    return code;
}

/* Whoever is refused then is refused for good, everywhere: what cannot be
 * rewritten is emptied, and that alone refuses. */
static void
refused_with_a_full_disk(void **state)
{
    static const struct world_exchange disabled[] = {
        GUEST_REFUSED("NotAuthorizedException", "User is disabled.")};
    static const struct world_exchange regrouped[] = {
        GUEST_RENEWS(guest_regrouped), GUEST_GETS_KEYS};
    static const enum cog_errc codes[] = {COG_E_DISABLED, COG_E_IDENTITY};

    for (int i = 0; i < 4; i++) {
        const struct guest_traces traces = {.age_s = 100,
                                            .unrecorded = i / 2 == 1};
        struct cog_store *store = shelf_open();
        struct guest_left left;
        struct guest g;

        guest_leave(store, &traces);
        guest_open(&g, store, OPS, "sshd");
        if (i % 2 == 0)
            WORLD_EXCHANGES(&g.world, disabled);
        else
            WORLD_EXCHANGES(&g.world, regrouped);
        shelf_fill_disk();
        assert_int_equal(renew(&g, 0), COG_RENEWAL_REFUSED);
        shelf_free_disk();
        assert_int_equal(g.err.code, codes[i % 2]);
        assert_non_null(
            strstr(g.facts.note.msg, "; no tombstone could be left: "));
        assert_non_null(strstr(g.facts.note.msg, "the record was emptied"));
        guest_close(&g);
        left = guest_look(store);
        assert_true(left.lost);
        assert_false(left.buried);
        cog_record_clear(&left.record);
        assert_int_equal(account(store, "sshd"), COG_E_LOST);
        assert_int_equal(account(store, "cron"), COG_E_LOST);
        cog_store_close(store);
        shelf_renew(state);
    }
}

/* Have somebody else write a tombstone of alice, so that no other can be, for
 * so long. */
static pid_t
hold_tombstones(struct cog_store *store, int ms)
{
    struct cog_tombstone tombstone = {
        .user = "alice", .issuer = TOKENS_ISSUER, .sub = TOKENS_SUB};
    struct cog_err err = COG_ERR_INIT;
    char path[SHELF_PATH_BYTES];
    pid_t pid;
    int fd;

    assert_int_equal(cog_tombstone_write(store, &tombstone, &err), 0);
    (void)snprintf(path, sizeof(path), "%s.tmp",
                   shelf_only("state/tombstones"));
    assert_int_equal(cog_tombstone_erase(store, "alice", &err), 0);
    fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        (void)poll(NULL, 0, ms);
        _exit(0);
    }
    assert_int_equal(close(fd), 0);
    return pid;
}

/* What cannot be left at once is left once the record is empty; and where it
 * cannot even then, services that do not ask refuse all the same. */
static void
a_tombstone_at_the_second_try(void **state)
{
    static const struct {
        int ms;
        bool buried;
    } cases[] = {{1300, true}, {5000, false}};
    static const struct world_exchange disabled[] = {
        GUEST_REFUSED("NotAuthorizedException", "User is disabled.")};
    const struct guest_traces traces = {.age_s = 100};

    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        struct cog_store *store = shelf_open();
        struct guest g;
        pid_t pid;

        guest_leave(store, &traces);
        pid = hold_tombstones(store, cases[i].ms);
        guest_open(&g, store, OPS, "sshd");
        WORLD_EXCHANGES(&g.world, disabled);
        assert_int_equal(renew(&g, 0), COG_RENEWAL_REFUSED);
        assert_int_equal(g.facts.note.msg[0] == '\0', cases[i].buried);
        guest_close(&g);
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        assert_int_equal(account(store, "cron"),
                         cases[i].buried ? COG_E_DISABLED : COG_E_LOST);
        cog_store_close(store);
        shelf_renew(state);
    }
}

/* Hold alice's lock in another process, and have the record renewed there. */
static pid_t
renew_elsewhere(struct cog_store *store, const struct guest_traces *then)
{
    struct cog_err err = COG_ERR_INIT;
    char byte = 'x';
    int ready[2];
    int lock = -1;
    pid_t pid;

    assert_int_equal(pipe(ready), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        if (cog_userlock_take(store, "alice", 0, &lock, &err) < 0 ||
            write(ready[1], &byte, 1) != 1)
            _exit(1);
        (void)poll(NULL, 0, 300);
        guest_leave(store, then);
        _exit(0);
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_int_equal(close(ready[0]), 0);
    assert_int_equal(close(ready[1]), 0);
    return pid;
}

/* A fleet's hundred logins at once are one request. */
static void
who_waited_need_not_ask(void **state)
{
    const struct guest_traces before = {.age_s = 3600};
    const struct guest_traces after = {.age_s = -60};
    struct cog_store *store = shelf_open();
    struct guest g;
    int status = 0;
    pid_t pid;

    (void)state;
    guest_leave(store, &before);
    pid = renew_elsewhere(store, &after);
    guest_open(&g, store, OPS, "sshd");
    assert_int_equal(cog_recheck_account(&g.env, &g.login, &g.facts, &g.err),
                     0);
    assert_string_equal(g.facts.method, "recheck");
    guest_close(&g);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    cog_store_close(store);
}

/* Nor does he pass when what the other heard was a refusal. */
static void
who_waited_is_refused_too(void **state)
{
    const struct guest_traces before = {.age_s = 3600};
    const struct guest_traces after = {.no_token = true, .buried = true};
    struct cog_store *store = shelf_open();
    struct guest g;
    int status = 0;
    pid_t pid;

    (void)state;
    guest_leave(store, &before);
    pid = renew_elsewhere(store, &after);
    guest_open(&g, store, OPS, "sshd");
    assert_int_equal(cog_recheck_account(&g.env, &g.login, &g.facts, &g.err),
                     -1);
    assert_int_equal(g.err.code, COG_E_DISABLED);
    guest_close(&g);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    cog_store_close(store);
}

/* The pool has rotated the token, and its reply never came. */
static void
a_lost_reply_costs_a_sign_in(void **state)
{
    static const struct world_exchange lost[] = {GUEST_FAILS(COG_E_PROTOCOL)};
    static const struct world_exchange reused[] = {
        GUEST_REFUSED("RefreshTokenReuseException", "")};
    static const struct world_exchange mends[] = {
        {.expect = "InitiateAuth", .status = 200, .body = guest_rotated},
        GUEST_GETS_KEYS};
    static const struct world_answer types[] = {
        {COG_TEXT_PASSWORD_PROMPT, false, GUEST_PASSWORD, 0}};
    const struct guest_traces traces = {.age_s = 3600};
    struct cog_store *store = shelf_open();
    struct guest g;

    (void)state;
    guest_leave(store, &traces);

    guest_open(&g, store, OPS, "sshd");
    WORLD_EXCHANGES(&g.world, lost);
    assert_int_equal(renew(&g, 0), COG_RENEWAL_FAILED);
    guest_close(&g);
    guest_check(store, "r.e.f", -1);

    guest_open(&g, store, OPS, "sshd");
    WORLD_EXCHANGES(&g.world, reused);
    assert_int_equal(renew(&g, 0), COG_RENEWAL_REFUSED);
    guest_close(&g);
    guest_check(store, "", COG_TOMBSTONE_REUSED);

    guest_open(&g, store, OPS, "sshd");
    WORLD_EXCHANGES(&g.world, mends);
    WORLD_ANSWERS(&g.world, types);
    assert_int_equal(cog_login_authenticate(&g.env, &g.login, &g.facts, &g.err),
                     0);
    guest_close(&g);
    guest_check(store, "r.o.t", -1);

    guest_open(&g, store, OPS, "sshd");
    assert_int_equal(cog_recheck_account(&g.env, &g.login, &g.facts, &g.err),
                     0);
    assert_string_equal(g.facts.method, "cached");
    guest_close(&g);
    cog_store_close(store);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        SHELF_TEST(a_young_answer_is_for_who_takes_it),
        SHELF_TEST(only_what_is_new_changes),
        SHELF_TEST(a_device_the_pool_has_forgotten),
        SHELF_TEST(a_full_disk),
        SHELF_TEST(refused_with_a_full_disk),
        SHELF_TEST(a_tombstone_at_the_second_try),
        SHELF_TEST(who_waited_need_not_ask),
        SHELF_TEST(who_waited_is_refused_too),
        SHELF_TEST(a_lost_reply_costs_a_sign_in),
    };

    return cmocka_run_group_tests(tests, guest_setup, tokens_teardown);
}
