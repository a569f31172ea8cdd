/* SPDX-License-Identifier: MIT */
#include "lib/login/identity.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/tokens.h"

#define ALLOWS_ALICE "allow_users = alice\n"
#define GROUP(list)  "{\"cognito:groups\":" list "}"
#define EMAIL(address, verified) \
    "{\"email\":\"" address "\",\"email_verified\":" verified "}"

/* The local user; what is left out is alice, uid 1000, in no group that
 * matters. */
struct local {
    const char *name;
    bool unknown; /* to NSS */
    uid_t uid;
    const char *privileged;
};

/* One decision: who is at the door, what the pool says, what comes out. */
struct decision {
    const char *config;
    struct local local;
    const char *pool_user; /* what he maps to; NULL: alice */
    const char *claims;    /* changes to alice's token; NULL: none */
    const char *rule;      /* in: what allows him. NULL: refused, and */
    const char *why;       /* why */
};

/* Is it this local user's token? */
static const struct decision owners[] = {
    {ALLOWS_ALICE, .rule = "allow_users"},
    /* bob's good credentials, at alice's door */
    {ALLOWS_ALICE, .claims = "{\"cognito:username\":\"bob\"}",
     .why = "is 'bob', not 'alice'"},
    {ALLOWS_ALICE, .pool_user = "u-1", .why = "is 'alice', not 'u-1'"},
    {ALLOWS_ALICE, .pool_user = "u-1",
     .claims = "{\"cognito:username\":\"u-1\"}", .rule = "allow_users"},
    {ALLOWS_ALICE, .claims = "{\"cognito:username\":\"ALICE\"}",
     .why = "is 'ALICE', not 'alice'"},
    {ALLOWS_ALICE, .claims = "{\"cognito:username\":\"alic\"}",
     .why = "not 'alice'"},
    {ALLOWS_ALICE, .claims = "{\"cognito:username\":\"alice2\"}",
     .why = "not 'alice'"},
    /* Another claim of the token is not the one that counts. */
    {ALLOWS_ALICE,
     .claims = "{\"cognito:username\":\"bob\",\"username\":\"alice\","
               "\"sub\":\"alice\",\"email\":\"alice\",\"name\":\"alice\","
               "\"preferred_username\":\"alice\",\"email_verified\":true,"
               "\"nickname\":\"alice\"}",
     .why = "is 'bob'"},
    {ALLOWS_ALICE "identity_claim = username", .rule = "allow_users"},

    {ALLOWS_ALICE "identity_claim = sub", .why = "the token's sub is"},
    {ALLOWS_ALICE "identity_claim = sub", .pool_user = TOKENS_SUB,
     .rule = "allow_users"},
    {ALLOWS_ALICE "identity_claim = sub", .claims = "{\"sub\":\"alice\"}",
     .rule = "allow_users"},

    {ALLOWS_ALICE "identity_claim = email", .claims = EMAIL("alice", "true"),
     .rule = "allow_users"},
    {ALLOWS_ALICE "identity_claim = email", .claims = EMAIL("bob", "true"),
     .why = "the token's email is 'bob'"},
    {ALLOWS_ALICE "identity_claim = email", .claims = EMAIL("alice", "false"),
     .why = "no usable email"},
    {ALLOWS_ALICE "identity_claim = email",
     .claims = EMAIL("alice", "\"true\""), .why = "no usable email"},
    {ALLOWS_ALICE "identity_claim = email", .claims = EMAIL("alice", "1"),
     .why = "no usable email"},
    {ALLOWS_ALICE "identity_claim = email", .claims = EMAIL("alice", "null"),
     .why = "no usable email"},
    {ALLOWS_ALICE "identity_claim = email", .claims = "{\"email\":\"alice\"}",
     .why = "no usable email"},
    {ALLOWS_ALICE "identity_claim = email",
     .claims = "{\"email_verified\":true}", .why = "no usable email"},
    {ALLOWS_ALICE "identity_claim = email",
     .claims = "{\"email\":[\"alice\"],\"email_verified\":true}",
     .why = "no usable email"},

    {ALLOWS_ALICE "identity_claim = custom:unix",
     .claims = "{\"custom:unix\":\"alice\"}", .rule = "allow_users"},
    {ALLOWS_ALICE "identity_claim = custom:unix",
     .claims = "{\"custom:unix\":\"bob\"}", .why = "is 'bob', not 'alice'"},
    {ALLOWS_ALICE "identity_claim = custom:unix",
     .claims = "{\"custom:unix\":\"\"}", .why = "is '', not 'alice'"},
    {ALLOWS_ALICE "identity_claim = custom:unix",
     .why = "no usable custom:unix"},
    {ALLOWS_ALICE "identity_claim = custom:unix",
     .claims = "{\"custom:unix\":7}", .why = "no usable custom:unix"},
    {ALLOWS_ALICE "identity_claim = custom:unix",
     .claims = "{\"unix\":\"alice\",\"custom:Unix\":\"alice\"}",
     .why = "no usable custom:unix"},
};

