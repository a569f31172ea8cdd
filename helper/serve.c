/* SPDX-License-Identifier: MIT */
#include "helper/serve.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "helper/dialogue.h"
#include "helper/farewell.h"
#include "helper/ondemand.h"
#include "helper/sandbox.h"
#include "lib/core/clock.h"
#include "lib/core/protocol.h"
#include "lib/core/wire.h"
#include "lib/host/session.h"
#include "lib/login/change.h"
#include "lib/login/login.h"
#include "lib/login/prepare.h"
#include "lib/login/recheck.h"
#include "lib/login/renewal.h"
#include "lib/net/http.h"
#include "lib/store/userlock.h"

/* How long the module may take to send its request, in milliseconds. */
#define REQUEST_MS 5000
/* How long asking the pool without the user may take, with waiting for another
 * process that asks, in milliseconds. */
#define RENEWAL_MS (COG_RENEWAL_NETWORK_MS + COG_USERLOCK_WAIT_MS)

/* The request being served. */
struct serve {
    int fd;
    pid_t module; /* whose socket it is */
    struct cog_clock clock;
    struct cog_request request;
    struct cog_prepared prepared;
    struct cog_http *http;        /* of a sign-in; NULL: none */
    struct cog_ondemand renewals; /* of what is asked without the user */
    struct cog_transport renewal;
    int cache_dir;
    struct cog_prepared_store store;
    struct cog_session session;
    bool has_session; /* it could be read */
    struct cog_dialogue dialogue;
    bool proven; /* the pool accepted the first factor */
    struct cog_verdict verdict;
};

static int64_t
now_ms(const struct serve *s)
{
    return s->clock.mono_ms(s->clock.ctx);
}

/* What earlier sign-ins left, and where the caller sits. Only a sign-in may
 * make a key or a host's first store: an account phase that did would hide that
 * records were lost. */
static void
prepare_store(struct serve *s, uid_t real_uid)
{
    struct cog_err none = COG_ERR_INIT;

    if (s->request.operation == COG_OP_PRELIM)
        return;
    cog_prepare_store(&s->prepared, s->request.operation == COG_OP_AUTHENTICATE,
                      &s->store);
    s->has_session = cog_session_read(real_uid, &s->session, &none) == 0;
}

/* As root: read what only root may. */
static int
prepare(struct serve *s, uid_t real_uid, struct cog_err *err)
{
    const struct cog_config_reader reader = {.owner = 0, .pam = true};
    const struct cog_request *r = &s->request;
    const struct cog_prepare_input input = {
        .config_path = r->conf[0] == '\0' ? COG_CONFIG_PATH : r->conf,
        .reader = &reader,
        .service = r->service,
        .user = r->user,
    };
    struct cog_config_problems problems = COG_CONFIG_PROBLEMS_INIT;
    const int rc = cog_prepare(&input, &s->prepared, &problems, err);

    cog_config_problems_clear(&problems);
    if (rc < 0)
        return -1;
    s->cache_dir = cog_prepare_cache_dir(&s->prepared);
    prepare_store(s, real_uid);
    return 0;
}

static int64_t
least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static struct cog_http_options
network_options(const struct serve *s, int64_t most_ms)
{
    const struct cog_config *config = &s->prepared.config;
    const struct cog_http_options options = {
        .ca_file = config->ca_file,
        .proxy = config->proxy,
        .budget_ms = least(config->timeout_s * 1000, most_ms),
        .hangup_fd = s->fd,
        .clock = s->clock,
    };

    return options;
}

/*
 * From here on as an unprivileged user: now the network may come in. Asking
 * without the user has a budget of its own, which must not make the whole
 * longer; in the account phase there is no other.
 */
