# SPDX-License-Identifier: MIT
"""The flows of InitiateAuth. A flow is a function and a row in FLOWS."""

from dataclasses import dataclass
from typing import Callable

from . import admission, client_proof, devices, first_factors, shapes, tokens
from .challenge import required
from .challenges import advance
from .errors import invalid_parameter, not_authorized
from .grants import check_user
from .sessions import SignIn


def initiate(pool, client, body):
    flow = FLOWS.get(body["AuthFlow"])
    if flow is None:
        raise invalid_parameter("Initiate Auth method not supported")
    if flow.switch not in client.settings.explicit_auth_flows:
        raise invalid_parameter(f"{flow.name} flow not enabled for this client")
    parameters = shapes.text_map(body, "AuthParameters")
    for name in flow.required:
        required(parameters, name)
    return flow.run(pool, client, parameters)


def password_auth(pool, client, parameters):
    sign_in = _begin(pool, client, parameters)
    return _prove(pool, sign_in, "PASSWORD", parameters)


def srp_auth(pool, client, parameters):
    sign_in = _begin(pool, client, parameters)
    return first_factors.pose_password_verifier(
        pool, sign_in, parameters["SRP_A"], pool.settings.session_with_password_verifier)


def user_auth(pool, client, parameters):
    """The preferred factor if the user has it, else a choice of those there are."""
    preferred = parameters.get("PREFERRED_CHALLENGE")
    if preferred is not None and preferred not in first_factors.FACTORS:
        raise invalid_parameter("PREFERRED_CHALLENGE is not a known challenge")
    sign_in = _begin(pool, client, parameters)
    if preferred not in first_factors.available(sign_in.user):
        return first_factors.select(pool, sign_in)
    return _prove(pool, sign_in, preferred, parameters)


def custom_auth(pool, client, parameters):
    """Custom challenges, after SRP if that is asked for, else instead of any password."""
    sign_in = _begin(pool, client, parameters)
    sign_in.custom = True
    if parameters.get("CHALLENGE_NAME") == "SRP_A":
        return _prove(pool, sign_in, "PASSWORD_SRP",
                      {**parameters, "SRP_A": required(parameters, "SRP_A")})
    if not sign_in.user.custom_steps:
        raise not_authorized()
    admission.check_confirmed(sign_in.user)
    devices.adopt(pool, sign_in, parameters)
    sign_in.passwordless = True
    return advance(pool, sign_in)


def _begin(pool, client, parameters):
    name = parameters["USERNAME"]
    client_proof.check_hash(client, name, parameters)
    return SignIn(admission.find_user(pool, client, name), client, name)


def _prove(pool, sign_in, factor, parameters):
    return (first_factors.begin(pool, sign_in, factor, parameters)
            or advance(pool, sign_in))


def refresh_auth(pool, client, parameters):
    """The old way to refresh: SECRET_HASH is of the real user name, which is not sent."""
    if client.settings.refresh_token_rotation:
        raise invalid_parameter("REFRESH_TOKEN_AUTH flow not enabled for this client")
    client_proof.check_hash_presence(client, parameters)
    token = pool.grants.redeem(parameters["REFRESH_TOKEN"], client, pool.clock.now())
    client_proof.check_refresh_hash(client, token.grant.user.username, parameters)
    return {"ChallengeParameters": {},
            "AuthenticationResult": refreshed(pool, token, parameters.get("DEVICE_KEY"))}


def refreshed(pool, token, device_key):
    """New tokens of an old grant. One that belongs to a device needs its key."""
    if devices.tracked(pool) and token.grant.device_key not in (None, device_key):
        raise not_authorized("Invalid Refresh Token.")
    check_user(token.grant.user, pool.directory)
    return tokens.token_pair(pool.keys, pool.issuer, token.grant, pool.clock.now())


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
    "USER_AUTH": Flow("USER_AUTH", "ALLOW_USER_AUTH", ("USERNAME",), user_auth),
    "CUSTOM_AUTH": Flow("CUSTOM_AUTH", "ALLOW_CUSTOM_AUTH", ("USERNAME",), custom_auth),
    "REFRESH_TOKEN_AUTH": Flow("REFRESH_TOKEN_AUTH", "ALLOW_REFRESH_TOKEN_AUTH",
                               ("REFRESH_TOKEN",), refresh_auth),
}
FLOWS["REFRESH_TOKEN"] = FLOWS["REFRESH_TOKEN_AUTH"]
