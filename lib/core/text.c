/* SPDX-License-Identifier: MIT */
#include "lib/core/text.h"

#include <stddef.h>
#include <stdio.h>
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
        N_("You must choose a new password now. Type yes in full to go on: "),
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
    /* Enabling somebody again takes nothing back that a host has noted. */
    [COG_TEXT_DISABLED] =
        N_("This account was disabled when last checked. If that is over, sign "
           "in once with your pool password."),
    [COG_TEXT_BROWSER] =
        N_("This account signs in with a browser, which is not offered here."),
    [COG_TEXT_AUTHTOK] = N_("The password was not changed."),
    [COG_TEXT_POOL_SAYS] = N_("The sign-in service says: {1}"),

    [COG_TEXT_SMS] = N_("Code sent by text message to {1}: "),
    [COG_TEXT_SMS_WRONG] = N_("Wrong code. Code sent by text message to {1}: "),
    [COG_TEXT_SMS_OVER] = N_(
        "That code has expired; a new one was sent by text message to {1}: "),
    [COG_TEXT_EMAIL] = N_("Code sent by e-mail to {1}: "),
    [COG_TEXT_EMAIL_WRONG] = N_("Wrong code. Code sent by e-mail to {1}: "),
    [COG_TEXT_EMAIL_OVER] =
        N_("That code has expired; a new one was sent by e-mail to {1}: "),

    [COG_TEXT_CUSTOM] = N_("The sign-in service asks: {1}\nAnswer: "),
    [COG_TEXT_CUSTOM_BARE] = N_("Answer: "),

    [COG_TEXT_CHOOSE_FIRST] = N_("Sign in with:\n{1}Number: "),
    [COG_TEXT_CHOOSE_SECOND] = N_("Second factor:\n{1}Number: "),
    [COG_TEXT_CHOOSE_SETUP] = N_("Set up a second factor:\n{1}Number: "),
    [COG_TEXT_CHOOSE_AGAIN] = N_("Type one of the numbers.\n{1}Number: "),
    [COG_TEXT_OPTION_PASSWORD] = N_("password"),
    [COG_TEXT_OPTION_TOTP] = N_("code from an authenticator app"),
    [COG_TEXT_OPTION_SMS] = N_("code by text message"),
    [COG_TEXT_OPTION_EMAIL] = N_("code by e-mail"),
    [COG_TEXT_PASSWORD_OR_MENU] = N_("Password (Enter for other ways): "),

    /* The address comes before the question, so that the end of a long prompt
     * still has all it takes when a code was not drawn as it should be. */
    [COG_TEXT_ENROL_QR] =
        N_("Scan this with an authenticator app, or type the key.\n"
           "{1}{3}\nKey: {2}  Code: "),
    [COG_TEXT_ENROL_PLAIN] =
        N_("Set up an authenticator app with this address\n{3}\n"
           "or this key\n{2}\nCode it shows: "),
    [COG_TEXT_ENROL_WRONG] = N_("Wrong code. Code the app shows: "),
    [COG_TEXT_SETUP_EMAIL] = N_("E-mail address for codes: "),

    [COG_TEXT_ATTRIBUTE_EMAIL] = N_("Your e-mail address: "),
    [COG_TEXT_ATTRIBUTE_PHONE] =
        N_("Your phone number (such as +15551234567): "),
    [COG_TEXT_ATTRIBUTE_BIRTHDATE] = N_("Your birthdate (YYYY-MM-DD): "),
    [COG_TEXT_ATTRIBUTE_NAME] = N_("Your full name: "),
    [COG_TEXT_ATTRIBUTE_GIVEN_NAME] = N_("Your given name: "),
    [COG_TEXT_ATTRIBUTE_FAMILY_NAME] = N_("Your family name: "),
    [COG_TEXT_ATTRIBUTE_OTHER] = N_("Your {1}: "),
    [COG_TEXT_ATTRIBUTE_REFUSED] = N_("Not accepted ({2}). Your {1}: "),

    [COG_TEXT_NEW_PASSWORD_BREAKS] =
        N_("The password rules refuse this one: {1}\nNew password: "),

    [COG_TEXT_CURRENT_PASSWORD] = N_("Current password (Enter if forgotten): "),
    [COG_TEXT_FORGOTTEN] =
        N_("Get a code to choose a new password? Type yes in full to go on: "),
    [COG_TEXT_MUST_RESET] =
        N_("You must choose a new password with a code sent to you. "
           "Type yes in full to go on: "),
    [COG_TEXT_RESET_CODE] = N_("Code sent to {1}: "),
    [COG_TEXT_RESET_CODE_WRONG] = N_("Wrong code. Code sent to {1}: "),
    [COG_TEXT_RESET_CODE_OVER] =
        N_("That code has expired. Code sent to {1}: "),

    [COG_TEXT_REFUSED_PROVEN] =
        N_("Sign-in refused. Try again, or ask your administrator why."),
    [COG_TEXT_LATE] = N_("That took too long. Please start again."),
    [COG_TEXT_LOST] =
        N_("Sign in once with your pool password to use this account again."),
    [COG_TEXT_NOT_ALLOWED_AUTHTOK] =
        N_("You are not allowed to change this account's password here."),
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

/* What stands before an option. */
static int
append_number(struct cog_secret *ret, size_t number, struct cog_err *err)
{
    char text[32];

    (void)snprintf(text, sizeof(text), "  %zu  ", number);
    return cog_secret_append_str(ret, text, err);
}

int
cog_text_render_options(const enum cog_text *option, size_t count,
                        cog_text_translate *translate, struct cog_secret *ret,
                        struct cog_err *err)
{
    for (size_t i = 0; i < count; i++) {
        if (append_number(ret, i + 1, err) < 0 ||
            cog_text_render(option[i], NULL, translate, ret, err) < 0 ||
            cog_secret_append_str(ret, "\n", err) < 0)
            return -1;
    }
    return 0;
}
