/* SPDX-License-Identifier: MIT */
/*
 * Who is ours, with a libpam of our own that can answer anything. Linked with
 * pam/skip.c and pam/args.c.
 */
#include "pam/skip.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <pwd.h>
#include <security/pam_ext.h>
#include <security/pam_modutil.h>

/* What the application and NSS say now. */
static struct {
    int status; /* of the call that names the user */
    const char *user;
    bool unknown; /* to NSS */
    uid_t uid;
    const char *spelling; /* of the account; NULL: as the user's */
} host;

/* Nothing looks into the handle. */
static char nothing;
static pam_handle_t *const handle = (pam_handle_t *)(void *)&nothing;

int
pam_get_user(pam_handle_t *pamh, const char **user, const char *prompt)
{
    (void)pamh;
    (void)prompt;
    *user = host.user;
    return host.status;
}

int
pam_get_item(const pam_handle_t *pamh, int type, const void **item)
{
    (void)pamh;
    assert_int_equal(type, PAM_USER);
    *item = host.user;
    return host.status;
}

const char *
pam_strerror(pam_handle_t *pamh, int status)
{
    (void)pamh;
    (void)status;
    return "reason";
}

struct passwd *
pam_modutil_getpwnam(pam_handle_t *pamh, const char *user)
{
    static struct passwd entry;
    static char name[64];

    (void)pamh;
    (void)snprintf(name, sizeof(name), "%s",
                   host.spelling == NULL ? user : host.spelling);
    entry.pw_name = name;
    entry.pw_uid = host.uid;
    return host.unknown ? NULL : &entry;
}

static struct cog_args
parse(int argc, const char **argv)
{
    struct cog_args args;
    struct cog_err err = COG_ERR_INIT;

    assert_int_equal(cog_args_parse(0, argc, argv, &args, &err), 0);
    return args;
}

static void
whom_the_application_names(void **state)
{
    static const struct {
        int status;
        const char *user;
        enum cog_errc code;
    } cases[] = {
        {PAM_SUCCESS, "alice", COG_OK},
        {PAM_CONV_ERR, NULL, COG_E_CONV},
        {PAM_CONV_AGAIN, NULL, COG_E_CONV},
        {PAM_SYSTEM_ERR, NULL, COG_E_SYSTEM},
        {PAM_SYSTEM_ERR, "alice", COG_E_SYSTEM},
        {PAM_CONV_ERR, "alice", COG_E_CONV},
        {PAM_SUCCESS, NULL, COG_E_SYSTEM},
        {PAM_SUCCESS, "", COG_E_SYSTEM},
        {PAM_SUCCESS, "Alice", COG_E_SCOPE},
        {PAM_SUCCESS, "-alice", COG_E_SCOPE},
        {PAM_SUCCESS, "..", COG_E_SCOPE},
        {PAM_SUCCESS, "alice/../root", COG_E_SCOPE},
        {PAM_SUCCESS, "1000", COG_E_SCOPE},
        {PAM_SUCCESS, "alice@example.com", COG_E_SCOPE},
        {PAM_SUCCESS, "CORP\\alice", COG_E_SCOPE},
        {PAM_SUCCESS, "abcdefghijklmnopqrstuvwxyz012345", COG_OK},
        {PAM_SUCCESS, "abcdefghijklmnopqrstuvwxyz0123456", COG_E_SCOPE},
    };
    const struct cog_args args = parse(0, NULL);

    (void)state;
    host.uid = 1000;
    host.unknown = false;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        struct cog_who who = {.user = "untouched"};
        struct cog_err err = COG_ERR_INIT;
        int rc;

        host.status = cases[i].status;
        host.user = cases[i].user;
        rc = cog_skip_check(handle, &args, &who, &err);
        if (err.code != cases[i].code)
            fail_msg("case %zu: code %d: %s", i, (int)err.code, err.msg);
        assert_int_equal(rc, err.code == COG_OK ? 0 : -1);
        assert_string_equal(who.user, rc == 0 ? cases[i].user : "untouched");
    }
}

static void
who_is_skipped(void **state)
{
    static const char *skips[] = {"skip_user=admin", "skip_user=rescue"};
    static const struct {
        const char *user;
        bool unknown;
        uid_t uid;
        enum cog_errc code;
    } cases[] = {
        {"alice", false, 1000, COG_OK},
        {"alice", false, 999, COG_E_SCOPE},
        {"root", false, 0, COG_E_SCOPE},
        {"toor", false, 0, COG_E_SCOPE},
        {"alice", false, 61184, COG_E_SCOPE},
        {"alice", false, 65534, COG_E_SCOPE},
        {"alice", false, (uid_t)-1, COG_E_SCOPE},
        {"admin", false, 1000, COG_E_SCOPE},
        {"rescue", false, 1000, COG_E_SCOPE},
        {"rescue", true, 0, COG_E_SCOPE},
        {"resc", false, 1000, COG_OK},
        /* Unknown here: nothing is known of a uid. */
        {"alice", true, 0, COG_OK},
    };
    const struct cog_args args = parse(2, skips);

    (void)state;
    host.status = PAM_SUCCESS;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        struct cog_who who = {.known = true};
        struct cog_err err = COG_ERR_INIT;

        host.user = cases[i].user;
        host.unknown = cases[i].unknown;
        host.uid = cases[i].uid;
        (void)!cog_skip_check(handle, &args, &who, &err);
        if (err.code != cases[i].code)
            fail_msg("case %zu: code %d: %s", i, (int)err.code, err.msg);
        if (err.code != COG_OK)
            continue;
        assert_int_equal(who.known, !cases[i].unknown);
        assert_int_equal(who.uid, cases[i].uid);
    }
}

