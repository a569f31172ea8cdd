/* SPDX-License-Identifier: MIT */
#include "helper/test_user.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "helper/sandbox.h"
#include "helper/terminal.h"
#include "lib/core/clock.h"
#include "lib/core/name.h"
#include "lib/host/file.h"
#include "lib/login/login.h"
#include "lib/net/http.h"
#include "lib/net/json.h"

/* Prints how long each step took. */
struct stopwatch {
    struct cog_clock clock;
    int64_t last_ms;
    struct cog_terminal terminal;
};

static void
lap(void *ctx, const char *name)
{
    struct stopwatch *watch = ctx;
    const int64_t now_ms = watch->clock.mono_ms(watch->clock.ctx);

    (void)fprintf(stderr, "%6lld ms  %s\n",
                  (long long)(now_ms - watch->last_ms), name);
    watch->last_ms = now_ms;
}

/* The time a person takes to type is nobody's step. */
static int
ask_off_the_clock(void *ctx, const struct cog_question *question,
                  struct cog_secret *answer, struct cog_err *err)
{
    struct stopwatch *watch = ctx;
    const struct cog_ui ui = cog_terminal_ui(&watch->terminal);
    const int rc = ui.ask(ui.ctx, question, answer, err);

    watch->last_ms = watch->clock.mono_ms(watch->clock.ctx);
    return rc;
}

static void
tell(void *ctx, enum cog_text text, const char *const *arg)
{
    struct stopwatch *watch = ctx;
    const struct cog_ui ui = cog_terminal_ui(&watch->terminal);

    ui.tell(ui.ctx, text, arg);
}

/* With root, look at the store and give root up. */
static int
give_up_root(const struct cog_prepared *prepared,
             struct cog_prepared_store *store, struct cog_err *err)
{
    if (geteuid() != 0) {
        (void)fputs("not root: the binding to a pool user was not checked\n",
                    stderr);
        return 0;
    }
    cog_prepare_store(prepared, false, store);
    return cog_sandbox_drop(prepared->run_as.uid, prepared->run_as.gid, err);
}

static int
prepare(const struct cog_tool_options *options, struct cog_prepared *prepared,
        struct cog_prepared_store *store, struct cog_err *err)
{
    const struct cog_config_reader reader = {
        .owner = cog_file_self(),
        .pam = true,
    };
    const struct cog_prepare_input input = {
        .config_path = options->config_path,
        .reader = &reader,
        .service = options->service,
        .user = options->user,
    };
    struct cog_config_problems problems = COG_CONFIG_PROBLEMS_INIT;
    const int rc = cog_prepare(&input, prepared, &problems, err);

    for (size_t i = 0; i < problems.errors.count; i++)
        (void)fprintf(stderr, "%s\n", problems.errors.item[i]);
    cog_config_problems_clear(&problems);
    if (rc == 0)
        return give_up_root(prepared, store, err);
    /* Whatever kept us from reading it, the remedy is the same. */
    if (err->code == COG_E_SYSTEM)
        err->code = COG_E_CONFIG;
    return -1;
}

/* As much as the service would leave for it. */
static int64_t
budget_ms(const struct cog_tool_options *options,
          const struct cog_prepared *prepared)
{
    const int64_t wanted_ms = prepared->config.timeout_s * 1000;
    const int64_t most_ms = cog_protocol_network_ms(
        options->service == NULL ? "" : options->service);

    return wanted_ms < most_ms ? wanted_ms : most_ms;
}

static int
sign_in(const struct cog_tool_options *options,
        const struct cog_prepared *prepared,
        const struct cog_prepared_store *store, struct cog_login_facts *facts,
        struct cog_err *err)
{
    const struct cog_clock clock = cog_clock_system();
    struct stopwatch watch = {
        .clock = clock,
        .last_ms = clock.mono_ms(clock.ctx),
        .terminal = {.qr = prepared->config.qr, .utf8 = options->utf8},
    };
    const struct cog_http_options http_options = {
        .ca_file = prepared->config.ca_file,
        .proxy = prepared->config.proxy,
        .budget_ms = budget_ms(options, prepared),
        .hangup_fd = -1,
        .clock = clock,
    };
    const struct cog_login login = {
        .prepared = prepared,
        .cache_dir = -1,
        .store = store->store,
        .no_store = store->no_store[0] == '\0' ? NULL : store->no_store,
        .store_unsound = store->unsound,
        .read_only = true,
        .service = options->service,
        .step = lap,
        .step_ctx = &watch,
    };
    struct cog_http *http = NULL;
    int rc = -1;

