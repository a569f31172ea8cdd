/* SPDX-License-Identifier: MIT */
#include "lib/token/keycache.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/net/json.h"

/* How often a waiter looks at the lock again, in milliseconds: flock(2) has
 * no time-out, and an alarm would belong to the whole process. */
#define LOCK_POLL_MS 10

int
cog_keycache_init(struct cog_keycache *cache, int dir, const char *issuer,
                  struct cog_err *err)
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    char hex[2 * EVP_MAX_MD_SIZE + 1] = "";

    if (EVP_Digest(issuer, strlen(issuer), hash, &len, EVP_sha256(), NULL) != 1)
        return cog_fail_memory(err);
    for (size_t i = 0; i < len; i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", hash[i]);
    cache->dir = dir;
    (void)snprintf(cache->file, sizeof(cache->file), "%.64s.jwks", hex);
    (void)snprintf(cache->temporary, sizeof(cache->temporary), "%.64s.tmp",
                   hex);
    (void)snprintf(cache->lock, sizeof(cache->lock), "%.64s.lock", hex);
    return 0;
}

/* A file only we can have made. Asked of the descriptor, so that nobody can
 * swap the name in between. */
static int
check_ours(int fd, struct stat *st, struct cog_err *err)
{
    if (fstat(fd, st) < 0)
        return cog_fail(err, COG_E_SYSTEM, "fstat: %s", strerror(errno));
    if (!S_ISREG(st->st_mode))
        return cog_fail(err, COG_E_SYSTEM, "key cache: not a regular file");
    if (st->st_uid != geteuid())
        return cog_fail(err, COG_E_SYSTEM, "key cache: owned by another user");
    if ((st->st_mode & 07777) != 0600)
        return cog_fail(err, COG_E_SYSTEM, "key cache: mode is not 0600");
    if (st->st_nlink != 1)
        return cog_fail(err, COG_E_SYSTEM, "key cache: has other links");
    return 0;
}

/* O_NONBLOCK: a FIFO in the file's place must not hold us up. */
static int
read_file(const struct cog_keycache *cache, struct cog_secret *ret,
          struct cog_err *err)
{
    int fd = openat(cache->dir, cache->file,
                    O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    struct stat st;
    int rc = -1;

    if (fd < 0)
        return cog_fail(err, COG_E_SYSTEM, "key cache: %s", strerror(errno));
    if (check_ours(fd, &st, err) < 0 ||
        cog_secret_resize(ret, (size_t)st.st_size, err) < 0)
        goto out;
    if (read(fd, ret->data, ret->len) != st.st_size) {
        cog_fail(err, COG_E_SYSTEM, "key cache: cannot be read");
        goto out;
    }
    rc = 0;

out:
    (void)close(fd);
    return rc;
}

static int
get_time(const json_t *file, const char *name, int64_t *ret,
         struct cog_err *err)
{
    int64_t time_s;

    if (cog_json_get_integer(file, name, &time_s, err) < 0)
        return -1;
    if (time_s < 0)
        return cog_fail(err, COG_E_PROTOCOL, "'%s' is negative", name);
    *ret = time_s;
    return 0;
}

static int
read_entry(const json_t *file, const char *issuer,
           struct cog_keycache_entry *entry, struct cog_err *err)
{
    const char *about;
    const char *document;

    if (cog_json_get_string(file, "issuer", &about, err) < 0 ||
        cog_json_get_string(file, "document", &document, err) < 0 ||
        get_time(file, "fetched_at", &entry->fetched_s, err) < 0 ||
        get_time(file, "refetched_at", &entry->refetched_s, err) < 0)
        return -1;
    if (strcmp(about, issuer) != 0)
        return cog_fail(err, COG_E_PROTOCOL, "key cache: other issuer");
    entry->document.max = strlen(document);
    return cog_secret_append_str(&entry->document, document, err);
}

int
cog_keycache_load(const struct cog_keycache *cache, const char *issuer,
                  struct cog_keycache_entry *ret, struct cog_err *err)
{
    struct cog_keycache_entry entry = {0};
    struct cog_secret text = COG_SECRET_INIT(COG_KEYCACHE_FILE_MAX);
    json_t *file = NULL;
    int rc = -1;

