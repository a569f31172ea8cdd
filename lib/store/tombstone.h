/* SPDX-License-Identifier: MIT */
/*
 * tombstone.h - "the pool refused this user": stands until a full sign-in.
 */
#ifndef COG_TOMBSTONE_H
#define COG_TOMBSTONE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/core/err.h"
#include "lib/core/macros.h"
#include "lib/core/protocol.h"
#include "lib/store/binding.h"
#include "lib/store/store.h"

/* On disk by word (tombstone.c): append only. */
enum cog_tombstone_reason {
    COG_TOMBSTONE_DISABLED,
    COG_TOMBSTONE_NOT_FOUND,
    COG_TOMBSTONE_TOKEN,  /* refresh token revoked, expired or invalid */
    COG_TOMBSTONE_REUSED, /* a rotated refresh token came back */
    COG_TOMBSTONE_GROUPS, /* left the groups allowed in one service, or is in
                           * one that is denied there */
    COG_TOMBSTONE_REASONS_
};

struct cog_tombstone {
    char user[COG_NAME_BYTES];
    char issuer[COG_BINDING_ISSUER_BYTES];
    char sub[COG_SUB_SIZE];
    enum cog_tombstone_reason reason;
    /* GROUPS: the PAM service whose rules refused; "": that of a tool without
     * one. Any other reason is of the whole host, and this is "". */
    char service[COG_SERVICE_SIZE];
    int64_t time_s; /* seconds since 1970 */
};

/* In words, for logs and lists; static. */
const char *cog_tombstone_text(enum cog_tombstone_reason reason);

/* Contract as binding.h: one that cannot be read whole refuses
 * (COG_E_IDENTITY), and only ENOENT is none. */
int cog_tombstone_read(const struct cog_store *store, const char *user,
                       struct cog_tombstone *ret, bool *ret_found,
                       struct cog_err *err) COG_MUST_USE;
int cog_tombstone_write(const struct cog_store *store,
                        const struct cog_tombstone *tombstone,
                        struct cog_err *err) COG_MUST_USE;
int cog_tombstone_erase(const struct cog_store *store, const char *user,
                        struct cog_err *err) COG_MUST_USE;

#endif
