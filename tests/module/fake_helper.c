/* SPDX-License-Identifier: MIT */
/*
 * fake_helper - a helper that does what a test tells it.
 *
 * Its environment is empty, so its script comes in the request: the path of
 * the configuration file is "/step:argument/step:argument...". At the end of
 * the script it leaves, which closes the socket. `steps` below lists what it
 * can do.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "lib/core/clock.h"
#include "lib/core/number.h"
#include "lib/core/protocol.h"

#define SOCKET STDIN_FILENO
/* How long the module has to answer anything, in milliseconds. */
#define ANSWER_MS 60000
/* Descriptors looked at for strays. */
#define DESCRIPTORS 1024

struct fake {
    struct cog_request request;
    struct cog_verdict verdict;
    struct cog_secret answer;
};

/* Leaves without a verdict when a step itself goes wrong. */
static void
must(bool ok)
{
    if (!ok)
        _exit(3);
}

static int64_t
number(const char *text)
{
    int64_t value = 0;

    must(cog_number_parse(text, 0, INT32_MAX, &value));
    return value;
}

/* Codes and texts go by these words, or by number. */
struct word {
    const char *name;
    int value;
};

static const struct word codes[] = {
    {"ok", COG_OK},
    {"nomem", COG_E_NOMEM},
    {"system", COG_E_SYSTEM},
    {"config", COG_E_CONFIG},
    {"conv", COG_E_CONV},
    {"net", COG_E_NET},
    {"unreachable", COG_E_UNREACHABLE},
    {"protocol", COG_E_PROTOCOL},
    {"client", COG_E_CLIENT},
    {"throttled", COG_E_THROTTLED},
    {"denied", COG_E_DENIED},
    {"challenge", COG_E_CHALLENGE},
    {"maxtries", COG_E_MAXTRIES},
    {"token", COG_E_TOKEN},
    {"identity", COG_E_IDENTITY},
    {"scope", COG_E_SCOPE},
    {"never", COG_E_NEVER},
    {"disabled", COG_E_DISABLED},
    {"browser", COG_E_BROWSER},
    {"authtok", COG_E_AUTHTOK},
    {"lookup", COG_E_LOOKUP},
    {"privilege", COG_E_PRIVILEGE},
    {"refused", COG_E_REFUSED},
    {"late", COG_E_LATE},
    {"lost", COG_E_LOST},
};
_Static_assert(COG_COUNT(codes) == COG_E_COUNT_, "a word for each code");

static const struct word texts[] = {
    {"password", COG_TEXT_PASSWORD_PROMPT},
    {"password_or_menu", COG_TEXT_PASSWORD_OR_MENU},
    {"totp", COG_TEXT_TOTP},
    {"maxtries", COG_TEXT_MAXTRIES},
    {"custom", COG_TEXT_CUSTOM},
    {"choose", COG_TEXT_CHOOSE_FIRST},
    {"current", COG_TEXT_CURRENT_PASSWORD},
    {"forgotten", COG_TEXT_FORGOTTEN},
    {"reset_code", COG_TEXT_RESET_CODE},
    {"new", COG_TEXT_NEW_PASSWORD},
    {"same", COG_TEXT_NEW_PASSWORD_SAME},
    {"differs", COG_TEXT_NEW_PASSWORD_DIFFERS},
    {"refused", COG_TEXT_NEW_PASSWORD_REFUSED},
    {"breaks", COG_TEXT_NEW_PASSWORD_BREAKS},
    {"again", COG_TEXT_NEW_PASSWORD_AGAIN},
};

static int
look_up(const struct word *words, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(words[i].name, name) == 0)
            return words[i].value;
    }
    return (int)number(name);
}

static enum cog_errc
code(const char *name)
{
    return (enum cog_errc)look_up(codes, COG_COUNT(codes), name);
}

static enum cog_text
text(const char *name)
{
    return (enum cog_text)look_up(texts, COG_COUNT(texts), name);
}

static void
receive(struct cog_frame *frame)
{
    const struct cog_clock clock = cog_clock_system();
    struct cog_err err = COG_ERR_INIT;

    must(cog_wire_recv(SOCKET, clock.mono_ms(clock.ctx) + ANSWER_MS, frame,
                       &err) == 0);
}

static void
send_raw(const void *bytes, size_t len)
{
    must(send(SOCKET, bytes, len, MSG_NOSIGNAL) == (ssize_t)len);
}

static void
step_ready(struct fake *fake COG_UNUSED, const char *arg)
{
    struct cog_err err = COG_ERR_INIT;

    must(cog_protocol_send_ready(SOCKET, number(arg), &err) == 0);
}

