/* SPDX-License-Identifier: MIT */
#include "tests/sign.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <string.h>

#include "lib/core/b64.h"

/* Room for a 4096-bit number and a zero octet. */
#define NUMBER_MAX 513

EVP_PKEY *
sign_key(unsigned bits)
{
    return EVP_RSA_gen(bits);
}

static int
append_b64(const void *bytes, size_t len, struct cog_secret *ret)
{
    struct cog_err err = COG_ERR_INIT;

    return cog_b64_encode(bytes, len, COG_B64_URL, ret, &err);
}

static int
append(struct cog_secret *ret, const char *text)
{
    struct cog_err err = COG_ERR_INIT;

    return cog_secret_append_str(ret, text, &err);
}

static int
append_number(EVP_PKEY *key, const char *name, struct cog_secret *ret)
{
    unsigned char bytes[NUMBER_MAX];
    BIGNUM *number = NULL;
    int len;

    if (EVP_PKEY_get_bn_param(key, name, &number) != 1)
        return -1;
    len = BN_num_bytes(number) <= NUMBER_MAX ? BN_bn2bin(number, bytes) : 0;
    BN_free(number);
    return append_b64(bytes, (size_t)len, ret);
}

int
sign_jwk(EVP_PKEY *key, const char *kid, struct cog_secret *ret)
{
    if (append(ret, "{\"kty\":\"RSA\",\"alg\":\"RS256\",\"use\":\"sig\","
                    "\"kid\":\"") < 0 ||
        append(ret, kid) < 0 || append(ret, "\",\"e\":\"") < 0 ||
        append_number(key, OSSL_PKEY_PARAM_RSA_E, ret) < 0 ||
        append(ret, "\",\"n\":\"") < 0 ||
        append_number(key, OSSL_PKEY_PARAM_RSA_N, ret) < 0)
        return -1;
    return append(ret, "\"}");
}

int
sign_jwks(EVP_PKEY *key, const char *kid, struct cog_secret *ret)
{
    if (append(ret, "{\"keys\":[") < 0 || sign_jwk(key, kid, ret) < 0)
        return -1;
    return append(ret, "]}");
}

/* Append the signature of what is in `ret` from `start` on. */
static int
append_signature(EVP_PKEY *key, size_t start, struct cog_secret *ret)
{
    unsigned char signature[NUMBER_MAX];
    size_t len = sizeof(signature);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    int rc = -1;

    if (ctx != NULL &&
        EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
        EVP_DigestSign(ctx, signature, &len,
                       (const unsigned char *)ret->data + start,
                       ret->len - start) == 1 &&
        append(ret, ".") == 0)
        rc = append_b64(signature, len, ret);
    EVP_MD_CTX_free(ctx);
    return rc;
}

int
sign_bytes(EVP_PKEY *key, const char *header, size_t header_len,
           const char *payload, size_t payload_len, struct cog_secret *ret)
{
    size_t start = ret->len;

    if (append_b64(header, header_len, ret) < 0 || append(ret, ".") < 0 ||
        append_b64(payload, payload_len, ret) < 0)
        return -1;
    return append_signature(key, start, ret);
}

int
sign_text(EVP_PKEY *key, const char *text, struct cog_secret *ret)
{
    size_t start = ret->len;

    return append(ret, text) < 0 ? -1 : append_signature(key, start, ret);
}

int
sign_token(EVP_PKEY *key, const char *kid, const char *payload,
           struct cog_secret *ret)
{
    char header[COG_JWKS_KID_MAX + 64];
    int len = snprintf(header, sizeof(header),
                       "{\"kid\":\"%s\",\"alg\":\"RS256\"}", kid);

    if (len < 0 || (size_t)len >= sizeof(header))
        return -1;
    return sign_bytes(key, header, (size_t)len, payload, strlen(payload), ret);
}
