/* SPDX-License-Identifier: MIT */
/*
 * Sign-in while nothing of the pool is heard: what is on disk, what is typed,
 * what comes out and what is on disk then. The script is exact.
 */
#include "lib/login/offline.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/store/userlock.h"
#include "tests/unit/guest.h"

#define OPS     "allow_pool_groups = ops\n"
#define OFFLINE OPS "offline = yes\n"
#define HOUR    INT64_C(3600)
#define KNOWN   .password = GUEST_PASSWORD

#define SILENCE                                                          \
    {                                                                    \
        .expect = "InitiateAuth", .status = 0, .fail = COG_E_UNREACHABLE \
    }
#define REFUSES(type, message)                   \
    {                                            \
        .expect = "InitiateAuth", .status = 400, \
        .body = GUEST_ERROR(type, message),      \
    }
#define WRONG_ONLINE \
    REFUSES("NotAuthorizedException", "Incorrect username or password.")
#define CHALLENGE(name)                                                \
    "{\"ChallengeName\":\"" name "\",\"Session\":\"s1\",\"ChallengePa" \
    "rameters\":{}}"

/* One sign-in. */
struct row {
    const char *name;
    const char *config;  /* NULL: OFFLINE */
    const char *service; /* NULL: sshd */
    struct guest_traces traces;
    const char *typed;   /* NULL: GUEST_PASSWORD */
    const char *damaged; /* directory whose one file is overwritten */
    bool other_client;   /* the app client is another now */
    bool no_store;
    bool read_only;
    enum cog_stacked stacked;
    int64_t clock_s;                    /* how far the clock was moved */
    struct world_exchange exchanges[4]; /* none: SILENCE */
    struct world_answer more;           /* asked besides */
    bool patient;                       /* there is time for another try */
    /* What must come out. */
    enum cog_errc code;
    const char *message; /* part of it */
    unsigned spent;      /* tries on disk then */
    bool hashed;         /* the password was looked at */
};

#define LET_IN            .hashed = true
#define NOT_POSSIBLE(why) .code = COG_E_UNREACHABLE, .message = "offline " why

