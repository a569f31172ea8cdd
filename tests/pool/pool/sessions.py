# SPDX-License-Identifier: MIT
"""Sign-ins under way: challenge sessions and SRP exchanges."""

import base64
import secrets
from dataclasses import dataclass

from .errors import missing_parameter, not_authorized

SESSION_BYTES = 1160
SECRET_BLOCK_BYTES = 1200
FORGET_AFTER = 3600


@dataclass
class SignIn:
    """One attempt of one user through one client, from the first call to the tokens."""

    user: object
    client: object
    typed_name: str
    by_srp: bool = False
    passwordless: bool = False   # proven by a code or by custom challenges alone
    mfa_done: bool = False
    device_key: str = None       # of a device the pool knows
    device_proven: bool = False
    custom: bool = False         # by CUSTOM_AUTH: custom challenges are posed
    custom_done: int = 0         # custom challenges answered
    custom_misses: int = 0       # wrong answers to the present one
    alias_echoed: bool = False   # a later call named the user by alias


@dataclass
class Session:
    """What one challenge remembers. The members from `code` on belong to single challenges."""

    text: str
    challenge: str
    sign_in: SignIn
    created: float
    names_user: bool = True  # the challenge told the user's real name
    used: bool = False
    expired: bool = False
    code: str = None         # sent by SMS or e-mail
    first_factor: bool = False
    email: str = None        # an address being set up
    totp_secret: str = None  # an authenticator being set up


class Sessions:
    def __init__(self, clock):
        self.clock = clock
        self.by_text = {}

    def open(self, challenge, sign_in, **facts):
        self._forget_old()
        text = "AYAB" + secrets.token_urlsafe(SESSION_BYTES)
        session = Session(text, challenge, sign_in, self.clock.now(), **facts)
        self.by_text[text] = session
        return session

    def find(self, text, challenge, client=None):
        """The session to answer this challenge with, or the service's refusal."""
        if not text:
            raise missing_parameter("Session")
        session = self.by_text.get(text)
        if session is None or session.challenge != challenge:
            raise not_authorized("Invalid session for the user.")
        if client is not None and session.sign_in.client is not client:
            raise not_authorized("Invalid session for the user.")
        if session.used:
            raise not_authorized("Invalid session for the user, session can only be used once.")
        lifetime = session.sign_in.client.settings.auth_session_seconds
        if session.expired or self.clock.now() >= session.created + lifetime:
            raise not_authorized("Invalid session for the user, session is expired.")
        return session

    def latest(self, challenge, username):
        """The text of the user's last session of this kind, for calls that carry none."""
        found = [session.text for session in self.by_text.values()
                 if session.challenge == challenge and session.sign_in.user.username == username]
        return found[-1] if found else None

    def expire_all(self):
        for session in self.by_text.values():
            session.expired = True

    def _forget_old(self):
        limit = self.clock.now() - FORGET_AFTER
        for text in [text for text, session in self.by_text.items() if session.created < limit]:
            del self.by_text[text]


@dataclass
class SrpExchange:
    """The server's memory of one SRP challenge."""

    challenge: str
    server: object
    sign_in: SignIn
    identity: object
    session: Session
    created: float


class SrpExchanges:
    """Exchanges by SECRET_BLOCK. Each can be answered once."""

    def __init__(self, clock):
        self.clock = clock
        self.by_block = {}

    def remember(self, challenge, server, sign_in, identity, session):
        self._forget_old()
        block = base64.b64encode(secrets.token_bytes(SECRET_BLOCK_BYTES)).decode()
        self.by_block[block] = SrpExchange(challenge, server, sign_in, identity, session,
                                           self.clock.now())
        return block

    def take(self, block, challenge, client, lifetime):
        exchange = self.by_block.pop(block, None)
        if exchange is None or exchange.challenge != challenge:
            raise not_authorized()
        if exchange.sign_in.client is not client:
            raise not_authorized()
        if self.clock.now() >= exchange.created + lifetime:
            raise not_authorized()
        return exchange

    def restore(self, block, exchange):
        self.by_block[block] = exchange

    def _forget_old(self):
        limit = self.clock.now() - FORGET_AFTER
        for block in [block for block, item in self.by_block.items() if item.created < limit]:
            del self.by_block[block]
