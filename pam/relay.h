/* SPDX-License-Identifier: MIT */
/*
 * relay.h - one call of the helper: hand over the request, put its questions
 * to the user, come back with its verdict.
 */
#ifndef COG_RELAY_H
#define COG_RELAY_H

#include <security/pam_modules.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/core/err.h"
#include "lib/core/protocol.h"
#include "pam/args.h"
#include "pam/authtok.h"

struct cog_call {
    pam_handle_t *pamh;
    const struct cog_args *args;
    struct cog_request request;
    struct cog_authtok authtok; /* of cog_relay_prepare() to cog_relay_run() */
    /* When the last password came, or whatever was answered first
     * (CLOCK_MONOTONIC, milliseconds), 0 while there was nothing: the floor
     * under refusals counts from here. */
    int64_t answered_ms;
};

/* Our messages in the host's language; see cog_text_translate. */
const char *cog_relay_translate(const char *msgid);

/* Draw the call's nonce, first of all: the log refers to it as well.
 * COG_E_SYSTEM: no random bytes. */
int cog_relay_begin(struct cog_call *call, struct cog_err *err) COG_MUST_USE;

/* Fill the rest of call->request: operation, user, what PAM knows.
 * COG_E_SYSTEM: PAM names no service; COG_E_CONFIG: something is too long. */
int cog_relay_prepare(struct cog_call *call, enum cog_operation operation,
                      const char *user, struct cog_err *err) COG_MUST_USE;

/*
 * Run the helper to its verdict. 0 means that a verdict counts: the one
 * complete last message, for this request, followed by end of file. What it
 * says is in ret, including refusals.
 * COG_E_SYSTEM: no helper, or it died, lied, chattered or was too slow.
 * COG_E_CONV, COG_E_DENIED, COG_E_AUTHTOK: the conversation, or what earlier
 * modules left, ended the call. COG_E_LATE: the user took too long.
 * COG_E_PROTOCOL: a question is too long.
 */
int cog_relay_run(struct cog_call *call, struct cog_verdict *ret,
                  struct cog_err *err) COG_MUST_USE;

#endif
