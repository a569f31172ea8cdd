# SPDX-License-Identifier: MIT
"""A local stand-in for an Amazon Cognito user pool, exact on the wire.

Read in this order: server (HTTP), api (one call), operations and flows (what a call does),
challenges (what comes between the first proof and tokens, and who answers it), challenge (what all
of them share); then the kinds of them: first_factors, srp_proof, new_password, enrolment, mfa,
custom, devices; then passwords, users, srp, tokens, grants; then admin and faults, which are for
tests only.
"""
