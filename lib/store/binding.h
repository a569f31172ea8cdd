/* SPDX-License-Identifier: MIT */
/*
 * binding.h - to whom in the pool a local user belongs, for good.
 *
 * Made at the first sign-in. Not sealed, so it survives a lost key, another
 * app client and a purge. A binding that cannot be read whole refuses: it must
 * never look like "never signed in".
 */
#ifndef COG_BINDING_H
#define COG_BINDING_H

#include <stdbool.h>

#include "lib/core/err.h"
#include "lib/core/macros.h"
#include "lib/core/name.h"
#include "lib/core/protocol.h"
#include "lib/store/store.h"

/* Longest issuer URL with its NUL, in bytes. */
#define COG_BINDING_ISSUER_BYTES 512

struct cog_binding {
    char user[COG_NAME_BYTES]; /* local */
    char issuer[COG_BINDING_ISSUER_BYTES];
    char sub[COG_SUB_SIZE];
    bool recorded; /* a record was kept once: none now means it was lost */
};

/*
 * *ret_found is false only when there is no such file in a sound store.
 * COG_E_IDENTITY: damaged, or not a file of ours. COG_E_SYSTEM: I/O error.
 */
int cog_binding_read(const struct cog_store *store, const char *user,
                     struct cog_binding *ret, bool *ret_found,
                     struct cog_err *err) COG_MUST_USE;

/* Write or replace it as a whole; nothing is written when the file says so
 * already. COG_E_SYSTEM: the old one stays. COG_E_IDENTITY: the old one is
 * about another pool user, or damaged; it stays too. */
int cog_binding_write(const struct cog_store *store,
                      const struct cog_binding *binding,
                      struct cog_err *err) COG_MUST_USE;

/* Remove it; none is fine. */
int cog_binding_erase(const struct cog_store *store, const char *user,
                      struct cog_err *err) COG_MUST_USE;

/* Call `visit` for each binding (damaged ones: `binding` NULL, `name` the
 * file's). Stops when it returns non-zero, which is then returned. */
int cog_binding_each(const struct cog_store *store,
                     int (*visit)(void *ctx, const char *name,
                                  const struct cog_binding *binding),
                     void *ctx, struct cog_err *err) COG_MUST_USE;

#endif
