/* SPDX-License-Identifier: MIT */
#include "lib/host/config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/core/options.h"
#include "lib/host/endpoints.h"
#include "lib/host/keys.h"
#include "lib/host/rules.h"
#include "lib/host/settings.h"

/* login(1) gives up after 60 s (LOGIN_TIMEOUT), in seconds. */
#define LOGIN_BROWSER_TIMEOUT_S 50

/* Services that raise privileges: who may use them offline is said in their
 * own section or not at all. */
static bool
is_elevation(const char *service)
{
    static const char *const elevations[] = {"sudo", "sudo-i", "su", "su-l",
                                             "polkit-1"};

    for (size_t i = 0; service != NULL && i < COG_COUNT(elevations); i++) {
        if (strcmp(service, elevations[i]) == 0)
            return true;
    }
    return false;
}

/* The setting that holds for a service, NULL: the default does. */
static const struct cog_setting *
find_setting(const struct cog_settings *settings, const struct cog_option *key,
             const char *service)
{
    const struct cog_setting *set = cog_settings_find(settings, key, service);

    if (set != NULL && set->service == NULL && is_elevation(service) &&
        strcmp(key->name, "offline") == 0)
        return NULL;
    return set;
}

/* Fill in one service's value of every key, and where it comes from. */
static int
resolve(const struct cog_settings *settings, const char *service,
        struct cog_config *config, struct cog_rules_origin *origin,
        struct cog_err *err)
{
    for (size_t i = 0; i < cog_keys_count; i++) {
        const struct cog_option *key = &cog_keys_table[i];
        const struct cog_setting *set = find_setting(settings, key, service);
        const char *value = cog_keys_fallback(key, service);

        if (set != NULL) {
            origin[i].written = true;
            origin[i].file = set->file;
            origin[i].line = set->line;
            /* A refused value was reported; go on with the default. */
            value = set->good ? set->value : value;
        }
        origin[i].value = value;
        if (value != NULL && cog_options_set(key, value, config, err) < 0)
            return -1;
    }
    return 0;
}

/* Move what is new in `found` to `known`, with a note on the service it holds
 * for. `found` is emptied. */
static int
merge(struct cog_list *known, struct cog_list *found, const char *service,
      struct cog_err *err)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < found->count; i++) {
        const char *text = found->item[i];

        if (cog_list_contains(known, text))
            continue;
        if (service == NULL) {
            rc = cog_list_append(known, text, strlen(text), err);
        } else {
            rc = cog_list_append_format(known, err, "%s (service %s)", text,
                                        service);
        }
    }
    cog_list_clear(found);
    return rc;
}

/*
 * Resolve one service into `config` and apply the rules that tie keys
 * together. `note` names the service in problems nobody else has; NULL: not.
 */
static int
check_service(struct cog_settings *settings, const char *service,
              const char *note, struct cog_config *config, struct cog_err *err)
{
    struct cog_rules_origin origin[COG_KEYS_MAX] = {{.written = false}};
    struct cog_config_problems found = COG_CONFIG_PROBLEMS_INIT;
    const struct cog_rules_subject subject = {
        .config = config,
        .origin = origin,
        .file = settings->files.item[0],
        .pam = settings->reader->pam,
    };
    int rc = -1;

    if (resolve(settings, service, config, origin, err) < 0)
        goto out;
    if (cog_rules_check(&subject, &found, err) < 0)
        goto out;
    if (merge(&settings->problems->errors, &found.errors, note, err) < 0 ||
        merge(&settings->problems->warnings, &found.warnings, note, err) < 0)
        goto out;
    rc = 0;

out:
    cog_config_problems_clear(&found);
    return rc;
}

/* Replace a string by what the format gives. */
static int set_string(char **field, struct cog_err *err, const char *fmt, ...)
    COG_PRINTF(3, 4);

static int
set_string(char **field, struct cog_err *err, const char *fmt, ...)
{
    char *text = NULL;
    va_list ap;
    int len;

    va_start(ap, fmt);
    len = vasprintf(&text, fmt, ap);
    va_end(ap);
    if (len < 0)
        return cog_fail_memory(err);
    free(*field);
    *field = text;
    return 0;
}

/* The endpoint that was written, with its slash, or the region's. */
static int
derive_endpoint(struct cog_config *config, struct cog_err *err)
{
    unsigned which = config->use_fips ? COG_ENDPOINTS_FIPS : 0;
    char url[COG_ENDPOINTS_URL_BYTES];

    if (config->endpoint != NULL) {
        if (config->endpoint[strlen(config->endpoint) - 1] == '/')
            return 0;
        return set_string(&config->endpoint, err, "%s/", config->endpoint);
    }
    if (cog_endpoints_api(config->region, which, url, sizeof(url), err) < 0)
        return -1;
    return set_string(&config->endpoint, err, "%s", url);
}

/* An issuer that was written is the only one; else a pool has two forms. */
static int
derive_issuer(struct cog_config *config, struct cog_err *err)
{
    char url[COG_ENDPOINTS_URL_BYTES];

    if (config->issuer != NULL)
        return 0;
    if (cog_endpoints_issuer(config->user_pool_id, false, url, sizeof(url),
                             err) < 0 ||
        set_string(&config->issuer, err, "%s", url) < 0)
        return -1;
    if (cog_endpoints_issuer(config->user_pool_id, true, url, sizeof(url),
                             err) < 0)
        return -1;
    return set_string(&config->issuer_alternative, err, "%s", url);
}

