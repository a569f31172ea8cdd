/* SPDX-License-Identifier: MIT */
#include "lib/store/slot.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "lib/core/clock.h"

/* How often a waiter looks at a lock again, in milliseconds: flock(2) has no
 * time-out, and an alarm would belong to the whole process. */
#define LOCK_POLL_MS 10
/* How long a writer waits for another of the same file, in milliseconds; one
 * takes a few fsync(2). */
#define WRITER_WAIT_MS 1000
/* How often somebody else may get in between before we give up. */
#define ATTEMPTS 100

#define TEMPORARY ".tmp"

struct temporary {
    char name[PATH_MAX];
};

/* A name that is too long is refused by the kernel, as the file's was. */
static struct temporary
temporary_of(const struct cog_slot *slot)
{
    struct temporary t;

    (void)snprintf(t.name, sizeof(t.name), "%s" TEMPORARY, slot->name);
    return t;
}

static int
fail_system(const char *doing, struct cog_err *err)
{
    return cog_fail(err, COG_E_SYSTEM, "%s: %s", doing, strerror(errno));
}

int
cog_slot_flock(int fd, int64_t wait_ms)
{
    const struct cog_clock clock = cog_clock_system();
    const int64_t start_ms = clock.mono_ms(clock.ctx);

    while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return -1;
        if (clock.mono_ms(clock.ctx) - start_ms >= wait_ms) {
            errno = EWOULDBLOCK;
            return -1;
        }
        (void)poll(NULL, 0, LOCK_POLL_MS);
    }
    return 0;
}

int
cog_slot_check(int fd, uid_t uid, struct stat *ret, struct cog_err *err)
{
    if (fstat(fd, ret) < 0)
        return fail_system("fstat", err);
    if (!S_ISREG(ret->st_mode))
        return cog_fail(err, COG_E_IDENTITY, "not a regular file");
    if (ret->st_uid != uid) {
        return cog_fail(err, COG_E_IDENTITY, "owned by uid %lu, not %lu",
                        (unsigned long)ret->st_uid, (unsigned long)uid);
    }
    if ((ret->st_mode & 07777) != 0600) {
        return cog_fail(err, COG_E_IDENTITY, "mode is %04o, not 0600",
                        (unsigned)ret->st_mode & 07777);
    }
    /* None: it was replaced after it was opened, and is whole all the same. */
    if (ret->st_nlink > 1)
        return cog_fail(err, COG_E_IDENTITY, "has other links");
    return 0;
}

/* Whether open(2) failed because of what lies there, not of what we lack. */
static bool
is_foreign(int e)
{
    return e == ELOOP || e == ENXIO || e == EACCES || e == EPERM;
}

