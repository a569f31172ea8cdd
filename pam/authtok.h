/* SPDX-License-Identifier: MIT */
/*
 * authtok.h - the passwords that the modules of one stack hand to each other
 * (PAM_AUTHTOK, PAM_OLDAUTHTOK): which of our questions they answer, and what
 * a later module of a password stack gets from us.
 *
 * An empty password is none: to our questions Enter is an answer of its own.
 */
#ifndef COG_AUTHTOK_H
#define COG_AUTHTOK_H

#include <security/pam_modules.h>
#include <stdbool.h>

#include "lib/core/err.h"
#include "lib/core/protocol.h"
#include "lib/core/secret.h"
#include "lib/core/text.h"
#include "pam/args.h"

/* A password that may come from an earlier module. */
struct cog_authtok_source {
    int item; /* where PAM keeps it */
    enum cog_stacked mode;
    bool used;          /* it has answered a question */
    enum cog_errc code; /* of a call that has to do with it and cannot */
    const char *why;
};

struct cog_authtok {
    pam_handle_t *pamh;
    bool changes;                    /* a password: there is a new one */
    struct cog_authtok_source proof; /* the password; the old one */
    struct cog_authtok_source wish;  /* the new one */
    bool repeat; /* the last new password was not typed: nor is its repeat */
    struct cog_secret old_password; /* the last answers, while it changes */
    struct cog_secret new_password;
};

/* What the arguments and the stack offer to a call. Clear it. */
struct cog_authtok cog_authtok_begin(pam_handle_t *pamh,
                                     const struct cog_args *args,
                                     enum cog_operation operation);

/* Does this text ask for the password that proves who the user is? */
bool cog_authtok_proves(enum cog_text text);

/*
 * Answer a question from the stack, if the arguments say so; *ret_used tells
 * whether that was done. If not, the user is asked.
 * COG_E_DENIED: use_first_pass, and nothing (more) to use. COG_E_AUTHTOK: the
 * same of use_authtok. COG_E_NOMEM.
 */
int cog_authtok_answer(struct cog_authtok *authtok, enum cog_text text,
                       struct cog_secret *answer, bool *ret_used,
                       struct cog_err *err) COG_MUST_USE;

/* Remember an answer; `stacked` as cog_authtok_answer() said. COG_E_NOMEM. */
int cog_authtok_note(struct cog_authtok *authtok, enum cog_text text,
                     const struct cog_secret *answer, bool stacked,
                     struct cog_err *err) COG_MUST_USE;

/*
 * No module of the stack may take a missing old password for one that need not
 * be checked. pam_unix does in the second half of chauthtok, and it gets there
 * when its own first half failed (Ctrl-D at its question is enough), the stack
 * passed over that, as Debian's does, and we said yes without asking for
 * anything. So PAM_OLDAUTHTOK is there from now on, if empty: it opens nothing.
 * But whoever looks for an old password from now on will not ask for one.
 * COG_E_SYSTEM: PAM would not keep it.
 */
int cog_authtok_guard(pam_handle_t *pamh, struct cog_err *err) COG_MUST_USE;

/*
 * The password was changed: later modules of this stack find the new one in
 * PAM_AUTHTOK, and in PAM_OLDAUTHTOK the old one if the pool proved it and no
 * earlier module left another. Best effort: where PAM has no memory for it,
 * whoever needs it fails by itself.
 */
void cog_authtok_hand_on(const struct cog_authtok *authtok, bool old_proven);

void cog_authtok_clear(struct cog_authtok *authtok);

#endif
