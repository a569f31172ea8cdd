/* SPDX-License-Identifier: MIT */
/*
 * The account phase, row by row: what is on disk, what the pool says, what
 * comes out and what is on disk then. The script is exact: a request that is
 * not in it fails the test.
 */
#include "lib/login/recheck.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/store/pause.h"
#include "lib/store/userlock.h"
#include "tests/unit/guest.h"

#define OPS   "allow_pool_groups = ops\n"
#define ALICE "allow_users = alice\n"
#define HOUR  INT64_C(3600)
#define GROUPS(of) \
    .buried = true, .reason = COG_TOMBSTONE_GROUPS, .service = (of)
#define STALE   .traces = {.age_s = HOUR}
#define TOO_OLD .traces = {.age_s = 24 * HOUR}

/* One account phase. */
struct row {
    const char *name;
    const char *config;  /* NULL: OPS */
    const char *service; /* NULL: sshd */
    bool no_service;     /* as in a tool */
    struct guest_traces traces;
    bool unknown;        /* to NSS */
    const char *damaged; /* directory whose one file is overwritten */
    bool spoilt;         /* with nothing */
    bool no_key;         /* the seal key is gone */
    bool other_client;   /* the app client is another now */
    int64_t clock_s;     /* how far the clock was moved */
    int64_t pause_ago_s; /* the pool was silent then; 0: it was not */
    struct world_exchange exchanges[5];
    /* What must come out. */
    enum cog_errc code;
    const char *method;  /* in */
    const char *message; /* refused: part of it */
    const char *note;    /* part of it; NULL: none */
    const char *token;   /* on disk then; NULL: r.e.f; "": none */
    int reason;          /* of a new tombstone; 0: none, else reason + 1 */
    bool renewed;        /* the record has the new time */
    const char *group;   /* and this group; NULL: ops */
};

#define LEAVES(why) .token = "", .reason = (why) + 1
/* Of this service alone: the record goes on, with what the pool said. */
#define LEAVES_GROUPS \
    .reason = COG_TOMBSTONE_GROUPS + 1, .renewed = true, .group = "dev"
#define DISABLED GUEST_REFUSED("NotAuthorizedException", "User is disabled.")

