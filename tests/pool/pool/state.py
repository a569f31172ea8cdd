# SPDX-License-Identifier: MIT
"""Everything the running pool knows."""

import copy
import secrets
import threading

from . import settings, users
from .clock import Clock
from .faults import Faults
from .grants import Grants
from .journal import Journal
from .sessions import Sessions, SrpExchanges
from .tokens import KeyRing

REGION = "us-east-1"


class Pool:
    """One user pool. Hold `lock` while handling a call; journal and faults have their own."""

    def __init__(self, log_path=None):
        self.lock = threading.RLock()
        self.name = settings.new_pool_name()
        self.id = f"{REGION}_{self.name}"
        self.clients = settings.new_clients()
        self.keys = KeyRing()
        self.simulation_key = secrets.token_bytes(32)
        self.clock = Clock()
        self.journal = Journal(log_path)
        self.faults = Faults()
        self.endpoint = None
        self._first_users = users.default_users(self.clock.now())
        self.reset()

    def reset(self):
        """Back to the first state, except for signing keys; every sign-in is forgotten."""
        self.clock.offset = 0.0
        self.settings = settings.PoolSettings()
        for client in self.clients.values():
            client.settings = settings.ClientSettings()
        self.directory = users.Directory(copy.deepcopy(self._first_users))
        self.sessions = Sessions(self.clock)
        self.srp_exchanges = SrpExchanges(self.clock)
        self.grants = Grants()
        self.faults.clear()
        self.journal.clear()

    def listen_at(self, port):
        self.endpoint = f"https://localhost:{port}/"

    @property
    def issuer(self):
        return f"{self.endpoint}{self.id}"

    def description(self):
        """What pool.json holds."""
        clients = {}
        for name, client in self.clients.items():
            clients[name] = {"id": client.id}
            if client.secret:
                clients[name]["secret"] = client.secret
        return {"endpoint": self.endpoint, "issuer": self.issuer, "region": REGION,
                "userPoolId": self.id, "clients": clients,
                "users": {user.label: users.public_record(user) for user in self._first_users}}
