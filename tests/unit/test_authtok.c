/* SPDX-License-Identifier: MIT */
/*
 * What the real libpam does not show: a PAM without memory, and ours without.
 * Linked with pam/authtok.c and --wrap=calloc.
 */
#include "pam/authtok.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* What a PAM handle keeps, and whether it gives and takes. */
static const char *token;
static const char *old_token;
static bool no_items;
static unsigned refused;

/* Nothing looks into the handle. */
static char nothing;
static pam_handle_t *const handle = (pam_handle_t *)(void *)&nothing;

int
pam_get_item(const pam_handle_t *pamh, int type, const void **item)
{
    (void)pamh;
    if (no_items)
        return PAM_BAD_ITEM;
    *item = type == PAM_AUTHTOK ? token : old_token;
    return PAM_SUCCESS;
}

int
pam_set_item(pam_handle_t *pamh, int type, const void *item)
{
    (void)pamh;
    (void)type;
    (void)item;
    refused++;
    return PAM_BUF_ERR;
}

static bool no_memory;

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);

void *
__wrap_calloc(size_t count, size_t size)
{
    return no_memory ? NULL : __real_calloc(count, size);
}

static const struct cog_args only = {.use_first_pass = true,
                                     .use_authtok = true};

static int
answer(struct cog_authtok *authtok, enum cog_text text, enum cog_errc *ret_code)
{
    struct cog_secret given = COG_SECRET_INIT(COG_ANSWER_MAX);
    struct cog_err err = COG_ERR_INIT;
    bool used = false;
    int rc = cog_authtok_answer(authtok, text, &given, &used, &err);

    *ret_code = err.code;
    cog_secret_clear(&given);
    return rc;
}

static int
note(struct cog_authtok *authtok, enum cog_text text, const char *said,
     enum cog_errc *ret_code)
{
    struct cog_secret given = COG_SECRET_INIT(COG_ANSWER_MAX);
    struct cog_err err = COG_ERR_INIT;
    int rc;

    no_memory = false;
    assert_int_equal(cog_secret_append_str(&given, said, &err), 0);
    no_memory = true;
    rc = cog_authtok_note(authtok, text, &given, true, &err);
    no_memory = false;
    *ret_code = err.code;
    cog_secret_clear(&given);
    return rc;
}

/* Out of memory is said to be that, not a wrong password. */
static void
memory_runs_out(void **state)
{
    static const enum cog_text stacked[] = {COG_TEXT_CURRENT_PASSWORD,
                                            COG_TEXT_NEW_PASSWORD};
    struct cog_authtok authtok;
    enum cog_errc code;

    (void)state;
    token = "new";
    old_token = "old";
    for (size_t i = 0; i < COG_COUNT(stacked); i++) {
        authtok = cog_authtok_begin(handle, &only, COG_OP_PASSWORD);
        no_memory = true;
        assert_int_equal(answer(&authtok, stacked[i], &code), -1);
        assert_int_equal(code, COG_E_NOMEM);
        assert_int_equal(note(&authtok, stacked[i], "x", &code), -1);
        assert_int_equal(code, COG_E_NOMEM);
        cog_authtok_clear(&authtok);
    }
}

/* Nor is a repeat without memory taken for one that was typed. */
static void
memory_runs_out_for_the_repeat(void **state)
{
    struct cog_authtok authtok =
        cog_authtok_begin(handle, &only, COG_OP_PASSWORD);
    struct cog_err err = COG_ERR_INIT;
    enum cog_errc code;

    (void)state;
    authtok.repeat = true;
    assert_int_equal(cog_secret_append_str(&authtok.new_password, "new", &err),
                     0);
    no_memory = true;
    assert_int_equal(answer(&authtok, COG_TEXT_NEW_PASSWORD_AGAIN, &code), -1);
    no_memory = false;
    assert_int_equal(code, COG_E_NOMEM);
    cog_authtok_clear(&authtok);
}

