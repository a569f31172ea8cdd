/* SPDX-License-Identifier: MIT */
/*
 * Every allocation of a call without a password fails once, and of one with a
 * password that the pool does not hear: nobody comes in whom the pool or the
 * rules refuse, and what is on disk is true.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/login/reauth.h"
#include "lib/login/recheck.h"
#include "lib/net/json.h"
#include "lib/store/ticket.h"
#include "tests/unit/guest.h"
#include "tests/unit/starved.h"

#define CONFIG "allow_pool_groups = ops\noffline = yes\n"
#define TICKET CONFIG "[service sudo]\nreauth = refresh\noffline = no\n"
#define HOUR   INT64_C(3600)

static const struct world_exchange renews[] = {GUEST_RENEWS(guest_rotated),
                                               GUEST_GETS_KEYS};
static const struct world_exchange disabled[] = {
    GUEST_REFUSED("NotAuthorizedException", "User is disabled.")};
static const struct world_exchange regrouped[] = {GUEST_RENEWS(guest_regrouped),
                                                  GUEST_GETS_KEYS};
static const struct world_exchange renews_nothing[] = {
    GUEST_FAILS(COG_E_UNREACHABLE)};
static const struct world_exchange silence[] = {
    {.expect = "InitiateAuth", .fail = COG_E_UNREACHABLE}};
static const struct world_exchange wrong_online[] = {
    {.expect = "InitiateAuth",
     .status = 400,
     .body = GUEST_ERROR("NotAuthorizedException", "Incorrect username or "
                                                   "password.")}};

enum call {
    ACCOUNT,
    UNASKED, /* in a service that does not ask the pool */
    REAUTH,
    SIGN_IN
};

static const char *const services[] = {
    [ACCOUNT] = "sshd",
    [UNASKED] = "cron",
    [REAUTH] = "sudo",
    [SIGN_IN] = "sshd",
};

#define SCRIPT(array) .exchanges = (array), .exchange_count = COG_COUNT(array)

static const struct {
    const char *name;
    enum call call;
    struct guest_traces traces;
    const struct world_exchange *exchanges;
    size_t exchange_count;
    const char *typed;
    bool in; /* with memory enough */
} cases[] = {
    {"young", ACCOUNT, {.age_s = 0}, .in = true},
    {"renewed", ACCOUNT, {.age_s = HOUR}, SCRIPT(renews), .in = true},
    {"disabled", ACCOUNT, {.age_s = HOUR}, SCRIPT(disabled)},
    {"out of the group", ACCOUNT, {.age_s = HOUR}, SCRIPT(regrouped)},
    {"grace", ACCOUNT, {.age_s = HOUR}, SCRIPT(renews_nothing), .in = true},
    {"beyond the grace", ACCOUNT, {.age_s = 24 * HOUR}, SCRIPT(renews_nothing)},
    {"a tombstone", ACCOUNT, {.buried = true}, .in = false},
    {"unasked", UNASKED, {.age_s = 24 * HOUR}, .in = true},
    {"unasked, and out of the group", UNASKED, {.group = "dev"}, .in = false},
    {"a ticket", REAUTH, {.age_s = 0}, SCRIPT(renews), .in = true},
    {"a ticket, and disabled", REAUTH, {.age_s = 0}, SCRIPT(disabled)},
    {"offline",
     SIGN_IN,
     {.password = GUEST_PASSWORD},
     SCRIPT(silence),
     .typed = GUEST_PASSWORD,
     .in = true},
    {"offline, wrong",
     SIGN_IN,
     {.password = GUEST_PASSWORD},
     SCRIPT(silence),
     .typed = "Passw0rd?"},
    {"offline, too late",
     SIGN_IN,
     {.password = GUEST_PASSWORD, .age_s = 72 * HOUR},
     SCRIPT(silence),
     .typed = GUEST_PASSWORD},
    {"no longer right",
     SIGN_IN,
     {.password = GUEST_PASSWORD},
     SCRIPT(wrong_online),
     .typed = GUEST_PASSWORD},
};

static void
leave_ticket(const struct guest *g)
{
    const struct cog_ticket ticket = {.service = "sudo",
                                      .user = "alice",
                                      .uid = 1000,
                                      .sub = TOKENS_SUB,
                                      .session = &guest_session};
    const struct cog_ticket_time now = {g->world.unix_s, g->world.boot_s};
    struct cog_err err = COG_ERR_INIT;

    assert_int_equal(cog_ticket_write(g->login.store, &ticket, &now, &err), 0);
}

