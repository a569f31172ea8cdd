/* SPDX-License-Identifier: MIT */
#include "pam/relay.h"

#include <errno.h>
#include <langinfo.h>
#include <libintl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "lib/core/clock.h"
#include "lib/core/text.h"
#include "lib/core/wire.h"
#include "pam/conv.h"
#include "pam/floor.h"
#include "pam/spawn.h"

/* Questions and texts one call may bring: a helper that chatters is ended.
 * The longest real sign-in asks some ten questions. */
#define MAX_FRAMES 64
/* Passwords one call may ask for: the stacked one, one typed, and one that a
 * menu leads to. */
#define MAX_PASSWORDS 3
/* How long a helper may take to leave after its verdict. */
#define GRACE_MS 1000

/* The state of one run. */
struct relay {
    struct cog_call *call;
    struct cog_child child;
    struct cog_clock clock;
    bool ready;
    int passwords;        /* asked for */
    int64_t helper_ms;    /* left for the helper, while no question is open */
    int64_t questions_ms; /* left for the user */
};

static int64_t
now_ms(const struct relay *relay)
{
    return relay->clock.mono_ms(relay->clock.ctx);
}

const char *
cog_relay_translate(const char *msgid)
{
    return dgettext("pam_cognito", msgid);
}

static int
make_nonce(char nonce[COG_NONCE_SIZE], struct cog_err *err)
{
    unsigned char bytes[(COG_NONCE_SIZE - 1) / 2];
    ssize_t n;

    do {
        n = getrandom(bytes, sizeof(bytes), 0);
    } while (n < 0 && errno == EINTR);
    if (n != (ssize_t)sizeof(bytes))
        return cog_fail(err, COG_E_SYSTEM, "getrandom: %s", strerror(errno));
    for (size_t i = 0; i < sizeof(bytes); i++)
        (void)snprintf(nonce + 2 * i, 3, "%02X", bytes[i]);
    return 0;
}

int
cog_relay_begin(struct cog_call *call, struct cog_err *err)
{
    return make_nonce(call->request.nonce, err);
}

/* What PAM says of the user's terminal and of who called. It may be anybody's
 * words: what is no plain short word is nothing. */
static void
take_hint(pam_handle_t *pamh, int type, char *ret, size_t size)
{
    const void *item = NULL;
    const char *hint;

    ret[0] = '\0';
    if (pam_get_item(pamh, type, &item) != PAM_SUCCESS || item == NULL)
        return;
    hint = item;
    for (const char *p = hint; *p != '\0'; p++) {
        if ((unsigned char)*p < ' ' || *p == '\x7f')
            return;
    }
    if (strlen(hint) < size)
        memcpy(ret, hint, strlen(hint) + 1);
}

/* Hosts that never call setlocale(3), as sshd, are of no use for more than
 * ASCII here: it is not ours to call it for them. */
