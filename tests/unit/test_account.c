/* SPDX-License-Identifier: MIT */
/*
 * The C library's look-ups are replaced by the ones below, which a program may
 * do, so that NSS can fail in every way on demand.
 */
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

#include "lib/host/account.h"

/* Needs a buffer of this size in bytes; more than one growth. */
#define BIG_BYTES 200000

static const struct {
    const char *name;
    int e; /* what the look-up answers */
    size_t bytes;
    uid_t uid;
    gid_t gid;
} users[] = {
    {"alice", 0, 100, 1000, 100},     {"bob", 0, 100, 1001, 27},
    {"big", 0, BIG_BYTES, 1002, 100}, {"endless", 0, SIZE_MAX, 1003, 100},
    {"broken", EIO, 0, 0, 0},         {"away", ENOENT, 0, 0, 0},
    {"starved", ENOMEM, 0, 0, 0},
};

static const struct {
    const char *name;
    int e;
    size_t bytes;
    gid_t gid;
    const char *member[3];
} groups[] = {
    {"users", 0, 100, 100, {NULL}},
    {"sudo", 0, 100, 27, {"carol", NULL}},
    {"staff", 0, 100, 50, {"bob", "alice", NULL}},
    {"wide", 0, BIG_BYTES, 51, {"alice", NULL}},
    {"endless", 0, SIZE_MAX, 52, {NULL}},
    {"broken", EIO, 0, 0, {NULL}},
    {"starved", ENOMEM, 0, 0, {NULL}},
};

static size_t lookups;
static const char *group_failing; /* answers EIO whatever the table says */
static const char *group_joined;  /* has alice in it, whatever it is */
static bool interrupt_once;

static bool
interrupted(void)
{
    bool now = interrupt_once;

    interrupt_once = false;
    return now;
}

int
getpwnam_r(const char *name, struct passwd *entry, char *buf, size_t size,
           struct passwd **result)
{
    lookups++;
    *result = NULL;
    if (interrupted())
        return EINTR;
    for (size_t i = 0; i < COG_COUNT(users); i++) {
        if (strcmp(users[i].name, name) != 0)
            continue;
        if (users[i].e != 0)
            return users[i].e;
        if (size < users[i].bytes)
            return ERANGE;
        memset(buf, 'x', size);
        memcpy(buf, name, strlen(name) + 1);
        *entry = (struct passwd){
            .pw_name = buf, .pw_uid = users[i].uid, .pw_gid = users[i].gid};
        *result = entry;
    }
    return 0;
}

/* Members live in the caller's buffer, so using them after it is freed shows.
 */
static void
fill_group(struct group *entry, gid_t gid, const char *const *member, char *buf)
{
    char **pointers = (char **)(void *)buf;
    char *text = buf + 4 * sizeof(char *);
    size_t count = 0;

    for (; member[count] != NULL; count++) {
        pointers[count] = text;
        memcpy(text, member[count], strlen(member[count]) + 1);
        text += strlen(text) + 1;
    }
    pointers[count] = NULL;
    *entry = (struct group){.gr_gid = gid, .gr_mem = pointers};
}

int
getgrnam_r(const char *name, struct group *entry, char *buf, size_t size,
           struct group **result)
{
    static const char *const alice[] = {"alice", NULL};

    lookups++;
    *result = NULL;
    if (group_failing != NULL && strcmp(group_failing, name) == 0)
        return EIO;
    if (group_joined != NULL && strcmp(group_joined, name) == 0) {
        fill_group(entry, 7, alice, buf);
        *result = entry;
        return 0;
    }
    for (size_t i = 0; i < COG_COUNT(groups); i++) {
        if (strcmp(groups[i].name, name) != 0)
            continue;
        if (groups[i].e != 0)
            return groups[i].e;
        if (size < groups[i].bytes)
            return ERANGE;
        fill_group(entry, groups[i].gid, groups[i].member, buf);
        *result = entry;
    }
    return 0;
}

static void
finds_users(void **state)
{
    static const struct {
        const char *name;
        int rc;
        enum cog_errc code;
        bool exists;
        uid_t uid;
        gid_t gid;
        const char *msg;
    } cases[] = {
        {"alice", 0, COG_OK, true, 1000, 100, ""},
        {"big", 0, COG_OK, true, 1002, 100, ""},
        {"nobody-here", 0, COG_OK, false, (uid_t)-1, (gid_t)-1, ""},
        {"broken", -1, COG_E_LOOKUP, false, 0, 0,
         "looking up user 'broken': Input/output error"},
        {"away", -1, COG_E_LOOKUP, false, 0, 0,
         "looking up user 'away': No such file or directory"},
        {"endless", -1, COG_E_LOOKUP, false, 0, 0,
         "looking up user 'endless': Numerical result out of range"},
        {"starved", -1, COG_E_NOMEM, false, 0, 0, "out of memory"},
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        struct cog_account account = {.uid = 42};
        struct cog_err err = COG_ERR_INIT;

        assert_int_equal(cog_account_find(cases[i].name, &account, &err),
                         cases[i].rc);
        assert_int_equal(err.code, cases[i].code);
        assert_string_equal(err.msg, cases[i].msg);
        if (cases[i].rc < 0) {
            assert_int_equal(account.uid, 42);
            continue;
        }
        assert_int_equal(account.exists, cases[i].exists);
        assert_string_equal(account.name, cases[i].name);
        assert_int_equal(account.uid, cases[i].uid);
        assert_int_equal(account.gid, cases[i].gid);
    }
}