static const struct row rows[] = {
    {.name = "right", .traces = {KNOWN}, LET_IN},
    {.name = "right, and stacked",
     .traces = {KNOWN},
     .stacked = COG_STACKED_ONLY,
     LET_IN},
    {.name = "right, with the last try",
     .traces = {KNOWN, .spent = 4},
     .spent = 4,
     LET_IN},
    {.name = "right, by a second",
     .traces = {KNOWN, .age_s = 72 * HOUR - 61},
     LET_IN},
    {.name = "right, and the token was refused or is gone",
     .traces = {KNOWN, .no_token = true},
     LET_IN},
    {.name = "after a second factor, where that is said",
     .config = OFFLINE "offline_without_mfa = yes\n",
     .traces = {KNOWN, .second_factor = true},
     LET_IN},
    {.name = "sudo, where its section says so",
     .config = OPS "[service sudo]\noffline = yes\n",
     .service = "sudo",
     .traces = {KNOWN},
     LET_IN},
    {.name = "as silent the third time",
     .patient = true,
     .traces = {KNOWN},
     .exchanges = {SILENCE, SILENCE, SILENCE},
     LET_IN},

    /* Wrong: like any wrong password. */
    {.name = "wrong",
     .typed = "Passw0rd?",
     .traces = {KNOWN},
     .code = COG_E_DENIED,
     .message = "wrong password, offline",
     .spent = 1,
     .hashed = true},
    {.name = "wrong, with the last try",
     .typed = "Passw0rd?",
     .traces = {KNOWN, .spent = 4},
     .code = COG_E_DENIED,
     .spent = 5,
     .hashed = true},
    {.name = "wrong, and denied: like anyone",
     .config = OFFLINE "deny_users = alice\n",
     .typed = "Passw0rd?",
     .traces = {KNOWN},
     .code = COG_E_DENIED,
     .spent = 1,
     .hashed = true},
    {.name = "wrong and stacked, then right",
     .stacked = COG_STACKED_TRY,
     .typed = "Passw0rd?",
     .traces = {KNOWN},
     .exchanges = {SILENCE, SILENCE},
     .more = {COG_TEXT_PASSWORD_PROMPT, false, GUEST_PASSWORD, 0},
     .spent = 1,
     LET_IN},
    {.name = "no password at all",
     .typed = "",
     .traces = {KNOWN},
     .exchanges = {{.expect = NULL}},
     .code = COG_E_DENIED},

    /* Right, and the rules no longer admit him. */
    {.name = "mapped to another pool user now",
     .traces = {KNOWN, .username = "albert"},
     .code = COG_E_IDENTITY,
     .message = "maps to 'alice' now",
     .hashed = true},
    {.name = "mapped to whomever, by another claim",
     .config = OFFLINE "identity_claim = sub\n",
     .traces = {KNOWN, .username = "albert"},
     LET_IN},
    {.name = "right, and refused by the groups of another service",
     .traces = {KNOWN, .buried = true, .reason = COG_TOMBSTONE_GROUPS,
                .service = "sudo"},
     LET_IN},
    {.name = "right, and refused by the groups of this service",
     .traces = {KNOWN, .buried = true, .reason = COG_TOMBSTONE_GROUPS,
                .service = "sshd"},
     NOT_POSSIBLE("refused until a full sign-in")},
    {.name = "denied",
     .config = OFFLINE "deny_users = alice\n",
     .traces = {KNOWN},
     .code = COG_E_IDENTITY,
     .message = "deny_users",
     .hashed = true},
    {.name = "was in another group",
     .traces = {KNOWN, .group = "dev"},
     .code = COG_E_IDENTITY,
     .message = "no rule allows",
     .hashed = true},
    {.name = "was in a group that is denied now",
     .config = OFFLINE "deny_pool_groups = ops\n",
     .traces = {KNOWN},
     .code = COG_E_IDENTITY,
     .hashed = true},

    /* Not possible: nobody learns more of it than that. */
    {.name = "off",
     .config = OPS,
     .traces = {KNOWN},
     .code = COG_E_UNREACHABLE,
     .message = "scripted"},
    {.name = "off in this service",
     .config = OFFLINE "[service sshd]\noffline = no\n",
     .traces = {KNOWN},
     .code = COG_E_UNREACHABLE,
     .message = "scripted"},
    {.name = "sudo, by what holds for all",
     .service = "sudo",
     .traces = {KNOWN},
     .code = COG_E_UNREACHABLE,
     .message = "scripted"},
    {.name = "su, by what holds for all",
     .service = "su-l",
     .traces = {KNOWN},
     .code = COG_E_UNREACHABLE},
    {.name = "polkit, by what holds for all",
     .service = "polkit-1",
     .traces = {KNOWN},
     .code = COG_E_UNREACHABLE},
    {.name = "a test of an administrator's",
     .read_only = true,
     .traces = {KNOWN},
     NOT_POSSIBLE("nothing is tried by a test")},
    {.name = "no store",
     .no_store = true,
     .traces = {KNOWN},
     NOT_POSSIBLE("nothing is on record")},
    {.name = "never signed in",
     .traces = {.unbound = true, .no_record = true},
     NOT_POSSIBLE("no sign-in of this user")},
    {.name = "no record",
     .traces = {.no_record = true},
     NOT_POSSIBLE("no sign-in of this user")},
    {.name = "a record without its binding",
     .traces = {KNOWN, .unbound = true},
     NOT_POSSIBLE("no sign-in of this user")},
    {.name = "a record of somebody else",
     .traces = {KNOWN, .sub = GUEST_OTHER},
     NOT_POSSIBLE("no sign-in of this user")},
    {.name = "the record is damaged",
     .traces = {KNOWN},
     .damaged = "state/records",
     NOT_POSSIBLE("no sign-in of this user")},
    {.name = "another app client",
     .traces = {KNOWN},
     .other_client = true,
     NOT_POSSIBLE("no sign-in of this user")},
    {.name = "the binding is damaged",
     .traces = {KNOWN},
     .damaged = "state/bindings",
     NOT_POSSIBLE("")},
    {.name = "bound in another pool",
     .traces = {KNOWN, .issuer = TOKENS_ENDPOINT "us-east-1_Other"},
     NOT_POSSIBLE("bound to another")},
    {.name = "disabled",
     .traces = {KNOWN, .buried = true},
     NOT_POSSIBLE("refused until a full sign-in")},
    {.name = "signed out",
     .traces = {KNOWN, .buried = true, .reason = COG_TOMBSTONE_TOKEN},
     NOT_POSSIBLE("refused until a full sign-in")},
    {.name = "the tombstone is damaged",
     .traces = {KNOWN, .buried = true},
     .damaged = "state/tombstones",
     NOT_POSSIBLE("")},
    {.name = "no password is known",
     .traces = {.age_s = 0},
     NOT_POSSIBLE("no password of this user")},
    {.name = "after a second factor",
     .traces = {KNOWN, .second_factor = true},
     NOT_POSSIBLE("a second factor")},
    {.name = "no tries left",
     .traces = {KNOWN, .spent = 5},
     .spent = 5,
     NOT_POSSIBLE("too many")},

    /* Times. */
    {.name = "too long ago",
     .traces = {KNOWN, .age_s = 72 * HOUR - 60},
     NOT_POSSIBLE("the last sign-in is too long ago")},
    {.name = "too long ago, though the pool was asked since",
     .traces = {KNOWN, .typed_age_s = 72 * HOUR},
     NOT_POSSIBLE("the last sign-in is too long ago")},
    {.name = "a shorter age",
     .config = OFFLINE "offline_max_age = 1m\n",
     .traces = {KNOWN},
     NOT_POSSIBLE("the last sign-in is too long ago")},
    {.name = "the clock was set forward",
     .clock_s = 72 * HOUR,
     .traces = {KNOWN},
     NOT_POSSIBLE("the last sign-in is too long ago")},
    {.name = "the clock was set back",
     .clock_s = -61,
     .traces = {KNOWN},
     NOT_POSSIBLE("the last sign-in is too long ago")},
    {.name = "the clock was set back behind the last answer",
     .clock_s = -61,
     .traces = {KNOWN, .typed_age_s = HOUR},
     NOT_POSSIBLE("the last sign-in is too long ago")},

    {.name = "signed in after what the clock says now",
     .traces = {KNOWN, .typed_age_s = -61},
     NOT_POSSIBLE("the last sign-in is too long ago")},

    /* Something of the pool was heard, or it is this host that fails. */
    {.name = "out of order",
     .traces = {KNOWN},
     .exchanges = {{.expect = "InitiateAuth", .status = 503}},
     .code = COG_E_NET},
    {.name = "out of order, then silent",
     .patient = true,
     .traces = {KNOWN},
     .exchanges = {{.expect = "InitiateAuth", .status = 503}, SILENCE, SILENCE},
     .code = COG_E_UNREACHABLE,
     .message = "scripted"},
    {.name = "throttled",
     .traces = {KNOWN},
     .exchanges = {REFUSES("TooManyRequestsException", "")},
     .code = COG_E_THROTTLED},
    {.name = "cut off in the middle",
     .traces = {KNOWN},
     .exchanges = {{.expect = "InitiateAuth", .fail = COG_E_NET}},
     .code = COG_E_NET},
    {.name = "TLS",
     .traces = {KNOWN},
     .exchanges = {{.expect = "InitiateAuth", .fail = COG_E_PROTOCOL}},
     .code = COG_E_PROTOCOL},
    {.name = "an error of this host",
     .traces = {KNOWN},
     .exchanges = {{.expect = "InitiateAuth", .fail = COG_E_SYSTEM}},
     .code = COG_E_SYSTEM},
    {.name = "no memory",
     .traces = {KNOWN},
     .exchanges = {{.expect = "InitiateAuth", .fail = COG_E_NOMEM}},
     .code = COG_E_NOMEM},
    {.name = "nonsense",
     .traces = {KNOWN},
     .exchanges = {{.expect = "InitiateAuth", .status = 200, .body = "<p>"}},
     .code = COG_E_PROTOCOL},
    {.name = "the app client is set up wrongly",
     .traces = {KNOWN},
     .exchanges = {REFUSES("ResourceNotFoundException", "")},
     .code = COG_E_CLIENT},
    {.name = "silent after the password was proven",
     .traces = {KNOWN},
     .exchanges = {{.expect = "InitiateAuth",
                    .status = 200,
                    .body = CHALLENGE("SOFTWARE_TOKEN_MFA")},
                   {.expect = "RespondToAuthChallenge",
                    .fail = COG_E_UNREACHABLE}},
     .more = {COG_TEXT_TOTP, true, "123456", 0},
     .code = COG_E_UNREACHABLE,
     .message = "scripted"},
    {.name = "silent after the tokens came",
     .traces = {KNOWN},
     .exchanges = {{.expect = "InitiateAuth",
                    .status = 200,
                    .body = guest_tokens},
                   {.expect = TOKENS_JWKS_URL, .fail = COG_E_UNREACHABLE}},
     .code = COG_E_UNREACHABLE,
     .message = "scripted"},
    {.name = "silent after the pool had forgotten this host",
     .config = OFFLINE "remember_device = yes\n",
     .traces = {KNOWN, .device = true, .confirmed = true},
     .exchanges = {{.expect = "InitiateAuth",
                    .holds = {GUEST_DEVICE},
                    .status = 400,
                    .body = GUEST_ERROR("ResourceNotFoundException",
                                        "Device does not exist.")},
                   SILENCE},
     .code = COG_E_UNREACHABLE,
     .message = "scripted"},
};

