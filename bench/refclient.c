/* SPDX-License-Identifier: MIT */
/*
 * refclient.c - the yardstick: the least a C program with libcurl, OpenSSL and
 * jansson does for the same sign-in. One connection, one CA file, the key set
 * fetched, the ID token's RS256 signature verified; no PAM, no limits, no
 * wiping, no rules. Never use it for anything but a comparison.
 *
 *   refclient password|srp|refresh ENDPOINT CA_FILE POOL_ID CLIENT_ID USER
 *             PASSWORD|REFRESH_TOKEN JWKS_URL|-
 *
 * Exit status 0: signed in and verified (with "-", signature not checked: as
 * when a key set is at hand already).
 */
#include <curl/curl.h>
#include <jansson.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/param_build.h>
#include <openssl/rand.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct buffer {
    char data[64 * 1024];
    size_t len;
};

static CURL *curl;
static const char *endpoint;
static const char *client_id;

static size_t
keep(char *data, size_t size, size_t count, void *ctx)
{
    struct buffer *b = ctx;

    if (size * count > sizeof(b->data) - 1 - b->len)
        return 0;
    memcpy(b->data + b->len, data, size * count);
    b->len += size * count;
    b->data[b->len] = '\0';
    return size * count;
}

static void
die(const char *what)
{
    (void)fprintf(stderr, "refclient: %s\n", what);
    exit(1);
}

static json_t *
call(const char *url, const char *operation, json_t *body)
{
    static struct buffer reply;
    char target[128];
    struct curl_slist *headers = NULL;
    char *text = NULL;
    json_t *doc;

    reply.len = 0;
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &reply);
    curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L);
    if (operation != NULL) {
        (void)snprintf(target, sizeof(target),
                       "X-Amz-Target: AWSCognitoIdentityProviderService.%s",
                       operation);
        headers = curl_slist_append(headers,
                                    "Content-Type: application/x-amz-json-1.1");
        headers = curl_slist_append(headers, target);
        text = json_dumps(body, JSON_COMPACT);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, text);
    }
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    if (curl_easy_perform(curl) != CURLE_OK)
        die("no reply");
    curl_slist_free_all(headers);
    free(text);
    json_decref(body);
    doc = json_loads(reply.data, 0, NULL);
    if (doc == NULL)
        die("not JSON");
    return doc;
}

/* base64url or base64, without regard for padding. */
static size_t
decode64(const char *text, size_t len, unsigned char *out)
{
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    unsigned bits = 0;
    unsigned value = 0;
    size_t n = 0;

    for (size_t i = 0; i < len && text[i] != '='; i++) {
        char c = text[i] == '-' ? '+' : text[i] == '_' ? '/' : text[i];

        value = value << 6 | (unsigned)(strchr(digits, c) - digits);
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            out[n++] = (unsigned char)(value >> bits);
        }
    }
    return n;
}

static EVP_PKEY *
find_key(const json_t *jwks, const char *kid)
{
    unsigned char raw[1024];
    const json_t *key;
    size_t i;

    json_array_foreach(json_object_get(jwks, "keys"), i, key)
    {
        const char *n = json_string_value(json_object_get(key, "n"));
        const char *e = json_string_value(json_object_get(key, "e"));
        OSSL_PARAM_BLD *build;
        EVP_PKEY_CTX *ctx;
        EVP_PKEY *pkey = NULL;

        if (strcmp(json_string_value(json_object_get(key, "kid")), kid) != 0)
            continue;
        build = OSSL_PARAM_BLD_new();
        OSSL_PARAM_BLD_push_BN(
            build, OSSL_PKEY_PARAM_RSA_N,
            BN_bin2bn(raw, (int)decode64(n, strlen(n), raw), NULL));
        OSSL_PARAM_BLD_push_BN(
            build, OSSL_PKEY_PARAM_RSA_E,
            BN_bin2bn(raw, (int)decode64(e, strlen(e), raw), NULL));
        ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
        EVP_PKEY_fromdata_init(ctx);
        EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY,
                          OSSL_PARAM_BLD_to_param(build));
        return pkey;
    }
    die("unknown key");
    return NULL;
}

