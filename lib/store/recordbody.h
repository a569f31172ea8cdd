/* SPDX-License-Identifier: MIT */
/*
 * recordbody.h - what is sealed in a record: its fields as bytes.
 */
#ifndef COG_RECORDBODY_H
#define COG_RECORDBODY_H

#include <stddef.h>

#include "lib/core/err.h"
#include "lib/core/macros.h"
#include "lib/core/secret.h"
#include "lib/store/record.h"

/* The largest body in bytes: the token, and 100 groups (Cognito's quota for a
 * user) with the longest names. */
#define COG_RECORDBODY_MAX ((size_t)128 * 1024)
/* More pool groups than any user has. */
#define COG_RECORDBODY_GROUPS 1000

/* Append the bytes of a record. COG_E_PROTOCOL: larger than a record may be,
 * or what could not be read again. COG_E_NOMEM. */
int cog_recordbody_encode(const struct cog_record *record,
                          struct cog_secret *ret,
                          struct cog_err *err) COG_MUST_USE;

/* Read them into `ret` (COG_RECORD_INIT or cleared), which is left cleared
 * when this fails. COG_E_IDENTITY: malformed. COG_E_NOMEM. */
int cog_recordbody_decode(const void *bytes, size_t len, struct cog_record *ret,
                          struct cog_err *err) COG_MUST_USE;

#endif
