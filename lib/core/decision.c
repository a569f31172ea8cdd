/* SPDX-License-Identifier: MIT */
#include "lib/core/decision.h"

#include <stdio.h>
#include <string.h>

#include "lib/core/name.h"

/* A value without blanks for key=value: escaped, "-" when empty. */
struct word {
    char text[COG_POOL_SIZE * 4];
};

static struct word
word(const char *value)
{
    struct word w;

    cog_name_escape(value, strlen(value), w.text, sizeof(w.text));
    for (char *p = w.text; *p != '\0'; p++) {
        if (*p == ' ')
            *p = '_';
    }
    if (w.text[0] == '\0')
        memcpy(w.text, "-", 2);
    return w;
}

void
cog_decision_ref(const char *nonce, char ret[COG_DECISION_REF_DIGITS + 1])
{
    /* Without a nonce nothing was decided but the scope. */
    memcpy(ret, *nonce == '\0' ? "0000" : nonce, COG_DECISION_REF_DIGITS);
    ret[COG_DECISION_REF_DIGITS] = '\0';
}

void
cog_decision_format(const struct cog_decision *decision,
                    char ret[COG_DECISION_SIZE])
{
    const struct cog_verdict *v = decision->verdict;
    char ref[COG_DECISION_REF_DIGITS + 1];
    char reason[COG_ERR_MSG_BYTES * 4];

    cog_decision_ref(decision->nonce, ref);
    cog_name_escape(decision->reason, strlen(decision->reason), reason,
                    sizeof(reason));
    if (snprintf(ret, COG_DECISION_SIZE,
                 "result=%s code=%s user=%s pool_user=%s sub=%s method=%s "
                 "mfa=%s rhost=%s reason=\"%s\" ref=%s",
                 decision->accepted ? "ok" : "refused", decision->code,
                 word(decision->user).text, word(v->pool_user).text,
                 word(v->sub).text, word(v->method).text, word(v->mfa).text,
                 word(decision->rhost).text, reason, ref) < 0)
        ret[0] = '\0';
}
