/* SPDX-License-Identifier: MIT */
/*
 * protocol.h - what module and helper say to each other.
 *
 *   module                      helper
 *   request  ------------------>          once, first
 *            <------------------ ready    once: configuration read
 *            <------------------ ask      any number, bounded
 *   answer   ------------------>          one for each question
 *            <------------------ tell     any number, bounded
 *            <------------------ verdict  once, last, then end of file
 *
 * Each end checks every field it receives (form, length, range) and refuses
 * the call otherwise. The nonce ties a verdict to its request.
 */
#ifndef COG_PROTOCOL_H
#define COG_PROTOCOL_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/core/err.h"
#include "lib/core/name.h"
#include "lib/core/secret.h"
#include "lib/core/ui.h"
#include "lib/core/wire.h"

/* Sizes in bytes, with the NUL. */
#define COG_NONCE_SIZE   33 /* 16 random bytes in hex */
#define COG_SERVICE_SIZE 65 /* PAM service name */
#define COG_USER_SIZE    COG_NAME_BYTES
#define COG_PATH_SIZE    512 /* path of the configuration file */
#define COG_TTY_SIZE     65  /* name of a terminal */
#define COG_RHOST_SIZE   256 /* host name or address */
#define COG_POOL_SIZE    COG_NAME_POOL_BYTES
#define COG_SUB_SIZE     129 /* sub claim */
#define COG_WORD_SIZE    33  /* method, second factor */

/* Longest answer we use, in bytes: Linux-PAM's own limit is 512 with NUL. */
#define COG_ANSWER_MAX ((size_t)511)

/* Time all questions of one call share, in milliseconds: below sshd's
 * LoginGraceTime (120 s) and login's LOGIN_TIMEOUT (60 s). */
#define COG_QUESTIONS_MS ((int64_t)90 * 1000)
#ifndef COG_QUESTIONS_LOGIN_MS /* tests wait less */
#    define COG_QUESTIONS_LOGIN_MS ((int64_t)45 * 1000)
#endif
/* Time the helper has until it is ready: exec, configuration, NSS. */
#ifndef COG_START_MS /* tests wait less */
#    define COG_START_MS ((int64_t)20 * 1000)
#endif
/* What the helper may take beyond its network budget: waiting for another
 * helper that fetches the key set (2 s), computing, and saying so. */
#ifndef COG_SLACK_MS /* tests wait less */
#    define COG_SLACK_MS ((int64_t)4 * 1000)
#endif
/* What `timeout` is cut to, in milliseconds, so that questions and network
 * together end before the same limits. */
#define COG_NETWORK_SERVICE_MS ((int64_t)25 * 1000)
#define COG_NETWORK_LOGIN_MS   ((int64_t)12 * 1000)
/* Largest network budget (`timeout`), in milliseconds. */
#define COG_NETWORK_MAX_MS ((int64_t)60 * 1000)

enum cog_operation {
    COG_OP_AUTHENTICATE = 1,
    COG_OP_ACCOUNT,
    COG_OP_PRELIM,   /* chauthtok, PAM_PRELIM_CHECK: asks nothing */
    COG_OP_PASSWORD, /* chauthtok, PAM_UPDATE_AUTHTOK */
    COG_OP_COUNT_    /* keep last */
};

/* Whether an earlier module's password answers the password question. */
enum cog_stacked {
    COG_STACKED_NO = 0,
    COG_STACKED_TRY,  /* first; then the user is asked once */
    COG_STACKED_ONLY, /* nobody is asked */
    COG_STACKED_COUNT_
};

struct cog_request {
    enum cog_operation operation;
    enum cog_stacked stacked;
    char nonce[COG_NONCE_SIZE];
    char service[COG_SERVICE_SIZE];
    char user[COG_USER_SIZE];
    char conf[COG_PATH_SIZE]; /* "" for the default */
    /* For what fits on the user's screen, for tickets and for the log; "" when
     * PAM does not say. Hostile in su and sudo: never more than a hint. */
    char tty[COG_TTY_SIZE];     /* PAM_TTY */
    char ruser[COG_USER_SIZE];  /* PAM_RUSER */
    char rhost[COG_RHOST_SIZE]; /* PAM_RHOST */
    bool utf8;                  /* the application's locale prints UTF-8 */
};

struct cog_verdict {
    enum cog_errc code;
    char nonce[COG_NONCE_SIZE];
    char user[COG_USER_SIZE];       /* the request's */
    char reason[COG_ERR_MSG_BYTES]; /* for the log */
    char pool_user[COG_POOL_SIZE];  /* "" when unknown, as those below */
    char sub[COG_SUB_SIZE];         /* of a verified token only */
    char method[COG_WORD_SIZE];     /* how the user signed in */
    char mfa[COG_WORD_SIZE];        /* which second factor */
    bool debug; /* the configuration asks for every decision in the log */
};

/* A question as it arrives at the module; the args borrow from the frame. */
struct cog_asked {
    bool echo;
    enum cog_text text;
    const char *arg[COG_TEXT_ARGS];
    enum cog_text option[COG_TEXT_OPTIONS];
    size_t options;
};

/* Milliseconds all questions of a call may take with this PAM service. */
int64_t cog_protocol_questions_ms(const char *service);

/* The most of the network budget that still fits before the service gives up,
 * in milliseconds. */
int64_t cog_protocol_network_ms(const char *service);

/*
 * Senders: COG_E_SYSTEM when the other end is gone. Receivers take a frame
 * of their kind and fill ret: COG_E_SYSTEM for any other kind or content.
 */
int cog_protocol_send_request(int fd, const struct cog_request *request,
                              struct cog_err *err) COG_MUST_USE;
int cog_protocol_read_request(const struct cog_frame *frame,
                              struct cog_request *ret,
                              struct cog_err *err) COG_MUST_USE;

int cog_protocol_send_ready(int fd, int64_t network_ms,
                            struct cog_err *err) COG_MUST_USE;
int cog_protocol_read_ready(const struct cog_frame *frame,
                            int64_t *ret_network_ms,
                            struct cog_err *err) COG_MUST_USE;

int cog_protocol_send_ask(int fd, const struct cog_question *question,
                          struct cog_err *err) COG_MUST_USE;
int cog_protocol_read_ask(const struct cog_frame *frame, struct cog_asked *ret,
                          struct cog_err *err) COG_MUST_USE;

/* There is no "I could not ask": the module then ends the helper. */
int cog_protocol_send_answer(int fd, const struct cog_secret *answer,
                             struct cog_err *err) COG_MUST_USE;
int cog_protocol_read_answer(const struct cog_frame *frame,
                             struct cog_secret *ret,
                             struct cog_err *err) COG_MUST_USE;

int cog_protocol_send_tell(int fd, enum cog_text text, const char *const *arg,
                           struct cog_err *err) COG_MUST_USE;
int cog_protocol_read_tell(const struct cog_frame *frame, struct cog_asked *ret,
                           struct cog_err *err) COG_MUST_USE;

int cog_protocol_send_verdict(int fd, const struct cog_verdict *verdict,
                              struct cog_err *err) COG_MUST_USE;
/* Also checks that nonce and user are the request's. */
int cog_protocol_read_verdict(const struct cog_frame *frame,
                              const struct cog_request *request,
                              struct cog_verdict *ret,
                              struct cog_err *err) COG_MUST_USE;

#endif
