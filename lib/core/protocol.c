/* SPDX-License-Identifier: MIT */
#include "lib/core/protocol.h"

#include <stdio.h>
#include <string.h>

#include "lib/core/number.h"

static int
malformed(struct cog_err *err, const char *what)
{
    return cog_fail(err, COG_E_SYSTEM, "malformed frame: %s", what);
}

static int
expect(const struct cog_frame *frame, enum cog_wire_kind kind,
       struct cog_err *err)
{
    if (frame->kind == kind)
        return 0;
    if (frame->kind == COG_WIRE_END)
        return cog_fail(err, COG_E_SYSTEM, "the other end is gone");
    return malformed(err, "not the expected kind");
}

/* Copy a field that must fit. */
static int
take_text(const char *field, char *ret, size_t size, struct cog_err *err)
{
    if (strlen(field) >= size)
        return malformed(err, "a field is too long");
    memcpy(ret, field, strlen(field) + 1);
    return 0;
}

/* The same for what PAM says about the user's terminal: anybody's words. */
static int
take_hint(const char *field, char *ret, size_t size, struct cog_err *err)
{
    for (const char *p = field; *p != '\0'; p++) {
        if ((unsigned char)*p < ' ' || *p == '\x7f')
            return malformed(err, "a control character");
    }
    return take_text(field, ret, size, err);
}

static int
take_number(const char *field, int64_t min, int64_t max, int64_t *ret,
            struct cog_err *err)
{
    return cog_number_parse(field, min, max, ret)
               ? 0
               : malformed(err, "a number is out of range");
}

struct number_text {
    char text[24];
};

static struct number_text
number_text(int64_t value)
{
    struct number_text n;

    (void)snprintf(n.text, sizeof(n.text), "%lld", (long long)value);
    return n;
}

int64_t
cog_protocol_questions_ms(const char *service)
{
    return strcmp(service, "login") == 0 ? COG_QUESTIONS_LOGIN_MS
                                         : COG_QUESTIONS_MS;
}

int64_t
cog_protocol_network_ms(const char *service)
{
    return strcmp(service, "login") == 0 ? COG_NETWORK_LOGIN_MS
                                         : COG_NETWORK_SERVICE_MS;
}

int
cog_protocol_send_request(int fd, const struct cog_request *request,
                          struct cog_err *err)
{
    const struct number_text operation = number_text(request->operation);
    const struct number_text stacked = number_text(request->stacked);
    const char *const field[] = {
        operation.text, request->nonce, request->service,
        request->user,  request->conf,  stacked.text,
        request->tty,   request->ruser, request->utf8 ? "1" : "0",
        request->rhost,
    };

    _Static_assert(COG_COUNT(field) == 10, "the fields of a request");
    return cog_wire_send(fd, COG_WIRE_REQUEST, field, err);
}

int
cog_protocol_read_request(const struct cog_frame *frame,
                          struct cog_request *ret, struct cog_err *err)
{
    struct cog_request r = {.nonce = ""};
    int64_t operation = 0;
    int64_t stacked = 0;
    int64_t utf8 = 0;
    const char *const *f = frame->field;

    if (expect(frame, COG_WIRE_REQUEST, err) < 0 ||
        take_number(f[0], 1, COG_OP_COUNT_ - 1, &operation, err) < 0 ||
        take_text(f[1], r.nonce, sizeof(r.nonce), err) < 0 ||
        take_text(f[2], r.service, sizeof(r.service), err) < 0 ||
        take_text(f[3], r.user, sizeof(r.user), err) < 0 ||
        take_text(f[4], r.conf, sizeof(r.conf), err) < 0 ||
        take_number(f[5], 0, COG_STACKED_COUNT_ - 1, &stacked, err) < 0 ||
        take_hint(f[6], r.tty, sizeof(r.tty), err) < 0 ||
        take_hint(f[7], r.ruser, sizeof(r.ruser), err) < 0 ||
        take_number(f[8], 0, 1, &utf8, err) < 0 ||
        take_hint(f[9], r.rhost, sizeof(r.rhost), err) < 0)
        return -1;
    if (strlen(r.nonce) != COG_NONCE_SIZE - 1)
        return malformed(err, "the nonce is short");
    r.operation = (enum cog_operation)operation;
    r.stacked = (enum cog_stacked)stacked;
    r.utf8 = utf8 != 0;
    *ret = r;
    return 0;
}

