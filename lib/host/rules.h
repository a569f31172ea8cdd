/* SPDX-License-Identifier: MIT */
/*
 * rules.h - what configuration keys demand of each other, and of a version
 * that does not have every feature yet.
 */
#ifndef COG_RULES_H
#define COG_RULES_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/core/err.h"
#include "lib/core/macros.h"
#include "lib/host/config.h"

/* Where the value of a key comes from. */
struct cog_rules_origin {
    bool written;      /* in a file; else it is the default */
    const char *file;  /* if written */
    size_t line;       /* if written */
    const char *value; /* as written, or the default; NULL: none */
};

/* The configuration of one service, before anything is derived from it. */
struct cog_rules_subject {
    const struct cog_config *config;
    const struct cog_rules_origin *origin; /* one per row of cog_keys_table */
    const char *file; /* to name where nothing is written */
    bool pam;         /* see struct cog_config_reader */
};

/* Append everything wrong to `problems`. Fails only with COG_E_NOMEM. */
int cog_rules_check(const struct cog_rules_subject *subject,
                    struct cog_config_problems *problems,
                    struct cog_err *err) COG_MUST_USE;

#endif
