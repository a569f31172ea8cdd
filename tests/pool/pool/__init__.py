# SPDX-License-Identifier: MIT
"""A local stand-in for an Amazon Cognito user pool, exact on the wire.

Read in this order: server (HTTP), api (one call), operations and flows (what a call does),
challenges (what comes between a password and tokens), users, srp, tokens, grants; then admin and
faults, which are for tests only.
"""
