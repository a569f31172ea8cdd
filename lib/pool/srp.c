/* SPDX-License-Identifier: MIT */
#include "lib/pool/srp.h"

#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/core/b64.h"
#include "lib/pool/hash.h"

#define GROUP_DIGITS 768 /* of N in hex: 3072 bits */
/* A padded integer below N: its bytes and perhaps a sign byte. */
#define PADDED_MAX 385

/* Digits of SALT: Cognito sends 32; the bound only keeps hashing cheap. */
#define SALT_DIGITS_MAX 512
/* Digits of an injected `a`. */
#define EPHEMERAL_DIGITS_MAX 2048
/* Characters of SECRET_BLOCK (64 KiB): Cognito sends 1 to 2 KiB. */
#define BLOCK_MAX 65536
/* Bytes of a name: 128 characters of UTF-8. */
#define NAME_MAX_BYTES 512
/* HKDF output that signs, in bytes. */
#define KEY_BYTES 16

static const char hkdf_info[] = "Caldera Derived Key";

/* The group, and a scratch area whose numbers are wiped when released. */
struct group {
    BIGNUM *n;
    BIGNUM *g;
    BN_MONT_CTX *mont;
    BN_CTX *ctx;
};

struct cog_srp {
    struct group group;
    BIGNUM *a;     /* the secret; NULL once it has answered */
    BIGNUM *big_a; /* A = g^a mod N */
    char hex[GROUP_DIGITS + 1];
};

/* Whose x is computed. */
struct identity {
    const char *pool_name;
    const char *user_id;
    const struct cog_secret *password;
};

/* What both sides know of one exchange; only x is secret. */
struct exchange {
    BIGNUM *b;
    BIGNUM *u;
    BIGNUM *x;
};

static int
fail_openssl(struct cog_err *err)
{
    return cog_fail(err, COG_E_SYSTEM, "SRP: OpenSSL failed");
}

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

static void
group_clear(struct group *group)
{
    BN_CTX_free(group->ctx);
    BN_MONT_CTX_free(group->mont);
    BN_free(group->g);
    BN_free(group->n);
}

static int
group_open(struct group *group, struct cog_err *err)
{
    group->n = BN_get_rfc3526_prime_3072(NULL);
    group->g = BN_new();
    group->mont = BN_MONT_CTX_new();
    group->ctx = BN_CTX_secure_new();
    if (group->n == NULL || group->g == NULL || group->mont == NULL ||
        group->ctx == NULL || BN_set_word(group->g, 2) != 1 ||
        BN_MONT_CTX_set(group->mont, group->n, group->ctx) != 1)
        return fail_openssl(err);
    return 0;
}

/* ret = base^exponent mod N in constant time. All exponents here are secret
 * or made of secrets. */
static bool
power(const struct group *group, BIGNUM *ret, const BIGNUM *base,
      BIGNUM *exponent)
{
    BN_set_flags(exponent, BN_FLG_CONSTTIME);
    return BN_mod_exp_mont_consttime(ret, base, exponent, group->n, group->ctx,
                                     group->mont) == 1;
}

/* Append n the way Java's BigInteger.toByteArray() writes it: bit length / 8 +
 * 1 bytes, so the top bit is always clear and zero is one byte. */
static int
pad(const BIGNUM *n, struct cog_secret *ret, struct cog_err *err)
{
    int len = BN_num_bits(n) / 8 + 1;

    if (cog_secret_resize(ret, (size_t)len, err) < 0)
        return -1;
    if (BN_bn2binpad(n, (unsigned char *)ret->data, len) != len)
        return fail_openssl(err);
    return 0;
}

static int
hash_to_number(const struct cog_hash_part *parts, size_t count, BIGNUM *ret,
               struct cog_err *err)
{
    struct cog_secret raw = COG_SECRET_INIT(COG_HASH_BYTES);
    int rc = -1;

    if (cog_hash_sha256(parts, count, &raw, err) < 0)
        goto out;
    if (BN_bin2bn((const unsigned char *)raw.data, COG_HASH_BYTES, ret) ==
        NULL) {
        fail_openssl(err);
        goto out;
    }
    rc = 0;

out:
    cog_secret_clear(&raw);
    return rc;
}

