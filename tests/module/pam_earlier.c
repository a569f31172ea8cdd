/* SPDX-License-Identifier: MIT */
/*
 * pam_earlier.c - another module of a stack, which does what an application
 * may not: "authtok=" and "old=" leave passwords, "show" says what was left.
 * In the password stack it does so in the second half; "both": in each.
 */
#include <security/pam_ext.h>
#include <security/pam_modules.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "lib/core/macros.h"

static int
leave(pam_handle_t *pamh, const char *arg, const char *prefix, int type)
{
    const size_t len = strlen(prefix);

    if (strncmp(arg, prefix, len) != 0)
        return PAM_SUCCESS;
    return pam_set_item(pamh, type, arg + len);
}

static int
show(pam_handle_t *pamh)
{
    const void *old = NULL;
    const void *new = NULL;

    (void)pam_get_item(pamh, PAM_OLDAUTHTOK, &old);
    (void)pam_get_item(pamh, PAM_AUTHTOK, &new);
    return pam_info(pamh, "left: old=%s new=%s",
                    old == NULL ? "-" : (const char *)old,
                    new == NULL ? "-" : (const char *)new);
}

static int
act(pam_handle_t *pamh, int argc, const char **argv)
{
    int status = PAM_SUCCESS;

    for (int i = 0; i < argc && status == PAM_SUCCESS; i++) {
        status = leave(pamh, argv[i], "authtok=", PAM_AUTHTOK);
        if (status == PAM_SUCCESS)
            status = leave(pamh, argv[i], "old=", PAM_OLDAUTHTOK);
        if (status == PAM_SUCCESS && strcmp(argv[i], "show") == 0)
            status = show(pamh);
    }
    return status;
}

COG_EXPORT int
pam_sm_authenticate(pam_handle_t *pamh, int flags COG_UNUSED, int argc,
                    const char **argv)
{
    return act(pamh, argc, argv);
}

COG_EXPORT int
pam_sm_setcred(pam_handle_t *pamh COG_UNUSED, int flags COG_UNUSED,
               int argc COG_UNUSED, const char **argv COG_UNUSED)
{
    return PAM_SUCCESS;
}

COG_EXPORT int
pam_sm_chauthtok(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    bool now = ((unsigned)flags & PAM_UPDATE_AUTHTOK) != 0;

    for (int i = 0; i < argc; i++)
        now = now || strcmp(argv[i], "both") == 0;
    return now ? act(pamh, argc, argv) : PAM_SUCCESS;
}
