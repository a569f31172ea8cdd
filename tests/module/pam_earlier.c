/* SPDX-License-Identifier: MIT */
/*
 * pam_earlier.c - an earlier module of a stack: it leaves its argument as the
 * password, which an application may not do.
 */
#include <security/pam_modules.h>
#include <stddef.h>

#include "lib/core/macros.h"

COG_EXPORT int
pam_sm_authenticate(pam_handle_t *pamh, int flags COG_UNUSED, int argc,
                    const char **argv)
{
    return pam_set_item(pamh, PAM_AUTHTOK, argc > 0 ? argv[0] : NULL);
}

COG_EXPORT int
pam_sm_setcred(pam_handle_t *pamh COG_UNUSED, int flags COG_UNUSED,
               int argc COG_UNUSED, const char **argv COG_UNUSED)
{
    return PAM_SUCCESS;
}
