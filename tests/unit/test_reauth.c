/* SPDX-License-Identifier: MIT */
/*
 * reauth = refresh: alice signs in, something changes, and she comes again.
 * Whoever is not let in without a question is asked it.
 */
#include "lib/login/reauth.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <unistd.h>

#include "lib/store/binding.h"
#include "lib/store/pause.h"
#include "tests/unit/guest.h"

#define SUDO "allow_pool_groups = ops\n[service sudo su]\nreauth = refresh\n"

/* The first time. */
static const struct world_exchange signs_in[] = {
    {.expect = "InitiateAuth", .status = 200, .body = guest_tokens},
    GUEST_GETS_KEYS,
};
static const struct world_answer types[] = {
    {COG_TEXT_PASSWORD_PROMPT, false, GUEST_PASSWORD, 0},
};

/* What is different at one of the two times. */
struct visit {
    const char *config;  /* NULL: SUDO */
    const char *service; /* NULL: sudo */
    const char *ruser;   /* NULL: alice */
    bool unsaid;         /* PAM_RUSER is not set */
    uid_t real_uid;      /* 0: hers */
    pid_t sid;           /* 0: the same; likewise below */
    uint64_t leader_start;
    bool orphan; /* the leader is gone */
    uint64_t tty;
    bool no_tty;
    const char *boot_id;
    bool no_session;
    bool read_only;
    bool no_service; /* PAM has none */
    bool no_store;
    bool unknown; /* to NSS */
};

/* Two visits. */
struct story {
    const char *name;
    struct visit first;
    struct visit second;
    int64_t later_s;            /* by the wall clock; 0: five minutes */
    int64_t boot_more_s;        /* how much more passed since boot */
    struct guest_traces traces; /* left in between, over the first's */
    bool leaves;                /* `traces` counts */
    int64_t pause_ago_s;        /* 0: the pool was never silent */
    const char *gone;           /* directory whose one file is removed */
    struct world_exchange exchanges[4]; /* of asking without her */
    bool in;                            /* without a question */
    const char *note;                   /* part of it; NULL: none */
    bool ticketless;                    /* after the second, before it types */
};

#define RENEWED .exchanges = {GUEST_RENEWS(guest_tokens), GUEST_GETS_KEYS}
#define LATER   (15 * 60)

