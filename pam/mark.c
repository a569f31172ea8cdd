/* SPDX-License-Identifier: MIT */
#include "pam/mark.h"

#include <stdlib.h>
#include <string.h>

#include "lib/core/clock.h"

static const char key[] = "pam_cognito_signed_in";

struct mark {
    char user[COG_USER_SIZE];
    uid_t uid;
    int64_t at_ms; /* CLOCK_MONOTONIC */
};

static int64_t
now_ms(void)
{
    const struct cog_clock clock = cog_clock_system();

    return clock.mono_ms(clock.ctx);
}

static void
forget(pam_handle_t *pamh COG_UNUSED, void *data, int status COG_UNUSED)
{
    free(data);
}

int
cog_mark_clear(pam_handle_t *pamh, struct cog_err *err)
{
    if (pam_set_data(pamh, key, NULL, NULL) != PAM_SUCCESS)
        return cog_fail(err, COG_E_SYSTEM, "pam_set_data failed");
    return 0;
}

int
cog_mark_set(pam_handle_t *pamh, const struct cog_who *who, struct cog_err *err)
{
    struct mark *mark = calloc(1, sizeof(*mark));

    if (mark == NULL)
        return cog_fail_memory(err);
    memcpy(mark->user, who->user, sizeof(mark->user));
    mark->uid = who->uid;
    mark->at_ms = now_ms();
    if (pam_set_data(pamh, key, mark, forget) != PAM_SUCCESS) {
        free(mark);
        return cog_fail(err, COG_E_SYSTEM, "pam_set_data failed");
    }
    return 0;
}

bool
cog_mark_holds(pam_handle_t *pamh, const struct cog_who *who)
{
    const void *data = NULL;
    const struct mark *mark;
    int64_t age_ms;

    if (pam_get_data(pamh, key, &data) != PAM_SUCCESS || data == NULL)
        return false;
    mark = data;
    age_ms = now_ms() - mark->at_ms;
    return who->known && mark->uid == who->uid &&
           strcmp(mark->user, who->user) == 0 && age_ms >= 0 &&
           age_ms <= COG_MARK_MS;
}
