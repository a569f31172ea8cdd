/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/core/decision.h"

static const struct cog_verdict known = {
    .pool_user = "alice@example.org",
    .sub = "11111111-2222-3333-4444-555555555555",
    .method = "password",
    .mfa = "totp",
};
static const struct cog_verdict unknown = {.code = COG_E_SYSTEM};
static const struct cog_verdict hostile = {
    .pool_user = "a b\" result=ok",
    .sub = "\n",
};

static const struct {
    const char *name;
    struct cog_decision decision;
    const char *line;
} cases[] = {
    {
        .name = "everything known",
        .decision = {true, "PAM_SUCCESS", "alice", &known, "2001:db8::1",
                     "allow_users", "ABCDEF"},
        .line = "result=ok code=PAM_SUCCESS user=alice "
                "pool_user=alice@example.org "
                "sub=11111111-2222-3333-4444-555555555555 method=password "
                "mfa=totp rhost=2001:db8::1 reason=\"allow_users\" ref=ABCD",
    },
    {
        .name = "nothing known",
        .decision = {false, "PAM_USER_UNKNOWN", "", &unknown, "", "", ""},
        .line = "result=refused code=PAM_USER_UNKNOWN user=- pool_user=- sub=- "
                "method=- mfa=- rhost=- reason=\"\" ref=0000",
    },
    {
        .name = "words that would be more than one",
        .decision = {false, "PAM_AUTH_ERR", "x y", &hostile, "h\x1b[2J",
                     "a \"quoted\"\nresult=ok", "ABCDEF"},
        .line = "result=refused code=PAM_AUTH_ERR user=x_y "
                "pool_user=a_b\\\"_result=ok sub=\\x0a method=- mfa=- "
                "rhost=h\\x1b[2J "
                "reason=\"a \\\"quoted\\\"\\x0aresult=ok\" ref=ABCD",
    },
};

static void
lines(void **state)
{
    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        char line[COG_DECISION_SIZE];

        cog_decision_format(&cases[i].decision, line);
        if (strcmp(line, cases[i].line) != 0)
            fail_msg("%s: %s", cases[i].name, line);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(lines)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