static const struct world_exchange silence[] = {SILENCE};

static void
prepare(const struct row *row, struct guest *g, struct cog_store *store,
        struct world_answer answers[2])
{
    const char *typed = row->typed == NULL ? GUEST_PASSWORD : row->typed;

    guest_open(g, row->no_store ? NULL : store,
               row->config == NULL ? OFFLINE : row->config,
               row->service == NULL ? "sshd" : row->service);
    g->login.stacked = row->stacked;
    g->login.read_only = row->read_only;
    g->world.unix_s += row->clock_s;
    g->world.pause_fail = row->patient ? COG_OK : COG_E_NET;
    g->world.exchanges = row->exchanges;
    while (row->exchanges[g->world.exchange_count].expect != NULL)
        g->world.exchange_count++;
    if (g->world.exchange_count == 0 && *typed != '\0')
        WORLD_EXCHANGES(&g->world, silence);
    answers[0] =
        (struct world_answer){COG_TEXT_PASSWORD_PROMPT, false, typed, COG_OK};
    answers[1] = row->more;
    g->world.answers = answers;
    g->world.answer_count = row->more.expect == COG_TEXT_NONE ? 1 : 2;
    if (row->other_client)
        g->prepared.config.client_id[0] = 'X';
}

static void
check_decision(const struct row *row, const struct guest *g, int rc)
{
    if (g->err.code != row->code)
        fail_msg("code %d: %s", (int)g->err.code, g->err.msg);
    assert_int_equal(rc, row->code == COG_OK ? 0 : -1);
    if (row->message != NULL && strstr(g->err.msg, row->message) == NULL)
        fail_msg("message '%s'", g->err.msg);
    assert_int_equal(guest_hashes > 0, row->hashed);
    if (row->code != COG_OK)
        return;
    assert_string_equal(g->facts.method, "offline");
    assert_string_equal(g->facts.sub, TOKENS_SUB);
    assert_string_equal(g->facts.rule, "allowed by allow_pool_groups");
    assert_string_equal(g->facts.mfa, "");
    assert_non_null(strstr(g->facts.note.msg, "scripted"));
}