static const struct story stories[] = {
    {.name = "the same again", RENEWED, .in = true},
    {.name = "with a rotated token",
     .exchanges = {GUEST_RENEWS(guest_rotated), GUEST_GETS_KEYS},
     .in = true},
    {.name = "to the second", .later_s = LATER, RENEWED, .in = true},
    {.name = "su to oneself",
     .first = {.service = "su"},
     .second = {.service = "su"},
     RENEWED,
     .in = true},
    {.name = "just now, and the pool is asked all the same",
     .later_s = 1,
     RENEWED,
     .in = true},

    /* Another. */
    {.name = "terminal", .second = {.tty = 34817}},
    {.name = "terminal: none", .second = {.no_tty = true}},
    {.name = "session", .second = {.sid = 4712}},
    {.name = "session of the same number", .second = {.leader_start = 123457}},
    {.name = "session, whose leader is gone", .second = {.orphan = true}},
    {.name = "session: not known", .second = {.no_session = true}},
    {.name = "service", .second = {.service = "su"}},
    {.name = "service, which has no tickets", .second = {.service = "sshd"}},
    {.name = "boot",
     .second = {.boot_id = "0c1b2a39-4f5e-4d6c-8b7a-000000000002"}},
    {.name = "user who runs it", .second = {.real_uid = 1001}},
    {.name = "user who runs it, says PAM", .second = {.ruser = "bob"}},
    {.name = "user, says PAM: nobody", .second = {.ruser = ""}},
    {.name = "user, says PAM: nothing", .second = {.unsaid = true}},
    {.name = "service: none", .second = {.no_service = true}},
    {.name = "store: none", .second = {.no_store = true}},
    {.name = "user: none by that name", .second = {.unknown = true}},
    {.name = "configuration",
     .second = {.config = "allow_pool_groups = ops\n"}},
    {.name = "test of an administrator's", .second = {.read_only = true}},

    /* No ticket was left. */
    {.name = "signed in elsewhere", .first = {.service = "sshd"}},
    {.name = "signed in by somebody else", .first = {.real_uid = 1001}},
    {.name = "signed in by somebody else, who comes again",
     .first = {.real_uid = 1001},
     .second = {.real_uid = 1001}},
    {.name = "signed in by root", .first = {.ruser = "root"}},
    {.name = "signed in without a terminal",
     .first = {.no_tty = true},
     .second = {.no_tty = true}},
    {.name = "signed in without a leader",
     .first = {.orphan = true},
     .second = {.orphan = true}},
    {.name = "gone", .gone = "run/tickets"},

    /* Times: both clocks must agree. */
    {.name = "too late", .later_s = LATER + 1},
    {.name = "too late by the wall clock",
     .later_s = LATER + 1,
     .boot_more_s = -1},
    {.name = "too late since boot", .later_s = 60, .boot_more_s = LATER},
    {.name = "from the future", .later_s = -1, .boot_more_s = 10},
    {.name = "before this boot", .later_s = 60, .boot_more_s = -61},
    {.name = "a shorter age",
     .later_s = 61,
     .second = {.config = SUDO "reauth_max_age = 1m\n"}},

    /* Refused without asking the pool. */
    {.name = "denied now", .second = {.config = "deny_users = alice\n" SUDO}},
    {.name = "no rule now",
     .second = {.config = "allow_users = bob\n"
                          "[service sudo]\n"
                          "reauth = refresh\n"}},
    {.name = "a tombstone", .leaves = true, .traces = {.buried = true}},
    {.name = "a tombstone of another service",
     .leaves = true,
     .traces = {.buried = true,
                .reason = COG_TOMBSTONE_GROUPS,
                .service = "sshd"},
     RENEWED,
     .in = true},
    {.name = "a tombstone of this one",
     .leaves = true,
     .traces = {.buried = true,
                .reason = COG_TOMBSTONE_GROUPS,
                .service = "sudo"}},
    {.name = "the binding is gone", .gone = "state/bindings"},
    {.name = "the record is gone",
     .gone = "state/records",
     .note = "gone",
     .ticketless = true},

    /* Refused by the pool. */
    {.name = "disabled",
     .exchanges = {GUEST_REFUSED("NotAuthorizedException",
                                 "User is disabled.")},
     .note = "disabled",
     .ticketless = true},
    {.name = "signed out everywhere",
     .exchanges = {GUEST_REFUSED("NotAuthorizedException",
                                 "Refresh Token has been revoked")},
     .note = "no longer honours",
     .ticketless = true},
    {.name = "refused for a reason that may pass",
     .exchanges = {GUEST_REFUSED("NotAuthorizedException", "anything")},
     .note = "refused",
     .ticketless = true},
    {.name = "out of the group",
     .exchanges = {GUEST_RENEWS(guest_regrouped), GUEST_GETS_KEYS},
     .note = "no rule",
     .ticketless = true},
    {.name = "somebody else's token",
     .exchanges = {GUEST_RENEWS(guest_other_sub), GUEST_GETS_KEYS},
     .note = "no rule",
     .ticketless = true},

    /* The pool has no opinion. */
    {.name = "unreachable",
     .exchanges = {GUEST_FAILS(COG_E_UNREACHABLE)},
     .note = "not without a question: "},
    {.name = "silent a moment ago", .pause_ago_s = 5, .note = "a moment ago"},
    {.name = "out of order",
     .exchanges = {{.expect = "GetTokensFromRefreshToken", .status = 503}},
     .note = "503"},
    {.name = "TLS",
     .exchanges = {GUEST_FAILS(COG_E_PROTOCOL)},
     .note = "scripted"},
    {.name = "a forged token",
     .exchanges = {GUEST_RENEWS(guest_forged), GUEST_GETS_KEYS},
     .note = "signature"},
};

static struct cog_session
session_of(const struct visit *visit)
{
    struct cog_session s = guest_session;

    if (visit->real_uid != 0)
        s.real_uid = visit->real_uid;
    if (visit->sid != 0)
        s.sid = visit->sid;
    if (visit->leader_start != 0)
        s.leader_start = visit->leader_start;
    if (visit->tty != 0)
        s.tty = visit->tty;
    if (visit->orphan)
        s.leader_start = 0;
    if (visit->no_tty)
        s.tty = 0;
    if (visit->boot_id != NULL)
        memcpy(s.boot_id, visit->boot_id, sizeof(s.boot_id));
    return s;
}

static void
open_visit(struct guest *g, const struct visit *visit, struct cog_store *store,
           const struct cog_session *s)
{
    guest_open(g, store, visit->config == NULL ? SUDO : visit->config,
               visit->service == NULL ? "sudo" : visit->service);
    g->login.session = visit->no_session ? NULL : s;
    g->login.ruser = visit->ruser == NULL ? "alice" : visit->ruser;
    if (visit->unsaid)
        g->login.ruser = NULL;
    g->login.read_only = visit->read_only;
    if (visit->no_service)
        g->login.service = NULL;
    if (visit->no_store)
        g->login.store = NULL;
    if (visit->unknown)
        g->prepared.local.account.exists = false;
}