int
cog_protocol_send_ready(int fd, int64_t network_ms, struct cog_err *err)
{
    const struct number_text n = number_text(network_ms);
    const char *const field[] = {n.text};

    return cog_wire_send(fd, COG_WIRE_READY, field, err);
}

int
cog_protocol_read_ready(const struct cog_frame *frame, int64_t *ret_network_ms,
                        struct cog_err *err)
{
    if (expect(frame, COG_WIRE_READY, err) < 0)
        return -1;
    return take_number(frame->field[0], 0, COG_NETWORK_MAX_MS, ret_network_ms,
                       err);
}

static const char *
text_or_empty(const char *text)
{
    return text == NULL ? "" : text;
}

/* The ids of a menu's options as one field, a comma behind each. */
struct options_text {
    char text[COG_TEXT_OPTIONS * sizeof(struct number_text)];
};

static int
options_text(const struct cog_question *question, struct options_text *ret,
             struct cog_err *err)
{
    size_t len = 0;

    if (question->options > COG_TEXT_OPTIONS)
        return cog_fail(err, COG_E_SYSTEM, "a menu is too long");
    ret->text[0] = '\0';
    for (size_t i = 0; i < question->options; i++) {
        len += (size_t)snprintf(ret->text + len, sizeof(ret->text) - len, "%d,",
                                (int)question->option[i]);
    }
    return 0;
}

static int
take_options(const char *field, struct cog_asked *ret, struct cog_err *err)
{
    while (*field != '\0') {
        const size_t len = strcspn(field, ",");
        struct number_text n;
        int64_t id = 0;

        if (ret->options == COG_TEXT_OPTIONS)
            return malformed(err, "too many options");
        if (field[len] != ',' || len >= sizeof(n.text))
            return malformed(err, "an option has no end");
        memcpy(n.text, field, len);
        n.text[len] = '\0';
        if (take_number(n.text, 1, COG_TEXT_COUNT_ - 1, &id, err) < 0)
            return -1;
        ret->option[ret->options++] = (enum cog_text)id;
        field += len + 1;
    }
    return 0;
}

int
cog_protocol_send_ask(int fd, const struct cog_question *question,
                      struct cog_err *err)
{
    const struct number_text text = number_text(question->text);
    struct options_text options;
    const char *const field[] = {
        question->echo ? "1" : "0",      text.text,
        text_or_empty(question->arg[0]), text_or_empty(question->arg[1]),
        text_or_empty(question->arg[2]), options.text,
    };

    _Static_assert(COG_COUNT(field) == 3 + COG_TEXT_ARGS,
                   "echo, text, args, options");
    if (options_text(question, &options, err) < 0)
        return -1;
    return cog_wire_send(fd, COG_WIRE_ASK, field, err);
}

/* A text id and its arguments, which begin at field[0]. */
static int
take_asked(const char *const *field, struct cog_asked *ret, struct cog_err *err)
{
    int64_t text = 0;

    if (take_number(field[0], 1, COG_TEXT_COUNT_ - 1, &text, err) < 0)
        return -1;
    ret->text = (enum cog_text)text;
    for (size_t i = 0; i < COG_TEXT_ARGS; i++)
        ret->arg[i] = field[1 + i];
    return 0;
}

int
cog_protocol_read_ask(const struct cog_frame *frame, struct cog_asked *ret,
                      struct cog_err *err)
{
    struct cog_asked asked = {0};
    int64_t echo = 0;

