/* SPDX-License-Identifier: MIT */
/*
 * helper_main.c - pam-cognito-helper: started by the module, never by people.
 */
#include <unistd.h>

#include "helper/serve.h"
#include "lib/net/json.h"

int
main(void)
{
    cog_json_setup();
    return cog_serve_run(STDIN_FILENO);
}
