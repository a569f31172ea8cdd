/* SPDX-License-Identifier: MIT */
/*
 * store_driver - do one thing to a store, for tests/store_sweep:
 *
 *     store_driver DIR prepare    write the old state
 *     store_driver DIR ACTION     write what is new (see the table)
 *     store_driver DIR check      say what is there
 *
 * What an action does lies between two calls of getppid(2), where the sweep
 * looks for the system calls to disturb. Exit status 1: it said that it failed.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/login/offline.h"
#include "lib/login/renewal.h"
#include "lib/store/binding.h"
#include "lib/store/record.h"
#include "lib/store/seal.h"
#include "lib/store/store.h"
#include "lib/store/ticket.h"
#include "lib/store/tombstone.h"
#include "lib/store/userlock.h"

#define ISSUER "https://issuer/pool"
/* When records are written, and all else happens. */
#define NOW 1000
/* "right", as cheap as yescrypt gets. */
#define VERIFIER                                            \
    "$y$j75$jYEXw/fFCNZeX1vbD5u4T1$id6fl9ZOOp8/CJIkyphpih/" \
    "S4MEOFvUCQPeiDrQ1NXA"

static const struct cog_record_key alice = {ISSUER, "client", "sub", "alice",
                                            1000};
static const struct cog_session session = {
    .real_uid = 1000,
    .sid = 4711,
    .leader_start = 123456,
    .tty = 34816,
    .boot_id = "0a1b2c3d-0000-4000-8000-0123456789ab",
};
static const struct cog_ticket ticket = {"sudo", "alice", 1000, "sub",
                                         &session};

static int64_t
now_s(void *ctx)
{
    (void)ctx;
    return NOW;
}

static int
open_store(const char *dir, bool may_make_key, struct cog_store **ret,
           struct cog_err *err)
{
    static char state_dir[PATH_MAX];
    static char run_dir[PATH_MAX];
    static char cache_dir[PATH_MAX];
    const struct cog_store_input input = {
        .state_dir = state_dir,
        .run_dir = run_dir,
        .cache_dir = cache_dir,
        .default_key = true,
        .uid = geteuid(),
        .gid = getegid(),
        .may_make_key = may_make_key,
    };

    (void)snprintf(state_dir, sizeof(state_dir), "%s/state", dir);
    (void)snprintf(run_dir, sizeof(run_dir), "%s/run", dir);
    (void)snprintf(cache_dir, sizeof(cache_dir), "%s/cache", dir);
    return cog_store_open(&input, ret, err);
}

/* From the lock to the file, as a sign-in does it. */
static int
write_record(struct cog_store *store, const char *token, struct cog_err *err)
{
    struct cog_record record = COG_RECORD_INIT;
    int lock = -1;
    int rc = -1;

    record.online_s = record.interactive_s = NOW;
    record.tries_left = COG_RECORD_TRIES;
    if (cog_secret_append_str(&record.refresh_token, token, err) == 0 &&
        cog_secret_append_str(&record.verifier, VERIFIER, err) == 0 &&
        cog_userlock_take(store, "alice", COG_USERLOCK_WAIT_MS, &lock, err) ==
            0) {
        rc = cog_record_write(store, &alice, &record, err);
        (void)close(lock);
    }
    cog_record_clear(&record);
    return rc;
}

static int
write_binding(struct cog_store *store, bool recorded, struct cog_err *err)
{
    const struct cog_binding binding = {"alice", ISSUER, "sub", recorded};

    return cog_binding_write(store, &binding, err);
}

static int
write_tombstone(struct cog_store *store, int64_t time_s, struct cog_err *err)
{
    const struct cog_tombstone tombstone = {
        .user = "bob",
        .issuer = ISSUER,
        .sub = "sub",
        .reason = COG_TOMBSTONE_DISABLED,
        .time_s = time_s,
    };

    return cog_tombstone_write(store, &tombstone, err);
}

