/* SPDX-License-Identifier: MIT */
/*
 * Any challenge: SRP_B, SALT, USER_ID_FOR_SRP and SECRET_BLOCK, a line each
 * (a line left out is a missing parameter). Whatever is signed has the length
 * of a signature; whatever is refused leaves none.
 */
#include <stdint.h>
#include <string.h>

#include "lib/pool/srp.h"

/* An input longer than every bound of srp.c together finds nothing new. */
#define INPUT_MAX 70000
#define LINES     4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(bool holds)
{
    if (!holds)
        __builtin_trap();
}

/* Cut the text into lines in place; missing ones are NULL. */
static void
split(char *text, const char *line[LINES])
{
    char *rest = text;

    for (size_t i = 0; i < LINES; i++)
        line[i] = rest == NULL ? NULL : strsep(&rest, "\n");
}

static void
sign(const struct cog_srp_challenge *challenge)
{
    struct cog_secret signature = COG_SECRET_INIT(COG_SRP_SIGNATURE_BYTES);
    struct cog_err err = COG_ERR_INIT;
    struct cog_srp *srp = NULL;

    check(cog_srp_start_with("abcd", &srp, &err) == 0);
    if (cog_srp_sign(srp, challenge, "Sat Nov 1 03:04:05 UTC 2025", &signature,
                     &err) < 0) {
        check(err.code == COG_E_PROTOCOL && signature.len == 0);
    } else {
        check(signature.len == COG_SRP_SIGNATURE_BYTES);
    }
    cog_srp_close(srp);
    cog_secret_clear(&signature);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cog_secret password = COG_SECRET_INIT(16);
    struct cog_secret text = COG_SECRET_INIT(INPUT_MAX);
    struct cog_srp_challenge challenge = {
        .pool_name = "Pool1",
        .password = &password,
    };
    struct cog_err err = COG_ERR_INIT;
    const char *line[LINES];

    if (size > INPUT_MAX || cog_secret_append(&text, data, size, &err) < 0 ||
        cog_secret_append_str(&password, "Passw0rd!", &err) < 0)
        return 0;
    split(text.data, line);
    challenge.b = line[0];
    challenge.salt = line[1];
    challenge.user_id = line[2];
    challenge.secret_block = line[3];
    sign(&challenge);
    cog_secret_clear(&text);
    cog_secret_clear(&password);
    return 0;
}
