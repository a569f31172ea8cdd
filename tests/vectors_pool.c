/* SPDX-License-Identifier: MIT */
/*
 * vectors_pool.c - known answers for lib/pool: SRP, hashes, error replies,
 * addresses of authenticators.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lib/pool/api.h"
#include "lib/pool/hash.h"
#include "lib/pool/refusal.h"
#include "lib/pool/srp.h"
#include "lib/pool/timestamp.h"
#include "lib/pool/totp.h"
#include "tests/vectors.h"

/* Longest text of a case, in bytes. */
#define TEXT_MAX 16384

/* Put a text into an empty secret; a case too long for it fails by itself. */
static void
fill(struct cog_secret *s, const char *text)
{
    struct cog_err err = COG_ERR_INIT;

    if (cog_secret_append_str(s, text, &err) < 0)
        (void)fprintf(stderr, "a text of a case is too long\n");
}

static bool
holds(const struct cog_secret *s, const char *text)
{
    return strcmp(cog_secret_str(s), text) == 0;
}

/* Check A and the signature of one exchange. */
static void
check_exchange(const json_t *one_case, const char *a,
               const struct cog_srp_challenge *challenge, const char *timestamp,
               struct vectors_count *count)
{
    const json_t *expect = json_object_get(one_case, "expect");
    bool optional = json_is_true(json_object_get(one_case, "optional"));
    struct cog_secret signature = COG_SECRET_INIT(COG_SRP_SIGNATURE_BYTES);
    struct cog_err err = COG_ERR_INIT;
    struct cog_srp *srp = NULL;
    bool ok;

    if (cog_srp_start_with(a, &srp, &err) < 0) {
        vectors_check(count, one_case, false, "%s", err.msg);
        return;
    }
    ok = strcmp(cog_srp_public(srp), vectors_string(expect, "A")) == 0;
    if (cog_srp_sign(srp, challenge, timestamp, &signature, &err) < 0) {
        ok = ok && optional && err.code == COG_E_PROTOCOL;
    } else {
        ok = ok && holds(&signature, vectors_string(expect, "signature"));
    }
    vectors_check(count, one_case, ok, "A %s, signature %s; %s",
                  cog_srp_public(srp), cog_secret_str(&signature), err.msg);
    cog_secret_clear(&signature);
    cog_srp_close(srp);
}

void
vectors_srp_user(const json_t *section, struct vectors_count *count)
{
    const json_t *one_case;
    size_t i;

    json_array_foreach(section, i, one_case)
    {
        const json_t *in = json_object_get(one_case, "inputs");
        struct cog_secret password = COG_SECRET_INIT(TEXT_MAX);
        const struct cog_srp_challenge challenge = {
            .pool_name = vectors_string(in, "pool_name"),
            .user_id = vectors_string(in, "user_id_for_srp"),
            .password = &password,
            .salt = vectors_string(in, "SALT"),
            .b = vectors_string(in, "SRP_B"),
            .secret_block = vectors_string(in, "SECRET_BLOCK"),
        };

        fill(&password, vectors_string(in, "password"));
        check_exchange(one_case, vectors_string(in, "a"), &challenge,
                       vectors_string(in, "timestamp"), count);
        cog_secret_clear(&password);
    }
}

/* Read exactly `len` bytes of hex. */
static bool
read_hex(const char *hex, unsigned char *ret, size_t len)
{
    unsigned byte = 0;

    if (strlen(hex) != 2 * len)
        return false;
    for (size_t i = 0; i < len; i++) {
        const char digits[] = {hex[2 * i], hex[2 * i + 1], '\0'};

        if (sscanf(digits, "%2x", &byte) != 1) /* NOLINT(cert-err34-c) */
            return false;
        ret[i] = (unsigned char)byte;
    }
    return true;
}