static int
write_ticket(struct cog_store *store, int64_t time_s, struct cog_err *err)
{
    const struct cog_ticket_time now = {time_s, time_s};

    return cog_ticket_write(store, &ticket, &now, err);
}

static int
prepare(struct cog_store *store, struct cog_err *err)
{
    if (write_record(store, "old", err) < 0 ||
        write_binding(store, false, err) < 0 ||
        write_tombstone(store, 1, err) < 0)
        return -1;
    return write_ticket(store, 1000, err);
}

static int
new_record(struct cog_store *store, struct cog_err *err)
{
    return write_record(store, "new", err);
}

static int
new_binding(struct cog_store *store, struct cog_err *err)
{
    return write_binding(store, true, err);
}

static int
new_tombstone(struct cog_store *store, struct cog_err *err)
{
    return write_tombstone(store, 2, err);
}

static int
new_ticket(struct cog_store *store, struct cog_err *err)
{
    return write_ticket(store, 2000, err);
}

static int
no_record(struct cog_store *store, struct cog_err *err)
{
    return cog_record_erase(store, ISSUER, "sub", err);
}

/* A pool that has another refresh token each time, and nothing else that would
 * be of use: what is looked at here has happened by then. */
static int
send_rotated(void *ctx, const struct cog_http_request *request,
             struct cog_http_reply *reply, struct cog_err *err)
{
    (void)ctx;
    (void)request;
    reply->status = 200;
    return cog_secret_append_str(
        &reply->body,
        "{\"AuthenticationResult\":{\"AccessToken\":\"a.c.c\","
        "\"IdToken\":\"i.d.t\",\"RefreshToken\":\"new\"}}",
        err);
}

/* What a sign-in is made of, as far as it is of use here. */
struct scene {
    struct cog_env env;
    struct cog_prepared prepared;
    struct cog_login login;
    struct cog_login_facts facts;
};

static void
set_scene(struct cog_store *store, struct scene *ret)
{
    static char issuer[] = ISSUER;
    static char client[] = "client";
    static char endpoint[] = "https://endpoint/";

    *ret = (struct scene){
        .env = {.transport = {.send = send_rotated},
                .clock = cog_clock_system()},
        .prepared = COG_PREPARED_INIT,
        .login = {.store = store, .cache_dir = -1, .prepared = &ret->prepared},
        .facts = COG_LOGIN_FACTS_INIT,
    };
    ret->env.clock.unix_s = now_s;
    ret->prepared.config.issuer = issuer;
    ret->prepared.config.client_id = client;
    ret->prepared.config.endpoint = endpoint;
    ret->prepared.config.offline = true;
    ret->prepared.config.offline_max_age_s = 1;
    ret->prepared.local.account = (struct cog_account){"alice", true, 1000, 0};
}

/* The pool has taken back the old token; the new one is on disk before anybody
 * looks at what came with it. */
static int
new_rotated(struct cog_store *store, struct cog_err *err)
{
    const struct cog_binding binding = {"alice", ISSUER, "sub", false};
    struct scene scene;
    struct cog_signin signin;
    enum cog_renewal renewal;
    struct cog_err why = COG_ERR_INIT;

    set_scene(store, &scene);
    signin = (struct cog_signin){
        .env = &scene.env,
        .login = &scene.login,
        .facts = &scene.facts,
        .api = {.endpoint = scene.prepared.config.endpoint,
                .client_id = scene.prepared.config.client_id,
                .transport = &scene.env.transport},
        .reply = COG_API_REPLY_INIT,
    };
    (void)!cog_renewal_run(&signin, &binding, 0, &renewal, &why);
    cog_api_clear(&signin.reply);
    if (why.code == COG_E_TOKEN)
        return 0;
    return cog_fail(err, COG_E_SYSTEM, "%s", why.msg);
}

