/* SPDX-License-Identifier: MIT */
#include "lib/store/recordbody.h"

#include <stdio.h>
#include <string.h>

#include "lib/store/pack.h"

static int
pack_secret(struct cog_secret *ret, const struct cog_secret *field,
            struct cog_err *err)
{
    return cog_pack_field(ret, cog_secret_str(field), field->len, err);
}

static int
pack_groups(struct cog_secret *ret, const struct cog_list *groups,
            struct cog_err *err)
{
    if (groups->count > COG_RECORDBODY_GROUPS)
        return cog_fail(err, COG_E_PROTOCOL, "%zu groups", groups->count);
    if (cog_pack_number(ret, groups->count, err) < 0)
        return -1;
    for (size_t i = 0; i < groups->count; i++) {
        if (strlen(groups->item[i]) >= COG_NAME_POOL_BYTES)
            return cog_fail(err, COG_E_PROTOCOL, "a group's name is too long");
        if (cog_pack_text(ret, groups->item[i], err) < 0)
            return -1;
    }
    return 0;
}

/* What decoding would refuse must not replace a record that can be read. */
static int
check(const struct cog_record *record, struct cog_err *err)
{
    if (record->refresh_token.len > COG_RECORD_TOKEN_MAX ||
        record->device_key.len > COG_RECORD_DEVICE_MAX ||
        record->device_group_key.len > COG_RECORD_DEVICE_MAX ||
        record->device_password.len > COG_RECORD_DEVICE_MAX ||
        record->verifier.len > COG_RECORD_VERIFIER_MAX)
        return cog_fail(err, COG_E_PROTOCOL, "a field is too long");
    if (record->online_s < 0 || record->interactive_s < 0 ||
        record->tries_left > COG_RECORD_TRIES)
        return cog_fail(err, COG_E_PROTOCOL, "a number is out of range");
    return 0;
}

int
cog_recordbody_encode(const struct cog_record *record, struct cog_secret *ret,
                      struct cog_err *err)
{
    if (check(record, err) < 0 ||
        pack_secret(ret, &record->refresh_token, err) < 0 ||
        cog_pack_text(ret, record->username, err) < 0 ||
        pack_secret(ret, &record->device_key, err) < 0 ||
        pack_secret(ret, &record->device_group_key, err) < 0 ||
        pack_secret(ret, &record->device_password, err) < 0 ||
        pack_groups(ret, &record->groups, err) < 0 ||
        cog_pack_number(ret, (uint64_t)record->online_s, err) < 0 ||
        cog_pack_number(ret, (uint64_t)record->interactive_s, err) < 0 ||
        cog_pack_number(ret, record->second_factor ? 1 : 0, err) < 0 ||
        pack_secret(ret, &record->verifier, err) < 0 ||
        cog_pack_number(ret, record->tries_left, err) < 0)
        return -1;
    return 0;
}

static int
unpack_secret(struct cog_unpack *from, struct cog_secret *ret,
              struct cog_err *err)
{
    const unsigned char *bytes = NULL;
    size_t len = 0;

    if (cog_unpack_field(from, ret->max, &bytes, &len, err) < 0)
        return -1;
    return len == 0 ? 0 : cog_secret_append(ret, bytes, len, err);
}

/* *ret borrows; it is not NUL-terminated and has no NUL in it. */
static int
unpack_text(struct cog_unpack *from, const char **ret, size_t *ret_len,
            struct cog_err *err)
{
    const unsigned char *bytes = NULL;

    if (cog_unpack_field(from, COG_NAME_POOL_BYTES - 1, &bytes, ret_len, err) <
        0)
        return -1;
    if (memchr(bytes, '\0', *ret_len) != NULL)
        return cog_fail(err, COG_E_IDENTITY, "NUL byte in a name");
    *ret = (const char *)bytes;
    return 0;
}

static int
unpack_username(struct cog_unpack *from, struct cog_record *ret,
                struct cog_err *err)
{
    const char *text = "";
    size_t len = 0;

    if (unpack_text(from, &text, &len, err) < 0)
        return -1;
    memcpy(ret->username, text, len);
    ret->username[len] = '\0';
    return 0;
}

static int
unpack_groups(struct cog_unpack *from, struct cog_list *ret,
              struct cog_err *err)
{
    uint64_t count;

    if (cog_unpack_number(from, COG_RECORDBODY_GROUPS, &count, err) < 0)
        return -1;
    for (uint64_t i = 0; i < count; i++) {
        const char *text = "";
        size_t len = 0;

        if (unpack_text(from, &text, &len, err) < 0 ||
            cog_list_append(ret, text, len, err) < 0)
            return -1;
    }
    return 0;
}

static int
unpack_time(struct cog_unpack *from, int64_t *ret, struct cog_err *err)
{
    uint64_t number;

    if (cog_unpack_number(from, INT64_MAX, &number, err) < 0)
        return -1;
    *ret = (int64_t)number;
    return 0;
}

static int
unpack_factor(struct cog_unpack *from, bool *ret, struct cog_err *err)
{
    uint64_t number;

    if (cog_unpack_number(from, 1, &number, err) < 0)
        return -1;
    *ret = number == 1;
    return 0;
}

static int
unpack_tries(struct cog_unpack *from, unsigned *ret, struct cog_err *err)
{
    uint64_t number;

    if (cog_unpack_number(from, COG_RECORD_TRIES, &number, err) < 0)
        return -1;
    *ret = (unsigned)number;
    return 0;
}

static int
unpack_record(struct cog_unpack *from, struct cog_record *ret,
              struct cog_err *err)
{
    if (unpack_secret(from, &ret->refresh_token, err) < 0 ||
        unpack_username(from, ret, err) < 0 ||
        unpack_secret(from, &ret->device_key, err) < 0 ||
        unpack_secret(from, &ret->device_group_key, err) < 0 ||
        unpack_secret(from, &ret->device_password, err) < 0 ||
        unpack_groups(from, &ret->groups, err) < 0 ||
        unpack_time(from, &ret->online_s, err) < 0 ||
        unpack_time(from, &ret->interactive_s, err) < 0 ||
        unpack_factor(from, &ret->second_factor, err) < 0 ||
        unpack_secret(from, &ret->verifier, err) < 0 ||
        unpack_tries(from, &ret->tries_left, err) < 0)
        return -1;
    if (from->left > 0)
        return cog_fail(err, COG_E_IDENTITY, "something follows the record");
    return 0;
}

int
cog_recordbody_decode(const void *bytes, size_t len, struct cog_record *ret,
                      struct cog_err *err)
{
    struct cog_unpack from = {bytes, len};

    if (unpack_record(&from, ret, err) == 0)
        return 0;
    cog_record_clear(ret);
    return -1;
}
