/* SPDX-License-Identifier: MIT */
#include "lib/store/ticket.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/core/name.h"
#include "lib/core/number.h"
#include "lib/core/protocol.h"
#include "lib/store/seal.h"
#include "lib/store/sheet.h"
#include "lib/store/slot.h"
#include "lib/store/store_private.h"

/* Digits of a number with its NUL. */
#define NUMBER_BYTES 21
/* The first fields are the identity, which also names the file; the last two
 * are times. */
#define IDENTITY 9
#define FIELDS   (IDENTITY + 2)

/* A ticket as text. */
struct form {
    char service[COG_SERVICE_SIZE];
    char user[COG_NAME_BYTES];
    char uid[NUMBER_BYTES];
    char sub[COG_SUB_SIZE];
    char real_uid[NUMBER_BYTES];
    char session[NUMBER_BYTES];
    char leader[NUMBER_BYTES];
    char tty[NUMBER_BYTES];
    char boot[COG_SESSION_BOOT_ID_BYTES];
    char unix_time[NUMBER_BYTES];
    char boot_time[NUMBER_BYTES];
    struct cog_sheet_field fields[FIELDS];
};

static void
lay_out(struct form *form)
{
    const struct cog_sheet_field fields[] = {
        {"service", form->service, sizeof(form->service)},
        {"user", form->user, sizeof(form->user)},
        {"uid", form->uid, sizeof(form->uid)},
        {"sub", form->sub, sizeof(form->sub)},
        {"real_uid", form->real_uid, sizeof(form->real_uid)},
        {"session", form->session, sizeof(form->session)},
        {"leader", form->leader, sizeof(form->leader)},
        {"tty", form->tty, sizeof(form->tty)},
        {"boot", form->boot, sizeof(form->boot)},
        {"unix_time", form->unix_time, sizeof(form->unix_time)},
        {"boot_time", form->boot_time, sizeof(form->boot_time)},
    };

    _Static_assert(sizeof(fields) == sizeof(form->fields), "all of them");
    memcpy(form->fields, fields, sizeof(fields));
}

static void
put_text(char *out, size_t size, const char *text)
{
    (void)snprintf(out, size, "%s", text);
}

static void
put_number(char out[NUMBER_BYTES], uint64_t number)
{
    (void)snprintf(out, NUMBER_BYTES, "%" PRIu64, number);
}

/* A text that does not fit would be another's. */
static bool
fits(const struct cog_ticket *ticket)
{
    return strlen(ticket->service) < COG_SERVICE_SIZE &&
           strlen(ticket->user) < COG_NAME_BYTES &&
           strlen(ticket->sub) < COG_SUB_SIZE;
}

/* Without a terminal or a living leader, whoever comes next with the same
 * numbers may be somebody else. */
static int
write_down(const struct cog_ticket *ticket, struct form *form,
           struct cog_err *err)
{
    const struct cog_session *session = ticket->session;

    if (session->sid <= 0 || session->leader_start == 0 || session->tty == 0)
        return cog_fail(err, COG_E_SCOPE, "no terminal session of its own");
    if (!fits(ticket))
        return cog_fail(err, COG_E_SYSTEM, "a ticket's name is too long");
    lay_out(form);
    put_text(form->service, sizeof(form->service), ticket->service);
    put_text(form->user, sizeof(form->user), ticket->user);
    put_number(form->uid, ticket->uid);
    put_text(form->sub, sizeof(form->sub), ticket->sub);
    put_number(form->real_uid, session->real_uid);
    put_number(form->session, (uint64_t)session->sid);
    put_number(form->leader, session->leader_start);
    put_number(form->tty, session->tty);
    put_text(form->boot, sizeof(form->boot), session->boot_id);
    return 0;
}

/* The name of a ticket's file is all of its identity. */
static int
name_of(const struct form *form, char ret[COG_SEAL_HEX_BYTES],
        struct cog_err *err)
{
    struct cog_secret identity = COG_SECRET_INIT(COG_SHEET_MAX);
    int rc = -1;

