/* SPDX-License-Identifier: MIT */
#include "helper/screen.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "config.h"

#define TOOL NULL /* no PAM service */

/* A build without libqrencode asks the same questions, all of them plain. */
#ifdef HAVE_QRENCODE
#    define DRAWS true
#else
#    define DRAWS false
#endif

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);

static unsigned countdown; /* to the call that fails; 0: none does */

void *
__wrap_calloc(size_t count, size_t size)
{
    if (countdown > 0 && --countdown == 0)
        return NULL;
    return __real_calloc(count, size);
}

#define ANY SIZE_MAX
#define UNKNOWN \
    {           \
        0, 0    \
    }
#define LARGE   \
    {           \
        200, 60 \
    }
#define SMALL  \
    {          \
        40, 10 \
    }
#define ASSUMED \
    {           \
        80, 24  \
    }
#define NOT_LOOKED_AT \
    {                 \
        ANY, ANY      \
    }
#define IN_AUTO(s, tty) COG_QR_AUTO, s, tty

static const struct {
    struct cog_screen screen;
    enum cog_qr_style want;
    struct cog_qr_room room;
} styles[] = {
    /* sshd: the size is not known, whatever somebody says */
    {{IN_AUTO("sshd", "ssh"), false, UNKNOWN}, COG_QR_UTF8, ASSUMED},
    {{IN_AUTO("sshd", "ssh"), true, UNKNOWN}, COG_QR_UTF8, ASSUMED},
    {{IN_AUTO("sshd", "ssh"), true, LARGE}, COG_QR_UTF8, ASSUMED},
    {{IN_AUTO("sshd", "tty1"), true, SMALL}, COG_QR_UTF8, ASSUMED},
    {{COG_QR_UTF8, "sshd", "ssh", false, UNKNOWN}, COG_QR_UTF8, NOT_LOOKED_AT},
    {{COG_QR_ASCII, "sshd", "ssh", true, SMALL}, COG_QR_ASCII, NOT_LOOKED_AT},
    {{COG_QR_ANSI, "sshd", "ssh", true, LARGE}, COG_QR_OFF, NOT_LOOKED_AT},
    {{COG_QR_OFF, "sshd", "ssh", true, LARGE}, COG_QR_OFF, NOT_LOOKED_AT},

    /* the user's own terminal */
    {{IN_AUTO("sudo", "/dev/pts/1"), true, LARGE}, COG_QR_UTF8, LARGE},
    {{IN_AUTO("sudo", "/dev/pts/1"), false, LARGE}, COG_QR_ASCII, LARGE},
    {{IN_AUTO("sudo", ""), true, UNKNOWN}, COG_QR_UTF8, ASSUMED},
    {{IN_AUTO("sudo-i", ""), true, SMALL}, COG_QR_UTF8, SMALL},
    {{IN_AUTO("su", "pts/1"), false, SMALL}, COG_QR_ASCII, SMALL},
    {{IN_AUTO("su-l", "pts/1"), true, LARGE}, COG_QR_UTF8, LARGE},
    {{IN_AUTO("passwd", ""), false, LARGE}, COG_QR_ASCII, LARGE},
    {{IN_AUTO(TOOL, ""), true, LARGE}, COG_QR_UTF8, LARGE},
    {{IN_AUTO(TOOL, ""), false, UNKNOWN}, COG_QR_ASCII, ASSUMED},
    {{COG_QR_ANSI, "sudo", "", true, LARGE}, COG_QR_ANSI, LARGE},
    {{COG_QR_ASCII, "su", "", true, SMALL}, COG_QR_ASCII, SMALL},
    {{COG_QR_UTF8, "su", "", false, UNKNOWN}, COG_QR_UTF8, NOT_LOOKED_AT},
    {{COG_QR_OFF, "sudo", "", true, LARGE}, COG_QR_OFF, LARGE},
    {{COG_QR_OFF, TOOL, "", true, LARGE}, COG_QR_OFF, LARGE},

    /* consoles have no half blocks */
    {{IN_AUTO("login", "tty1"), true, LARGE}, COG_QR_ANSI, LARGE},
    {{IN_AUTO("login", "/dev/tty63"), false, SMALL}, COG_QR_ANSI, SMALL},
    {{IN_AUTO("login", "tty1"), false, UNKNOWN}, COG_QR_ANSI, ASSUMED},
    {{COG_QR_UTF8, "login", "tty1", false, LARGE}, COG_QR_UTF8, LARGE},
    {{COG_QR_OFF, "login", "tty1", true, LARGE}, COG_QR_OFF, LARGE},
    /* other lines: who knows */
    {{IN_AUTO("login", "pts/1"), true, LARGE}, COG_QR_OFF, LARGE},
    {{IN_AUTO("login", "/dev/pts/1"), true, LARGE}, COG_QR_OFF, LARGE},
    {{IN_AUTO("login", "ttyS0"), true, LARGE}, COG_QR_OFF, LARGE},
    {{IN_AUTO("login", "tty"), true, LARGE}, COG_QR_OFF, LARGE},
    {{IN_AUTO("login", "tty1x"), true, LARGE}, COG_QR_OFF, LARGE},
    {{IN_AUTO("login", "1"), true, LARGE}, COG_QR_OFF, LARGE},
    {{IN_AUTO("login", "/dev/dev/tty1"), true, LARGE}, COG_QR_OFF, LARGE},
    {{IN_AUTO("login", ""), true, LARGE}, COG_QR_OFF, LARGE},
    {{COG_QR_ASCII, "login", "ttyS0", false, UNKNOWN},
     COG_QR_ASCII,
     NOT_LOOKED_AT},
    {{COG_QR_ANSI, "login", "pts/1", false, LARGE}, COG_QR_ANSI, LARGE},

    /* greeters, and whoever else */
    {{IN_AUTO("gdm-password", "tty1"), true, LARGE}, COG_QR_OFF, LARGE},
    {{IN_AUTO("", "tty1"), true, LARGE}, COG_QR_OFF, LARGE},
    {{IN_AUTO("sshd2", "ssh"), true, UNKNOWN}, COG_QR_OFF, ASSUMED},
    {{IN_AUTO("SSHD", "ssh"), true, UNKNOWN}, COG_QR_OFF, ASSUMED},
    {{COG_QR_UTF8, "lightdm", ":0", false, UNKNOWN},
     COG_QR_UTF8,
     NOT_LOOKED_AT},
    {{COG_QR_ANSI, "kiosk", "tty1", false, SMALL}, COG_QR_ANSI, SMALL},
};

