/* SPDX-License-Identifier: MIT */
/*
 * What the helper says in place of a module that cannot.
 */
#include "helper/farewell.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <syslog.h>
#include <unistd.h>

#include "lib/core/decision.h"
#include "lib/core/macros.h"

static char logged[COG_DECISION_SIZE];
static int logged_priority;

static void take(int priority, const char *format, va_list ap) COG_PRINTF(2, 0);

static void
take(int priority, const char *format, va_list ap)
{
    logged_priority = priority;
    (void)vsnprintf(logged, sizeof(logged), format, ap);
}

/* In place of libc's, also where it is fortified (the linker's --wrap). */
void __wrap_syslog(int priority, const char *format, ...) COG_PRINTF(2, 3);
void __wrap___syslog_chk(int priority, int flag, const char *format, ...)
    COG_PRINTF(3, 4);

void
__wrap_syslog(int priority, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    take(priority, format, ap);
    va_end(ap);
}

void
__wrap___syslog_chk(int priority, int flag, const char *format, ...)
{
    va_list ap;

    (void)flag;
    va_start(ap, format);
    take(priority, format, ap);
    va_end(ap);
}

static const struct {
    enum cog_operation operation;
    enum cog_text open;
    bool late;
    const char *method;
    const char *want;
} cases[] = {
    {COG_OP_AUTHENTICATE, COG_TEXT_PASSWORD_PROMPT, false, "",
     "pam_cognito(su:auth): result=refused code=PAM_CONV_ERR user=alice "
     "pool_user=- sub=- method=- mfa=- rhost=h reason=\"left at the question "
     "'Password'; nothing was proven\" ref=0123"},
    {COG_OP_AUTHENTICATE, COG_TEXT_TOTP, true, "password",
     "pam_cognito(su:auth): result=refused code=PAM_AUTH_ERR user=alice "
     "pool_user=- sub=- method=password mfa=- rhost=h reason=\"no answer in "
     "time to 'Authenticator code'; the pool had accepted the password\" "
     "ref=0123"},
    {COG_OP_ACCOUNT, COG_TEXT_NONE, false, "",
     "pam_cognito(su:account): result=refused code=PAM_CONV_ERR user=alice "
     "pool_user=- sub=- method=- mfa=- rhost=h reason=\"left before the "
     "decision; nothing was proven\" ref=0123"},
    {COG_OP_PASSWORD, COG_TEXT_ENROL_PLAIN, false, "password",
     "pam_cognito(su:chauthtok): result=refused code=PAM_CONV_ERR user=alice "
     "pool_user=- sub=- method=password mfa=- rhost=h reason=\"left at the "
     "question 'Set up an authenticator app with this address'; the pool had "
     "accepted the password\" ref=0123"},
};

static void
lines(void **state)
{
    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        const struct cog_request request = {
            .operation = cases[i].operation,
            .nonce = "0123456789ABCDEF0123456789ABCDEF",
            .service = "su",
            .user = "alice",
            .rhost = "h",
        };
        struct cog_verdict verdict = {.code = COG_E_SYSTEM};
        const struct cog_farewell farewell = {
            .request = &request,
            .verdict = &verdict,
            .open = cases[i].open,
            .late = cases[i].late,
            .proven = cases[i].method[0] != '\0',
        };

        (void)snprintf(verdict.method, sizeof(verdict.method), "%s",
                       cases[i].method);
        cog_farewell_log(&farewell);
        assert_string_equal(logged, cases[i].want);
        assert_int_equal(logged_priority, LOG_NOTICE);
    }
}

static void
a_module_that_lives_speaks_for_itself(void **state)
{
    (void)state;
    assert_false(cog_farewell_alone(getppid()));
}

static void
a_module_that_died_does_not(void **state)
{
    (void)state;
    assert_true(cog_farewell_alone(getpid())); /* nobody's child */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines),
        cmocka_unit_test(a_module_that_lives_speaks_for_itself),
        cmocka_unit_test(a_module_that_died_does_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
