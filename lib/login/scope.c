/* SPDX-License-Identifier: MIT */
#include "lib/login/scope.h"

#include <stddef.h>

#include "lib/core/list.h"
#include "lib/core/name.h"

bool
cog_scope_denied(const struct cog_config *config, const struct cog_local *local)
{
    return cog_list_contains(&config->deny_users, local->account.name);
}

static int
check_uid(const struct cog_config *config, const struct cog_account *account,
          struct cog_err *err)
{
    if (!account->exists)
        return 0;
    if (cog_name_uid_reserved(account->uid)) {
        return cog_fail(err, COG_E_SCOPE, "uid %lu is never ours",
                        (unsigned long)account->uid);
    }
    if (account->uid < config->min_uid) {
        return cog_fail(err, COG_E_SCOPE, "uid %lu is below min_uid",
                        (unsigned long)account->uid);
    }
    return 0;
}

int
cog_scope_check_skipped(const struct cog_config *config,
                        const struct cog_local *local, struct cog_err *err)
{
    if (cog_list_contains(&config->skip_users, local->account.name))
        return cog_fail(err, COG_E_SCOPE, "named in skip_users");
    return check_uid(config, &local->account, err);
}

static int
check_skip_groups(const struct cog_config *config,
                  const struct cog_account *account, struct cog_err *err)
{
    for (size_t i = 0; i < config->skip_groups.count; i++) {
        bool member = false;

        if (cog_account_in_group(account, config->skip_groups.item[i], &member,
                                 err) < 0)
            return -1;
        if (member) {
            return cog_fail(err, COG_E_SCOPE, "member of one of skip_groups");
        }
    }
    return 0;
}

int
cog_scope_gather(const struct cog_config *config, const char *user,
                 struct cog_local *ret, struct cog_err *err)
{
    struct cog_local local = {0};

    if (cog_account_find(user, &local.account, err) < 0)
        return -1;
    if (!cog_scope_denied(config, &local)) {
        if (cog_scope_check_skipped(config, &local, err) < 0)
            return -1;
        if (local.account.exists &&
            check_skip_groups(config, &local.account, err) < 0)
            return -1;
    }
    if (local.account.exists && config->allow_any_pool_user &&
        cog_account_privileged(&local.account, &local.privileged, err) < 0)
        return -1;
    *ret = local;
    return 0;
}

/* Whether any allow rule could hold for this user, whatever the pool says. */
static bool
admissible(const struct cog_config *config, const struct cog_local *local)
{
    return cog_list_contains(&config->allow_users, local->account.name) ||
           config->allow_pool_groups.count > 0 ||
           (config->allow_any_pool_user && local->privileged == NULL);
}

int
cog_scope_check(const struct cog_config *config, const struct cog_local *local,
                struct cog_err *err)
{
    if (cog_scope_denied(config, local))
        return 0;
    if (cog_scope_check_skipped(config, local, err) < 0)
        return -1;
    if (!admissible(config, local))
        return cog_fail(err, COG_E_SCOPE, "no rule could allow this user");
    return 0;
}