/* But for the tries all is as it was: what is said here is no word of the
 * pool's. */
static void
check_store(const struct row *row, struct cog_store *store)
{
    const struct guest_traces *traces = &row->traces;
    struct guest_left left;

    assert_int_equal(shelf_count("run/tickets"), 0);
    if (row->damaged != NULL || traces->no_record)
        return;
    left = guest_look(store);
    assert_true(left.kept);
    assert_int_equal(left.record.tries_left, COG_RECORD_TRIES - row->spent);
    assert_int_equal(left.record.online_s, GUEST_NOW - 60 - traces->age_s);
    assert_int_equal(left.record.interactive_s,
                     left.record.online_s - traces->typed_age_s);
    assert_int_equal(left.record.verifier.len > 0, traces->password != NULL);
    assert_int_equal(left.record.refresh_token.len > 0, !traces->no_token);
    assert_int_equal(left.buried, traces->buried);
    cog_record_clear(&left.record);
}

static void
run(const struct row *row)
{
    struct cog_store *store = shelf_open();
    struct world_answer answers[2];
    struct guest g;
    int rc;

    guest_leave(store, &row->traces);
    if (row->damaged != NULL)
        shelf_write(shelf_only(row->damaged), "nonsense\n", 9);
    prepare(row, &g, store, answers);
    guest_hashes = 0;
    rc = cog_login_authenticate(&g.env, &g.login, &g.facts, &g.err);
    check_decision(row, &g, rc);
    check_store(row, store);
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

/* The right password, on a host where all that is needed was left. */
static const struct row right = {.traces = {KNOWN}};

static int
sign_in(const struct row *row, struct guest *g, struct cog_store *store)
{
    struct world_answer answers[2];
    int rc;

    prepare(row, g, store, answers);
    rc = cog_login_authenticate(&g->env, &g->login, &g->facts, &g->err);
    guest_close(g);
    return rc;
}

/* A record the key of which is not there now. */
static void
no_key(void **state)
{
    static const struct row disabled = {
        .exchanges = {REFUSES("NotAuthorizedException", "User is disabled.")}};
    struct cog_store_input input;
    struct cog_store *store = shelf_open();
    struct cog_err err = COG_ERR_INIT;
    struct guest g;

    (void)state;
    guest_leave(store, &right.traces);
    cog_store_close(store);
    assert_int_equal(unlink(shelf_path("state/seal.key")), 0);
    input = shelf_input();
    input.may_make_key = false;
    assert_int_equal(cog_store_open(&input, &store, &err), 0);
    assert_int_equal(sign_in(&right, &g, store), -1);
    assert_int_equal(g.err.code, COG_E_UNREACHABLE);
    /* Nor does anything open: that is no news for the log. */
    assert_int_equal(sign_in(&disabled, &g, store), -1);
    assert_int_equal(g.err.code, COG_E_DENIED);
    assert_string_equal(g.facts.note.msg, "");
    cog_store_close(store);
}

/* What the tests below have happen at the hash. */
static struct cog_store *the_store;
static unsigned left_at_hash;
static int the_lock = -1;

static void
look_at_tries(void)
{
    struct guest_left left = guest_look(the_store);

    left_at_hash = left.record.tries_left;
    cog_record_clear(&left.record);
}

static void
die(void)
{
    _exit(0);
}

static unsigned
tries_left(struct cog_store *store)
{
    struct guest_left left = guest_look(store);
    const unsigned tries = left.record.tries_left;

    cog_record_clear(&left.record);
    return tries;
}

/* Whoever calls, and for whatever: where it is off, or nothing was typed, no
 * try is used up. */
static void
a_call_for_nothing(void **state)
{
    static const struct {
        const char *config;
        const char *password;
        const char *message;
    } cases[] = {{OPS, GUEST_PASSWORD, "sign-in is off"},
                 {OFFLINE, "", "there is no menu"}};
    struct cog_store *store = shelf_open();

    (void)state;
    guest_leave(store, &right.traces);
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        struct cog_secret password = world_secret(cases[i].password);
        struct guest g;

        guest_open(&g, store, cases[i].config, "sshd");
        assert_int_equal(
            cog_offline_run(&g.env, &g.login, &password, &g.facts, &g.err), -1);
        assert_int_equal(g.err.code, COG_E_UNREACHABLE);
        assert_non_null(strstr(g.err.msg, cases[i].message));
        assert_int_equal(tries_left(store), COG_RECORD_TRIES);
        cog_secret_clear(&password);
        guest_close(&g);
    }
    cog_store_close(store);
}

