/* SPDX-License-Identifier: MIT */
#include "lib/login/signin.h"

#include <stdio.h>
#include <string.h>

#include "lib/core/name.h"
#include "lib/login/identity.h"
#include "lib/login/keep.h"
#include "lib/login/offline.h"
#include "lib/login/scope.h"
#include "lib/pool/refresh.h"
#include "lib/token/jwt.h"

void
cog_signin_step(const struct cog_login *login, const char *name)
{
    if (login->step != NULL)
        login->step(login->step_ctx, name);
}

int
cog_signin_open(const struct cog_env *env, const struct cog_login *login,
                struct cog_login_facts *facts, struct cog_signin *ret,
                struct cog_err *err)
{
    const struct cog_prepared *prepared = login->prepared;
    const struct cog_config *config = &prepared->config;

    *facts = (struct cog_login_facts)COG_LOGIN_FACTS_INIT;
    *ret = (struct cog_signin){
        .env = env,
        .login = login,
        .facts = facts,
        .api =
            {
                .endpoint = config->endpoint,
                .client_id = config->client_id,
                .client_secret = prepared->client_secret.len > 0
                                     ? &prepared->client_secret
                                     : NULL,
                .transport = &env->transport,
            },
        .flow = COG_FLOW_FACTS_INIT,
        .reply = COG_API_REPLY_INIT,
    };
    if (cog_scope_check(config, &prepared->local, err) < 0)
        return -1;
    return cog_keyset_open(env, config->issuer, config->jwks_url,
                           login->cache_dir, &ret->keyset, err);
}

bool
cog_signin_known(const struct cog_login *login)
{
    return login->prepared->local.account.exists &&
           login->prepared->pool_user[0] != '\0';
}

/* While the user types: SRP's A, which takes the longest. */
static void
compute_srp(void *ctx)
{
    struct cog_signin *s = ctx;

    cog_srp_close(s->srp);
    s->srp = NULL;
    s->srp_err = (struct cog_err)COG_ERR_INIT;
    (void)!cog_srp_start(&s->srp, &s->srp_err);
}

static int
without_blanks(const struct cog_secret *typed, struct cog_secret *ret,
               struct cog_err *err)
{
    const char *p = cog_secret_str(typed);

    while (*p != '\0') {
        const size_t len = strcspn(p, " \t");

        if (cog_secret_append(ret, p, len, err) < 0)
            return -1;
        p += len + strspn(p + len, " \t");
    }
    return 0;
}

int
cog_signin_ask_code(const struct cog_signin *s,
                    const struct cog_question *question, struct cog_secret *ret,
                    struct cog_err *err)
{
    const struct cog_ui *ui = &s->env->ui;
    struct cog_secret typed = COG_SECRET_INIT(COG_ANSWER_MAX);
    int rc = ui->ask(ui->ctx, question, &typed, err);

    if (rc == 0)
        rc = without_blanks(&typed, ret, err);
    cog_secret_clear(&typed);
    return rc;
}

int
cog_signin_check_form(const struct cog_secret *password, struct cog_err *err)
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

int
cog_signin_keys_url(const struct cog_config *config,
                    char ret[COG_ENDPOINTS_URL_BYTES], bool *ret_issuers,
                    struct cog_err *err)
{
    const bool issuers = same_origin(config->endpoint, config->jwks_url);
    int len;

    if (issuers) {
        len = snprintf(ret, COG_ENDPOINTS_URL_BYTES, "%s", config->jwks_url);
    } else {
        len =
            snprintf(ret, COG_ENDPOINTS_URL_BYTES, "%s%s/.well-known/jwks.json",
                     config->endpoint, config->user_pool_id);
    }
    if (len < 0 || len >= COG_ENDPOINTS_URL_BYTES)
        return cog_fail(err, COG_E_SYSTEM, "the endpoint's URL is too long");
    *ret_issuers = issuers;
    return 0;
}

int
cog_signin_reach(const struct cog_env *env, const struct cog_config *config,
                 struct cog_err *err)
{
    char url[COG_ENDPOINTS_URL_BYTES];
    const struct cog_http_request request = {.url = url};
    struct cog_http_reply reply = COG_HTTP_REPLY_INIT;
    bool issuers = false;
    int rc;

