/* SPDX-License-Identifier: MIT */
/*
 * terminal.h - questions and texts on a tool's own terminal.
 */
#ifndef COG_TERMINAL_H
#define COG_TERMINAL_H

#include <stdbool.h>

#include "lib/core/ui.h"
#include "lib/host/config.h"

struct cog_terminal {
    enum cog_qr_style qr; /* as configured */
    bool utf8;            /* cog_terminal_is_utf8() */
};

/* Does the user's locale print UTF-8? To be asked while the environment is
 * still there; it leaves the process in the C locale. */
bool cog_terminal_is_utf8(void);

/*
 * Ask on /dev/tty where there is one, else on standard input and error, so
 * that scripts can answer too. Texts go to standard error. Borrows the
 * terminal; nothing to free.
 *
 * COG_E_CONV, with the terminal as it was: the end of the input, Ctrl-C and
 * the like, a hang-up, SIGTERM. Signals are held meanwhile, in the thread that
 * asks; there should be no other.
 */
struct cog_ui cog_terminal_ui(struct cog_terminal *terminal);

#endif
