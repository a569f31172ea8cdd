# SPDX-License-Identifier: MIT
"""SRP challenges: the pool's number out, the client's proof in; for passwords and for devices."""

import calendar
import re
import time
from dataclasses import dataclass

from . import client_proof, srp
from .challenge import required, same
from .errors import invalid_parameter, not_authorized

TIMESTAMP = re.compile(
    r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun) (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) "
    r"([1-9]|[12][0-9]|3[01]) [0-2][0-9]:[0-5][0-9]:[0-5][0-9] UTC [0-9]{4}", re.ASCII)


@dataclass(frozen=True)
class Identity:
    """Whose secret is to be proven: a user of the pool, or a device of its group."""

    group: str
    name: str
    salt: int
    verifier: int


def parse_srp_a(text):
    if not re.fullmatch(r"[0-9a-fA-F]+", text):
        raise invalid_parameter("SRP_A is not a hexadecimal number")
    number = int(text, 16)
    if number % srp.N == 0:
        raise invalid_parameter("SRP_A must not be zero")
    return number


def pose(pool, sign_in, challenge, identity, client_public, with_session):
    """The reply of this challenge, without what only one kind of it carries."""
    server = srp.Server(client_public, identity.verifier)
    session = pool.sessions.open(challenge, sign_in) if with_session else None
    block = pool.srp_exchanges.remember(challenge, server, sign_in, identity, session)
    reply = {"ChallengeName": challenge,
             "ChallengeParameters": {
                 "SALT": srp.to_hex(identity.salt), "SECRET_BLOCK": block,
                 "SRP_B": srp.to_hex(server.public), "USERNAME": sign_in.user.username}}
    if session:
        reply["Session"] = session.text
    return reply


def take(pool, client, challenge, responses, session_text):
    """(exchange, whether the proof is right). The exchange can be answered no more."""
    block, _, stamp = (required(responses, name) for name in (
        "PASSWORD_CLAIM_SECRET_BLOCK", "PASSWORD_CLAIM_SIGNATURE", "TIMESTAMP"))
    signed_at = parse_timestamp(stamp)
    exchange = pool.srp_exchanges.take(block, challenge, client,
                                       pool.settings.password_verifier_seconds)
    username = exchange.sign_in.user.username
    client_proof.check_hash(client, username, responses)
    if exchange.session:
        pool.sessions.find(session_text, challenge, client)
    if responses["USERNAME"] != username:
        raise not_authorized()
    if abs(signed_at - pool.clock.now()) > pool.settings.max_clock_skew_seconds:
        raise not_authorized()
    return exchange, _is_right(exchange, responses)


def finish(exchange):
    if exchange.session:
        exchange.session.used = True


def parse_timestamp(text):
    """Seconds since 1970; only the service's own form is accepted."""
    problem = invalid_parameter("TIMESTAMP format should be EEE MMM d HH:mm:ss z yyyy in english")
    if not TIMESTAMP.fullmatch(text):
        raise problem
    try:
        return calendar.timegm(time.strptime(text, "%a %b %d %H:%M:%S UTC %Y"))
    except ValueError:
        raise problem from None


def _is_right(exchange, responses):
    expected = srp.signature(exchange.server.key(), exchange.identity.group, exchange.identity.name,
                             responses["PASSWORD_CLAIM_SECRET_BLOCK"], responses["TIMESTAMP"])
    return same(expected, responses["PASSWORD_CLAIM_SIGNATURE"])
