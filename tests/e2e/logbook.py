# SPDX-License-Identifier: MIT
"""The private host's /dev/log: every line its programs log, as they sent it."""

import re
import socket
import threading
import time

LONGEST_LINE = 65536
WAIT_SECONDS = 3
OURS = re.compile(r"pam_cognito\([^)]*\): ")
DECISION = re.compile(
    r'pam_cognito\((?P<service>[^:)]*):(?P<phase>[^)]*)\): '
    r'result=(?P<result>\S+) code=(?P<code>\S+) '
    r'user=(?P<user>\S+) pool_user=(?P<pool_user>\S+) sub=(?P<sub>\S+) method=(?P<method>\S+) '
    r'mfa=(?P<mfa>\S+) rhost=(?P<rhost>\S+) reason="(?P<reason>.*)" ref=(?P<ref>[0-9A-F]{4})')


class Logbook:
    def __init__(self, path):
        self._path = path
        self._lines = []
        self._arrived = {}  # when each line did, by its text
        self._marks = 0
        self._changed = threading.Condition()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        path.chmod(0o666)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        while True:
            try:
                data = self._socket.recv(LONGEST_LINE)
            except OSError:
                return
            line = data.decode("utf-8", "backslashreplace").rstrip("\0\n")
            with self._changed:
                self._lines.append(line)
                self._arrived[line] = time.monotonic()
                self._changed.notify_all()

    def close(self):
        self._socket.close()

    def clear(self):
        self._catch_up()
        with self._changed:
            self._lines.clear()

    def all(self):
        """Every line so far."""
        self._catch_up()
        with self._changed:
            return list(self._lines)

    def _catch_up(self):
        """Wait until what was sent before now has been read: our own line comes after it."""
        self._marks += 1
        mark = f"mark {self._marks}"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.sendto(mark.encode(), str(self._path))
        with self._changed:
            assert self._changed.wait_for(lambda: mark in self._lines, WAIT_SECONDS)
            self._lines.remove(mark)

    def ours(self, phase=None):
        """What our module logged, from its name on."""
        found = [line[match.start():] for line in self.all() if (match := OURS.search(line))]
        return [line for line in found if phase is None or f":{phase}): " in line]

    def arrival(self, text):
        """When the line with this text came, by the monotonic clock."""
        line, = (line for line in self.all() if text in line)
        return self._arrived[line]

    def decisions(self, phase="auth"):
        """The decisions of a phase as dictionaries."""
        matches = (DECISION.search(line) for line in self.all())
        return [match.groupdict() for match in matches if match and match["phase"] == phase]

    def decision(self, phase="auth"):
        """The one decision of a phase."""
        found = self.decisions(phase)
        assert len(found) == 1, f"{len(found)} decisions"
        return found[0]
