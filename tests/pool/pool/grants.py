# SPDX-License-Identifier: MIT
"""Grants: what a completed sign-in leaves behind, and the refresh tokens that stand for it."""

import secrets
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature

from . import tokens
from .encoding import b64url, random_uuid
from .errors import ApiError, not_authorized, user_not_found

# {"cty":"JWT","enc":"A256GCM","alg":"RSA-OAEP"}: the form of the service's own refresh tokens.
REFRESH_HEADER = "eyJjdHkiOiJKV1QiLCJlbmMiOiJBMjU2R0NNIiwiYWxnIjoiUlNBLU9BRVAifQ"
REFRESH_PART_BYTES = (256, 12, 1010, 16)


@dataclass
class Grant:
    """One sign-in. All tokens descended from it share origin_jti and die with it."""

    user: object
    client: object
    auth_time: float
    device_key: str = None
    origin_jti: str = field(default_factory=random_uuid)
    revoked: bool = False


@dataclass
class RefreshToken:
    text: str
    grant: Grant
    replaced_at: float = None


def new_refresh_text():
    """Five parts, opaque, about 1.8 kB."""
    parts = (b64url(secrets.token_bytes(size)) for size in REFRESH_PART_BYTES)
    return ".".join((REFRESH_HEADER, *parts))


class Grants:
    def __init__(self):
        self.refresh_tokens = {}
        self.by_origin = {}

    def begin(self, user, client, now, device_key=None):
        grant = Grant(user, client, now, device_key)
        self.by_origin[grant.origin_jti] = grant
        return grant

    def issue_refresh_token(self, grant):
        token = RefreshToken(new_refresh_text(), grant)
        self.refresh_tokens[token.text] = token
        return token.text

    def redeem(self, text, client, now):
        """The live refresh token of this text, or the service's refusal."""
        token = self.refresh_tokens.get(text)
        if token is None or token.grant.client is not client:
            raise not_authorized("Invalid Refresh Token")
        grant = token.grant
        if grant.revoked:
            raise not_authorized("Refresh Token has been revoked")
        if now >= grant.auth_time + client.settings.refresh_token_seconds:
            raise not_authorized("Refresh Token has expired")
        grace = client.settings.retry_grace_period_seconds
        if token.replaced_at is not None and now >= token.replaced_at + grace:
            raise ApiError("RefreshTokenReuseException", "Refresh token reuse detected")
        return token

    def rotate(self, token, now):
        """A successor for this token, which dies now or when its grace period ends."""
        if token.replaced_at is None:
            token.replaced_at = now
        return self.issue_refresh_token(token.grant)

    def revoke_user(self, user):
        for grant in self.by_origin.values():
            if grant.user is user:
                grant.revoked = True


def check_user(user, directory):
    """A grant is worth nothing once its user is gone or disabled."""
    if user not in directory.users:
        raise user_not_found()
    if not user.enabled:
        raise not_authorized("User is disabled.")


def grant_of_access_token(pool, text):
    """The grant behind an access token, after checking the token as the service does."""
    try:
        header, claims, signature, signing_input = tokens.decode(text)
        pool.keys.find(header["kid"]).verify(signature, signing_input)
        grant = pool.grants.by_origin[claims["origin_jti"]]
        genuine = claims["token_use"] == "access" and claims["iss"] == pool.issuer
    except (ValueError, KeyError, AttributeError, TypeError, InvalidSignature):
        genuine = False
    if not genuine:
        raise not_authorized("Invalid Access Token")
    if pool.clock.now() >= claims["exp"]:
        raise not_authorized("Access Token has expired")
    if grant.revoked:
        raise not_authorized("Access Token has been revoked")
    check_user(grant.user, pool.directory)
    return grant
