# SPDX-License-Identifier: MIT
"""Configuration files in any state: read when root alone could have written them, else refused."""

import os

import pytest

import host as private_host

CONFIG = private_host.CONFIG
DROP_INS = f"{CONFIG}.d"
REFUSED = "PAM_SERVICE_ERR"


def missing(host, path):
    path.unlink()


def empty(host, path):
    path.write_text("", encoding="utf-8")


def directory(host, path):
    path.unlink()
    path.mkdir()


def fifo(host, path):
    path.unlink()
    os.mkfifo(path, 0o644)


def device(host, path):
    path.unlink()
    path.symlink_to("/dev/zero")


def symlink(host, path):
    path.rename(path.with_name("real.conf"))
    path.symlink_to("real.conf")


def owned_by(uid):
    def change(host, path):
        os.chown(path, uid, 0)
    change.__name__ = f"owned_by_{uid}"
    return change


def mode(bits):
    def change(host, path):
        path.chmod(bits)
    change.__name__ = f"mode_{bits:o}"
    return change


def text(what):
    def change(host, path):
        with path.open("ab") as file:
            file.write(what)
    change.__name__ = repr(what[:20])
    return change


STATES = [missing, empty, directory, fifo, device, symlink, owned_by(2001), owned_by(990),
          mode(0o666), mode(0o664), mode(0o646)]
TEXTS = [text(what) for what in (
    b"no_such_key = 1\n", b"timeout\n", b"[service\n", b"[no such section]\n",
    b"deny_users = a\0b\n",
    b"timeout = 1s\ntimeout = 2s\n", b"min_uid = -1\n", b"min_uid = 0x10\n", b"min_uid = 1e3\n",
    b"min_uid = 99999999999\n", b"min_uid = 999\n", b"timeout = 0\n", b"timeout = 1h\n",
    b"deny_users = " + b"a" * 5000 + b"\n", b"x" * 1_000_000, b"ca_file = relative\n",
    b"deny_users = \xff\xfe\n", b"deny_users = a, \\\n b\n", b"auth_flow = magic\n",
    b"run_as = root\n",
    b"verify_tls = no\n")]


@pytest.mark.parametrize("make", STATES + TEXTS, ids=lambda function: function.__name__)
def test_refused(app, host, make):
    path = host.path(CONFIG)
    make(host, path)
    try:
        report = app("alice")
    finally:
        host.run("rm", "-rf", CONFIG, "/etc/security/real.conf")
    assert (report.status(), report.prompts) == (REFUSED, [])
    assert CONFIG in host.log.decision()["reason"]


GOOD = [text(what) for what in (b"\n\n# a comment\n", b"debug = no", b"deny_users = bob\n",
                                b"[service other]\ntimeout = 1s\n")]


@pytest.mark.parametrize("make", GOOD + [mode(0o600), mode(0o400)],
                         ids=lambda function: function.__name__)
def test_accepted(app, host, make):
    make(host, host.path(CONFIG))
    assert app("alice").status() == "PAM_SUCCESS"


# Name and text of drop-ins, PAM code. A later value replaces.
DROPPED = [
    ([("10-a.conf", "deny_users = alice\n")], "PAM_PERM_DENIED"),
    ([("10-a.conf", "deny_users = alice\n"), ("20-b.conf", "deny_users = bob\n")], "PAM_SUCCESS"),
    ([("10-a.conf", "deny_users = bob\n"), ("20-b.conf", "deny_users = alice\n")],
     "PAM_PERM_DENIED"),
    ([("10-a.conf~", "deny_users = alice\n"), ("README", "nonsense")], "PAM_SUCCESS"),
    ([("10-a.conf", "no_such_key = 1\n")], REFUSED),
]


@pytest.mark.parametrize("files, code", DROPPED)
def test_drop_ins(app, host, files, code):
    host.path(DROP_INS).mkdir()
    for name, content in files:
        host.write(f"{DROP_INS}/{name}", content)
    assert app("alice").status() == code


def test_unsafe_drop_in(app, host):
    """An empty one of somebody else's refuses as well: he could write to it a moment later."""
    host.path(DROP_INS).mkdir()
    os.chown(host.write(f"{DROP_INS}/10-a.conf", ""), 2001, 2001)
    assert app("alice").status() == REFUSED


def test_unsafe_drop_in_directory(app, host):
    host.path(DROP_INS).mkdir()
    host.path(DROP_INS).chmod(0o777)
    assert app("alice").status() == REFUSED


def test_another_file(app, host):
    """conf= on the module line; the default file is not looked at."""
    host.path(CONFIG).rename(host.path("/etc/security/other.conf"))
    host.pam("e2e", "auth required pam_cognito.so conf=/etc/security/other.conf")
    assert app("alice").status() == "PAM_SUCCESS"