    if (cog_signin_keys_url(config, url, &issuers, err) < 0)
        return -1;
    rc = env->transport.send(env->transport.ctx, &request, &reply, err);
    if (rc == 0 && reply.status >= 500) {
        rc = cog_fail(err, COG_E_NET, "the pool answers with HTTP status %ld",
                      reply.status);
    }
    cog_secret_clear(&reply.body);
    return rc;
}

/*
 * Open the connection while the user types, with a GET of the key set's path
 * on the endpoint: only where that host is the issuer's are these its keys.
 * Nobody's connection is opened for a user the pool will not be asked about.
 */
static void
warm_up(struct cog_signin *s)
{
    const struct cog_transport *transport = &s->env->transport;
    struct cog_err none = COG_ERR_INIT;
    char url[COG_ENDPOINTS_URL_BYTES];

    if (transport->warm == NULL || s->login->stacked != COG_STACKED_NO)
        return;
    if (cog_signin_keys_url(&s->login->prepared->config, url, &s->warm_keys,
                            &none) == 0)
        transport->warm(transport->ctx, url);
}

/* Does the flow prove the password by SRP, at least when asked to? */
static bool
uses_srp(const struct cog_signin *s)
{
    return s->login->prepared->config.auth_flow != COG_AUTH_FLOW_PASSWORD;
}

int
cog_signin_ask(struct cog_signin *s, enum cog_text text, struct cog_secret *ret,
               struct cog_err *err)
{
    const bool known = cog_signin_known(s->login);
    const struct cog_question question = {
        .echo = false,
        .text = text,
        .meanwhile = known && uses_srp(s) ? compute_srp : NULL,
        .meanwhile_ctx = s,
    };

    if (known)
        warm_up(s);
    return s->env->ui.ask(s->env->ui.ctx, &question, ret, err);
}

int
cog_signin_check_user(const struct cog_signin *s, struct cog_err *err)
{
    if (!s->login->prepared->local.account.exists)
        return cog_fail(err, COG_E_DENIED, "no such local user");
    if (!cog_signin_known(s->login)) {
        return cog_fail(err, COG_E_DENIED, "%s",
                        s->login->prepared->no_pool_user);
    }
    if (uses_srp(s) && s->srp == NULL)
        return cog_fail(err, s->srp_err.code, "%s", s->srp_err.msg);
    return 0;
}

/* The warm-up fetched the key set: if ours is old, that saves a request. */
static void
take_warm_keys(struct cog_signin *s)
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
verify(struct cog_signin *s, struct cog_claims **ret, struct cog_err *err)
{
    const struct cog_config *config = &s->login->prepared->config;
    const struct cog_jwt_policy policy = {
        .issuer = config->issuer,
        .second_issuer = config->issuer_alternative,
        .client_id = config->client_id,
        .use = COG_TOKEN_ID,
        .leeway_s = COG_JWT_LEEWAY_MAX_S,
    };
    const struct cog_secret *token = &s->reply.tokens.id;
    const struct cog_clock *clock = &s->env->clock;
    const struct cog_jwks *keys = NULL;
    char kid[COG_JWKS_KID_MAX + 1];

    if (cog_jwt_kid(token, kid, err) < 0)
        return -1;
    take_warm_keys(s);
    if (cog_keyset_find(s->keyset, kid, &keys, err) < 0)
        return -1;
    return cog_jwt_verify(token, &policy, keys, clock->unix_s(clock->ctx), ret,
                          err);
}

int
cog_signin_verify(struct cog_signin *s, struct cog_err *err)
{
    struct cog_claims *claims = NULL;

    if (verify(s, &claims, err) < 0)
        return -1;
    cog_claims_close(s->claims);
    s->claims = claims;
    (void)snprintf(s->facts->sub, sizeof(s->facts->sub), "%s",
                   cog_claims_sub(claims));
    cog_signin_step(s->login, "verified the token");
    return 0;
}

int
cog_signin_admit(struct cog_signin *s, struct cog_err *err)
{
    const struct cog_prepared *prepared = s->login->prepared;
    const char *rule = "";

    if (cog_identity_check(&prepared->config, &prepared->local,
                           prepared->pool_user, s->claims, &rule, err) < 0 ||
        cog_keep_check(s->login, s->claims, err) < 0)
        return -1;
    s->facts->rule = rule;
    cog_signin_step(s->login, "checked the rules");
    return 0;
}

