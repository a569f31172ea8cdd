# SPDX-License-Identifier: MIT
"""The flows of InitiateAuth. A flow is a function and a row in FLOWS."""

import hashlib
import hmac
import re
import uuid
from dataclasses import dataclass
from typing import Callable

from . import admission, client_proof, srp, tokens
from .challenges import advance
from .errors import invalid_parameter, missing_parameter, not_authorized
from .grants import check_user
from .sessions import SignIn


def initiate(pool, client, body):
    flow = FLOWS.get(body["AuthFlow"])
    if flow is None:
        raise invalid_parameter("Initiate Auth method not supported")
    if flow.switch not in client.settings.explicit_auth_flows:
        raise invalid_parameter(f"{flow.name} flow not enabled for this client")
    parameters = body.get("AuthParameters") or {}
    for name in flow.required:
        if not parameters.get(name):
            raise missing_parameter(name)
    return flow.run(pool, client, parameters)


def password_auth(pool, client, parameters):
    name = parameters["USERNAME"]
    client_proof.check_hash(client, name, parameters)
    user = admission.find_user(pool, client, name)
    if user is None:
        raise not_authorized()
    admission.check_password(pool, user, user.password_is(parameters["PASSWORD"]))
    return advance(pool, SignIn(user, client, name))


def srp_auth(pool, client, parameters):
    name = parameters["USERNAME"]
    client_public = _parse_srp_a(parameters["SRP_A"])
    client_proof.check_hash(client, name, parameters)
    user = admission.find_user(pool, client, name)
    sign_in = SignIn(user, client, name, by_srp=True)
    user_id, salt, verifier = _srp_identity(pool, user, name)
    server = srp.Server(client_public, verifier)
    session = None
    if pool.settings.session_with_password_verifier:
        session = pool.sessions.open("PASSWORD_VERIFIER", sign_in)
    block = pool.srp_exchanges.remember(server, sign_in, user_id, session)
    reply = {"ChallengeName": "PASSWORD_VERIFIER",
             "ChallengeParameters": {
                 "SALT": srp.to_hex(salt), "SECRET_BLOCK": block,
                 "SRP_B": srp.to_hex(server.public), "USERNAME": user_id,
                 "USER_ID_FOR_SRP": user_id}}
    if session:
        reply["Session"] = session.text
    return reply


def refresh_auth(pool, client, parameters):
    """The old way to refresh: SECRET_HASH is of the real user name, which is not sent."""
    if client.settings.refresh_token_rotation:
        raise invalid_parameter("REFRESH_TOKEN_AUTH flow not enabled for this client")
    client_proof.check_hash_presence(client, parameters)
    token = pool.grants.redeem(parameters["REFRESH_TOKEN"], client, pool.clock.now())
    client_proof.check_refresh_hash(client, token.grant.user.username, parameters)
    return {"ChallengeParameters": {}, "AuthenticationResult": refreshed(pool, token)}


def refreshed(pool, token):
    check_user(token.grant.user, pool.directory)
    return tokens.token_pair(pool.keys, pool.issuer, token.grant, pool.clock.now())


def _parse_srp_a(text):
    if not re.fullmatch(r"[0-9a-fA-F]+", text):
        raise invalid_parameter("SRP_A is not a hexadecimal number")
    number = int(text, 16)
    if number % srp.N == 0:
        raise invalid_parameter("SRP_A must not be zero")
    return number


def _srp_identity(pool, user, name):
    """(USER_ID_FOR_SRP, salt, verifier); for an unknown name always the same invented ones."""
    if user:
        return user.username, user.salt, user.srp_verifier(pool.name)
    seed = hmac.digest(pool.simulation_key, name.encode(), hashlib.sha512)
    user_id = str(uuid.UUID(bytes=seed[:16], version=4))
    salt = int.from_bytes(seed[16:32], "big")
    return user_id, salt, srp.verifier(salt, pool.name, user_id, seed[32:].hex())


@dataclass(frozen=True)
class Flow:
    name: str
    switch: str
    required: tuple
    run: Callable


FLOWS = {
    "USER_PASSWORD_AUTH": Flow("USER_PASSWORD_AUTH", "ALLOW_USER_PASSWORD_AUTH",
                               ("USERNAME", "PASSWORD"), password_auth),
    "USER_SRP_AUTH": Flow("USER_SRP_AUTH", "ALLOW_USER_SRP_AUTH",
                          ("USERNAME", "SRP_A"), srp_auth),
    "REFRESH_TOKEN_AUTH": Flow("REFRESH_TOKEN_AUTH", "ALLOW_REFRESH_TOKEN_AUTH",
                               ("REFRESH_TOKEN",), refresh_auth),
}
FLOWS["REFRESH_TOKEN"] = FLOWS["REFRESH_TOKEN_AUTH"]