/* Check what the device registers with. */
static void
check_register(const json_t *one_case, const struct cog_srp_device *device,
               struct vectors_count *count)
{
    const json_t *in = json_object_get(one_case, "inputs");
    const json_t *expect =
        json_object_get(json_object_get(one_case, "expect"),
                        "ConfirmDevice_DeviceSecretVerifierConfig");
    struct cog_secret salt = COG_SECRET_INIT(COG_SRP_VERIFIER_MAX);
    struct cog_secret verifier = COG_SECRET_INIT(COG_SRP_VERIFIER_MAX);
    unsigned char random[COG_SRP_SALT_BYTES] = {0};
    struct cog_err err = COG_ERR_INIT;
    bool ok =
        read_hex(vectors_string(in, "salt_random"), random, sizeof(random)) &&
        cog_srp_device_register(device, random, &salt, &verifier, &err) == 0 &&
        holds(&salt, vectors_string(expect, "Salt")) &&
        holds(&verifier, vectors_string(expect, "PasswordVerifier"));

    vectors_check(count, one_case, ok, "salt %s, verifier %s; %s",
                  cog_secret_str(&salt), cog_secret_str(&verifier), err.msg);
    cog_secret_clear(&verifier);
    cog_secret_clear(&salt);
}

void
vectors_srp_device(const json_t *section, struct vectors_count *count)
{
    const json_t *one_case;
    size_t i;

    json_array_foreach(section, i, one_case)
    {
        const json_t *in = json_object_get(one_case, "inputs");
        struct cog_secret password = COG_SECRET_INIT(TEXT_MAX);
        const struct cog_srp_device device = {
            .group_key = vectors_string(in, "device_group_key"),
            .key = vectors_string(in, "device_key"),
            .password = &password,
        };
        const struct cog_srp_challenge challenge = {
            .pool_name = device.group_key,
            .user_id = device.key,
            .password = &password,
            .salt = vectors_string(in, "SALT"),
            .b = vectors_string(in, "SRP_B"),
            .secret_block = vectors_string(in, "SECRET_BLOCK"),
        };

        fill(&password, vectors_string(in, "device_password"));
        check_register(one_case, &device, count);
        check_exchange(one_case, vectors_string(in, "a"), &challenge,
                       vectors_string(in, "timestamp"), count);
        cog_secret_clear(&password);
    }
}

/* The member if the case has one (NULL for null), else what works. */
static const char *
override(const json_t *one_case, const char *name, const char *usual)
{
    const json_t *value = json_object_get(one_case, name);

    return value == NULL ? usual : json_string_value(value);
}

/* Answer a challenge that is good but for what the case replaces. */
static int
answer(const json_t *one_case, struct cog_err *err)
{
    struct cog_secret password = COG_SECRET_INIT(TEXT_MAX);
    struct cog_secret signature = COG_SECRET_INIT(COG_SRP_SIGNATURE_BYTES);
    const struct cog_srp_challenge challenge = {
        .pool_name = "Pool1",
        .user_id = override(one_case, "USER_ID_FOR_SRP", "alice"),
        .password = &password,
        .salt = override(one_case, "SALT", "5c5d"),
        .b = override(one_case, "SRP_B", "1234abcd"),
        .secret_block = override(one_case, "SECRET_BLOCK", "AAAA"),
    };
    struct cog_srp *srp = NULL;
    int rc = -1;

    fill(&password, "Passw0rd!");
    if (cog_srp_start(&srp, err) == 0) {
        rc = cog_srp_sign(srp, &challenge, "Sat Nov 1 03:04:05 UTC 2025",
                          &signature, err);
    }
    cog_srp_close(srp);
    cog_secret_clear(&signature);
    cog_secret_clear(&password);
    return rc;
}

void
vectors_srp_reject(const json_t *section, struct vectors_count *count)
{
    struct cog_err usual = COG_ERR_INIT;
    const json_t *one_case;
    size_t i;

    vectors_check(count, NULL, answer(NULL, &usual) == 0,
                  "srp_reject: a good challenge is refused: %s", usual.msg);
    json_array_foreach(section, i, one_case)
    {
        struct cog_err err = COG_ERR_INIT;

        vectors_check(count, one_case,
                      answer(one_case, &err) < 0 && err.code == COG_E_PROTOCOL,
                      "not rejected");
    }
}

