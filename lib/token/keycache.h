/* SPDX-License-Identifier: MIT */
/*
 * keycache.h - one issuer's key set document on disk.
 *
 * Only the files: reading one with suspicion, replacing it as a whole, and the
 * lock by which processes take turns. When a document is fetched, trusted or
 * too old is decided in keyset.c, which also reads the document itself.
 */
#ifndef COG_KEYCACHE_H
#define COG_KEYCACHE_H

#include <stdint.h>

#include "lib/core/err.h"
#include "lib/core/macros.h"
#include "lib/core/secret.h"

/* Largest cache file in bytes; a real one has about 1 KiB. */
#define COG_KEYCACHE_FILE_MAX ((size_t)128 * 1024)
/* Hexadecimal SHA-256 of the issuer, a suffix and a NUL. */
#define COG_KEYCACHE_NAME_MAX 80

/* File names within the directory `dir`; all borrow nothing but `dir`. */
struct cog_keycache {
    int dir; /* -1: no cache, every call below fails */
    char file[COG_KEYCACHE_NAME_MAX];
    char temporary[COG_KEYCACHE_NAME_MAX];
    char lock[COG_KEYCACHE_NAME_MAX];
};

struct cog_keycache_entry {
    int64_t fetched_s;   /* seconds since 1970 */
    int64_t refetched_s; /* last fetch for an unknown kid, 0: never */
    struct cog_secret document;
};

/* Name the files of an issuer. COG_E_NOMEM. */
int cog_keycache_init(struct cog_keycache *cache, int dir, const char *issuer,
                      struct cog_err *err) COG_MUST_USE;

/*
 * Read the entry of `issuer`. Its times are not negative, nothing else about
 * times or document is checked.
 * COG_E_SYSTEM: no file, or not a regular file of ours with mode 0600, one
 * link and at most COG_KEYCACHE_FILE_MAX bytes.
 * COG_E_PROTOCOL: malformed, or about another issuer. COG_E_NOMEM.
 */
int cog_keycache_load(const struct cog_keycache *cache, const char *issuer,
                      struct cog_keycache_entry *ret,
                      struct cog_err *err) COG_MUST_USE;

/*
 * Replace the file. Call it with the lock held.
 * COG_E_SYSTEM: could not be written. COG_E_PROTOCOL: larger than a file may
 * be. Either way the old file stays, and nothing is lost but a cache.
 */
int cog_keycache_store(const struct cog_keycache *cache, const char *issuer,
                       const struct cog_keycache_entry *entry,
                       struct cog_err *err);

/*
 * Wait at most `wait_ms` for the lock. `*ret` holds it until close(2).
 * COG_E_SYSTEM: somebody else has it, or there can be no lock.
 */
int cog_keycache_lock(const struct cog_keycache *cache, int wait_ms, int *ret,
                      struct cog_err *err) COG_MUST_USE;

void cog_keycache_entry_clear(struct cog_keycache_entry *entry);

#endif
