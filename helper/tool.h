/* SPDX-License-Identifier: MIT */
/*
 * tool.h - what all our command-line programs agree on.
 */
#ifndef COG_TOOL_H
#define COG_TOOL_H

#include <stdbool.h>

#include "lib/core/err.h"

/* Exit statuses, documented in pam-cognito(8). stdout is data, stderr talk. */
enum cog_exit {
    COG_EXIT_OK = 0,
    COG_EXIT_REFUSED = 1,
    COG_EXIT_USAGE = 2,
    COG_EXIT_CONFIG = 3,
    COG_EXIT_UNAVAILABLE = 4,
    COG_EXIT_INTERNAL = 5
};

/* Options the subcommands share. */
struct cog_tool_options {
    const char *config_path;
    const char *service; /* NULL: none in particular */
    const char *user;    /* NULL: not given */
    bool all;
    bool json;
    bool utf8; /* the user's locale prints UTF-8 */
};

/* The exit status of a program that ended with this error. */
enum cog_exit cog_tool_exit(enum cog_errc code);

/* Print "ABOUT: TEXT" on standard error. The text may repeat words of the pool
 * or of a damaged file: it can do the terminal no harm. */
void cog_tool_say(const char *about, const char *text);

#endif