static const struct row rows[] = {
    /* Who is refused or let go whatever is on disk. */
    {.name = "denied",
     .config = OPS "deny_users = alice\n",
     .code = COG_E_IDENTITY,
     .message = "deny_users"},
    {.name = "denied where the pool is not asked",
     .service = "cron",
     .config = OPS "deny_users = alice\n",
     .code = COG_E_IDENTITY},
    {.name = "denied comes before skipped",
     .config = OPS "deny_users = alice\nskip_users = alice\n",
     .code = COG_E_IDENTITY},
    {.name = "skipped, though bound",
     .config = OPS "skip_users = alice\n",
     .code = COG_E_SCOPE},
    {.name = "below min_uid, though bound",
     .config = OPS "min_uid = 2000\n",
     .code = COG_E_SCOPE},
    {.name = "unknown here", .unknown = true, .code = COG_E_SCOPE},
    {.name = "denied and unknown here",
     .unknown = true,
     .config = OPS "deny_users = alice\n",
     .code = COG_E_IDENTITY},

    /* Whom no rule admits: another module's, unless he was ours. */
    {.name = "no rule, never ours",
     .config = "allow_users = bob\n",
     .traces = {.unbound = true, .no_record = true},
     .code = COG_E_SCOPE},
    {.name = "no rule any more",
     .config = "allow_users = bob\n",
     .code = COG_E_IDENTITY,
     .message = "no rule"},
    {.name = "no rule any more, where the pool is not asked",
     .config = "allow_users = bob\n",
     .service = "cron",
     .code = COG_E_IDENTITY},
    {.name = "no rule any more, with a tombstone",
     .config = "allow_users = bob\n",
     .traces = {.unbound = true,
                .no_record = true,
                .buried = true,
                .reason = COG_TOMBSTONE_TOKEN},
     .code = COG_E_LOST,
     .reason = COG_TOMBSTONE_TOKEN + 1},

    /* Never signed in. */
    {.name = "never",
     .traces = {.unbound = true, .no_record = true},
     .code = COG_E_NEVER,
     .message = "never signed in"},
    {.name = "never, and no key yet",
     .traces = {.unbound = true, .no_record = true},
     .no_key = true,
     .code = COG_E_NEVER},
    {.name = "never, where the pool is not asked",
     .service = "cron",
     .traces = {.unbound = true, .no_record = true},
     .code = COG_E_SCOPE},
    {.name = "never recorded",
     .traces = {.unrecorded = true, .no_record = true},
     .code = COG_E_NEVER,
     .message = "no sign-in on this host was recorded"},
    {.name = "recorded, whatever the binding knows",
     .traces = {.unrecorded = true},
     .method = "cached"},
    {.name = "never recorded, where the pool is not asked",
     .service = "cron",
     .traces = {.unrecorded = true, .no_record = true},
     .method = "bound"},

    /* What once was there. */
    {.name = "the record is gone",
     .traces = {.no_record = true},
     .code = COG_E_LOST,
     .message = "gone: sign in once"},
    {.name = "gone, where the pool is not asked",
     .service = "cron",
     .traces = {.no_record = true},
     .method = "bound"},
    {.name = "the record is damaged",
     .damaged = "state/records",
     .code = COG_E_LOST,
     .message = "damaged or foreign: sign in once"},
    {.name = "damaged, whatever the binding knows",
     .damaged = "state/records",
     .traces = {.unrecorded = true},
     .code = COG_E_LOST},
    {.name = "damaged, where the pool is not asked",
     .service = "cron",
     .damaged = "state/records",
     .method = "bound"},
    {.name = "spoilt",
     .damaged = "state/records",
     .spoilt = true,
     .code = COG_E_LOST},
    {.name = "spoilt, where the pool is not asked",
     .service = "cron",
     .damaged = "state/records",
     .spoilt = true,
     .code = COG_E_LOST,
     .message = "emptied on a full disk: sign in once"},
    {.name = "spoilt, whatever the binding knows",
     .service = "cron",
     .damaged = "state/records",
     .spoilt = true,
     .traces = {.unrecorded = true},
     .code = COG_E_LOST},
    {.name = "the record was emptied",
     .traces = {.no_token = true},
     .code = COG_E_LOST,
     .message = "gone",
     .token = ""},
    {.name = "emptied, and the pool is silent",
     .traces = {.no_token = true},
     .pause_ago_s = 5,
     .code = COG_E_LOST,
     .token = ""},
    {.name = "the binding is damaged",
     .damaged = "state/bindings",
     .code = COG_E_IDENTITY,
     .message = "binding"},
    {.name = "the binding is damaged, where the pool is not asked",
     .service = "cron",
     .damaged = "state/bindings",
     .code = COG_E_IDENTITY},
    {.name = "bound in another pool",
     .traces = {.issuer = TOKENS_ENDPOINT "us-east-1_Other"},
     .code = COG_E_IDENTITY,
     .message = "cache forget alice"},
    {.name = "bound to somebody else",
     .traces = {.sub = GUEST_OTHER},
     .code = COG_E_LOST,
     .message = "gone"},
    {.name = "another app client",
     .other_client = true,
     .code = COG_E_LOST,
     .message = "damaged or foreign"},
    {.name = "no key",
     .no_key = true,
     .code = COG_E_SYSTEM,
     .message = "seal key"},
    {.name = "no key, where the pool is not asked",
     .service = "cron",
     .no_key = true,
     .code = COG_E_SYSTEM},

    /* Tombstones. */
    {.name = "disabled",
     .traces = {.buried = true},
     .code = COG_E_DISABLED,
     .message = "until a full sign-in",
     .reason = COG_TOMBSTONE_DISABLED + 1},
    {.name = "disabled, where the pool is not asked",
     .service = "cron",
     .traces = {.buried = true},
     .code = COG_E_DISABLED,
     .reason = COG_TOMBSTONE_DISABLED + 1},
    {.name = "deleted",
     .traces = {.buried = true, .reason = COG_TOMBSTONE_NOT_FOUND},
     .code = COG_E_IDENTITY,
     .reason = COG_TOMBSTONE_NOT_FOUND + 1},
    {.name = "a reused token",
     .traces = {.buried = true, .reason = COG_TOMBSTONE_REUSED},
     .code = COG_E_LOST,
     .reason = COG_TOMBSTONE_REUSED + 1},
    {.name = "a tombstone without a binding",
     .traces = {.unbound = true, .no_record = true, .buried = true},
     .code = COG_E_DISABLED,
     .reason = COG_TOMBSTONE_DISABLED + 1},

    {.name = "out of the groups of this service",
     .traces = {GROUPS("sshd")},
     .code = COG_E_IDENTITY,
     .message = "until a full sign-in",
     .reason = COG_TOMBSTONE_GROUPS + 1},
    {.name = "out of the groups of another service",
     .traces = {GROUPS("sudo")},
     .method = "cached",
     .reason = COG_TOMBSTONE_GROUPS + 1},
    {.name = "out of the groups, said a tool",
     .traces = {GROUPS(NULL)},
     .method = "cached",
     .reason = COG_TOMBSTONE_GROUPS + 1},
    {.name = "out of the groups, said a tool, and here is one",
     .no_service = true,
     .traces = {GROUPS(NULL)},
     .code = COG_E_IDENTITY,
     .reason = COG_TOMBSTONE_GROUPS + 1},
    {.name = "out of the groups of another service, where none is asked",
     .service = "cron",
     .traces = {GROUPS("sudo")},
     .method = "bound",
     .reason = COG_TOMBSTONE_GROUPS + 1},
    {.name = "the same, and the record is gone",
     .service = "cron",
     .traces = {GROUPS("sudo"), .no_record = true},
     .code = COG_E_IDENTITY,
     .message = "until a full sign-in"},
    {.name = "the same, and none is known of",
     .traces = {GROUPS("sudo"), .no_record = true, .unrecorded = true},
     .code = COG_E_IDENTITY},
    {.name = "the same, and the record is damaged",
     .service = "cron",
     .traces = {GROUPS("sudo")},
     .damaged = "state/records",
     .code = COG_E_IDENTITY},
    {.name = "out of the groups of another service, and of this one's",
     .traces = {GROUPS("sudo"), .group = "dev"},
     .exchanges = {GUEST_RENEWS(guest_regrouped), GUEST_GETS_KEYS},
     .code = COG_E_IDENTITY,
     .message = "no rule allows",
     .reason = COG_TOMBSTONE_GROUPS + 1},
    {.name = "out of both, and the pool is silent",
     .traces = {GROUPS("sudo"), .group = "dev"},
     .exchanges = {GUEST_FAILS(COG_E_UNREACHABLE)},
     .code = COG_E_IDENTITY,
     .message = "no rule allows",
     .reason = COG_TOMBSTONE_GROUPS + 1},
    {.name = "the tombstone is damaged",
     .traces = {GROUPS("sudo")},
     .damaged = "state/tombstones",
     .code = COG_E_LOST,
     .message = "a full sign-in"},

    /* Mapped to another pool user since the last sign-in. */
    {.name = "another name now: asked",
     .traces = {.username = "albert"},
     .exchanges = {GUEST_RENEWS(guest_bob), GUEST_GETS_KEYS},
     .code = COG_E_IDENTITY,
     .message = "is 'bob'"},
    {.name = "another name now, and the pool is silent",
     .traces = {.username = "albert"},
     .exchanges = {GUEST_FAILS(COG_E_UNREACHABLE)},
     .code = COG_E_IDENTITY,
     .message = "signed in as 'albert', and maps to 'alice' now"},
    {.name = "another name now, where the pool is not asked",
     .service = "cron",
     .traces = {.username = "albert"},
     .code = COG_E_IDENTITY},
    {.name = "another name, which says nothing here",
     .config = OPS "identity_claim = sub\n",
     .traces = {.username = "albert"},
     .method = "cached"},

    /* The pool's last answer is young enough. */
    {.name = "young", .method = "cached"},
    {.name = "by a second", .traces = {.age_s = 239}, .method = "cached"},
    {.name = "the rule that holds is another now",
     .config = ALICE,
     .method = "cached"},
    {.name = "old, where the pool is not asked",
     .service = "cron",
     .traces = {.age_s = 999 * HOUR},
     .method = "bound"},
    {.name = "out of the group, where the pool is not asked",
     .service = "cron",
     .traces = {.group = "dev"},
     .code = COG_E_IDENTITY,
     .message = "no rule allows"},
    {.name = "in a denied group, where the pool is not asked",
     .service = "cron",
     .config = OPS ALICE "deny_pool_groups = ops\n",
     .code = COG_E_IDENTITY,
     .message = "deny_pool_groups"},

    /* It is not. */
    {.name = "renewed",
     STALE,
     .exchanges = {GUEST_RENEWS(guest_tokens), GUEST_GETS_KEYS},
     .method = "recheck",
     .renewed = true},
    {.name = "renewed, and the binding knew of no record",
     .traces = {.age_s = HOUR, .unrecorded = true},
     .exchanges = {GUEST_RENEWS(guest_tokens), GUEST_GETS_KEYS},
     .method = "recheck",
     .renewed = true},
    {.name = "to the second",
     .traces = {.age_s = 240},
     .exchanges = {GUEST_RENEWS(guest_tokens), GUEST_GETS_KEYS},
     .method = "recheck",
     .renewed = true},
    {.name = "beyond the grace",
     TOO_OLD,
     .exchanges = {GUEST_RENEWS(guest_tokens), GUEST_GETS_KEYS},
     .method = "recheck",
     .renewed = true},
    {.name = "never young",
     .config = OPS "account_recheck = 0\n",
     .exchanges = {GUEST_RENEWS(guest_tokens), GUEST_GETS_KEYS},
     .method = "recheck",
     .renewed = true},
    {.name = "asked where it says so",
     .service = "cron",
     .config = OPS "[service cron]\naccount_recheck = 1m\n",
     .exchanges = {GUEST_RENEWS(guest_tokens), GUEST_GETS_KEYS},
     .method = "recheck",
     .renewed = true},
    {.name = "rotated",
     STALE,
     .exchanges = {GUEST_RENEWS(guest_rotated), GUEST_GETS_KEYS},
     .method = "recheck",
     .token = "r.o.t",
     .renewed = true},
    {.name = "new rules, and the pool has put him in the group",
     .traces = {.group = "dev"},
     .exchanges = {GUEST_RENEWS(guest_tokens), GUEST_GETS_KEYS},
     .method = "recheck",
     .renewed = true},

    /* The pool refuses. */
    {.name = "disabled now",
     STALE,
     .exchanges = {DISABLED},
     .code = COG_E_DISABLED,
     .message = "has disabled the user",
     LEAVES(COG_TOMBSTONE_DISABLED)},
    {.name = "deleted now",
     STALE,
     .exchanges = {GUEST_REFUSED("UserNotFoundException", "")},
     .code = COG_E_IDENTITY,
     LEAVES(COG_TOMBSTONE_NOT_FOUND)},
    {.name = "revoked",
     STALE,
     .exchanges = {GUEST_REFUSED("NotAuthorizedException",
                                 "Refresh Token has been revoked")},
     .code = COG_E_LOST,
     LEAVES(COG_TOMBSTONE_TOKEN)},
    {.name = "expired",
     STALE,
     .exchanges = {GUEST_REFUSED("NotAuthorizedException",
                                 "Refresh Token has expired")},
     .code = COG_E_LOST,
     LEAVES(COG_TOMBSTONE_TOKEN)},
    {.name = "the password must be reset",
     STALE,
     .exchanges = {GUEST_REFUSED("PasswordResetRequiredException", "")},
     .code = COG_E_LOST,
     LEAVES(COG_TOMBSTONE_TOKEN)},
    {.name = "stolen",
     STALE,
     .exchanges = {GUEST_REFUSED("RefreshTokenReuseException", "")},
     .code = COG_E_LOST,
     .message = "STOLEN",
     LEAVES(COG_TOMBSTONE_REUSED)},
    {.name = "refused for a reason that may pass",
     STALE,
     .exchanges = {GUEST_REFUSED("NotAuthorizedException", "anything")},
     .code = COG_E_IDENTITY},
    {.name = "refused by a Lambda",
     STALE,
     .exchanges = {GUEST_REFUSED("UserLambdaValidationException", "no")},
     .code = COG_E_IDENTITY},
    {.name = "locked for a while",
     STALE,
     .exchanges = {GUEST_REFUSED("LimitExceededException", "")},
     .code = COG_E_IDENTITY},
    {.name = "out of the group",
     STALE,
     .exchanges = {GUEST_RENEWS(guest_regrouped), GUEST_GETS_KEYS},
     .code = COG_E_IDENTITY,
     .message = "no rule allows",
     LEAVES_GROUPS},
    {.name = "out of the group, with a new token",
     STALE,
     .exchanges = {GUEST_RENEWS(guest_moved), GUEST_GETS_KEYS},
     .code = COG_E_IDENTITY,
     .token = "r.o.t",
     LEAVES_GROUPS},
    {.name = "out of the group, says a tool",
     STALE,
     .no_service = true,
     .exchanges = {GUEST_RENEWS(guest_regrouped), GUEST_GETS_KEYS},
     .code = COG_E_IDENTITY,
     LEAVES_GROUPS},
    {.name = "into a denied group",
     STALE,
     .config = ALICE "deny_pool_groups = dev\n",
     .exchanges = {GUEST_RENEWS(guest_regrouped), GUEST_GETS_KEYS},
     .code = COG_E_IDENTITY,
     LEAVES_GROUPS},
    {.name = "out of the group this service is for: the others stay",
     .service = "sudo",
     .config = "allow_pool_groups = ops dev\n"
               "[service sudo]\n"
               "allow_pool_groups = ops\n",
     STALE,
     .exchanges = {GUEST_RENEWS(guest_regrouped), GUEST_GETS_KEYS},
     .code = COG_E_IDENTITY,
     LEAVES_GROUPS},
    {.name = "never in this service's group: nothing is taken away",
     .config = "allow_pool_groups = admins\n",
     .exchanges = {GUEST_RENEWS(guest_tokens), GUEST_GETS_KEYS},
     .code = COG_E_IDENTITY,
     .message = "no rule allows"},
    {.name = "another pool user's token",
     STALE,
     .config = ALICE,
     .exchanges = {GUEST_RENEWS(guest_other_sub), GUEST_GETS_KEYS},
     .code = COG_E_IDENTITY,
     .message = "bound to another"},
    {.name = "bob's token",
     STALE,
     .config = ALICE,
     .exchanges = {GUEST_RENEWS(guest_bob), GUEST_GETS_KEYS},
     .code = COG_E_IDENTITY,
     .message = "is 'bob'"},
    {.name = "a token signed by somebody else",
     STALE,
     .exchanges = {GUEST_RENEWS(guest_forged), GUEST_GETS_KEYS},
     .code = COG_E_TOKEN},

    /* Nothing new is known. */
    {.name = "unreachable",
     STALE,
     .exchanges = {GUEST_FAILS(COG_E_UNREACHABLE)},
     .method = "grace",
     .note = "scripted"},
    {.name = "unreachable beyond the grace",
     TOO_OLD,
     .exchanges = {GUEST_FAILS(COG_E_UNREACHABLE)},
     .code = COG_E_UNREACHABLE,
     .message = "too old"},
    {.name = "unreachable, by a second",
     .traces = {.age_s = 24 * HOUR - 61},
     .exchanges = {GUEST_FAILS(COG_E_UNREACHABLE)},
     .method = "grace",
     .note = "scripted"},
    {.name = "unreachable, to the second",
     .traces = {.age_s = 24 * HOUR - 60},
     .exchanges = {GUEST_FAILS(COG_E_UNREACHABLE)},
     .code = COG_E_UNREACHABLE},
    {.name = "no grace",
     STALE,
     .config = OPS "recheck_grace = 0\n",
     .exchanges = {GUEST_FAILS(COG_E_UNREACHABLE)},
     .code = COG_E_UNREACHABLE,
     .message = "does not count"},
    {.name = "unreachable, and new rules",
     .traces = {.group = "dev"},
     .exchanges = {GUEST_FAILS(COG_E_UNREACHABLE)},
     .code = COG_E_IDENTITY,
     .message = "no rule allows"},
    {.name = "silent a moment ago",
     STALE,
     .pause_ago_s = 29,
     .method = "grace",
     .note = "a moment ago"},
    {.name = "silent a moment ago, beyond the grace",
     TOO_OLD,
     .pause_ago_s = 29,
     .code = COG_E_UNREACHABLE},
    {.name = "silent a moment ago, and young",
     .pause_ago_s = 29,
     .method = "cached"},
    {.name = "silent half a minute ago",
     STALE,
     .pause_ago_s = 30,
     .exchanges = {GUEST_RENEWS(guest_tokens), GUEST_GETS_KEYS},
     .method = "recheck",
     .renewed = true},
    {.name = "out of order",
     STALE,
     .exchanges = {{.expect = "GetTokensFromRefreshToken", .status = 503}},
     .method = "grace",
     .note = "503"},
    {.name = "out of order beyond the grace",
     TOO_OLD,
     .exchanges = {{.expect = "GetTokensFromRefreshToken", .status = 503}},
     .code = COG_E_NET},
    {.name = "throttled",
     STALE,
     .exchanges = {GUEST_REFUSED("TooManyRequestsException", "")},
     .method = "grace",
     .note = "fewer"},
    {.name = "no keys to verify with",
     STALE,
     .exchanges = {GUEST_RENEWS(guest_rotated), {.expect = TOKENS_JWKS_URL}},
     .method = "grace",
     .token = "r.o.t",
     .note = "scripted"},

    /* What is no outage refuses at once. */
    {.name = "TLS, or a lost reply",
     STALE,
     .exchanges = {GUEST_FAILS(COG_E_PROTOCOL)},
     .code = COG_E_PROTOCOL},
    {.name = "an error of this host",
     STALE,
     .exchanges = {GUEST_FAILS(COG_E_SYSTEM)},
     .code = COG_E_SYSTEM},
    {.name = "no memory",
     STALE,
     .exchanges = {GUEST_FAILS(COG_E_NOMEM)},
     .code = COG_E_NOMEM},
    {.name = "nonsense",
     STALE,
     .exchanges = {GUEST_RENEWS("<html>")},
     .code = COG_E_PROTOCOL},
    {.name = "a challenge",
     STALE,
     .exchanges = {GUEST_RENEWS("{\"ChallengeName\":\"SMS_MFA\","
                                "\"Session\":\"s\"}")},
     .code = COG_E_PROTOCOL},
    {.name = "the app client is set up wrongly",
     STALE,
     .exchanges = {GUEST_REFUSED("NotAuthorizedException",
                                 "Client 7 is configured with secret but secret"
                                 " was not received")},
     .code = COG_E_CLIENT},

    /* Clocks. */
    {.name = "set back: asked",
     .clock_s = -HOUR,
     .exchanges = {GUEST_RENEWS(guest_tokens), GUEST_GETS_KEYS},
     .code = COG_E_TOKEN,
     .message = "future"},
    {.name = "set back by a little: asked",
     .clock_s = -61,
     .exchanges = {GUEST_RENEWS(guest_tokens), GUEST_GETS_KEYS},
     .method = "recheck",
     .renewed = true},
    {.name = "set back: no grace",
     .clock_s = -HOUR,
     .exchanges = {GUEST_FAILS(COG_E_UNREACHABLE)},
     .code = COG_E_UNREACHABLE,
     .message = "too old"},
    {.name = "set forward: asked",
     .clock_s = HOUR - 60,
     .exchanges = {GUEST_RENEWS(guest_tokens), GUEST_GETS_KEYS},
     .method = "recheck",
     .renewed = true},
    {.name = "set forward: no grace",
     .clock_s = 24 * HOUR,
     .exchanges = {GUEST_FAILS(COG_E_UNREACHABLE)},
     .code = COG_E_UNREACHABLE},
};

