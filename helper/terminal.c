/* SPDX-License-Identifier: MIT */
#include "helper/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "helper/screen.h"

bool
cog_terminal_is_utf8(void)
{
    const bool utf8 = setlocale(LC_CTYPE, "") != NULL &&
                      strcmp(nl_langinfo(CODESET), "UTF-8") == 0;

    (void)setlocale(LC_CTYPE, "C");
    return utf8;
}

/* Read one line without its end. */
static int
read_line(int fd, struct cog_secret *ret, struct cog_err *err)
{
    char c = '\0';
    ssize_t n;

    for (;;) {
        do {
            n = read(fd, &c, 1);
        } while (n < 0 && errno == EINTR);
        if (n < 0) {
            return cog_fail(err, COG_E_CONV, "reading an answer: %s",
                            strerror(errno));
        }
        if (n == 0 || c == '\n')
            return 0;
        if (cog_secret_append(ret, &c, 1, err) < 0)
            return -1;
    }
}

/* Switch echo off if asked and possible; *ret_old is for going back. */
static bool
hide_echo(int fd, bool echo, struct termios *ret_old)
{
    struct termios hidden;

    if (echo || tcgetattr(fd, ret_old) < 0)
        return false;
    hidden = *ret_old;
    hidden.c_lflag &= ~(tcflag_t)ECHO;
    return tcsetattr(fd, TCSAFLUSH, &hidden) == 0;
}

static int
render(enum cog_text text, const char *const *arg, struct cog_secret *ret,
       struct cog_err *err)
{
    return cog_text_render(text, arg, NULL, ret, err);
}

/* The whole prompt: with the code, if it fits, or the menu. */
static int
render_question(const struct cog_terminal *terminal,
                const struct cog_question *question, struct cog_secret *ret,
                struct cog_err *err)
{
    const struct cog_screen screen = {
        .configured = terminal->qr,
        .tty = "",
        .utf8 = terminal->utf8,
        .size = cog_screen_size(),
    };
    struct cog_secret code = COG_SECRET_INIT(COG_QR_MAX);
    struct cog_secret menu = COG_SECRET_INIT(COG_TEXT_MAX);
    struct cog_question shown;
    int rc = -1;

    if (cog_screen_fit(&screen, question, &code, &shown, err) < 0 ||
        cog_text_render_options(shown.option, shown.options, NULL, &menu, err) <
            0)
        goto out;
    if (shown.options > 0)
        shown.arg[0] = cog_secret_str(&menu);
    rc = render(shown.text, shown.arg, ret, err);

out:
    cog_secret_clear(&code);
    cog_secret_clear(&menu);
    return rc;
}

static int
ask(void *ctx, const struct cog_question *question, struct cog_secret *answer,
    struct cog_err *err)
{
    struct cog_secret prompt = COG_SECRET_INIT(COG_TEXT_MAX);
    const int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    const int in = tty < 0 ? STDIN_FILENO : tty;
    struct termios old;
    bool hidden;
    int rc = -1;

    if (render_question(ctx, question, &prompt, err) < 0)
        goto out;
    hidden = hide_echo(in, question->echo, &old);
    (void)dprintf(tty < 0 ? STDERR_FILENO : tty, "%s", cog_secret_str(&prompt));
    if (question->meanwhile != NULL)
        question->meanwhile(question->meanwhile_ctx);
    rc = read_line(in, answer, err);
    if (hidden) {
        (void)tcsetattr(in, TCSAFLUSH, &old);
        (void)dprintf(in, "\n");
    }

out:
    cog_secret_clear(&prompt);
    if (tty >= 0)
        (void)close(tty);
    return rc;
}

static void
tell(void *ctx COG_UNUSED, enum cog_text text, const char *const *arg)
{
    struct cog_secret line = COG_SECRET_INIT(COG_TEXT_MAX);
    struct cog_err none = COG_ERR_INIT;

    if (render(text, arg, &line, &none) == 0)
        (void)dprintf(STDERR_FILENO, "%s\n", cog_secret_str(&line));
    cog_secret_clear(&line);
}

struct cog_ui
cog_terminal_ui(struct cog_terminal *terminal)
{
    const struct cog_ui ui = {.ask = ask, .tell = tell, .ctx = terminal};

    return ui;
}