/* Nobody hears that a password is wrong without having paid for it. */
static int
less_tries(struct cog_store *store, struct cog_err *err)
{
    struct cog_secret password = COG_SECRET_INIT(16);
    struct cog_err why = COG_ERR_INIT;
    struct scene scene;

    set_scene(store, &scene);
    if (cog_secret_append_str(&password, "wrong", err) < 0)
        return -1;
    (void)!cog_offline_run(&scene.env, &scene.login, &password, &scene.facts,
                           &why);
    cog_secret_clear(&password);
    if (why.code == COG_E_DENIED)
        return 0;
    return cog_fail(err, COG_E_SYSTEM, "%s", why.msg);
}

/* Opening the store is all. */
static int
new_key(struct cog_store *store, struct cog_err *err)
{
    const char *no_key = cog_store_no_key(store);

    if (no_key == NULL)
        return 0;
    return cog_fail(err, COG_E_SYSTEM, "%s", no_key);
}

static const char *
record_state(struct cog_store *store)
{
    struct cog_record record = COG_RECORD_INIT;
    struct cog_err err = COG_ERR_INIT;
    bool found = false;
    bool lost = false;
    const char *state;

    if (cog_record_read(store, &alice, &record, &found, &lost, &err) < 0)
        state = "error";
    else if (lost)
        state = "lost";
    else if (!found)
        state = "none";
    else if (record.tries_left < COG_RECORD_TRIES)
        state = "tried";
    else
        state = strcmp(record.refresh_token.data, "new") == 0 ? "new" : "old";
    cog_record_clear(&record);
    return state;
}

static int
check(struct cog_store *store, struct cog_err *err)
{
    static const struct cog_ticket_time now = {2000, 2000};
    struct cog_binding binding = {.recorded = false};
    struct cog_tombstone tombstone = {.time_s = 0};
    bool bound = false;
    bool buried = false;

    if (cog_binding_read(store, "alice", &binding, &bound, err) < 0 ||
        cog_tombstone_read(store, "bob", &tombstone, &buried, err) < 0)
        return -1;
    (void)printf("key %s, record %s, binding %d %d, tombstone %d %d, "
                 "ticket %d %d\n",
                 cog_store_no_key(store) == NULL ? "there" : "none",
                 cog_store_no_key(store) == NULL ? record_state(store) : "-",
                 bound, binding.recorded, buried, (int)tombstone.time_s,
                 cog_ticket_holds(store, &ticket, &now, 1000),
                 cog_ticket_holds(store, &ticket, &now, 0));
    return 0;
}

static const struct {
    const char *name;
    int (*act)(struct cog_store *store, struct cog_err *err);
    bool opening; /* counts: the action begins before it */
} actions[] = {
    {"prepare", prepare, false},         {"check", check, false},
    {"record", new_record, false},       {"binding", new_binding, false},
    {"tombstone", new_tombstone, false}, {"ticket", new_ticket, false},
    {"erase", no_record, false},         {"key", new_key, true},
    {"rotation", new_rotated, false},    {"try", less_tries, false},
};

static int
run(const char *dir, size_t i, struct cog_err *err)
{
    struct cog_store *store = NULL;
    int rc = -1;

    if (actions[i].opening)
        (void)getppid();
    if (open_store(dir, actions[i].act != check, &store, err) == 0) {
        if (!actions[i].opening)
            (void)getppid();
        rc = actions[i].act(store, err);
    }
    (void)getppid();
    cog_store_close(store);
    return rc;
}

int
main(int argc, char **argv)
{
    struct cog_err err = COG_ERR_INIT;
    char hex[COG_SEAL_HEX_BYTES];

    /* OpenSSL reads its configuration with the first call. */
    if (argc != 3 || cog_seal_hex("", 0, hex, &err) < 0)
        return EXIT_FAILURE + 1;
    for (size_t i = 0; i < COG_COUNT(actions); i++) {
        if (strcmp(argv[2], actions[i].name) != 0)
            continue;
        if (run(argv[1], i, &err) == 0)
            return EXIT_SUCCESS;
        (void)fprintf(stderr, "%s\n", err.msg);
        return EXIT_FAILURE;
    }
    return EXIT_FAILURE + 1;
}
