/* SPDX-License-Identifier: MIT */
/*
 * args.h - module arguments and PAM flags.
 */
#ifndef COG_ARGS_H
#define COG_ARGS_H

#include <stdbool.h>

#include "lib/core/err.h"
#include "lib/core/macros.h"

struct cog_args {
    const char *conf; /* configuration file, "" for the default */
    bool debug;
    bool first; /* no line above changes a password */
    bool try_first_pass;
    bool use_first_pass;
    bool use_authtok;
    bool silent; /* PAM_SILENT: no info and error texts; prompts stay */
    int argc;    /* as given, for skip_user= */
    const char **argv;
};

/*
 * Read the arguments. *ret is usable for cog_args_skips() even on failure:
 * skip_user= must hold whatever else on the line is wrong.
 * COG_E_CONFIG: unknown or malformed argument.
 */
int cog_args_parse(int flags, int argc, const char **argv, struct cog_args *ret,
                   struct cog_err *err) COG_MUST_USE;

/* Does a skip_user= argument name this user? */
bool cog_args_skips(const struct cog_args *args, const char *user);

#endif
