/* SPDX-License-Identifier: MIT */
#include "lib/core/text.h"

#include <stddef.h>
#include <string.h>

/* Marks a msgid for xgettext without translating it here. */
#define N_(msgid) msgid

static const char *const msgids[COG_TEXT_COUNT_] = {
    [COG_TEXT_NONE] = "",
    /* Word for word what sudo looks for to put its own prompt, which -p sets,
     * in place of ours. */
    [COG_TEXT_PASSWORD_PROMPT] = N_("Password: "),
    [COG_TEXT_TOTP] = N_("Authenticator code: "),
    [COG_TEXT_TOTP_WRONG] = N_("Wrong code. Authenticator code: "),
    [COG_TEXT_TOTP_USED] =
        N_("Code used already, wait for the next. Authenticator code: "),
    [COG_TEXT_MUST_CHANGE] =
        N_("You must choose a new password now. Type yes to go on: "),
    [COG_TEXT_NEW_PASSWORD] = N_("New password: "),
    [COG_TEXT_NEW_PASSWORD_SAME] =
        N_("The new password must differ from the old one. New password: "),
    [COG_TEXT_NEW_PASSWORD_DIFFERS] =
        N_("The two passwords differ. New password: "),
    [COG_TEXT_NEW_PASSWORD_REFUSED] =
        N_("The password rules refuse this one. New password: "),
    [COG_TEXT_NEW_PASSWORD_AGAIN] = N_("New password again: "),
    [COG_TEXT_REFUSED] =
        N_("Sign-in refused. Check your user name and password."),
    [COG_TEXT_UNAVAILABLE] =
        N_("The sign-in service cannot be used right now. Try again later."),
    [COG_TEXT_THROTTLED] =
        N_("Too many sign-ins right now. Wait a minute and try again."),
    [COG_TEXT_MAXTRIES] =
        N_("Too many attempts. Wait a few minutes and try again."),
    [COG_TEXT_NOT_ALLOWED] =
        N_("You are not allowed to sign in to this account."),
    [COG_TEXT_MISCONFIGURED] =
        N_("Sign-in is not set up on this host. Tell its administrator."),
    [COG_TEXT_NO_CONVERSATION] =
        N_("This program cannot ask what the sign-in needs."),
    [COG_TEXT_INTERNAL] =
        N_("Sign-in failed on this host. Tell its administrator."),
    [COG_TEXT_NEVER] =
        N_("New on this host: sign in once with your pool password."),
    [COG_TEXT_UNSUPPORTED] =
        N_("Pool passwords cannot be changed from this host."),
};

const char *
cog_text_msgid(enum cog_text text)
{
    if ((unsigned)text >= COG_TEXT_COUNT_ || msgids[text] == NULL)
        return "";
    return msgids[text];
}

/* The argument a "{1}" at `p` stands for, or NULL when it is plain text. */
static const char *
argument_at(const char *p, const char *const *arg)
{
    size_t i;

    if (p[0] != '{' || p[1] < '1' || p[1] > '0' + COG_TEXT_ARGS || p[2] != '}')
        return NULL;
    i = (size_t)(p[1] - '1');
    return arg == NULL || arg[i] == NULL ? "" : arg[i];
}

int
cog_text_render(enum cog_text text, const char *const *arg,
                cog_text_translate *translate, struct cog_secret *ret,
                struct cog_err *err)
{
    const char *p = cog_text_msgid(text);

    if (translate != NULL && *p != '\0')
        p = translate(p);
    while (*p != '\0') {
        const char *value = argument_at(p, arg);
        size_t plain = 1 + strcspn(p + 1, "{");

        if (value != NULL && cog_secret_append_str(ret, value, err) < 0)
            return -1;
        if (value == NULL && cog_secret_append(ret, p, plain, err) < 0)
            return -1;
        p += value != NULL ? strlen("{1}") : plain;
    }
    return 0;
}