static bool
prints_utf8(void)
{
    return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

int
cog_relay_prepare(struct cog_call *call, enum cog_operation operation,
                  const char *user, struct cog_err *err)
{
    struct cog_request *r = &call->request;
    const void *service = NULL;

    r->operation = operation;
    call->authtok = cog_authtok_begin(call->pamh, call->args, operation);
    r->stacked = call->authtok.proof.mode;
    r->utf8 = prints_utf8();
    take_hint(call->pamh, PAM_TTY, r->tty, sizeof(r->tty));
    take_hint(call->pamh, PAM_RUSER, r->ruser, sizeof(r->ruser));
    take_hint(call->pamh, PAM_RHOST, r->rhost, sizeof(r->rhost));
    if (pam_get_item(call->pamh, PAM_SERVICE, &service) != PAM_SUCCESS ||
        service == NULL)
        return cog_fail(err, COG_E_SYSTEM, "PAM names no service");
    if (strlen(service) >= sizeof(r->service) ||
        strlen(user) >= sizeof(r->user) ||
        strlen(call->args->conf) >= sizeof(r->conf)) {
        return cog_fail(err, COG_E_CONFIG,
                        "service, user or configuration path is too long");
    }
    (void)snprintf(r->service, sizeof(r->service), "%s", (const char *)service);
    (void)snprintf(r->user, sizeof(r->user), "%s", user);
    (void)snprintf(r->conf, sizeof(r->conf), "%s", call->args->conf);
    return 0;
}

/*
 * Only sshd's password method refuses questions with echo while it answers
 * those without: say what the administrator can do.
 */
static int
explain(const struct relay *relay, const struct cog_asked *asked,
        const struct cog_err *why, struct cog_err *err)
{
    if (why->code == COG_E_CONV && asked->echo &&
        strcmp(relay->call->request.service, "sshd") == 0) {
        return cog_fail(err, COG_E_CONV,
                        "sshd's password method cannot ask \"%s\": set "
                        "KbdInteractiveAuthentication yes",
                        cog_text_msgid(asked->text));
    }
    return cog_fail(err, why->code, "%s", why->msg);
}

/* What the user sees: with its options, if it is a menu. */
static int
render(const struct cog_asked *asked, struct cog_secret *ret,
       struct cog_err *err)
{
    struct cog_secret options = COG_SECRET_INIT(COG_TEXT_MAX);
    struct cog_asked full = *asked;
    int rc = -1;

    if (cog_text_render_options(asked->option, asked->options,
                                cog_relay_translate, &options, err) < 0)
        goto out;
    if (asked->options > 0)
        full.arg[0] = cog_secret_str(&options);
    rc = cog_text_render(full.text, full.arg, cog_relay_translate, ret, err);

out:
    cog_secret_clear(&options);
    return rc;
}

static int
ask_user(struct relay *relay, const struct cog_asked *asked,
         struct cog_secret *answer, struct cog_err *err)
{
    struct cog_secret prompt = COG_SECRET_INIT(COG_TEXT_MAX);
    struct cog_err why = COG_ERR_INIT;
    const int64_t asked_ms = now_ms(relay);
    int rc = -1;

    if (render(asked, &prompt, &why) < 0) {
        cog_fail(err, why.code, "a question of the helper's: %s", why.msg);
        goto out;
    }
    if (cog_conv_ask(relay->call->pamh, asked->echo, cog_secret_str(&prompt),
                     answer, &why) < 0) {
        rc = explain(relay, asked, &why, err);
        goto out;
    }
    relay->questions_ms -= now_ms(relay) - asked_ms;
    if (relay->questions_ms < 0) {
        cog_fail(err, COG_E_LATE, "the answer came too late");
        goto out;
    }
    rc = 0;

out:
    cog_secret_clear(&prompt);
    return rc;
}

/* A second password prompt says that the first password was refused: no
 * earlier than any refusal. */
static int
another_password(struct relay *relay, struct cog_err *err)
{
    if (relay->passwords++ == MAX_PASSWORDS) {
        return cog_fail(err, COG_E_SYSTEM,
                        "the helper asks for too many passwords");
    }
    cog_floor_wait(relay->call->request.user, relay->call->answered_ms);
    return 0;
}

static int
on_ask(struct relay *relay, const struct cog_frame *frame, struct cog_err *err)
{
    struct cog_secret answer = COG_SECRET_INIT(COG_ANSWER_MAX);
    struct cog_authtok *authtok = &relay->call->authtok;
    struct cog_asked asked = {0};
    bool used = false;
    int rc = -1;

    if (cog_protocol_read_ask(frame, &asked, err) < 0)
        goto out;
    if (cog_authtok_proves(asked.text) && another_password(relay, err) < 0)
        goto out;
    if (cog_authtok_answer(authtok, asked.text, &answer, &used, err) < 0)
        goto out;
    if (!used && ask_user(relay, &asked, &answer, err) < 0)
        goto out;
    if (cog_authtok_note(authtok, asked.text, &answer, used, err) < 0)
        goto out;
    rc = cog_protocol_send_answer(relay->child.fd, &answer, err);

out:
    if (relay->call->answered_ms == 0 || cog_authtok_proves(asked.text))
        relay->call->answered_ms = now_ms(relay);
    cog_secret_clear(&answer);
    return rc;
}

static int
on_tell(struct relay *relay, const struct cog_frame *frame, struct cog_err *err)
{
    struct cog_secret text = COG_SECRET_INIT(COG_TEXT_MAX);
    struct cog_asked told = {0};
    int rc = -1;

    if (cog_protocol_read_tell(frame, &told, err) < 0 ||
        cog_text_render(told.text, told.arg, cog_relay_translate, &text, err) <
            0)
        goto out;
    if (!relay->call->args->silent)
        cog_conv_tell(relay->call->pamh, false, cog_secret_str(&text));
    rc = 0;

out:
    cog_secret_clear(&text);
    return rc;
}

static int
on_ready(struct relay *relay, const struct cog_frame *frame,
         struct cog_err *err)
{
    int64_t network_ms = 0;

    if (relay->ready)
        return cog_fail(err, COG_E_SYSTEM, "the helper was ready twice");
    if (cog_protocol_read_ready(frame, &network_ms, err) < 0)
        return -1;
    relay->ready = true;
    relay->helper_ms = network_ms + COG_SLACK_MS;
    return 0;
}

/* Receive one frame; the helper's clock runs, the user's does not. */
static int
receive(struct relay *relay, struct cog_frame *frame, struct cog_err *err)
{
    const int64_t from_ms = now_ms(relay);

    if (cog_wire_recv(relay->child.fd, from_ms + relay->helper_ms, frame, err) <
        0)
        return -1;
    relay->helper_ms -= now_ms(relay) - from_ms;
    return 0;
}

/* Who gets in is somebody. A look ahead has no token to go by, nor has a new
 * password that was set with a code. */
static bool
names_whom(const struct cog_request *request, const struct cog_verdict *verdict)
{
    return verdict->sub[0] != '\0' || request->operation == COG_OP_PRELIM ||
           request->operation == COG_OP_PASSWORD;
}

/* A verdict counts only if it is the last thing the helper says. */
static int
on_verdict(struct relay *relay, struct cog_frame *frame,
           struct cog_verdict *ret, struct cog_err *err)
{
    struct cog_verdict verdict = {0};

    if (cog_protocol_read_verdict(frame, &relay->call->request, &verdict, err) <
            0 ||
        receive(relay, frame, err) < 0)
        return -1;
    if (frame->kind != COG_WIRE_END) {
        return cog_fail(err, COG_E_SYSTEM,
                        "the helper went on after its verdict");
    }
    if (verdict.code == COG_OK &&
        !names_whom(&relay->call->request, &verdict)) {
        return cog_fail(err, COG_E_SYSTEM,
                        "the helper's verdict names no pool user");
    }
    if (verdict.code == COG_OK)
        cog_authtok_hand_on(&relay->call->authtok, verdict.sub[0] != '\0');
    *ret = verdict;
    return 0;
}

/* One frame of the helper's; *ret_done says whether it was the verdict. */
static int
on_frame(struct relay *relay, struct cog_frame *frame, struct cog_verdict *ret,
         bool *ret_done, struct cog_err *err)
{
    switch (frame->kind) {
    case COG_WIRE_READY:
        return on_ready(relay, frame, err);
    case COG_WIRE_ASK:
        return on_ask(relay, frame, err);
    case COG_WIRE_TELL:
        return on_tell(relay, frame, err);
    case COG_WIRE_VERDICT:
        *ret_done = true;
        return on_verdict(relay, frame, ret, err);
    case COG_WIRE_END:
    case COG_WIRE_REQUEST:
    case COG_WIRE_ANSWER:
    case COG_WIRE_KINDS_:
        break;
    }
    return cog_fail(err, COG_E_SYSTEM, "the helper ended without a verdict");
}

static int
serve(struct relay *relay, struct cog_verdict *ret, struct cog_err *err)
{
    struct cog_frame frame = COG_FRAME_INIT;
    bool done = false;
    int rc = -1;

    for (int i = 0; i < MAX_FRAMES && !done; i++) {
        if (receive(relay, &frame, err) < 0 ||
            on_frame(relay, &frame, ret, &done, err) < 0)
            goto out;
    }
    if (!done) {
        cog_fail(err, COG_E_SYSTEM, "the helper does not come to an end");
        goto out;
    }
    rc = 0;

out:
    cog_wire_clear(&frame);
    return rc;
}

int
cog_relay_run(struct cog_call *call, struct cog_verdict *ret,
              struct cog_err *err)
{
    struct relay relay = {
        .call = call,
        .clock = cog_clock_system(),
        .helper_ms = COG_START_MS,
        .questions_ms = cog_protocol_questions_ms(call->request.service),
    };
    int rc = -1;

    if (cog_spawn_helper(COG_HELPER_PATH, &relay.child, err) < 0)
        return -1;
    if (cog_protocol_send_request(relay.child.fd, &call->request, err) == 0)
        rc = serve(&relay, ret, err);
    cog_spawn_reap(&relay.child, rc == 0 ? GRACE_MS : 0);
    cog_authtok_clear(&call->authtok);
    return rc;
}
