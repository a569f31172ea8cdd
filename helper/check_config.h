/* SPDX-License-Identifier: MIT */
/*
 * check_config.h - `pam-cognito check-config`: every mistake at once.
 */
#ifndef COG_CHECK_CONFIG_H
#define COG_CHECK_CONFIG_H

#include "helper/tool.h"

/* Returns the exit status. */
enum cog_exit cog_check_config_run(const struct cog_tool_options *options);

#endif
