/* SPDX-License-Identifier: MIT */
#include "lib/login/login.h"

#include <stdio.h>
#include <string.h>

#include "lib/core/name.h"
#include "lib/core/options.h"
#include "lib/host/endpoints.h"
#include "lib/login/identity.h"
#include "lib/login/scope.h"
#include "lib/pool/flow.h"
#include "lib/token/jwt.h"
#include "lib/token/keyset.h"

/* One sign-in in progress. */
struct signin {
    const struct cog_env *env;
    const struct cog_login *login;
    struct cog_login_facts *facts;
    struct cog_keyset *keyset;
    struct cog_srp *srp;
    struct cog_err srp_err;
    bool warm_keys; /* the warm-up asks the issuer itself for its keys */
    bool proven;    /* the pool accepted the password */
};

static void
step(const struct signin *s, const char *name)
{
    if (s->login->step != NULL)
        s->login->step(s->login->step_ctx, name);
}

/* May this user be asked of the pool at all? If not, he is asked for a
 * password like anyone, and nothing is sent. */
static bool
pool_can_know(const struct cog_prepared *prepared)
{
    return prepared->local.account.exists && prepared->pool_user[0] != '\0';
}

/* While the user types: SRP's A, which takes the longest. */
static void
compute_srp(void *ctx)
{
    struct signin *s = ctx;

    cog_srp_close(s->srp);
    s->srp = NULL;
    s->srp_err = (struct cog_err)COG_ERR_INIT;
    (void)!cog_srp_start(&s->srp, &s->srp_err);
}

/*
 * A password no pool could have: empty, or one nobody can have typed, such as
 * what sshd puts in place of the password of users it refuses. Nothing of it
 * leaves the host.
 */
static int
check_form(const struct cog_secret *password, struct cog_err *err)
{
    if (password->len == 0)
        return cog_fail(err, COG_E_DENIED, "no password was given");
    if (!cog_name_typed_valid(cog_secret_str(password), password->len)) {
        return cog_fail(err, COG_E_DENIED,
                        "the password has control characters or is not UTF-8");
    }
    return 0;
}

/* Scheme, host and port of two https URLs are the same. */
static bool
same_origin(const char *a, const char *b)
{
    const size_t len = strlen("https://");
    const size_t host = strcspn(a + len, "/");

    return strncmp(a, b, len + host) == 0 &&
           (b[len + host] == '/' || b[len + host] == '\0');
}

/*
 * Open the connection while the user types, with a GET of the key set's path
 * on the endpoint: only where that host is the issuer's are these its keys.
 * Nobody's connection is opened for a user the pool will not be asked about.
 */
static void
warm_up(struct signin *s)
{
    const struct cog_config *config = &s->login->prepared->config;
    const struct cog_transport *transport = &s->env->transport;
    char url[COG_ENDPOINTS_URL_BYTES];
    int len;

    if (transport->warm == NULL || s->login->stacked != COG_STACKED_NO)
        return;
    s->warm_keys = same_origin(config->endpoint, config->jwks_url);
    if (s->warm_keys) {
        transport->warm(transport->ctx, config->jwks_url);
        return;
    }
    len = snprintf(url, sizeof(url), "%s%s/.well-known/jwks.json",
                   config->endpoint, config->user_pool_id);
    if (len > 0 && (size_t)len < sizeof(url))
        transport->warm(transport->ctx, url);
}

