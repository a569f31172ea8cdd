/* SPDX-License-Identifier: MIT */
/*
 * test_user.h - `pam-cognito test USER`: the whole sign-in against the real
 * pool, without touching any PAM stack and without leaving anything behind.
 */
#ifndef COG_TEST_USER_H
#define COG_TEST_USER_H

#include "helper/tool.h"

/* Returns the exit status. */
enum cog_exit cog_test_user_run(const struct cog_tool_options *options);

#endif
