/* SPDX-License-Identifier: MIT */
#include "lib/store/record.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/store/pack.h"
#include "lib/store/recordbody.h"
#include "lib/store/seal.h"
#include "lib/store/slot.h"
#include "lib/store/store_private.h"

/* How a file begins: a name, and the version of everything behind it. */
static const char magic[] = "COGREC\n";
#define MAGIC_BYTES  (sizeof(magic) - 1)
#define HEADER_BYTES (MAGIC_BYTES + 1)
#define VERSION      1

#define FILE_MAX (HEADER_BYTES + COG_SEAL_MORE_BYTES + COG_RECORDBODY_MAX)
/* Associated data: issuer, client and sub are the long ones. */
#define ABOUT_MAX ((size_t)4096)

/* The file of one pool user: its name is the SHA-256 of issuer NUL sub. */
static int
locate(const struct cog_store *store, const char *issuer, const char *sub,
       struct cog_slot *ret, char name[COG_SEAL_HEX_BYTES], struct cog_err *err)
{
    struct cog_secret identity = COG_SECRET_INIT(ABOUT_MAX);
    int rc = -1;

    if (cog_secret_append(&identity, issuer, strlen(issuer) + 1, err) == 0 &&
        cog_secret_append_str(&identity, sub, err) == 0)
        rc = cog_seal_hex(identity.data, identity.len, name, err);
    cog_secret_clear(&identity);
    *ret = (struct cog_slot){
        .dir = store->records,
        .name = name,
        .uid = store->uid,
        .max_bytes = FILE_MAX,
    };
    return rc;
}

/* What the seal binds the record to: elsewhere it cannot be opened. */
static int
describe(const struct cog_store *store, const struct cog_record_key *key,
         struct cog_secret *ret, struct cog_err *err)
{
    if (cog_pack_number(ret, VERSION, err) < 0 ||
        cog_pack_field(ret, cog_secret_str(&store->machine), store->machine.len,
                       err) < 0 ||
        cog_pack_text(ret, key->issuer, err) < 0 ||
        cog_pack_text(ret, key->client_id, err) < 0 ||
        cog_pack_text(ret, key->sub, err) < 0 ||
        cog_pack_text(ret, key->user, err) < 0 ||
        cog_pack_number(ret, key->uid, err) < 0)
        return -1;
    return 0;
}

static int
need_key(const struct cog_store *store, struct cog_err *err)
{
    if (store->key.len == 0)
        return cog_fail(err, COG_E_SYSTEM, "%s", store->no_key);
    return 0;
}

/* Records of older versions are read here, each by a decoder of its own. */
static int
open_file(const struct cog_store *store, const struct cog_secret *about,
          const struct cog_secret *file, struct cog_record *ret,
          struct cog_err *err)
{
    struct cog_secret body = COG_SECRET_INIT(COG_RECORDBODY_MAX);
    int rc = -1;

    if (file->len < HEADER_BYTES ||
        memcmp(file->data, magic, MAGIC_BYTES) != 0 ||
        file->data[MAGIC_BYTES] != VERSION)
        return cog_fail(err, COG_E_IDENTITY, "not a record of ours");
    if (cog_seal_open(&store->key, about, file->data + HEADER_BYTES,
                      file->len - HEADER_BYTES, &body, err) == 0)
        rc = cog_recordbody_decode(cog_secret_str(&body), body.len, ret, err);
    cog_secret_clear(&body);
    return rc;
}

static int
read_record(const struct cog_store *store, const struct cog_record_key *key,
            struct cog_record *ret, bool *ret_there, struct cog_err *err)
{
    struct cog_secret file = COG_SECRET_INIT(FILE_MAX);
    struct cog_secret about = COG_SECRET_INIT(ABOUT_MAX);
    char name[COG_SEAL_HEX_BYTES];
    struct cog_slot slot;
    int rc = -1;

    if (locate(store, key->issuer, key->sub, &slot, name, err) < 0 ||
        describe(store, key, &about, err) < 0 ||
        cog_slot_read(&slot, &file, ret_there, err) < 0)
        goto out;
    rc = *ret_there ? open_file(store, &about, &file, ret, err) : 0;

out:
    cog_secret_clear(&about);
    cog_secret_clear(&file);
    return rc;
}

int
cog_record_read(const struct cog_store *store, const struct cog_record_key *key,
                struct cog_record *ret, bool *ret_found, bool *ret_lost,
                struct cog_err *err)
{
    struct cog_err why = COG_ERR_INIT;
    bool there = false;

    if (need_key(store, err) < 0)
        return -1;
    if (read_record(store, key, ret, &there, &why) == 0) {
        *ret_found = there;
        *ret_lost = false;
        return 0;
    }
    if (why.code != COG_E_IDENTITY)
        return cog_fail(err, why.code, "record of %s: %s", key->user, why.msg);
    *ret_found = false;
    *ret_lost = true;
    return 0;
}

