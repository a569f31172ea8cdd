# SPDX-License-Identifier: MIT
"""Sign-ins under way: challenge sessions and SRP exchanges."""

import base64
import secrets
from dataclasses import dataclass

from .errors import not_authorized

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


@dataclass
class Session:
    text: str
    challenge: str
    sign_in: SignIn
    created: float
    used: bool = False

    def belongs_to(self, challenge, client):
        return self.challenge == challenge and self.sign_in.client is client


class Sessions:
    def __init__(self, clock):
        self.clock = clock
        self.by_text = {}

    def open(self, challenge, sign_in):
        self._forget_old()
        text = "AYAB" + secrets.token_urlsafe(SESSION_BYTES)
        session = Session(text, challenge, sign_in, self.clock.now())
        self.by_text[text] = session
        return session

    def find(self, text, challenge, client):
        """The session to answer this challenge with, or the service's refusal."""
        session = self.by_text.get(text)
        if session is None or not session.belongs_to(challenge, client):
            raise not_authorized("Invalid session for the user.")
        if session.used:
            raise not_authorized("Invalid session for the user, session can only be used once.")
        if self.clock.now() >= session.created + client.settings.auth_session_seconds:
            raise not_authorized("Invalid session for the user, session is expired.")
        return session

    def _forget_old(self):
        limit = self.clock.now() - FORGET_AFTER
        for text in [text for text, session in self.by_text.items() if session.created < limit]:
            del self.by_text[text]


@dataclass
class SrpExchange:
    """The server's memory of one SRP challenge; sign_in.user is None for a simulated user."""

    server: object
    sign_in: SignIn
    user_id: str
    session: Session
    created: float


class SrpExchanges:
    """Exchanges by SECRET_BLOCK. Each can be answered once."""

    def __init__(self, clock):
        self.clock = clock
        self.by_block = {}

    def remember(self, server, sign_in, user_id, session):
        self._forget_old()
        block = base64.b64encode(secrets.token_bytes(SECRET_BLOCK_BYTES)).decode()
        self.by_block[block] = SrpExchange(server, sign_in, user_id, session, self.clock.now())
        return block

    def take(self, block, client, lifetime):
        exchange = self.by_block.pop(block, None)
        if exchange is None or exchange.sign_in.client is not client:
            raise not_authorized()
        if self.clock.now() >= exchange.created + lifetime:
            raise not_authorized()
        return exchange

    def _forget_old(self):
        limit = self.clock.now() - FORGET_AFTER
        for block in [block for block, item in self.by_block.items() if item.created < limit]:
            del self.by_block[block]