static void
each_place_has_its_style(void **state)
{
    (void)state;
    for (size_t i = 0; i < COG_COUNT(styles); i++) {
        struct cog_qr_room room = {1, 1};
        const enum cog_qr_style style =
            cog_screen_style(&styles[i].screen, &room);

        if (style != styles[i].want || room.columns != styles[i].room.columns ||
            room.rows != styles[i].room.rows)
            fail_msg("row %zu: style %d in %zu times %zu", i, (int)style,
                     room.columns, room.rows);
    }
}

#define KEY "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXPJBSW"
/* 111 columns and 37 modules. */
#define ADDRESS \
    "otpauth://totp/pool:alice%40example.org?secret=" KEY "&issuer=pool"

static const struct cog_question enrolment = {
    .echo = true,
    .text = COG_TEXT_ENROL_QR,
    .arg = {NULL, KEY, ADDRESS},
    .qr = ADDRESS,
    .plain = COG_TEXT_ENROL_PLAIN,
};

static bool
is_shown(const struct cog_screen *screen, const struct cog_question *question)
{
    struct cog_secret code = COG_SECRET_INIT(COG_QR_MAX);
    struct cog_question shown = {.text = COG_TEXT_NONE};
    struct cog_err err = COG_ERR_INIT;
    const bool with_code =
        cog_screen_fit(screen, question, &code, &shown, &err) == 0 &&
        shown.text == question->text;

    assert_int_equal(err.code, COG_OK);
    if (with_code) {
        assert_ptr_equal(shown.arg[0], code.data);
        assert_true(code.len > 0);
    } else {
        assert_int_equal(shown.text, question->plain);
        assert_ptr_equal(shown.arg[0], question->arg[0]);
        assert_null(code.data);
    }
    assert_ptr_equal(shown.arg[1], question->arg[1]);
    assert_ptr_equal(shown.arg[2], question->arg[2]);
    assert_int_equal(shown.echo, question->echo);
    cog_secret_clear(&code);
    return with_code;
}

/*
 * Rows: the code's 21 (or 41), the address, the question. The least size in
 * which all of that is seen at once; the sentence before it may be gone.
 */
static const struct {
    const char *what;
    bool utf8;
    struct cog_qr_room least;
} least[] = {
    /* 111 columns of address are two rows, the question takes 65 + 6 */
    {"an ordinary terminal", true, {80, 24}},
    /* the question itself begins to fold */
    {"as narrow as the question", true, {71, 24}},
    {"one narrower", true, {70, 25}},
    {"the address folds twice", true, {55, 26}},
    {"as narrow as the code", true, {41, 26}},
    {"the address in one row", true, {111, 23}},
    {"one narrower than that", true, {110, 24}},
    {"two characters a module", false, {82, 44}},
};

