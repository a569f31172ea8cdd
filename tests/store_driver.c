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

#include "lib/store/binding.h"
#include "lib/store/record.h"
#include "lib/store/seal.h"
#include "lib/store/store.h"
#include "lib/store/ticket.h"
#include "lib/store/tombstone.h"
#include "lib/store/userlock.h"

#define ISSUER "https://issuer/pool"

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

static int
open_store(const char *dir, bool may_make_key, struct cog_store **ret,
           struct cog_err *err)
{
    static char state_dir[PATH_MAX];
    static char run_dir[PATH_MAX];
    const struct cog_store_input input = {
        .state_dir = state_dir,
        .run_dir = run_dir,
        .default_key = true,
        .uid = geteuid(),
        .gid = getegid(),
        .may_make_key = may_make_key,
    };

    (void)snprintf(state_dir, sizeof(state_dir), "%s/state", dir);
    (void)snprintf(run_dir, sizeof(run_dir), "%s/run", dir);
    return cog_store_open(&input, ret, err);
}

/* From the lock to the file, as a sign-in does it. */
static int
write_record(const struct cog_store *store, const char *token,
             struct cog_err *err)
{
    struct cog_record record = COG_RECORD_INIT;
    int lock = -1;
    int rc = -1;

    if (cog_secret_append_str(&record.refresh_token, token, err) == 0 &&
        cog_userlock_take(store, "alice", COG_USERLOCK_WAIT_MS, &lock, err) ==
            0) {
        rc = cog_record_write(store, &alice, &record, err);
        (void)close(lock);
    }
    cog_record_clear(&record);
    return rc;
}

static int
write_binding(const struct cog_store *store, bool recorded, struct cog_err *err)
{
    const struct cog_binding binding = {"alice", ISSUER, "sub", recorded};

    return cog_binding_write(store, &binding, err);
}

static int
write_tombstone(const struct cog_store *store, int64_t time_s,
                struct cog_err *err)
{
    const struct cog_tombstone tombstone = {"alice", ISSUER, "sub",
                                            COG_TOMBSTONE_DISABLED, time_s};

    return cog_tombstone_write(store, &tombstone, err);
}

static int
write_ticket(const struct cog_store *store, int64_t time_s, struct cog_err *err)
{
    const struct cog_ticket_time now = {time_s, time_s};

    return cog_ticket_write(store, &ticket, &now, err);
}

static int
prepare(const struct cog_store *store, struct cog_err *err)
{
    if (write_record(store, "old", err) < 0 ||
        write_binding(store, false, err) < 0 ||
        write_tombstone(store, 1, err) < 0)
        return -1;
    return write_ticket(store, 1000, err);
}

static int
new_record(const struct cog_store *store, struct cog_err *err)
{
    return write_record(store, "new", err);
}

static int
new_binding(const struct cog_store *store, struct cog_err *err)
{
    return write_binding(store, true, err);
}

static int
new_tombstone(const struct cog_store *store, struct cog_err *err)
{
    return write_tombstone(store, 2, err);
}

static int
new_ticket(const struct cog_store *store, struct cog_err *err)
{
    return write_ticket(store, 2000, err);
}

static int
no_record(const struct cog_store *store, struct cog_err *err)
{
    return cog_record_erase(store, ISSUER, "sub", err);
}

/* Opening the store is all. */
static int
new_key(const struct cog_store *store, struct cog_err *err)
{
    const char *no_key = cog_store_no_key(store);

    if (no_key == NULL)
        return 0;
    return cog_fail(err, COG_E_SYSTEM, "%s", no_key);
}

static const char *
record_state(const struct cog_store *store)
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
    else
        state = strcmp(record.refresh_token.data, "new") == 0 ? "new" : "old";
    cog_record_clear(&record);
    return state;
}

static int
check(const struct cog_store *store, struct cog_err *err)
{
    static const struct cog_ticket_time now = {2000, 2000};
    struct cog_binding binding = {.recorded = false};
    struct cog_tombstone tombstone = {.time_s = 0};
    bool bound = false;
    bool buried = false;

    if (cog_binding_read(store, "alice", &binding, &bound, err) < 0 ||
        cog_tombstone_read(store, "alice", &tombstone, &buried, err) < 0)
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
    int (*act)(const struct cog_store *store, struct cog_err *err);
    bool opening; /* counts: the action begins before it */
} actions[] = {
    {"prepare", prepare, false},         {"check", check, false},
    {"record", new_record, false},       {"binding", new_binding, false},
    {"tombstone", new_tombstone, false}, {"ticket", new_ticket, false},
    {"erase", no_record, false},         {"key", new_key, true},
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
