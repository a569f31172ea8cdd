# SPDX-License-Identifier: MIT
"""Small text encodings used all over: base64url without padding, compact JSON, random names."""

import base64
import json
import secrets
import uuid

LOWER_ALNUM = "abcdefghijklmnopqrstuvwxyz0123456789"
ALNUM = LOWER_ALNUM + LOWER_ALNUM[:26].upper()


def b64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def b64url_decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def compact_json(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def random_name(length, alphabet=LOWER_ALNUM):
    return "".join(secrets.choice(alphabet) for _ in range(length))


def random_digits(length):
    return random_name(length, "0123456789")


def random_uuid():
    return str(uuid.UUID(bytes=secrets.token_bytes(16), version=4))


def camel(name):
    """some_name -> someName, the spelling used in JSON."""
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)