/* Counted before the password is looked at. */
static void
a_try_is_charged_first(void **state)
{
    struct cog_store *store = shelf_open();
    struct guest g;

    (void)state;
    guest_leave(store, &right.traces);
    the_store = store;
    guest_at_hash = look_at_tries;
    assert_int_equal(sign_in(&right, &g, store), 0);
    guest_at_hash = NULL;
    assert_int_equal(left_at_hash, COG_RECORD_TRIES - 1);
    assert_int_equal(tries_left(store), COG_RECORD_TRIES);
    cog_store_close(store);
}

/* Whoever is killed at the hash has used it up. */
static void
a_try_cut_short_is_used_up(void **state)
{
    struct cog_store *store = shelf_open();
    struct guest g;

    (void)state;
    guest_leave(store, &right.traces);
    for (unsigned used = 1; used <= COG_RECORD_TRIES; used++) {
        const pid_t pid = fork();
        int status = 0;

        assert_true(pid >= 0);
        if (pid == 0) {
            guest_at_hash = die;
            (void)sign_in(&right, &g, store);
            _exit(1);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        assert_int_equal(tries_left(store), COG_RECORD_TRIES - used);
    }
    assert_int_equal(sign_in(&right, &g, store), -1);
    assert_int_equal(g.err.code, COG_E_UNREACHABLE);
    cog_store_close(store);
}

/* One that cannot be charged is not made; one that cannot be given back is
 * gone. */
static void
a_full_disk(void **state)
{
    struct cog_store *store = shelf_open();
    struct guest g;

    (void)state;
    guest_leave(store, &right.traces);
    guest_hashes = 0;
    shelf_fill_disk();
    assert_int_equal(sign_in(&right, &g, store), -1);
    shelf_free_disk();
    assert_int_equal(g.err.code, COG_E_SYSTEM);
    assert_int_equal(guest_hashes, 0);
    assert_int_equal(tries_left(store), COG_RECORD_TRIES);

    guest_at_hash = shelf_fill_disk;
    assert_int_equal(sign_in(&right, &g, store), 0);
    guest_at_hash = NULL;
    shelf_free_disk();
    assert_int_equal(tries_left(store), COG_RECORD_TRIES - 1);
    cog_store_close(store);
}

static void
a_lock_somebody_else_holds(void **state)
{
    struct cog_store *store = shelf_open();
    struct cog_err err = COG_ERR_INIT;
    struct guest g;
    int lock = -1;

    (void)state;
    guest_leave(store, &right.traces);
    assert_int_equal(cog_userlock_take(store, "alice", 0, &lock, &err), 0);
    guest_hashes = 0;
    assert_int_equal(sign_in(&right, &g, store), -1);
    assert_int_equal(g.err.code, COG_E_NET);
    assert_int_equal(guest_hashes, 0);
    assert_int_equal(close(lock), 0);
    cog_store_close(store);
}

/* What happens while the password is looked at, which nobody waits for. */
static void
take_lock(void)
{
    struct cog_err err = COG_ERR_INIT;
    int lock = -1;

    assert_int_equal(cog_userlock_take(the_store, "alice", 0, &lock, &err), 0);
    the_lock = lock;
}

static void
be_refused(void)
{
    const struct guest_traces traces = {KNOWN, .buried = true};

    guest_at_hash = NULL;
    guest_leave(the_store, &traces);
}

static void
lose_verifier(void)
{
    const struct guest_traces traces = {.age_s = 0};

    guest_leave(the_store, &traces);
}

static void
lose_verifier_and_lock(void)
{
    lose_verifier();
    take_lock();
}

/* Whoever gives them back meanwhile: there are never more. */
static void
give_all_tries(void)
{
    static const struct cog_record_key alice = {
        .issuer = TOKENS_ISSUER,
        .client_id = TOKENS_CLIENT_ID,
        .sub = TOKENS_SUB,
        .user = "alice",
        .uid = 1000,
    };
    struct guest_left left = guest_look(the_store);
    struct cog_err err = COG_ERR_INIT;

    left.record.tries_left = COG_RECORD_TRIES;
    assert_int_equal(cog_record_write(the_store, &alice, &left.record, &err),
                     0);
    cog_record_clear(&left.record);
}

/* Nothing can be read any more: an error of this host, and said to be one. */
static void
take_descriptors(void)
{
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = 0;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static void
sign_in_anew(void)
{
    const struct guest_traces traces = {KNOWN};

    guest_at_hash = NULL;
    guest_leave(the_store, &traces);
}

/* The user's lock is free at the hash; what others do meanwhile counts. */
static void
meanwhile(void **state)
{
    static const struct {
        void (*at_hash)(void);
        enum cog_errc code;
        const char *note; /* part of it; NULL: not that */
        unsigned tries;
    } cases[] = {
        {take_lock, COG_OK, "one try less offline", COG_RECORD_TRIES - 1},
        {sign_in_anew, COG_E_UNREACHABLE, NULL, COG_RECORD_TRIES},
        {be_refused, COG_E_UNREACHABLE, NULL, COG_RECORD_TRIES},
        {lose_verifier, COG_E_UNREACHABLE, NULL, COG_RECORD_TRIES},
        {lose_verifier_and_lock, COG_E_UNREACHABLE, NULL, COG_RECORD_TRIES},
        {give_all_tries, COG_OK, NULL, COG_RECORD_TRIES},
        {take_descriptors, COG_E_SYSTEM, NULL, COG_RECORD_TRIES - 1},
    };
    struct rlimit descriptors;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &descriptors), 0);
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        struct cog_store *store = shelf_open();
        struct guest g;

        guest_leave(store, &right.traces);
        the_store = store;
        guest_at_hash = cases[i].at_hash;
        (void)!sign_in(&right, &g, store);
        guest_at_hash = NULL;
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &descriptors), 0);
        if (g.err.code != cases[i].code)
            fail_msg("%zu: %d: %s", i, (int)g.err.code, g.err.msg);
        if (cases[i].note != NULL)
            assert_non_null(strstr(g.facts.note.msg, cases[i].note));
        else
            assert_null(strstr(g.facts.note.msg, "one try less"));
        assert_int_equal(tries_left(store), cases[i].tries);
        if (the_lock >= 0)
            assert_int_equal(close(the_lock), 0);
        the_lock = -1;
        cog_store_close(store);
        shelf_renew(state);
    }
}

