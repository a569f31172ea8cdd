# SPDX-License-Identifier: MIT
"""Signing keys, the key set, and ID and access tokens of the service's shape."""

import base64
import json
import secrets

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from .encoding import b64url, b64url_decode, compact_json, random_uuid

API_SCOPE = "aws.cognito.signin.user.admin"
BOOLEAN_ATTRIBUTES = ("email_verified", "phone_number_verified")


class SigningKey:
    """An RSA key and its name, which is standard base64 text with its padding."""

    def __init__(self, kid=None):
        self.kid = kid or base64.b64encode(secrets.token_bytes(32)).decode()
        self.private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.published = True

    def sign(self, data):
        return self.private.sign(data, padding.PKCS1v15(), hashes.SHA256())

    def verify(self, signature, data):
        self.private.public_key().verify(signature, data, padding.PKCS1v15(), hashes.SHA256())

    def jwk(self):
        numbers = self.private.public_key().public_numbers()
        return {"alg": "RS256", "e": _b64url_int(numbers.e), "kid": self.kid, "kty": "RSA",
                "n": _b64url_int(numbers.n), "use": "sig"}


def _b64url_int(number):
    return b64url(number.to_bytes((number.bit_length() + 7) // 8, "big"))


class KeyRing:
    """Two keys in use, one per kind of token, and those rotated out."""

    def __init__(self):
        self.current = {"id": SigningKey(), "access": SigningKey()}
        self.retired = []

    def rotate(self, keep_old=True, publish=True):
        for key in self.current.values():
            key.published = key.published and keep_old
            self.retired.append(key)
        self.current = {"id": SigningKey(), "access": SigningKey()}
        for key in self.current.values():
            key.published = publish

    def publish_current(self):
        for key in self.current.values():
            key.published = True

    def all(self):
        return [*self.current.values(), *self.retired]

    def find(self, kid):
        return next((key for key in self.all() if key.kid == kid), None)

    def jwks(self):
        return {"keys": [key.jwk() for key in self.all() if key.published]}


def encode(header, claims, sign):
    """A compact JWS; sign maps the signing input to signature bytes."""
    signing_input = ".".join(b64url(compact_json(part).encode()) for part in (header, claims))
    return f"{signing_input}.{b64url(sign(signing_input.encode()))}"


def sign_token(key, claims):
    return encode({"kid": key.kid, "alg": "RS256"}, claims, key.sign)


def decode(token):
    """(header, claims, signature, signing input); ValueError unless it looks like a JWS."""
    header, claims, signature = token.split(".")
    return (json.loads(b64url_decode(header)), json.loads(b64url_decode(claims)),
            b64url_decode(signature), f"{header}.{claims}".encode())


def _common_claims(issuer, grant, now, event_id):
    claims = {"sub": grant.user.sub, "iss": issuer, "origin_jti": grant.origin_jti,
              "event_id": event_id, "auth_time": int(grant.auth_time), "iat": int(now),
              "jti": random_uuid()}
    if grant.user.groups:
        claims["cognito:groups"] = list(grant.user.groups)
    return claims


def id_claims(issuer, grant, now, event_id):
    claims = _common_claims(issuer, grant, now, event_id)
    for name, value in grant.user.attributes.items():
        claims[name] = value == "true" if name in BOOLEAN_ATTRIBUTES else value
    claims.update({"cognito:username": grant.user.username, "aud": grant.client.id,
                   "token_use": "id", "exp": int(now) + grant.client.settings.id_token_seconds})
    return claims


def access_claims(issuer, grant, now, event_id):
    claims = _common_claims(issuer, grant, now, event_id)
    claims.update({"username": grant.user.username, "client_id": grant.client.id,
                   "token_use": "access", "scope": API_SCOPE,
                   "exp": int(now) + grant.client.settings.access_token_seconds})
    if grant.device_key:
        claims["device_key"] = grant.device_key
    return claims


def token_pair(keys, issuer, grant, now):
    """The AuthenticationResult of a sign-in or refresh, without a refresh token."""
    event_id = random_uuid()
    return {
        "AccessToken": sign_token(keys.current["access"],
                                  access_claims(issuer, grant, now, event_id)),
        "ExpiresIn": grant.client.settings.access_token_seconds,
        "IdToken": sign_token(keys.current["id"], id_claims(issuer, grant, now, event_id)),
        "TokenType": "Bearer",
    }