static void
check_part(const char *what, const char *got, const char *want)
{
    if (want == NULL ? *got != '\0' : strstr(got, want) == NULL) {
        fail_msg("%s is '%s', want '%s'", what, got, want == NULL ? "" : want);
    }
}

/* The store as an account phase opens it. */
static struct cog_store *
open_store(bool with_key)
{
    struct cog_store_input input = shelf_input();
    struct cog_store *store = NULL;
    struct cog_err err = COG_ERR_INIT;

    if (!with_key)
        assert_int_equal(unlink(shelf_path("state/seal.key")), 0);
    input.may_make_key = false;
    assert_int_equal(cog_store_open(&input, &store, &err), 0);
    return store;
}

static void
prepare(const struct row *row, struct guest *g, struct cog_store *store)
{
    guest_open(g, store, row->config == NULL ? OPS : row->config,
               row->service == NULL ? "sshd" : row->service);
    if (row->no_service)
        g->login.service = NULL;
    g->prepared.local.account.exists = !row->unknown;
    g->world.unix_s += row->clock_s;
    g->world.exchanges = row->exchanges;
    while (row->exchanges[g->world.exchange_count].expect != NULL)
        g->world.exchange_count++;
    if (row->other_client)
        g->prepared.config.client_id[0] = 'X';
    if (row->pause_ago_s > 0) {
        cog_pause_begin(store, TOKENS_ENDPOINT,
                        g->world.boot_s - row->pause_ago_s);
    }
}