/* A dozen processes have five tries. */
static void
tries_at_once(void **state)
{
    static const struct row wrong = {.typed = "Passw0rd?", .traces = {KNOWN}};
    struct cog_store *store = shelf_open();
    int codes[COG_E_COUNT_] = {0};
    struct guest g;

    (void)state;
    guest_leave(store, &wrong.traces);
    for (int i = 0; i < 12; i++) {
        const pid_t pid = fork();

        assert_true(pid >= 0);
        if (pid == 0) {
            (void)sign_in(&wrong, &g, store);
            _exit((int)g.err.code);
        }
    }
    for (int i = 0; i < 12; i++) {
        int status = 0;

        assert_true(wait(&status) > 0);
        assert_true(WIFEXITED(status));
        codes[WEXITSTATUS(status)]++;
    }
    assert_int_equal(codes[COG_E_DENIED], COG_RECORD_TRIES);
    assert_int_equal(codes[COG_E_UNREACHABLE], 12 - COG_RECORD_TRIES);
    assert_int_equal(tries_left(store), 0);
    cog_store_close(store);
}

/* Online again: what the pool says of the password that is kept. */
static const struct {
    const char *name;
    struct row row;
    bool drops;
} online[] = {
    {"somebody's typing error",
     {.typed = "Passw0rd?", .exchanges = {WRONG_ONLINE}, .code = COG_E_DENIED},
     false},
    {"the kept one is no longer right",
     {.exchanges = {WRONG_ONLINE}, .code = COG_E_DENIED},
     true},
    {"deleted",
     {.typed = "Passw0rd?",
      .exchanges = {REFUSES("UserNotFoundException", "")},
      .code = COG_E_DENIED},
     true},
    {"disabled",
     {.typed = "Passw0rd?",
      .exchanges = {REFUSES("NotAuthorizedException", "User is disabled.")},
      .code = COG_E_DENIED},
     true},
    {"reset",
     {.typed = "Passw0rd?",
      .exchanges = {REFUSES("PasswordResetRequiredException", "")},
      .code = COG_E_DENIED},
     true},
    {"locked for a while",
     {.exchanges = {REFUSES("LimitExceededException", "")},
      .code = COG_E_DENIED},
     false},
    {"refused by a Lambda",
     {.exchanges = {REFUSES("UserLambdaValidationException", "no")},
      .code = COG_E_DENIED},
     false},
    {"out of order",
     {.exchanges = {{.expect = "InitiateAuth", .status = 503}},
      .code = COG_E_NET},
     false},
    {"a wrong code after it",
     {.exchanges = {{.expect = "InitiateAuth",
                     .status = 200,
                     .body = CHALLENGE("SOFTWARE_TOKEN_MFA")},
                    {.expect = "RespondToAuthChallenge",
                     .status = 400,
                     .body = GUEST_ERROR("NotAuthorizedException", "no")}},
      .more = {COG_TEXT_TOTP, true, "123456", 0},
      .code = COG_E_REFUSED},
     false},
    {"a test of an administrator's",
     {.read_only = true, .exchanges = {WRONG_ONLINE}, .code = COG_E_DENIED},
     false},
};