void
vectors_timestamp(const json_t *section, struct vectors_count *count)
{
    const json_t *one_case;
    size_t i;

    json_array_foreach(section, i, one_case)
    {
        int64_t epoch = json_integer_value(json_object_get(one_case, "epoch"));
        char text[COG_TIMESTAMP_BYTES] = "";
        struct cog_err err = COG_ERR_INIT;
        bool ok = cog_timestamp_format(epoch, text, &err) == 0 &&
                  strcmp(text, vectors_string(one_case, "expect")) == 0;

        vectors_check(count, one_case, ok, "%s", text);
    }
}

void
vectors_secret_hash(const json_t *section, struct vectors_count *count)
{
    const json_t *one_case;
    size_t i;

    json_array_foreach(section, i, one_case)
    {
        struct cog_secret secret = COG_SECRET_INIT(TEXT_MAX);
        struct cog_secret hash = COG_SECRET_INIT(COG_HASH_B64_BYTES);
        struct cog_err err = COG_ERR_INIT;
        bool ok;

        fill(&secret, vectors_string(one_case, "client_secret"));
        ok = cog_hash_secret(vectors_string(one_case, "username"),
                             vectors_string(one_case, "client_id"), &secret,
                             &hash, &err) == 0 &&
             holds(&hash, vectors_string(one_case, "expect"));
        vectors_check(count, one_case, ok, "%s %s", cog_secret_str(&hash),
                      err.msg);
        cog_secret_clear(&hash);
        cog_secret_clear(&secret);
    }
}

void
vectors_basic_auth(const json_t *section, struct vectors_count *count)
{
    const json_t *one_case;
    size_t i;

    json_array_foreach(section, i, one_case)
    {
        struct cog_secret secret = COG_SECRET_INIT(TEXT_MAX);
        struct cog_secret value = COG_SECRET_INIT(COG_HASH_BASIC_MAX);
        struct cog_err err = COG_ERR_INIT;
        bool ok;

        fill(&secret, vectors_string(one_case, "client_secret"));
        ok = cog_hash_basic(vectors_string(one_case, "client_id"), &secret,
                            &value, &err) == 0 &&
             holds(&value, vectors_string(one_case, "expect"));
        vectors_check(count, one_case, ok, "%s %s", cog_secret_str(&value),
                      err.msg);
        cog_secret_clear(&value);
        cog_secret_clear(&secret);
    }
}

/* A verifier and its challenge; without a challenge it must be refused. */
static void
check_challenge(const json_t *one_case, struct vectors_count *count)
{
    const char *want =
        json_string_value(json_object_get(one_case, "code_challenge"));
    struct cog_secret verifier = COG_SECRET_INIT(TEXT_MAX);
    struct cog_secret challenge = COG_SECRET_INIT(COG_HASH_B64_BYTES);
    struct cog_err err = COG_ERR_INIT;
    int rc;

    fill(&verifier, vectors_string(one_case, "code_verifier"));
    rc = cog_hash_challenge(&verifier, &challenge, &err);
    vectors_check(count, one_case,
                  want == NULL ? rc < 0 : rc == 0 && holds(&challenge, want),
                  "%s %s", cog_secret_str(&challenge), err.msg);
    cog_secret_clear(&challenge);
    cog_secret_clear(&verifier);
}

static void
check_verifier(const json_t *one_case, const char *hex,
               struct vectors_count *count)
{
    struct cog_secret verifier = COG_SECRET_INIT(TEXT_MAX);
    unsigned char octets[COG_HASH_BYTES] = {0};
    struct cog_err err = COG_ERR_INIT;
    bool ok = read_hex(hex, octets, sizeof(octets)) &&
              cog_hash_verifier(octets, &verifier, &err) == 0 &&
              holds(&verifier, vectors_string(one_case, "code_verifier"));

    vectors_check(count, one_case, ok, "%s", cog_secret_str(&verifier));
    cog_secret_clear(&verifier);
}

