/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/core/text.h"

/* What the translator of this test answers, whatever it is asked. */
static const char *translation;
static const char *translated;

static const char *
translate(const char *msgid)
{
    translated = msgid;
    return translation;
}

static const char *const abc[COG_TEXT_ARGS] = {"A", "B", "C"};
static const char *const nasty[COG_TEXT_ARGS] = {"{2}%s", "{1}%n", "\x1b[2J"};
static const char *const missing[COG_TEXT_ARGS] = {"A", NULL, "C"};

/* Templates as translators could write them, and what they become. */
static const struct {
    const char *template;
    const char *const *arg;
    const char *want;
} renderings[] = {
    {"", abc, ""},
    {"plain", abc, "plain"},
    {"{1}", abc, "A"},
    {"{1}{2}{3}", abc, "ABC"},
    {"{3}-{1}-{2}", abc, "C-A-B"}, /* reordered */
    {"{1}{1}", abc, "AA"},
    {"say {1}, then {2}.", abc, "say A, then B."},
    {"{2}!", missing, "!"}, /* a missing argument is nothing */
    {"{1}{2}{3}", missing, "AC"},
    {"[{1}]", NULL, "[]"},
    {"{0}{4}{9}", abc, "{0}{4}{9}"}, /* no such argument: plain text */
    {"{{1}}", abc, "{A}"},
    {"{1", abc, "{1"},
    {"{", abc, "{"},
    {"x{", abc, "x{"},
    {"}{1}{", abc, "}A{"},
    {"{1 }{01}{-1}", abc, "{1 }{01}{-1}"},
    {"{10}", abc, "{10}"},
    {"100%s %n %1$s {1} %", abc, "100%s %n %1$s A %"},
    {"{1} {2} {3}", nasty, "{2}%s {1}%n \x1b[2J"}, /* put in as they are */
};

static void
templates_are_filled_in(void **state)
{
    (void)state;
    for (size_t i = 0; i < COG_COUNT(renderings); i++) {
        struct cog_secret text = COG_SECRET_INIT(COG_TEXT_MAX);
        struct cog_err err = COG_ERR_INIT;

        translation = renderings[i].template;
        assert_int_equal(cog_text_render(COG_TEXT_REFUSED, renderings[i].arg,
                                         translate, &text, &err),
                         0);
        assert_string_equal(cog_secret_str(&text), renderings[i].want);
        assert_string_equal(translated, cog_text_msgid(COG_TEXT_REFUSED));
        cog_secret_clear(&text);
    }
}

static void
english_needs_no_translator(void **state)
{
    struct cog_secret text = COG_SECRET_INIT(COG_TEXT_MAX);
    struct cog_err err = COG_ERR_INIT;

    (void)state;
    assert_int_equal(
        cog_text_render(COG_TEXT_PASSWORD_PROMPT, NULL, NULL, &text, &err), 0);
    assert_string_equal(cog_secret_str(&text), "Password: ");
    cog_secret_clear(&text);
}

/* gettext answers its header, full of build data, for the empty msgid. */
static void
nothing_is_not_translated(void **state)
{
    static const enum cog_text ids[] = {COG_TEXT_NONE, COG_TEXT_COUNT_};

    (void)state;
    translation = "Project-Id-Version: ";
    for (size_t i = 0; i < COG_COUNT(ids); i++) {
        struct cog_secret text = COG_SECRET_INIT(COG_TEXT_MAX);
        struct cog_err err = COG_ERR_INIT;

        assert_int_equal(cog_text_render(ids[i], abc, translate, &text, &err),
                         0);
        assert_string_equal(cog_secret_str(&text), "");
        cog_secret_clear(&text);
    }
}

static void
a_text_must_fit(void **state)
{
    static const char *const templates[] = {"12345", "1234{1}", "{1}{2}{3}{1}"};

    (void)state;
    for (size_t i = 0; i < COG_COUNT(templates); i++) {
        struct cog_secret text = COG_SECRET_INIT(4);
        struct cog_err err = COG_ERR_INIT;
        const int rc = i < 2 ? -1 : 0;

        translation = templates[i];
        assert_int_equal(
            cog_text_render(COG_TEXT_REFUSED, abc, translate, &text, &err), rc);
        assert_int_equal(err.code, rc < 0 ? COG_E_PROTOCOL : COG_OK);
        cog_secret_clear(&text);
    }
}

