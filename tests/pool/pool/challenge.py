# SPDX-License-Identifier: MIT
"""What all challenges share: posing one, and finding whose answer has come."""

import secrets

from . import client_proof
from .encoding import random_digits
from .errors import missing_parameter, not_authorized
from .grants import check_user


def pose(pool, sign_in, name, parameters, **facts):
    """A challenge reply with a fresh session; facts are members of that session."""
    session = pool.sessions.open(name, sign_in, **facts)
    named = {"USER_ID_FOR_SRP": sign_in.user.username} if session.names_user else {}
    return {"ChallengeName": name, "Session": session.text,
            "ChallengeParameters": {**parameters, **named}}


def session_of_user(pool, client, challenge, responses, text):
    """The session, if USERNAME and SECRET_HASH belong to its user.

    After SRP only the real name will do; after a typed password the typed alias is let pass in
    USERNAME, as the service does. The hash is of the real name once the pool has told it.
    """
    session = pool.sessions.find(text, challenge, client)
    sign_in = session.sign_in
    user = sign_in.user
    username = responses["USERNAME"]
    client_proof.check_hash(client, user.username if session.names_user else username, responses)
    accepted = {user.username}
    if not sign_in.by_srp:
        accepted.add(sign_in.typed_name)
    if username not in accepted:
        raise not_authorized("Invalid session for the user.")
    if not user.simulated:
        check_user(user, pool.directory)
    sign_in.alias_echoed = sign_in.alias_echoed or username != user.username
    return session


def required(responses, name):
    value = responses.get(name)
    if not value:
        raise missing_parameter(name)
    return value


def same(expected, given):
    return secrets.compare_digest(expected.encode(), given.encode())


def send_code(pool, user, medium, address, length):
    """Make a code; it is delivered to the admin interface."""
    user.code = {"code": random_digits(length), "medium": medium, "destination": address,
                 "time": pool.clock.now()}
    return user.code["code"]


def masked(address):
    if "@" in address:
        local, domain = address.split("@", 1)
        return f"{local[:1]}***@{domain[:1]}***"
    return f"+{'*' * max(len(address) - 5, 0)}{address[-4:]}"
