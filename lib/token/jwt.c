/* SPDX-License-Identifier: MIT */
#include "lib/token/jwt.h"

#include <jansson.h>
#include <openssl/evp.h>
#include <string.h>

#include "lib/core/b64.h"
#include "lib/net/json.h"
#include "lib/token/claims_private.h"

/* Bytes of a signature by the largest key jwks.c lets through. */
#define SIGNATURE_MAX (4096 / 8)

struct segment {
    const char *text;
    size_t len;
};

/* A token in its compact form, split once; everything below works on these
 * pointers, so what is verified is what is decoded. */
struct token {
    struct segment signed_text; /* header, dot, payload */
    struct segment header;
    struct segment payload;
    struct segment signature;
};

/* A dot too many ends up in the signature, which base64 then refuses. */
static int
split(const struct cog_secret *token, struct token *ret, struct cog_err *err)
{
    const char *text = cog_secret_str(token);
    const char *end = text + token->len;
    const char *first = memchr(text, '.', token->len);
    const char *second;

    if (token->len > COG_JWT_MAX)
        return cog_fail(err, COG_E_TOKEN, "longer than %zu bytes", COG_JWT_MAX);
    if (first == NULL)
        return cog_fail(err, COG_E_TOKEN, "not three parts");
    second = memchr(first + 1, '.', (size_t)(end - first - 1));
    if (second == NULL)
        return cog_fail(err, COG_E_TOKEN, "not three parts");

    ret->signed_text = (struct segment){text, (size_t)(second - text)};
    ret->header = (struct segment){text, (size_t)(first - text)};
    ret->payload = (struct segment){first + 1, (size_t)(second - first - 1)};
    ret->signature = (struct segment){second + 1, (size_t)(end - second - 1)};
    return 0;
}

static int
parse_segment(struct segment segment, json_t **ret, struct cog_err *err)
{
    struct cog_secret bytes = COG_SECRET_INIT(segment.len);
    int rc = -1;

    if (cog_b64_decode(segment.text, segment.len, COG_B64_URL_STRICT, &bytes,
                       err) < 0)
        goto out;
    rc = cog_json_parse(cog_secret_str(&bytes), bytes.len, ret, err);

out:
    cog_secret_clear(&bytes);
    return rc;
}

/* Header members by which a token would choose its own key or change how it
 * is read (RFC 7515 section 4.1, RFC 7797). Cognito sends none of them, and
 * ignoring "crit" would break the RFC. */
static int
check_no_extensions(const json_t *header, struct cog_err *err)
{
    static const char *const forbidden[] = {"crit", "jku", "jwk",
                                            "x5u",  "x5c", "b64"};

    for (size_t i = 0; i < COG_COUNT(forbidden); i++) {
        if (cog_json_has(header, forbidden[i]))
            return cog_fail(err, COG_E_TOKEN, "header has '%s'", forbidden[i]);
    }
    return 0;
}

/* Check the header and say which key it names. The algorithm is not read to
 * choose one: there is only one, and the header must agree. */
static int
read_header(const struct token *token, char ret[COG_JWKS_KID_MAX + 1],
            struct cog_err *err)
{
    json_t *header = NULL;
    const char *alg;
    const char *kid;
    int rc = -1;

    if (parse_segment(token->header, &header, err) < 0 ||
        cog_json_get_string(header, "alg", &alg, err) < 0 ||
        cog_json_get_string(header, "kid", &kid, err) < 0)
        goto out;
    if (strcmp(alg, "RS256") != 0) {
        cog_fail(err, COG_E_TOKEN, "algorithm is not RS256");
        goto out;
    }
    if (!cog_jwks_valid_kid(kid)) {
        cog_fail(err, COG_E_TOKEN, "malformed key id");
        goto out;
    }
    if (check_no_extensions(header, err) < 0)
        goto out;
    memcpy(ret, kid, strlen(kid) + 1);
    rc = 0;

out:
    json_decref(header);
    return rc;
}

/* RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518 section 3.3): OpenSSL's default
 * padding for an RSA key, and it refuses a signature that is not as long as
 * the modulus. */
static int
check_signature(const struct token *token, EVP_PKEY *key, struct cog_err *err)
{
    struct cog_secret signature = COG_SECRET_INIT(SIGNATURE_MAX);
    EVP_MD_CTX *ctx = NULL;
    int rc = -1;

    if (cog_b64_decode(token->signature.text, token->signature.len,
                       COG_B64_URL_STRICT, &signature, err) < 0)
        goto out;
    ctx = EVP_MD_CTX_new();
    if (ctx == NULL ||
        EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key) != 1) {
        cog_fail_memory(err);
        goto out;
    }
    if (EVP_DigestVerify(ctx, (const unsigned char *)signature.data,
                         signature.len,
                         (const unsigned char *)token->signed_text.text,
                         token->signed_text.len) != 1) {
        cog_fail(err, COG_E_TOKEN, "the signature is wrong");
        goto out;
    }
    rc = 0;

out:
    EVP_MD_CTX_free(ctx);
    cog_secret_clear(&signature);
    return rc;
}

