/* SPDX-License-Identifier: MIT */
/*
 * Linked with --wrap for the functions below. That a drawing can be read is
 * shown by tests/e2e/test_qr_render.py.
 */
#include "lib/browser/qr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config.h"

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);

static bool calloc_fails;

void *
__wrap_calloc(size_t count, size_t size)
{
    return calloc_fails ? NULL : __real_calloc(count, size);
}

static const struct cog_qr_room everywhere = {SIZE_MAX, SIZE_MAX};

static void
draws_nothing(const char *text, enum cog_qr_style style,
              const struct cog_qr_room *room)
{
    struct cog_secret code = COG_SECRET_INIT(COG_QR_MAX);
    struct cog_err err = COG_ERR_INIT;
    bool fits = true;

    if (cog_qr_render(text, style, room, &code, &fits, &err) < 0)
        fail_msg("style %d: %s", (int)style, err.msg);
    assert_false(fits);
    assert_null(code.data);
}

#ifdef HAVE_QRENCODE

#    include <errno.h>
#    include <qrencode.h>

/* An enrolment as pools have them: 111 bytes, 37 modules. */
#    define ENROLMENT                                                 \
        "otpauth://totp/pool:alice%40example.org?"                    \
        "secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXPJBSW" \
        "&issuer=pool"

static int encode_errno; /* with which libqrencode fails; 0: it does not */
static size_t forgotten; /* codes freed */

QRcode *__real_QRcode_encodeString(const char *string, int version,
                                   QRecLevel level, QRencodeMode hint,
                                   int casesensitive);
QRcode *__wrap_QRcode_encodeString(const char *string, int version,
                                   QRecLevel level, QRencodeMode hint,
                                   int casesensitive);
void __real_QRcode_free(QRcode *code);
void __wrap_QRcode_free(QRcode *code);

QRcode *
__wrap_QRcode_encodeString(const char *string, int version, QRecLevel level,
                           QRencodeMode hint, int casesensitive)
{
    if (encode_errno != 0) {
        errno = encode_errno;
        return NULL;
    }
    return __real_QRcode_encodeString(string, version, level, hint,
                                      casesensitive);
}

/* Nothing of the code may be left in what goes back to the heap. */
void
__wrap_QRcode_free(QRcode *code)
{
    const size_t modules = (size_t)code->width * (size_t)code->width;

    for (size_t i = 0; i < modules; i++)
        assert_int_equal(code->data[i], 0);
    forgotten++;
    __real_QRcode_free(code);
}

/* The code of "A", 21 modules and a quiet zone of two. */
static const char utf8_golden[] = "█████████████████████████\n"
                                  "██ ▄▄▄▄▄ ██ ▀ ▄█ ▄▄▄▄▄ ██\n"
                                  "██ █   █ █▄ █ ▄█ █   █ ██\n"
                                  "██ █▄▄▄█ ███▄█ █ █▄▄▄█ ██\n"
                                  "██▄▄▄▄▄▄▄█ ▀▄▀ █▄▄▄▄▄▄▄██\n"
                                  "██▄  ▀▄▄▄ ▄▄ ▄█▄ ███ ▀███\n"
                                  "███▀█▄▄ ▄▀▀▀ █▄█▀█▄█▀▀▄██\n"
                                  "██▄▄▄█▄▄▄█  █▀▄▀▄▀▄▀▄▄▄██\n"
                                  "██ ▄▄▄▄▄ █ ▀  ▀ ▄ ▀ ▄▀███\n"
                                  "██ █   █ █▄▀█▄█▄ ▄█▄ ▀▄██\n"
                                  "██ █▄▄▄█ █ ▄ █▄█▀█▄█▀▀ ██\n"
                                  "██▄▄▄▄▄▄▄█▄▄▄█▄█▄█▄█▄█▄██\n"
                                  "█████████████████████████\n";