    if (read_file(cache, &text, err) < 0 ||
        cog_json_parse(cog_secret_str(&text), text.len, &file, err) < 0 ||
        read_entry(file, issuer, &entry, err) < 0)
        goto out;
    *ret = entry;
    entry = (struct cog_keycache_entry){0};
    rc = 0;

out:
    cog_keycache_entry_clear(&entry);
    json_decref(file);
    cog_secret_clear(&text);
    return rc;
}

/* The document is kept as a string, so that it is read again byte for byte as
 * it came from the network. */
static int
encode_entry(const struct cog_keycache_entry *entry, const char *issuer,
             struct cog_secret *ret, struct cog_err *err)
{
    json_t *file =
        json_pack("{s:s, s:I, s:I, s:s%}", "issuer", issuer, "fetched_at",
                  (json_int_t)entry->fetched_s, "refetched_at",
                  (json_int_t)entry->refetched_s, "document",
                  cog_secret_str(&entry->document), entry->document.len);
    int rc = cog_json_encode(file, ret, err);

    json_decref(file);
    return rc;
}

/* No fsync(2): what a crash could leave behind is refused when read, and
 * costs one GET; a sync would cost every login that fetches. */
static int
write_temporary(const struct cog_keycache *cache, const struct cog_secret *text,
                struct cog_err *err)
{
    ssize_t written;
    int fd;

    /* A crashed process may have left one; with the lock held, nobody is
     * writing it now. */
    (void)unlinkat(cache->dir, cache->temporary, 0);
    fd = openat(cache->dir, cache->temporary,
                O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return cog_fail(err, COG_E_SYSTEM, "key cache: %s", strerror(errno));
    written = write(fd, text->data, text->len);
    if (close(fd) < 0 || written != (ssize_t)text->len)
        return cog_fail(err, COG_E_SYSTEM, "key cache: cannot be written");
    return 0;
}

int
cog_keycache_store(const struct cog_keycache *cache, const char *issuer,
                   const struct cog_keycache_entry *entry, struct cog_err *err)
{
    struct cog_secret text = COG_SECRET_INIT(COG_KEYCACHE_FILE_MAX);
    int rc = -1;

    if (encode_entry(entry, issuer, &text, err) < 0 ||
        write_temporary(cache, &text, err) < 0)
        goto out;
    if (renameat(cache->dir, cache->temporary, cache->dir, cache->file) < 0) {
        cog_fail(err, COG_E_SYSTEM, "key cache: %s", strerror(errno));
        goto out;
    }
    rc = 0;

out:
    if (rc < 0)
        (void)unlinkat(cache->dir, cache->temporary, 0);
    cog_secret_clear(&text);
    return rc;
}

/* The lock file is never removed: a process that opened the old one and one
 * that made a new one would both hold "the" lock. */
int
cog_keycache_lock(const struct cog_keycache *cache, int wait_ms, int *ret,
                  struct cog_err *err)
{
    int fd =
        openat(cache->dir, cache->lock,
               O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600);
    struct stat st;
    int waited_ms = 0;

    if (fd < 0)
        return cog_fail(err, COG_E_SYSTEM, "key cache: %s", strerror(errno));
    if (check_ours(fd, &st, err) < 0)
        goto out;
    while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        if (waited_ms >= wait_ms) {
            cog_fail(err, COG_E_SYSTEM, "key cache: lock is busy");
            goto out;
        }
        (void)poll(NULL, 0, LOCK_POLL_MS);
        waited_ms += LOCK_POLL_MS;
    }
    *ret = fd;
    return 0;

out:
    (void)close(fd);
    return -1;
}

void
cog_keycache_entry_clear(struct cog_keycache_entry *entry)
{
    cog_secret_clear(&entry->document);
    entry->fetched_s = 0;
    entry->refetched_s = 0;
}
