/* SPDX-License-Identifier: MIT */
#include "lib/host/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/core/name.h"

/* A path as it stands in messages: it may be a module argument. */
#define SHOWN_BYTES 160

struct shown {
    char path[SHOWN_BYTES];
};

static struct shown
show(const char *path)
{
    struct shown s;

    cog_name_escape(path, strlen(path), s.path, sizeof(s.path));
    return s;
}

uid_t
cog_file_self(void)
{
    uid_t uid = getuid();

    return uid == geteuid() ? uid : 0;
}

/* A file we may not or cannot open is the administrator's to mend; running out
 * of something is not. */
static int
fail_open(const char *path, int e, struct cog_err *err)
{
    enum cog_errc code = COG_E_CONFIG;

    if (e == ELOOP) {
        return cog_fail(err, code,
                        "%s: is a symbolic link: name the file itself",
                        show(path).path);
    }
    if (e == EMFILE || e == ENFILE || e == ENOMEM || e == EIO)
        code = COG_E_SYSTEM;
    return cog_fail(err, code, "%s: %s", show(path).path, strerror(e));
}

static bool
owner_trusted(uid_t owner, const struct cog_file_rule *rule)
{
    bool trusted = owner == 0;

    for (size_t i = 0; i < COG_COUNT(rule->owner); i++)
        trusted = trusted || owner == rule->owner[i];
    return trusted;
}