    if (cog_http_setup(err) == 0 &&
        cog_http_open(&http_options, &http, err) == 0) {
        const struct cog_env env = {
            .transport = cog_http_transport(http),
            .clock = clock,
            .ui = {.ask = ask_off_the_clock, .tell = tell, .ctx = &watch},
        };

        rc = cog_login_authenticate(&env, &login, facts, err);
    }
    cog_http_close(http);
    return rc;
}

/* A value on a terminal: pool text may hold anything. */
struct shown {
    char text[COG_ERR_MSG_BYTES * 4];
};

static struct shown
show(const char *value)
{
    struct shown s = {"-"};

    if (value[0] != '\0')
        cog_name_escape(value, strlen(value), s.text, sizeof(s.text));
    return s;
}

/* A user who is not ours would go on to the next module of a PAM stack. */
static const char *
result_of(const struct cog_err *err)
{
    if (err->code == COG_OK)
        return "ok";
    return err->code == COG_E_SCOPE ? "not ours" : "refused";
}

static struct shown
reason_of(const struct cog_login_facts *facts, const struct cog_err *err)
{
    char reason[COG_ERR_MSG_BYTES];

    cog_login_reason(facts, err, reason);
    return show(reason);
}

static int
print_text(const struct cog_tool_options *options,
           const struct cog_prepared *prepared,
           const struct cog_login_facts *facts, const struct cog_err *err)
{
    return printf("%s: user=%s pool_user=%s sub=%s mfa=%s reason=\"%s\"\n",
                  result_of(err), show(options->user).text,
                  show(prepared->pool_user).text, show(facts->sub).text,
                  show(facts->mfa).text, reason_of(facts, err).text);
}

static int
print_json(const struct cog_tool_options *options,
           const struct cog_prepared *prepared,
           const struct cog_login_facts *facts, const struct cog_err *err)
{
    json_t *doc = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:s}", "result", result_of(err), "user",
        show(options->user).text, "pool_user", prepared->pool_user, "sub",
        facts->sub, "mfa", facts->mfa, "reason", reason_of(facts, err).text);
    int rc = -1;

    if (doc != NULL && json_dumpf(doc, stdout, JSON_COMPACT) == 0)
        rc = puts("") < 0 ? -1 : 0;
    json_decref(doc);
    return rc;
}

/* What a full disk or a closed pipe swallowed is not success. */
static enum cog_exit
report(const struct cog_tool_options *options,
       const struct cog_prepared *prepared, const struct cog_login_facts *facts,
       const struct cog_err *err)
{
    const int rc = options->json ? print_json(options, prepared, facts, err)
                                 : print_text(options, prepared, facts, err);

    if (rc >= 0 && fflush(stdout) == 0)
        return cog_tool_exit(err->code);
    cog_tool_say("pam-cognito", "the result could not be printed");
    return COG_EXIT_INTERNAL;
}

/* What a sign-in through PAM would do now uses up tries, which a test must
 * not. */
static void
explain(const struct cog_prepared *prepared, const struct cog_err *err)
{
    if (err->code == COG_E_UNREACHABLE && prepared->config.offline) {
        (void)fputs("offline = yes: the PAM module would now try the password "
                    "of the last sign-in; this test never does\n",
                    stderr);
    }
}

enum cog_exit
cog_test_user_run(const struct cog_tool_options *options)
{
    struct cog_prepared prepared = COG_PREPARED_INIT;
    struct cog_prepared_store store = {.store = NULL};
    struct cog_login_facts facts = COG_LOGIN_FACTS_INIT;
    struct cog_err err = COG_ERR_INIT;
    enum cog_exit status;

    cog_json_setup();
    if (prepare(options, &prepared, &store, &err) == 0 &&
        sign_in(options, &prepared, &store, &facts, &err) < 0 &&
        err.code == COG_OK)
        cog_fail(&err, COG_E_SYSTEM, "failed for an unknown reason");
    explain(&prepared, &err);
    status = report(options, &prepared, &facts, &err);
    cog_store_close(store.store);
    cog_prepared_clear(&prepared);
    return status;
}