static void
sign_in(const struct visit *visit, struct cog_store *store)
{
    const struct cog_session s = session_of(visit);
    struct guest g;

    open_visit(&g, visit, store, &s);
    WORLD_EXCHANGES(&g.world, signs_in);
    WORLD_ANSWERS(&g.world, types);
    assert_int_equal(cog_login_authenticate(&g.env, &g.login, &g.facts, &g.err),
                     0);
    assert_string_equal(g.facts.method, "password");
    assert_string_equal(g.facts.note.msg, "");
    guest_close(&g);
}

/* Fresh sign-ins leave a record without a token in guest_tokens. */
static void
leave_between(const struct story *story, struct cog_store *store)
{
    static const struct guest_traces usual = {.age_s = 0};

    guest_leave(store, story->leaves ? &story->traces : &usual);
    if (story->gone != NULL && shelf_count(story->gone) > 0)
        assert_int_equal(unlink(shelf_only(story->gone)), 0);
}

/* Whether a question is asked shows in what has to be answered. */
static void
come_again(const struct story *story, struct cog_store *store)
{
    const struct cog_session s = session_of(&story->second);
    const int64_t later_s = story->later_s == 0 ? 300 : story->later_s;
    struct guest g;
    bool in;

    open_visit(&g, &story->second, store, &s);
    g.world.unix_s += later_s;
    g.world.boot_s += later_s + story->boot_more_s;
    g.world.exchanges = story->exchanges;
    while (story->exchanges[g.world.exchange_count].expect != NULL)
        g.world.exchange_count++;
    if (story->pause_ago_s > 0) {
        cog_pause_begin(store, TOKENS_ENDPOINT,
                        g.world.boot_s - story->pause_ago_s);
    }
    in = cog_reauth_run(&g.env, &g.login, &g.facts);
    assert_int_equal(in, story->in);
    if (story->note == NULL ? g.facts.note.msg[0] != '\0'
                            : strstr(g.facts.note.msg, story->note) == NULL)
        fail_msg("note '%s'", g.facts.note.msg);
    if (in) {
        assert_string_equal(g.facts.method, "refresh");
        assert_string_equal(g.facts.sub, TOKENS_SUB);
        assert_string_equal(g.facts.rule, "allowed by allow_pool_groups");
    }
    guest_close(&g);
}

static void
comes_again(void **state)
{
    for (size_t i = 0; i < COG_COUNT(stories); i++) {
        struct cog_store *store = shelf_open();
        size_t tickets;

        print_message("%s\n", stories[i].name);
        sign_in(&stories[i].first, store);
        leave_between(&stories[i], store);
        tickets = shelf_count("run/tickets");
        come_again(&stories[i], store);
        assert_int_equal(shelf_count("run/tickets"),
                         stories[i].ticketless ? tickets - 1 : tickets);
        cog_store_close(store);
        shelf_renew(state);
    }
}

/* A ticket alone says nothing of what the pool said last: no word of it. */
static void
a_store_without_its_key(void **state)
{
    static const struct visit visit = {.tty = 0};
    static const struct story usual = {.leaves = false};
    struct cog_store_input input;
    struct cog_store *store = shelf_open();
    struct cog_err err = COG_ERR_INIT;

    (void)state;
    sign_in(&visit, store);
    leave_between(&usual, store);
    cog_store_close(store);
    assert_int_equal(unlink(shelf_path("state/seal.key")), 0);
    input = shelf_input();
    input.may_make_key = false;
    assert_int_equal(cog_store_open(&input, &store, &err), 0);
    assert_non_null(cog_store_no_key(store));
    come_again(&usual, store);
    cog_store_close(store);
}

/* A ticket that is taken somewhere else names whose it is. */
static void
a_stolen_ticket(void **state)
{
    static const struct visit hers = {.tty = 0};
    static const struct story theirs = {.second = {.tty = 34817}};
    struct cog_secret ticket = COG_SECRET_INIT(SHELF_FILE_MAX);
    struct cog_store *store = shelf_open();
    char name[SHELF_PATH_BYTES];
    char other[SHELF_PATH_BYTES];

    (void)state;
    sign_in(&hers, store);
    leave_between(&theirs, store);
    (void)snprintf(name, sizeof(name), "%s", shelf_only("run/tickets"));
    shelf_read(name, &ticket);
    assert_int_equal(unlink(name), 0);
    sign_in(&theirs.second, store);
    leave_between(&theirs, store);
    (void)snprintf(other, sizeof(other), "%s", shelf_only("run/tickets"));
    assert_string_not_equal(name, other);
    shelf_write(other, ticket.data, ticket.len);
    come_again(&theirs, store);
    cog_secret_clear(&ticket);
    cog_store_close(store);
}

