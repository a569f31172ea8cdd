/* SPDX-License-Identifier: MIT */
/*
 * ticket.h - "signed in interactively through this service on this terminal
 * session": what reauth = refresh asks for. Gone at boot.
 */
#ifndef COG_TICKET_H
#define COG_TICKET_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/core/err.h"
#include "lib/core/macros.h"
#include "lib/host/session.h"
#include "lib/store/store.h"

/* Whose ticket; all borrowed. */
struct cog_ticket {
    const char *service;
    const char *user; /* PAM_USER */
    uid_t uid;        /* his */
    const char *sub;  /* of the binding */
    const struct cog_session *session;
};

/* What the clocks say: both must agree that a ticket is young. */
struct cog_ticket_time {
    int64_t unix_s;
    int64_t boot_s; /* CLOCK_BOOTTIME, seconds */
};

/* Write or replace. COG_E_SYSTEM: no ticket then, which costs a question.
 * COG_E_SCOPE: this session can have none (no terminal, no leader). */
int cog_ticket_write(const struct cog_store *store,
                     const struct cog_ticket *ticket,
                     const struct cog_ticket_time *now,
                     struct cog_err *err) COG_MUST_USE;

/* Is there one, of exactly this user, service, session, terminal and boot, no
 * older than max_age_s by either clock and not from the future? Anything else,
 * errors included, is no. */
bool cog_ticket_holds(const struct cog_store *store,
                      const struct cog_ticket *ticket,
                      const struct cog_ticket_time *now, int64_t max_age_s);

/* Remove it; none is fine. */
void cog_ticket_erase(const struct cog_store *store,
                      const struct cog_ticket *ticket);

#endif
