/* SPDX-License-Identifier: MIT */
/*
 * menu.h - which of the ways the pool offers the user wants to go.
 */
#ifndef COG_MENU_H
#define COG_MENU_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/core/err.h"
#include "lib/core/macros.h"
#include "lib/core/text.h"
#include "lib/pool/run.h"

/* One way: the pool's name for it, and ours. */
struct cog_menu_way {
    const char *name;
    enum cog_text text;
};

struct cog_menu {
    enum cog_text title;
    bool always; /* ask even when there is only one way */
    /* In the order they are shown, at most COG_TEXT_OPTIONS. Ways with the
     * same text stand together and are one option: the first offered. */
    const struct cog_menu_way *way;
    size_t count;
    const char *refusal; /* for the log, when none is offered */
};

/*
 * Let the user choose among the ways that are in `offered` (an array of
 * printable strings, or NULL for none). *ret is the name in menu->way.
 * COG_E_BROWSER: nothing but a passkey is left. COG_E_CHALLENGE: nothing at
 * all; names what was offered. COG_E_DENIED: none was chosen.
 */
int cog_menu_choose(struct cog_run *run, const struct cog_menu *menu,
                    const json_t *offered, const char **ret,
                    struct cog_err *err) COG_MUST_USE;

#endif