/* A directory that ignores case: the rules are about the account's name. */
static void
how_nss_spells_the_user(void **state)
{
    static const char *skips[] = {"skip_user=admin"};
    static const struct {
        const char *user;
        const char *spelling;
        enum cog_errc code;
        bool other;
    } cases[] = {
        {"alice", "alice", COG_OK, false},
        {"Alice", "alice", COG_OK, true},
        {"alice", "bob", COG_OK, true},
        {"alice", "Alice", COG_E_SCOPE, false},
        {"ADMIN", "admin", COG_E_SCOPE, false},
    };
    const struct cog_args args = parse(1, skips);

    (void)state;
    host.status = PAM_SUCCESS;
    host.uid = 1000;
    host.unknown = false;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        struct cog_who who = {.known = false};
        struct cog_err err = COG_ERR_INIT;

        host.user = cases[i].user;
        host.spelling = cases[i].spelling;
        (void)!cog_skip_check(handle, &args, &who, &err);
        host.spelling = NULL;
        assert_int_equal(err.code, cases[i].code);
        if (err.code != COG_OK)
            continue;
        assert_string_equal(who.user, cases[i].spelling);
        assert_int_equal(who.other_spelling, cases[i].other);
    }
}

#define WHO(name, is_known, id)                          \
    {                                                    \
        .user = (name), .known = (is_known), .uid = (id) \
    }

/* What was true before the helper was asked must be true afterwards. */
static void
what_may_change_meanwhile(void **state)
{
    static const char *skips[] = {"skip_user=admin"};
    static const struct {
        struct cog_who before;
        int status;
        const char *user;
        bool unknown;
        uid_t uid;
        enum cog_errc code;
    } cases[] = {
        {{"alice", false, true, 1000},
         PAM_SUCCESS,
         "alice",
         false,
         1000,
         COG_OK},
        {{"alice", false, true, 1000},
         PAM_SUCCESS,
         "bob",
         false,
         1000,
         COG_E_SYSTEM},
        {{"alice", false, true, 1000},
         PAM_SUCCESS,
         "root",
         false,
         0,
         COG_E_SYSTEM},
        {{"alice", false, true, 1000},
         PAM_SUCCESS,
         NULL,
         false,
         1000,
         COG_E_SYSTEM},
        {{"alice", false, true, 1000},
         PAM_BAD_ITEM,
         "alice",
         false,
         1000,
         COG_E_SYSTEM},
        {{"alice", false, true, 1000},
         PAM_SUCCESS,
         "alice",
         false,
         1001,
         COG_E_SYSTEM},
        {{"alice", false, true, 1000},
         PAM_SUCCESS,
         "alice",
         false,
         0,
         COG_E_SCOPE},
        {{"alice", false, true, 1000},
         PAM_SUCCESS,
         "alice",
         true,
         1000,
         COG_E_SYSTEM},
        {{"alice", false, true, 0},
         PAM_SUCCESS,
         "alice",
         true,
         0,
         COG_E_SYSTEM},
        {{"alice", false, false, 0},
         PAM_SUCCESS,
         "alice",
         true,
         0,
         COG_E_SYSTEM},
        {{"alice", false, false, 1000},
         PAM_SUCCESS,
         "alice",
         false,
         1000,
         COG_E_SYSTEM},
        {{"admin", false, true, 1000},
         PAM_SUCCESS,
         "admin",
         false,
         1000,
         COG_E_SCOPE},
        {{"Alice", false, true, 1000},
         PAM_SUCCESS,
         "Alice",
         false,
         1000,
         COG_E_SCOPE},
    };
    const struct cog_args args = parse(1, skips);

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        struct cog_err err = COG_ERR_INIT;
        int rc;

        host.status = cases[i].status;
        host.user = cases[i].user;
        host.unknown = cases[i].unknown;
        host.uid = cases[i].uid;
        rc = cog_skip_recheck(handle, &args, &cases[i].before, &err);
        if (err.code != cases[i].code)
            fail_msg("case %zu: code %d: %s", i, (int)err.code, err.msg);
        assert_int_equal(rc, err.code == COG_OK ? 0 : -1);
    }
}

/* A directory that ignores case: the account's own name decides. */
static void
another_spelling(void **state)
{
    static const char *skips[] = {"skip_user=admin"};
    static const struct {
        const char *user;
        const char *account;
        uid_t uid;
        enum cog_errc code;
    } cases[] = {
        {"Alice", "alice", 1000, COG_OK},
        {"alice", "Alice", 1000, COG_E_SCOPE},
        {"alice@corp", "alice", 1000, COG_OK},
        {"alice@corp", "alice@corp", 1000, COG_E_SCOPE},
        {"Root", "root", 0, COG_E_SCOPE},
        {"Admin", "admin", 1000, COG_E_SCOPE},
    };
    const struct cog_args args = parse(1, skips);

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        struct cog_who who = {.user = "?"};
        struct cog_err err = COG_ERR_INIT;

        host.status = PAM_SUCCESS;
        host.user = cases[i].user;
        host.unknown = false;
        host.uid = cases[i].uid;
        host.spelling = cases[i].account;
        (void)!cog_skip_check(handle, &args, &who, &err);
        assert_int_equal(err.code, cases[i].code);
        if (err.code == COG_OK) {
            assert_string_equal(who.user, cases[i].account);
            assert_true(who.other_spelling);
        }
    }
    host.spelling = NULL;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(another_spelling),
        cmocka_unit_test(whom_the_application_names),
        cmocka_unit_test(who_is_skipped),
        cmocka_unit_test(how_nss_spells_the_user),
        cmocka_unit_test(what_may_change_meanwhile),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
