/* SPDX-License-Identifier: MIT */
#include "helper/farewell.h"

#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "lib/core/decision.h"
#include "lib/core/text.h"

/* A process closes its files a little before its children become another's;
 * a module that lives needs less to end this process. */
#define NAP_MS 10
#define NAPS   30

/* In the order of enum cog_operation; as pam_syslog(3) calls them. */
static const char *const phases[COG_OP_COUNT_] = {"auth", "auth", "account",
                                                  "chauthtok", "chauthtok"};

void
cog_farewell_prepare(void)
{
    openlog("pam-cognito-helper", LOG_NDELAY | LOG_PID, LOG_AUTHPRIV);
}

bool
cog_farewell_alone(pid_t module)
{
    const struct timespec nap = {.tv_nsec = NAP_MS * 1000L * 1000L};

    for (int i = 0; i < NAPS && getppid() == module; i++)
        (void)nanosleep(&nap, NULL);
    return getppid() != module;
}

/* What was proven is the point: somebody else may know a password. */
static void
reason_of(const struct cog_farewell *farewell, char ret[COG_ERR_MSG_BYTES])
{
    const char *question = cog_text_msgid(farewell->open);
    const char *proof =
        farewell->proven ? "the pool had accepted the " : "nothing was proven";
    const char *factor = farewell->proven ? farewell->verdict->method : "";

    if (farewell->open == COG_TEXT_NONE) {
        (void)snprintf(ret, COG_ERR_MSG_BYTES, "left before the decision; %s%s",
                       proof, factor);
        return;
    }
    (void)snprintf(ret, COG_ERR_MSG_BYTES, "%s '%.*s'; %s%s",
                   farewell->late ? "no answer in time to"
                                  : "left at the question",
                   (int)strcspn(question, ":\n"), question, proof, factor);
}

void
cog_farewell_log(const struct cog_farewell *farewell)
{
    const struct cog_request *request = farewell->request;
    char reason[COG_ERR_MSG_BYTES];
    const struct cog_decision decision = {
        .code = farewell->late ? "PAM_AUTH_ERR" : "PAM_CONV_ERR",
        .user = request->user,
        .verdict = farewell->verdict,
        .rhost = request->rhost,
        .reason = reason,
        .nonce = request->nonce,
    };
    char service[COG_SERVICE_SIZE * 4];
    char line[COG_DECISION_SIZE];

    reason_of(farewell, reason);
    cog_name_escape(request->service, strlen(request->service), service,
                    sizeof(service));
    cog_decision_format(&decision, line);
    syslog(LOG_NOTICE, "pam_cognito(%s:%s): %s", service,
           phases[request->operation], line);
}