static int
read_content(int fd, struct cog_secret *ret, struct cog_err *err)
{
    size_t done = 0;

    while (done < ret->len) {
        ssize_t n = read(fd, ret->data + done, ret->len - done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail_system("read", err);
        if (n == 0)
            return cog_fail(err, COG_E_IDENTITY, "changed while it was read");
        done += (size_t)n;
    }
    return 0;
}

static int
read_open(const struct cog_slot *slot, int fd, struct cog_secret *ret,
          struct cog_err *err)
{
    struct stat st;

    if (cog_slot_check(fd, slot->uid, &st, err) < 0)
        return -1;
    if (st.st_size < 0 || (uintmax_t)st.st_size > slot->max_bytes) {
        return cog_fail(err, COG_E_IDENTITY, "larger than %zu bytes",
                        slot->max_bytes);
    }
    ret->max = (size_t)st.st_size;
    if (cog_secret_resize(ret, ret->max, err) < 0)
        return -1;
    return read_content(fd, ret, err);
}

int
cog_slot_read(const struct cog_slot *slot, struct cog_secret *ret,
              bool *ret_found, struct cog_err *err)
{
    /* O_NONBLOCK: a FIFO in the file's place must not hold us up. */
    int fd = openat(slot->dir, slot->name,
                    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    int rc;

    if (fd < 0 && errno == ENOENT) {
        *ret_found = false;
        return 0;
    }
    if (fd < 0) {
        return cog_fail(err, is_foreign(errno) ? COG_E_IDENTITY : COG_E_SYSTEM,
                        "open: %s", strerror(errno));
    }
    rc = read_open(slot, fd, ret, err);
    (void)close(fd);
    if (rc < 0) {
        cog_secret_clear(ret);
    } else {
        *ret_found = true;
    }
    return rc;
}

/* Does the name still lead to the open file? */
static bool
is_named(const struct cog_slot *slot, const char *name, int fd)
{
    struct stat named;
    struct stat opened;

    return fstatat(slot->dir, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
           fstat(fd, &opened) == 0 && named.st_ino == opened.st_ino &&
           named.st_dev == opened.st_dev;
}

/* Remove a file that nobody is writing. With its lock held it cannot get its
 * place any more; if it just did, another may have its name by now. */
static int
remove_unlocked(const struct cog_slot *slot, const char *name, int fd,
                int64_t wait_ms)
{
    if (cog_slot_flock(fd, wait_ms) < 0)
        return -1;
    return is_named(slot, name, fd) ? unlinkat(slot->dir, name, 0) : 0;
}

/*
 * Remove what lies at the temporary's name, unless it is being written: then
 * EWOULDBLOCK, after wait_ms. A link goes, not what it leads to; a directory
 * stays. Returns 0, also when nothing is there, or -1 with errno.
 */
static int
clear_temporary(const struct cog_slot *slot, const char *name, int64_t wait_ms)
{
    int fd = openat(slot->dir, name,
                    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    int rc;
    int e;

    if (fd < 0 && errno == ENOENT)
        return 0;
    if (fd < 0)
        return is_foreign(errno) ? unlinkat(slot->dir, name, 0) : -1;
    rc = remove_unlocked(slot, name, fd, wait_ms);
    e = errno;
    (void)close(fd);
    errno = e;
    return rc;
}

/* Take the lock of a new temporary file. Until then it could be taken for left
 * behind: EEXIST, somebody removes it or has done so. */
static int
claim(int fd)
{
    struct stat st;

    if (cog_slot_flock(fd, 0) < 0) {
        if (errno == EWOULDBLOCK)
            errno = EEXIST;
        return -1;
    }
    if (fstat(fd, &st) < 0)
        return -1;
    if (st.st_nlink == 0) {
        errno = EEXIST;
        return -1;
    }
    return 0;
}

/* Returns the descriptor, or -1 with errno; EEXIST: try again. */
static int
create_temporary(const struct cog_slot *slot, const char *name)
{
    int fd = openat(slot->dir, name,
                    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    int e;

    if (fd < 0 || claim(fd) == 0)
        return fd;
    e = errno;
    if (e != EEXIST)
        (void)unlinkat(slot->dir, name, 0);
    (void)close(fd);
    errno = e;
    return -1;
}

static int
open_temporary(const struct cog_slot *slot, const char *name,
               struct cog_err *err)
{
    for (int i = 0; i < ATTEMPTS; i++) {
        int fd;

        if (clear_temporary(slot, name, WRITER_WAIT_MS) < 0)
            break;
        fd = create_temporary(slot, name);
        if (fd >= 0)
            return fd;
        if (errno != EEXIST)
            break;
    }
    return fail_system("making a temporary file", err);
}

static int
write_content(int fd, const struct cog_secret *content, struct cog_err *err)
{
    size_t done = 0;

    while (done < content->len) {
        ssize_t n = write(fd, content->data + done, content->len - done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n == 0)
            errno = EIO;
        if (n <= 0)
            return fail_system("write", err);
        done += (size_t)n;
    }
    return 0;
}

/* Whatever the umask was; on disk before it gets its name. */
static int
fill_temporary(const struct cog_slot *slot, int fd,
               const struct cog_secret *content, struct cog_err *err)
{
    if (fchmod(fd, 0600) < 0)
        return fail_system("fchmod", err);
    if (write_content(fd, content, err) < 0)
        return -1;
    if (!slot->until_reboot && fsync(fd) < 0)
        return fail_system("fsync", err);
    return 0;
}

/* Returns 1 when another one was first. */
static int
move_into_place(const struct cog_slot *slot, const char *temporary,
                struct cog_err *err)
{
    unsigned flags = slot->first_wins ? RENAME_NOREPLACE : 0;

    if (renameat2(slot->dir, temporary, slot->dir, slot->name, flags) == 0)
        return 0;
    if (slot->first_wins && errno == EEXIST)
        return 1;
    return fail_system("rename", err);
}

static int
sync_dir(const struct cog_slot *slot, struct cog_err *err)
{
    if (!slot->until_reboot && fsync(slot->dir) < 0)
        return fail_system("fsync of the directory", err);
    return 0;
}

int
cog_slot_write(const struct cog_slot *slot, const struct cog_secret *content,
               struct cog_err *err)
{
    const struct temporary t = temporary_of(slot);
    int moved = -1;
    int rc = -1;
    int fd;

    /* As anybody else we would leave a file that nobody can use. */
    if (geteuid() != slot->uid) {
        return cog_fail(err, COG_E_SYSTEM, "not running as uid %lu",
                        (unsigned long)slot->uid);
    }
    fd = open_temporary(slot, t.name, err);
    if (fd < 0)
        return -1;
    if (fill_temporary(slot, fd, content, err) < 0)
        goto out;
    moved = move_into_place(slot, t.name, err);
    if (moved < 0)
        goto out;
    rc = sync_dir(slot, err);

out:
    if (moved != 0)
        (void)unlinkat(slot->dir, t.name, 0);
    (void)close(fd);
    return rc;
}

int
cog_slot_erase(const struct cog_slot *slot, struct cog_err *err)
{
    const struct temporary t = temporary_of(slot);

    /* Half a file of a crashed process; no harm if it stays. */
    (void)clear_temporary(slot, t.name, 0);
    if (unlinkat(slot->dir, slot->name, 0) == 0)
        return sync_dir(slot, err);
    return errno == ENOENT ? 0 : fail_system("unlink", err);
}

int
cog_slot_empty(const struct cog_slot *slot, struct cog_err *err)
{
    struct stat st;
    int fd = openat(slot->dir, slot->name,
                    O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    int rc;

    if (fd < 0)
        return errno == ENOENT ? 0 : fail_system("open", err);
    rc = cog_slot_check(fd, slot->uid, &st, err);
    if (rc == 0 && (ftruncate(fd, 0) < 0 || fsync(fd) < 0))
        rc = fail_system("emptying", err);
    (void)close(fd);
    return rc;
}

size_t
cog_slot_stem(const char *name)
{
    size_t len = strlen(name);
    size_t end = strlen(TEMPORARY);

    return len > end && strcmp(name + len - end, TEMPORARY) == 0 ? len - end
                                                                 : len;
}

static int
visit_all(DIR *d, int (*visit)(void *ctx, const char *name), void *ctx,
          struct cog_err *err)
{
    const struct dirent *entry;
    int rc = 0;

    errno = 0;
    while (rc == 0 && (entry = readdir(d)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            rc = visit(ctx, entry->d_name);
        errno = 0;
    }
    if (rc == 0 && errno != 0)
        return fail_system("readdir", err);
    return rc;
}

int
cog_slot_each(int dir, int (*visit)(void *ctx, const char *name), void *ctx,
              struct cog_err *err)
{
    /* A descriptor of its own: a copy would share its position with `dir`. */
    int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    int rc;

    if (d == NULL) {
        (void)fail_system("opening a directory", err);
        if (fd >= 0)
            (void)close(fd);
        return -1;
    }
    rc = visit_all(d, visit, ctx, err);
    (void)closedir(d);
    return rc;
}