static void
what_the_pool_says_later(void **state)
{
    for (size_t i = 0; i < COG_COUNT(online); i++) {
        struct cog_store *store = shelf_open();
        struct guest_left left;
        struct guest g;

        print_message("%s\n", online[i].name);
        guest_leave(store, &right.traces);
        assert_int_equal(sign_in(&online[i].row, &g, store), -1);
        assert_int_equal(g.err.code, online[i].row.code);
        assert_string_equal(g.facts.note.msg, "");
        left = guest_look(store);
        assert_int_equal(left.record.verifier.len == 0, online[i].drops);
        assert_int_equal(left.record.refresh_token.len, 5);
        cog_record_clear(&left.record);
        cog_store_close(store);
        shelf_renew(state);
    }
}

/* On a full disk the whole record goes, and that is for the log. */
static void
what_cannot_be_rewritten_goes(void **state)
{
    static const struct row refused = {.exchanges = {WRONG_ONLINE}};
    struct cog_store *store = shelf_open();
    struct guest g;

    (void)state;
    guest_leave(store, &right.traces);
    shelf_fill_disk();
    assert_int_equal(sign_in(&refused, &g, store), -1);
    shelf_free_disk();
    assert_int_equal(g.err.code, COG_E_DENIED);
    assert_non_null(strstr(g.facts.note.msg, "the record was removed: "));
    assert_int_equal(shelf_count("state/records"), 0);
    cog_store_close(store);
}

/* It may then still open something: that is for the log. */
static void
what_cannot_be_dropped_is_noted(void **state)
{
    static const struct row refused = {.exchanges = {WRONG_ONLINE}};
    struct cog_store *store = shelf_open();
    struct cog_err err = COG_ERR_INIT;
    struct guest g;
    int lock = -1;

    (void)state;
    guest_leave(store, &right.traces);
    assert_int_equal(cog_userlock_take(store, "alice", 0, &lock, &err), 0);
    assert_int_equal(sign_in(&refused, &g, store), -1);
    assert_int_equal(close(lock), 0);
    assert_int_equal(g.err.code, COG_E_DENIED);
    assert_non_null(
        strstr(g.facts.note.msg, "the last password may still work offline"));
    cog_store_close(store);
}

/* Where the pool made her choose a new one, whatever came of the sign-in and
 * in whatever service. */
static void
a_forced_change(void **state)
{
    static const char config[] =
        OFFLINE "[service kiosk]\ntoken_cache = no\noffline = no\n";
    static const struct world_exchange exchanges[] = {
        {.expect = "InitiateAuth",
         .status = 200,
         .body = CHALLENGE("NEW_PASSWORD_REQUIRED")},
        {.expect = "RespondToAuthChallenge",
         .holds = {"N3w-secret!"},
         .status = 200,
         .body = guest_rotated},
        GUEST_GETS_KEYS,
        GUEST_REVOKES("r.o.t")};
    static const struct world_answer answers[] = {
        {COG_TEXT_PASSWORD_PROMPT, false, "T3mporary!", 0},
        {COG_TEXT_MUST_CHANGE, true, "yes", 0},
        {COG_TEXT_NEW_PASSWORD, false, "N3w-secret!", 0},
        {COG_TEXT_NEW_PASSWORD_AGAIN, false, "N3w-secret!", 0}};
    struct cog_store *store = shelf_open();
    struct guest_left left;
    struct guest g;

    (void)state;
    guest_leave(store, &right.traces);
    guest_open(&g, store, config, "kiosk");
    WORLD_EXCHANGES(&g.world, exchanges);
    WORLD_ANSWERS(&g.world, answers);
    assert_int_equal(cog_login_authenticate(&g.env, &g.login, &g.facts, &g.err),
                     0);
    guest_close(&g);
    left = guest_look(store);
    assert_true(left.kept);
    assert_int_equal(left.record.verifier.len, 0);
    cog_record_clear(&left.record);
    cog_store_close(store);
}

