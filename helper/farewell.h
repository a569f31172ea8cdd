/* SPDX-License-Identifier: MIT */
/*
 * farewell.h - the log line of a call whose module cannot write it any more.
 *
 * Only the module logs, once. But a program that is killed at a question, or
 * that still shows one when all time is over, would leave no trace of a
 * password that was right. Then the helper says it, in the module's words; a
 * module that comes back after all logs a line with the same ref.
 */
#ifndef COG_FAREWELL_H
#define COG_FAREWELL_H

#include <stdbool.h>
#include <sys/types.h>

#include "lib/core/protocol.h"

/* Connect to the system log, while that is still possible. */
void cog_farewell_prepare(void);

/*
 * The socket hung up: is the module's process gone too? One that is not ends
 * this process at once, and has logged why or will. `module` is its pid.
 */
bool cog_farewell_alone(pid_t module);

/* How a call ended that no verdict reached. */
struct cog_farewell {
    const struct cog_request *request;
    const struct cog_verdict *verdict; /* what is known */
    enum cog_text open;                /* the question; COG_TEXT_NONE: none */
    bool late;                         /* nobody answered it in time */
    bool proven; /* the pool had accepted the first factor */
};

/* Log it. */
void cog_farewell_log(const struct cog_farewell *farewell);

#endif