static const char ascii_golden[] =
    "@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@\n"
    "@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@\n"
    "@@@@              @@@@  @@    @@              @@@@\n"
    "@@@@  @@@@@@@@@@  @@@@      @@@@  @@@@@@@@@@  @@@@\n"
    "@@@@  @@      @@  @@    @@    @@  @@      @@  @@@@\n"
    "@@@@  @@      @@  @@@@  @@  @@@@  @@      @@  @@@@\n"
    "@@@@  @@      @@  @@@@@@  @@  @@  @@      @@  @@@@\n"
    "@@@@  @@@@@@@@@@  @@@@@@@@@@  @@  @@@@@@@@@@  @@@@\n"
    "@@@@              @@  @@  @@  @@              @@@@\n"
    "@@@@@@@@@@@@@@@@@@@@    @@    @@@@@@@@@@@@@@@@@@@@\n"
    "@@@@      @@                @@    @@@@@@  @@@@@@@@\n"
    "@@@@@@      @@@@@@  @@@@  @@@@@@  @@@@@@    @@@@@@\n"
    "@@@@@@@@@@        @@@@@@  @@  @@@@@@  @@@@@@  @@@@\n"
    "@@@@@@  @@@@@@  @@        @@@@@@  @@@@@@    @@@@@@\n"
    "@@@@      @@      @@    @@@@  @@  @@  @@      @@@@\n"
    "@@@@@@@@@@@@@@@@@@@@    @@  @@  @@  @@  @@@@@@@@@@\n"
    "@@@@              @@  @@    @@      @@    @@@@@@@@\n"
    "@@@@  @@@@@@@@@@  @@            @@      @@  @@@@@@\n"
    "@@@@  @@      @@  @@  @@@@  @@      @@    @@  @@@@\n"
    "@@@@  @@      @@  @@@@  @@@@@@@@  @@@@@@    @@@@@@\n"
    "@@@@  @@      @@  @@      @@  @@@@@@  @@@@@@  @@@@\n"
    "@@@@  @@@@@@@@@@  @@  @@  @@@@@@  @@@@@@      @@@@\n"
    "@@@@              @@      @@  @@  @@  @@  @@  @@@@\n"
    "@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@\n"
    "@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@\n";

/* The same of escape sequences: what they paint, as ASCII. Each row has to end
 * with the terminal's own colour. */
static void
read_ansi(const char *p, struct cog_secret *ret)
{
    static const char light[] = "\x1b[47m";
    static const char dark[] = "\x1b[40m";
    static const char plain[] = "\x1b[0m";
    struct cog_err err = COG_ERR_INIT;
    char ink = '?';

    while (*p != '\0') {
        if (strncmp(p, light, strlen(light)) == 0) {
            ink = '@';
            p += strlen(light);
        } else if (strncmp(p, dark, strlen(dark)) == 0) {
            ink = ' ';
            p += strlen(dark);
        } else if (strncmp(p, plain, strlen(plain)) == 0) {
            ink = '?';
            p += strlen(plain);
        } else {
            assert_true(*p == (ink == '?' ? '\n' : ' '));
            assert_int_equal(
                cog_secret_append(ret, *p == '\n' ? p : &ink, 1, &err), 0);
            p++;
        }
    }
}

static void
draw(const char *text, enum cog_qr_style style, const struct cog_qr_room *room,
     struct cog_secret *ret)
{
    struct cog_err err = COG_ERR_INIT;
    bool fits = false;

    if (cog_qr_render(text, style, room, ret, &fits, &err) < 0)
        fail_msg("style %d: %s", (int)style, err.msg);
    assert_true(fits);
}

static void
a_code_is_drawn(void **state)
{
    static const struct {
        enum cog_qr_style style;
        const char *want;
    } cases[] = {
        {COG_QR_UTF8, utf8_golden},
        {COG_QR_ASCII, ascii_golden},
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        struct cog_secret code = COG_SECRET_INIT(COG_QR_MAX);

        draw("A", cases[i].style, &everywhere, &code);
        assert_string_equal(cog_secret_str(&code), cases[i].want);
        cog_secret_clear(&code);
    }
}

static void
colours_paint_the_same(void **state)
{
    struct cog_secret code = COG_SECRET_INIT(COG_QR_MAX);
    struct cog_secret painted = COG_SECRET_INIT(COG_QR_MAX);

    (void)state;
    draw("A", COG_QR_ANSI, &everywhere, &code);
    read_ansi(cog_secret_str(&code), &painted);
    assert_string_equal(cog_secret_str(&painted), ascii_golden);
    cog_secret_clear(&code);
    cog_secret_clear(&painted);
}

/* Exactly the room it takes; one less of either is too little. */
static void
room_is_kept_to(void **state)
{
    static const struct {
        const char *text;
        enum cog_qr_style style;
        struct cog_qr_room room;
    } cases[] = {
        {"A", COG_QR_UTF8, {25, 13}},        {"A", COG_QR_ASCII, {50, 25}},
        {"A", COG_QR_ANSI, {50, 25}},        {ENROLMENT, COG_QR_UTF8, {41, 21}},
        {ENROLMENT, COG_QR_ASCII, {82, 41}}, {ENROLMENT, COG_QR_ANSI, {82, 41}},
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        struct cog_secret code = COG_SECRET_INIT(COG_QR_MAX);
        struct cog_qr_room narrow = cases[i].room;
        struct cog_qr_room low = cases[i].room;

        draw(cases[i].text, cases[i].style, &cases[i].room, &code);
        assert_true(code.len > 0);
        cog_secret_clear(&code);
        narrow.columns--;
        draws_nothing(cases[i].text, cases[i].style, &narrow);
        low.rows--;
        draws_nothing(cases[i].text, cases[i].style, &low);
    }
}

