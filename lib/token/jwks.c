/* SPDX-License-Identifier: MIT */
#include "lib/token/jwks.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <stdlib.h>
#include <string.h>

#include "lib/core/b64.h"
#include "lib/net/json.h"

/* Below, keys can be broken; above, one verification takes too long. */
#define MODULUS_MIN_BITS 2048
#define MODULUS_MAX_BITS 4096
/* Some encoders put a zero octet before the modulus. */
#define MODULUS_MAX_BYTES (MODULUS_MAX_BITS / 8 + 1)

/* 65537, the one exponent in use, as RFC 7518 section 2 has it written. */
#define EXPONENT      65537
#define EXPONENT_TEXT "AQAB"

/* The document stays as it came: a login asks for one key of two, so only
 * that one is worth decoding. */
struct cog_jwks {
    json_t *document;
    const json_t *keys; /* borrowed from the document */
};

bool
cog_jwks_valid_kid(const char *kid)
{
    size_t len = strlen(kid);

    if (len == 0 || len > COG_JWKS_KID_MAX)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (kid[i] <= ' ' || kid[i] > '~')
            return false;
    }
    return true;
}

/* Whether the member is exactly this string. */
static bool
member_is(const json_t *key, const char *name, const char *want)
{
    const char *value = json_string_value(json_object_get(key, name));

    return value != NULL && strcmp(value, want) == 0;
}

static bool
member_may_be(const json_t *key, const char *name, const char *want)
{
    return !cog_json_has(key, name) || member_is(key, name, want);
}

/* The number a base64url text stands for, or NULL. */
static BIGNUM *
number_of(const char *text)
{
    struct cog_secret bytes = COG_SECRET_INIT(MODULUS_MAX_BYTES);
    struct cog_err err = COG_ERR_INIT;
    BIGNUM *number = NULL;
    size_t len = strlen(text);

    if (cog_b64_decode(text, len, COG_B64_URL_STRICT, &bytes, &err) == 0) {
        number =
            BN_bin2bn((const unsigned char *)bytes.data, (int)bytes.len, NULL);
    }
    cog_secret_clear(&bytes);
    return number;
}

/* The modulus of a key we may use, or NULL. */
static BIGNUM *
usable_modulus(const json_t *key)
{
    const char *kid = json_string_value(json_object_get(key, "kid"));
    const char *text = json_string_value(json_object_get(key, "n"));
    BIGNUM *n;

    if (kid == NULL || !cog_jwks_valid_kid(kid) || text == NULL)
        return NULL;
    if (!member_is(key, "kty", "RSA") || !member_is(key, "e", EXPONENT_TEXT) ||
        !member_may_be(key, "use", "sig") ||
        !member_may_be(key, "alg", "RS256"))
        return NULL;
    n = number_of(text);
    if (n != NULL && BN_is_odd(n) && BN_num_bits(n) >= MODULUS_MIN_BITS &&
        BN_num_bits(n) <= MODULUS_MAX_BITS)
        return n;
    BN_free(n);
    return NULL;
}

/* Whether a login could use any key of the set. */
static bool
any_usable(const json_t *keys)
{
    for (size_t i = 0; i < json_array_size(keys); i++) {
        BIGNUM *n = usable_modulus(json_array_get(keys, i));

        BN_free(n);
        if (n != NULL)
            return true;
    }
    return false;
}

int
cog_jwks_parse(const char *text, size_t len, struct cog_jwks **ret,
               struct cog_err *err)
{
    struct cog_jwks *jwks = calloc(1, sizeof(*jwks));
    int rc = -1;

    if (jwks == NULL)
        return cog_fail_memory(err);
    if (cog_json_parse(text, len, &jwks->document, err) < 0 ||
        cog_json_get_array(jwks->document, "keys", &jwks->keys, err) < 0)
        goto out;
    if (!any_usable(jwks->keys)) {
        cog_fail(err, COG_E_PROTOCOL, "key set: no usable RSA key");
        goto out;
    }
    *ret = jwks;
    jwks = NULL;
    rc = 0;

out:
    cog_jwks_close(jwks);
    return rc;
}

/* The modulus of the one usable key of this id, or NULL. Two keys under one
 * id cannot be told apart, so they count as none: taking the first would let
 * the order of the document decide who may sign. */
static BIGNUM *
find_modulus(const struct cog_jwks *jwks, const char *kid)
{
    BIGNUM *found = NULL;
    bool same = true;

    for (size_t i = 0; i < json_array_size(jwks->keys) && same; i++) {
        const json_t *key = json_array_get(jwks->keys, i);
        BIGNUM *n = member_is(key, "kid", kid) ? usable_modulus(key) : NULL;

        if (n == NULL)
            continue;
        same = found == NULL || BN_cmp(found, n) == 0;
        BN_free(found);
        found = n;
    }
    if (same)
        return found;
    BN_free(found);
    return NULL;
}

bool
cog_jwks_has(const struct cog_jwks *jwks, const char *kid)
{
    BIGNUM *n = find_modulus(jwks, kid);

    BN_free(n);
    return n != NULL;
}

static EVP_PKEY *
make_key(OSSL_PARAM *params)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    EVP_PKEY *key = NULL;

    if (ctx != NULL && EVP_PKEY_fromdata_init(ctx) > 0)
        (void)EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params);
    EVP_PKEY_CTX_free(ctx);
    return key;
}

EVP_PKEY *
cog_jwks_find(const struct cog_jwks *jwks, const char *kid)
{
    BIGNUM *n = find_modulus(jwks, kid);
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    OSSL_PARAM *params = NULL;
    EVP_PKEY *key = NULL;

    if (n != NULL && build != NULL &&
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
        OSSL_PARAM_BLD_push_ulong(build, OSSL_PKEY_PARAM_RSA_E, EXPONENT) == 1)
        params = OSSL_PARAM_BLD_to_param(build);
    if (params != NULL)
        key = make_key(params);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    BN_free(n);
    return key;
}

void
cog_jwks_close(struct cog_jwks *jwks)
{
    if (jwks == NULL)
        return;
    json_decref(jwks->document);
    free(jwks);
}
