/* SPDX-License-Identifier: MIT */
/*
 * start.h - how a sign-in begins, or begins again: InitiateAuth.
 */
#ifndef COG_START_H
#define COG_START_H

#include "lib/core/err.h"
#include "lib/core/macros.h"
#include "lib/pool/run.h"

/*
 * Send InitiateAuth with what is known by now, with more tries after an outage
 * and when throttled; nothing of it is used up by a failure. What an earlier
 * session proved no longer counts.
 */
int cog_start_run(struct cog_run *run, struct cog_err *err) COG_MUST_USE;

#endif