static void
check_decision(const struct row *row, const struct guest *g, int rc)
{
    if (g->err.code != row->code)
        fail_msg("code %d: %s", (int)g->err.code, g->err.msg);
    assert_int_equal(rc, row->code == COG_OK ? 0 : -1);
    check_part("note", g->facts.note.msg, row->note);
    if (row->traces.buried && !row->traces.unbound && row->damaged == NULL)
        assert_string_equal(g->facts.sub, TOKENS_SUB);
    if (row->code != COG_OK) {
        check_part("message", g->err.msg,
                   row->message == NULL ? "" : row->message);
        return;
    }
    assert_string_equal(g->facts.method, row->method);
    assert_string_equal(g->facts.sub, TOKENS_SUB);
    assert_string_equal(g->facts.mfa, "");
}

static void
check_marked(struct cog_store *store)
{
    struct cog_binding binding = {.recorded = false};
    struct cog_err err = COG_ERR_INIT;
    bool found = false;

    assert_int_equal(cog_binding_read(store, "alice", &binding, &found, &err),
                     0);
    assert_true(binding.recorded);
}

/* A test looks with the key it took away. */
static void
check_store(const struct row *row, const struct guest *g)
{
    struct cog_store *store;
    struct guest_left left;

    if (row->no_key || row->damaged != NULL || row->traces.no_record)
        return;
    store = shelf_open();
    guest_check(store, row->token == NULL ? "r.e.f" : row->token,
                row->reason - 1);
    left = guest_look(store);
    assert_int_equal(left.record.online_s,
                     row->renewed ? g->world.unix_s
                                  : GUEST_NOW - 60 - row->traces.age_s);
    assert_int_equal(left.record.interactive_s,
                     GUEST_NOW - 60 - row->traces.age_s);
    assert_int_equal(left.record.tries_left,
                     row->reason > 0 && left.record.refresh_token.len == 0
                         ? 0
                         : COG_RECORD_TRIES);
    if (row->renewed) {
        assert_int_equal(left.record.groups.count, 1);
        assert_string_equal(left.record.groups.item[0],
                            row->group == NULL ? "ops" : row->group);
    }
    if (row->group != NULL) {
        assert_string_equal(left.tombstone.service,
                            g->login.service == NULL ? "" : g->login.service);
    }
    if (row->renewed && row->group == NULL)
        check_marked(store);
    cog_record_clear(&left.record);
    cog_store_close(store);
}

