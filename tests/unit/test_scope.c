/* SPDX-License-Identifier: MIT */
/*
 * The C library's look-ups are replaced by the ones below, which a program may
 * do, so that the gathering has users and groups to find and errors to meet.
 */
#include "lib/login/scope.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <grp.h>
#include <pwd.h>

#include "tests/unit/tokens.h"

static const struct {
    const char *name;
    uid_t uid;
    gid_t gid;
} users[] = {{"alice", 1000, 100}, {"bob", 1001, 27}};

static char alice[] = "alice";
static char *alice_alone[] = {alice, NULL};
static char *nobody[] = {NULL};

static const struct {
    const char *name;
    gid_t gid;
    char **members;
} groups[] = {
    {"sudo", 27, nobody},
    {"machines", 50, alice_alone},
    {"empty", 51, nobody},
};

static bool users_fail;
static const char *group_failing; /* its look-up fails */
static size_t group_lookups;

int
getpwnam_r(const char *name, struct passwd *entry, char *buf, size_t size,
           struct passwd **result)
{
    (void)snprintf(buf, size, "%s", name);
    *result = NULL;
    if (users_fail)
        return EIO;
    for (size_t i = 0; i < COG_COUNT(users); i++) {
        if (strcmp(users[i].name, name) != 0)
            continue;
        *entry = (struct passwd){
            .pw_name = buf, .pw_uid = users[i].uid, .pw_gid = users[i].gid};
        *result = entry;
    }
    return 0;
}

int
getgrnam_r(const char *name, struct group *entry, char *buf, size_t size,
           struct group **result)
{
    (void)buf;
    (void)size;
    *result = NULL;
    group_lookups++;
    if (group_failing != NULL && strcmp(group_failing, name) == 0)
        return EIO;
    for (size_t i = 0; i < COG_COUNT(groups); i++) {
        if (strcmp(groups[i].name, name) != 0)
            continue;
        *entry = (struct group){.gr_gid = groups[i].gid,
                                .gr_mem = groups[i].members};
        *result = entry;
    }
    return 0;
}

/* Who is ours, by rule. */
struct local {
    const char *name;
    bool unknown; /* to NSS */
    uid_t uid;
    const char *privileged;
};

static struct cog_local
make_local(const struct local *facts)
{
    struct cog_local local = {
        .account = {.exists = !facts->unknown,
                    .uid = facts->unknown ? (uid_t)-1 : facts->uid,
                    .gid = facts->unknown ? (gid_t)-1 : 100},
        .privileged = facts->privileged,
    };

    (void)snprintf(local.account.name, sizeof(local.account.name), "%s",
                   facts->name);
    return local;
}

