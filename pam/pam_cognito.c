/* SPDX-License-Identifier: MIT */
/*
 * pam_cognito.c - the six entry points, and nothing else.
 */
#include <security/pam_modules.h>

#include "lib/core/macros.h"
#include "pam/phase.h"

/* Linux-PAM's own prototypes say nothing about visibility, and we build with
 * -fvisibility=hidden: COG_EXPORT and pam_cognito.map both are needed. */

COG_EXPORT int
pam_sm_authenticate(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    return cog_phase_authenticate(pamh, flags, argc, argv);
}

/* There is no credential to set, and sshd refuses a login whose setcred does
 * not answer PAM_SUCCESS. Access was decided in authenticate and account. */
COG_EXPORT int
pam_sm_setcred(pam_handle_t *pamh COG_UNUSED, int flags COG_UNUSED,
               int argc COG_UNUSED, const char **argv COG_UNUSED)
{
    return PAM_SUCCESS;
}

COG_EXPORT int
pam_sm_acct_mgmt(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    return cog_phase_account(pamh, flags, argc, argv);
}

/* Sessions hold nothing of ours: harmless wherever they are listed. */
COG_EXPORT int
pam_sm_open_session(pam_handle_t *pamh COG_UNUSED, int flags COG_UNUSED,
                    int argc COG_UNUSED, const char **argv COG_UNUSED)
{
    return PAM_SUCCESS;
}

COG_EXPORT int
pam_sm_close_session(pam_handle_t *pamh COG_UNUSED, int flags COG_UNUSED,
                     int argc COG_UNUSED, const char **argv COG_UNUSED)
{
    return PAM_SUCCESS;
}

COG_EXPORT int
pam_sm_chauthtok(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    return cog_phase_password(pamh, flags, argc, argv);
}