static int
ask_password(struct signin *s, struct cog_secret *ret, struct cog_err *err)
{
    const struct cog_prepared *prepared = s->login->prepared;
    const bool srp = prepared->config.auth_flow == COG_AUTH_FLOW_SRP;
    const bool known = pool_can_know(prepared);
    const struct cog_question question = {
        .echo = false,
        .text = COG_TEXT_PASSWORD_PROMPT,
        .meanwhile = srp && known ? compute_srp : NULL,
        .meanwhile_ctx = s,
    };

    if (known)
        warm_up(s);
    if (s->env->ui.ask(s->env->ui.ctx, &question, ret, err) < 0 ||
        check_form(ret, err) < 0)
        return -1;
    if (!prepared->local.account.exists)
        return cog_fail(err, COG_E_DENIED, "no such local user");
    if (!known)
        return cog_fail(err, COG_E_DENIED, "%s", prepared->no_pool_user);
    if (srp && s->srp == NULL)
        return cog_fail(err, s->srp_err.code, "%s", s->srp_err.msg);
    return 0;
}

/* The warm-up fetched the key set: if ours is old, that saves a request. */
static void
take_warm_keys(struct signin *s)
{
    const struct cog_transport *transport = &s->env->transport;
    const struct cog_secret *body = transport->warm_body == NULL
                                        ? NULL
                                        : transport->warm_body(transport->ctx);
    struct cog_err none = COG_ERR_INIT;

    if (body != NULL && s->warm_keys && !cog_keyset_is_fresh(s->keyset))
        (void)!cog_keyset_offer(s->keyset, body, &none);
}

static int
verify(struct signin *s, const struct cog_secret *id_token,
       struct cog_claims **ret, struct cog_err *err)
{
    const struct cog_config *config = &s->login->prepared->config;
    const struct cog_jwt_policy policy = {
        .issuer = config->issuer,
        .second_issuer = config->issuer_alternative,
        .client_id = config->client_id,
        .use = COG_TOKEN_ID,
        .leeway_s = COG_JWT_LEEWAY_MAX_S,
    };
    const struct cog_clock *clock = &s->env->clock;
    const struct cog_jwks *keys = NULL;
    char kid[COG_JWKS_KID_MAX + 1];

    if (cog_jwt_kid(id_token, kid, err) < 0)
        return -1;
    take_warm_keys(s);
    if (cog_keyset_find(s->keyset, kid, &keys, err) < 0)
        return -1;
    return cog_jwt_verify(id_token, &policy, keys, clock->unix_s(clock->ctx),
                          ret, err);
}

/* Let the holder of these tokens in, or not. */
static int
admit(struct signin *s, const struct cog_api_tokens *tokens,
      struct cog_err *err)
{
    const struct cog_prepared *prepared = s->login->prepared;
    struct cog_claims *claims = NULL;
    int rc = -1;

    if (verify(s, &tokens->id, &claims, err) < 0)
        goto out;
    step(s, "verified the token");
    (void)snprintf(s->facts->sub, sizeof(s->facts->sub), "%s",
                   cog_claims_sub(claims));
    if (cog_identity_check(&prepared->config, &prepared->local,
                           prepared->pool_user, claims, &s->facts->rule,
                           err) < 0)
        goto out;
    step(s, "checked the rules");
    rc = 0;

out:
    cog_claims_close(claims);
    return rc;
}

/* Best effort: the token ends by itself sooner or later. */
static void
revoke(struct signin *s, const struct cog_api *api,
       const struct cog_api_tokens *tokens)
{
    enum cog_refusal refusal = COG_REFUSAL_NONE;
    struct cog_err none = COG_ERR_INIT;

    if (!s->login->revoke || tokens->refresh.len == 0)
        return;
    if (cog_api_revoke(api, &tokens->refresh, &refusal, &none) == 0)
        step(s, "revoked the refresh token");
}

static int
sign_in(struct signin *s, const struct cog_secret *password,
        struct cog_err *err)
{
    const struct cog_prepared *prepared = s->login->prepared;
    const struct cog_secret *secret = &prepared->client_secret;
    const struct cog_api api = {
        .endpoint = prepared->config.endpoint,
        .client_id = prepared->config.client_id,
        .client_secret = secret->len > 0 ? secret : NULL,
        .transport = &s->env->transport,
    };
    const struct cog_flow flow = {
        .api = &api,
        .pool_name = prepared->config.pool_name,
        .username = prepared->pool_user,
        .password = password,
        .srp = s->srp,
    };
    struct cog_api_reply reply = COG_API_REPLY_INIT;
    struct cog_flow_facts facts;
    int rc = cog_flow_run(s->env, &flow, &reply, &facts, err);