static void
code_and_question_are_seen_together(void **state)
{
    (void)state;
    for (size_t i = 0; i < COG_COUNT(least); i++) {
        struct cog_screen screen = {
            .service = "sudo",
            .tty = "",
            .utf8 = least[i].utf8,
            .size = least[i].least,
        };

        if (is_shown(&screen, &enrolment) != DRAWS)
            fail_msg("%s: is not shown", least[i].what);
        screen.size.rows--;
        if (is_shown(&screen, &enrolment))
            fail_msg("%s: is shown with a row too few", least[i].what);
    }
}

static void
a_narrow_screen_shows_no_code(void **state)
{
    static const struct cog_qr_room sizes[] = {
        {40, 1000}, {1, 1000}, {1, 1}, {1000, 1}, {1000, 22}};

    (void)state;
    for (size_t i = 0; i < COG_COUNT(sizes); i++) {
        const struct cog_screen screen = {
            .service = "sudo", .tty = "", .utf8 = true, .size = sizes[i]};

        assert_false(is_shown(&screen, &enrolment));
    }
}

static void
sshd_shows_what_fits_an_ordinary_terminal(void **state)
{
    struct cog_screen screen = {.service = "sshd", .tty = "ssh"};
    struct cog_question longer = enrolment;

    (void)state;
    longer.qr = ADDRESS "&digits=6&period=30&algorithm=SHA1";
    assert_int_equal(is_shown(&screen, &enrolment), DRAWS);
    assert_false(is_shown(&screen, &longer));
    screen.configured = COG_QR_ASCII;
    assert_int_equal(is_shown(&screen, &longer), DRAWS);
    screen.configured = COG_QR_ANSI;
    assert_false(is_shown(&screen, &enrolment));
    screen.configured = COG_QR_OFF;
    assert_false(is_shown(&screen, &enrolment));
}

static void
a_long_address_takes_its_rows(void **state)
{
    const struct cog_screen screen = {
        .service = "sudo", .tty = "", .utf8 = true, .size = {80, 24}};
    struct cog_question question = enrolment;

    (void)state;
    question.qr = "A"; /* 13 rows: eleven are left */
    question.arg[2] = NULL;
    assert_int_equal(is_shown(&screen, &question), DRAWS);
    question.arg[2] =
        ADDRESS ADDRESS ADDRESS ADDRESS ADDRESS ADDRESS ADDRESS ADDRESS;
    assert_false(is_shown(&screen, &question));
}

/* Two bytes a character, one column. */
static void
characters_are_counted(void **state)
{
    const struct cog_screen screen = {
        .service = "sudo", .tty = "", .utf8 = true, .size = {25, 15}};
    struct cog_question question = {
        .text = COG_TEXT_CUSTOM, /* "The ...: {1}\nAnswer: " */
        .plain = COG_TEXT_CUSTOM_BARE,
        .qr = "A",
    };

    (void)state;
    assert_int_equal(is_shown(&screen, &question), DRAWS);
    question.text = COG_TEXT_ENROL_QR; /* "{1}{3}\nKey: {2}  Code: " */
    question.arg[1] = "\xc3\xa4\xc3\xb6\xc3\xbc"; /* 5 + 3 + 8 + 6 columns */
    assert_int_equal(is_shown(&screen, &question), DRAWS);
    question.arg[1] = "\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4\xc3\xb6\xc3\xbc";
    assert_int_equal(is_shown(&screen, &question), DRAWS);
    question.arg[1] = "\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4\xc3\xb6\xc3\xbcx";
    assert_false(is_shown(&screen, &question));
}

static void
a_question_without_a_code_stays(void **state)
{
    const struct cog_screen screen = {.service = "sudo", .tty = ""};
    const struct cog_question question = {
        .text = COG_TEXT_CHOOSE_FIRST,
        .option = {COG_TEXT_OPTION_TOTP},
        .options = 1,
    };
    struct cog_secret code = COG_SECRET_INIT(COG_QR_MAX);
    struct cog_question shown = {.text = COG_TEXT_NONE};
    struct cog_err err = COG_ERR_INIT;

    (void)state;
    assert_int_equal(cog_screen_fit(&screen, &question, &code, &shown, &err),
                     0);
    assert_int_equal(shown.text, question.text);
    assert_int_equal(shown.options, 1);
    assert_int_equal(shown.option[0], COG_TEXT_OPTION_TOTP);
    assert_null(shown.arg[0]);
    assert_null(code.data);
}

