# SPDX-License-Identifier: MIT
"""No password and no token in log, argv, environment, files: only on the socket to the pool."""

import os
import threading
import time
from pathlib import Path

import pytest

import host as private_host
import ssh

CANARIES = (b"C4n4ry", b"eyJ")  # every pool password; the first bytes of every token
PLACES = ("/etc/security", "/run", "/var", "/tmp", "/home", "/root", "/dev/shm", "/opt")


def read(path):
    try:
        return Path(path).read_bytes()
    except OSError:
        return b""


def found_in(data):
    return [canary for canary in CANARIES if canary in data]


class Watch:
    """Looks at argv and environment of everything in the host while something happens."""

    def __init__(self, host):
        self.host = host
        self.found = []
        self.seen = set()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def _look(self):
        while not self._end.is_set():
            for pid in self.host.processes():
                self.seen.add(private_host.command_of(pid))
                for name in ("cmdline", "environ"):
                    if hit := found_in(read(f"/proc/{pid}/{name}")):
                        self.found.append((pid, name, hit))
            time.sleep(0.002)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        self._thread.join(5)


def files_with_canaries(host):
    hits = []
    for place in PLACES:
        for directory, _, names in os.walk(host.path(place)):
            hits += [os.path.join(directory, name) for name in names
                     if not os.path.islink(os.path.join(directory, name))
                     and os.path.isfile(os.path.join(directory, name))
                     and found_in(read(os.path.join(directory, name)))]
    return hits


@pytest.mark.parametrize("typed", ["right", "C4n4ry-wrong"])
@pytest.mark.parametrize("method", [ssh.KEYBOARD, ssh.PASSWORD])
def test_over_ssh(host, pool, sign_in, password, typed, method):
    host.append_config("debug = yes\n")
    host.module_arguments("debug")
    with Watch(host) as watch:
        sign_in("alice", password("alice") if typed == "right" else typed, method=method)
    assert "pam-cognito-hel" in watch.seen  # it did look
    assert watch.found == []
    assert [line for line in host.log.all() if found_in(line.encode())] == []
    assert files_with_canaries(host) == []


FAULTS = [
    {"kind": "error", "type": "NotAuthorizedException", "message": "C4n4ry-echoed"},
    {"kind": "raw", "body": '{"AuthenticationResult":{"IdToken":"eyJhbGciOiJub25lIn0.e30."}}'},
    {"kind": "tamper", "how": "wrong-signature"},
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault["kind"])
def test_in_failures(app, host, pool, fault):
    """Server texts may be quoted, passwords and tokens not."""
    pool.admin("POST", "faults", {"match": {"operation": "InitiateAuth"}, "count": None, **fault})
    app("alice")
    lines = [line.replace("C4n4ry-echoed", "") for line in host.log.all()]
    assert [line for line in lines if found_in(line.encode())] == []


def test_crash_leaves_no_core(app, host, pool, password):
    """The helper holds the password when it crashes, and the host asks for cores."""
    pool.admin("POST", "faults", {"kind": "silence", "match": {"operation": "InitiateAuth"},
                                  "count": None})

    def crash():
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and not pool.requests()["apiCalls"]:
            time.sleep(0.02)
        for pid in host.helpers():
            os.kill(pid, 11)

    striker = threading.Thread(target=crash)
    striker.start()
    report = app("alice", wrap=["prlimit", "--core=unlimited"])
    striker.join()
    assert report.status() == "PAM_SYSTEM_ERR"
    assert files_with_canaries(host) == []
    assert not [name for name in os.listdir(host.path("/")) if name.startswith("core")]


def test_cache_holds_public_keys_only(app, host):
    app("alice")
    for path in host.path(private_host.CACHE).iterdir():
        data = path.read_bytes()
        assert found_in(data) == []
        assert b'\\"d\\"' not in data