/* Is he one of ours? */
static const struct decision locals[] = {
    {ALLOWS_ALICE, .local = {.unknown = true}, .why = "no such local user"},
    {"allow_any_pool_user = yes", .local = {.unknown = true},
     .why = "no such local user"},
    {"allow_users = root", .local = {"root", .uid = 0}, .pool_user = "root",
     .claims = "{\"cognito:username\":\"root\"}", .why = "uid 0 is never ours"},
    {ALLOWS_ALICE, .local = {.uid = 999}, .why = "uid 999 is never ours"},
    {ALLOWS_ALICE, .local = {.uid = 1000}, .rule = "allow_users"},
    {ALLOWS_ALICE, .local = {.uid = 61184}, .why = "never ours"},
    {ALLOWS_ALICE, .local = {.uid = 65519}, .why = "never ours"},
    {ALLOWS_ALICE, .local = {.uid = 65520}, .rule = "allow_users"},
    {ALLOWS_ALICE, .local = {.uid = 65534}, .why = "never ours"},
    {ALLOWS_ALICE, .local = {.uid = 0x7fffffff}, .rule = "allow_users"},
    {ALLOWS_ALICE, .local = {.uid = 0x80000000}, .why = "never ours"},
    {ALLOWS_ALICE "min_uid = 2000", .local = {.uid = 1999},
     .why = "never ours"},
    {ALLOWS_ALICE "min_uid = 2000", .local = {.uid = 2000},
     .rule = "allow_users"},
};

/* May he come in? */
static const struct decision rules[] = {
    /* Nobody is in by default; an empty list is nobody too. */
    {"", .why = "no rule allows"},
    {"allow_users =", .why = "no rule allows"},
    {"allow_pool_groups =", .why = "no rule allows"},
    {"allow_pool_groups =", .claims = GROUP("[\"\"]"), .why = "no rule allows"},
    {"allow_pool_groups =", .claims = GROUP("[\"ops\"]"),
     .why = "no rule allows"},
    {"allow_any_pool_user = no", .why = "no rule allows"},
    {"allow_users = bob", .why = "no rule allows"},
    {"allow_users = alicea", .why = "no rule allows"},
    {"allow_users = bob alice", .rule = "allow_users"},
    /* Local names, not pool names. */
    {"allow_users = u-1", .pool_user = "u-1",
     .claims = "{\"cognito:username\":\"u-1\"}", .why = "no rule allows"},

    {"allow_pool_groups = ops", .why = "no rule allows"},
    {"allow_pool_groups = ops", .claims = GROUP("[]"), .why = "no rule allows"},
    {"allow_pool_groups = ops", .claims = GROUP("[\"dev\"]"),
     .why = "no rule allows"},
    {"allow_pool_groups = ops", .claims = GROUP("[\"Ops\"]"),
     .why = "no rule allows"},
    {"allow_pool_groups = ops", .claims = GROUP("[\"opsx\",\"op\"]"),
     .why = "no rule allows"},
    {"allow_pool_groups = ops", .claims = GROUP("\"ops\""),
     .why = "no rule allows"},
    {"allow_pool_groups = ops", .claims = GROUP("{\"ops\":\"ops\"}"),
     .why = "no rule allows"},
    {"allow_pool_groups = ops", .claims = GROUP("[[\"ops\"]]"),
     .why = "no rule allows"},
    {"allow_pool_groups = ops", .claims = "{\"groups\":[\"ops\"]}",
     .why = "no rule allows"},
    {"allow_pool_groups = ops", .claims = GROUP("[\"ops\"]"),
     .rule = "allow_pool_groups"},
    {"allow_pool_groups = dev ops", .claims = GROUP("[\"all\",7,\"ops\"]"),
     .rule = "allow_pool_groups"},
    /* Pool groups are no local groups, nor the other way round. */
    {"allow_users = sudo", .claims = GROUP("[\"sudo\"]"),
     .why = "no rule allows"},
    {"allow_pool_groups = sudo", .local = {.privileged = "sudo"},
     .why = "no rule allows"},

    {"allow_any_pool_user = yes", .rule = "allow_any_pool_user"},
    {"allow_any_pool_user = yes", .local = {.privileged = "sudo"},
     .why = "no rule allows"},
    {"allow_any_pool_user = yes\nallow_users = alice",
     .local = {.privileged = "sudo"}, .rule = "allow_users"},
    {"allow_any_pool_user = yes\nallow_pool_groups = ops",
     .local = {.privileged = "sudo"}, .claims = GROUP("[\"ops\"]"),
     .rule = "allow_pool_groups"},
    {"allow_any_pool_user = yes\nallow_pool_groups = ops",
     .local = {.privileged = "sudo"}, .why = "no rule allows"},

    /* Either list allows. */
    {"allow_users = bob\nallow_pool_groups = ops", .claims = GROUP("[\"ops\"]"),
     .rule = "allow_pool_groups"},
    {"allow_users = alice\nallow_pool_groups = ops", .rule = "allow_users"},
    {"allow_users = bob\nallow_pool_groups = ops", .why = "no rule allows"},

    /* Deny wins. */
    {ALLOWS_ALICE "deny_users = alice", .why = "deny_users"},
    {ALLOWS_ALICE "deny_users = bob alice", .why = "deny_users"},
    {ALLOWS_ALICE "deny_users = bob", .rule = "allow_users"},
    {ALLOWS_ALICE "deny_users =", .rule = "allow_users"},
    {"allow_any_pool_user = yes\ndeny_users = alice", .why = "deny_users"},
    {"allow_pool_groups = ops\ndeny_users = alice",
     .claims = GROUP("[\"ops\"]"), .why = "deny_users"},
    {ALLOWS_ALICE "deny_pool_groups = out", .claims = GROUP("[\"out\"]"),
     .why = "deny_pool_groups"},
    {ALLOWS_ALICE "deny_pool_groups = gone out",
     .claims = GROUP("[\"ops\",\"out\"]"), .why = "deny_pool_groups"},
    {"allow_pool_groups = ops\ndeny_pool_groups = ops",
     .claims = GROUP("[\"ops\"]"), .why = "deny_pool_groups"},
    {"allow_any_pool_user = yes\ndeny_pool_groups = out",
     .claims = GROUP("[\"out\"]"), .why = "deny_pool_groups"},
    {ALLOWS_ALICE "deny_pool_groups = out", .claims = GROUP("[\"ops\"]"),
     .rule = "allow_users"},
    {ALLOWS_ALICE "deny_pool_groups = out", .rule = "allow_users"},
    {ALLOWS_ALICE "deny_pool_groups =", .claims = GROUP("[\"out\"]"),
     .rule = "allow_users"},
};

