/* SPDX-License-Identifier: MIT */
/*
 * cache.h - `pam-cognito cache`: what sign-ins left on this host, and its end.
 */
#ifndef COG_CACHE_H
#define COG_CACHE_H

#include "helper/tool.h"

/* All return the exit status. */

/* Who is bound to whom, and what is kept of them. No secret. */
enum cog_exit cog_cache_list(const struct cog_tool_options *options);

/* Remove all that is kept of a user, as if he had never signed in; his refresh
 * token ends at the pool, if that answers. */
enum cog_exit cog_cache_forget(const struct cog_tool_options *options);

/* Remove all records. */
enum cog_exit cog_cache_purge(const struct cog_tool_options *options);

#endif