static bool
is_silence(const struct row *row)
{
    return row->exchanges[0].expect != NULL && row->exchanges[0].status == 0 &&
           row->exchanges[0].fail == COG_E_UNREACHABLE;
}

static void
run(const struct row *row)
{
    struct cog_store *store = shelf_open();
    struct guest g;
    int rc;

    guest_leave(store, &row->traces);
    cog_store_close(store);
    if (row->damaged != NULL)
        shelf_write(shelf_only(row->damaged), "nonsense\n",
                    row->spoilt ? 0 : 9);
    store = open_store(!row->no_key);
    prepare(row, &g, store);
    rc = cog_recheck_account(&g.env, &g.login, &g.facts, &g.err);
    check_decision(row, &g, rc);
    if (row->pause_ago_s == 0) {
        assert_int_equal(
            cog_pause_holds(store, TOKENS_ENDPOINT, g.world.boot_s),
            is_silence(row));
    }
    check_store(row, &g);
    guest_close(&g);
    cog_store_close(store);
}

static void
row_by_row(void **state)
{
    for (size_t i = 0; i < COG_COUNT(rows); i++) {
        print_message("%s\n", rows[i].name);
        run(&rows[i]);
        shelf_renew(state);
    }
}

/* Once refused, refused without asking, until a full sign-in. */
static void
the_second_and_third_time(void **state)
{
    static const struct world_exchange disabled[] = {DISABLED};
    static const char *const services[] = {"sshd", "cron", "sudo", "sshd"};
    const struct guest_traces traces = {.age_s = HOUR};
    struct cog_store *store = shelf_open();

    (void)state;
    guest_leave(store, &traces);
    for (size_t i = 0; i < COG_COUNT(services); i++) {
        struct guest g;

        guest_open(&g, store, OPS, services[i]);
        if (i == 0)
            WORLD_EXCHANGES(&g.world, disabled);
        assert_int_equal(
            cog_recheck_account(&g.env, &g.login, &g.facts, &g.err), -1);
        assert_int_equal(g.err.code, COG_E_DISABLED);
        guest_close(&g);
    }
    cog_store_close(store);
}

