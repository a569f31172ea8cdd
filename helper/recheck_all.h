/* SPDX-License-Identifier: MIT */
/*
 * recheck_all.h - `pam-cognito recheck`: whom would the account phase refuse,
 * going by what the pool says now?
 */
#ifndef COG_RECHECK_ALL_H
#define COG_RECHECK_ALL_H

#include "helper/tool.h"

/* Returns the exit status. */
enum cog_exit cog_recheck_all_run(const struct cog_tool_options *options);

#endif
