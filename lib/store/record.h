/* SPDX-License-Identifier: MIT */
/*
 * record.h - what the last sign-in of a user left here, sealed.
 *
 * AES-256-GCM under the host's seal key. Associated data: format version,
 * machine id, issuer, client id, sub, local user, uid; a record that was
 * copied, renamed or damaged cannot be opened and counts as none.
 */
#ifndef COG_RECORD_H
#define COG_RECORD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/core/err.h"
#include "lib/core/list.h"
#include "lib/core/macros.h"
#include "lib/core/name.h"
#include "lib/core/secret.h"
#include "lib/store/store.h"

#define COG_RECORD_TOKEN_MAX    ((size_t)64 * 1024)
#define COG_RECORD_DEVICE_MAX   ((size_t)256)
#define COG_RECORD_VERIFIER_MAX ((size_t)384) /* crypt(3) output size */
/* Offline tries left after a good sign-in. */
#define COG_RECORD_TRIES 5

/* Whose record; all borrowed. */
struct cog_record_key {
    const char *issuer;
    const char *client_id;
    const char *sub;
    const char *user; /* local */
    uid_t uid;
};

struct cog_record {
    struct cog_secret refresh_token;    /* empty: none kept */
    char username[COG_NAME_POOL_BYTES]; /* the pool's own name */
    /* This host as the user's device; key empty: none. Without a password
     * the device was named by the pool but never confirmed. */
    struct cog_secret device_key;
    struct cog_secret device_group_key;
    struct cog_secret device_password;
    struct cog_list groups; /* pool groups at the last online answer */
    int64_t online_s;       /* last good online answer, seconds since 1970 */
    int64_t interactive_s;  /* last sign-in by password or browser */
    bool second_factor;     /* which needed one */
    struct cog_secret verifier; /* yescrypt of the password; empty: none */
    unsigned tries_left;        /* offline, before the pool must be asked */
};

#define COG_RECORD_INIT                                             \
    {                                                               \
        .refresh_token = COG_SECRET_INIT(COG_RECORD_TOKEN_MAX),     \
        .device_key = COG_SECRET_INIT(COG_RECORD_DEVICE_MAX),       \
        .device_group_key = COG_SECRET_INIT(COG_RECORD_DEVICE_MAX), \
        .device_password = COG_SECRET_INIT(COG_RECORD_DEVICE_MAX),  \
        .verifier = COG_SECRET_INIT(COG_RECORD_VERIFIER_MAX),       \
    }

/*
 * Read it into `ret` (COG_RECORD_INIT or cleared). *ret_found is false when
 * there is none, or none that can be opened (*ret_lost says which: it is there
 * but damaged, foreign or under another key).
 * COG_E_SYSTEM: I/O error, or the store has no key.
 */
int cog_record_read(const struct cog_store *store,
                    const struct cog_record_key *key, struct cog_record *ret,
                    bool *ret_found, bool *ret_lost,
                    struct cog_err *err) COG_MUST_USE;

/* Replace it as a whole: written, synced, then moved to its place. Call it
 * with the user's lock held. COG_E_SYSTEM: the old one stays; as it does with
 * COG_E_PROTOCOL: there is more in it than a record may hold. */
int cog_record_write(const struct cog_store *store,
                     const struct cog_record_key *key,
                     const struct cog_record *record,
                     struct cog_err *err) COG_MUST_USE;

/* Remove it; none is fine. */
int cog_record_erase(const struct cog_store *store, const char *issuer,
                     const char *sub, struct cog_err *err) COG_MUST_USE;

/*
 * Empty it where it lies, also on a full disk: it reads as lost from then on,
 * and never as one that was not kept. None is fine. Errors as slot.h.
 */
int cog_record_spoil(const struct cog_store *store, const char *issuer,
                     const char *sub, struct cog_err *err) COG_MUST_USE;

/* What lies in a record's place; needs no key. */
enum cog_record_place {
    COG_RECORD_NONE,
    COG_RECORD_SPOILT, /* by cog_record_spoil() */
    COG_RECORD_THERE   /* something, whether it can be opened or not */
};
int cog_record_look(const struct cog_store *store, const char *issuer,
                    const char *sub, enum cog_record_place *ret,
                    struct cog_err *err) COG_MUST_USE;

/* Remove every record (not the bindings). *ret_count: how many. */
int cog_record_purge(const struct cog_store *store, size_t *ret_count,
                     struct cog_err *err) COG_MUST_USE;

void cog_record_clear(struct cog_record *record);

#endif