/* What PAM does not give is not there. */
static void
pam_gives_nothing(void **state)
{
    static const struct cog_args try = {.try_first_pass = true};
    struct cog_authtok authtok;
    enum cog_errc code;

    (void)state;
    token = "new";
    old_token = "old";
    no_items = true;
    authtok = cog_authtok_begin(handle, &try, COG_OP_PASSWORD);
    assert_int_equal(authtok.proof.mode, COG_STACKED_NO);
    assert_int_equal(authtok.wish.mode, COG_STACKED_NO);
    authtok = cog_authtok_begin(handle, &only, COG_OP_PASSWORD);
    assert_int_equal(answer(&authtok, COG_TEXT_CURRENT_PASSWORD, &code), -1);
    assert_int_equal(code, COG_E_DENIED);
    assert_int_equal(answer(&authtok, COG_TEXT_NEW_PASSWORD, &code), -1);
    assert_int_equal(code, COG_E_AUTHTOK);
    no_items = false;
}

/* The password has been changed: that PAM cannot pass it on ends nothing.
 * Where none was changed, nothing is passed on. */
static void
pam_takes_nothing(void **state)
{
    static const struct {
        enum cog_operation operation;
        const char *old, *new;
        unsigned refused;
    } cases[] = {
        {COG_OP_PASSWORD, "old", "new", 2},
        {COG_OP_PASSWORD, "", "new", 1},
        {COG_OP_PASSWORD, "old", "", 1},
        {COG_OP_AUTHENTICATE, "old", "new", 0},
        {COG_OP_ACCOUNT, "old", "new", 0},
        {COG_OP_PRELIM, "old", "new", 0},
    };

    (void)state;
    old_token = "";
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        struct cog_authtok authtok =
            cog_authtok_begin(handle, &only, cases[i].operation);
        struct cog_err err = COG_ERR_INIT;

        assert_int_equal(
            cog_secret_append_str(&authtok.old_password, cases[i].old, &err),
            0);
        assert_int_equal(
            cog_secret_append_str(&authtok.new_password, cases[i].new, &err),
            0);
        refused = 0;
        cog_authtok_hand_on(&authtok, true);
        assert_int_equal(refused, cases[i].refused);
        cog_authtok_clear(&authtok);
    }
}

/* Nor can the second half come about without an old password. */
static void
there_is_an_old_password(void **state)
{
    static const struct {
        const char *old;
        bool none; /* PAM gives nothing */
        int rc;
    } cases[] = {
        {NULL, false, -1},
        {"", false, -1},
        {"old", true, -1},
        {"old", false, 0},
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        struct cog_err err = COG_ERR_INIT;

        old_token = cases[i].old;
        no_items = cases[i].none;
        assert_int_equal(cog_authtok_guard(handle, &err), cases[i].rc);
        assert_int_equal(err.code, cases[i].rc == 0 ? COG_OK : COG_E_SYSTEM);
    }
    no_items = false;
}

/* A sign-in's password is nobody else's: it is not even remembered. */
static void
a_sign_in_keeps_nothing(void **state)
{
    struct cog_authtok authtok =
        cog_authtok_begin(handle, &only, COG_OP_AUTHENTICATE);
    enum cog_errc code;

    (void)state;
    assert_int_equal(note(&authtok, COG_TEXT_PASSWORD_PROMPT, "x", &code), 0);
    assert_int_equal(note(&authtok, COG_TEXT_NEW_PASSWORD, "x", &code), 0);
    assert_null(authtok.old_password.data);
    assert_null(authtok.new_password.data);
    assert_false(authtok.repeat);
    cog_authtok_clear(&authtok);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_runs_out),
        cmocka_unit_test(memory_runs_out_for_the_repeat),
        cmocka_unit_test(pam_gives_nothing),
        cmocka_unit_test(pam_takes_nothing),
        cmocka_unit_test(there_is_an_old_password),
        cmocka_unit_test(a_sign_in_keeps_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
