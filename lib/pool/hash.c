/* SPDX-License-Identifier: MIT */
#include "lib/pool/hash.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdbool.h>
#include <string.h>

#include "lib/core/b64.h"

/* RFC 3986 section 2.3, which RFC 7636 section 4.1 takes over. */
static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "abcdefghijklmnopqrstuvwxyz"
                                 "0123456789-._~";

static struct cog_hash_part
part_str(const char *text)
{
    struct cog_hash_part part = {text, strlen(text)};

    return part;
}

static struct cog_hash_part
part_secret(const struct cog_secret *s)
{
    struct cog_hash_part part = {cog_secret_str(s), s->len};

    return part;
}

static bool
digest(EVP_MD_CTX *ctx, const struct cog_hash_part *parts, size_t count,
       unsigned char out[COG_HASH_BYTES])
{
    unsigned len = 0;

    if (EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) != 1)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (EVP_DigestUpdate(ctx, parts[i].bytes, parts[i].len) != 1)
            return false;
    }
    return EVP_DigestFinal_ex(ctx, out, &len) == 1 && len == COG_HASH_BYTES;
}

int
cog_hash_sha256(const struct cog_hash_part *parts, size_t count,
                struct cog_secret *ret, struct cog_err *err)
{
    unsigned char out[COG_HASH_BYTES];
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    int rc = -1;

    if (ctx == NULL) {
        cog_fail_memory(err);
        goto out;
    }
    if (!digest(ctx, parts, count, out)) {
        cog_fail(err, COG_E_SYSTEM, "SHA-256: OpenSSL failed");
        goto out;
    }
    rc = cog_secret_append(ret, out, sizeof(out), err);

out:
    EVP_MD_CTX_free(ctx);
    OPENSSL_cleanse(out, sizeof(out));
    return rc;
}

static bool
authenticate(EVP_MAC_CTX *ctx, const struct cog_hash_part *key,
             const struct cog_hash_part *parts, size_t count,
             unsigned char out[COG_HASH_BYTES])
{
    char name[] = "SHA256";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
        OSSL_PARAM_construct_end(),
    };
    size_t len = 0;

    if (EVP_MAC_init(ctx, key->bytes, key->len, params) != 1)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (EVP_MAC_update(ctx, parts[i].bytes, parts[i].len) != 1)
            return false;
    }
    return EVP_MAC_final(ctx, out, &len, COG_HASH_BYTES) == 1 &&
           len == COG_HASH_BYTES;
}

int
cog_hash_hmac(const struct cog_hash_part *key,
              const struct cog_hash_part *parts, size_t count,
              struct cog_secret *ret, struct cog_err *err)
{
    unsigned char out[COG_HASH_BYTES];
    EVP_MAC *mac = NULL;
    EVP_MAC_CTX *ctx = NULL;
    int rc = -1;

    /* An empty key would be a MAC anybody can make. */
    if (key->len == 0) {
        cog_fail(err, COG_E_SYSTEM, "HMAC: the key is empty");
        goto out;
    }
    mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    ctx = EVP_MAC_CTX_new(mac);
    if (ctx == NULL || !authenticate(ctx, key, parts, count, out)) {
        cog_fail(err, COG_E_SYSTEM, "HMAC-SHA256: OpenSSL failed");
        goto out;
    }
    rc = cog_secret_append(ret, out, sizeof(out), err);

out:
    EVP_MAC_CTX_free(ctx);
    EVP_MAC_free(mac);
    OPENSSL_cleanse(out, sizeof(out));
    return rc;
}

int
cog_hash_secret(const char *username, const char *client_id,
                const struct cog_secret *client_secret, struct cog_secret *ret,
                struct cog_err *err)
{
    const struct cog_hash_part key = part_secret(client_secret);
    const struct cog_hash_part parts[] = {
        part_str(username),
        part_str(client_id),
    };
    struct cog_secret raw = COG_SECRET_INIT(COG_HASH_BYTES);
    int rc = -1;

    if (cog_hash_hmac(&key, parts, COG_COUNT(parts), &raw, err) < 0)
        goto out;
    rc = cog_b64_encode(raw.data, raw.len, COG_B64_STD, ret, err);

out:
    cog_secret_clear(&raw);
    return rc;
}

static int
join(const char *client_id, const struct cog_secret *client_secret,
     struct cog_secret *ret, struct cog_err *err)
{
    if (cog_secret_append_str(ret, client_id, err) < 0 ||
        cog_secret_append_str(ret, ":", err) < 0)
        return -1;
    return cog_secret_append(ret, cog_secret_str(client_secret),
                             client_secret->len, err);
}

int
cog_hash_basic(const char *client_id, const struct cog_secret *client_secret,
               struct cog_secret *ret, struct cog_err *err)
{
    static const char scheme[] = "Basic ";
    struct cog_secret plain = COG_SECRET_INIT(COG_HASH_BASIC_MAX);
    struct cog_secret text = COG_SECRET_INIT(COG_HASH_BASIC_MAX);
    int rc = -1;

    if (strchr(client_id, ':') != NULL) {
        cog_fail(err, COG_E_CONFIG, "client_id: has a colon");
        goto out;
    }
    if (join(client_id, client_secret, &plain, err) < 0 ||
        cog_secret_append_str(&text, scheme, err) < 0 ||
        cog_b64_encode(plain.data, plain.len, COG_B64_STD, &text, err) < 0)
        goto out;
    rc = cog_secret_append(ret, text.data, text.len, err);

out:
    cog_secret_clear(&text);
    cog_secret_clear(&plain);
    return rc;
}

int
cog_hash_verifier(const unsigned char octets[COG_HASH_BYTES],
                  struct cog_secret *ret, struct cog_err *err)
{
    return cog_b64_encode(octets, COG_HASH_BYTES, COG_B64_URL, ret, err);
}

/* A NUL inside ends strspn() early, so it counts as a wrong character. */
static bool
is_verifier(const struct cog_secret *verifier)
{
    return verifier->len >= COG_HASH_VERIFIER_MIN &&
           verifier->len <= COG_HASH_VERIFIER_MAX &&
           strspn(cog_secret_str(verifier), unreserved) == verifier->len;
}

int
cog_hash_challenge(const struct cog_secret *verifier, struct cog_secret *ret,
                   struct cog_err *err)
{
    const struct cog_hash_part part = part_secret(verifier);
    struct cog_secret raw = COG_SECRET_INIT(COG_HASH_BYTES);
    int rc = -1;

    if (!is_verifier(verifier)) {
        cog_fail(err, COG_E_SYSTEM,
                 "PKCE verifier: not 43 to 128 unreserved characters");
        goto out;
    }
    if (cog_hash_sha256(&part, 1, &raw, err) < 0)
        goto out;
    rc = cog_b64_encode(raw.data, raw.len, COG_B64_URL, ret, err);

out:
    cog_secret_clear(&raw);
    return rc;
}
