/* SPDX-License-Identifier: MIT */
#include "helper/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
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

/* Where a question is put, while it is. */
struct desk {
    int tty; /* -1: no terminal */
    int in;
    int out;
    int signals; /* that came meanwhile */
    sigset_t mask;
    bool hidden;
    struct termios shown;
};

/* Each would end or stop us with the terminal left silent; and what was typed
 * by then is gone with the first three. */
static const int interruptions[] = {SIGINT, SIGQUIT, SIGTSTP, SIGHUP, SIGTERM};

/* What interrupts a question is no longer fatal: it can be waited for. */
static int
hold_signals(struct desk *d, struct cog_err *err)
{
    sigset_t held;

    (void)sigemptyset(&held);
    for (size_t i = 0; i < COG_COUNT(interruptions); i++)
        (void)sigaddset(&held, interruptions[i]);
    d->signals = signalfd(-1, &held, SFD_CLOEXEC);
    if (d->signals < 0)
        return cog_fail(err, COG_E_SYSTEM, "signalfd: %s", strerror(errno));
    (void)sigprocmask(SIG_BLOCK, &held, &d->mask);
    return 0;
}

/* What is no terminal has no echo. */
static int
hide_echo(struct desk *d, struct cog_err *err)
{
    struct termios hidden;

    if (tcgetattr(d->in, &d->shown) < 0)
        return 0;
    hidden = d->shown;
    hidden.c_lflag &= ~(tcflag_t)ECHO;
    if (tcsetattr(d->in, TCSAFLUSH, &hidden) < 0) {
        return cog_fail(err, COG_E_CONV, "hiding what is typed: %s",
                        strerror(errno));
    }
    d->hidden = true;
    return 0;
}

static int
open_desk(bool echo, struct desk *ret, struct cog_err *err)
{
    ret->tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    ret->in = ret->tty < 0 ? STDIN_FILENO : ret->tty;
    ret->out = ret->tty < 0 ? STDERR_FILENO : ret->tty;
    if (hold_signals(ret, err) < 0)
        return -1;
    return echo ? 0 : hide_echo(ret, err);
}

/* The terminal first, then the signals: one more may be the end of us. */
static void
close_desk(struct desk *d)
{
    if (d->hidden) {
        (void)tcsetattr(d->in, TCSAFLUSH, &d->shown);
        (void)dprintf(d->out, "\n");
    }
    if (d->signals >= 0) {
        (void)close(d->signals);
        (void)sigprocmask(SIG_SETMASK, &d->mask, NULL);
    }
    if (d->tty >= 0)
        (void)close(d->tty);
}

/* Wait for something to read. An interruption is the user's refusal to
 * answer; it has had its effect then. */
static int
wait_for_input(const struct desk *d, struct cog_err *err)
{
    struct pollfd ready[] = {{.fd = d->signals, .events = POLLIN},
                             {.fd = d->in, .events = POLLIN}};
    struct signalfd_siginfo taken;

    while (poll(ready, COG_COUNT(ready), -1) < 0) {
        if (errno != EINTR)
            return cog_fail(err, COG_E_SYSTEM, "poll: %s", strerror(errno));
    }
    if (ready[0].revents == 0)
        return 0;
    (void)!read(d->signals, &taken, sizeof(taken));
    return cog_fail(err, COG_E_CONV, "the question was interrupted");
}

/* Read one line without its end. */
static int
read_line(const struct desk *d, struct cog_secret *ret, struct cog_err *err)
{
    char c = '\0';
    ssize_t n;

    for (;;) {
        if (wait_for_input(d, err) < 0)
            return -1;
        n = read(d->in, &c, 1);
        if (n < 0) {
            return cog_fail(err, COG_E_CONV, "reading an answer: %s",
                            strerror(errno));
        }
        if (n == 0 && ret->len == 0)
            return cog_fail(err, COG_E_CONV, "there was no answer");
        if (n == 0 || c == '\n')
            return 0;
        if (ret->len == ret->max)
            return cog_fail(err, COG_E_CONV, "the answer is too long");
        if (cog_secret_append(ret, &c, 1, err) < 0)
            return -1;
    }
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
    struct desk d = {.tty = -1, .signals = -1};
    int rc = -1;

    if (render_question(ctx, question, &prompt, err) < 0 ||
        open_desk(question->echo, &d, err) < 0)
        goto out;
    (void)dprintf(d.out, "%s", cog_secret_str(&prompt));
    if (question->meanwhile != NULL)
        question->meanwhile(question->meanwhile_ctx);
    rc = read_line(&d, answer, err);
    /* Of a line that was not taken nothing is left for whoever reads next. */
    if (rc < 0)
        (void)tcflush(d.in, TCIFLUSH);

out:
    close_desk(&d);
    cog_secret_clear(&prompt);
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
