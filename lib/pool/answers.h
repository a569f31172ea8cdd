/* SPDX-License-Identifier: MIT */
/*
 * answers.h - one function for each challenge: what the table in flow.c calls.
 *
 * Each answers the challenge in run->reply, asking the user for what it
 * needs, and leaves the pool's next reply there. Errors as flow.h; after a
 * refusal run->facts->refused says of which kind it was.
 */
#ifndef COG_ANSWERS_H
#define COG_ANSWERS_H

#include "lib/core/err.h"
#include "lib/core/macros.h"
#include "lib/pool/run.h"

/* proof.c: passwords, as they are or by SRP, the user's and the device's. */
int cog_proof_password(struct cog_run *run, struct cog_err *err) COG_MUST_USE;
int cog_proof_password_srp(struct cog_run *run,
                           struct cog_err *err) COG_MUST_USE;
int cog_proof_verifier(struct cog_run *run, struct cog_err *err) COG_MUST_USE;
int cog_proof_device_srp(struct cog_run *run, struct cog_err *err) COG_MUST_USE;
int cog_proof_device_verifier(struct cog_run *run,
                              struct cog_err *err) COG_MUST_USE;

/* codes.c */
int cog_codes_totp(struct cog_run *run, struct cog_err *err) COG_MUST_USE;
int cog_codes_sms_mfa(struct cog_run *run, struct cog_err *err) COG_MUST_USE;
int cog_codes_sms_otp(struct cog_run *run, struct cog_err *err) COG_MUST_USE;
int cog_codes_email(struct cog_run *run, struct cog_err *err) COG_MUST_USE;

/* choose.c: which factor. */
int cog_choose_first(struct cog_run *run, struct cog_err *err) COG_MUST_USE;
int cog_choose_second(struct cog_run *run, struct cog_err *err) COG_MUST_USE;
int cog_choose_not_passkey(struct cog_run *run,
                           struct cog_err *err) COG_MUST_USE;

/* enrol.c, renew.c, custom.c */
int cog_enrol_factor(struct cog_run *run, struct cog_err *err) COG_MUST_USE;
int cog_renew_password(struct cog_run *run, struct cog_err *err) COG_MUST_USE;
int cog_custom_answer(struct cog_run *run, struct cog_err *err) COG_MUST_USE;

#endif