static int
open_network(struct serve *s, struct cog_err *err)
{
    const enum cog_operation operation = s->request.operation;
    const bool renews = operation == COG_OP_ACCOUNT ||
                        (operation == COG_OP_AUTHENTICATE &&
                         s->prepared.config.reauth == COG_REAUTH_REFRESH);
    const int64_t renewal_ms = renews ? RENEWAL_MS : 0;
    struct cog_http_options options = network_options(
        s, cog_protocol_network_ms(s->request.service) - renewal_ms);

    s->renewals.options = network_options(s, COG_RENEWAL_NETWORK_MS);
    s->renewal = cog_ondemand_transport(&s->renewals);
    if (operation == COG_OP_ACCOUNT)
        return cog_protocol_send_ready(s->fd, renewal_ms, err);
    if (cog_http_setup(err) < 0 || cog_http_open(&options, &s->http, err) < 0)
        return -1;
    s->renewals.set_up = true;
    return cog_protocol_send_ready(s->fd, options.budget_ms + renewal_ms, err);
}

/* After the network: a warm-up moves on while the user types. */
static void
open_dialogue(struct serve *s)
{
    s->dialogue = (struct cog_dialogue){
        .fd = s->fd,
        .clock = s->clock,
        .http = s->http,
        .request = &s->request,
        .qr = s->prepared.config.qr,
        .questions_ms = cog_protocol_questions_ms(s->request.service),
    };
}

/* Bindings and records do without run_dir; its owner should know. */
static void
note_no_run(const struct cog_store *store, struct cog_err *note)
{
    const char *why = store == NULL ? NULL : cog_store_no_run(store);

    if (why != NULL)
        cog_fail(note, COG_E_SYSTEM, "no tickets, no pauses: %s", why);
}

/* What became known, for the log. */
static void
report(struct serve *s, const struct cog_login_facts *facts,
       const struct cog_err *err)
{
    struct cog_verdict *v = &s->verdict;

    s->proven = facts->proven;
    memcpy(v->sub, facts->sub, sizeof(v->sub));
    (void)snprintf(v->method, sizeof(v->method), "%s", facts->method);
    (void)snprintf(v->mfa, sizeof(v->mfa), "%s", facts->mfa);
    cog_login_reason(facts, err, v->reason);
}

/* Whoever comes in is somebody: a pool user, by his sub. */
static int
check_sub(const struct cog_login_facts *facts, struct cog_err *err)
{
    if (facts->sub[0] != '\0')
        return 0;
    return cog_fail(err, COG_E_SYSTEM, "let in without a sub");
}

static int
perform(struct serve *s, const struct cog_env *env,
        const struct cog_login *login, struct cog_login_facts *facts,
        struct cog_err *err)
{
    switch (s->request.operation) {
    case COG_OP_AUTHENTICATE:
        if (cog_login_authenticate(env, login, facts, err) < 0)
            return -1;
        return check_sub(facts, err);
    case COG_OP_ACCOUNT:
        if (cog_recheck_account(env, login, facts, err) < 0)
            return -1;
        return check_sub(facts, err);
    case COG_OP_PRELIM:
        return cog_change_check(env, login, err);
    case COG_OP_PASSWORD:
        return cog_change_password(env, login, facts, err);
    case COG_OP_COUNT_:
        break;
    }
    return cog_fail(err, COG_E_SYSTEM, "unknown operation");
}

/* There is no connection of its own in the account phase. */
static struct cog_transport
transport_of(struct serve *s)
{
    return s->http == NULL ? s->renewal : cog_http_transport(s->http);
}

static int
dispatch(struct serve *s, struct cog_err *err)
{
    const struct cog_env env = {
        .transport = transport_of(s),
        .clock = s->clock,
        .ui = cog_dialogue_ui(&s->dialogue),
    };
    const struct cog_login login = {
        .prepared = &s->prepared,
        .cache_dir = s->cache_dir,
        .stacked = s->request.stacked,
        .store = s->store.store,
        .no_store = s->store.no_store[0] == '\0' ? NULL : s->store.no_store,
        .store_unsound = s->store.unsound,
        .service = s->request.service,
        .session = s->has_session ? &s->session : NULL,
        .ruser = s->request.ruser,
        .renewals = &s->renewal,
    };
    struct cog_login_facts facts = COG_LOGIN_FACTS_INIT;
    int rc;

    facts.method = "";
    rc = perform(s, &env, &login, &facts, err);
    note_no_run(login.store, &facts.note);
    report(s, &facts, err);
    return rc;
}

