# SPDX-License-Identifier: MIT
"""Authenticator codes, RFC 6238 with SHA-1, 6 digits and 30 seconds."""

import base64
import hashlib
import hmac
import secrets

PERIOD = 30
WINDOW = 1  # steps accepted on either side of now


def new_secret():
    return base64.b32encode(secrets.token_bytes(32)).rstrip(b"=").decode()


def code_at(secret, step):
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.new(key, step.to_bytes(8, "big"), hashlib.sha1).digest()
    offset = digest[-1] & 15
    number = int.from_bytes(digest[offset:offset + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**6:06d}"


def matching_step(secret, code, now):
    """The time step the code belongs to, or None."""
    current = int(now) // PERIOD
    for step in range(current - WINDOW, current + WINDOW + 1):
        if step >= 0 and hmac.compare_digest(code_at(secret, step).encode(), code.encode()):
            return step
    return None