/* A process that died in between, or a disk that was full: what is left of
 * the record must not let anybody in. */
static void
a_tombstone_that_cannot_be_left(void **state)
{
    static const struct world_exchange disabled[] = {DISABLED};
    const struct guest_traces traces = {.age_s = HOUR};
    struct cog_store *store = shelf_open();
    struct guest g;

    (void)state;
    guest_leave(store, &traces);
    assert_int_equal(rmdir(shelf_path("state/tombstones")), 0);
    for (int i = 0; i < 2; i++) {
        guest_open(&g, store, OPS, "sshd");
        if (i == 0)
            WORLD_EXCHANGES(&g.world, disabled);
        cog_pause_begin(store, TOKENS_ENDPOINT,
                        i == 0 ? 0 : g.world.boot_s - 1);
        assert_int_equal(
            cog_recheck_account(&g.env, &g.login, &g.facts, &g.err), -1);
        assert_int_equal(g.err.code, i == 0 ? COG_E_DISABLED : COG_E_LOST);
        check_part("note", g.facts.note.msg,
                   i == 0 ? "no tombstone could be left: " : NULL);
        guest_close(&g);
    }
    guest_open(&g, store, OPS, "cron");
    assert_int_equal(cog_recheck_account(&g.env, &g.login, &g.facts, &g.err),
                     -1);
    assert_int_equal(g.err.code, COG_E_LOST);
    guest_close(&g);
    cog_store_close(store);
}

#define HELD "another process has it"
#define ANSWERS(http)                               \
    {                                               \
        .expect = TOKENS_JWKS_URL, .status = (http) \
    }
#define IS_SILENT(e)                                      \
    {                                                     \
        .expect = TOKENS_JWKS_URL, .status = 0, .fail = e \
    }

/* Somebody else is asking, or was stopped while he did: what is on disk counts
 * on for a minute, and for the grace only in an outage. */