/* The question follows, and what kept her from being let in is in the log. */
static void
the_question_follows(void **state)
{
    static const struct world_exchange refused[] = {
        GUEST_REFUSED("NotAuthorizedException",
                      "Refresh Token has been revoked"),
        {.expect = "InitiateAuth", .status = 200, .body = guest_rotated},
        GUEST_GETS_KEYS,
    };
    static const struct visit visit = {.tty = 0};
    static const struct story usual = {.leaves = false};
    struct cog_store *store = shelf_open();
    struct guest g;

    (void)state;
    sign_in(&visit, store);
    leave_between(&usual, store);
    open_visit(&g, &visit, store, &guest_session);
    WORLD_EXCHANGES(&g.world, refused);
    WORLD_ANSWERS(&g.world, types);
    assert_int_equal(cog_login_authenticate(&g.env, &g.login, &g.facts, &g.err),
                     0);
    assert_string_equal(g.facts.method, "password");
    assert_non_null(strstr(g.facts.note.msg, "not without a question: the pool"
                                             " no longer honours"));
    guest_close(&g);
    guest_check(store, "r.o.t", -1);
    assert_int_equal(shelf_count("run/tickets"), 1); /* a new one */
    cog_store_close(store);
}

/* No sooner than at the password. */
static void
no_question_where_a_ticket_does(void **state)
{
    static const struct world_exchange renews[] = {GUEST_RENEWS(guest_tokens),
                                                   GUEST_GETS_KEYS};
    static const struct visit visit = {.tty = 0};
    static const struct story usual = {.leaves = false};
    struct cog_store *store = shelf_open();
    struct guest g;

    (void)state;
    sign_in(&visit, store);
    leave_between(&usual, store);
    open_visit(&g, &visit, store, &guest_session);
    WORLD_EXCHANGES(&g.world, renews);
    assert_int_equal(cog_login_authenticate(&g.env, &g.login, &g.facts, &g.err),
                     0);
    assert_string_equal(g.facts.method, "refresh");
    assert_string_equal(g.facts.sub, TOKENS_SUB);
    assert_int_equal(g.world.warm_count, 0);
    guest_close(&g);
    cog_store_close(store);
}

static int
never_sent(void *ctx, const struct cog_http_request *req,
           struct cog_http_reply *reply, struct cog_err *err)
{
    (void)ctx;
    (void)req;
    (void)reply;
    return cog_fail(err, COG_E_UNREACHABLE, "the other network");
}

/* What nobody typed for does not use the network of the sign-in. */
static void
a_network_of_its_own(void **state)
{
    static const struct cog_transport other = {.send = never_sent};
    static const struct visit visit = {.tty = 0};
    static const struct story usual = {.leaves = false};
    struct cog_store *store = shelf_open();
    struct guest g;

    (void)state;
    sign_in(&visit, store);
    leave_between(&usual, store);
    open_visit(&g, &visit, store, &guest_session);
    g.login.renewals = &other;
    assert_false(cog_reauth_run(&g.env, &g.login, &g.facts));
    assert_non_null(strstr(g.facts.note.msg, "the other network"));
    assert_true(cog_pause_holds(store, TOKENS_ENDPOINT, g.world.boot_s));
    guest_close(&g);
    cog_store_close(store);
}

/* A wrong password leaves no ticket. */
static void
only_a_sign_in_leaves_one(void **state)
{
    static const struct world_exchange wrong[] = {
        {.expect = "InitiateAuth",
         .status = 400,
         .body = GUEST_ERROR("NotAuthorizedException",
                             "Incorrect username or password.")}};
    static const struct visit visit = {.tty = 0};
    struct cog_store *store = shelf_open();
    struct guest g;

    (void)state;
    open_visit(&g, &visit, store, &guest_session);
    WORLD_EXCHANGES(&g.world, wrong);
    WORLD_ANSWERS(&g.world, types);
    assert_int_equal(cog_login_authenticate(&g.env, &g.login, &g.facts, &g.err),
                     -1);
    guest_close(&g);
    assert_int_equal(shelf_count("run/tickets"), 0);
    cog_store_close(store);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        SHELF_TEST(comes_again),
        SHELF_TEST(a_store_without_its_key),
        SHELF_TEST(a_stolen_ticket),
        SHELF_TEST(the_question_follows),
        SHELF_TEST(no_question_where_a_ticket_does),
        SHELF_TEST(a_network_of_its_own),
        SHELF_TEST(only_a_sign_in_leaves_one),
    };

    return cmocka_run_group_tests(tests, guest_setup, tokens_teardown);
}