static void
put(struct fake *fake, const struct cog_question *question)
{
    struct cog_frame frame = COG_FRAME_INIT;
    struct cog_err err = COG_ERR_INIT;

    cog_secret_clear(&fake->answer);
    must(cog_protocol_send_ask(SOCKET, question, &err) == 0);
    receive(&frame);
    must(cog_protocol_read_answer(&frame, &fake->answer, &err) == 0);
    cog_wire_clear(&frame);
}

static void
ask(struct fake *fake, bool echo, const char *arg)
{
    const struct cog_question question = {.echo = echo, .text = text(arg)};

    put(fake, &question);
}

/* A question with a menu of three. */
static void
step_menu(struct fake *fake, const char *arg)
{
    const struct cog_question question = {
        .echo = true,
        .text = text(arg),
        .option = {COG_TEXT_OPTION_PASSWORD, COG_TEXT_OPTION_TOTP,
                   COG_TEXT_OPTION_SMS},
        .options = 3,
    };

    put(fake, &question);
}

/* The pool's own words, this many bytes of them. */
static void
step_long_question(struct fake *fake, const char *arg)
{
    static char words[COG_WIRE_BYTES];
    const struct cog_question question = {
        .echo = true,
        .text = COG_TEXT_CUSTOM,
        .arg = {words},
    };

    must((size_t)number(arg) < sizeof(words));
    memset(words, 'x', (size_t)number(arg));
    put(fake, &question);
}

static void
step_ask(struct fake *fake, const char *arg)
{
    ask(fake, false, arg);
}

static void
step_ask_echo(struct fake *fake, const char *arg)
{
    ask(fake, true, arg);
}

static void
step_tell(struct fake *fake COG_UNUSED, const char *arg)
{
    struct cog_err err = COG_ERR_INIT;

    must(cog_protocol_send_tell(SOCKET, text(arg), NULL, &err) == 0);
}

/* Send the verdict; the steps below change it first. */
static void
step_say(struct fake *fake, const char *arg)
{
    struct cog_err err = COG_ERR_INIT;

    fake->verdict.code = code(arg);
    must(cog_protocol_send_verdict(SOCKET, &fake->verdict, &err) == 0);
}

/* The last answer must be this; otherwise that is the verdict. */
static void
step_want(struct fake *fake, const char *arg)
{
    if (strcmp(cog_secret_str(&fake->answer), arg) == 0)
        return;
    (void)snprintf(fake->verdict.reason, sizeof(fake->verdict.reason),
                   "'%.100s' was answered", cog_secret_str(&fake->answer));
    step_say(fake, "system");
    _exit(0);
}

static void
step_want_bytes(struct fake *fake, const char *arg)
{
    if (fake->answer.len != (size_t)number(arg))
        step_want(fake, "an answer of another length");
}

static void
step_nonce(struct fake *fake, const char *arg COG_UNUSED)
{
    fake->verdict.nonce[0] = fake->verdict.nonce[0] == '0' ? '1' : '0';
}

static void
step_user(struct fake *fake, const char *arg)
{
    (void)snprintf(fake->verdict.user, sizeof(fake->verdict.user), "%s", arg);
}

static void
step_no_sub(struct fake *fake, const char *arg COG_UNUSED)
{
    fake->verdict.sub[0] = '\0';
}

static void
step_debug(struct fake *fake, const char *arg COG_UNUSED)
{
    fake->verdict.debug = true;
}

/* Values that would forge log lines and fields if nobody escaped them. */
static void
step_nasty(struct fake *fake, const char *arg COG_UNUSED)
{
    struct cog_verdict *v = &fake->verdict;

    (void)snprintf(v->reason, sizeof(v->reason), "%%s\" ref=none\n\\ \x1b[2J");
    (void)snprintf(v->pool_user, sizeof(v->pool_user), "x sub=root%%n");
    (void)snprintf(v->sub, sizeof(v->sub),
                   "\xe2\x80\xae"
                   "evil\xff");
    (void)snprintf(v->method, sizeof(v->method), "\"");
    (void)snprintf(v->mfa, sizeof(v->mfa), "\t");
}

/* Everything as long as it may be. */
static void
step_long(struct fake *fake, const char *arg COG_UNUSED)
{
    struct cog_verdict *v = &fake->verdict;

    memset(v->reason, '\n', sizeof(v->reason) - 1);
    memset(v->pool_user, '\n', sizeof(v->pool_user) - 1);
    memset(v->sub, '\n', sizeof(v->sub) - 1);
    memset(v->method, '\n', sizeof(v->method) - 1);
    memset(v->mfa, '\n', sizeof(v->mfa) - 1);
}

