/* SPDX-License-Identifier: MIT */
/*
 * decision.h - the one log line of a decision, whoever writes it: the module,
 * or the helper when the module cannot any more.
 */
#ifndef COG_DECISION_H
#define COG_DECISION_H

#include <stdbool.h>

#include "lib/core/protocol.h"

/* Hex digits of the nonce that tie the user's text to the log line. */
#define COG_DECISION_REF_DIGITS 4

/* The longest line, in bytes with the NUL; longer ones are cut. */
#define COG_DECISION_SIZE 8192

/* All borrowed; "" is unknown. */
struct cog_decision {
    bool accepted;
    const char *code; /* what PAM is told, by name */
    const char *user;
    const struct cog_verdict *verdict; /* pool_user, sub, method, mfa */
    const char *rhost;
    const char *reason;
    const char *nonce; /* the request's */
};

/* What both texts and log lines of a call are recognised by. */
void cog_decision_ref(const char *nonce, char ret[COG_DECISION_REF_DIGITS + 1]);

/* key=value, escaped: whatever came from outside cannot forge another. */
void cog_decision_format(const struct cog_decision *decision,
                         char ret[COG_DECISION_SIZE]);

#endif
