/* SPDX-License-Identifier: MIT */
#include "lib/browser/qr.h"

#include <errno.h>
#include <string.h>

#include "config.h"

#ifdef HAVE_QRENCODE
#    include <qrencode.h>

/* Light modules around a code. ISO/IEC 18004 asks for four, readers are
 * content with two, and 24 rows have no place for more. */
#    define QUIET ((size_t)2)

/* The symbol's side with its quiet zone, in modules. */
static size_t
side(const QRcode *code)
{
    return (size_t)code->width + 2 * QUIET;
}

/* Everything around the symbol is light. */
static bool
is_light(const QRcode *code, size_t row, size_t column)
{
    const size_t width = (size_t)code->width;

    if (row < QUIET || row >= QUIET + width || column < QUIET ||
        column >= QUIET + width)
        return true;
    return (code->data[(row - QUIET) * width + column - QUIET] & 1) == 0;
}

static int
draw_utf8(const QRcode *code, size_t row, struct cog_secret *ret,
          struct cog_err *err)
{
    /* U+2588, U+2580, U+2584: both, upper and lower half. */
    static const char *const ink[2][2] = {{" ", "\xe2\x96\x84"},
                                          {"\xe2\x96\x80", "\xe2\x96\x88"}};

    for (size_t i = 0; i < side(code); i++) {
        const bool upper = is_light(code, row, i);
        const bool lower = is_light(code, row + 1, i);

        if (cog_secret_append_str(ret, ink[upper][lower], err) < 0)
            return -1;
    }
    return cog_secret_append_str(ret, "\n", err);
}

/* Of all characters '@', 'M' and 'W' cover most; cameras do not see '#'. */
static int
draw_ascii(const QRcode *code, size_t row, struct cog_secret *ret,
           struct cog_err *err)
{
    for (size_t i = 0; i < side(code); i++) {
        const char *ink = is_light(code, row, i) ? "@@" : "  ";

        if (cog_secret_append_str(ret, ink, err) < 0)
            return -1;
    }
    return cog_secret_append_str(ret, "\n", err);
}

/* A row begins with what is light. At its end the colour goes back: the rest of
 * the line is not ours. */
static int
draw_ansi(const QRcode *code, size_t row, struct cog_secret *ret,
          struct cog_err *err)
{
    bool was_light = false;

    for (size_t i = 0; i < side(code); i++) {
        const bool light = is_light(code, row, i);
        const char *colour = light ? "\x1b[47m" : "\x1b[40m";

        if (light != was_light && cog_secret_append_str(ret, colour, err) < 0)
            return -1;
        if (cog_secret_append_str(ret, "  ", err) < 0)
            return -1;
        was_light = light;
    }
    return cog_secret_append_str(ret, "\x1b[0m\n", err);
}

static const struct style {
    size_t columns; /* characters for a module */
    size_t modules; /* rows of modules in a row */
    size_t bytes;   /* the most a module takes */
    int (*draw)(const QRcode *code, size_t row, struct cog_secret *ret,
                struct cog_err *err);
} styles[] = {
    [COG_QR_UTF8] = {1, 2, sizeof("\xe2\x96\x88") - 1, draw_utf8},
    [COG_QR_ASCII] = {2, 1, sizeof("@@") - 1, draw_ascii},
    [COG_QR_ANSI] = {2, 1, sizeof("\x1b[47m  ") - 1, draw_ansi},
    [COG_QR_OFF] = {0},
};

static bool
fits(const QRcode *code, const struct style *style,
     const struct cog_qr_room *room)
{
    const size_t rows = (side(code) + style->modules - 1) / style->modules;
    const size_t row_bytes = side(code) * style->bytes + strlen("\x1b[0m\n");

    return side(code) * style->columns <= room->columns && rows <= room->rows &&
           rows * row_bytes <= COG_QR_MAX;
}

/*
 * The smallest code, with the least correction: a screen has no scratches.
 * *ret is NULL for a text that is too long, or empty. QR_MODE_8 with case kept
 * lets the library write the key of an enrolment, all upper case, in five and a
 * half bits a character.
 */
static int
encode(const char *text, QRcode **ret, struct cog_err *err)
{
    *ret = QRcode_encodeString(text, 0, QR_ECLEVEL_L, QR_MODE_8, 1);
    if (*ret == NULL && errno != ERANGE && errno != EINVAL)
        return cog_fail_memory(err);
    return 0;
}

static void
forget(QRcode *code)
{
    if (code == NULL)
        return;
    explicit_bzero(code->data, (size_t)code->width * (size_t)code->width);
    QRcode_free(code);
}

int
cog_qr_render(const char *text, enum cog_qr_style style,
              const struct cog_qr_room *room, struct cog_secret *ret,
              bool *ret_fits, struct cog_err *err)
{
    const struct style *s =
        (unsigned)style < COG_COUNT(styles) ? &styles[style] : NULL;
    QRcode *code = NULL;
    bool fit = false;
    int rc = -1;

    if (s != NULL && s->draw != NULL && encode(text, &code, err) < 0)
        goto out;
    if (code != NULL)
        fit = fits(code, s, room);
    for (size_t row = 0; fit && row < side(code); row += s->modules) {
        if (s->draw(code, row, ret, err) < 0)
            goto out;
    }
    *ret_fits = fit;
    rc = 0;

out:
    forget(code);
    return rc;
}

#else

int
cog_qr_render(const char *text COG_UNUSED, enum cog_qr_style style COG_UNUSED,
              const struct cog_qr_room *room COG_UNUSED,
              struct cog_secret *ret COG_UNUSED, bool *ret_fits,
              struct cog_err *err COG_UNUSED)
{
    *ret_fits = false;
    return 0;
}

#endif
