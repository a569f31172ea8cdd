/* SPDX-License-Identifier: MIT */
/*
 * mark.h - "this user signed in through this handle a moment ago".
 *
 * The account phase of the same PAM handle then needs no helper. sshd opens
 * sessions in another process: nothing there may rely on the mark.
 */
#ifndef COG_MARK_H
#define COG_MARK_H

#include <security/pam_modules.h>
#include <stdbool.h>

#include "lib/core/err.h"
#include "pam/skip.h"

/* How long a mark counts, in milliseconds. */
#define COG_MARK_MS ((int64_t)5 * 60 * 1000)

/* Forget any mark. COG_E_SYSTEM: PAM would not; no sign-in may go on. */
int cog_mark_clear(pam_handle_t *pamh, struct cog_err *err) COG_MUST_USE;

/* Remember a sign-in that is about to answer PAM_SUCCESS. */
int cog_mark_set(pam_handle_t *pamh, const struct cog_who *who,
                 struct cog_err *err) COG_MUST_USE;

/* Is there a mark for this user and uid, young enough? */
bool cog_mark_holds(pam_handle_t *pamh, const struct cog_who *who);

#endif