#define KEPT_GROUPS 2

/* Would he still come in, by what was kept of his last sign-in? */
static const struct memory {
    const char *config;
    struct local local;
    const char *username;            /* in the pool then; NULL: alice */
    const char *groups[KEPT_GROUPS]; /* what is behind `count` is not his */
    size_t count;
    const char *rule; /* as in struct decision */
    const char *why;
} memories[] = {
    {ALLOWS_ALICE, .rule = "allow_users"},
    {ALLOWS_ALICE, .username = "bob",
     .why = "signed in as 'bob', and maps to 'alice' now"},
    {ALLOWS_ALICE, .username = "", .why = "signed in as ''"},
    {ALLOWS_ALICE "identity_claim = username", .username = "ALICE",
     .why = "signed in as 'ALICE'"},
    /* The other claims are not kept. */
    {ALLOWS_ALICE "identity_claim = sub", .username = "u-1",
     .rule = "allow_users"},
    {ALLOWS_ALICE "identity_claim = email", .username = "bob",
     .rule = "allow_users"},

    {ALLOWS_ALICE, .local = {.unknown = true}, .why = "no such local user"},
    {ALLOWS_ALICE "min_uid = 2000", .why = "never ours"},
    {"", .why = "no rule allows"},
    {"allow_any_pool_user = yes", .rule = "allow_any_pool_user"},
    {"allow_any_pool_user = yes", .local = {.privileged = "sudo"},
     .why = "no rule allows"},
    {ALLOWS_ALICE "deny_users = alice", .why = "deny_users"},

    {"allow_pool_groups = ops", .why = "no rule allows"},
    {"allow_pool_groups = ops", .groups = {"ops"}, .why = "no rule allows"},
    {"allow_pool_groups = ops", .groups = {"dev", "ops"}, .count = 1,
     .why = "no rule allows"},
    {"allow_pool_groups = ops", .groups = {"ops"}, .count = 1,
     .rule = "allow_pool_groups"},
    {"allow_pool_groups = ops", .groups = {"dev", "ops"}, .count = 2,
     .rule = "allow_pool_groups"},
    {ALLOWS_ALICE "deny_pool_groups = out", .groups = {"ops", "out"},
     .count = 1, .rule = "allow_users"},
    {ALLOWS_ALICE "deny_pool_groups = out", .groups = {"ops", "out"},
     .count = 2, .why = "deny_pool_groups"},
};

