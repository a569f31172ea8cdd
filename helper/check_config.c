/* SPDX-License-Identifier: MIT */
#include "helper/check_config.h"

#include <jansson.h>
#include <stdio.h>

#include "lib/host/config.h"
#include "lib/host/file.h"

static json_t *
array_of(const struct cog_list *list)
{
    json_t *array = json_array();

    for (size_t i = 0; i < list->count; i++) {
        if (json_array_append_new(array, json_string(list->item[i])) < 0) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

static int
print_json(const struct cog_config_problems *problems)
{
    json_t *doc =
        json_pack("{s:b, s:o, s:o}", "ok", problems->errors.count == 0,
                  "errors", array_of(&problems->errors), "warnings",
                  array_of(&problems->warnings));
    int rc = -1;

    if (doc != NULL && json_dumpf(doc, stdout, JSON_INDENT(2)) == 0)
        rc = puts("") < 0 ? -1 : 0;
    json_decref(doc);
    return rc;
}

static int
print_text(const struct cog_tool_options *options,
           const struct cog_config_problems *problems)
{
    for (size_t i = 0; i < problems->errors.count; i++)
        (void)fprintf(stderr, "%s\n", problems->errors.item[i]);
    for (size_t i = 0; i < problems->warnings.count; i++)
        (void)fprintf(stderr, "warning: %s\n", problems->warnings.item[i]);
    if (problems->errors.count == 0)
        (void)fprintf(stderr, "%s: no errors\n", options->config_path);
    return 0;
}

enum cog_exit
cog_check_config_run(const struct cog_tool_options *options)
{
    const struct cog_config_reader reader = {
        .owner = cog_file_self(),
        .pam = true,
    };
    struct cog_config_problems problems = COG_CONFIG_PROBLEMS_INIT;
    struct cog_err err = COG_ERR_INIT;
    const int rc =
        cog_config_check_all(options->config_path, &reader, &problems, &err);
    enum cog_exit status = rc == 0 ? COG_EXIT_OK : COG_EXIT_CONFIG;

    if (err.code == COG_E_NOMEM)
        status = COG_EXIT_INTERNAL;
    if (rc < 0 && problems.errors.count == 0)
        (void)fprintf(stderr, "%s\n", err.msg);
    else if ((options->json ? print_json(&problems)
                            : print_text(options, &problems)) < 0)
        status = COG_EXIT_INTERNAL;
    cog_config_problems_clear(&problems);
    return status;
}