/* ret = H(pad(first) | pad(second)), for k and u. */
static int
hash_pair(const BIGNUM *first, const BIGNUM *second, BIGNUM *ret,
          struct cog_err *err)
{
    struct cog_secret one = COG_SECRET_INIT(PADDED_MAX);
    struct cog_secret two = COG_SECRET_INIT(PADDED_MAX);
    struct cog_hash_part parts[2];
    int rc = -1;

    if (pad(first, &one, err) < 0 || pad(second, &two, err) < 0)
        goto out;
    parts[0] = part_secret(&one);
    parts[1] = part_secret(&two);
    rc = hash_to_number(parts, COG_COUNT(parts), ret, err);

out:
    cog_secret_clear(&two);
    cog_secret_clear(&one);
    return rc;
}

/* x = H(pad(salt) | H(pool name | user id | ":" | password)). */
static int
compute_x(const struct identity *who, const BIGNUM *salt, BIGNUM *ret,
          struct cog_err *err)
{
    struct cog_secret padded = COG_SECRET_INIT(SALT_DIGITS_MAX / 2 + 1);
    struct cog_secret inner = COG_SECRET_INIT(COG_HASH_BYTES);
    const struct cog_hash_part named[] = {
        part_str(who->pool_name),
        part_str(who->user_id),
        part_str(":"),
        part_secret(who->password),
    };
    struct cog_hash_part parts[2];
    int rc = -1;

    if (cog_hash_sha256(named, COG_COUNT(named), &inner, err) < 0 ||
        pad(salt, &padded, err) < 0)
        goto out;
    parts[0] = part_secret(&padded);
    parts[1] = part_secret(&inner);
    rc = hash_to_number(parts, COG_COUNT(parts), ret, err);

out:
    cog_secret_clear(&inner);
    cog_secret_clear(&padded);
    return rc;
}

/*
 * ret = B - k g^x mod N. Multiplied in Montgomery form and subtracted by
 * adding N - k g^x, because BN_mod_mul() and BN_mod_sub() divide, whose time
 * depends on g^x, which the password determines.
 */
static bool
unblind(const struct group *group, const BIGNUM *b, const BIGNUM *k, BIGNUM *x,
        BIGNUM *ret)
{
    BIGNUM *factor;
    BIGNUM *power_x;
    bool ok;

    BN_CTX_start(group->ctx);
    factor = BN_CTX_get(group->ctx);
    power_x = BN_CTX_get(group->ctx);
    ok = power_x != NULL && power(group, power_x, group->g, x) &&
         BN_to_montgomery(factor, k, group->mont, group->ctx) == 1 &&
         BN_mod_mul_montgomery(power_x, power_x, factor, group->mont,
                               group->ctx) == 1 &&
         BN_sub(power_x, group->n, power_x) == 1 &&
         BN_mod_add_quick(ret, b, power_x, group->n) == 1;
    BN_CTX_end(group->ctx);
    return ok;
}

/* Append pad(S), S = (B - k g^x)^(a + u x) mod N. */
static int
shared_secret(const struct cog_srp *srp, const struct exchange *with,
              struct cog_secret *ret, struct cog_err *err)
{
    BN_CTX *ctx = srp->group.ctx;
    BIGNUM *k;
    BIGNUM *base;
    BIGNUM *exponent;
    int rc = -1;

    BN_CTX_start(ctx);
    k = BN_CTX_get(ctx);
    base = BN_CTX_get(ctx);
    exponent = BN_CTX_get(ctx);
    if (exponent == NULL) {
        fail_openssl(err);
        goto out;
    }
    if (hash_pair(srp->group.n, srp->group.g, k, err) < 0)
        goto out;
    if (!unblind(&srp->group, with->b, k, with->x, base) ||
        BN_mul(exponent, with->u, with->x, ctx) != 1 ||
        BN_add(exponent, exponent, srp->a) != 1 ||
        !power(&srp->group, base, base, exponent)) {
        fail_openssl(err);
        goto out;
    }
    rc = pad(base, ret, err);

out:
    BN_CTX_end(ctx);
    return rc;
}