/* Everything up to the decision. `real_uid` is whoever runs the application. */
static int
decide(struct serve *s, uid_t real_uid, struct cog_err *err)
{
    if (prepare(s, real_uid, err) < 0 ||
        cog_sandbox_drop(s->prepared.run_as.uid, s->prepared.run_as.gid, err) <
            0 ||
        cog_sandbox_follow_parent(err) < 0)
        return -1;
    (void)snprintf(s->verdict.pool_user, sizeof(s->verdict.pool_user), "%s",
                   s->prepared.pool_user);
    if (open_network(s, err) < 0)
        return -1;
    open_dialogue(s);
    return dispatch(s, err);
}

/* The verdict starts as a refusal; only a decision without an error makes it
 * anything else. */
static int
send_verdict(struct serve *s, int decided, const struct cog_err *err)
{
    struct cog_verdict *v = &s->verdict;
    struct cog_err none = COG_ERR_INIT;

    memcpy(v->nonce, s->request.nonce, sizeof(v->nonce));
    memcpy(v->user, s->request.user, sizeof(v->user));
    v->debug = s->prepared.config.debug;
    v->code = COG_E_SYSTEM;
    if (decided == 0 && err->code == COG_OK) {
        v->code = COG_OK;
    } else {
        if (err->code != COG_OK)
            v->code = err->code;
        if (v->reason[0] == '\0') /* before anything became known */
            memcpy(v->reason, err->msg, sizeof(v->reason));
    }
    return cog_protocol_send_verdict(s->fd, v, &none);
}

/* A call that its module may never log. Whoever is not ours is nobody's
 * business; and a verdict that nobody waits for is no success. */
static void
say_farewell(const struct serve *s, bool sent, const struct cog_err *err)
{
    const enum cog_text open = s->dialogue.open;
    const struct cog_farewell farewell = {
        .request = &s->request,
        .verdict = &s->verdict,
        .open = open,
        .proven = s->proven,
        .late = err->code == COG_E_LATE && open != COG_TEXT_NONE,
    };

    if (err->code == COG_E_SCOPE)
        return;
    if (sent ? farewell.late : cog_farewell_alone(s->module))
        cog_farewell_log(&farewell);
}

static int
read_request(struct serve *s, struct cog_err *err)
{
    struct cog_frame frame = COG_FRAME_INIT;
    int rc = -1;

    if (cog_wire_recv(s->fd, now_ms(s) + REQUEST_MS, &frame, err) == 0)
        rc = cog_protocol_read_request(&frame, &s->request, err);
    cog_wire_clear(&frame);
    return rc;
}

int
cog_serve_run(int fd)
{
    struct serve s = {
        .fd = fd,
        .module = getppid(),
        .clock = cog_clock_system(),
        .prepared = COG_PREPARED_INIT,
        .cache_dir = -1,
    };
    const uid_t real_uid = getuid(); /* before it becomes root's */
    struct cog_err err = COG_ERR_INIT;
    int decided = cog_sandbox_enter(&err);
    int sent;

    if (decided == 0)
        decided = cog_sandbox_follow_parent(&err);
    cog_farewell_prepare();
    if (read_request(&s, &err) < 0)
        return EXIT_FAILURE; /* nobody to answer */
    if (decided == 0)
        decided = decide(&s, real_uid, &err);
    sent = send_verdict(&s, decided, &err);
    (void)close(fd); /* the end of file that makes the verdict count */
    say_farewell(&s, sent == 0, &err);
    cog_ondemand_close(&s.renewals);
    cog_http_close(s.http);
    cog_store_close(s.store.store);
    cog_prepared_clear(&s.prepared);
    return sent == 0 && decided == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