static void
interrupted_look_up_goes_on(void **state)
{
    struct cog_account account;
    struct cog_err err = COG_ERR_INIT;

    (void)state;
    interrupt_once = true;
    assert_int_equal(cog_account_find("alice", &account, &err), 0);
    assert_true(account.exists);
}

/* Names of no local user never reach a directory server. */
static void
impossible_names_are_not_asked(void **state)
{
    static const char *const names[] = {
        "",
        "Alice",
        "alice*",
        "alice)(uid=*",
        "../alice",
        "a\nb",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    };

    (void)state;
    lookups = 0;
    for (size_t i = 0; i < COG_COUNT(names); i++) {
        struct cog_account account = {.exists = true};
        struct cog_err err = COG_ERR_INIT;

        assert_int_equal(cog_account_find(names[i], &account, &err), 0);
        assert_false(account.exists);
        assert_string_equal(account.name, "");
        assert_int_equal(account.uid, (uid_t)-1);
    }
    assert_int_equal(lookups, 0);
}

static void
find(const char *name, struct cog_account *ret)
{
    struct cog_err err = COG_ERR_INIT;

    assert_int_equal(cog_account_find(name, ret, &err), 0);
}

static void
memberships(void **state)
{
    static const struct {
        const char *user;
        const char *group;
        int rc;
        enum cog_errc code;
        bool member;
        const char *msg;
    } cases[] = {
        {"alice", "users", 0, COG_OK, true, ""}, /* primary */
        {"alice", "staff", 0, COG_OK, true, ""}, /* second in the list */
        {"alice", "wide", 0, COG_OK, true, ""},
        {"alice", "sudo", 0, COG_OK, false, ""},
        {"bob", "sudo", 0, COG_OK, true, ""}, /* primary, not in the list */
        {"alice", "nosuchgroup", 0, COG_OK, false, ""},
        {"carol", "sudo", 0, COG_OK, false, ""}, /* listed, but no user */
        {"alice", "broken", -1, COG_E_SYSTEM, false,
         "looking up group 'broken': Input/output error"},
        {"alice", "endless", -1, COG_E_SYSTEM, false,
         "looking up group 'endless': Numerical result out of range"},
        {"alice", "starved", -1, COG_E_NOMEM, false, "out of memory"},
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        struct cog_account account;
        struct cog_err err = COG_ERR_INIT;
        bool member = !cases[i].member;

        find(cases[i].user, &account);
        assert_int_equal(
            cog_account_in_group(&account, cases[i].group, &member, &err),
            cases[i].rc);
        assert_int_equal(err.code, cases[i].code);
        assert_string_equal(err.msg, cases[i].msg);
        assert_int_equal(member,
                         cases[i].rc == 0 ? cases[i].member : !cases[i].member);
    }
}

static void
privileges(void **state)
{
    static const char *const privileged[] = {"sudo",   "wheel",  "admin",
                                             "root",   "adm",    "disk",
                                             "shadow", "docker", "lxd"};
    struct cog_account alice;
    struct cog_account bob;
    const char *group = "";

    (void)state;
    find("alice", &alice);
    find("bob", &bob);
    for (size_t i = 0; i < COG_COUNT(privileged); i++) {
        struct cog_err err = COG_ERR_INIT;

        group_joined = NULL;
        assert_int_equal(cog_account_privileged(&alice, &group, &err), 0);
        assert_null(group);
        group_joined = privileged[i];
        assert_int_equal(cog_account_privileged(&alice, &group, &err), 0);
        assert_string_equal(group, privileged[i]);
        group_joined = NULL;

        group_failing = privileged[i];
        assert_int_equal(cog_account_privileged(&alice, &group, &err), -1);
        assert_int_equal(err.code, COG_E_SYSTEM);
        group_failing = NULL;
    }
    {
        struct cog_err err = COG_ERR_INIT;

        assert_int_equal(cog_account_privileged(&bob, &group, &err), 0);
        assert_string_equal(group, "sudo");
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_users),
        cmocka_unit_test(interrupted_look_up_goes_on),
        cmocka_unit_test(impossible_names_are_not_asked),
        cmocka_unit_test(memberships),
        cmocka_unit_test(privileges),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