static void
every_id_has_a_text(void **state)
{
    (void)state;
    for (int id = COG_TEXT_NONE + 1; id < COG_TEXT_COUNT_; id++) {
        const char *msgid = cog_text_msgid((enum cog_text)id);

        if (*msgid == '\0')
            fail_msg("text %d has no msgid", id);
        assert_true(strlen(msgid) < 200);
        assert_null(strpbrk(msgid, "%\t"));
        assert_true(msgid[strlen(msgid) - 1] != '\n');
    }
    assert_string_equal(cog_text_msgid(COG_TEXT_NONE), "");
    assert_string_equal(cog_text_msgid(COG_TEXT_COUNT_), "");
}

static void
texts_are_distinct(void **state)
{
    (void)state;
    for (int a = COG_TEXT_NONE; a < COG_TEXT_COUNT_; a++) {
        for (int b = a + 1; b < COG_TEXT_COUNT_; b++)
            assert_string_not_equal(cog_text_msgid((enum cog_text)a),
                                    cog_text_msgid((enum cog_text)b));
    }
}

static const char *
in_brackets(const char *msgid)
{
    static char text[80];

    (void)snprintf(text, sizeof(text), "<%s>", msgid);
    return text;
}

/* The most a menu can have, the same option again and again. */
static const enum cog_text menu[COG_TEXT_OPTIONS] = {
    COG_TEXT_OPTION_PASSWORD, COG_TEXT_OPTION_TOTP, COG_TEXT_OPTION_SMS,
    COG_TEXT_OPTION_EMAIL,    COG_TEXT_OPTION_SMS,  COG_TEXT_OPTION_SMS,
    COG_TEXT_OPTION_SMS,      COG_TEXT_OPTION_SMS,
};

static const struct {
    size_t count;
    cog_text_translate *translate;
    const char *want;
} menus[] = {
    {0, NULL, ""},
    {1, NULL, "  1  password\n"},
    {2, NULL, "  1  password\n  2  code from an authenticator app\n"},
    {1, in_brackets, "  1  <password>\n"},
    {3, in_brackets,
     "  1  <password>\n  2  <code from an authenticator app>\n"
     "  3  <code by text message>\n"},
    {COG_TEXT_OPTIONS, NULL,
     "  1  password\n  2  code from an authenticator app\n"
     "  3  code by text message\n  4  code by e-mail\n"
     "  5  code by text message\n  6  code by text message\n"
     "  7  code by text message\n  8  code by text message\n"},
};

static void
menus_are_numbered(void **state)
{
    (void)state;
    for (size_t i = 0; i < COG_COUNT(menus); i++) {
        struct cog_secret text = COG_SECRET_INIT(COG_TEXT_MAX);
        struct cog_err err = COG_ERR_INIT;

        assert_int_equal(cog_text_render_options(menu, menus[i].count,
                                                 menus[i].translate, &text,
                                                 &err),
                         0);
        assert_string_equal(cog_secret_str(&text), menus[i].want);
        cog_secret_clear(&text);
    }
}

/* "  1  password\n" has 14 bytes: whatever part is too long is noticed. */
static void
a_menu_must_fit(void **state)
{
    (void)state;
    for (size_t max = 1; max <= 14; max++) {
        struct cog_secret text = COG_SECRET_INIT(max);
        struct cog_err err = COG_ERR_INIT;
        const int rc = max < 14 ? -1 : 0;

        assert_int_equal(cog_text_render_options(menu, 1, NULL, &text, &err),
                         rc);
        assert_int_equal(err.code, rc < 0 ? COG_E_PROTOCOL : COG_OK);
        cog_secret_clear(&text);
    }
}

/* Menus come in place of {1}, and what asks for them has it. */
static void
questions_have_the_arguments_they_need(void **state)
{
    static const struct {
        enum cog_text text;
        const char *needs;
    } cases[] = {
        {COG_TEXT_CHOOSE_FIRST, "{1}"},  {COG_TEXT_CHOOSE_SECOND, "{1}"},
        {COG_TEXT_CHOOSE_SETUP, "{1}"},  {COG_TEXT_CHOOSE_AGAIN, "{1}"},
        {COG_TEXT_ENROL_QR, "{1}{3}\n"}, {COG_TEXT_ENROL_QR, "{2}"},
        {COG_TEXT_ENROL_PLAIN, "{2}"},   {COG_TEXT_ENROL_PLAIN, "{3}"},
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++)
        assert_non_null(strstr(cog_text_msgid(cases[i].text), cases[i].needs));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(templates_are_filled_in),
        cmocka_unit_test(english_needs_no_translator),
        cmocka_unit_test(nothing_is_not_translated),
        cmocka_unit_test(a_text_must_fit),
        cmocka_unit_test(menus_are_numbered),
        cmocka_unit_test(a_menu_must_fit),
        cmocka_unit_test(questions_have_the_arguments_they_need),
        cmocka_unit_test(every_id_has_a_text),
        cmocka_unit_test(texts_are_distinct),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
