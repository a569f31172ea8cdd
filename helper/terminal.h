/* SPDX-License-Identifier: MIT */
/*
 * terminal.h - questions and texts on a tool's own terminal.
 */
#ifndef COG_TERMINAL_H
#define COG_TERMINAL_H

#include "lib/core/ui.h"

/*
 * Ask on /dev/tty where there is one, else on standard input and error, so
 * that scripts can answer too. Texts go to standard error. Nothing to free.
 */
struct cog_ui cog_terminal_ui(void);

#endif