    if (cog_sheet_format("ticket", form->fields, IDENTITY, &identity, err) == 0)
        rc = cog_seal_hex(identity.data, identity.len, ret, err);
    cog_secret_clear(&identity);
    return rc;
}

static struct cog_slot
slot_of(const struct cog_store *store, const char *name)
{
    const struct cog_slot slot = {
        .dir = store->tickets,
        .name = name,
        .uid = store->uid,
        .max_bytes = COG_SHEET_MAX,
        .until_reboot = true,
    };

    return slot;
}

int
cog_ticket_write(const struct cog_store *store, const struct cog_ticket *ticket,
                 const struct cog_ticket_time *now, struct cog_err *err)
{
    struct cog_secret text = COG_SECRET_INIT(COG_SHEET_MAX);
    char name[COG_SEAL_HEX_BYTES];
    const struct cog_slot slot = slot_of(store, name);
    struct form form = {0};
    int rc = -1;

    if (store->tickets < 0)
        return cog_fail(err, COG_E_SYSTEM, "%s", store->no_run);
    if (now->unix_s < 0 || now->boot_s < 0)
        return cog_fail(err, COG_E_SYSTEM, "ticket: the clock is wrong");
    if (write_down(ticket, &form, err) < 0)
        return -1;
    put_number(form.unix_time, (uint64_t)now->unix_s);
    put_number(form.boot_time, (uint64_t)now->boot_s);
    if (name_of(&form, name, err) == 0 &&
        cog_sheet_format("ticket", form.fields, FIELDS, &text, err) == 0)
        rc = cog_slot_write(&slot, &text, err);
    cog_secret_clear(&text);
    return rc;
}

/* Not older than max_age_s, and not from the future. */
static bool
is_young(const char *then, int64_t now_s, int64_t max_age_s)
{
    int64_t then_s = 0;

    return cog_number_parse(then, 0, INT64_MAX, &then_s) && then_s <= now_s &&
           now_s - then_s <= max_age_s;
}

static bool
read_form(const struct cog_slot *slot, struct form *ret)
{
    struct cog_secret text = COG_SECRET_INIT(COG_SHEET_MAX);
    struct cog_err ignored = COG_ERR_INIT;
    bool found = false;
    bool good = false;

    lay_out(ret);
    if (cog_slot_read(slot, &text, &found, &ignored) == 0 && found) {
        good = cog_sheet_parse("ticket", cog_secret_str(&text), text.len,
                               ret->fields, FIELDS, &ignored) == 0;
    }
    cog_secret_clear(&text);
    return good;
}

bool
cog_ticket_holds(const struct cog_store *store, const struct cog_ticket *ticket,
                 const struct cog_ticket_time *now, int64_t max_age_s)
{
    struct cog_err ignored = COG_ERR_INIT;
    char name[COG_SEAL_HEX_BYTES];
    char got_name[COG_SEAL_HEX_BYTES];
    const struct cog_slot slot = slot_of(store, name);
    struct form want = {0};
    struct form got = {0};

    if (store->tickets < 0 || write_down(ticket, &want, &ignored) < 0 ||
        name_of(&want, name, &ignored) < 0 || !read_form(&slot, &got) ||
        name_of(&got, got_name, &ignored) < 0)
        return false;
    return strcmp(got_name, name) == 0 &&
           is_young(got.unix_time, now->unix_s, max_age_s) &&
           is_young(got.boot_time, now->boot_s, max_age_s);
}

void
cog_ticket_erase(const struct cog_store *store, const struct cog_ticket *ticket)
{
    struct cog_err ignored = COG_ERR_INIT;
    char name[COG_SEAL_HEX_BYTES];
    const struct cog_slot slot = slot_of(store, name);
    struct form form = {0};

    if (store->tickets >= 0 && write_down(ticket, &form, &ignored) == 0 &&
        name_of(&form, name, &ignored) == 0)
        (void)cog_slot_erase(&slot, &ignored);
}
