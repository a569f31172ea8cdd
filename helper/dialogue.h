/* SPDX-License-Identifier: MIT */
/*
 * dialogue.h - questions and texts by way of the module at the other end of
 * the socket.
 */
#ifndef COG_DIALOGUE_H
#define COG_DIALOGUE_H

#include <stdint.h>

#include "lib/core/clock.h"
#include "lib/core/protocol.h"
#include "lib/core/ui.h"
#include "lib/host/config.h"
#include "lib/net/http.h"

struct cog_dialogue {
    int fd;
    struct cog_clock clock;
    struct cog_http *http; /* its warm-up moves on while the user types */
    const struct cog_request *request;
    enum cog_qr_style qr; /* as configured */
    int64_t questions_ms; /* left for the user */
    enum cog_text open;   /* the question without an answer yet, or NONE */
};

/*
 * The user interface of sign-in code; borrows the dialogue. A question is sent
 * as it fits on the user's screen.
 */
struct cog_ui cog_dialogue_ui(struct cog_dialogue *dialogue);

#endif