/* One frame of these bytes in hexadecimal. */
static void
step_raw(struct fake *fake COG_UNUSED, const char *arg)
{
    unsigned char bytes[COG_PATH_SIZE];
    size_t len = 0;

    for (; arg[0] != '\0' && arg[1] != '\0'; arg += 2) {
        const char digits[] = {arg[0], arg[1], '\0'};

        bytes[len++] = (unsigned char)strtoul(digits, NULL, 16);
    }
    send_raw(bytes, len);
}

static void
step_oversized(struct fake *fake COG_UNUSED, const char *arg COG_UNUSED)
{
    static const char frame[COG_WIRE_BYTES + 1];

    send_raw(frame, sizeof(frame));
}

/* A good READY frame that brings a descriptor along. */
static void
step_descriptor(struct fake *fake COG_UNUSED, const char *arg COG_UNUSED)
{
    static const int fd = SOCKET;
    char frame[] = "\2\2"
                   "1000";
    struct iovec iov = {frame, sizeof(frame)};
    union {
        struct cmsghdr head;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {{0}};
    const struct msghdr msg = {
        .msg_iov = &iov,
        .msg_iovlen = 1,
        .msg_control = &control,
        .msg_controllen = sizeof(control),
    };

    control.head.cmsg_level = SOL_SOCKET;
    control.head.cmsg_type = SCM_RIGHTS;
    control.head.cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
    must(sendmsg(SOCKET, &msg, MSG_NOSIGNAL) == (ssize_t)sizeof(frame));
}

/* Talk without end. */
static void
step_chatter(struct fake *fake, const char *arg)
{
    for (;;)
        step_tell(fake, arg);
}

/* Ask without end. */
static void
step_nag(struct fake *fake, const char *arg)
{
    for (;;)
        step_ask(fake, arg);
}

static void
step_sleep_ms(struct fake *fake COG_UNUSED, const char *arg)
{
    (void)usleep((useconds_t)number(arg) * 1000);
}

/* Stay, with the socket open, whatever signal comes. */
static void
step_hang(struct fake *fake COG_UNUSED, const char *arg COG_UNUSED)
{
    sigset_t all;

    (void)sigfillset(&all);
    (void)sigprocmask(SIG_BLOCK, &all, NULL);
    for (;;)
        (void)pause();
}

/* Close the socket, but stay. */
static void
step_linger(struct fake *fake, const char *arg)
{
    (void)close(SOCKET);
    step_hang(fake, arg);
}

static void
step_stop(struct fake *fake COG_UNUSED, const char *arg COG_UNUSED)
{
    (void)raise(SIGSTOP);
}

static void
step_kill(struct fake *fake COG_UNUSED, const char *arg COG_UNUSED)
{
    (void)raise(SIGKILL);
}

static const char *
signals_problem(void)
{
    struct sigaction action;
    sigset_t blocked;

    (void)sigprocmask(SIG_BLOCK, NULL, &blocked);
    for (int s = 1; s < NSIG; s++) {
        if (sigismember(&blocked, s) == 1)
            return "a signal is blocked";
        if (sigaction(s, NULL, &action) == 0 && action.sa_handler != SIG_DFL)
            return "a signal is not at its default";
    }
    return NULL;
}

static const char *
descriptors_problem(void)
{
    struct stat st;

    for (int fd = STDERR_FILENO + 1; fd < DESCRIPTORS; fd++) {
        if (fcntl(fd, F_GETFD) >= 0)
            return "a descriptor was inherited";
    }
    for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fstat(fd, &st) < 0 || !S_ISCHR(st.st_mode) ||
            st.st_rdev != makedev(1, 3))
            return "standard output is not /dev/null";
    }
    return NULL;
}

/* Refuse unless the module has kept the host out of this process. */
static void
step_inspect(struct fake *fake, const char *arg COG_UNUSED)
{
    const char *problem = signals_problem();

    if (problem == NULL)
        problem = descriptors_problem();
    if (problem == NULL && environ[0] != NULL)
        problem = "the environment is not empty";
    if (problem == NULL && getpgrp() != getpid())
        problem = "this is not a process group of its own";
    if (problem == NULL && getsid(0) != getsid(getppid()))
        problem = "this is not the host's session";
    if (problem == NULL)
        return;
    (void)snprintf(fake->verdict.reason, sizeof(fake->verdict.reason), "%s",
                   problem);
    step_say(fake, "system");
    _exit(0);
}