static void
derive_browser(struct cog_config *config, const struct cog_settings *settings,
               const char *service)
{
    const struct cog_option *flow =
        cog_options_find(cog_keys_table, cog_keys_count, "browser_flow");

    if (config->relay_url != NULL &&
        find_setting(settings, flow, service) == NULL)
        config->browser_flow = COG_BROWSER_FLOW_RELAY;
    if (service != NULL && strcmp(service, "login") == 0 &&
        config->browser_timeout_s > LOGIN_BROWSER_TIMEOUT_S)
        config->browser_timeout_s = LOGIN_BROWSER_TIMEOUT_S;
}

static int
derive(struct cog_config *config, const struct cog_settings *settings,
       const char *service, struct cog_err *err)
{
    struct cog_pool_id id;

    if (cog_endpoints_parse_pool_id(config->user_pool_id, &id, err) < 0)
        return -1;
    if (config->region == NULL &&
        set_string(&config->region, err, "%s", id.region) < 0)
        return -1;
    if (set_string(&config->pool_name, err, "%s", id.name) < 0 ||
        derive_endpoint(config, err) < 0 || derive_issuer(config, err) < 0 ||
        set_string(&config->jwks_url, err, "%s/.well-known/jwks.json",
                   config->issuer) < 0)
        return -1;
    config->seal_key_default = config->seal_key_file == NULL;
    if (config->seal_key_default &&
        set_string(&config->seal_key_file, err, "%s/seal.key",
                   config->state_dir) < 0)
        return -1;
    derive_browser(config, settings, service);
    return 0;
}

/* Everything was read: make the configuration of one service of it. */
static int
conclude(struct cog_settings *settings, const char *service,
         struct cog_config *ret, struct cog_err *err)
{
    struct cog_config config = COG_CONFIG_INIT;
    int rc = -1;

    /* Without all files there is nothing to apply rules to. */
    if (settings->incomplete)
        return cog_config_judge(settings->problems, err);
    if (check_service(settings, service, NULL, &config, err) < 0)
        goto out;
    if (cog_config_judge(settings->problems, err) < 0)
        goto out;
    if (derive(&config, settings, service, err) < 0)
        goto out;
    *ret = config;
    rc = 0;

out:
    if (rc < 0)
        cog_config_clear(&config);
    return rc;
}

int
cog_config_load(const char *path, const struct cog_config_reader *reader,
                const char *service, struct cog_config *config,
                struct cog_config_problems *problems, struct cog_err *err)
{
    struct cog_settings settings = {.reader = reader, .problems = problems};
    int rc = cog_settings_read_path(&settings, path, err);

    if (rc == 0)
        rc = conclude(&settings, service, config, err);
    cog_settings_clear(&settings);
    return rc;
}

int
cog_config_read(const struct cog_config_text *text,
                const struct cog_config_reader *reader, const char *service,
                struct cog_config *config, struct cog_config_problems *problems,
                struct cog_err *err)
{
    struct cog_settings settings = {.reader = reader, .problems = problems};
    int rc = cog_settings_read_text(&settings, text, err);

    if (rc == 0)
        rc = conclude(&settings, service, config, err);
    cog_settings_clear(&settings);
    return rc;
}

/* The rules of one service, without keeping its configuration. */
static int
check_only(struct cog_settings *settings, const char *service,
           struct cog_err *err)
{
    struct cog_config config = COG_CONFIG_INIT;
    int rc = check_service(settings, service, service, &config, err);

    cog_config_clear(&config);
    return rc;
}

static int
check_rules(struct cog_settings *settings, struct cog_err *err)
{
    int rc = check_only(settings, NULL, err);

    for (size_t i = 0; rc == 0 && i < settings->services.count; i++)
        rc = check_only(settings, settings->services.item[i], err);
    return rc;
}

int
cog_config_check_all(const char *path, const struct cog_config_reader *reader,
                     struct cog_config_problems *problems, struct cog_err *err)
{
    struct cog_settings settings = {.reader = reader, .problems = problems};
    int rc = cog_settings_read_path(&settings, path, err);

    if (rc == 0 && !settings.incomplete)
        rc = check_rules(&settings, err);
    if (rc == 0)
        rc = cog_config_judge(problems, err);
    cog_settings_clear(&settings);
    return rc;
}

int
cog_config_judge(const struct cog_config_problems *problems,
                 struct cog_err *err)
{
    size_t count = problems->errors.count;

    if (count == 0)
        return 0;
    if (count == 1)
        return cog_fail(err, COG_E_CONFIG, "%s", problems->errors.item[0]);
    return cog_fail(err, COG_E_CONFIG, "%s (and %zu more)",
                    problems->errors.item[0], count - 1);
}

void
cog_config_clear(struct cog_config *config)
{
    cog_options_clear(cog_keys_table, cog_keys_count, config);
    free(config->pool_name);
    free(config->issuer_alternative);
    free(config->jwks_url);
    config->pool_name = NULL;
    config->issuer_alternative = NULL;
    config->jwks_url = NULL;
}

void
cog_config_problems_clear(struct cog_config_problems *problems)
{
    cog_list_clear(&problems->errors);
    cog_list_clear(&problems->warnings);
}
