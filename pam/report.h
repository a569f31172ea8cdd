/* SPDX-License-Identifier: MIT */
/*
 * report.h - what a decision means to PAM, to the log and to the user.
 */
#ifndef COG_REPORT_H
#define COG_REPORT_H

#include "lib/core/err.h"
#include "pam/relay.h"

/*
 * The PAM status of a failure; never PAM_SUCCESS, so a caller that failed and
 * forgot to say why still refuses.
 */
int cog_report_status(enum cog_errc code);

/*
 * Write the one log line of a decision; `status` is what PAM will be told.
 */
void cog_report_log(const struct cog_call *call, const char *user,
                    const struct cog_verdict *verdict,
                    const struct cog_err *err, int status);

/* Tell the user why not, unless the application asked for silence. */
void cog_report_tell(const struct cog_call *call, enum cog_errc code);

#endif