/* Refuse unless the request asks for this operation with this use of an
 * earlier module's password: "1,0". */
static void
step_request(struct fake *fake, const char *arg)
{
    char got[64];

    (void)snprintf(got, sizeof(got), "%d,%d", (int)fake->request.operation,
                   (int)fake->request.stacked);
    if (strcmp(got, arg) == 0)
        return;
    (void)snprintf(fake->verdict.reason, sizeof(fake->verdict.reason),
                   "the request is %s", got);
    step_say(fake, "system");
    _exit(0);
}

/* To the first half of chauthtok this is the answer; what follows is for the
 * second. */
static void
step_prelim(struct fake *fake, const char *arg)
{
    if (fake->request.operation != COG_OP_PRELIM)
        return;
    fake->verdict.sub[0] = '\0';
    step_say(fake, arg);
    _exit(0);
}

/* Refuse unless the request says this of the user's terminal: tty, ruser and
 * utf8 with commas between them, '.' for '/'. */
static void
step_hints(struct fake *fake, const char *arg)
{
    const struct cog_request *r = &fake->request;
    char got[COG_TTY_SIZE + COG_USER_SIZE + 8];

    (void)snprintf(got, sizeof(got), "%s,%s,%d", r->tty, r->ruser, r->utf8);
    for (char *p = strchr(got, '/'); p != NULL; p = strchr(p, '/'))
        *p = '.';
    if (strcmp(got, arg) == 0)
        return;
    (void)snprintf(fake->verdict.reason, sizeof(fake->verdict.reason),
                   "the hints are %.300s", got);
    step_say(fake, "system");
    _exit(0);
}

static const struct {
    const char *name;
    void (*run)(struct fake *fake, const char *arg);
} steps[] = {
    {"ready", step_ready},
    {"ask", step_ask},
    {"echo", step_ask_echo},
    {"menu", step_menu},
    {"long_question", step_long_question},
    {"want", step_want},
    {"want_bytes", step_want_bytes},
    {"tell", step_tell},
    {"say", step_say},
    {"nonce", step_nonce},
    {"user", step_user},
    {"no_sub", step_no_sub},
    {"debug", step_debug},
    {"nasty", step_nasty},
    {"long", step_long},
    {"raw", step_raw},
    {"oversized", step_oversized},
    {"descriptor", step_descriptor},
    {"chatter", step_chatter},
    {"nag", step_nag},
    {"sleep", step_sleep_ms},
    {"hang", step_hang},
    {"linger", step_linger},
    {"stop", step_stop},
    {"kill", step_kill},
    {"inspect", step_inspect},
    {"request", step_request},
    {"prelim", step_prelim},
    {"hints", step_hints},
};

static void
run(struct fake *fake, char *step)
{
    char *arg = strchr(step, ':');

    if (arg != NULL)
        *arg++ = '\0';
    for (size_t i = 0; i < COG_COUNT(steps); i++) {
        if (strcmp(steps[i].name, step) == 0) {
            steps[i].run(fake, arg == NULL ? "" : arg);
            return;
        }
    }
    must(false);
}

/* In a sanitized build this program too is to have all signals at their
 * default. And looking for leaks traces a process as it ends: killed meanwhile
 * it goes to its tracer before it comes to the module. */
const char *__asan_default_options(void);

COG_EXPORT const char *
__asan_default_options(void)
{
    return "handle_segv=0:handle_sigbus=0:handle_sigfpe=0:detect_leaks=0";
}

int
main(void)
{
    struct fake fake = {
        .verdict =
            {
                .reason = "as the test says",
                .pool_user = "alice@pool",
                .sub = "sub-1",
                .method = "password",
                .mfa = "totp",
            },
        .answer = COG_SECRET_INIT(COG_ANSWER_MAX),
    };
    struct cog_frame frame = COG_FRAME_INIT;
    struct cog_err err = COG_ERR_INIT;
    char *rest = fake.request.conf;
    char *step;

    receive(&frame);
    must(cog_protocol_read_request(&frame, &fake.request, &err) == 0);
    cog_wire_clear(&frame);
    memcpy(fake.verdict.nonce, fake.request.nonce, COG_NONCE_SIZE);
    memcpy(fake.verdict.user, fake.request.user, COG_USER_SIZE);
    while ((step = strtok_r(rest, "/", &rest)) != NULL)
        run(&fake, step);
    cog_secret_clear(&fake.answer);
    return 0;
}