/* The payload of a token that is well-formed and signed by one of the keys. */
static int
verified_payload(const struct cog_secret *text, const struct cog_jwks *keys,
                 json_t **ret, struct cog_err *err)
{
    struct token token = {0};
    char kid[COG_JWKS_KID_MAX + 1];
    EVP_PKEY *key = NULL;
    int rc = -1;

    if (split(text, &token, err) < 0 || read_header(&token, kid, err) < 0)
        goto out;
    key = cog_jwks_find(keys, kid);
    if (key == NULL) {
        cog_fail(err, COG_E_TOKEN, "unknown key '%s'", kid);
        goto out;
    }
    if (check_signature(&token, key, err) < 0)
        goto out;
    rc = parse_segment(token.payload, ret, err);

out:
    EVP_PKEY_free(key);
    return rc;
}

/* What an administrator should look at first. */
#define CLOCK " (is this host's clock right?)"

/* A time in seconds since 1970 that must have come, give or take the clocks'
 * difference. Negative ones are refused lest the subtraction overflow. */
static int
check_past(const json_t *payload, const char *name, int64_t now_s,
           int64_t leeway_s, struct cog_err *err)
{
    int64_t time_s;

    if (cog_json_get_integer(payload, name, &time_s, err) < 0)
        return -1;
    if (time_s < 0 || time_s - leeway_s > now_s)
        return cog_fail(err, COG_E_TOKEN, "'%s' is in the future" CLOCK, name);
    return 0;
}

static int
check_times(const json_t *payload, int64_t now_s, int64_t leeway_s,
            struct cog_err *err)
{
    int64_t exp_s;

    if (leeway_s < 0 || leeway_s > COG_JWT_LEEWAY_MAX_S)
        return cog_fail(err, COG_E_TOKEN, "leeway out of range");
    if (cog_json_get_integer(payload, "exp", &exp_s, err) < 0)
        return -1;
    if (exp_s <= now_s)
        return cog_fail(err, COG_E_TOKEN, "expired" CLOCK);
    if (check_past(payload, "iat", now_s, leeway_s, err) < 0 ||
        check_past(payload, "auth_time", now_s, leeway_s, err) < 0)
        return -1;
    if (!cog_json_has(payload, "nbf"))
        return 0;
    return check_past(payload, "nbf", now_s, leeway_s, err);
}

/* Parsed strings hold no U+0000, so strcmp() sees all of them. */
static int
check_claim(const json_t *payload, const char *name, const char *want,
            struct cog_err *err)
{
    const char *value;

    if (cog_json_get_string(payload, name, &value, err) < 0)
        return -1;
    if (strcmp(value, want) == 0)
        return 0;
    return cog_fail(err, COG_E_TOKEN, "'%s' is '%.100s', not '%.100s'", name,
                    value, want);
}

static int
check_issuer(const json_t *payload, const struct cog_jwt_policy *policy,
             struct cog_err *err)
{
    const char *issuer;

    if (cog_json_get_string(payload, "iss", &issuer, err) < 0)
        return -1;
    if (policy->second_issuer != NULL &&
        strcmp(issuer, policy->second_issuer) == 0)
        return 0;
    return check_claim(payload, "iss", policy->issuer, err);
}

/* Which tokens of the pool are for us, here and now. */
static int
check_policy(const json_t *payload, const struct cog_jwt_policy *policy,
             int64_t now_s, struct cog_err *err)
{
    bool id = policy->use == COG_TOKEN_ID;

    if (check_times(payload, now_s, policy->leeway_s, err) < 0 ||
        check_issuer(payload, policy, err) < 0 ||
        check_claim(payload, "token_use", id ? "id" : "access", err) < 0 ||
        check_claim(payload, id ? "aud" : "client_id", policy->client_id, err) <
            0)
        return -1;
    if (policy->nonce == NULL)
        return 0;
    return check_claim(payload, "nonce", policy->nonce, err);
}

/* Whatever was wrong with its parts, to the caller it is the token. */
static int
refuse(const struct cog_err *why, struct cog_err *err)
{
    return cog_fail(err, why->code == COG_E_NOMEM ? COG_E_NOMEM : COG_E_TOKEN,
                    "token: %s", why->msg);
}

int
cog_jwt_kid(const struct cog_secret *token, char ret[COG_JWKS_KID_MAX + 1],
            struct cog_err *err)
{
    struct cog_err why = COG_ERR_INIT;
    struct token parts = {0};

    if (split(token, &parts, &why) < 0 || read_header(&parts, ret, &why) < 0)
        return refuse(&why, err);
    return 0;
}

int
cog_jwt_verify(const struct cog_secret *token,
               const struct cog_jwt_policy *policy, const struct cog_jwks *keys,
               int64_t now_s, struct cog_claims **ret, struct cog_err *err)
{
    struct cog_err why = COG_ERR_INIT;
    json_t *payload = NULL;
    int rc = -1;

    if (verified_payload(token, keys, &payload, &why) < 0 ||
        check_policy(payload, policy, now_s, &why) < 0)
        goto out;
    rc = cog_claims_make(payload, policy->use, ret, &why);

out:
    json_decref(payload);
    return rc == 0 ? 0 : refuse(&why, err);
}