/* HKDF-SHA256 (RFC 5869) with salt pad(u): one block of output is enough, so
 * it is two HMACs. Appends 32 bytes, of which KEY_BYTES are the key. */
static int
derive_key(const struct cog_secret *shared, const BIGNUM *u,
           struct cog_secret *ret, struct cog_err *err)
{
    struct cog_secret salt = COG_SECRET_INIT(COG_HASH_BYTES + 1);
    struct cog_secret prk = COG_SECRET_INIT(COG_HASH_BYTES);
    const struct cog_hash_part input = part_secret(shared);
    const struct cog_hash_part expand[] = {
        part_str(hkdf_info),
        part_str("\x01"),
    };
    struct cog_hash_part key;
    int rc = -1;

    if (pad(u, &salt, err) < 0)
        goto out;
    key = part_secret(&salt);
    if (cog_hash_hmac(&key, &input, 1, &prk, err) < 0)
        goto out;
    key = part_secret(&prk);
    rc = cog_hash_hmac(&key, expand, COG_COUNT(expand), ret, err);

out:
    cog_secret_clear(&prk);
    cog_secret_clear(&salt);
    return rc;
}

static int
check_text(const char *name, const char *text, size_t max, struct cog_err *err)
{
    if (text == NULL || *text == '\0')
        return cog_fail(err, COG_E_PROTOCOL, "%s is missing", name);
    if (strlen(text) > max)
        return cog_fail(err, COG_E_PROTOCOL, "%s is too long", name);
    return 0;
}

static int
check_name(const char *name, const char *text, struct cog_err *err)
{
    return check_text(name, text, NAME_MAX_BYTES, err);
}

/* BN_hex2bn() takes signs and stops at the first other character, so the text
 * is checked first. */
static int
read_hex(const char *name, const char *text, size_t max, BIGNUM *ret,
         struct cog_err *err)
{
    if (check_text(name, text, max, err) < 0)
        return -1;
    if (strspn(text, "0123456789abcdefABCDEF") != strlen(text))
        return cog_fail(err, COG_E_PROTOCOL, "%s is not hexadecimal", name);
    if (BN_hex2bn(&ret, text) == 0)
        return fail_openssl(err);
    return 0;
}

/* B = 0 mod N or u = 0 would let a server without the verifier know S. */
static int
read_b(const struct cog_srp *srp, const char *text, BIGNUM *b, BIGNUM *u,
       struct cog_err *err)
{
    if (read_hex("SRP_B", text, GROUP_DIGITS, b, err) < 0)
        return -1;
    if (BN_is_zero(b) || BN_cmp(b, srp->group.n) >= 0)
        return cog_fail(err, COG_E_PROTOCOL, "SRP_B is not between 0 and N");
    if (hash_pair(srp->big_a, b, u, err) < 0)
        return -1;
    if (BN_is_zero(u))
        return cog_fail(err, COG_E_PROTOCOL, "SRP: u is zero");
    return 0;
}

static int
read_block(const char *text, struct cog_secret *ret, struct cog_err *err)
{
    struct cog_err why = COG_ERR_INIT;

    if (check_text("SECRET_BLOCK", text, BLOCK_MAX, err) < 0)
        return -1;
    if (cog_b64_decode(text, strlen(text), COG_B64_LENIENT, ret, &why) < 0)
        return cog_fail(err, why.code, "SECRET_BLOCK: %s", why.msg);
    return 0;
}

/* Append the key that signs. */
static int
agree(const struct cog_srp *srp, const struct cog_srp_challenge *challenge,
      struct cog_secret *ret, struct cog_err *err)
{
    const struct identity who = {challenge->pool_name, challenge->user_id,
                                 challenge->password};
    struct cog_secret shared = COG_SECRET_INIT(PADDED_MAX);
    BN_CTX *ctx = srp->group.ctx;
    struct exchange with;
    BIGNUM *salt;
    int rc = -1;

