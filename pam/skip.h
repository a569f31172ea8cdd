/* SPDX-License-Identifier: MIT */
/*
 * skip.h - users the module never touches, decided before configuration,
 * helper or prompt: this is what keeps root and the break-glass account
 * working whatever of ours is broken.
 */
#ifndef COG_SKIP_H
#define COG_SKIP_H

#include <security/pam_modules.h>
#include <stdbool.h>
#include <sys/types.h>

#include "lib/core/err.h"
#include "lib/core/protocol.h"
#include "pam/args.h"

struct cog_who {
    char user[COG_USER_SIZE]; /* as NSS spells it, where it knows the user */
    bool other_spelling;      /* the application spelled it another way */
    bool known;               /* to NSS; uid is meaningful only then */
    uid_t uid;
};

/*
 * Find out whom the application means (pam_get_user, which asks when nobody
 * has yet) and whether he is ours.
 * COG_E_SCOPE: uid 0, below 1000 or reserved, named in skip_user=, or a name
 * no local user can have. COG_E_CONV: the application could not name a user.
 * COG_E_SYSTEM: it named nobody.
 */
int cog_skip_check(pam_handle_t *pamh, const struct cog_args *args,
                   struct cog_who *ret, struct cog_err *err) COG_MUST_USE;

/*
 * The same once more before success: still this user, this uid, and ours.
 * COG_E_SYSTEM: the user changed meanwhile or is unknown to NSS.
 */
int cog_skip_recheck(pam_handle_t *pamh, const struct cog_args *args,
                     const struct cog_who *who,
                     struct cog_err *err) COG_MUST_USE;

#endif