static int
seal_record(const struct cog_store *store, const struct cog_record_key *key,
            const struct cog_record *record, struct cog_secret *ret,
            struct cog_err *err)
{
    static const char version = VERSION;
    struct cog_secret body = COG_SECRET_INIT(COG_RECORDBODY_MAX);
    struct cog_secret about = COG_SECRET_INIT(ABOUT_MAX);
    int rc = -1;

    if (cog_recordbody_encode(record, &body, err) == 0 &&
        describe(store, key, &about, err) == 0 &&
        cog_secret_append_str(ret, magic, err) == 0 &&
        cog_secret_append(ret, &version, 1, err) == 0)
        rc = cog_seal_close(&store->key, &about, &body, ret, err);
    cog_secret_clear(&about);
    cog_secret_clear(&body);
    return rc;
}

int
cog_record_write(const struct cog_store *store,
                 const struct cog_record_key *key,
                 const struct cog_record *record, struct cog_err *err)
{
    struct cog_secret file = COG_SECRET_INIT(FILE_MAX);
    struct cog_err why = COG_ERR_INIT;
    char name[COG_SEAL_HEX_BYTES];
    struct cog_slot slot;
    int rc = -1;

    if (need_key(store, err) < 0)
        return -1;
    if (locate(store, key->issuer, key->sub, &slot, name, &why) == 0 &&
        seal_record(store, key, record, &file, &why) == 0)
        rc = cog_slot_write(&slot, &file, &why);
    cog_secret_clear(&file);
    if (rc < 0)
        (void)cog_fail(err, why.code, "record of %s: %s", key->user, why.msg);
    return rc;
}

int
cog_record_erase(const struct cog_store *store, const char *issuer,
                 const char *sub, struct cog_err *err)
{
    char name[COG_SEAL_HEX_BYTES];
    struct cog_slot slot;

    if (locate(store, issuer, sub, &slot, name, err) < 0)
        return -1;
    return cog_slot_erase(&slot, err);
}

int
cog_record_spoil(const struct cog_store *store, const char *issuer,
                 const char *sub, struct cog_err *err)
{
    char name[COG_SEAL_HEX_BYTES];
    struct cog_slot slot;

    if (locate(store, issuer, sub, &slot, name, err) < 0)
        return -1;
    return cog_slot_empty(&slot, err);
}

int
cog_record_look(const struct cog_store *store, const char *issuer,
                const char *sub, enum cog_record_place *ret,
                struct cog_err *err)
{
    char name[COG_SEAL_HEX_BYTES];
    struct cog_slot slot;
    struct stat st;

    if (locate(store, issuer, sub, &slot, name, err) < 0)
        return -1;
    if (fstatat(slot.dir, slot.name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
        *ret = S_ISREG(st.st_mode) && st.st_size == 0 ? COG_RECORD_SPOILT
                                                      : COG_RECORD_THERE;
        return 0;
    }
    *ret = COG_RECORD_NONE;
    if (errno == ENOENT)
        return 0;
    return cog_fail(err, COG_E_SYSTEM, "records: %s", strerror(errno));
}

/* A directory being emptied. */
struct purge {
    int dir;
    uid_t uid;
    size_t count;
    struct cog_err *err;
};

/* What a crash left goes with the file it was to become. */
static int
purge_one(void *ctx, const char *name)
{
    struct purge *purge = ctx;
    const size_t stem = cog_slot_stem(name);
    char file[NAME_MAX + 1];
    const struct cog_slot slot = {
        .dir = purge->dir,
        .name = file,
        .uid = purge->uid,
        .until_reboot = true, /* one fsync(2) at the end is enough */
    };

    (void)snprintf(file, sizeof(file), "%.*s", (int)stem, name);
    if (cog_slot_erase(&slot, purge->err) < 0)
        return -1;
    if (name[stem] == '\0')
        purge->count++;
    return 0;
}

int
cog_record_purge(const struct cog_store *store, size_t *ret_count,
                 struct cog_err *err)
{
    struct purge purge = {store->records, store->uid, 0, err};

    if (cog_slot_each(store->records, purge_one, &purge, err) < 0)
        return -1;
    if (purge.count > 0 && fsync(store->records) < 0) {
        return cog_fail(err, COG_E_SYSTEM, "records: fsync: %s",
                        strerror(errno));
    }
    *ret_count = purge.count;
    return 0;
}

void
cog_record_clear(struct cog_record *record)
{
    cog_secret_clear(&record->refresh_token);
    cog_secret_clear(&record->device_key);
    cog_secret_clear(&record->device_group_key);
    cog_secret_clear(&record->device_password);
    cog_secret_clear(&record->verifier);
    cog_list_clear(&record->groups);
    explicit_bzero(record->username, sizeof(record->username));
    record->online_s = 0;
    record->interactive_s = 0;
    record->second_factor = false;
    record->tries_left = 0;
}
