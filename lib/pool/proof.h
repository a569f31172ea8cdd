/* SPDX-License-Identifier: MIT */
/*
 * proof.h - proofs of a password, and the SRP pairs they take.
 *
 * A pair is good for one proof. The password is asked for before its SRP_A
 * is sent: the pool waits only seconds for the other half.
 */
#ifndef COG_PROOF_H
#define COG_PROOF_H

#include "lib/core/err.h"
#include "lib/core/macros.h"
#include "lib/pool/run.h"

/* Ask for the password unless it is known. COG_E_DENIED: none was typed. */
int cog_proof_need_password(struct cog_run *run,
                            struct cog_err *err) COG_MUST_USE;

/* A fresh pair for the user's password; *ret is its SRP_A, valid until the
 * proof. Errors as cog_srp_start(). */
int cog_proof_offer(struct cog_run *run, const char **ret,
                    struct cog_err *err) COG_MUST_USE;

/* Answer with the password ("PASSWORD") or the first half of its proof
 * ("PASSWORD_SRP"): that challenge, or SELECT_CHALLENGE. */
int cog_proof_first(struct cog_run *run, const char *factor,
                    struct cog_err *err) COG_MUST_USE;

/* Close the pairs. */
void cog_proof_clear(struct cog_run *run);

#endif
