/* SPDX-License-Identifier: MIT */
/*
 * fuzz_config.c - no text crashes the configuration parser, and what it
 * accepts keeps its promises.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/core/name.h"
#include "lib/core/options.h"
#include "lib/host/config.h"
#include "lib/host/endpoints.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool promise)
{
    if (!promise)
        __builtin_trap();
}

static void
must_be_names(const struct cog_list *list, bool (*valid)(const char *))
{
    must(list->count == 0 || list->given);
    for (size_t i = 0; i < list->count; i++)
        must(valid(list->item[i]));
}

/* What everybody who is handed a configuration relies on. */
static void
check_promises(const struct cog_config *c)
{
    must(cog_endpoints_pool_id_valid(c->user_pool_id));
    must(c->client_id[0] != '\0');
    must(cog_options_url_valid(c->endpoint, "https"));
    must(c->endpoint[strlen(c->endpoint) - 1] == '/');
    must(cog_options_url_valid(c->issuer, "https"));
    must(cog_options_url_valid(c->jwks_url, "https"));
    must(c->allow_users.given || c->allow_pool_groups.given ||
         c->allow_any_pool_user);
    must_be_names(&c->allow_users, cog_name_valid);
    must_be_names(&c->deny_users, cog_name_valid);
    must_be_names(&c->skip_users, cog_name_valid);
    must_be_names(&c->allow_pool_groups, cog_name_pool_valid);
    must_be_names(&c->deny_pool_groups, cog_name_pool_valid);
    must(c->min_uid >= COG_NAME_UID_MIN && c->min_uid <= INT32_MAX);
    must(c->timeout_s >= 1 && c->timeout_s <= 60);
    must(strstr(c->username_format, "%u") != NULL);
    must(strcmp(c->run_as, "root") != 0);
    must(c->cache_dir[0] == '/');
}

static void
read_for(const struct cog_config_text *text, const char *service)
{
    static const struct cog_config_reader reader = {.pam = true};
    struct cog_config config = COG_CONFIG_INIT;
    struct cog_config_problems problems = COG_CONFIG_PROBLEMS_INIT;
    struct cog_err err = COG_ERR_INIT;

    if (cog_config_read(text, &reader, service, &config, &problems, &err) == 0)
        check_promises(&config);
    else
        must(err.code == COG_E_CONFIG && problems.errors.count > 0);
    /* Messages go to the log and the terminal. */
    for (size_t i = 0; i < problems.errors.count; i++) {
        const char *line = problems.errors.item[i];

        must(cog_name_utf8_valid(line, strlen(line)));
        must(line[strcspn(line, "\x01\x07\b\t\n\r\x1b\x7f")] == '\0');
    }
    cog_config_clear(&config);
    cog_config_problems_clear(&problems);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct cog_config_text text = {"fuzz", (const char *)data, size};

    read_for(&text, NULL);
    read_for(&text, "sshd");
    return 0;
}
