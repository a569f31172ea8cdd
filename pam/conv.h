/* SPDX-License-Identifier: MIT */
/*
 * conv.h - the application's conversation.
 *
 * Answers are adopted into secrets and the application's copies wiped.
 */
#ifndef COG_CONV_H
#define COG_CONV_H

#include <security/pam_modules.h>
#include <stdbool.h>

#include "lib/core/err.h"
#include "lib/core/secret.h"

/*
 * Put one prompt. The answer is appended to `answer` and may be empty.
 * COG_E_CONV: the application cannot or would not ask.
 * COG_E_DENIED: the answer is longer than answer->max.
 */
int cog_conv_ask(pam_handle_t *pamh, bool echo, const char *prompt,
                 struct cog_secret *answer, struct cog_err *err) COG_MUST_USE;

/* Show an informational or an error text; best effort. */
void cog_conv_tell(pam_handle_t *pamh, bool is_error, const char *text);

#endif
