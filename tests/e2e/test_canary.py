# SPDX-License-Identifier: MIT
"""No password, token or key in log, argv, environment, files: only on the socket to the pool, and
sealed in the one record."""

import base64
import os
import re
import threading
import time
from pathlib import Path

import pytest

import host as private_host
import records
import ssh
from answers import AGAIN, NEW, NEW_PASSWORD
from sealed import host_key, unseal

# Every pool password; how every token begins, and every hash of a password.
CANARIES = re.compile(rb"C4n4ry|eyJ[\w-]{8}|\$y\$[./\w]{3}")
PLACES = ("/etc/security", "/run", "/var", "/tmp", "/home", "/root", "/dev/shm", "/opt")


def read(path):
    try:
        return Path(path).read_bytes()
    except OSError:
        return b""


def found_in(data, secrets=()):
    return CANARIES.findall(data) + [secret for secret in secrets if secret in data]


class Watch:
    """Looks at argv and environment of everything in the host while something happens."""

    def __init__(self, host):
        self.host = host
        self.texts = set()
        self.seen = set()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def _look(self):
        while not self._end.is_set():
            for pid in self.host.processes():
                self.seen.add(private_host.command_of(pid))
                for name in ("cmdline", "environ"):
                    self.texts.add(read(f"/proc/{pid}/{name}"))
            time.sleep(0.002)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        self._thread.join(5)

    def found(self, secrets=()):
        return [text for text in self.texts if found_in(text, secrets)]


def files(host):
    for place in PLACES:
        for directory, _, names in os.walk(host.path(place)):
            paths = (Path(directory, name) for name in names)
            yield from (path for path in paths if path.is_file() and not path.is_symlink())


def files_with_canaries(host, secrets=()):
    return [path for path in files(host) if found_in(read(path), secrets)]


def lines_with_canaries(host, secrets=()):
    return [line for line in host.log.all() if found_in(line.encode(), secrets)]


@pytest.mark.parametrize("typed", ["right", "C4n4ry-wrong"])
@pytest.mark.parametrize("method", [ssh.KEYBOARD, ssh.PASSWORD])
def test_over_ssh(host, pool, sign_in, password, typed, method):
    host.append_config("debug = yes\n")
    host.module_arguments("debug")
    with Watch(host) as watch:
        sign_in("alice", password("alice") if typed == "right" else typed, method=method)
    assert "pam-cognito-hel" in watch.seen  # it did look
    assert watch.found() == []
    assert lines_with_canaries(host) == []
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


def everything_on(host, pool):
    """All that leaves secrets here: records, devices, verifiers; and each look asks the pool."""
    pool.admin("POST", "settings", {"deviceTracking": "ALWAYS"})
    host.configure(pool, auth_flow="srp", remember_device="yes", offline="yes", debug="yes",
                   offline_without_mfa="yes", account_recheck="0s", timeout="3s")
    host.module_arguments("debug")


# Phase, the call during which the helper crashes, what is typed before.
CRASHES = [
    ("auth", "InitiateAuth", ["password"]),
    ("auth", "ConfirmDevice", ["password"]),
    ("account", records.REFRESH, []),
    ("chauthtok", "ChangePassword", ["password", NEW_PASSWORD, NEW_PASSWORD]),
]


@pytest.mark.parametrize("phase, call, typed", CRASHES, ids=lambda value: value
                         if isinstance(value, str) else "")
def test_crash_leaves_no_core(app, host, pool, password, phase, call, typed):
    """The helper holds passwords, tokens and keys when it crashes, and the host asks for cores."""
    everything_on(host, pool)
    if phase != "auth":
        assert app("alice").status() == "PAM_SUCCESS"
    pool.admin("POST", "faults", {"kind": "silence", "match": {"operation": call}, "count": None})

    def crash():
        records.wait_for(lambda: call in str(pool.requests()))
        for pid in host.helpers():
            os.kill(pid, 11)

    striker = threading.Thread(target=crash)
    striker.start()
    report = app("alice", phase, wrap=["prlimit", "--core=unlimited"],
                 answers=[password("alice") if word == "password" else word for word in typed])
    striker.join()
    assert report.status(phase) == "PAM_SYSTEM_ERR"
    secrets = host.path(records.SEAL_KEY).exists() and [host_key(host)] or []
    assert set(files_with_canaries(host, secrets)) <= {host.path(records.SEAL_KEY)}
    assert not [name for name in os.listdir(host.path("/")) if name.startswith("core")]


def shapes(secret):
    """As it is, and as a program might print it."""
    return [secret, secret.hex().encode(), secret.hex().upper().encode(),
            base64.b64encode(secret), base64.urlsafe_b64encode(secret)]


class Sealed:
    """The secrets that were in alice's record and beside it, from one step to the next."""

    def __init__(self, host, pool):
        self.host, self.pool = host, pool
        self.found = set()

    def look(self):
        record = unseal(self.host, self.pool, "alice")
        kept = [record.refresh_token, record.device_password, record.verifier]
        assert [len(secret) > 10 for secret in kept] == [True] * 3
        self.found.update(kept, [host_key(self.host)])
        return record


def change_password(host, password):
    steps = [(r"forgotten\): $", password), (NEW, NEW_PASSWORD), (AGAIN, NEW_PASSWORD)]
    return host.converse(["passwd"], steps, as_user="alice")


def test_what_is_kept(host, pool, sign_in, password):
    """Sign-in, refresh, device, passwd, offline, tools: what the record has is nowhere else."""
    everything_on(host, pool)
    sealed = Sealed(host, pool)
    shown = []
    with Watch(host) as watch:
        shown.append(sign_in("alice"))
        first = sealed.look()
        shown.append(records.by_key(host, "alice"))
        sealed.look()
        shown.append(sign_in("alice"))
        sealed.look()
        shown.append(change_password(host, password("alice")))
        shown.append(sign_in("alice", NEW_PASSWORD))
        sealed.look()
        pool.refuse_connections()
        shown.append(sign_in("alice", NEW_PASSWORD))
        shown.append(sign_in("alice", "C4n4ry-wrong"))
        pool.accept_connections()
        for words in (["cache", "list", "--json"], ["recheck", "--all"]):
            done = host.run(private_host.TOOL, *words)
            shown.append(done.out + done.err)
            assert done.status == 0
    assert [entry["method"] for entry in host.log.decisions()] == [
        "password", "password", "password", "offline", "password"]
    assert [entry["method"] for entry in host.log.decisions("account")].count("recheck") == 1
    assert host.log.decisions("chauthtok")[-1]["reason"] == "password changed"
    assert first.refresh_token.decode() in str(pool.requests())  # it is the real one
    assert len(sealed.found) >= 6

    secrets = [shape for secret in sealed.found for shape in shapes(secret)]
    assert watch.found(secrets) == []
    assert lines_with_canaries(host, secrets) == []
    assert [text for text in map(str, shown) if found_in(text.encode(), secrets)] == []
    assert files_with_canaries(host, secrets) == [host.path(records.SEAL_KEY)]
    about = host.path(records.SEAL_KEY).stat()
    assert (about.st_uid, about.st_mode & 0o7777) == (0, 0o600)
    assert host.run("cat", records.SEAL_KEY, as_user="alice").status != 0
    assert host.run("ls", f"{records.STORE}/records", as_user="alice").status != 0


def test_cache_holds_public_keys_only(app, host):
    app("alice")
    for path in host.path(private_host.CACHE).iterdir():
        data = path.read_bytes()
        assert found_in(data) == []
        assert b'\\"d\\"' not in data