static void
a_question_too_long_is_refused(void **state)
{
    const struct cog_screen screen = {.service = "sudo", .tty = ""};
    static char address[COG_TEXT_MAX];
    struct cog_question question = enrolment;
    struct cog_secret code = COG_SECRET_INIT(COG_QR_MAX);
    struct cog_question shown = {.text = COG_TEXT_NONE};
    struct cog_err err = COG_ERR_INIT;

    (void)state;
    memset(address, 'x', sizeof(address) - 1);
    question.arg[2] = address;
    assert_int_equal(cog_screen_fit(&screen, &question, &code, &shown, &err),
                     -1);
    assert_int_equal(err.code, COG_E_PROTOCOL);
    assert_int_equal(shown.text, COG_TEXT_NONE);
    cog_secret_clear(&code);
}

static void
memory_may_run_out(void **state)
{
    const struct cog_screen screen = {.service = "sshd", .tty = ""};
    int rc = -1;

    (void)state;
    for (unsigned n = 1; rc < 0; n++) {
        struct cog_secret code = COG_SECRET_INIT(COG_QR_MAX);
        struct cog_question shown = {.text = COG_TEXT_NONE};
        struct cog_err err = COG_ERR_INIT;

        assert_true(n < 100);
        countdown = n;
        rc = cog_screen_fit(&screen, &enrolment, &code, &shown, &err);
        assert_int_equal(err.code, rc < 0 ? COG_E_NOMEM : COG_OK);
        assert_int_equal(shown.text == COG_TEXT_NONE, rc < 0);
        assert_true(n > 1 || rc < 0);
        cog_secret_clear(&code);
    }
    countdown = 0;
}

/* In a session of its own, with this terminal or none; in the background, and
 * with the terminal's output stopped: neither may make it wait. */
static void
be_somebody(const char *terminal, const struct winsize *size)
{
    struct cog_qr_room got;
    int fd = -1;

    (void)alarm(20);
    if (setsid() < 0)
        _exit(2);
    if (terminal != NULL) {
        fd = open(terminal, O_RDWR);
        if (fd < 0 || ioctl(fd, TIOCSWINSZ, size) < 0 || tcflow(fd, TCOOFF) < 0)
            _exit(3);
    }
    if (fork() == 0) {
        (void)alarm(20);
        if (setpgid(0, 0) < 0)
            _exit(4);
        got = cog_screen_size();
        _exit(got.columns == size->ws_col && got.rows == size->ws_row ? 0 : 1);
    } else {
        int status = -1;

        (void)wait(&status);
        _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 5);
    }
}

static void
is_measured(const char *terminal, const struct winsize *size)
{
    int status = -1;
    const pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0)
        be_somebody(terminal, size);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        fail_msg("%ux%u: status %x", size->ws_col, size->ws_row,
                 (unsigned)status);
}

static void
the_terminal_is_measured(void **state)
{
    static const struct winsize unknown = {0};
    const struct winsize size = {.ws_row = 31, .ws_col = 97};
    const int master = posix_openpt(O_RDWR | O_NOCTTY);
    struct termios before = {0};
    struct termios after = {0};

    (void)state;
    assert_true(master >= 0);
    assert_int_equal(grantpt(master), 0);
    assert_int_equal(unlockpt(master), 0);
    assert_int_equal(tcgetattr(master, &before), 0);
    is_measured(ptsname(master), &size);
    is_measured(ptsname(master), &unknown);
    is_measured(NULL, &unknown);
    assert_int_equal(tcgetattr(master, &after), 0);
    assert_memory_equal(&before, &after, sizeof(before));
    (void)close(master);
}

/* Half a size is none. */
static void
half_a_size_is_none(void **state)
{
    struct cog_screen screen = {.service = "sudo", .tty = "", .size = {80, 0}};
    struct cog_qr_room room = {1, 1};

    (void)state;
    (void)cog_screen_style(&screen, &room);
    assert_int_equal(room.rows, 24);
    screen.size = (struct cog_qr_room){0, 24};
    (void)cog_screen_style(&screen, &room);
    assert_int_equal(room.columns, 80);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_place_has_its_style),
        cmocka_unit_test(code_and_question_are_seen_together),
        cmocka_unit_test(a_narrow_screen_shows_no_code),
        cmocka_unit_test(sshd_shows_what_fits_an_ordinary_terminal),
        cmocka_unit_test(a_long_address_takes_its_rows),
        cmocka_unit_test(characters_are_counted),
        cmocka_unit_test(a_question_without_a_code_stays),
        cmocka_unit_test(a_question_too_long_is_refused),
        cmocka_unit_test(memory_may_run_out),
        cmocka_unit_test(the_terminal_is_measured),
        cmocka_unit_test(half_a_size_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
