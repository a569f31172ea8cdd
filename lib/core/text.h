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

#include "lib/core/err.h"
#include "lib/core/secret.h"

/* Arguments a text can have. */
#define COG_TEXT_ARGS 3
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
    COG_TEXT_NEVER,       /* account: sign in once with the pool password */
    COG_TEXT_UNSUPPORTED, /* password change is not built yet */
    COG_TEXT_COUNT_       /* keep last */
};

/* A translator: returns the text to use for an English msgid, never NULL. */
typedef const char *cog_text_translate(const char *msgid);

/* The English msgid of a text, "" for an unknown id. Static. */
const char *cog_text_msgid(enum cog_text text);

/*
 * Append the text with its arguments to `ret`. translate may be NULL
 * (English). A missing argument reads as "". Errors as cog_secret_append().
 */
int cog_text_render(enum cog_text text, const char *const *arg,
                    cog_text_translate *translate, struct cog_secret *ret,
                    struct cog_err *err) COG_MUST_USE;

#endif