/* Its answer may be lost: the pool has the new password, or it has not. */
static void
a_forced_change_without_an_answer(void **state)
{
    static const struct {
        struct world_exchange answer;
        bool drops;
    } cases[] = {
        {{.expect = "RespondToAuthChallenge", .fail = COG_E_NET}, true},
        {{.expect = "RespondToAuthChallenge", .status = 500}, true},
        {{.expect = "RespondToAuthChallenge",
          .status = 400,
          .body = GUEST_ERROR("InvalidPasswordException", "too short")},
         false},
    };
    static const struct world_answer answers[] = {
        {COG_TEXT_PASSWORD_PROMPT, false, "T3mporary!", 0},
        {COG_TEXT_MUST_CHANGE, true, "yes", 0},
        {COG_TEXT_NEW_PASSWORD, false, "N3w-secret!", 0},
        {COG_TEXT_NEW_PASSWORD_AGAIN, false, "N3w-secret!", 0},
        {COG_TEXT_NEW_PASSWORD_BREAKS, false, NULL, COG_E_CONV}};

    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        const struct world_exchange exchanges[] = {
            {.expect = "InitiateAuth",
             .status = 200,
             .body = CHALLENGE("NEW_PASSWORD_REQUIRED")},
            cases[i].answer};
        struct cog_store *store = shelf_open();
        struct guest_left left;
        struct guest g;

        guest_leave(store, &right.traces);
        guest_open(&g, store, OFFLINE, "sshd");
        g.world.pause_fail = COG_E_NET;
        WORLD_EXCHANGES(&g.world, exchanges);
        WORLD_ANSWERS(&g.world, answers);
        if (cases[i].drops)
            g.world.answer_count--;
        assert_int_equal(
            cog_login_authenticate(&g.env, &g.login, &g.facts, &g.err), -1);
        guest_close(&g);
        left = guest_look(store);
        assert_int_equal(left.record.verifier.len == 0, cases[i].drops);
        cog_record_clear(&left.record);
        cog_store_close(store);
        shelf_renew(state);
    }
}

/* From a sign-in with the pool to one without, and to the next with it. */
static void
a_week_of_hers(void **state)
{
    static const struct row with_pool = {
        .exchanges = {
            {.expect = "InitiateAuth", .status = 200, .body = guest_rotated},
            GUEST_GETS_KEYS}};
    static const struct row wrong = {.typed = "Passw0rd?"};
    struct cog_store *store = shelf_open();
    struct guest g;

    (void)state;
    assert_int_equal(sign_in(&with_pool, &g, store), 0);
    for (int i = 0; i < 4; i++)
        assert_int_equal(sign_in(&wrong, &g, store), -1);
    for (int i = 0; i < 7; i++)
        assert_int_equal(sign_in(&right, &g, store), 0);
    assert_int_equal(sign_in(&wrong, &g, store), -1);
    assert_int_equal(sign_in(&right, &g, store), -1);
    assert_int_equal(sign_in(&with_pool, &g, store), 0);
    assert_int_equal(sign_in(&right, &g, store), 0);
    cog_store_close(store);
}

/* A sign-in where offline is off leaves the verifier of the same password, and
 * ends that of another. */
static void
a_sudo_before_the_train(void **state)
{
    static const struct {
        const char *known; /* NULL: none */
        bool kept;
    } cases[] = {{GUEST_PASSWORD, true}, {"0ld-secret!", false}, {NULL, false}};
    static const struct row sudo = {
        .service = "sudo",
        .exchanges = {
            {.expect = "InitiateAuth", .status = 200, .body = guest_rotated},
            GUEST_GETS_KEYS}};

    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        const struct guest_traces traces = {.password = cases[i].known,
                                            .spent = 2};
        struct cog_store *store = shelf_open();
        struct guest_left left;
        struct guest g;

        guest_leave(store, &traces);
        guest_hashes = 0;
        assert_int_equal(sign_in(&sudo, &g, store), 0);
        assert_int_equal(guest_hashes, cases[i].known == NULL ? 0 : 1);
        assert_string_equal(g.facts.note.msg, "");
        left = guest_look(store);
        assert_int_equal(left.record.verifier.len > 0, cases[i].kept);
        assert_string_equal(cog_secret_str(&left.record.refresh_token),
                            "r.o.t");
        cog_record_clear(&left.record);
        assert_int_equal(sign_in(&right, &g, store), cases[i].kept ? 0 : -1);
        cog_store_close(store);
        shelf_renew(state);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        SHELF_TEST(row_by_row),
        SHELF_TEST(no_key),
        SHELF_TEST(a_call_for_nothing),
        SHELF_TEST(a_try_is_charged_first),
        SHELF_TEST(a_try_cut_short_is_used_up),
        SHELF_TEST(a_full_disk),
        SHELF_TEST(a_lock_somebody_else_holds),
        SHELF_TEST(meanwhile),
        SHELF_TEST(tries_at_once),
        SHELF_TEST(what_the_pool_says_later),
        SHELF_TEST(what_cannot_be_rewritten_goes),
        SHELF_TEST(what_cannot_be_dropped_is_noted),
        SHELF_TEST(a_forced_change),
        SHELF_TEST(a_forced_change_without_an_answer),
        SHELF_TEST(a_sudo_before_the_train),
        SHELF_TEST(a_week_of_hers),
    };

    return cmocka_run_group_tests(tests, guest_setup, tokens_teardown);
}