static void
verify(const json_t *reply, const char *jwks_url)
{
    const json_t *result = json_object_get(reply, "AuthenticationResult");
    const char *token = json_string_value(json_object_get(result, "IdToken"));
    unsigned char raw[8192];
    const char *dot;
    const char *dot2;
    json_t *header;
    EVP_MD_CTX *md;
    size_t len;

    if (token == NULL)
        die("no token");
    if (strcmp(jwks_url, "-") == 0)
        return;
    dot = strchr(token, '.');
    dot2 = strchr(dot + 1, '.');
    len = decode64(token, (size_t)(dot - token), raw);
    header = json_loadb((const char *)raw, len, 0, NULL);
    md = EVP_MD_CTX_new();
    EVP_DigestVerifyInit(
        md, NULL, EVP_sha256(), NULL,
        find_key(call(jwks_url, NULL, NULL),
                 json_string_value(json_object_get(header, "kid"))));
    len = decode64(dot2 + 1, strlen(dot2 + 1), raw);
    if (EVP_DigestVerify(md, raw, len, (const unsigned char *)token,
                         (size_t)(dot2 - token)) != 1)
        die("bad signature");
}

/* Java's BigInteger.toByteArray(). */
static size_t
pad(const BIGNUM *n, unsigned char *out)
{
    const size_t zero = BN_num_bits(n) % 8 == 0 ? 1 : 0;

    out[0] = 0;
    return zero + (size_t)BN_bn2bin(n, out + zero);
}

static BIGNUM *
hash_number(const unsigned char *bytes, size_t len)
{
    unsigned char digest[32];

    EVP_Digest(bytes, len, digest, NULL, EVP_sha256(), NULL);
    return BN_bin2bn(digest, sizeof(digest), NULL);
}

struct srp {
    BIGNUM *N;
    BIGNUM *a;
    BIGNUM *A;
    BN_CTX *ctx;
    BN_MONT_CTX *mont;
};

static void
srp_start(struct srp *s)
{
    BIGNUM *g = BN_new();

    s->ctx = BN_CTX_new();
    s->N = BN_get_rfc3526_prime_3072(NULL);
    s->mont = BN_MONT_CTX_new();
    BN_MONT_CTX_set(s->mont, s->N, s->ctx);
    s->a = BN_new();
    BN_rand(s->a, 256, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY);
    s->A = BN_new();
    BN_set_word(g, 2);
    BN_mod_exp_mont_consttime(s->A, g, s->a, s->N, s->ctx, s->mont);
}

static BIGNUM *
srp_secret(struct srp *s, const BIGNUM *u, const BIGNUM *x, const char *b_hex)
{
    unsigned char bytes[1024];
    BIGNUM *B = NULL;
    BIGNUM *k;
    BIGNUM *g = BN_new();
    BIGNUM *t = BN_new();
    BIGNUM *e = BN_new();
    BIGNUM *S = BN_new();
    size_t len = pad(s->N, bytes);

    bytes[len++] = 2;
    k = hash_number(bytes, len);
    BN_hex2bn(&B, b_hex);
    BN_set_word(g, 2);
    BN_mod_exp_mont_consttime(t, g, x, s->N, s->ctx, s->mont);
    BN_mod_mul(t, t, k, s->N, s->ctx);
    BN_mod_sub(t, B, t, s->N, s->ctx);
    BN_mul(e, u, x, s->ctx);
    BN_add(e, e, s->a);
    BN_mod_exp_mont_consttime(S, t, e, s->N, s->ctx, s->mont);
    return S;
}

static void
srp_key(const BIGNUM *S, const BIGNUM *u, unsigned char key[32])
{
    static const unsigned char info[] = "Caldera Derived Key\1";
    unsigned char salt[64];
    unsigned char ikm[512];
    unsigned char prk[32];
    const size_t salt_len = pad(u, salt);
    const size_t ikm_len = pad(S, ikm);

    HMAC(EVP_sha256(), salt, (int)salt_len, ikm, ikm_len, prk, NULL);
    HMAC(EVP_sha256(), prk, sizeof(prk), info, sizeof(info) - 1, key, NULL);
}

static const char *
parameter(const json_t *reply, const char *name)
{
    return json_string_value(
        json_object_get(json_object_get(reply, "ChallengeParameters"), name));
}

static void
timestamp_now(char *buf, size_t size)
{
    char day[32];
    const time_t now = time(NULL);
    const struct tm *tm = gmtime(&now);

    (void)strftime(day, sizeof(day), "%a %b", tm);
    (void)snprintf(buf, size, "%s %d %02d:%02d:%02d UTC %d", day, tm->tm_mday,
                   tm->tm_hour, tm->tm_min, tm->tm_sec, tm->tm_year + 1900);
}

