/* SPDX-License-Identifier: MIT */
#include "lib/token/keyset.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/token/keycache.h"

/* How long to wait for a process that is fetching, in milliseconds. Longer
 * would cost a login more than a GET of its own. */
#define LOCK_WAIT_MS 2000

struct cog_keyset {
    const struct cog_env *env;
    char *issuer;
    char *url;
    struct cog_keycache cache;
    struct cog_keycache_entry entry; /* what `jwks` was parsed from */
    struct cog_jwks *jwks;           /* NULL: nothing yet */
    bool refetched;                  /* this process did ask about a kid */
};

int
cog_keyset_open(const struct cog_env *env, const char *issuer, const char *url,
                int cache_dir, struct cog_keyset **ret, struct cog_err *err)
{
    struct cog_keyset *keyset = calloc(1, sizeof(*keyset));
    int rc = -1;

    if (keyset == NULL)
        return cog_fail_memory(err);
    keyset->env = env;
    keyset->issuer = strdup(issuer);
    keyset->url = strdup(url);
    if (keyset->issuer == NULL || keyset->url == NULL) {
        cog_fail_memory(err);
        goto out;
    }
    if (cog_keycache_init(&keyset->cache, cache_dir, issuer, err) < 0)
        goto out;
    *ret = keyset;
    keyset = NULL;
    rc = 0;

out:
    cog_keyset_close(keyset);
    return rc;
}

static int64_t
now_s(const struct cog_keyset *keyset)
{
    return keyset->env->clock.unix_s(keyset->env->clock.ctx);
}

/* Whether the keys at hand were fetched less than `limit_s` ago. A time in
 * the future tells nothing about their age. */
static bool
is_younger(const struct cog_keyset *keyset, int64_t limit_s)
{
    int64_t now = now_s(keyset);
    int64_t fetched_s = keyset->entry.fetched_s;

    return keyset->jwks != NULL && fetched_s <= now &&
           now - fetched_s < limit_s;
}

static bool
has_key(const struct cog_keyset *keyset, const char *kid, int64_t limit_s)
{
    return is_younger(keyset, limit_s) && cog_jwks_has(keyset->jwks, kid);
}

/* Make an entry ours if its document is a key set, wherever it came from;
 * else drop it and keep what we have. */
static int
adopt(struct cog_keyset *keyset, struct cog_keycache_entry *entry,
      struct cog_err *err)
{
    struct cog_jwks *jwks = NULL;

    if (cog_jwks_parse(cog_secret_str(&entry->document), entry->document.len,
                       &jwks, err) < 0) {
        cog_keycache_entry_clear(entry);
        return -1;
    }
    cog_jwks_close(keyset->jwks);
    cog_keycache_entry_clear(&keyset->entry);
    keyset->jwks = jwks;
    keyset->entry = *entry;
    return 0;
}

/* Take what the cache has, unless we could not write down something newer. */
static void
load(struct cog_keyset *keyset)
{
    struct cog_err ignored = COG_ERR_INIT;
    struct cog_keycache_entry entry = {0};

    if (cog_keycache_load(&keyset->cache, keyset->issuer, &entry, &ignored) < 0)
        return;
    if (entry.fetched_s < keyset->entry.fetched_s) {
        cog_keycache_entry_clear(&entry);
        return;
    }
    (void)adopt(keyset, &entry, &ignored);
}

static void
store(const struct cog_keyset *keyset)
{
    struct cog_err ignored = COG_ERR_INIT;

    (void)cog_keycache_store(&keyset->cache, keyset->issuer, &keyset->entry,
                             &ignored);
}

/* The lock, or -1: then whatever we fetch stays in memory. */
static int
lock(const struct cog_keyset *keyset, int wait_ms)
{
    struct cog_err ignored = COG_ERR_INIT;
    int fd = -1;

    if (cog_keycache_lock(&keyset->cache, wait_ms, &fd, &ignored) < 0)
        return -1;
    return fd;
}

static void
unlock(int fd)
{
    if (fd >= 0)
        (void)close(fd);
}

