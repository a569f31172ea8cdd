/* SPDX-License-Identifier: MIT */
#include "helper/screen.h"

#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lib/core/text.h"

/* What to assume of a terminal nobody can ask. */
#define COLUMNS 80
#define ROWS    24

/* What is typed after the question, a code: it takes columns too. */
#define ANSWER_COLUMNS 6

struct cog_qr_room
cog_screen_size(void)
{
    struct cog_qr_room size = {0, 0};
    struct winsize w = {0};
    /* Not waiting: a serial line may wait for its carrier. */
    const int fd =
        open("/dev/tty", O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

    if (fd < 0)
        return size;
    if (ioctl(fd, TIOCGWINSZ, &w) == 0) {
        size.columns = w.ws_col;
        size.rows = w.ws_row;
    }
    (void)close(fd);
    return size;
}

/* Kinds of screens; their rules are in the header. */
enum place {
    PLACE_OTHER,
    PLACE_REMOTE,
    PLACE_TERMINAL,
    PLACE_CONSOLE,
};

static const struct {
    const char *service;
    enum place place;
} services[] = {
    {"login", PLACE_CONSOLE},   {"passwd", PLACE_TERMINAL},
    {"sshd", PLACE_REMOTE},     {"su", PLACE_TERMINAL},
    {"su-l", PLACE_TERMINAL},   {"sudo", PLACE_TERMINAL},
    {"sudo-i", PLACE_TERMINAL},
};

/* "tty1" or "/dev/tty1". */
static bool
is_virtual_console(const char *tty)
{
    const char *digits;

    if (strncmp(tty, "/dev/", strlen("/dev/")) == 0)
        tty += strlen("/dev/");
    if (strncmp(tty, "tty", strlen("tty")) != 0)
        return false;
    digits = tty + strlen("tty");
    return digits[0] != '\0' && digits[strspn(digits, "0123456789")] == '\0';
}

static enum place
place_of(const struct cog_screen *screen)
{
    enum place place = PLACE_OTHER;

    if (screen->service == NULL)
        return PLACE_TERMINAL;
    for (size_t i = 0; i < COG_COUNT(services); i++) {
        if (strcmp(services[i].service, screen->service) == 0)
            place = services[i].place;
    }
    if (place == PLACE_CONSOLE && !is_virtual_console(screen->tty))
        return PLACE_OTHER;
    return place;
}

/* What `auto` means in a place, without and with UTF-8. */
static const enum cog_qr_style automatic[][2] = {
    [PLACE_OTHER] = {COG_QR_OFF, COG_QR_OFF},
    [PLACE_REMOTE] = {COG_QR_UTF8, COG_QR_UTF8},
    [PLACE_TERMINAL] = {COG_QR_ASCII, COG_QR_UTF8},
    [PLACE_CONSOLE] = {COG_QR_ANSI, COG_QR_ANSI},
};

enum cog_qr_style
cog_screen_style(const struct cog_screen *screen, struct cog_qr_room *ret_room)
{
    const enum place place = place_of(screen);
    const bool is_auto = screen->configured == COG_QR_AUTO;
    const bool known = place != PLACE_REMOTE && screen->size.columns > 0 &&
                       screen->size.rows > 0;

    ret_room->columns = is_auto ? COLUMNS : SIZE_MAX;
    ret_room->rows = is_auto ? ROWS : SIZE_MAX;
    if (known)
        *ret_room = screen->size;
    if (is_auto)
        return automatic[place][screen->utf8];
    if (place == PLACE_REMOTE && screen->configured == COG_QR_ANSI)
        return COG_QR_OFF;
    return screen->configured;
}

/* Characters of a line; what is no ASCII is taken to be one column wide. */
static size_t
width(const char *line, size_t len)
{
    size_t n = 0;

    for (size_t i = 0; i < len; i++)
        n += ((unsigned char)line[i] & 0xc0) != 0x80;
    return n;
}

/* Rows that `text` takes, with the answer typed at its end. */
static size_t
rows_of(const char *text, size_t columns)
{
    size_t rows = 0;

    for (;;) {
        const size_t len = strcspn(text, "\n");
        const bool last = text[len] == '\0';
        const size_t n = width(text, len) + (last ? ANSWER_COLUMNS : 0);

        rows += n == 0 ? 1 : (n - 1) / columns + 1;
        if (last)
            return rows;
        text += len + 1;
    }
}

/*
 * Take from the room what else must be seen with the code: all of the question
 * but its first line, which may scroll away. The module may show another
 * language, whose sentences fold at about the same places.
 */
static int
leave_rest(const struct cog_question *question, struct cog_qr_room *room,
           struct cog_err *err)
{
    const char *const arg[COG_TEXT_ARGS] = {"", question->arg[1],
                                            question->arg[2]};
    struct cog_secret text = COG_SECRET_INIT(COG_TEXT_MAX);
    const char *rest;
    size_t rows;
    int rc = -1;

    if (cog_text_render(question->text, arg, NULL, &text, err) < 0)
        goto out;
    rest = cog_secret_str(&text);
    if (strchr(rest, '\n') != NULL)
        rest = strchr(rest, '\n') + 1;
    rows = rows_of(rest, room->columns);
    room->rows = rows < room->rows ? room->rows - rows : 0;
    rc = 0;

out:
    cog_secret_clear(&text);
    return rc;
}

int
cog_screen_fit(const struct cog_screen *screen,
               const struct cog_question *question, struct cog_secret *code,
               struct cog_question *ret, struct cog_err *err)
{
    struct cog_question shown = *question;
    struct cog_qr_room room;
    enum cog_qr_style style;
    bool fits = false;

    if (question->qr != NULL) {
        style = cog_screen_style(screen, &room);
        if (leave_rest(question, &room, err) < 0 ||
            cog_qr_render(question->qr, style, &room, code, &fits, err) < 0)
            return -1;
        if (fits) {
            shown.arg[0] = cog_secret_str(code);
        } else {
            shown.text = question->plain;
        }
    }
    *ret = shown;
    return 0;
}
