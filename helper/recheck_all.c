/* SPDX-License-Identifier: MIT */
#include "helper/recheck_all.h"

#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "helper/rows.h"
#include "helper/storeroom.h"
#include "lib/core/clock.h"
#include "lib/core/options.h"
#include "lib/login/recheck.h"
#include "lib/login/renewal.h"
#include "lib/net/http.h"
#include "lib/net/json.h"
#include "lib/store/pause.h"

/* Between two users the pool is asked about, in milliseconds: all hosts of a
 * pool share one quota of requests. */
#define PACE_MS 250
/* So many without an answer in a row, and the pool is out of order. */
#define FAILURES_MAX 3

/* What is known of a user in the end. */
enum outcome {
    ACCEPTED,
    REFUSED,
    NOT_OURS,
    UNKNOWN, /* the pool could not be asked */
    OUTCOMES_
};

static const char *const words[] = {
    [ACCEPTED] = "accepted",
    [REFUSED] = "refused",
    [NOT_OURS] = "not ours",
    [UNKNOWN] = "unknown",
};
_Static_assert(COG_COUNT(words) == OUTCOMES_, "all of them");

/* All users, one after the other. */
struct round {
    const struct cog_tool_options *options;
    struct cog_storeroom *room;
    struct cog_clock clock;
    struct cog_rows rows;
    size_t users;
    size_t done;
    size_t count[OUTCOMES_];
    unsigned failures;   /* in a row */
    bool asked;          /* something was sent for the last user */
    bool progress;       /* is shown */
    enum cog_exit worst; /* they grow worse in their order */
};

/* The network, which notes that it was used. */
struct noted {
    struct cog_transport transport;
    bool *used;
};

static int
send_noted(void *ctx, const struct cog_http_request *req,
           struct cog_http_reply *reply, struct cog_err *err)
{
    const struct noted *n = ctx;

    *n->used = true;
    return n->transport.send(n->transport.ctx, req, reply, err);
}

static int
pause_noted(void *ctx, int64_t pause_ms, struct cog_err *err)
{
    const struct noted *n = ctx;

    return n->transport.pause(n->transport.ctx, pause_ms, err);
}

/* With a budget of its own for each user, as a login would have. */
static int
ask(struct round *r, struct cog_login_facts *facts, struct cog_err *err)
{
    const struct cog_config *config = &r->room->prepared.config;
    const struct cog_http_options options = {
        .ca_file = config->ca_file,
        .proxy = config->proxy,
        .budget_ms = COG_RENEWAL_NETWORK_MS,
        .hangup_fd = -1,
        .clock = r->clock,
    };
    const struct cog_login login = {
        .prepared = &r->room->prepared,
        .cache_dir = r->room->cache_dir,
        .store = r->room->store,
        .service = r->options->service,
    };
    struct cog_http *http = NULL;
    struct noted noted = {.used = &r->asked};
    int rc = cog_http_open(&options, &http, err);

    if (rc == 0) {
        const struct cog_env env = {
            .transport = {.send = send_noted,
                          .pause = pause_noted,
                          .ctx = &noted},
            .clock = r->clock,
        };

        noted.transport = cog_http_transport(http);
        rc = cog_recheck_account(&env, &login, facts, err);
    }
    cog_http_close(http);
    return rc;
}

/*
 * No signal ends us between a pool that has rotated a refresh token and the
 * disk: whoever types Ctrl-C would turn that user away. Waits a few seconds at
 * most.
 */
static int
ask_undisturbed(struct round *r, const char *user,
                struct cog_login_facts *facts, struct cog_err *err)
{
    sigset_t all;
    sigset_t old;
    int rc = -1;

    (void)sigfillset(&all);
    (void)sigprocmask(SIG_SETMASK, &all, &old);
    r->asked = false;
    /* That it could not be reached a moment ago is no answer. */
    cog_pause_end(r->room->store, r->room->prepared.config.endpoint);
    if (cog_storeroom_prepare(r->room, user, err) == 0)
        rc = ask(r, facts, err);
    if (rc < 0 && err->code == COG_OK)
        cog_fail(err, COG_E_SYSTEM, "failed for an unknown reason");
    (void)sigprocmask(SIG_SETMASK, &old, NULL);
    return rc;
}

static enum outcome
outcome_of(enum cog_errc code)
{
    if (code == COG_OK)
        return ACCEPTED;
    if (code == COG_E_SCOPE)
        return NOT_OURS;
    return cog_tool_exit(code) == COG_EXIT_REFUSED ? REFUSED : UNKNOWN;
}

static void
show_progress(const struct round *r)
{
    if (r->progress)
        (void)fprintf(stderr, "\r%zu of %zu ", r->done, r->users);
}

static void
hide_progress(const struct round *r)
{
    if (r->progress)
        (void)fprintf(stderr, "\r%*s\r", 48, "");
}