static void
a_lock_somebody_else_holds(void **state)
{
    static const struct {
        struct guest_traces traces;
        enum cog_errc code;
        const char *config; /* NULL: OPS */
        const char *note;   /* part of it */
        struct world_exchange exchange;
        bool paused;
    } cases[] = {
        {.traces = {.age_s = 0}},
        {.traces = {.age_s = 299}, .note = HELD},
        {.traces = {.age_s = 300}, .code = COG_E_NET, .exchange = ANSWERS(200)},
        {.traces = {.age_s = 300}, .code = COG_E_NET, .exchange = ANSWERS(404)},
        {.traces = {.age_s = 240},
         .code = COG_E_NET,
         .config = OPS "recheck_grace = 0\n",
         .exchange = ANSWERS(200)},
        {.traces = {.age_s = -1},
         .config = OPS "account_recheck = 0\n",
         .note = HELD},
        {.traces = {.age_s = 0},
         .code = COG_E_NET,
         .config = OPS "account_recheck = 0\n",
         .exchange = ANSWERS(200)},
        {.traces = {.age_s = HOUR},
         .note = "scripted failure",
         .exchange = IS_SILENT(COG_E_UNREACHABLE)},
        {.traces = {.age_s = HOUR}, .note = "503", .exchange = ANSWERS(503)},
        {.traces = {.age_s = HOUR}, .note = "a moment ago", .paused = true},
        {.traces = {.age_s = 24 * HOUR},
         .code = COG_E_UNREACHABLE,
         .exchange = IS_SILENT(COG_E_UNREACHABLE)},
        {.traces = {.age_s = HOUR, .group = "dev"},
         .code = COG_E_IDENTITY,
         .exchange = IS_SILENT(COG_E_UNREACHABLE)},
        /* This host's own faults, and whoever answers in the pool's place. */
        {.traces = {.age_s = HOUR},
         .code = COG_E_NET,
         .exchange = IS_SILENT(COG_E_SYSTEM)},
        {.traces = {.age_s = HOUR},
         .code = COG_E_NET,
         .exchange = IS_SILENT(COG_E_PROTOCOL)},
    };

    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        struct cog_store *store = shelf_open();
        struct cog_err err = COG_ERR_INIT;
        struct guest g;
        int lock = -1;

        guest_leave(store, &cases[i].traces);
        assert_int_equal(cog_userlock_take(store, "alice", 0, &lock, &err), 0);
        guest_open(&g, store, cases[i].config == NULL ? OPS : cases[i].config,
                   "sshd");
        if (cases[i].exchange.expect != NULL) {
            g.world.exchanges = &cases[i].exchange;
            g.world.exchange_count = 1;
        }
        if (cases[i].paused)
            cog_pause_begin(store, TOKENS_ENDPOINT, g.world.boot_s - 1);
        assert_int_equal(
            cog_recheck_account(&g.env, &g.login, &g.facts, &g.err),
            cases[i].code == COG_OK ? 0 : -1);
        assert_int_equal(g.err.code, cases[i].code);
        if (cases[i].code == COG_OK) {
            assert_string_equal(g.facts.method, cases[i].traces.age_s < HOUR
                                                    ? "cached"
                                                    : "grace");
            check_part("note", g.facts.note.msg, cases[i].note);
        }
        assert_int_equal(
            cog_pause_holds(store, TOKENS_ENDPOINT, g.world.boot_s),
            cases[i].paused || cases[i].exchange.fail == COG_E_UNREACHABLE);
        guest_close(&g);
        assert_int_equal(close(lock), 0);
        cog_store_close(store);
        shelf_renew(state);
    }
}

/* What whoever holds the lock has left meanwhile is what counts. */
static void
the_answer_somebody_else_got(void **state)
{
    static const struct {
        struct guest_traces left;
        enum cog_errc code;
        const char *note; /* part of it */
        bool silent;      /* the pool was, just now */
        bool lets_go;     /* of the lock */
    } cases[] = {
        {.left = {.age_s = -60}, .note = HELD},
        {.left = {.age_s = -60, .group = "dev"}, .code = COG_E_IDENTITY},
        {.left = {.age_s = -60, .no_token = true}, .code = COG_E_NET},
        {.left = {.buried = true}, .code = COG_E_DISABLED},
        {.left = {.age_s = HOUR}, .silent = true, .note = "a moment ago"},
        {.left = {.no_token = true, .buried = true},
         .lets_go = true,
         .code = COG_E_DISABLED},
    };
    const struct guest_traces before = {.age_s = HOUR};

    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        struct cog_store *store = shelf_open();
        struct cog_err err = COG_ERR_INIT;
        struct guest g;
        int lock = -1;
        pid_t pid;

        guest_leave(store, &before);
        assert_int_equal(cog_userlock_take(store, "alice", 0, &lock, &err), 0);
        guest_open(&g, store, OPS, "sshd");
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            (void)poll(NULL, 0, 300);
            guest_leave(store, &cases[i].left);
            if (cases[i].silent)
                cog_pause_begin(store, TOKENS_ENDPOINT, g.world.boot_s - 1);
            _exit(0);
        }
        if (cases[i].lets_go) { /* the child's is the last one */
            assert_int_equal(close(lock), 0);
            lock = -1;
        }
        (void)!cog_recheck_account(&g.env, &g.login, &g.facts, &g.err);
        assert_int_equal(g.err.code, cases[i].code);
        check_part("note", g.facts.note.msg, cases[i].note);
        guest_close(&g);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        if (lock >= 0)
            assert_int_equal(close(lock), 0);
        cog_store_close(store);
        shelf_renew(state);
    }
}

/* Somebody else gets it while we look whether the pool is there. */
static struct cog_transport to_the_world;
static struct cog_store *the_store;

static int
send_late(void *ctx, const struct cog_http_request *request,
          struct cog_http_reply *reply, struct cog_err *err)
{
    const struct guest_traces fresh = {.age_s = -60};

    guest_leave(the_store, &fresh);
    return to_the_world.send(ctx, request, reply, err);
}

