/* SPDX-License-Identifier: MIT */
#include "lib/host/rules.h"

#include <string.h>

#include "lib/host/keys.h"

static const struct cog_rules_origin *
origin_of(const struct cog_rules_subject *s, const char *key)
{
    const struct cog_option *row =
        cog_options_find(cog_keys_table, cog_keys_count, key);

    return &s->origin[row - cog_keys_table];
}

/* Written counts even when the value was refused: that is another problem. */
static bool
written(const struct cog_rules_subject *s, const char *key)
{
    return origin_of(s, key)->written;
}

static bool
no_pool(const struct cog_rules_subject *s)
{
    return !written(s, "user_pool_id");
}

static bool
no_client(const struct cog_rules_subject *s)
{
    return !written(s, "client_id");
}

/* A pool may allow anybody to register, so nobody is in by default. */
static bool
no_allow_rule(const struct cog_rules_subject *s)
{
    return s->pam && !written(s, "allow_users") &&
           !written(s, "allow_pool_groups") && !s->config->allow_any_pool_user;
}

static bool
own_endpoint_with_fips(const struct cog_rules_subject *s)
{
    return s->config->use_fips && written(s, "endpoint");
}

static bool
browser_without_pages(const struct cog_rules_subject *s)
{
    return s->config->method != COG_METHOD_PASSWORD &&
           (!written(s, "redirect_uri") || !written(s, "hosted_ui_domain"));
}

/* A password sign-in's access token has one fixed scope of Cognito's. */
static bool
scopes_with_password(const struct cog_rules_subject *s)
{
    return written(s, "require_scopes") &&
           s->config->method != COG_METHOD_BROWSER;
}

/* Without it there is no ID token to verify (OpenID Connect Core 3.1.2.1). */
static bool
scopes_without_openid(const struct cog_rules_subject *s)
{
    return s->config->scopes.count > 0 &&
           !cog_list_contains(&s->config->scopes, "openid");
}

static bool
relay_without_url(const struct cog_rules_subject *s)
{
    return written(s, "browser_flow") &&
           s->config->browser_flow == COG_BROWSER_FLOW_RELAY &&
           !written(s, "relay_url");
}

static bool
device_without_endpoints(const struct cog_rules_subject *s)
{
    return s->config->browser_flow == COG_BROWSER_FLOW_DEVICE &&
           (!written(s, "device_endpoint") ||
            !written(s, "device_token_endpoint"));
}

/* Features that live on what a sign-in left behind. */
static bool
needs_records(const struct cog_rules_subject *s)
{
    return s->config->offline || s->config->remember_device ||
           s->config->reauth == COG_REAUTH_REFRESH;
}

static bool
records_without_cache(const struct cog_rules_subject *s)
{
    return !s->config->token_cache && needs_records(s);
}

static bool
records_of_shared_user(const struct cog_rules_subject *s)
{
    return written(s, "shared_user") && needs_records(s);
}

static bool
shared_user_incomplete(const struct cog_rules_subject *s)
{
    return written(s, "shared_user") &&
           (!s->config->user_from_token || !written(s, "allow_pool_groups"));
}

static bool
shared_user_otherwise_allowed(const struct cog_rules_subject *s)
{
    return written(s, "shared_user") &&
           (written(s, "allow_users") || s->config->allow_any_pool_user);
}

/* To demand something else, add a row and its predicate. */
static const struct {
    const char *key; /* whose line to name; NULL: the file */
    bool (*broken)(const struct cog_rules_subject *s);
    const char *text;
} rules[] = {
    {NULL, no_pool, "user_pool_id is missing"},
    {NULL, no_client, "client_id is missing"},
    {NULL, no_allow_rule,
     "nobody may sign in: set allow_users, allow_pool_groups or "
     "allow_any_pool_user"},
    {"use_fips", own_endpoint_with_fips,
     "use_fips does not go with endpoint: name the FIPS endpoint there"},
    {"method", browser_without_pages,
     "a browser sign-in needs redirect_uri and hosted_ui_domain"},
    {"require_scopes", scopes_with_password,
     "require_scopes needs method = browser: password sign-ins carry no such "
     "scopes"},
    {"scopes", scopes_without_openid, "scopes must contain openid"},
    {"browser_flow", relay_without_url, "browser_flow = relay needs relay_url"},
    {"browser_flow", device_without_endpoints,
     "browser_flow = device needs device_endpoint and device_token_endpoint"},
    {"token_cache", records_without_cache,
     "token_cache = no does not go with offline, remember_device and reauth = "
     "refresh"},
    {"shared_user", records_of_shared_user,
     "shared_user does not go with offline, remember_device and reauth = "
     "refresh"},
    {"shared_user", shared_user_incomplete,
     "shared_user needs user_from_token = yes and allow_pool_groups"},
    {"shared_user", shared_user_otherwise_allowed,
     "shared_user admits by allow_pool_groups alone: remove allow_users and "
     "allow_any_pool_user"},
};

/* "file:line: text", or "file: text" for what is not written. */
static int
complain(const struct cog_rules_subject *s, const char *key, const char *text,
         struct cog_list *list, struct cog_err *err)
{
    const struct cog_rules_origin *origin =
        key == NULL ? NULL : origin_of(s, key);

    if (origin == NULL || !origin->written)
        return cog_list_append_format(list, err, "%s: %s", s->file, text);
    return cog_list_append_format(list, err, "%s:%zu: %s", origin->file,
                                  origin->line, text);
}

/* Does the configuration rely on what this row lacks? A default is relied on
 * only where ignoring it would matter. */
static bool
relies_on(const struct cog_rules_subject *s, const struct cog_keys_unbuilt *row)
{
    const struct cog_rules_origin *origin = origin_of(s, row->key);

    if (row->value == NULL)
        return origin->written;
    return (origin->written || row->restricts) && origin->value != NULL &&
           strcmp(origin->value, row->value) == 0;
}

static int
complain_unbuilt(const struct cog_rules_subject *s,
                 const struct cog_keys_unbuilt *row,
                 struct cog_config_problems *problems, struct cog_err *err)
{
    struct cog_list *list =
        row->restricts ? &problems->errors : &problems->warnings;
    struct cog_list text = {.count = 0};
    int rc;

    if (row->remedy != NULL)
        return complain(s, row->key, row->remedy, list, err);
    if (cog_list_append_format(&text, err, "%s%s%s %s in this version",
                               row->key, row->value == NULL ? "" : " = ",
                               row->value == NULL ? "" : row->value,
                               row->restricts ? "is not available"
                                              : "has no effect") < 0)
        return -1;
    rc = complain(s, row->key, text.item[0], list, err);
    cog_list_clear(&text);
    return rc;
}

int
cog_rules_check(const struct cog_rules_subject *subject,
                struct cog_config_problems *problems, struct cog_err *err)
{
    for (size_t i = 0; i < COG_COUNT(rules); i++) {
        if (rules[i].broken(subject) &&
            complain(subject, rules[i].key, rules[i].text, &problems->errors,
                     err) < 0)
            return -1;
    }
    for (size_t i = 0; i < cog_keys_unbuilt_count; i++) {
        const struct cog_keys_unbuilt *row = &cog_keys_unbuilt_table[i];

        if (relies_on(subject, row) &&
            complain_unbuilt(subject, row, problems, err) < 0)
            return -1;
    }
    return 0;
}