/* Who owns it, and who else may touch it. */
static int
check_protection(const char *path, const struct stat *st,
                 const struct cog_file_rule *rule, struct cog_err *err)
{
    if (!owner_trusted(st->st_uid, rule)) {
        return cog_fail(err, COG_E_CONFIG,
                        "%s: is owned by uid %lu: chown it to root",
                        show(path).path, (unsigned long)st->st_uid);
    }
    if ((st->st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        return cog_fail(err, COG_E_CONFIG,
                        "%s: others can write it (mode %04o): chmod go-w",
                        show(path).path, (unsigned)st->st_mode & 07777);
    }
    if (rule->secret && (st->st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        return cog_fail(err, COG_E_CONFIG,
                        "%s: others can read it (mode %04o): chmod 0600",
                        show(path).path, (unsigned)st->st_mode & 07777);
    }
    return 0;
}

static int
check_file(const char *path, const struct stat *st,
           const struct cog_file_rule *rule, struct cog_err *err)
{
    if (!S_ISREG(st->st_mode)) {
        return cog_fail(err, COG_E_CONFIG, "%s: is not a regular file",
                        show(path).path);
    }
    if (check_protection(path, st, rule, err) < 0)
        return -1;
    if (st->st_size < 0 || (uintmax_t)st->st_size > rule->max_bytes) {
        return cog_fail(err, COG_E_CONFIG, "%s: is larger than %zu bytes",
                        show(path).path, rule->max_bytes);
    }
    return 0;
}

/* Read up to `len` bytes; *ret is less only at the end of the file. */
static int
read_all(int fd, char *buf, size_t len, size_t *ret)
{
    size_t done = 0;

    while (done < len) {
        ssize_t n = read(fd, buf + done, len - done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0)
            break;
        done += (size_t)n;
    }
    *ret = done;
    return 0;
}

static int
read_content(int fd, const char *path, size_t size, struct cog_secret *ret,
             struct cog_err *err)
{
    size_t done = 0;
    size_t more = 0;
    char one;

    ret->max = size;
    if (cog_secret_resize(ret, size, err) < 0)
        return -1;
    if (read_all(fd, ret->data, size, &done) < 0 ||
        read_all(fd, &one, 1, &more) < 0) {
        return cog_fail(err, COG_E_SYSTEM, "reading %s: %s", show(path).path,
                        strerror(errno));
    }
    if (done != size || more != 0) {
        return cog_fail(err, COG_E_CONFIG,
                        "%s: changed while it was read: try again",
                        show(path).path);
    }
    return 0;
}

static int
check_absolute(const char *path, struct cog_err *err)
{
    if (path[0] != '/') {
        return cog_fail(err, COG_E_CONFIG, "%s: is not an absolute path",
                        show(path).path);
    }
    return 0;
}

int
cog_file_read(const char *path, const struct cog_file_rule *rule,
              struct cog_secret *ret, struct cog_err *err)
{
    struct stat st;
    int rc = -1;
    int fd;

    if (check_absolute(path, err) < 0)
        return -1;
    /* O_NONBLOCK: a FIFO must not hold the login, O_NOCTTY: nor a terminal
     * become ours. */
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return fail_open(path, errno, err);
    if (fstat(fd, &st) < 0) {
        (void)fail_open(path, errno, err);
        goto out;
    }
    if (check_file(path, &st, rule, err) < 0)
        goto out;
    if (read_content(fd, path, (size_t)st.st_size, ret, err) < 0)
        goto out;
    rc = 0;

out:
    if (rc < 0)
        cog_secret_clear(ret);
    (void)close(fd);
    return rc;
}

/* Open a directory itself, never through a link. Returns -1 with errno. */
static int
open_dir(const char *path)
{
    return open(path, O_RDONLY | O_CLOEXEC | O_DIRECTORY | O_NOFOLLOW);
}

int
cog_file_open_dir(const char *path, const struct cog_file_rule *rule,
                  int *ret_fd, struct cog_err *err)
{
    struct stat st;
    int fd;

    if (check_absolute(path, err) < 0)
        return -1;
    fd = open_dir(path);
    if (fd < 0 && errno == ENOENT) {
        *ret_fd = -1;
        return 0;
    }
    if (fd < 0 && errno == ENOTDIR) {
        return cog_fail(err, COG_E_CONFIG,
                        "%s: is not a directory (or a link to one)",
                        show(path).path);
    }
    if (fd < 0)
        return fail_open(path, errno, err);
    if (fstat(fd, &st) < 0) {
        (void)fail_open(path, errno, err);
        goto fail;
    }
    if (check_protection(path, &st, rule, err) < 0)
        goto fail;
    *ret_fd = fd;
    return 0;

fail:
    (void)close(fd);
    return -1;
}

static int
fail_dir(const char *doing, const char *path, struct cog_err *err)
{
    return cog_fail(err, COG_E_SYSTEM, "%s %s: %s", doing, show(path).path,
                    strerror(errno));
}

/* Give a new directory its owner and mode by descriptor, where no link can
 * lead us elsewhere. */
static int
set_owner(const char *path, const struct cog_file_owner *owner)
{
    int fd = open_dir(path);
    int rc = -1;

    if (fd < 0)
        return -1;
    if (fchown(fd, owner->uid, owner->gid) == 0 && fchmod(fd, owner->mode) == 0)
        rc = 0;
    (void)close(fd);
    return rc;
}

/*
 * Make the directory under another name and move it to its place when it has
 * its owner: a login at the same time, or a crash, never sees it half done.
 * Whoever comes second finds it there, which is as good.
 */
static int
make_dir(const char *path, const struct cog_file_owner *owner,
         struct cog_err *err)
{
    char new_path[PATH_MAX];
    int n = snprintf(new_path, sizeof(new_path), "%s.XXXXXX", path);
    int rc = -1;

    if (n < 0 || (size_t)n >= sizeof(new_path)) {
        errno = ENAMETOOLONG;
        return fail_dir("making", path, err);
    }
    if (mkdtemp(new_path) == NULL)
        return fail_dir("making", path, err);
    if (set_owner(new_path, owner) == 0 &&
        (renameat2(AT_FDCWD, new_path, AT_FDCWD, path, RENAME_NOREPLACE) == 0 ||
         errno == EEXIST))
        rc = 0;
    if (rc < 0)
        (void)fail_dir("making", path, err);
    /* Still there unless it was moved: then this fails, as it should. */
    (void)rmdir(new_path);
    return rc;
}

static int
check_owner(const char *path, const struct stat *st,
            const struct cog_file_owner *owner, struct cog_err *err)
{
    unsigned mode = (unsigned)st->st_mode & 07777;

    if (st->st_uid != owner->uid) {
        return cog_fail(err, COG_E_SYSTEM, "%s: is owned by uid %lu, not %lu",
                        show(path).path, (unsigned long)st->st_uid,
                        (unsigned long)owner->uid);
    }
    if (mode != owner->mode) {
        return cog_fail(err, COG_E_SYSTEM, "%s: has mode %04o: chmod %04o",
                        show(path).path, mode, (unsigned)owner->mode);
    }
    return 0;
}

int
cog_file_state_dir(const char *path, const struct cog_file_owner *owner,
                   int *ret_fd, struct cog_err *err)
{
    struct stat st;
    int fd = open_dir(path);

    if (fd < 0 && errno == ENOENT) {
        if (make_dir(path, owner, err) < 0)
            return -1;
        fd = open_dir(path);
    }
    if (fd < 0)
        return fail_dir("opening", path, err);
    if (fstat(fd, &st) < 0) {
        (void)fail_dir("opening", path, err);
        goto fail;
    }
    if (check_owner(path, &st, owner, err) < 0)
        goto fail;
    *ret_fd = fd;
    return 0;

fail:
    (void)close(fd);
    return -1;
}
