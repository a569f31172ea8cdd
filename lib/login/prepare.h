/* SPDX-License-Identifier: MIT */
/*
 * prepare.h - everything a sign-in needs from this host, opened and read
 * while the process may (as root in the helper), before it becomes an
 * unprivileged user.
 */
#ifndef COG_PREPARE_H
#define COG_PREPARE_H

#include <stdbool.h>
#include <sys/types.h>

#include "lib/core/err.h"
#include "lib/core/macros.h"
#include "lib/core/secret.h"
#include "lib/host/config.h"
#include "lib/host/usermap.h"
#include "lib/login/scope.h"
#include "lib/store/store.h"

/* client_secret is 24 to 64 characters by the service model; room for the
 * line end behind it. */
#define COG_PREPARE_SECRET_MAX 128

struct cog_prepared {
    struct cog_config config;
    struct cog_local local;
    struct cog_account run_as;            /* whom the helper becomes */
    struct cog_secret client_secret;      /* empty for a public client */
    char pool_user[COG_NAME_POOL_BYTES];  /* "" when the user maps to none */
    char no_pool_user[COG_ERR_MSG_BYTES]; /* and why */
};

#define COG_PREPARED_INIT                                         \
    {                                                             \
        .config = COG_CONFIG_INIT,                                \
        .client_secret = COG_SECRET_INIT(COG_PREPARE_SECRET_MAX), \
    }

struct cog_prepare_input {
    const char *config_path;
    const struct cog_config_reader *reader;
    const char *service;
    const char *user; /* local user name */
};

/*
 * Read configuration, map and client secret, look the user up. `ret` is to be
 * cleared in any case; `problems` has every mistake of the configuration.
 * COG_E_SCOPE: a user the skip rules exempt, whatever else is wrong.
 * COG_E_CONFIG, COG_E_LOOKUP, COG_E_SYSTEM, COG_E_NOMEM.
 */
int cog_prepare(const struct cog_prepare_input *input, struct cog_prepared *ret,
                struct cog_config_problems *problems,
                struct cog_err *err) COG_MUST_USE;

/*
 * The client secret, from client_secret_file, into `ret` (empty, capacity
 * COG_PREPARE_SECRET_MAX), which stays empty when that key is not set. Root,
 * `run_as` and `self` may own the file. COG_E_CONFIG, COG_E_SYSTEM.
 */
int cog_prepare_secret(const struct cog_config *config, uid_t run_as,
                       uid_t self, struct cog_secret *ret,
                       struct cog_err *err) COG_MUST_USE;

/*
 * Open the cache directory (made if missing, owned by run_as). Returns -1
 * when it is not as it must be: that costs a GET, never a sign-in.
 */
int cog_prepare_cache_dir(const struct cog_prepared *prepared);

/* The store, or why there is none. */
struct cog_prepared_store {
    struct cog_store *store;          /* NULL: none; else to be closed */
    char no_store[COG_ERR_MSG_BYTES]; /* why not */
    bool unsound; /* there may be one, but not as it must be */
};

/*
 * Open the store of bindings and records, as root. The first one of this host
 * and the seal key are made only if `may_make` (and the key only at its default
 * place). Without a store nobody is bound where there never was one; any other
 * reason leaves an unsound one.
 */
void cog_prepare_store(const struct cog_prepared *prepared, bool may_make,
                       struct cog_prepared_store *ret);

void cog_prepared_clear(struct cog_prepared *prepared);

#endif