/* Also takes the sections pkce_from_octets and pkce_invalid. */
void
vectors_pkce(const json_t *section, struct vectors_count *count)
{
    const json_t *one_case;
    size_t i;

    json_array_foreach(section, i, one_case)
    {
        const char *octets =
            json_string_value(json_object_get(one_case, "octets_hex"));

        if (octets != NULL) {
            check_verifier(one_case, octets, count);
        } else {
            check_challenge(one_case, count);
        }
    }
}

/* Fill a reply as the transport would. */
static void
receive(const json_t *one_case, struct cog_http_reply *reply)
{
    json_t *headers = json_object_get(one_case, "headers");
    const char *name;
    json_t *value;

    reply->status = json_integer_value(json_object_get(one_case, "status"));
    fill(&reply->body, vectors_string(one_case, "body"));
    json_object_foreach(headers, name, value)
    {
        if (strcasecmp(name, "x-amzn-ErrorType") == 0) {
            (void)snprintf(reply->error_type, sizeof(reply->error_type), "%s",
                           json_string_value(value));
        }
    }
}

/* A success by status: the note says whether its body must be denied. */
static bool
success_is_right(const json_t *expect, const struct cog_http_reply *reply)
{
    const char *note = json_string_value(json_object_get(expect, "note"));
    bool deny = note != NULL && strstr(note, "deny") != NULL;
    struct cog_api_reply parsed = COG_API_REPLY_INIT;
    struct cog_err err = COG_ERR_INIT;
    int rc = cog_api_parse(&reply->body, &parsed, &err);

    cog_api_clear(&parsed);
    return deny ? rc < 0 && err.code == COG_E_PROTOCOL : rc == 0;
}

static bool
is_transient(enum cog_errc code)
{
    return code == COG_E_NET || code == COG_E_THROTTLED;
}

static bool
error_is_right(const json_t *expect, const struct cog_http_reply *reply)
{
    const char *code = json_string_value(json_object_get(expect, "code"));
    const char *message = json_string_value(json_object_get(expect, "message"));
    bool retry = json_is_true(json_object_get(expect, "retryable"));
    struct cog_refusal_text text;
    struct cog_refused refused;
    struct cog_err err = COG_ERR_INIT;

    cog_refusal_parse(reply, &text);
    cog_refusal_explain("InitiateAuth", reply, false, &refused, &err);
    return strcmp(text.type, code == NULL ? "" : code) == 0 &&
           (message == NULL || strcmp(text.message, message) == 0) &&
           refused.kind != COG_REFUSAL_NONE && err.code != COG_OK &&
           (!retry || is_transient(err.code));
}

void
vectors_error_parse(const json_t *section, struct vectors_count *count)
{
    const json_t *one_case;
    size_t i;

    json_array_foreach(section, i, one_case)
    {
        const json_t *expect = json_object_get(one_case, "expect");
        struct cog_http_reply reply = COG_HTTP_REPLY_INIT;
        bool ok;

        receive(one_case, &reply);
        ok = reply.status == 200 ? success_is_right(expect, &reply)
                                 : error_is_right(expect, &reply);
        vectors_check(count, one_case, ok, "understood otherwise");
        cog_secret_clear(&reply.body);
    }
}

void
vectors_otpauth_uri(const json_t *section, struct vectors_count *count)
{
    const json_t *one_case;
    size_t i;

    json_array_foreach(section, i, one_case)
    {
        struct cog_secret secret = COG_SECRET_INIT(COG_TOTP_SECRET_MAX);
        struct cog_secret uri = COG_SECRET_INIT(COG_TOTP_URI_MAX);
        struct cog_err err = COG_ERR_INIT;
        bool ok;

        fill(&secret, vectors_string(one_case, "secret"));
        ok = cog_totp_uri(vectors_string(one_case, "issuer"),
                          vectors_string(one_case, "account"), &secret, &uri,
                          &err) == 0 &&
             holds(&uri, vectors_string(one_case, "expect"));
        vectors_check(count, one_case, ok, "%s %s", cog_secret_str(&uri),
                      err.msg);
        cog_secret_clear(&uri);
        cog_secret_clear(&secret);
    }
}
