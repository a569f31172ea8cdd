/* SPDX-License-Identifier: MIT */
#include "pam/skip.h"

#include <pwd.h>
#include <security/pam_ext.h>
#include <security/pam_modutil.h>
#include <string.h>

#include "lib/core/name.h"

static int
not_ours(const struct cog_args *args, const struct cog_who *who,
         struct cog_err *err)
{
    if (cog_args_skips(args, who->user))
        return cog_fail(err, COG_E_SCOPE, "named in skip_user=");
    if (who->known && cog_name_uid_reserved(who->uid)) {
        return cog_fail(err, COG_E_SCOPE, "uid %lu is never ours",
                        (unsigned long)who->uid);
    }
    return 0;
}

static int
look_up(pam_handle_t *pamh, const char *user, struct cog_who *ret,
        struct cog_err *err)
{
    struct cog_who who = {0};
    /* NULL also means that the look-up failed; the helper, which looks again,
     * tells the two apart. */
    const struct passwd *pw = pam_modutil_getpwnam(pamh, user);

    if (pw != NULL) {
        who.known = true;
        who.uid = pw->pw_uid;
        /* Directories that ignore case know "Alice" too: the rules are about
         * the name the account has. */
        who.other_spelling = strcmp(pw->pw_name, user) != 0;
        user = pw->pw_name;
    }
    if (!cog_name_valid(user) || strlen(user) >= sizeof(who.user))
        return cog_fail(err, COG_E_SCOPE, "not a user name we serve");
    memcpy(who.user, user, strlen(user) + 1);
    *ret = who;
    return 0;
}

int
cog_skip_check(pam_handle_t *pamh, const struct cog_args *args,
               struct cog_who *ret, struct cog_err *err)
{
    struct cog_who who = {0};
    const char *user = NULL;
    int status = pam_get_user(pamh, &user, NULL);

    if (status == PAM_CONV_ERR || status == PAM_CONV_AGAIN) {
        return cog_fail(err, COG_E_CONV, "no user name: %s",
                        pam_strerror(pamh, status));
    }
    if (status != PAM_SUCCESS || user == NULL || *user == '\0')
        return cog_fail(err, COG_E_SYSTEM, "no user name");
    if (look_up(pamh, user, &who, err) < 0 || not_ours(args, &who, err) < 0)
        return -1;
    *ret = who;
    return 0;
}

int
cog_skip_recheck(pam_handle_t *pamh, const struct cog_args *args,
                 const struct cog_who *who, struct cog_err *err)
{
    struct cog_who now = {0};
    const void *user = NULL;

    if (pam_get_item(pamh, PAM_USER, &user) != PAM_SUCCESS || user == NULL ||
        strcmp(user, who->user) != 0) {
        return cog_fail(err, COG_E_SYSTEM,
                        "the application changed the user meanwhile");
    }
    if (look_up(pamh, who->user, &now, err) < 0 ||
        not_ours(args, &now, err) < 0)
        return -1;
    if (!now.known || now.uid != who->uid || !who->known)
        return cog_fail(err, COG_E_SYSTEM, "the user's uid changed meanwhile");
    return 0;
}
