/* SPDX-License-Identifier: MIT */
/*
 * qr_print - draws TEXT as the product would: qr_print STYLE TEXT, with the
 * number of the style.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/browser/qr.h"

int
main(int argc, char **argv)
{
    const struct cog_qr_room room = {SIZE_MAX, SIZE_MAX};
    struct cog_secret code = COG_SECRET_INIT(COG_QR_MAX);
    struct cog_err err = COG_ERR_INIT;
    bool fits = false;
    int style;

    if (argc != 3)
        return 2;
    style = (int)strtol(argv[1], NULL, 10);
    if (cog_qr_render(argv[2], (enum cog_qr_style)style, &room, &code, &fits,
                      &err) < 0 ||
        !fits)
        return 1;
    (void)fputs(cog_secret_str(&code), stdout);
    cog_secret_clear(&code);
    return 0;
}