/* Make a body that came from the url just now ours. */
static int
take(struct cog_keyset *keyset, const struct cog_secret *body,
     struct cog_err *err)
{
    struct cog_keycache_entry entry = {
        .fetched_s = now_s(keyset),
        .refetched_s = keyset->entry.refetched_s,
        .document = COG_SECRET_INIT(body->len),
    };

    if (cog_secret_append(&entry.document, cog_secret_str(body), body->len,
                          err) < 0)
        return -1;
    return adopt(keyset, &entry, err);
}

static int
fetch(struct cog_keyset *keyset, struct cog_err *err)
{
    const struct cog_transport *transport = &keyset->env->transport;
    struct cog_http_request request = {.url = keyset->url};
    struct cog_http_reply reply = COG_HTTP_REPLY_INIT;
    int rc = -1;

    if (transport->send(transport->ctx, &request, &reply, err) < 0)
        goto out;
    if (reply.status != 200) {
        cog_fail(err, reply.status >= 500 ? COG_E_NET : COG_E_PROTOCOL,
                 "key set: HTTP status %ld", reply.status);
        goto out;
    }
    rc = take(keyset, &reply.body, err);

out:
    cog_secret_clear(&reply.body);
    return rc;
}

/* Whether an unknown kid may make a fetch now: one per process, and one per
 * COG_KEYSET_REFETCH_S and host. */
static bool
may_refetch(const struct cog_keyset *keyset)
{
    int64_t now = now_s(keyset);
    int64_t refetched_s = keyset->entry.refetched_s;

    return !keyset->refetched &&
           (refetched_s > now || now - refetched_s >= COG_KEYSET_REFETCH_S);
}

/* Fetch, because the keys are too old or lack `kid`. The refetch is written
 * down before it is made: one that hangs counts as well. */
static int
renew(struct cog_keyset *keyset, const char *kid, bool locked,
      struct cog_err *err)
{
    struct cog_err why = COG_ERR_INIT;

    if (is_younger(keyset, COG_KEYSET_FRESH_S)) {
        if (!may_refetch(keyset)) {
            return cog_fail(err, COG_E_TOKEN,
                            "unknown key '%s', asked for lately", kid);
        }
        keyset->refetched = true;
        keyset->entry.refetched_s = now_s(keyset);
        if (locked)
            store(keyset);
    }
    if (fetch(keyset, &why) < 0) {
        if (has_key(keyset, kid, COG_KEYSET_STALE_S))
            return 0;
        return cog_fail(err, why.code, "%s", why.msg);
    }
    if (locked)
        store(keyset);
    if (!cog_jwks_has(keyset->jwks, kid))
        return cog_fail(err, COG_E_TOKEN, "unknown key '%s'", kid);
    return 0;
}

int
cog_keyset_find(struct cog_keyset *keyset, const char *kid,
                const struct cog_jwks **ret, struct cog_err *err)
{
    int fd = -1;
    int rc = 0;

    if (!has_key(keyset, kid, COG_KEYSET_FRESH_S))
        load(keyset);
    if (!has_key(keyset, kid, COG_KEYSET_FRESH_S)) {
        fd = lock(keyset, LOCK_WAIT_MS);
        load(keyset); /* what the process we waited for has fetched */
    }
    if (!has_key(keyset, kid, COG_KEYSET_FRESH_S))
        rc = renew(keyset, kid, fd >= 0, err);
    unlock(fd);
    if (rc == 0)
        *ret = keyset->jwks;
    return rc;
}

bool
cog_keyset_is_fresh(struct cog_keyset *keyset)
{
    load(keyset);
    return is_younger(keyset, COG_KEYSET_FRESH_S);
}

int
cog_keyset_offer(struct cog_keyset *keyset, const struct cog_secret *body,
                 struct cog_err *err)
{
    int fd = lock(keyset, 0);
    int rc = 0;

    if (!cog_keyset_is_fresh(keyset)) {
        rc = take(keyset, body, err);
        if (rc == 0 && fd >= 0)
            store(keyset);
    }
    unlock(fd);
    return rc;
}

void
cog_keyset_close(struct cog_keyset *keyset)
{
    if (keyset == NULL)
        return;
    cog_jwks_close(keyset->jwks);
    cog_keycache_entry_clear(&keyset->entry);
    free(keyset->issuer);
    free(keyset->url);
    free(keyset);
}
