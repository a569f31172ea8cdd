/* SPDX-License-Identifier: MIT */
#include "lib/login/identity.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "lib/core/list.h"
#include "lib/core/name.h"

/* The verified claim that must equal the mapped name, or NULL when the token
 * does not have it in a form that proves anything. */
static const char *
identity_of(const struct cog_config *config, const struct cog_claims *claims)
{
    const char *which = config->identity_claim;

    if (strcmp(which, "username") == 0)
        return cog_claims_username(claims);
    if (strcmp(which, "sub") == 0)
        return cog_claims_sub(claims);
    if (strcmp(which, "email") == 0) {
        return cog_claims_email_verified(claims) ? cog_claims_email(claims)
                                                 : NULL;
    }
    return cog_claims_custom(claims, which);
}

static bool
in_any_group(const struct cog_claims *claims, const struct cog_list *groups)
{
    const char *group;

    for (size_t i = 0; (group = cog_claims_group(claims, i)) != NULL; i++) {
        if (cog_list_contains(groups, group))
            return true;
    }
    return false;
}

static int
check_same(const struct cog_config *config, const char *pool_user,
           const struct cog_claims *claims, struct cog_err *err)
{
    const char *identity = identity_of(config, claims);

    if (identity == NULL) {
        return cog_fail(err, COG_E_IDENTITY, "the token has no usable %s claim",
                        config->identity_claim);
    }
    if (strcmp(identity, pool_user) != 0) {
        return cog_fail(err, COG_E_IDENTITY,
                        "the token's %s is '%.64s', not '%.64s'",
                        config->identity_claim, identity, pool_user);
    }
    return 0;
}

static int
check_local(const struct cog_config *config, const struct cog_account *account,
            struct cog_err *err)
{
    if (!account->exists)
        return cog_fail(err, COG_E_IDENTITY, "no such local user");
    if (cog_name_uid_reserved(account->uid) || account->uid < config->min_uid) {
        return cog_fail(err, COG_E_IDENTITY, "uid %lu is never ours",
                        (unsigned long)account->uid);
    }
    return 0;
}

static int
check_denied(const struct cog_config *config, const struct cog_local *local,
             const struct cog_claims *claims, struct cog_err *err)
{
    if (cog_scope_denied(config, local))
        return cog_fail(err, COG_E_IDENTITY, "named in deny_users");
    if (in_any_group(claims, &config->deny_pool_groups)) {
        return cog_fail(err, COG_E_IDENTITY,
                        "in a pool group of deny_pool_groups");
    }
    return 0;
}

/* The rule that lets the user in, or NULL. */
static const char *
allowing_rule(const struct cog_config *config, const struct cog_local *local,
              const struct cog_claims *claims)
{
    if (cog_list_contains(&config->allow_users, local->account.name))
        return "allowed by allow_users";
    if (in_any_group(claims, &config->allow_pool_groups))
        return "allowed by allow_pool_groups";
    if (config->allow_any_pool_user && local->privileged == NULL)
        return "allowed by allow_any_pool_user";
    return NULL;
}

int
cog_identity_check(const struct cog_config *config,
                   const struct cog_local *local, const char *pool_user,
                   const struct cog_claims *claims, const char **ret_rule,
                   struct cog_err *err)
{
    const char *rule;

    if (check_same(config, pool_user, claims, err) < 0 ||
        check_local(config, &local->account, err) < 0 ||
        check_denied(config, local, claims, err) < 0)
        return -1;
    rule = allowing_rule(config, local, claims);
    if (rule == NULL) {
        return cog_fail(err, COG_E_IDENTITY,
                        "no rule allows this user: not in allow_users, nor in "
                        "a group of allow_pool_groups");
    }
    *ret_rule = rule;
    return 0;
}
