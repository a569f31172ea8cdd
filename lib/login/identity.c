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

/* A user's pool groups: of verified claims, or as they were kept on disk. */
struct groups {
    const struct cog_claims *claims; /* NULL: kept ones */
    const struct cog_list *kept;
};

/* The i-th, NULL past the last. */
static const char *
group_at(const struct groups *groups, size_t i)
{
    if (groups->claims != NULL)
        return cog_claims_group(groups->claims, i);
    return i < groups->kept->count ? groups->kept->item[i] : NULL;
}

static bool
in_any_group(const struct groups *groups, const struct cog_list *named)
{
    const char *group;

    for (size_t i = 0; (group = group_at(groups, i)) != NULL; i++) {
        if (cog_list_contains(named, group))
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

/* The one claim that is kept. A map that was changed since counts at once. */
static int
check_same_name(const struct cog_config *config, const char *pool_user,
                const char *username, struct cog_err *err)
{
    if (strcmp(config->identity_claim, "username") != 0 ||
        strcmp(username, pool_user) == 0)
        return 0;
    return cog_fail(err, COG_E_IDENTITY,
                    "signed in as '%.64s', and maps to '%.64s' now", username,
                    pool_user);
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
             const struct groups *groups, struct cog_err *err)
{
    if (cog_scope_denied(config, local))
        return cog_fail(err, COG_E_IDENTITY, "named in deny_users");
    if (in_any_group(groups, &config->deny_pool_groups)) {
        return cog_fail(err, COG_E_IDENTITY,
                        "in a pool group of deny_pool_groups");
    }
    return 0;
}

/* The rule that lets the user in, or NULL. */
static const char *
allowing_rule(const struct cog_config *config, const struct cog_local *local,
              const struct groups *groups)
{
    if (cog_list_contains(&config->allow_users, local->account.name))
        return "allowed by allow_users";
    if (in_any_group(groups, &config->allow_pool_groups))
        return "allowed by allow_pool_groups";
    if (config->allow_any_pool_user && local->privileged == NULL)
        return "allowed by allow_any_pool_user";
    return NULL;
}

/* The rules, once it is known who he is. */
static int
check_rules(const struct cog_config *config, const struct cog_local *local,
            const struct groups *groups, const char **ret_rule,
            struct cog_err *err)
{
    const char *rule;

    if (check_local(config, &local->account, err) < 0 ||
        check_denied(config, local, groups, err) < 0)
        return -1;
    rule = allowing_rule(config, local, groups);
    if (rule == NULL) {
        return cog_fail(err, COG_E_IDENTITY,
                        "no rule allows this user: not in allow_users, nor in "
                        "a group of allow_pool_groups");
    }
    *ret_rule = rule;
    return 0;
}

int
cog_identity_check(const struct cog_config *config,
                   const struct cog_local *local, const char *pool_user,
                   const struct cog_claims *claims, const char **ret_rule,
                   struct cog_err *err)
{
    const struct groups groups = {.claims = claims};

    if (check_same(config, pool_user, claims, err) < 0)
        return -1;
    return check_rules(config, local, &groups, ret_rule, err);
}

int
cog_identity_still(const struct cog_config *config,
                   const struct cog_local *local, const char *pool_user,
                   const struct cog_identity_kept *kept, const char **ret_rule,
                   struct cog_err *err)
{
    const struct groups groups = {.kept = kept->groups};

    if (check_same_name(config, pool_user, kept->username, err) < 0)
        return -1;
    return check_rules(config, local, &groups, ret_rule, err);
}