static BIGNUM *
srp_x(const json_t *reply, const char *id, const char *password)
{
    unsigned char bytes[1024];
    unsigned char inner[32];
    char text[1024];
    BIGNUM *salt = NULL;
    size_t len;

    (void)snprintf(text, sizeof(text), "%s:%s", id, password);
    EVP_Digest(text, strlen(text), inner, NULL, EVP_sha256(), NULL);
    BN_hex2bn(&salt, parameter(reply, "SALT"));
    len = pad(salt, bytes);
    memcpy(bytes + len, inner, sizeof(inner));
    return hash_number(bytes, len + sizeof(inner));
}

static json_t *
srp_answer(struct srp *s, const json_t *reply, const char *pool_name,
           const char *password)
{
    const char *user = parameter(reply, "USER_ID_FOR_SRP");
    const char *block = parameter(reply, "SECRET_BLOCK");
    const char *b_hex = parameter(reply, "SRP_B");
    unsigned char bytes[8192];
    unsigned char key[32];
    unsigned char mac[32];
    char id[256];
    char signature[64];
    char timestamp[64];
    BIGNUM *B = NULL;
    BIGNUM *u;
    size_t len = pad(s->A, bytes);

    BN_hex2bn(&B, b_hex);
    len += pad(B, bytes + len);
    u = hash_number(bytes, len);
    (void)snprintf(id, sizeof(id), "%s%s", pool_name, user);
    srp_key(srp_secret(s, u, srp_x(reply, id, password), b_hex), u, key);
    timestamp_now(timestamp, sizeof(timestamp));
    len = strlen(id);
    memcpy(bytes, id, len);
    len += decode64(block, strlen(block), bytes + len);
    memcpy(bytes + len, timestamp, strlen(timestamp));
    len += strlen(timestamp);
    HMAC(EVP_sha256(), key, 16, bytes, len, mac, NULL);
    EVP_EncodeBlock((unsigned char *)signature, mac, sizeof(mac));
    return call(endpoint, "RespondToAuthChallenge",
                json_pack("{s:s, s:s, s:{s:s, s:s, s:s, s:s}}", "ClientId",
                          client_id, "ChallengeName", "PASSWORD_VERIFIER",
                          "ChallengeResponses", "USERNAME", user,
                          "PASSWORD_CLAIM_SIGNATURE", signature,
                          "PASSWORD_CLAIM_SECRET_BLOCK", block, "TIMESTAMP",
                          timestamp));
}

static json_t *
sign_in_srp(const char *pool_id, const char *user, const char *password)
{
    struct srp s;
    char *a_hex;
    json_t *reply;

    srp_start(&s);
    a_hex = BN_bn2hex(s.A);
    reply = call(endpoint, "InitiateAuth",
                 json_pack("{s:s, s:s, s:{s:s, s:s}}", "AuthFlow",
                           "USER_SRP_AUTH", "ClientId", client_id,
                           "AuthParameters", "USERNAME", user, "SRP_A", a_hex));
    return srp_answer(&s, reply, strchr(pool_id, '_') + 1, password);
}

static json_t *
sign_in_password(const char *user, const char *password)
{
    return call(endpoint, "InitiateAuth",
                json_pack("{s:s, s:s, s:{s:s, s:s}}", "AuthFlow",
                          "USER_PASSWORD_AUTH", "ClientId", client_id,
                          "AuthParameters", "USERNAME", user, "PASSWORD",
                          password));
}

static json_t *
refresh(const char *token)
{
    return call(
        endpoint, "GetTokensFromRefreshToken",
        json_pack("{s:s, s:s}", "ClientId", client_id, "RefreshToken", token));
}

static json_t *
run(const char *flow, char **argv)
{
    if (strcmp(flow, "srp") == 0)
        return sign_in_srp(argv[4], argv[6], argv[7]);
    if (strcmp(flow, "refresh") == 0)
        return refresh(argv[7]);
    return sign_in_password(argv[6], argv[7]);
}

int
main(int argc, char **argv)
{
    if (argc != 9)
        die("usage: FLOW ENDPOINT CA POOL CLIENT USER SECRET JWKS");
    endpoint = argv[2];
    client_id = argv[5];
    curl_global_init(CURL_GLOBAL_DEFAULT);
    curl = curl_easy_init();
    curl_easy_setopt(curl, CURLOPT_CAINFO, argv[3]);
    curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
    verify(run(argv[1], argv), argv[8]);
    curl_easy_cleanup(curl);
    return 0;
}
