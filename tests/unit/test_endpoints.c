/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/host/endpoints.h"

#define FIPS COG_ENDPOINTS_FIPS
#define DUAL COG_ENDPOINTS_DUALSTACK

static void
apis(void **state)
{
    static const struct {
        const char *region;
        unsigned which;
        const char *want; /* NULL: refused */
    } cases[] = {
        {"eu-central-1", 0, "https://cognito-idp.eu-central-1.amazonaws.com/"},
        {"eu-central-1", DUAL,
         "https://cognito-idp.eu-central-1.amazonaws.com/"},
        {"eu-central-1", FIPS,
         "https://cognito-idp-fips.eu-central-1.amazonaws.com/"},
        {"eu-central-1", FIPS | DUAL,
         "https://cognito-idp-fips.eu-central-1.api.aws/"},
        {"us-west-2", FIPS | DUAL,
         "https://cognito-idp-fips.us-west-2.amazonaws.com/"},
        {"us-gov-west-1", 0,
         "https://cognito-idp.us-gov-west-1.amazonaws.com/"},
        {"us-gov-west-1", DUAL, "https://cognito-idp.us-gov-west-1.api.aws/"},
        {"us-gov-west-1", FIPS | DUAL,
         "https://cognito-idp-fips.us-gov-west-1.api.aws/"},
        {"cn-northwest-1", 0,
         "https://cognito-idp.cn-northwest-1.amazonaws.com.cn/"},
        {"eusc-de-east-1", DUAL,
         "https://cognito-idp.eusc-de-east-1.api.amazonwebservices.eu/"},
        {"us-iso-east-1", 0, "https://cognito-idp.us-iso-east-1.c2s.ic.gov/"},
        {"us-isob-east-1", 0,
         "https://cognito-idp.us-isob-east-1.sc2s.sgov.gov/"},
        {"us-isof-south-1", 0,
         "https://cognito-idp.us-isof-south-1.csp.hci.ic.gov/"},
        {"eu-isoe-west-1", 0,
         "https://cognito-idp.eu-isoe-west-1.cloud.adc-e.uk/"},
        {"us-iso-east-1", DUAL, NULL},
        {"us-east-1.evil.example/", 0, NULL},
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        char url[COG_ENDPOINTS_URL_BYTES] = "";
        struct cog_err err = COG_ERR_INIT;
        int rc = cog_endpoints_api(cases[i].region, cases[i].which, url,
                                   sizeof(url), &err);

        assert_int_equal(rc, cases[i].want == NULL ? -1 : 0);
        if (cases[i].want == NULL)
            assert_int_equal(err.code, COG_E_CONFIG);
        else
            assert_string_equal(url, cases[i].want);
    }
}

static void
issuers(void **state)
{
    static const struct {
        const char *pool_id;
        bool updated;
        const char *want; /* NULL: refused */
    } cases[] = {
        {"us-east-1_Ab1", false,
         "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Ab1"},
        {"us-east-1_Ab1", true,
         "https://issuer-cognito-idp.us-east-1.amazonaws.com/us-east-1_Ab1"},
        {"cn-north-1_Ab1", false,
         "https://cognito-idp.cn-north-1.amazonaws.com.cn/cn-north-1_Ab1"},
        {"us-east-1", false, NULL},
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        char url[COG_ENDPOINTS_URL_BYTES] = "";
        struct cog_err err = COG_ERR_INIT;
        int rc = cog_endpoints_issuer(cases[i].pool_id, cases[i].updated, url,
                                      sizeof(url), &err);

        assert_int_equal(rc, cases[i].want == NULL ? -1 : 0);
        if (cases[i].want != NULL)
            assert_string_equal(url, cases[i].want);
    }
}

/* The longest names fit into the documented buffer, a smaller one refuses. */
static void
buffers(void **state)
{
    static const char longest[] =
        "us-isob-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-1_Z";
    char url[COG_ENDPOINTS_URL_BYTES];
    struct cog_err err = COG_ERR_INIT;

    (void)state;
    assert_int_equal(strlen(longest), COG_ENDPOINTS_POOL_ID_MAX);
    assert_int_equal(
        cog_endpoints_issuer(longest, true, url, sizeof(url), &err), 0);
    assert_int_equal(
        cog_endpoints_issuer(longest, true, url, strlen(url), &err), -1);
    assert_int_equal(err.code, COG_E_CONFIG);
    err.code = COG_OK;
    assert_int_equal(cog_endpoints_api("us-east-1", 0, url, 20, &err), -1);
    assert_int_equal(err.code, COG_E_CONFIG);
}

static void
regions(void **state)
{
    static const struct {
        const char *region;
        bool valid;
    } cases[] = {
        {"us-east-1", true},
        {"us-gov-west-1", true},
        {"eusc-de-east-1", true},
        {"ap-southeast-12", true},
        {"us-east", false},
        {"us-1", false},
        {"us--1", false},
        {"-us-east-1", false},
        {"us-east-1-", false},
        {"us-east-1a", false},
        {"US-EAST-1", false},
        {"1-us-1", false},
        {"us_east_1", false},
        {"us-east-1.x", false},
        {"", false},
        {"us-east-1/", false},
        {"us-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-1", true},
        {"us-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-1", false},
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        if (cog_endpoints_region_valid(cases[i].region) != cases[i].valid)
            fail_msg("'%s'", cases[i].region);
    }
}

static void
pool_ids(void **state)
{
    static const struct {
        const char *pool_id;
        const char *region; /* NULL: refused */
        const char *name;
    } cases[] = {
        {"us-east-1_Zq1W9xPub", "us-east-1", "Zq1W9xPub"},
        {"eusc-de-east-1_x9", "eusc-de-east-1", "x9"},
        {"", NULL, NULL},
        {"_", NULL, NULL},
        {"us-east-1", NULL, NULL},
        {"us-east-1_", NULL, NULL},
        {"_abc", NULL, NULL},
        {"us-east-1_ab-c", NULL, NULL},
        {"us-east-1_ab_c", NULL, NULL},
        {"us-east-1_ab/../c", NULL, NULL},
        {"us-east-1_a b", NULL, NULL},
        {" us-east-1_ab", NULL, NULL},
        {"us.east.1_ab", NULL, NULL},
        {"us-east-1_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL,
         NULL},
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        struct cog_pool_id id = {.name = "untouched"};
        struct cog_err err = COG_ERR_INIT;
        bool valid = cases[i].region != NULL;

        assert_int_equal(
            cog_endpoints_parse_pool_id(cases[i].pool_id, &id, &err),
            valid ? 0 : -1);
        assert_int_equal(cog_endpoints_pool_id_valid(cases[i].pool_id), valid);
        assert_int_equal(err.code, valid ? COG_OK : COG_E_CONFIG);
        assert_string_equal(id.name, valid ? cases[i].name : "untouched");
        if (valid)
            assert_string_equal(id.region, cases[i].region);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(apis),     cmocka_unit_test(issuers),
        cmocka_unit_test(buffers),  cmocka_unit_test(regions),
        cmocka_unit_test(pool_ids),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
