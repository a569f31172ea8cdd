/* SPDX-License-Identifier: MIT */
#include "lib/host/endpoints.h"

#include <stdio.h>
#include <string.h>

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGIT "0123456789"

/* How the hosts of one partition are named. The first row whose prefix fits is
 * taken: the catch-all stands last. */
static const struct partition {
    const char *prefix;
    const char *suffix;
    const char *dualstack; /* NULL: has none that we know */
} partitions[] = {
    {"cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn"},
    {"eusc-", "amazonaws.eu", "api.amazonwebservices.eu"},
    {"us-gov-", "amazonaws.com", "api.aws"},
    {"us-iso-", "c2s.ic.gov", NULL},
    {"us-isob-", "sc2s.sgov.gov", NULL},
    {"us-isof-", "csp.hci.ic.gov", NULL},
    {"eu-isoe-", "cloud.adc-e.uk", NULL},
    {"", "amazonaws.com", NULL}, /* dual-stack: commercial_suffix() */
};

static const struct partition *
find_partition(const char *region)
{
    const struct partition *p = partitions;

    while (strncmp(region, p->prefix, strlen(p->prefix)) != 0)
        p++;
    return p;
}

bool
cog_endpoints_region_valid(const char *region)
{
    size_t words = 0;
    size_t len = strlen(region);

    if (len > COG_ENDPOINTS_POOL_ID_MAX)
        return false;
    if (strspn(region, LOWER) == 0)
        return false;
    for (;;) {
        size_t word = strspn(region, LOWER DIGIT);

        words++;
        if (word == 0)
            return false;
        if (region[word] == '\0')
            return words >= 3 && strspn(region, DIGIT) == word;
        if (region[word] != '-')
            return false;
        region += word + 1;
    }
}

int
cog_endpoints_parse_pool_id(const char *pool_id, struct cog_pool_id *ret,
                            struct cog_err *err)
{
    struct cog_pool_id id = {.region = ""};
    const char *underscore = strchr(pool_id, '_');
    size_t len = strlen(pool_id);

    if (underscore == NULL || len > COG_ENDPOINTS_POOL_ID_MAX)
        goto malformed;
    memcpy(id.region, pool_id, (size_t)(underscore - pool_id));
    memcpy(id.name, underscore + 1, strlen(underscore + 1));
    if (!cog_endpoints_region_valid(id.region) || id.name[0] == '\0' ||
        id.name[strspn(id.name, LOWER UPPER DIGIT)] != '\0')
        goto malformed;
    *ret = id;
    return 0;

malformed:
    return cog_fail(err, COG_E_CONFIG, "not a user pool id");
}

bool
cog_endpoints_pool_id_valid(const char *pool_id)
{
    struct cog_err ignored = COG_ERR_INIT;
    struct cog_pool_id id;

    return cog_endpoints_parse_pool_id(pool_id, &id, &ignored) == 0;
}

/*
 * In the commercial partition dual-stack names are the ordinary ones, except
 * for FIPS outside of the four regions that have always had it.
 */
static const char *
commercial_suffix(const char *region, unsigned which)
{
    static const char *const early_fips[] = {"us-east-1", "us-east-2",
                                             "us-west-1", "us-west-2"};

    if (which != (COG_ENDPOINTS_FIPS | COG_ENDPOINTS_DUALSTACK))
        return "amazonaws.com";
    for (size_t i = 0; i < COG_COUNT(early_fips); i++) {
        if (strcmp(region, early_fips[i]) == 0)
            return "amazonaws.com";
    }
    return "api.aws";
}

static int
check_fits(int len, size_t size, struct cog_err *err)
{
    if (len < 0 || (size_t)len >= size)
        return cog_fail(err, COG_E_CONFIG, "region name too long");
    return 0;
}

int
cog_endpoints_api(const char *region, unsigned which, char *buf, size_t size,
                  struct cog_err *err)
{
    const struct partition *p;
    const char *suffix;
    int len;

    if (!cog_endpoints_region_valid(region))
        return cog_fail(err, COG_E_CONFIG, "not an AWS region");
    p = find_partition(region);
    if (p->prefix[0] == '\0') {
        suffix = commercial_suffix(region, which);
    } else {
        suffix = which & COG_ENDPOINTS_DUALSTACK ? p->dualstack : p->suffix;
    }
    if (suffix == NULL) {
        return cog_fail(err, COG_E_CONFIG, "no dual-stack endpoint in %s",
                        region);
    }
    len = snprintf(buf, size, "https://cognito-idp%s.%s.%s/",
                   which & COG_ENDPOINTS_FIPS ? "-fips" : "", region, suffix);
    return check_fits(len, size, err);
}

int
cog_endpoints_issuer(const char *pool_id, bool updated, char *buf, size_t size,
                     struct cog_err *err)
{
    struct cog_pool_id id;
    int len;

    if (cog_endpoints_parse_pool_id(pool_id, &id, err) < 0)
        return -1;
    len = snprintf(buf, size, "https://%scognito-idp.%s.%s/%s",
                   updated ? "issuer-" : "", id.region,
                   find_partition(id.region)->suffix, pool_id);
    return check_fits(len, size, err);
}
