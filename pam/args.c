/* SPDX-License-Identifier: MIT */
#include "pam/args.h"

#include <security/pam_modules.h>
#include <stddef.h>
#include <string.h>

#include "lib/core/protocol.h"

static const char skip_user[] = "skip_user=";
static const char conf[] = "conf=";

/* What follows the prefix, or NULL when text does not begin with it. */
static const char *
after(const char *text, const char *prefix)
{
    size_t len = strlen(prefix);

    return strncmp(text, prefix, len) == 0 ? text + len : NULL;
}

static int
parse_one(const char *arg, struct cog_args *args, struct cog_err *err)
{
    const char *value = after(arg, conf);

    if (value != NULL && value[0] == '/' && strlen(value) < COG_PATH_SIZE) {
        args->conf = value;
        return 0;
    }
    if (value != NULL) {
        return cog_fail(err, COG_E_CONFIG,
                        "module argument conf= needs an absolute path");
    }
    value = after(arg, skip_user);
    if (value != NULL && *value != '\0')
        return 0; /* read by cog_args_skips() */
    if (strcmp(arg, "debug") == 0) {
        args->debug = true;
    } else if (strcmp(arg, "first") == 0) {
        args->first = true;
    } else if (strcmp(arg, "try_first_pass") == 0) {
        args->try_first_pass = true;
    } else if (strcmp(arg, "use_first_pass") == 0) {
        args->use_first_pass = true;
    } else if (strcmp(arg, "use_authtok") == 0) {
        args->use_authtok = true;
    } else {
        return cog_fail(err, COG_E_CONFIG, "unknown module argument '%.100s'",
                        arg);
    }
    return 0;
}

int
cog_args_parse(int flags, int argc, const char **argv, struct cog_args *ret,
               struct cog_err *err)
{
    int rc = 0;

    *ret = (struct cog_args){
        .conf = "",
        .silent = ((unsigned)flags & PAM_SILENT) != 0,
        .argc = argc,
        .argv = argv,
    };
    for (int i = 0; i < argc; i++) {
        if (parse_one(argv[i], ret, err) < 0)
            rc = -1;
    }
    return rc;
}

bool
cog_args_skips(const struct cog_args *args, const char *user)
{
    for (int i = 0; i < args->argc; i++) {
        const char *name = after(args->argv[i], skip_user);

        if (name != NULL && strcmp(name, user) == 0)
            return true;
    }
    return false;
}
