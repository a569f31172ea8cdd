/* SPDX-License-Identifier: MIT */
#include "lib/store/seal.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define SHA256_BYTES 32

static int
fail_openssl(const char *doing, struct cog_err *err)
{
    return cog_fail(err, COG_E_SYSTEM, "%s: OpenSSL failed", doing);
}

int
cog_seal_random_key(struct cog_secret *ret, struct cog_err *err)
{
    unsigned char key[COG_SEAL_KEY_BYTES];
    int rc = -1;

    if (RAND_priv_bytes(key, sizeof(key)) != 1) {
        (void)fail_openssl("random bytes", err);
    } else {
        rc = cog_secret_append(ret, key, sizeof(key), err);
    }
    OPENSSL_cleanse(key, sizeof(key));
    return rc;
}

static bool
derive(EVP_KDF_CTX *ctx, const struct cog_secret *host_key, const char *purpose,
       unsigned char key[COG_SEAL_KEY_BYTES])
{
    char digest[] = "SHA256";
    char info[64];
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, host_key->data,
                                          host_key->len),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info,
                                          strlen(purpose)),
        OSSL_PARAM_construct_end(),
    };

    if (strlen(purpose) >= sizeof(info))
        return false;
    (void)snprintf(info, sizeof(info), "%s", purpose);
    return EVP_KDF_derive(ctx, key, COG_SEAL_KEY_BYTES, params) == 1;
}

int
cog_seal_derive(const struct cog_secret *host_key, const char *purpose,
                struct cog_secret *ret, struct cog_err *err)
{
    unsigned char key[COG_SEAL_KEY_BYTES];
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *ctx = kdf == NULL ? NULL : EVP_KDF_CTX_new(kdf);
    int rc = -1;

    if (ctx != NULL && derive(ctx, host_key, purpose, key)) {
        rc = cog_secret_append(ret, key, sizeof(key), err);
    } else {
        (void)fail_openssl("HKDF", err);
    }
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
    OPENSSL_cleanse(key, sizeof(key));
    return rc;
}

/* Both directions begin alike. `out` is NULL for associated data. */
static bool
feed(EVP_CIPHER_CTX *ctx, unsigned char *out, const void *bytes, size_t len)
{
    int done = 0;

    /* The largest are a few tens of KiB. */
    return len <= INT32_MAX &&
           EVP_CipherUpdate(ctx, out, &done, bytes, (int)len) == 1 &&
           done == (int)len;
}

static bool
start(EVP_CIPHER_CTX *ctx, const struct cog_secret *key,
      const unsigned char *nonce, const struct cog_secret *about, int sealing)
{
    return key->len == COG_SEAL_KEY_BYTES &&
           EVP_CipherInit_ex(ctx, EVP_aes_256_gcm(), NULL,
                             (const unsigned char *)key->data, nonce,
                             sealing) == 1 &&
           feed(ctx, NULL, about->data, about->len);
}

static bool
seal(EVP_CIPHER_CTX *ctx, const struct cog_secret *key,
     const struct cog_secret *about, const struct cog_secret *plain,
     unsigned char *out)
{
    unsigned char *tag = out + COG_SEAL_NONCE_BYTES;
    unsigned char *text = out + COG_SEAL_MORE_BYTES;
    int more = 0;

    return RAND_bytes(out, COG_SEAL_NONCE_BYTES) == 1 &&
           start(ctx, key, out, about, 1) &&
           feed(ctx, text, cog_secret_str(plain), plain->len) &&
           EVP_CipherFinal_ex(ctx, text + plain->len, &more) == 1 &&
           more == 0 &&
           EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, COG_SEAL_TAG_BYTES,
                               tag) == 1;
}

int
cog_seal_close(const struct cog_secret *key, const struct cog_secret *about,
               const struct cog_secret *plain, struct cog_secret *ret,
               struct cog_err *err)
{
    struct cog_secret sealed = COG_SECRET_INIT(ret->max);
    EVP_CIPHER_CTX *ctx = NULL;
    int rc = -1;

    if (cog_secret_resize(&sealed, COG_SEAL_MORE_BYTES + plain->len, err) < 0)
        goto out;
    ctx = EVP_CIPHER_CTX_new();
    if (ctx == NULL ||
        !seal(ctx, key, about, plain, (unsigned char *)sealed.data)) {
        (void)fail_openssl("AES-256-GCM", err);
        goto out;
    }
    rc = cog_secret_append(ret, sealed.data, sealed.len, err);

out:
    EVP_CIPHER_CTX_free(ctx);
    cog_secret_clear(&sealed);
    return rc;
}

/* Only the last step tells a forgery from a failure. */
static int
unseal(EVP_CIPHER_CTX *ctx, const unsigned char *tag, const unsigned char *text,
       struct cog_secret *plain, struct cog_err *err)
{
    unsigned char copy[COG_SEAL_TAG_BYTES];
    unsigned char *out = (unsigned char *)plain->data;
    int more = 0;

    memcpy(copy, tag, sizeof(copy));
    if (!feed(ctx, out, text, plain->len) ||
        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, sizeof(copy), copy) !=
            1)
        return fail_openssl("AES-256-GCM", err);
    if (EVP_CipherFinal_ex(ctx, out + plain->len, &more) != 1 || more != 0) {
        return cog_fail(err, COG_E_IDENTITY,
                        "damaged, foreign or under another key");
    }
    return 0;
}

int
cog_seal_open(const struct cog_secret *key, const struct cog_secret *about,
              const void *bytes, size_t len, struct cog_secret *ret,
              struct cog_err *err)
{
    const unsigned char *sealed = bytes;
    struct cog_secret plain = COG_SECRET_INIT(len);
    EVP_CIPHER_CTX *ctx = NULL;
    int rc = -1;

    if (len < COG_SEAL_MORE_BYTES)
        return cog_fail(err, COG_E_IDENTITY, "too short");
    if (cog_secret_resize(&plain, len - COG_SEAL_MORE_BYTES, err) < 0)
        goto out;
    ctx = EVP_CIPHER_CTX_new();
    if (ctx == NULL || !start(ctx, key, sealed, about, 0)) {
        (void)fail_openssl("AES-256-GCM", err);
        goto out;
    }
    if (unseal(ctx, sealed + COG_SEAL_NONCE_BYTES, sealed + COG_SEAL_MORE_BYTES,
               &plain, err) < 0)
        goto out;
    rc = cog_secret_append(ret, plain.data, plain.len, err);

out:
    EVP_CIPHER_CTX_free(ctx);
    cog_secret_clear(&plain);
    return rc;
}

int
cog_seal_hex(const void *bytes, size_t len, char ret[COG_SEAL_HEX_BYTES],
             struct cog_err *err)
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned hash_len = 0;

    if (EVP_Digest(bytes, len, hash, &hash_len, EVP_sha256(), NULL) != 1 ||
        hash_len != SHA256_BYTES)
        return fail_openssl("SHA-256", err);
    for (size_t i = 0; i < SHA256_BYTES; i++)
        (void)snprintf(ret + 2 * i, 3, "%02x", hash[i]);
    return 0;
}
