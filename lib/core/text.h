/* SPDX-License-Identifier: MIT */
/*
 * text.h - everything a person signing in can be shown, by id.
 *
 * The helper sends ids and arguments; only the module translates. Templates
 * are English msgids with {1} {2} {3} in place of arguments, so a translation
 * can reorder them and cannot carry a format-string attack.
 */
#ifndef COG_TEXT_H
#define COG_TEXT_H

#include <stddef.h>

#include "lib/core/err.h"
#include "lib/core/macros.h"
#include "lib/core/secret.h"

/* Arguments a text can have. */
#define COG_TEXT_ARGS 3
/* Options a menu can have. */
#define COG_TEXT_OPTIONS 8
/* Longest rendered text in bytes (prompts with a QR code are some 6 KiB). */
#define COG_TEXT_MAX ((size_t)16 * 1024)

/* Sent over the wire by number: append only before COG_TEXT_COUNT_. */
enum cog_text {
    COG_TEXT_NONE = 0,
    COG_TEXT_PASSWORD_PROMPT,
    COG_TEXT_TOTP, /* authenticator code: first, wrong, used before */
    COG_TEXT_TOTP_WRONG,
    COG_TEXT_TOTP_USED,
    COG_TEXT_MUST_CHANGE,  /* "yes" goes on to a new password */
    COG_TEXT_NEW_PASSWORD, /* first; then why once more, and its repeat */
    COG_TEXT_NEW_PASSWORD_SAME,
    COG_TEXT_NEW_PASSWORD_DIFFERS,
    COG_TEXT_NEW_PASSWORD_REFUSED,
    COG_TEXT_NEW_PASSWORD_AGAIN,
    COG_TEXT_REFUSED,       /* one text for every refusal before proof */
    COG_TEXT_UNAVAILABLE,   /* the pool cannot be reached or used */
    COG_TEXT_THROTTLED,     /* the pool asks to wait */
    COG_TEXT_MAXTRIES,      /* too many tries after proof */
    COG_TEXT_NOT_ALLOWED,   /* genuine, but not for this account */
    COG_TEXT_MISCONFIGURED, /* configuration missing or refused */
    COG_TEXT_NO_CONVERSATION,
    COG_TEXT_INTERNAL,
    COG_TEXT_NEVER, /* account: sign in once with the pool password */
    COG_TEXT_DISABLED,
    COG_TEXT_BROWSER,   /* only a browser could go on */
    COG_TEXT_AUTHTOK,   /* no new password was accepted */
    COG_TEXT_POOL_SAYS, /* {1}: the pool's own words */

    /* Codes. {1}: where it was sent. */
    COG_TEXT_SMS,
    COG_TEXT_SMS_WRONG,
    COG_TEXT_SMS_OVER,
    COG_TEXT_EMAIL,
    COG_TEXT_EMAIL_WRONG,
    COG_TEXT_EMAIL_OVER,

    /* A pool's own question: {1}; and its answer when it says nothing. */
    COG_TEXT_CUSTOM,
    COG_TEXT_CUSTOM_BARE,

    /* Menus. {1}: the options, a line each. */
    COG_TEXT_CHOOSE_FIRST,
    COG_TEXT_CHOOSE_SECOND,
    COG_TEXT_CHOOSE_SETUP,
    COG_TEXT_CHOOSE_AGAIN, /* the answer was none of the numbers */
    COG_TEXT_OPTION_PASSWORD,
    COG_TEXT_OPTION_TOTP,
    COG_TEXT_OPTION_SMS,
    COG_TEXT_OPTION_EMAIL,
    COG_TEXT_PASSWORD_OR_MENU, /* auth_flow = user_auth: Enter for the menu */

    /* A new authenticator. {1} QR rows, {2} key, {3} otpauth address. */
    COG_TEXT_ENROL_QR,
    COG_TEXT_ENROL_PLAIN,
    COG_TEXT_ENROL_WRONG, /* short: the code above is still to be scanned */
    COG_TEXT_SETUP_EMAIL,

    /* Attributes the pool requires; {1} in the last two: its name, {2}: why
     * the pool refused it. */
    COG_TEXT_ATTRIBUTE_EMAIL,
    COG_TEXT_ATTRIBUTE_PHONE,
    COG_TEXT_ATTRIBUTE_BIRTHDATE,
    COG_TEXT_ATTRIBUTE_NAME,
    COG_TEXT_ATTRIBUTE_GIVEN_NAME,
    COG_TEXT_ATTRIBUTE_FAMILY_NAME,
    COG_TEXT_ATTRIBUTE_OTHER,
    COG_TEXT_ATTRIBUTE_REFUSED,

    /* New passwords: {1}: the rule it breaks, in the pool's words. */
    COG_TEXT_NEW_PASSWORD_BREAKS,

    /* passwd. {1}: where a code was sent. */
    COG_TEXT_CURRENT_PASSWORD,
    COG_TEXT_FORGOTTEN,  /* "yes" has a code sent */
    COG_TEXT_MUST_RESET, /* the same, demanded by the pool */
    COG_TEXT_RESET_CODE,
    COG_TEXT_RESET_CODE_WRONG,
    COG_TEXT_RESET_CODE_OVER,

    COG_TEXT_REFUSED_PROVEN,      /* a refusal after proof */
    COG_TEXT_LATE,                /* the same: the answers took too long */
    COG_TEXT_LOST,                /* a full sign-in mends it */
    COG_TEXT_NOT_ALLOWED_AUTHTOK, /* NOT_ALLOWED, of a password change */
    COG_TEXT_COUNT_               /* keep last */
};

/* A translator: returns the text to use for an English msgid, never NULL. */
typedef const char *cog_text_translate(const char *msgid);

/* The English msgid of a text, "" for an unknown id. Static. */
const char *cog_text_msgid(enum cog_text text);

/*
 * Append a menu's options to `ret`, one a line, numbered from 1: what stands
 * in place of {1} in a COG_TEXT_CHOOSE_ text. Errors as cog_secret_append().
 */
int cog_text_render_options(const enum cog_text *option, size_t count,
                            cog_text_translate *translate,
                            struct cog_secret *ret,
                            struct cog_err *err) COG_MUST_USE;

/*
 * Append the text with its arguments to `ret`. translate may be NULL
 * (English). A missing argument reads as "". Errors as cog_secret_append().
 */
int cog_text_render(enum cog_text text, const char *const *arg,
                    cog_text_translate *translate, struct cog_secret *ret,
                    struct cog_err *err) COG_MUST_USE;

#endif
