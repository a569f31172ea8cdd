/* SPDX-License-Identifier: MIT */
/*
 * fuzz_jwks - a key set document: every key it gives out must be one the
 * document really has, alone under its id, and of the one kind we use.
 */
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <stdint.h>
#include <string.h>

#include "lib/net/json.h"
#include "lib/token/jwks.h"

static void
must(bool ok)
{
    if (!ok)
        __builtin_trap();
}

static bool
is(const json_t *object, const char *name, const char *want)
{
    const char *value = json_string_value(json_object_get(object, name));

    return value != NULL && strcmp(value, want) == 0;
}

static void
judge_key(EVP_PKEY *key)
{
    BIGNUM *e = NULL;
    BIGNUM *n = NULL;

    must(EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA);
    must(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e) == 1);
    must(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n) == 1);
    must(BN_is_word(e, 65537) && BN_is_odd(n));
    must(BN_num_bits(n) >= 2048 && BN_num_bits(n) <= 4096);
    BN_free(e);
    BN_free(n);
}

/* Whether the document has a key of this id that looks like ours. */
static bool
has_candidate(const json_t *keys, const char *kid)
{
    for (size_t i = 0; i < json_array_size(keys); i++) {
        const json_t *key = json_array_get(keys, i);

        if (is(key, "kid", kid) && is(key, "kty", "RSA") &&
            is(key, "e", "AQAB"))
            return true;
    }
    return false;
}

static void
judge(const struct cog_jwks *jwks, const json_t *keys)
{
    for (size_t i = 0; i < json_array_size(keys) && i < 64; i++) {
        const char *kid =
            json_string_value(json_object_get(json_array_get(keys, i), "kid"));
        EVP_PKEY *key;

        if (kid == NULL)
            continue;
        key = cog_jwks_find(jwks, kid);
        must((key != NULL) == cog_jwks_has(jwks, kid));
        if (key == NULL)
            continue;
        must(cog_jwks_valid_kid(kid) && has_candidate(keys, kid));
        judge_key(key);
        EVP_PKEY_free(key);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cog_jwks *jwks = NULL;
    struct cog_err err = COG_ERR_INIT;
    json_t *document;

    if (cog_jwks_parse((const char *)data, size, &jwks, &err) < 0) {
        must(err.code == COG_E_PROTOCOL && jwks == NULL);
        return 0;
    }
    document = json_loadb((const char *)data, size, 0, NULL);
    must(document != NULL);
    judge(jwks, json_object_get(document, "keys"));
    json_decref(document);
    cog_jwks_close(jwks);
    return 0;
}