static void
the_answer_somebody_else_got_late(void **state)
{
    static const struct world_exchange there[] = {ANSWERS(200)};
    const struct guest_traces before = {.age_s = HOUR};
    struct cog_store *store = shelf_open();
    struct cog_err err = COG_ERR_INIT;
    struct guest g;
    int lock = -1;

    (void)state;
    guest_leave(store, &before);
    assert_int_equal(cog_userlock_take(store, "alice", 0, &lock, &err), 0);
    guest_open(&g, store, OPS, "sshd");
    WORLD_EXCHANGES(&g.world, there);
    the_store = store;
    to_the_world = g.env.transport;
    g.env.transport.send = send_late;
    assert_int_equal(cog_recheck_account(&g.env, &g.login, &g.facts, &g.err),
                     0);
    assert_string_equal(g.facts.method, "cached");
    check_part("note", g.facts.note.msg, HELD);
    guest_close(&g);
    assert_int_equal(close(lock), 0);
    cog_store_close(store);
}

/* Where there can be no lock nobody else is asking: that is a fault. */
static void
no_lock_to_be_had(void **state)
{
    const struct guest_traces traces = {.age_s = HOUR};
    struct cog_store *store = shelf_open();
    struct guest g;

    (void)state;
    guest_leave(store, &traces);
    assert_int_equal(rmdir(shelf_path("state/locks")), 0);
    guest_open(&g, store, OPS, "sshd");
    assert_int_equal(cog_recheck_account(&g.env, &g.login, &g.facts, &g.err),
                     -1);
    assert_int_equal(g.err.code, COG_E_SYSTEM);
    guest_close(&g);
    cog_store_close(store);
}

/* A store that is not there, or not as it must be. */
static void
without_a_store(void **state)
{
    static const struct {
        const char *config;
        bool unsound;
        enum cog_errc code;
    } cases[] = {
        {OPS, false, COG_E_SYSTEM},
        {OPS, true, COG_E_SYSTEM},
        /* Nobody can have been ours where there never was one. */
        {"allow_users = bob\n", false, COG_E_SCOPE},
        {"allow_users = bob\n", true, COG_E_SYSTEM},
        {OPS "deny_users = alice\n", true, COG_E_IDENTITY},
        {OPS "skip_users = alice\n", true, COG_E_SCOPE},
    };
    static const char *const services[] = {"sshd", "cron"};

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases) * COG_COUNT(services); i++) {
        struct guest g;

        guest_open(&g, NULL, cases[i / 2].config, services[i % 2]);
        g.login.no_store = "no such directory";
        g.login.store_unsound = cases[i / 2].unsound;
        assert_int_equal(
            cog_recheck_account(&g.env, &g.login, &g.facts, &g.err), -1);
        assert_int_equal(g.err.code, cases[i / 2].code);
        guest_close(&g);
    }
}

/* Files in the place of ours: no record, no success, nothing asked. */
static void
what_is_no_file_of_ours(void **state)
{
    static const struct {
        const char *below;
        enum cog_errc code;
    } places[] = {
        {"state/bindings", COG_E_IDENTITY},
        {"state/records", COG_E_LOST},
        {"state/tombstones", COG_E_LOST},
    };
    const struct guest_traces traces = {.buried = true};

    for (size_t i = 0; i < COG_COUNT(places) * SHELF_KINDS; i++) {
        const size_t place = i / SHELF_KINDS;
        struct cog_store *store = shelf_open();
        struct guest g;
        const char *name;

        guest_leave(store, &traces);
        if (place == 1)
            assert_int_equal(unlink(shelf_only("state/tombstones")), 0);
        name = shelf_replace(shelf_only(places[place].below), i % SHELF_KINDS);
        guest_open(&g, store, OPS, "sshd");
        if (cog_recheck_account(&g.env, &g.login, &g.facts, &g.err) == 0)
            fail_msg("%s in %s lets in", name, places[place].below);
        if (g.err.code != COG_E_SYSTEM)
            assert_int_equal(g.err.code, places[place].code);
        guest_close(&g);
        cog_store_close(store);
        shelf_renew(state);
    }
}

/* Nothing is written on a path that changes nothing. */
static void
a_young_record_is_left_alone(void **state)
{
    const struct guest_traces traces = {.age_s = 0};
    struct cog_store *store = shelf_open();
    struct stat before;
    struct stat after;
    struct guest g;

    (void)state;
    guest_leave(store, &traces);
    assert_int_equal(stat(shelf_only("state/records"), &before), 0);
    guest_open(&g, store, OPS, "sshd");
    assert_int_equal(cog_recheck_account(&g.env, &g.login, &g.facts, &g.err),
                     0);
    guest_close(&g);
    assert_int_equal(stat(shelf_only("state/records"), &after), 0);
    assert_int_equal(before.st_ino, after.st_ino);
    assert_int_equal(shelf_count("state/locks"), 0);
    assert_int_equal(shelf_count("run/tickets"), 0);
    cog_store_close(store);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        SHELF_TEST(row_by_row),
        SHELF_TEST(the_second_and_third_time),
        SHELF_TEST(a_tombstone_that_cannot_be_left),
        SHELF_TEST(a_lock_somebody_else_holds),
        SHELF_TEST(the_answer_somebody_else_got),
        SHELF_TEST(the_answer_somebody_else_got_late),
        SHELF_TEST(no_lock_to_be_had),
        SHELF_TEST(without_a_store),
        SHELF_TEST(what_is_no_file_of_ours),
        SHELF_TEST(a_young_record_is_left_alone),
    };

    return cmocka_run_group_tests(tests, guest_setup, tokens_teardown);
}
