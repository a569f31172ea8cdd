/* SPDX-License-Identifier: MIT */
#include "lib/store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/store/places.h"
#include "lib/store/seal.h"
#include "lib/store/slot.h"
#include "lib/store/store_private.h"

#define MACHINE_FILE "/etc/machine-id"
#define KEY_FILE     "seal.key"
/* Never change it: keys of older records would be other ones. */
#define KEY_PURPOSE "pam_cognito record"

/* A machine without an id has an empty one; one whose id cannot be read now
 * must not take its own records for another's. */
static int
read_machine(struct cog_secret *ret, struct cog_err *err)
{
    char id[COG_STORE_MACHINE_MAX];
    int fd = open(MACHINE_FILE, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    ssize_t n = -1;

    if (fd < 0 && errno == ENOENT)
        return 0;
    if (fd >= 0) {
        do {
            n = read(fd, id, sizeof(id));
        } while (n < 0 && errno == EINTR);
        (void)close(fd);
    }
    if (n < 0) {
        return cog_fail(err, COG_E_SYSTEM, MACHINE_FILE ": %s",
                        strerror(errno));
    }
    return cog_secret_append(ret, id, (size_t)n, err);
}

static int
stop(void *ctx, const char *name)
{
    (void)ctx;
    (void)name;
    return 1;
}

/* The first process to make one wins: all read what is there then. */
static int
make_key(const struct cog_store *store, const struct cog_slot *slot,
         struct cog_err *err)
{
    struct cog_secret key = COG_SECRET_INIT(COG_SEAL_KEY_BYTES);
    int rc = cog_slot_each(store->records, stop, NULL, err);

    if (rc > 0) {
        return cog_fail(err, COG_E_SYSTEM,
                        "missing, but there are records under it: bring it "
                        "back, or 'pam-cognito cache purge'");
    }
    if (rc == 0)
        rc = cog_seal_random_key(&key, err);
    if (rc == 0)
        rc = cog_slot_write(slot, &key, err);
    cog_secret_clear(&key);
    return rc;
}

static bool
is_all_zeros(const struct cog_secret *key)
{
    bool zeros = true;

    for (size_t i = 0; i < key->len; i++)
        zeros = zeros && key->data[i] == '\0';
    return zeros;
}

static int
check_key(const struct cog_secret *key, struct cog_err *err)
{
    if (key->len != COG_SEAL_KEY_BYTES) {
        return cog_fail(err, COG_E_SYSTEM, "has %zu bytes, not %d", key->len,
                        COG_SEAL_KEY_BYTES);
    }
    if (is_all_zeros(key))
        return cog_fail(err, COG_E_SYSTEM, "is all zeros");
    return 0;
}

static int
read_host_key(const struct cog_store *store, const struct cog_slot *slot,
              bool may_make, struct cog_secret *ret, struct cog_err *err)
{
    bool found = false;

    if (cog_slot_read(slot, ret, &found, err) < 0)
        return -1;
    if (!found && may_make) {
        if (make_key(store, slot, err) < 0 ||
            cog_slot_read(slot, ret, &found, err) < 0)
            return -1;
    }
    if (!found)
        return cog_fail(err, COG_E_SYSTEM, "%s", strerror(ENOENT));
    return check_key(ret, err);
}

/* Without a key all but the records can be used. */
static void
open_key(const struct cog_store_input *input, struct cog_store *store)
{
    const struct cog_slot slot = {
        .dir = input->default_key ? store->state : AT_FDCWD,
        .name = input->default_key ? KEY_FILE : input->seal_key_file,
        .uid = geteuid(),
        .max_bytes = COG_SEAL_KEY_BYTES,
        .first_wins = true,
    };
    struct cog_secret host_key = COG_SECRET_INIT(COG_SEAL_KEY_BYTES);
    struct cog_err why = COG_ERR_INIT;

    if (read_host_key(store, &slot, input->default_key && input->may_make_key,
                      &host_key, &why) < 0 ||
        cog_seal_derive(&host_key, KEY_PURPOSE, &store->key, &why) < 0) {
        (void)snprintf(store->no_key, sizeof(store->no_key),
                       "seal key %.100s: %.250s", slot.name, why.msg);
    }
    cog_secret_clear(&host_key);
}

int
cog_store_open(const struct cog_store_input *input, struct cog_store **ret,
               struct cog_err *err)
{
    struct cog_store *store = calloc(1, sizeof(*store));

    if (store == NULL)
        return cog_fail_memory(err);
    *store = (struct cog_store){
        .state = -1,
        .bindings = -1,
        .records = -1,
        .tombstones = -1,
        .locks = -1,
        .run = -1,
        .tickets = -1,
        .uid = input->uid,
        .machine = COG_SECRET_INIT(COG_STORE_MACHINE_MAX),
        .key = COG_SECRET_INIT(COG_SEAL_KEY_BYTES),
    };
    if (cog_places_open(input, store, err) < 0 ||
        read_machine(&store->machine, err) < 0) {
        cog_store_close(store);
        return -1;
    }
    open_key(input, store);
    *ret = store;
    return 0;
}

const char *
cog_store_no_key(const struct cog_store *store)
{
    return store->key.len > 0 ? NULL : store->no_key;
}

const char *
cog_store_no_run(const struct cog_store *store)
{
    return store->no_run[0] == '\0' ? NULL : store->no_run;
}

static void
close_dir(int fd)
{
    if (fd >= 0)
        (void)close(fd);
}

void
cog_store_close(struct cog_store *store)
{
    if (store == NULL)
        return;
    close_dir(store->state);
    close_dir(store->bindings);
    close_dir(store->records);
    close_dir(store->tombstones);
    close_dir(store->locks);
    close_dir(store->run);
    close_dir(store->tickets);
    cog_secret_clear(&store->machine);
    cog_secret_clear(&store->key);
    free(store);
}