    BN_CTX_start(ctx);
    with.b = BN_CTX_get(ctx);
    with.u = BN_CTX_get(ctx);
    with.x = BN_CTX_get(ctx);
    salt = BN_CTX_get(ctx);
    if (salt == NULL) {
        fail_openssl(err);
        goto out;
    }
    if (read_b(srp, challenge->b, with.b, with.u, err) < 0 ||
        read_hex("SALT", challenge->salt, SALT_DIGITS_MAX, salt, err) < 0 ||
        compute_x(&who, salt, with.x, err) < 0 ||
        shared_secret(srp, &with, &shared, err) < 0)
        goto out;
    rc = derive_key(&shared, with.u, ret, err);

out:
    BN_CTX_end(ctx);
    cog_secret_clear(&shared);
    return rc;
}

/* Append base64(HMAC(key, pool name | user id | secret block | timestamp)). */
static int
sign_message(const struct cog_srp_challenge *challenge,
             const struct cog_secret *block, const char *timestamp,
             const struct cog_secret *derived, struct cog_secret *ret,
             struct cog_err *err)
{
    const struct cog_hash_part key = {derived->data, KEY_BYTES};
    const struct cog_hash_part message[] = {
        part_str(challenge->pool_name),
        part_str(challenge->user_id),
        part_secret(block),
        part_str(timestamp),
    };
    struct cog_secret mac = COG_SECRET_INIT(COG_HASH_BYTES);
    int rc = -1;

    if (cog_hash_hmac(&key, message, COG_COUNT(message), &mac, err) < 0)
        goto out;
    rc = cog_b64_encode(mac.data, mac.len, COG_B64_STD, ret, err);

out:
    cog_secret_clear(&mac);
    return rc;
}

static int
sign(const struct cog_srp *srp, const struct cog_srp_challenge *challenge,
     const char *timestamp, struct cog_secret *ret, struct cog_err *err)
{
    struct cog_secret block = COG_SECRET_INIT(BLOCK_MAX);
    struct cog_secret derived = COG_SECRET_INIT(COG_HASH_BYTES);
    int rc = -1;

    if (check_name("pool name", challenge->pool_name, err) < 0 ||
        check_name("USER_ID_FOR_SRP", challenge->user_id, err) < 0 ||
        read_block(challenge->secret_block, &block, err) < 0 ||
        agree(srp, challenge, &derived, err) < 0)
        goto out;
    rc = sign_message(challenge, &block, timestamp, &derived, ret, err);

out:
    cog_secret_clear(&derived);
    cog_secret_clear(&block);
    return rc;
}

int
cog_srp_sign(struct cog_srp *srp, const struct cog_srp_challenge *challenge,
             const char *timestamp, struct cog_secret *ret, struct cog_err *err)
{
    int rc;

    if (srp->a == NULL)
        return cog_fail(err, COG_E_SYSTEM, "SRP: the key pair is used up");
    rc = sign(srp, challenge, timestamp, ret, err);
    /* Two answers to two values of B with one `a` is what SRP is not made
     * for, so nobody can. */
    BN_clear_free(srp->a);
    srp->a = NULL;
    return rc;
}

/* A as Cognito's own clients write it: no leading zero, lower case. */
static int
write_public(struct cog_srp *srp, struct cog_err *err)
{
    char *text = BN_bn2hex(srp->big_a);
    const char *from;
    size_t i;

    if (text == NULL)
        return fail_openssl(err);
    from = text + strspn(text, "0");
    for (i = 0; from[i] != '\0' && i < GROUP_DIGITS; i++)
        srp->hex[i] = (char)(from[i] | 0x20); /* digits have that bit set */
    srp->hex[i] = '\0';
    OPENSSL_free(text);
    return 0;
}

/* Draw `a`. Its top bit is set, so its length tells nothing about it, and A is
 * never 0 or 1 mod N (N is prime and `a` far shorter than the group order). */
static int
draw(BIGNUM *a, struct cog_err *err)
{
    if (BN_priv_rand(a, COG_SRP_EPHEMERAL_BITS, BN_RAND_TOP_ONE,
                     BN_RAND_BOTTOM_ANY) != 1)
        return cog_fail(err, COG_E_SYSTEM, "SRP: no random numbers");
    return 0;
}