static bool
make_call(size_t i, struct guest *g)
{
    bool in = false;

    armed = true;
    switch (cases[i].call) {
    case ACCOUNT:
    case UNASKED:
        in = cog_recheck_account(&g->env, &g->login, &g->facts, &g->err) == 0;
        break;
    case REAUTH:
        in = cog_reauth_run(&g->env, &g->login, &g->facts);
        break;
    case SIGN_IN:
        in =
            cog_login_authenticate(&g->env, &g->login, &g->facts, &g->err) == 0;
        break;
    }
    armed = false;
    return in;
}

/* A record is a whole one, before or after; its token goes only with whoever is
 * refused, and the whole of it only where it could not be rewritten. */
static void
check_left(size_t i, bool in, struct cog_store *store)
{
    struct guest_left left = guest_look(store);
    const char *token = cog_secret_str(&left.record.refresh_token);

    assert_true(left.kept || (cases[i].exchange_count > 0 && !in));
    assert_true(!left.kept || strcmp(token, "r.e.f") == 0 ||
                strcmp(token, "r.o.t") == 0 ||
                (*token == '\0' && !cases[i].in));
    assert_true(left.record.tries_left <= COG_RECORD_TRIES);
    cog_record_clear(&left.record);
}

/* Whoever is let in otherwise is told nothing of himself that is not so; and
 * nobody that he is none of ours, since others may let him in then. */
static bool
may_say(size_t i, enum cog_errc code)
{
    if (code == COG_OK || code == COG_E_SCOPE || code == COG_E_NEVER)
        return false;
    return !cases[i].in ||
           (code != COG_E_UNREACHABLE && code != COG_E_IDENTITY &&
            code != COG_E_DISABLED && code != COG_E_LOST);
}

/* With allocation number `n` failing. Did it come to that one? */
static bool
try_once(size_t i, unsigned long n)
{
    const struct world_answer types = {COG_TEXT_PASSWORD_PROMPT, false,
                                       cases[i].typed, COG_OK};
    struct cog_store *store;
    struct guest g;
    bool in;

    assert_int_equal(shelf_setup(NULL), 0);
    store = shelf_open();
    guest_leave(store, &cases[i].traces);
    guest_open(&g, store, cases[i].call == REAUTH ? TICKET : CONFIG,
               services[cases[i].call]);
    g.env = whole_env(&g.world);
    g.login.session = &guest_session;
    g.login.ruser = "alice";
    g.world.pause_fail = COG_E_NET;
    g.world.exchanges = cases[i].exchanges;
    g.world.exchange_count = cases[i].exchange_count;
    g.world.answers = &types;
    g.world.answer_count = 1;
    if (cases[i].call == REAUTH)
        leave_ticket(&g);
    countdown = n;
    in = make_call(i, &g);
    if (in && !cases[i].in)
        fail_msg("%s: in without allocation %lu", cases[i].name, n);
    if (in)
        assert_string_equal(g.facts.sub, TOKENS_SUB);
    else if (cases[i].call != REAUTH && !may_say(i, g.err.code))
        fail_msg("%s, %lu: %s", cases[i].name, n, g.err.msg);
    check_left(i, in, store);
    cog_prepared_clear(&g.prepared);
    world_clear(&g.world);
    cog_store_close(store);
    assert_int_equal(shelf_teardown(NULL), 0);
    if (countdown > 0 && in != cases[i].in)
        fail_msg("%s: another answer with memory enough", cases[i].name);
    return countdown == 0;
}

static void
every_allocation_fails_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        unsigned long n = 1;

        while (try_once(i, n))
            n++;
        print_message("%s: %lu allocations\n", cases[i].name, n - 1);
        /* Or the linker replaced nothing. */
        assert_true(n > 5 || cases[i].traces.buried);
    }
}

static int
setup(void **state)
{
    if (guest_setup(state) < 0)
        return -1;
    cog_json_setup(); /* from here on, as in the helper */
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_fails_once),
    };

    if (!starve_openssl())
        return EXIT_FAILURE;
    return cmocka_run_group_tests(tests, setup, tokens_teardown);
}
