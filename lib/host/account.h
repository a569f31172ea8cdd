/* SPDX-License-Identifier: MIT */
/*
 * account.h - what this host knows of a local user, through NSS.
 */
#ifndef COG_ACCOUNT_H
#define COG_ACCOUNT_H

#include <stdbool.h>
#include <sys/types.h>

#include "lib/core/err.h"
#include "lib/core/macros.h"
#include "lib/core/name.h"

struct cog_account {
    char name[COG_NAME_BYTES]; /* as asked for; "" if no user's */
    bool exists;               /* false: NSS answered that there is none */
    uid_t uid;                 /* (uid_t)-1 unless it exists */
    gid_t gid;                 /* its primary group; (gid_t)-1 likewise */
};

/*
 * Look a local user up. A name no local user can have (cog_name_valid) does
 * not exist, and NSS is not asked.
 * COG_E_LOOKUP: NSS could not answer. COG_E_NOMEM.
 */
int cog_account_find(const char *name, struct cog_account *ret,
                     struct cog_err *err) COG_MUST_USE;

/*
 * Is the user a member of the group, by its member list or as his primary
 * group? A group that does not exist has no members.
 * COG_E_SYSTEM: NSS could not answer. COG_E_NOMEM.
 */
int cog_account_in_group(const struct cog_account *account, const char *group,
                         bool *ret, struct cog_err *err) COG_MUST_USE;

/*
 * Is the user a member of a group that makes him as good as root? *ret is the
 * first such group (static), or NULL. Errors as cog_account_in_group().
 */
int cog_account_privileged(const struct cog_account *account, const char **ret,
                           struct cog_err *err) COG_MUST_USE;

#endif
