/* SPDX-License-Identifier: MIT */
/*
 * run.h - a sign-in in progress, and what its answers to challenges share.
 *
 * Private to the flow: flow.c has the table of challenges and decides when a
 * sign-in is over; answers.h names the functions the table calls.
 */
#ifndef COG_RUN_H
#define COG_RUN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/core/err.h"
#include "lib/core/macros.h"
#include "lib/core/name.h"
#include "lib/core/secret.h"
#include "lib/core/ui.h"
#include "lib/pool/flow.h"

/* Longest answer to a question, in bytes. */
#define COG_RUN_ANSWER_MAX COG_FLOW_PASSWORD_MAX
/* What is wrong with one is asked about again this often. */
#define COG_RUN_REASKS_MAX 3

struct cog_run {
    const struct cog_env *env;
    const struct cog_flow *flow;
    struct cog_api_reply *reply; /* the last one */
    struct cog_flow_facts *facts;
    const struct cog_device *device; /* named to the pool; NULL: none */
    struct cog_secret password;      /* as typed; the new one after a change */
    /* Pairs whose SRP_A the pool has been sent, each good for one proof: of
     * the user's password, of the device's. NULL: none. */
    struct cog_srp *user_pair;
    struct cog_srp *device_pair;
    bool flow_pair_used;
    const char *preferred; /* the first factor chosen in a menu, or NULL */
    bool undecided;        /* prefer none, though a password was typed */
    json_t *available;     /* the last AvailableChallenges, or NULL: ours */
    /* Who answers challenges: see "Which username" in api.h's answer. */
    char username[COG_NAME_POOL_BYTES];
    bool begun; /* InitiateAuth was answered; false: it is to be sent */
    /* Begun again once already: for an expired session, for a passkey. */
    bool restarted;
    bool avoided;
    int rounds; /* challenges answered in this session */
    bool sent;  /* a code was, in this session; in the one before */
    bool sent_before;
    /* In this session. facts->proven also counts one that expired, which is
     * enough for what a refusal may say, and not for tokens. */
    bool proven;
    bool unclear;  /* the password was sent; the reply does not say if right */
    bool accepted; /* the last answer led on, not back to the same question */
};

/* Put a question. */
int cog_run_ask(struct cog_run *run, const struct cog_question *question,
                struct cog_secret *answer, struct cog_err *err) COG_MUST_USE;

/* Put a question, without the blanks people type into numbers and codes. `ret`
 * stays empty when what was typed is of no use. */
int cog_run_ask_number(struct cog_run *run, const struct cog_question *question,
                       struct cog_secret *ret,
                       struct cog_err *err) COG_MUST_USE;

/*
 * The same for what is sent to the pool, with blanks and without them.
 * COG_E_DENIED: the answer is the user's password, which some applications give
 * to every question by themselves: not to be asked again.
 */
int cog_run_ask_word(struct cog_run *run, const struct cog_question *question,
                     struct cog_secret *ret, struct cog_err *err) COG_MUST_USE;
int cog_run_ask_code(struct cog_run *run, const struct cog_question *question,
                     struct cog_secret *ret, struct cog_err *err) COG_MUST_USE;

/* COG_E_DENIED: the answer is the user's name, which other applications give.
 * For questions of which that cannot be the answer. */
int cog_run_check_name(const struct cog_run *run,
                       const struct cog_secret *answer,
                       struct cog_err *err) COG_MUST_USE;

/* COG_E_DENIED: the answer is the code just refused. */
int cog_run_check_news(const struct cog_secret *refused,
                       const struct cog_secret *code,
                       struct cog_err *err) COG_MUST_USE;

/* Worth sending: something, and nothing but what can have been typed. The
 * next sign-in would refuse a new password that has control characters, and
 * lock its owner out. */
bool cog_run_usable(const struct cog_secret *answer);

/* One try at a question; sets *ret_again when it fails in a way that another
 * try may mend. */
typedef int cog_run_try(struct cog_run *run, void *ctx, bool *ret_again,
                        struct cog_err *err);

/* Try until it succeeds, fails for good, or was tried COG_RUN_REASKS_MAX more
 * times; then with the last try's error. */
int cog_run_retry(struct cog_run *run, cog_run_try *once, void *ctx,
                  struct cog_err *err) COG_MUST_USE;

/* Answer the challenge at hand; its reply takes the old one's place, and
 * run->accepted says what it means. On failure the challenge stays, so that a
 * question can be put again. */
int cog_run_respond(struct cog_run *run, const struct cog_api_field *fields,
                    size_t count, struct cog_err *err) COG_MUST_USE;

/* Keep what the last reply says of AvailableChallenges: later ones do not. */
void cog_run_keep_offer(struct cog_run *run);

/* Challenges that ask for a first factor, which only USER_AUTH poses: who is
 * asked for one has proven nothing. EMAIL_OTP, which can also be a second
 * factor, is not among them. */
bool cog_run_asks_first(const char *challenge);

/* The pool accepted the first factor `method` (flow.h; static). */
void cog_run_prove(struct cog_run *run, const char *method);

/* The same for the password at hand. COG_E_NOMEM. */
int cog_run_prove_password(struct cog_run *run,
                           struct cog_err *err) COG_MUST_USE;

/* `to` becomes a copy. Errors as cog_secret_append(). */
int cog_run_copy(struct cog_secret *to, const struct cog_secret *from,
                 struct cog_err *err) COG_MUST_USE;

#endif
