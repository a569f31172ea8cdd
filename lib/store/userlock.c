/* SPDX-License-Identifier: MIT */
#include "lib/store/userlock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/store/seal.h"
#include "lib/store/slot.h"
#include "lib/store/store_private.h"

static int
open_lock(const struct cog_store *store, const char *name, struct cog_err *err)
{
    struct stat st;
    int fd;

    /* As anybody else we would leave a lock that nobody can take. */
    if (geteuid() != store->uid) {
        return cog_fail(err, COG_E_SYSTEM, "not running as uid %lu",
                        (unsigned long)store->uid);
    }
    fd = openat(store->locks, name,
                O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
    if (fd < 0)
        return cog_fail(err, COG_E_SYSTEM, "%s", strerror(errno));
    if (cog_slot_check(fd, store->uid, &st, err) < 0) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

/* The file is never removed: a process that opened the old one and one that
 * made a new one would both hold "the" lock. */
int
cog_userlock_take(const struct cog_store *store, const char *user,
                  int64_t wait_ms, int *ret, struct cog_err *err)
{
    struct cog_err why = COG_ERR_INIT;
    char name[COG_SEAL_HEX_BYTES];
    bool held;
    int fd = -1;

    if (cog_seal_hex(user, strlen(user), name, err) < 0)
        return -1;
    fd = open_lock(store, name, &why);
    if (fd >= 0 && cog_slot_flock(fd, wait_ms) == 0) {
        *ret = fd;
        return 0;
    }
    held = fd >= 0 && errno == EWOULDBLOCK;
    if (fd >= 0) {
        (void)cog_fail(&why, COG_E_SYSTEM, "%s",
                       held ? "another process has it" : strerror(errno));
        (void)close(fd);
    }
    return cog_fail(err, held ? COG_E_NET : COG_E_SYSTEM, "locks/%s: %s", name,
                    why.msg);
}