static int
add_row(struct round *r, const char *user, enum outcome outcome,
        const char *method, const char *reason, struct cog_err *err)
{
    r->count[outcome]++;
    if (!r->options->json && outcome != REFUSED)
        return 0;
    return cog_rows_add(&r->rows,
                        json_pack("{s:o, s:s, s:o, s:o}", "user",
                                  cog_rows_text(user), "result", words[outcome],
                                  "method", cog_rows_text(method), "reason",
                                  cog_rows_text(reason)),
                        err);
}

static void
wait_a_little(void)
{
    const struct timespec pace = {
        .tv_sec = PACE_MS / 1000,
        .tv_nsec = (PACE_MS % 1000) * 1000L * 1000L,
    };

    (void)nanosleep(&pace, NULL);
}

/* Remember how bad it got. */
static void
judge(struct round *r, enum outcome outcome, enum cog_errc code)
{
    const enum cog_exit status =
        outcome == NOT_OURS ? COG_EXIT_OK : cog_tool_exit(code);

    if (status > r->worst)
        r->worst = status;
    r->failures = outcome == UNKNOWN ? r->failures + 1 : 0;
}

static int
recheck_user(struct round *r, const char *user, struct cog_err *err)
{
    struct cog_login_facts facts = COG_LOGIN_FACTS_INIT;
    struct cog_err why = COG_ERR_INIT;
    char reason[COG_ERR_MSG_BYTES];
    enum outcome outcome;

    if (r->failures >= FAILURES_MAX)
        return add_row(r, user, UNKNOWN, "", "not asked", err);
    show_progress(r);
    if (r->asked)
        wait_a_little();
    if (ask_undisturbed(r, user, &facts, &why) < 0)
        facts.method = "";
    cog_login_reason(&facts, &why, reason);
    outcome = outcome_of(why.code);
    judge(r, outcome, why.code);
    r->done++;
    hide_progress(r);
    if (outcome == UNKNOWN)
        cog_tool_say(user, reason);
    return add_row(r, user, outcome, facts.method, reason, err);
}

/* Whose binding it is cannot be told, but he is refused. */
static int
report_damaged(struct round *r, const struct cog_list *files,
               struct cog_err *err)
{
    for (size_t i = 0; i < files->count; i++) {
        json_t *row =
            json_pack("{s:n, s:s, s:o}", "user", "result", words[REFUSED],
                      "damaged", cog_rows_text(files->item[i]));

        if (cog_rows_add(&r->rows, row, err) < 0)
            return -1;
        r->count[REFUSED]++;
        judge(r, REFUSED, COG_E_IDENTITY);
    }
    return 0;
}

/*
 * The account phase's question, but what the pool said earlier does not count
 * when it cannot be asked now; with --all, not even when it is recent.
 */
static void
set_ages(struct round *r)
{
    struct cog_config *config = &r->room->prepared.config;

    config->recheck_grace_s = 0;
    if (r->options->all) {
        config->account_recheck_s = 0;
    } else if (config->account_recheck_s == COG_OPTIONS_OFF) {
        (void)fputs("account_recheck is off: without --all the pool is not "
                    "asked\n",
                    stderr);
    }
}

static int
recheck_everybody(struct round *r, struct cog_err *err)
{
    struct cog_list users = {.count = 0};
    struct cog_list damaged = {.count = 0};
    int rc = cog_storeroom_users(r->room, &users, &damaged, err);

    r->users = users.count;
    for (size_t i = 0; rc == 0 && i < users.count; i++)
        rc = recheck_user(r, users.item[i], err);
    if (rc == 0)
        rc = report_damaged(r, &damaged, err);
    cog_list_clear(&users);
    cog_list_clear(&damaged);
    return rc;
}

static int
run(struct round *r, struct cog_err *err)
{
    if (cog_storeroom_open(r->options, true, r->room, err) < 0 ||
        cog_http_setup(err) < 0 ||
        cog_rows_open(r->options->json, &r->rows, err) < 0)
        return -1;
    set_ages(r);
    if (recheck_everybody(r, err) < 0 || cog_rows_end(&r->rows, err) < 0)
        return -1;
    if (r->failures >= FAILURES_MAX) {
        (void)fprintf(stderr, "gave up after %d failures in a row\n",
                      FAILURES_MAX);
    }
    (void)fprintf(stderr, "%zu accepted, %zu refused, %zu unknown\n",
                  r->count[ACCEPTED], r->count[REFUSED], r->count[UNKNOWN]);
    return 0;
}

enum cog_exit
cog_recheck_all_run(const struct cog_tool_options *options)
{
    struct cog_storeroom room = COG_STOREROOM_INIT;
    struct round r = {
        .options = options,
        .room = &room,
        .clock = cog_clock_system(),
        .progress = isatty(STDERR_FILENO) == 1,
    };
    struct cog_err err = COG_ERR_INIT;

    cog_json_setup();
    (void)signal(SIGPIPE, SIG_IGN); /* a pool that hangs up costs one answer */
    if (run(&r, &err) < 0) {
        cog_tool_say("pam-cognito", err.msg);
        r.worst = cog_tool_exit(err.code);
    }
    cog_rows_close(&r.rows);
    cog_storeroom_close(&room);
    return r.worst;
}