static int
read_ephemeral(const char *hex, BIGNUM *a, struct cog_err *err)
{
    if (read_hex("a", hex, EPHEMERAL_DIGITS_MAX, a, err) < 0)
        return -1;
    if (BN_is_zero(a))
        return cog_fail(err, COG_E_PROTOCOL, "a is zero");
    return 0;
}

/* a_hex NULL: draw one. */
static int
start(const char *a_hex, struct cog_srp **ret, struct cog_err *err)
{
    struct cog_srp *srp = calloc(1, sizeof(*srp));
    int rc = -1;

    if (srp == NULL) {
        cog_fail_memory(err);
        goto out;
    }
    if (group_open(&srp->group, err) < 0)
        goto out;
    srp->a = BN_secure_new();
    srp->big_a = BN_new();
    if (srp->a == NULL || srp->big_a == NULL) {
        fail_openssl(err);
        goto out;
    }
    if ((a_hex == NULL ? draw(srp->a, err)
                       : read_ephemeral(a_hex, srp->a, err)) < 0)
        goto out;
    if (!power(&srp->group, srp->big_a, srp->group.g, srp->a)) {
        fail_openssl(err);
        goto out;
    }
    if (write_public(srp, err) < 0)
        goto out;
    *ret = srp;
    srp = NULL;
    rc = 0;

out:
    cog_srp_close(srp);
    return rc;
}

int
cog_srp_start(struct cog_srp **ret, struct cog_err *err)
{
    return start(NULL, ret, err);
}

int
cog_srp_start_with(const char *a_hex, struct cog_srp **ret, struct cog_err *err)
{
    return start(a_hex, ret, err);
}

const char *
cog_srp_public(const struct cog_srp *srp)
{
    return srp->hex;
}

void
cog_srp_close(struct cog_srp *srp)
{
    if (srp == NULL)
        return;
    BN_free(srp->big_a);
    BN_clear_free(srp->a);
    group_clear(&srp->group);
    free(srp);
}

/* Append base64(pad(n)). */
static int
encode(const BIGNUM *n, struct cog_secret *ret, struct cog_err *err)
{
    struct cog_secret padded = COG_SECRET_INIT(PADDED_MAX);
    int rc = -1;

    if (pad(n, &padded, err) < 0)
        goto out;
    rc = cog_b64_encode(padded.data, padded.len, COG_B64_STD, ret, err);

out:
    cog_secret_clear(&padded);
    return rc;
}

static int
make_verifier(const struct group *group, const struct identity *who,
              BIGNUM *salt, BIGNUM *ret, struct cog_err *err)
{
    BIGNUM *x;
    int rc = -1;

    BN_CTX_start(group->ctx);
    x = BN_CTX_get(group->ctx);
    if (x == NULL) {
        fail_openssl(err);
        goto out;
    }
    if (compute_x(who, salt, x, err) < 0)
        goto out;
    if (!power(group, ret, group->g, x)) {
        fail_openssl(err);
        goto out;
    }
    rc = 0;

out:
    BN_CTX_end(group->ctx);
    return rc;
}

int
cog_srp_device_register(const struct cog_srp_device *device,
                        const unsigned char salt[COG_SRP_SALT_BYTES],
                        struct cog_secret *ret_salt,
                        struct cog_secret *ret_verifier, struct cog_err *err)
{
    const struct identity who = {device->group_key, device->key,
                                 device->password};
    struct group group = {NULL, NULL, NULL, NULL};
    BIGNUM *salt_number = NULL;
    BIGNUM *verifier = NULL;
    int rc = -1;

    if (check_name("DeviceGroupKey", device->group_key, err) < 0 ||
        check_name("DeviceKey", device->key, err) < 0 ||
        group_open(&group, err) < 0)
        goto out;
    salt_number = BN_bin2bn(salt, COG_SRP_SALT_BYTES, NULL);
    verifier = BN_secure_new();
    if (salt_number == NULL || verifier == NULL) {
        fail_openssl(err);
        goto out;
    }
    if (make_verifier(&group, &who, salt_number, verifier, err) < 0 ||
        encode(salt_number, ret_salt, err) < 0)
        goto out;
    rc = encode(verifier, ret_verifier, err);

out:
    BN_clear_free(verifier);
    BN_free(salt_number);
    group_clear(&group);
    return rc;
}