    if (expect(frame, COG_WIRE_ASK, err) < 0 ||
        take_number(frame->field[0], 0, 1, &echo, err) < 0 ||
        take_asked(frame->field + 1, &asked, err) < 0 ||
        take_options(frame->field[2 + COG_TEXT_ARGS], &asked, err) < 0)
        return -1;
    asked.echo = echo != 0;
    *ret = asked;
    return 0;
}

int
cog_protocol_send_answer(int fd, const struct cog_secret *answer,
                         struct cog_err *err)
{
    const char *const field[] = {cog_secret_str(answer)};

    return cog_wire_send(fd, COG_WIRE_ANSWER, field, err);
}

int
cog_protocol_read_answer(const struct cog_frame *frame, struct cog_secret *ret,
                         struct cog_err *err)
{
    if (expect(frame, COG_WIRE_ANSWER, err) < 0)
        return -1;
    return cog_secret_append_str(ret, frame->field[0], err);
}

int
cog_protocol_send_tell(int fd, enum cog_text text, const char *const *arg,
                       struct cog_err *err)
{
    const struct number_text n = number_text(text);
    const char *const field[] = {
        n.text,
        text_or_empty(arg == NULL ? NULL : arg[0]),
        text_or_empty(arg == NULL ? NULL : arg[1]),
        text_or_empty(arg == NULL ? NULL : arg[2]),
    };

    _Static_assert(COG_COUNT(field) == 1 + COG_TEXT_ARGS, "text, args");
    return cog_wire_send(fd, COG_WIRE_TELL, field, err);
}

int
cog_protocol_read_tell(const struct cog_frame *frame, struct cog_asked *ret,
                       struct cog_err *err)
{
    struct cog_asked told = {0};

    if (expect(frame, COG_WIRE_TELL, err) < 0 ||
        take_asked(frame->field, &told, err) < 0)
        return -1;
    *ret = told;
    return 0;
}

int
cog_protocol_send_verdict(int fd, const struct cog_verdict *verdict,
                          struct cog_err *err)
{
    const struct number_text code = number_text(verdict->code);
    const char *const field[] = {
        code.text,       verdict->nonce,     verdict->user,
        verdict->reason, verdict->pool_user, verdict->sub,
        verdict->method, verdict->mfa,       verdict->debug ? "1" : "0",
    };

    _Static_assert(COG_COUNT(field) == 9, "the fields of a verdict");
    return cog_wire_send(fd, COG_WIRE_VERDICT, field, err);
}

int
cog_protocol_read_verdict(const struct cog_frame *frame,
                          const struct cog_request *request,
                          struct cog_verdict *ret, struct cog_err *err)
{
    struct cog_verdict v = {0};
    int64_t code = 0;
    int64_t debug = 0;
    const char *const *f = frame->field;

    if (expect(frame, COG_WIRE_VERDICT, err) < 0 ||
        take_number(f[0], COG_OK, COG_E_COUNT_ - 1, &code, err) < 0 ||
        take_text(f[1], v.nonce, sizeof(v.nonce), err) < 0 ||
        take_text(f[2], v.user, sizeof(v.user), err) < 0 ||
        take_text(f[3], v.reason, sizeof(v.reason), err) < 0 ||
        take_text(f[4], v.pool_user, sizeof(v.pool_user), err) < 0 ||
        take_text(f[5], v.sub, sizeof(v.sub), err) < 0 ||
        take_text(f[6], v.method, sizeof(v.method), err) < 0 ||
        take_text(f[7], v.mfa, sizeof(v.mfa), err) < 0 ||
        take_number(f[8], 0, 1, &debug, err) < 0)
        return -1;
    if (strcmp(v.nonce, request->nonce) != 0)
        return malformed(err, "the verdict is for another request");
    if (strcmp(v.user, request->user) != 0)
        return malformed(err, "the verdict is for another user");
    v.code = (enum cog_errc)code;
    v.debug = debug != 0;
    *ret = v;
    return 0;
}
