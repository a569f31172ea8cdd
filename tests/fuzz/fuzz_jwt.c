/* SPDX-License-Identifier: MIT */
/*
 * fuzz_jwt - cog_jwt_verify() against a second, slower opinion.
 *
 * An input begins with a letter that says how it becomes a token:
 *   T  it is one
 *   E  "header.payload" in base64, which we sign
 *   S  header, newline, payload as JSON, which we encode and sign
 * A mutated token never passes the signature; signing after the mutation is
 * what lets the fuzzer reach the claims.
 */
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/net/json.h"
#include "lib/token/jwt.h"
#include "tests/sign.h"

#define NOW INT64_C(1762500000)

static const struct cog_jwt_policy policy = {
    .issuer = "https://issuer.example/pool",
    .second_issuer = "https://second.example/pool",
    .client_id = "client1",
    .use = COG_TOKEN_ID,
    .leeway_s = 60,
};

static EVP_PKEY *key;
static struct cog_jwks *jwks;

static void
must(bool ok)
{
    if (!ok)
        __builtin_trap();
}

static void
set_up(void)
{
    struct cog_secret document = COG_SECRET_INIT(SIGN_MAX);
    struct cog_err err = COG_ERR_INIT;

    if (key != NULL)
        return;
    cog_json_setup();
    key = sign_key(2048);
    must(key != NULL && sign_jwks(key, "k1", &document) == 0 &&
         cog_jwks_parse(document.data, document.len, &jwks, &err) == 0);
    cog_secret_clear(&document);
}

static bool
make_token(const char *data, size_t size, struct cog_secret *token)
{
    struct cog_err err = COG_ERR_INIT;
    const char *newline = memchr(data, '\n', size);
    char *text;
    bool ok;

    if (data[0] == 'T')
        return cog_secret_append(token, data + 1, size - 1, &err) == 0;
    if (data[0] == 'S' && newline != NULL) {
        return sign_bytes(key, data + 1, (size_t)(newline - data) - 1,
                          newline + 1, size - (size_t)(newline - data) - 1,
                          token) == 0;
    }
    text = strndup(data + 1, size - 1);
    ok = text != NULL && *text != '\0' && sign_text(key, text, token) == 0;
    free(text);
    return ok;
}

/* Decode a segment with OpenSSL's decoder; the result is malloc()ed. */
static unsigned char *
decode(const char *text, size_t len, size_t *ret_len)
{
    size_t padded = (len + 3) / 4 * 4;
    unsigned char *in = malloc(padded + 1);
    unsigned char *out = malloc(padded + 1);
    int n;

    must(in != NULL && out != NULL);
    memset(in, '=', padded);
    for (size_t i = 0; i < len; i++) {
        must(text[i] != '+' && text[i] != '/' && text[i] != '=');
        in[i] = (unsigned char)text[i];
        if (text[i] == '-')
            in[i] = '+';
        if (text[i] == '_')
            in[i] = '/';
    }
    n = EVP_DecodeBlock(out, in, (int)padded);
    must(n >= 0 && (size_t)n >= padded - len);
    *ret_len = (size_t)n - (padded - len); /* it counts the padding */
    free(in);
    return out;
}

static json_t *
decode_json(const char *text, size_t len)
{
    size_t n = 0;
    unsigned char *bytes = decode(text, len, &n);
    json_t *json =
        json_loadb((const char *)bytes, n, JSON_REJECT_DUPLICATES, NULL);

    must(json_is_object(json));
    free(bytes);
    return json;
}

static bool
is(const json_t *object, const char *name, const char *want)
{
    const char *value = json_string_value(json_object_get(object, name));

    return value != NULL && strcmp(value, want) == 0;
}

static void
judge_header(const json_t *header)
{
    must(is(header, "alg", "RS256") && is(header, "kid", "k1"));
    must(json_object_get(header, "crit") == NULL);
    must(json_object_get(header, "jwk") == NULL);
    must(json_object_get(header, "jku") == NULL);
    must(json_object_get(header, "b64") == NULL);
}

/* A time there may be, that must have come. */
static void
judge_past(const json_t *payload, const char *name, bool required)
{
    const json_t *time = json_object_get(payload, name);

    must(json_is_integer(time) || (time == NULL && !required));
    must(time == NULL || json_integer_value(time) <= NOW + policy.leeway_s);
}

static void
judge_payload(const json_t *payload, const struct cog_claims *claims)
{
    must(is(payload, "iss", policy.issuer) ||
         is(payload, "iss", policy.second_issuer));
    must(is(payload, "aud", policy.client_id) &&
         is(payload, "token_use", "id"));
    must(json_integer_value(json_object_get(payload, "exp")) > NOW);
    judge_past(payload, "iat", true);
    judge_past(payload, "auth_time", true);
    judge_past(payload, "nbf", false);

    must(is(payload, "sub", cog_claims_sub(claims)));
    must(is(payload, "cognito:username", cog_claims_username(claims)));
    must(*cog_claims_sub(claims) != '\0');
    must(*cog_claims_username(claims) != '\0');
    must(cog_claims_expiry_s(claims) ==
         json_integer_value(json_object_get(payload, "exp")));
    must(!cog_claims_email_verified(claims) ||
         json_is_true(json_object_get(payload, "email_verified")));
    for (size_t i = 0; cog_claims_group(claims, i) != NULL; i++)
        must(i < json_array_size(json_object_get(payload, "cognito:groups")));
}

static void
judge_signature(const char *text, size_t len, const unsigned char *signature,
                size_t signature_len)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned digest_len = 0;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);

    must(EVP_Digest(text, len, digest, &digest_len, EVP_sha256(), NULL) == 1);
    must(ctx != NULL && EVP_PKEY_verify_init(ctx) == 1 &&
         EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1 &&
         EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) == 1);
    must(EVP_PKEY_verify(ctx, signature, signature_len, digest, digest_len) ==
         1);
    EVP_PKEY_CTX_free(ctx);
}

/* Whatever was accepted must be a token in our eyes too. */
static void
judge(const char *token, const struct cog_claims *claims)
{
    size_t header_len = strcspn(token, ".");
    const char *payload = token + header_len + 1;
    size_t payload_len = strcspn(payload, ".");
    const char *tail = payload + payload_len + 1;
    size_t n = 0;
    unsigned char *signature = decode(tail, strlen(tail), &n);
    json_t *json;

    judge_signature(token, header_len + 1 + payload_len, signature, n);
    free(signature);
    json = decode_json(token, header_len);
    judge_header(json);
    json_decref(json);
    json = decode_json(payload, payload_len);
    judge_payload(json, claims);
    json_decref(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cog_secret token = COG_SECRET_INIT(SIGN_MAX);
    struct cog_claims *claims = NULL;
    struct cog_err err = COG_ERR_INIT;

    set_up();
    if (size > 1 && make_token((const char *)data, size, &token)) {
        if (cog_jwt_verify(&token, &policy, jwks, NOW, &claims, &err) == 0) {
            must(strlen(token.data) == token.len);
            judge(token.data, claims);
        } else {
            must(err.code == COG_E_TOKEN && claims == NULL);
        }
    }
    cog_claims_close(claims);
    cog_secret_clear(&token);
    return 0;
}
