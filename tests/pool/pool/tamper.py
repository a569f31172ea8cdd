# SPDX-License-Identifier: MIT
"""Tokens that a careful client must refuse. A way to tamper is a function and a row in WAYS."""

import hmac
from dataclasses import dataclass
from typing import Callable

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from . import tokens
from .encoding import random_name
from .grants import Grant

MEMBERS = {"id": "IdToken", "access": "AccessToken"}


@dataclass
class Forgery:
    """A token taken apart: change header and claims, replace the way it is signed."""

    pool: object
    use: str  # "id" or "access"
    header: dict
    claims: dict
    key: tokens.SigningKey
    sign: Callable
    options: dict


def _wrong_signature(forgery):
    genuine = forgery.key.sign
    forgery.sign = lambda data: bytes([genuine(data)[0] ^ 1]) + genuine(data)[1:]


def _alg_none(forgery):
    forgery.header["alg"] = "none"
    forgery.sign = lambda data: b""


def _alg_hs256(forgery):
    """The public key used as an HMAC secret."""
    forgery.header["alg"] = "HS256"
    public = forgery.key.private.public_key().public_bytes(
        Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    forgery.sign = lambda data: hmac.digest(public, data, "sha256")


def _foreign_key(forgery):
    """Another key under the genuine key's name."""
    forgery.sign = tokens.SigningKey().sign


def _unknown_kid(forgery):
    stranger = tokens.SigningKey()
    forgery.header["kid"] = stranger.kid
    forgery.sign = stranger.sign


def _other_client(forgery):
    forgery.claims["aud" if forgery.use == "id" else "client_id"] = random_name(26)


def _other_pool(forgery):
    forgery.claims["iss"] = f"{forgery.pool.endpoint}us-east-1_{random_name(9)}"


def _expired(forgery):
    for name in ("exp", "iat", "auth_time"):
        forgery.claims[name] -= 30 * 86400


def _not_yet_valid(forgery):
    forgery.claims["nbf"] = forgery.claims["iat"] + 3600


def _no_expiry(forgery):
    del forgery.claims["exp"]


def _wrong_use(forgery):
    forgery.claims["token_use"] = "access" if forgery.use == "id" else "id"


def _other_user(forgery):
    """A genuine token of somebody else: option user, by default bob."""
    pool = forgery.pool
    user = pool.directory.labelled(forgery.options.get("user", "bob"))
    client_id = forgery.claims["aud" if forgery.use == "id" else "client_id"]
    client = next(item for item in pool.clients.values() if item.id == client_id)
    make = tokens.id_claims if forgery.use == "id" else tokens.access_claims
    now = pool.clock.now()
    forgery.claims = make(pool.issuer, Grant(user, client, now), now, forgery.claims["event_id"])


def _claims_only(forgery):
    """Nothing but the options header and claims, correctly signed."""


WAYS = {
    "wrong-signature": _wrong_signature,
    "alg-none": _alg_none,
    "alg-hs256": _alg_hs256,
    "foreign-key": _foreign_key,
    "unknown-kid": _unknown_kid,
    "other-client": _other_client,
    "other-pool": _other_pool,
    "expired": _expired,
    "not-yet-valid": _not_yet_valid,
    "no-expiry": _no_expiry,
    "wrong-use": _wrong_use,
    "other-user": _other_user,
    "claims": _claims_only,
}


def patch(target, changes):
    """Merge changes into target; null removes a member, an object is merged in turn."""
    for name, value in changes.items():
        if value is None:
            target.pop(name, None)
        elif isinstance(value, dict) and isinstance(target.get(name), dict):
            patch(target[name], value)
        else:
            target[name] = value


def _forge(pool, use, token, options):
    header, claims, _, _ = tokens.decode(token)
    key = pool.keys.current[use]
    forgery = Forgery(pool, use, header, claims, key, key.sign, options)
    WAYS[options.get("how", "claims")](forgery)
    patch(forgery.header, options.get("header", {}))
    patch(forgery.claims, options.get("claims", {}))
    return tokens.encode(forgery.header, forgery.claims, forgery.sign)


def tamper(pool, reply, options):
    """Spoil the tokens in a reply, in place; a reply without tokens stays as it is."""
    result = reply.get("AuthenticationResult")
    if not result:
        return
    if options.get("how") == "swapped":
        result["IdToken"], result["AccessToken"] = result["AccessToken"], result["IdToken"]
        return
    for use, member in MEMBERS.items():
        if options.get("token", "both") in (use, "both"):
            result[member] = _forge(pool, use, result[member], options)
