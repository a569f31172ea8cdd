# SPDX-License-Identifier: MIT
"""An exact account of what arrived: TCP connections, TLS handshakes and requests."""

import json
import threading
import time
from dataclasses import dataclass


@dataclass
class Connection:
    id: int
    tls: str = None      # protocol version once the handshake is done
    resumed: bool = False
    error: str = None    # why the handshake failed
    requests: int = 0
    admin: bool = False  # used for the admin interface, so not counted


class Journal:
    """Admin traffic is left out, so a test may look without disturbing the counts."""

    def __init__(self, log_path=None):
        self._lock = threading.Lock()
        self._next_id = 1
        self._connections = []
        self._requests = []
        self._log_path = log_path

    def connected(self):
        with self._lock:
            connection = Connection(self._next_id)
            self._next_id += 1
            self._connections.append(connection)
        return connection

    def received(self, connection, **entry):
        entry = {"time": time.time(), "connection": connection.id, **entry,
                 "status": None, "error": None}
        with self._lock:
            connection.requests += 1
            self._requests.append(entry)
        return entry

    def answered(self, entry, status, error):
        """Called before the answer is sent, so that whoever has it finds it in the report."""
        entry.update(status=status, error=error)
        if self._log_path:
            with self._lock, open(self._log_path, "a", encoding="utf-8") as log:
                log.write(json.dumps(entry, ensure_ascii=False) + "\n")

    def clear(self):
        with self._lock:
            self._connections.clear()
            self._requests.clear()

    def report(self):
        with self._lock:
            counted = [dict(vars(item)) for item in self._connections if not item.admin]
            return {"connections": len(counted),
                    "handshakes": sum(1 for item in counted if item["tls"]),
                    "apiCalls": sum(1 for item in self._requests if item["operation"]),
                    "requests": [dict(entry) for entry in self._requests],
                    "connectionList": counted}
