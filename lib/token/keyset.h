/* SPDX-License-Identifier: MIT */
/*
 * keyset.h - the pool's current key set, fetched as rarely as is safe.
 *
 * The last good document lies in the cache directory and is used for a day.
 * An unknown key id makes one fetch per five minutes and host, so rotation
 * works and a stranger's made-up ids cannot flood the issuer; while the issuer
 * cannot be reached the old keys hold for a week. Among processes of a host
 * one fetches and the others wait for it. The cache is never trusted more than
 * a reply, and anything wrong with it costs a GET, never a sign-in.
 */
#ifndef COG_KEYSET_H
#define COG_KEYSET_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/core/err.h"
#include "lib/core/macros.h"
#include "lib/core/secret.h"
#include "lib/net/env.h"
#include "lib/token/jwks.h"

/* Times in seconds. */
#define COG_KEYSET_FRESH_S   ((int64_t)24 * 60 * 60)
#define COG_KEYSET_STALE_S   ((int64_t)7 * 24 * 60 * 60)
#define COG_KEYSET_REFETCH_S ((int64_t)5 * 60)

struct cog_keyset;

/*
 * Where an issuer's keys are: `url` of its document, and the directory of
 * cache files, or -1 for none. Does no I/O. `env` and `cache_dir` are borrowed
 * until cog_keyset_close(); the strings are copied. `*ret` is new: close it.
 */
int cog_keyset_open(const struct cog_env *env, const char *issuer,
                    const char *url, int cache_dir, struct cog_keyset **ret,
                    struct cog_err *err) COG_MUST_USE;

/*
 * The key set that has the key `kid`, from memory, cache or network. `*ret` is
 * borrowed until the next call on this keyset.
 * COG_E_TOKEN: the issuer has no such key (or none we may ask for again yet).
 * COG_E_UNREACHABLE, COG_E_NET, COG_E_PROTOCOL: the issuer cannot be reached or
 * answers nonsense, and no usable older keys are there.
 */
int cog_keyset_find(struct cog_keyset *keyset, const char *kid,
                    const struct cog_jwks **ret,
                    struct cog_err *err) COG_MUST_USE;

/* Whether the cache needs no fetch for its age: a warm-up GET's body is then
 * of no use. */
bool cog_keyset_is_fresh(struct cog_keyset *keyset);

/*
 * Take the body of a status 200 reply that somebody else just fetched from the
 * url (the warm-up), unless the cache is fresh. It is kept in memory, and in
 * the cache if no other process is busy there. Never counts as a refetch.
 * COG_E_PROTOCOL: it is no usable key set; nothing changed.
 */
int cog_keyset_offer(struct cog_keyset *keyset, const struct cog_secret *body,
                     struct cog_err *err) COG_MUST_USE;

void cog_keyset_close(struct cog_keyset *keyset);

#endif
