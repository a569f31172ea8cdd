/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "lib/host/endpoints.h"
#include "tests/vectors.h"

static bool
is_true(const json_t *one_case, const char *name)
{
    return json_is_true(json_object_get(one_case, name));
}

void
vectors_endpoints(const json_t *section, struct vectors_count *count)
{
    const json_t *one_case;
    size_t i;

    json_array_foreach(section, i, one_case)
    {
        const char *want = vectors_string(one_case, "expect");
        unsigned which =
            (is_true(one_case, "fips") ? COG_ENDPOINTS_FIPS : 0U) |
            (is_true(one_case, "dualstack") ? COG_ENDPOINTS_DUALSTACK : 0U);
        char url[COG_ENDPOINTS_URL_BYTES] = "";
        struct cog_err err = COG_ERR_INIT;
        int rc = cog_endpoints_api(vectors_string(one_case, "region"), which,
                                   url, sizeof(url), &err);

        vectors_check(count, one_case, rc == 0 && strcmp(url, want) == 0,
                      "got '%s', not '%s'", url, want);
    }
}

void
vectors_pool_id_parse(const json_t *section, struct vectors_count *count)
{
    const json_t *one_case;
    size_t i;

    json_array_foreach(section, i, one_case)
    {
        const char *pool_id = vectors_string(one_case, "pool_id");
        struct cog_err err = COG_ERR_INIT;
        struct cog_pool_id id;
        bool valid = cog_endpoints_parse_pool_id(pool_id, &id, &err) == 0;
        bool ok = valid == is_true(one_case, "valid");

        if (ok && valid)
            ok = strcmp(id.region, vectors_string(one_case, "region")) == 0 &&
                 strcmp(id.name, vectors_string(one_case, "name")) == 0;
        vectors_check(count, one_case, ok, "'%s'", pool_id);
    }
}