/* In the order of enum cog_auth_flow. */
static const enum cog_api_flow kinds[] = {COG_API_SRP, COG_API_PASSWORD,
                                          COG_API_CHOICE, COG_API_CUSTOM};

static int
run_flow(struct cog_signin *s, const struct cog_secret *password,
         struct cog_err *err)
{
    const struct cog_prepared *prepared = s->login->prepared;
    struct cog_device device = COG_DEVICE_INIT;
    struct cog_flow flow = {
        .api = &s->api,
        .kind = kinds[prepared->config.auth_flow],
        .pool_name = prepared->config.pool_name,
        .username = prepared->pool_user,
        .local_user = prepared->local.account.name,
        .password = password,
        .srp = s->srp,
    };
    int rc;

    cog_keep_device(s->login, &device);
    if (device.key.len > 0)
        flow.device = &device;
    rc = cog_flow_run(s->env, &flow, &s->reply, &s->flow, err);
    cog_device_clear(&device);
    if (s->flow.method[0] != '\0')
        s->facts->method = s->flow.method;
    s->facts->mfa = s->flow.mfa;
    s->facts->proven = s->flow.proven;
    return rc;
}

void
cog_signin_tell(const struct cog_signin *s, const struct cog_refused *refused)
{
    const char *const arg[COG_TEXT_ARGS] = {refused->shown};

    if (s->flow.proven && refused->shown[0] != '\0')
        s->env->ui.tell(s->env->ui.ctx, COG_TEXT_POOL_SAYS, arg);
}

enum cog_errc
cog_signin_code(const struct cog_signin *s, enum cog_errc code)
{
    if ((code != COG_E_DENIED && code != COG_E_CHALLENGE) || !s->flow.proven)
        return code;
    return s->flow.refused.kind == COG_REFUSAL_SESSION ? COG_E_LATE
                                                       : COG_E_REFUSED;
}

/* What the pool's answers say of the password kept for offline: whether this
 * sign-in comes to a good end or not. */
static void
judge_kept(const struct cog_signin *s, const struct cog_secret *password)
{
    struct cog_err *note = &s->facts->note;
    struct cog_err why = COG_ERR_INIT;

    if (!s->flow.proven)
        cog_offline_refused(s->login, &s->flow.refused, password, note);
    if (s->flow.password_sent && !s->login->read_only &&
        cog_keep_drop_verifier(s->login, true, note, &why) < 0) {
        cog_login_note(note, "the old password may still work offline: %s",
                       why.msg);
    }
}

/* Nothing of an earlier try counts. */
static void
forget(struct cog_signin *s)
{
    cog_flow_facts_clear(&s->flow);
    s->flow = (struct cog_flow_facts)COG_FLOW_FACTS_INIT;
    cog_api_clear(&s->reply);
    cog_claims_close(s->claims);
    s->claims = NULL;
}

int
cog_signin_run(struct cog_signin *s, const struct cog_secret *password,
               struct cog_err *err)
{
    int rc;

    forget(s);
    rc = run_flow(s, password, err);
    judge_kept(s, password);
    if (rc < 0) {
        cog_signin_tell(s, &s->flow.refused);
        return -1;
    }
    cog_signin_step(s->login, "the pool accepted the user");
    if (cog_signin_verify(s, err) < 0)
        return -1;
    return cog_signin_admit(s, err);
}

void
cog_signin_revoke(struct cog_signin *s)
{
    struct cog_refused refused = {COG_REFUSAL_NONE, ""};
    struct cog_err none = COG_ERR_INIT;

    if (s->reply.tokens.refresh.len == 0)
        return;
    if (cog_refresh_revoke(&s->api, &s->reply.tokens.refresh, &refused,
                           &none) == 0)
        cog_signin_step(s->login, "revoked the refresh token");
}

void
cog_signin_close(struct cog_signin *s)
{
    forget(s);
    cog_srp_close(s->srp);
    s->srp = NULL;
    cog_keyset_close(s->keyset);
    s->keyset = NULL;
}