static struct cog_local
make_local(const struct local *facts)
{
    const char *name = facts->name == NULL ? "alice" : facts->name;
    const uid_t uid =
        facts->uid == 0 && facts->name == NULL ? 1000 : facts->uid;
    struct cog_local local = {
        .account = {.exists = !facts->unknown,
                    .uid = facts->unknown ? (uid_t)-1 : uid,
                    .gid = facts->unknown ? (gid_t)-1 : 100},
        .privileged = facts->privileged,
    };

    (void)snprintf(local.account.name, sizeof(local.account.name), "%s", name);
    return local;
}

/* What came out is what is wanted: this rule, or this reason. */
static void
expect(const char *config, int rc, const char *got, const struct cog_err *err,
       const char *rule, const char *why)
{
    if (rc != (rule == NULL ? -1 : 0))
        fail_msg("'%s' answers %d %s", config, rc, err->msg);
    assert_int_equal(err->code, rule == NULL ? COG_E_IDENTITY : COG_OK);
    if (rule == NULL)
        assert_string_equal(got, "untouched");
    else if (strstr(got, rule) == NULL)
        fail_msg("'%s': rule '%s', want '%s'", config, got, rule);
    if (why != NULL && strstr(err->msg, why) == NULL)
        fail_msg("'%s': '%s', want '%s'", config, err->msg, why);
}

static void
check(const struct decision *d)
{
    struct cog_config config = tokens_config(d->config, NULL);
    const struct cog_local local = make_local(&d->local);
    const char *pool_user = d->pool_user == NULL ? "alice" : d->pool_user;
    struct cog_claims *claims =
        tokens_claims(d->claims == NULL ? "" : d->claims);
    struct cog_err err = COG_ERR_INIT;
    const char *rule = "untouched";
    const int rc =
        cog_identity_check(&config, &local, pool_user, claims, &rule, &err);

    if (rc != (d->rule == NULL ? -1 : 0))
        print_message("with %s\n", d->claims == NULL ? "{}" : d->claims);
    expect(d->config, rc, rule, &err, d->rule, d->why);
    cog_claims_close(claims);
    cog_config_clear(&config);
}

static void
check_kept(const struct memory *m)
{
    struct cog_config config = tokens_config(m->config, NULL);
    const struct cog_local local = make_local(&m->local);
    char names[KEPT_GROUPS][8];
    char *item[KEPT_GROUPS + 1] = {NULL};
    const struct cog_list groups = {.item = item, .count = m->count};
    const struct cog_identity_kept kept = {
        .username = m->username == NULL ? "alice" : m->username,
        .groups = &groups,
    };
    struct cog_err err = COG_ERR_INIT;
    const char *rule = "untouched";
    int rc;

    for (size_t i = 0; i < KEPT_GROUPS && m->groups[i] != NULL; i++) {
        (void)snprintf(names[i], sizeof(names[i]), "%s", m->groups[i]);
        item[i] = names[i];
    }
    rc = cog_identity_still(&config, &local, "alice", &kept, &rule, &err);
    expect(m->config, rc, rule, &err, m->rule, m->why);
    cog_config_clear(&config);
}

static void
the_token_is_his(void **state)
{
    (void)state;
    for (size_t i = 0; i < COG_COUNT(owners); i++)
        check(&owners[i]);
}

static void
the_local_user_is_ours(void **state)
{
    (void)state;
    for (size_t i = 0; i < COG_COUNT(locals); i++)
        check(&locals[i]);
}

static void
a_rule_lets_him_in(void **state)
{
    (void)state;
    for (size_t i = 0; i < COG_COUNT(rules); i++)
        check(&rules[i]);
}

static void
what_was_kept_lets_him_in(void **state)
{
    (void)state;
    for (size_t i = 0; i < COG_COUNT(memories); i++)
        check_kept(&memories[i]);
}

/* Rules of one service hold there and nowhere else. */
static void
rules_of_a_service(void **state)
{
    static const char lines[] = "allow_users = alice\n"
                                "[service sudo]\n"
                                "allow_users = bob\n"
                                "deny_users = alice\n";
    static const struct {
        const char *service;
        int rc;
    } cases[] = {{"sshd", 0}, {"sudo", -1}};

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        struct cog_config config = tokens_config(lines, cases[i].service);
        const struct cog_local local = make_local(&(struct local){0});
        struct cog_claims *claims = tokens_claims("");
        struct cog_err err = COG_ERR_INIT;
        const char *rule = NULL;

        assert_int_equal(
            cog_identity_check(&config, &local, "alice", claims, &rule, &err),
            cases[i].rc);
        cog_claims_close(claims);
        cog_config_clear(&config);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_token_is_his),
        cmocka_unit_test(the_local_user_is_ours),
        cmocka_unit_test(a_rule_lets_him_in),
        cmocka_unit_test(what_was_kept_lets_him_in),
        cmocka_unit_test(rules_of_a_service),
    };

    return cmocka_run_group_tests(tests, tokens_setup, tokens_teardown);
}