/* NULL for `why` means ours. */
static const struct {
    const char *config;
    struct local local;
    const char *why;
} scopes[] = {
    /* Some rule could admit him. */
    {"allow_users = alice", {"alice", .uid = 1000}, NULL},
    {"allow_users = bob alice", {"alice", .uid = 1000}, NULL},
    {"allow_pool_groups = ops", {"alice", .uid = 1000}, NULL},
    {"allow_any_pool_user = yes", {"alice", .uid = 1000}, NULL},
    {"allow_any_pool_user = yes\nallow_users = bob",
     {"bob", .uid = 1000, .privileged = "sudo"},
     NULL},
    {"allow_any_pool_user = yes\nallow_pool_groups = ops",
     {"bob", .uid = 1000, .privileged = "sudo"},
     NULL},

    /* None could. */
    {"", {"alice", .uid = 1000}, "no rule"},
    {"allow_users = bob", {"alice", .uid = 1000}, "no rule"},
    {"allow_users = alicea alic lice", {"alice", .uid = 1000}, "no rule"},
    {"allow_users =", {"alice", .uid = 1000}, "no rule"},
    {"allow_pool_groups =", {"alice", .uid = 1000}, "no rule"},
    {"allow_any_pool_user = no", {"alice", .uid = 1000}, "no rule"},
    {"allow_any_pool_user = yes",
     {"alice", .uid = 1000, .privileged = "sudo"},
     "no rule"},
    {"allow_any_pool_user = yes\nallow_users =",
     {"alice", .uid = 1000, .privileged = "lxd"},
     "no rule"},

    /* Skipped: never asked, whatever allows them. */
    {"allow_users = alice\nskip_users = alice",
     {"alice", .uid = 1000},
     "skip_users"},
    {"allow_users = alice\nskip_users = bob alice",
     {"alice", .uid = 1000},
     "skip_users"},
    {"allow_users = alice\nskip_users = alice",
     {"alice", .unknown = true},
     "skip_users"},
    {"allow_users = alice\nskip_users = bob", {"alice", .uid = 1000}, NULL},
    {"allow_users = alice\nskip_users =", {"alice", .uid = 1000}, NULL},

    /* User ids. */
    {"allow_users = root", {"root", .uid = 0}, "never ours"},
    {"allow_users = alice", {"alice", .uid = 999}, "never ours"},
    {"allow_users = alice", {"alice", .uid = 61183}, NULL},
    {"allow_users = alice", {"alice", .uid = 61184}, "never ours"},
    {"allow_users = alice", {"alice", .uid = 65519}, "never ours"},
    {"allow_users = alice", {"alice", .uid = 65520}, NULL},
    {"allow_users = alice", {"alice", .uid = 65534}, "never ours"},
    {"allow_users = alice", {"alice", .uid = 0x7fffffff}, NULL},
    {"allow_users = alice", {"alice", .uid = 0x80000000}, "never ours"},
    {"allow_users = alice\nmin_uid = 2000",
     {"alice", .uid = 1999},
     "below min_uid"},
    {"allow_users = alice\nmin_uid = 2000", {"alice", .uid = 2000}, NULL},

    /* A name unknown to NSS is like its known neighbours. */
    {"allow_users = alice", {"alice", .unknown = true}, NULL},
    {"allow_users = bob", {"alice", .unknown = true}, "no rule"},
    {"allow_any_pool_user = yes", {"alice", .unknown = true}, NULL},
    {"allow_users = alice\nmin_uid = 2000", {"alice", .unknown = true}, NULL},
    {"allow_users = alice", {"", .unknown = true}, "no rule"},

    /* A denied user is asked like anyone: the first row that wins. */
    {"deny_users = alice", {"alice", .uid = 1000}, NULL},
    {"deny_users = alice\nskip_users = alice", {"alice", .uid = 1000}, NULL},
    {"deny_users = alice\nmin_uid = 2000", {"alice", .uid = 1000}, NULL},
    {"deny_users = alice", {"alice", .unknown = true}, NULL},
    {"deny_users = bob", {"alice", .uid = 1000}, "no rule"},
    {"deny_users =", {"alice", .uid = 1000}, "no rule"},
    /* Whose groups the pool knows, nobody knows yet. */
    {"deny_pool_groups = ops", {"alice", .uid = 1000}, "no rule"},
    {"allow_users = alice\ndeny_pool_groups = ops",
     {"alice", .uid = 1000},
     NULL},
};

static void
who_is_ours(void **state)
{
    (void)state;
    for (size_t i = 0; i < COG_COUNT(scopes); i++) {
        struct cog_config config = tokens_config(scopes[i].config, NULL);
        const struct cog_local local = make_local(&scopes[i].local);
        const char *why = scopes[i].why;
        struct cog_err err = COG_ERR_INIT;
        const int rc = cog_scope_check(&config, &local, &err);

        if (rc != (why == NULL ? 0 : -1)) {
            fail_msg("%zu: '%s' answers %d %s", i, scopes[i].config, rc,
                     err.msg);
        }
        assert_int_equal(err.code, why == NULL ? COG_OK : COG_E_SCOPE);
        if (why != NULL && strstr(err.msg, why) == NULL)
            fail_msg("'%s': '%s', want '%s'", scopes[i].config, err.msg, why);
        cog_config_clear(&config);
    }
}

static void
who_is_denied(void **state)
{
    static const struct {
        const char *config;
        const char *name;
        bool denied;
    } cases[] = {
        {"", "alice", false},
        {"deny_users =", "alice", false},
        {"deny_users = bob", "alice", false},
        {"deny_users = alice", "alice", true},
        {"deny_users = bob alice", "alice", true},
        {"deny_users = alice", "", false},
        {"allow_users = alice\ndeny_users = alice", "alice", true},
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        struct cog_config config = tokens_config(cases[i].config, NULL);
        const struct cog_local local =
            make_local(&(struct local){cases[i].name, .uid = 1000});

        assert_int_equal(cog_scope_denied(&config, &local), cases[i].denied);
        cog_config_clear(&config);
    }
}