    s->facts->mfa = facts.mfa;
    s->proven = facts.proven;
    if (rc == 0) {
        step(s, "the pool accepted the user");
        rc = admit(s, &reply.tokens, err);
        revoke(s, &api, &reply.tokens);
    }
    cog_api_clear(&reply);
    return rc;
}

/*
 * One password, asked for and tried; it is left in `password`. `refused` is
 * one the pool has just refused (NULL: none): sshd's password method gives the
 * same to every question, and the pool would count it twice.
 */
static int
attempt(struct signin *s, const struct cog_secret *refused,
        struct cog_secret *password, struct cog_err *err)
{
    if (ask_password(s, password, err) < 0)
        return -1;
    if (refused != NULL && cog_secret_equal(password, refused)) {
        return cog_fail(err, COG_E_DENIED,
                        "the same wrong password was given twice");
    }
    return sign_in(s, password, err);
}

/* try_first_pass: when the stacked password is wrong, ask once. Where it was
 * right, and a code was wrong, another password is of no use. */
static int
attempts(struct signin *s, struct cog_err *err)
{
    struct cog_secret stacked = COG_SECRET_INIT(COG_ANSWER_MAX);
    struct cog_secret typed = COG_SECRET_INIT(COG_ANSWER_MAX);
    struct cog_err first = COG_ERR_INIT;
    int rc = attempt(s, NULL, &stacked, &first);

    if (rc < 0 && first.code == COG_E_DENIED && !s->proven &&
        s->login->stacked == COG_STACKED_TRY) {
        rc = attempt(s, &stacked, &typed, err);
    } else if (rc < 0) {
        cog_fail(err, first.code, "%s", first.msg);
    }
    cog_secret_clear(&stacked);
    cog_secret_clear(&typed);
    return rc;
}

int
cog_login_authenticate(const struct cog_env *env, const struct cog_login *login,
                       struct cog_login_facts *facts, struct cog_err *err)
{
    const struct cog_prepared *prepared = login->prepared;
    struct signin s = {.env = env, .login = login, .facts = facts};
    int rc = -1;

    *facts =
        (struct cog_login_facts){.method = "password", .mfa = "", .rule = ""};
    if (cog_scope_check(&prepared->config, &prepared->local, err) < 0 ||
        cog_keyset_open(env, prepared->config.issuer, prepared->config.jwks_url,
                        login->cache_dir, &s.keyset, err) < 0)
        goto out;
    rc = attempts(&s, err);

out:
    cog_srp_close(s.srp);
    cog_keyset_close(s.keyset);
    return rc;
}

int
cog_login_account(const struct cog_login *login, struct cog_err *err)
{
    const struct cog_config *config = &login->prepared->config;
    const struct cog_local *local = &login->prepared->local;

    if (cog_scope_denied(config, local))
        return cog_fail(err, COG_E_IDENTITY, "named in deny_users");
    if (cog_scope_check(config, local, err) < 0)
        return -1;
    if (!local->account.exists)
        return cog_fail(err, COG_E_SCOPE, "no such local user");
    if (config->account_recheck_s == COG_OPTIONS_OFF) {
        return cog_fail(err, COG_E_SCOPE,
                        "never signed in on this host, and this service does "
                        "not ask");
    }
    return cog_fail(err, COG_E_NEVER, "never signed in on this host");
}

int
cog_login_password(const struct cog_login *login, struct cog_err *err)
{
    if (cog_scope_check(&login->prepared->config, &login->prepared->local,
                        err) < 0)
        return -1;
    return cog_fail(err, COG_E_UNSUPPORTED,
                    "pool passwords cannot be changed from this host");
}
