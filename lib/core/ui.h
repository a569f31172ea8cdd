/* SPDX-License-Identifier: MIT */
/*
 * ui.h - how sign-in code talks to the person signing in.
 *
 * It names texts by id with arguments (text.h); the front end (the PAM module
 * at the other end of the socket, or a tool's terminal) translates and shows.
 */
#ifndef COG_UI_H
#define COG_UI_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/core/err.h"
#include "lib/core/secret.h"
#include "lib/core/text.h"

struct cog_question {
    bool echo; /* show what is typed; false for passwords only */
    enum cog_text text;
    const char *arg[COG_TEXT_ARGS]; /* as many as the text needs, else NULL */
    /* To be shown as a QR code as well, or NULL. The front end decides whether
     * one fits: then it shows `text` with the code's rows in place of
     * arg[0], else `plain`. */
    const char *qr;
    enum cog_text plain; /* the question without the code */
    /* A menu's options: the front end puts them in place of arg[0]. */
    enum cog_text option[COG_TEXT_OPTIONS];
    size_t options;
    /* Called once after the question is on its way, while the user types;
     * may be NULL. */
    void (*meanwhile)(void *ctx);
    void *meanwhile_ctx;
};

struct cog_ui {
    /*
     * Put a question; the answer is appended to `answer` (empty before; may
     * stay empty). COG_E_CONV: the application cannot ask. COG_E_LATE: no
     * answer came in the time all questions of a call share.
     */
    int (*ask)(void *ctx, const struct cog_question *question,
               struct cog_secret *answer, struct cog_err *err);
    /* Show a text without an answer; best effort. */
    void (*tell)(void *ctx, enum cog_text text, const char *const *arg);
    void *ctx;
};

#endif