/* Facts, through NSS: what is known of alice, bob or carol, or why not. */
static const struct {
    const char *config;
    const char *user;
    const char *privileged;    /* NULL: no */
    const char *group_failing; /* NULL: none */
    bool users_fail;
    bool exists;
    enum cog_errc code;
} gatherings[] = {
    {"", "alice", .exists = true},
    {"", "carol", .exists = false},
    {"", "Not A Name", .exists = false},
    {"allow_any_pool_user = yes", "bob", .exists = true, .privileged = "sudo"},
    {"allow_any_pool_user = yes", "alice", .exists = true},
    {"skip_groups = empty nosuchgroup", "alice", .exists = true},
    {"skip_groups = machines", "bob", .exists = true},
    {"skip_users = bob", "alice", .exists = true},
    {"min_uid = 1000", "alice", .exists = true},

    /* Whoever is skipped is let go. */
    {"skip_groups = machines", "alice", .code = COG_E_SCOPE},
    {"skip_groups = empty machines", "alice", .code = COG_E_SCOPE},
    {"skip_groups = machines empty", "alice", .code = COG_E_SCOPE},
    {"skip_groups = sudo", "bob", .code = COG_E_SCOPE},
    {"skip_users = alice", "alice", .code = COG_E_SCOPE},
    {"skip_users = carol", "carol", .code = COG_E_SCOPE},
    {"min_uid = 1001", "alice", .code = COG_E_SCOPE},
    {"min_uid = 1001", "carol", .exists = false},
    /* Whatever else is broken. */
    {"skip_users = alice\nskip_groups = machines", "alice",
     .group_failing = "machines", .code = COG_E_SCOPE},
    {"min_uid = 2000\nskip_groups = machines", "alice",
     .group_failing = "machines", .code = COG_E_SCOPE},
    {"skip_groups = machines sudo", "alice", .group_failing = "sudo",
     .code = COG_E_SCOPE},
    {"skip_groups = machines\nallow_any_pool_user = yes", "alice",
     .group_failing = "docker", .code = COG_E_SCOPE},
    /* But nobody who is denied. */
    {"deny_users = alice\nskip_users = alice", "alice", .exists = true},
    {"deny_users = alice\nskip_groups = machines", "alice", .exists = true},
    {"deny_users = alice\nmin_uid = 2000", "alice", .exists = true},
    {"deny_users = bob\nskip_users = alice", "alice", .code = COG_E_SCOPE},

    /* Asked for only where a rule needs it. */
    {"", "bob", .group_failing = "sudo", .exists = true},
    {"deny_users = alice\nskip_groups = machines", "alice",
     .group_failing = "machines", .exists = true},
    /* Not knowing is no answer. */
    {"", "alice", .users_fail = true, .code = COG_E_LOOKUP},
    {"skip_groups = machines", "alice", .group_failing = "machines",
     .code = COG_E_SYSTEM},
    {"allow_any_pool_user = yes", "alice", .group_failing = "docker",
     .code = COG_E_SYSTEM},
};

static void
facts_are_gathered(void **state)
{
    (void)state;
    for (size_t i = 0; i < COG_COUNT(gatherings); i++) {
        struct cog_config config = tokens_config(gatherings[i].config, NULL);
        struct cog_local local = {.privileged = "?"};
        struct cog_err err = COG_ERR_INIT;
        int rc;

        users_fail = gatherings[i].users_fail;
        group_failing = gatherings[i].group_failing;
        rc = cog_scope_gather(&config, gatherings[i].user, &local, &err);
        users_fail = false;
        group_failing = NULL;
        cog_config_clear(&config);
        if (err.code != gatherings[i].code) {
            fail_msg("%s for %s: code %d: %s", gatherings[i].config,
                     gatherings[i].user, (int)err.code, err.msg);
        }
        assert_int_equal(rc, err.code == COG_OK ? 0 : -1);
        if (rc < 0) {
            assert_string_equal(local.privileged, "?"); /* untouched */
            continue;
        }
        assert_int_equal(local.account.exists, gatherings[i].exists);
        assert_int_equal(local.privileged == NULL,
                         gatherings[i].privileged == NULL);
        if (local.privileged != NULL)
            assert_string_equal(local.privileged, gatherings[i].privileged);
    }
}

/* Groups of somebody who does not exist are not looked up: a directory server
 * would show who tries which names. */
static void
nobody_s_groups_are_not_asked_for(void **state)
{
    struct cog_config config = tokens_config(
        "skip_groups = machines\nallow_any_pool_user = yes", NULL);
    struct cog_local local;
    struct cog_err err = COG_ERR_INIT;

    (void)state;
    group_lookups = 0;
    assert_int_equal(cog_scope_gather(&config, "carol", &local, &err), 0);
    assert_int_equal(group_lookups, 0);
    assert_int_equal(local.account.uid, (uid_t)-1);
    cog_config_clear(&config);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_is_ours),
        cmocka_unit_test(who_is_denied),
        cmocka_unit_test(facts_are_gathered),
        cmocka_unit_test(nobody_s_groups_are_not_asked_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