/* However large the screen: codes have a largest size, and so do prompts. Texts
 * of `len` small letters; one more takes the next larger code (ISO/IEC 18004,
 * table 7: bytes at level L of versions 5, 14 and 17). */
static void
length_is_kept_to(void **state)
{
    static const struct {
        enum cog_qr_style style;
        size_t len;
    } cases[] = {
        {COG_QR_ANSI, 106},
        {COG_QR_ASCII, 458},
        {COG_QR_UTF8, 644},
    };
    static char text[4000];

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        struct cog_secret code = COG_SECRET_INIT(COG_QR_MAX);

        memset(text, 'x', cases[i].len);
        text[cases[i].len] = '\0';
        draw(text, cases[i].style, &everywhere, &code);
        cog_secret_clear(&code);
        memset(text, 'x', cases[i].len + 1);
        text[cases[i].len + 1] = '\0';
        draws_nothing(text, cases[i].style, &everywhere);
        memset(text, 'x', sizeof(text) - 1);
        draws_nothing(text, cases[i].style, &everywhere);
    }
}

static void
memory_may_run_out(void **state)
{
    struct cog_secret code = COG_SECRET_INIT(COG_QR_MAX);
    struct cog_err err = COG_ERR_INIT;
    bool fits = true;

    (void)state;
    encode_errno = ENOMEM;
    assert_int_equal(
        cog_qr_render("A", COG_QR_UTF8, &everywhere, &code, &fits, &err), -1);
    encode_errno = 0;
    assert_int_equal(err.code, COG_E_NOMEM);
    assert_true(fits);
    assert_null(code.data);
}

static void
our_memory_may_run_out(void **state)
{
    (void)state;
    for (int style = COG_QR_UTF8; style <= COG_QR_ANSI; style++) {
        struct cog_secret code = COG_SECRET_INIT(COG_QR_MAX);
        struct cog_err err = COG_ERR_INIT;
        const size_t before = forgotten;
        bool fits = true;

        calloc_fails = true;
        assert_int_equal(cog_qr_render("A", (enum cog_qr_style)style,
                                       &everywhere, &code, &fits, &err),
                         -1);
        calloc_fails = false;
        assert_int_equal(err.code, COG_E_NOMEM);
        assert_true(fits);
        assert_null(code.data);
        assert_int_equal(forgotten, before + 1);
    }
}

static void
the_library_s_copy_is_wiped(void **state)
{
    static const struct cog_qr_room none = {0, 0};
    struct cog_secret code = COG_SECRET_INIT(COG_QR_MAX);
    const size_t before = forgotten;

    (void)state;
    draw(ENROLMENT, COG_QR_UTF8, &everywhere, &code);
    draws_nothing(ENROLMENT, COG_QR_UTF8, &none);
    assert_int_equal(forgotten, before + 2);
    cog_secret_clear(&code);
}

#endif

static void
some_draw_nothing(void **state)
{
    static const struct {
        const char *text;
        enum cog_qr_style style;
    } cases[] = {
        {"A", COG_QR_AUTO},
        {"A", COG_QR_OFF},
        {"A", (enum cog_qr_style)(COG_QR_OFF + 1)},
        {"A", (enum cog_qr_style) - 1},
        {"", COG_QR_UTF8},
#ifndef HAVE_QRENCODE
        {"A", COG_QR_UTF8},
        {"A", COG_QR_ASCII},
        {"A", COG_QR_ANSI},
#endif
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++)
        draws_nothing(cases[i].text, cases[i].style, &everywhere);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
#ifdef HAVE_QRENCODE
        cmocka_unit_test(a_code_is_drawn),
        cmocka_unit_test(colours_paint_the_same),
        cmocka_unit_test(room_is_kept_to),
        cmocka_unit_test(length_is_kept_to),
        cmocka_unit_test(memory_may_run_out),
        cmocka_unit_test(our_memory_may_run_out),
        cmocka_unit_test(the_library_s_copy_is_wiped),
#endif
        cmocka_unit_test(some_draw_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
