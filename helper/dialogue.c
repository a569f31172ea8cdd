/* SPDX-License-Identifier: MIT */
#include "helper/dialogue.h"

#include "helper/screen.h"
#include "lib/core/wire.h"

static int64_t
now_ms(const struct cog_dialogue *d)
{
    return d->clock.mono_ms(d->clock.ctx);
}

/* Wait for the answer; the warm-up moves on meanwhile. */
static int
receive_answer(struct cog_dialogue *d, struct cog_secret *answer,
               struct cog_err *err)
{
    struct cog_frame frame = COG_FRAME_INIT;
    struct cog_err why = COG_ERR_INIT;
    const int64_t deadline_ms = now_ms(d) + d->questions_ms;
    int rc = -1;

    if (cog_http_wait(d->http, d->fd, deadline_ms, &why) == 0 &&
        cog_wire_recv(d->fd, deadline_ms, &frame, &why) == 0)
        rc = cog_protocol_read_answer(&frame, answer, &why);
    cog_wire_clear(&frame);
    if (rc < 0) {
        const bool late = now_ms(d) >= deadline_ms;

        (void)cog_fail(err, late ? COG_E_LATE : why.code, "%s", why.msg);
    }
    return rc;
}

static int
send_question(const struct cog_dialogue *d, const struct cog_question *question,
              struct cog_err *err)
{
    const struct cog_screen screen = {
        .configured = d->qr,
        .service = d->request->service,
        .tty = d->request->tty,
        .utf8 = d->request->utf8,
        /* Now: it may have been resized since the last question. */
        .size = cog_screen_size(),
    };
    struct cog_secret code = COG_SECRET_INIT(COG_QR_MAX);
    struct cog_question shown;
    int rc = -1;

    if (cog_screen_fit(&screen, question, &code, &shown, err) == 0)
        rc = cog_protocol_send_ask(d->fd, &shown, err);
    cog_secret_clear(&code);
    return rc;
}

static int
ask(void *ctx, const struct cog_question *question, struct cog_secret *answer,
    struct cog_err *err)
{
    struct cog_dialogue *d = ctx;
    const int64_t from_ms = now_ms(d);
    int rc;

    d->open = question->text;
    if (send_question(d, question, err) < 0)
        return -1;
    if (question->meanwhile != NULL)
        question->meanwhile(question->meanwhile_ctx);
    rc = receive_answer(d, answer, err);
    d->questions_ms -= now_ms(d) - from_ms;
    if (rc == 0)
        d->open = COG_TEXT_NONE;
    return rc;
}

static void
tell(void *ctx, enum cog_text text, const char *const *arg)
{
    const struct cog_dialogue *d = ctx;
    struct cog_err none = COG_ERR_INIT;

    (void)!cog_protocol_send_tell(d->fd, text, arg, &none);
}

struct cog_ui
cog_dialogue_ui(struct cog_dialogue *dialogue)
{
    const struct cog_ui ui = {.ask = ask, .tell = tell, .ctx = dialogue};

    return ui;
}
