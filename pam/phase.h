/* SPDX-License-Identifier: MIT */
/*
 * phase.h - the PAM calls that decide something, one function each.
 */
#ifndef COG_PHASE_H
#define COG_PHASE_H

#include <security/pam_modules.h>

/* Each answers with a PAM status, having logged the decision and told the
 * user. Arguments as in pam_sm_authenticate(3). */
int cog_phase_authenticate(pam_handle_t *pamh, int flags, int argc,
                           const char **argv);
int cog_phase_account(pam_handle_t *pamh, int flags, int argc,
                      const char **argv);
int cog_phase_password(pam_handle_t *pamh, int flags, int argc,
                       const char **argv);

#endif
