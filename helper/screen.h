/* SPDX-License-Identifier: MIT */
/*
 * screen.h - what of a question fits on the screen of the person asked.
 *
 * A code that wraps, scrolls away or arrives as escape sequences in plain text
 * is worse than none: the address and the key are always there as text.
 */
#ifndef COG_SCREEN_H
#define COG_SCREEN_H

#include <stdbool.h>

#include "lib/browser/qr.h"
#include "lib/core/err.h"
#include "lib/core/macros.h"
#include "lib/core/ui.h"
#include "lib/host/config.h"

/* Where a question will be shown. All of it comes from elsewhere and decides
 * on nothing but the looks. */
struct cog_screen {
    enum cog_qr_style configured;
    const char *service;     /* PAM's; NULL: one of our own tools */
    const char *tty;         /* PAM_TTY, or "" */
    bool utf8;               /* the application's locale prints UTF-8 */
    struct cog_qr_room size; /* a 0 when unknown */
};

/*
 * The size of this process's controlling terminal, with a 0 in it when there
 * is none or it does not know. Neither waits nor changes anything.
 */
struct cog_qr_room cog_screen_size(void);

/*
 * How to draw a code there, COG_QR_OFF for not at all, and the room there is
 * for the code and everything that must be seen with it. A pure function:
 *
 *   sshd   the size is never known and 80 times 24 assumed, the terminals are
 *          the administrator's guess; UTF-8, since nothing else is small
 *          enough; ssh shows escape sequences as text
 *   sudo, su, passwd, our tools
 *          the user's own terminal, in UTF-8 where the locale says so
 *   login  on a virtual console colours, for its fonts have no half blocks;
 *          on any other line nothing is known before login
 *   others graphical greeters, mostly: nothing
 *
 * A style that is configured is used wherever it can arrive, and where the
 * size is not known without asking whether it fits.
 */
enum cog_qr_style cog_screen_style(const struct cog_screen *screen,
                                   struct cog_qr_room *ret_room);

/*
 * Make of `question` what is to be shown: with its code, drawn into `code`
 * (empty, COG_QR_MAX), which *ret then borrows, or without. A question without
 * a code stays as it is.
 * COG_E_NOMEM. COG_E_PROTOCOL: the question is too long to be shown.
 */
int cog_screen_fit(const struct cog_screen *screen,
                   const struct cog_question *question, struct cog_secret *code,
                   struct cog_question *ret, struct cog_err *err) COG_MUST_USE;

#endif
