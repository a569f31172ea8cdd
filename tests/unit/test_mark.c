/* SPDX-License-Identifier: MIT */
/*
 * The mark with a libpam and a clock of our own, so that everything can be
 * changed between the sign-in and the question. Linked with pam/mark.c and
 * --wrap=calloc.
 */
#include "pam/mark.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/core/clock.h"

/* What a PAM handle keeps for us. */
static char kept_name[64];
static void *kept;
static void (*forget)(pam_handle_t *pamh, void *data, int status);
static bool pam_fails;

/* Nothing looks into the handle. */
static char nothing;
static pam_handle_t *const handle = (pam_handle_t *)(void *)&nothing;

int
pam_set_data(pam_handle_t *pamh, const char *name, void *data,
             void (*cleanup)(pam_handle_t *pamh, void *data, int status))
{
    if (pam_fails)
        return PAM_BUF_ERR;
    if (forget != NULL)
        forget(pamh, kept, PAM_SUCCESS);
    (void)snprintf(kept_name, sizeof(kept_name), "%s", name);
    kept = data;
    forget = cleanup;
    return PAM_SUCCESS;
}

int
pam_get_data(const pam_handle_t *pamh, const char *name, const void **data)
{
    (void)pamh;
    if (pam_fails || strcmp(name, kept_name) != 0)
        return PAM_NO_MODULE_DATA;
    *data = kept;
    return PAM_SUCCESS;
}

static int64_t now_ms;

static int64_t
mono_ms(void *ctx)
{
    (void)ctx;
    return now_ms;
}

struct cog_clock
cog_clock_system(void)
{
    return (struct cog_clock){.mono_ms = mono_ms};
}

static bool no_memory;

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);

void *
__wrap_calloc(size_t count, size_t size)
{
    return no_memory ? NULL : __real_calloc(count, size);
}

static const struct cog_who alice = {
    .user = "alice", .known = true, .uid = 1000};

static void
sign_in(void)
{
    struct cog_err err = COG_ERR_INIT;

    now_ms = 1000;
    assert_int_equal(cog_mark_set(handle, &alice, &err), 0);
}

static void
sign_out(void)
{
    struct cog_err err = COG_ERR_INIT;

    assert_int_equal(cog_mark_clear(handle, &err), 0);
}

static void
for_whom_it_holds(void **state)
{
    static const struct {
        struct cog_who who;
        int64_t later_ms;
        bool holds;
    } cases[] = {
        {{.user = "alice", .known = true, .uid = 1000}, 0, true},
        {{.user = "alice", .known = true, .uid = 1000}, COG_MARK_MS, true},
        {{.user = "alice", .known = true, .uid = 1000}, COG_MARK_MS + 1, false},
        {{.user = "alice", .known = true, .uid = 1000}, -1, false},
        {{.user = "bob", .known = true, .uid = 1000}, 0, false},
        {{.user = "alic", .known = true, .uid = 1000}, 0, false},
        {{.user = "alice", .known = true, .uid = 1001}, 0, false},
        {{.user = "alice", .known = false, .uid = 1000}, 0, false},
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        sign_in();
        now_ms += cases[i].later_ms;
        if (cog_mark_holds(handle, &cases[i].who) != cases[i].holds)
            fail_msg("case %zu", i);
        sign_out();
    }
}

static void
nobody_signed_in(void **state)
{
    (void)state;
    kept_name[0] = '\0';
    assert_false(cog_mark_holds(handle, &alice));
    sign_in();
    sign_out();
    assert_false(cog_mark_holds(handle, &alice));
    sign_in();
    pam_fails = true;
    assert_false(cog_mark_holds(handle, &alice));
    pam_fails = false;
    sign_out();
}

/* Without the mark a sign-in is no success: account would ask again. */
static void
what_cannot_be_kept_is_an_error(void **state)
{
    struct cog_err no_clear = COG_ERR_INIT;
    struct cog_err no_set = COG_ERR_INIT;
    struct cog_err memory = COG_ERR_INIT;

    (void)state;
    pam_fails = true;
    assert_int_equal(cog_mark_clear(handle, &no_clear), -1);
    assert_int_equal(no_clear.code, COG_E_SYSTEM);
    assert_int_equal(cog_mark_set(handle, &alice, &no_set), -1);
    assert_int_equal(no_set.code, COG_E_SYSTEM);
    pam_fails = false;
    no_memory = true;
    assert_int_equal(cog_mark_set(handle, &alice, &memory), -1);
    assert_int_equal(memory.code, COG_E_NOMEM);
    no_memory = false;
    assert_false(cog_mark_holds(handle, &alice));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(for_whom_it_holds),
        cmocka_unit_test(nobody_signed_in),
        cmocka_unit_test(what_cannot_be_kept_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
