# SPDX-License-Identifier: MIT
"""reauth = refresh: real sudo and su on real terminals, asked again or not."""

import hashlib
import os
import re

import pytest

import host as private_host
import people
import records
import terminal
from records import operations

CONFIG = "[service sudo sudo-i su]\nreauth = refresh\n"
MAX_AGE = 15 * records.MINUTE  # the default of reauth_max_age
QUESTION = r"[Pp]assword[^\r\n]*: $"
SUDO = "sudo id -un"
BOOT_ID = "/proc/sys/kernel/random/boot_id"
SUDOERS = "Defaults lecture=never, passwd_tries=1, timestamp_timeout=0\nALL ALL=(ALL:ALL) ALL\n"


class Shell:
    """A user's shell on a terminal of its own."""

    def __init__(self, host, user):
        line = host.argv("/bin/sh", as_user=user, environment={"PS1": "$ "})
        self.talk = terminal.Conversation(line, terminal.TIMEOUT, terminal.ignore)
        self.user = user
        assert self.talk.wait(r"\$ ")

    def run(self, command, answer):
        """(was there a question, what the command printed)."""
        self.talk.shown = ""
        self.talk.type(f"{command}; echo ended $?.")
        assert self.talk.wait(r"ended \$\?\.\r\n")
        asked = False
        end = r"ended \d+\."
        assert self.talk.wait(f"{QUESTION}|{end}")
        if not re.search(end, self.talk.shown):
            asked = True
            self.talk.type(answer)
            assert self.talk.wait(end)
        assert self.talk.wait(r"\$ ")
        return asked, self.talk.shown

    def close(self):
        self.talk.close()


@pytest.fixture(autouse=True)
def tickets(host):
    """sudo that does not remember by itself, and ours that does."""
    host.append_config(CONFIG)
    host.pam("sudo-i", "@include sudo")
    before = host.path("/etc/sudoers").read_text(encoding="utf-8")
    host.write("/etc/sudoers", SUDOERS, 0o440)
    yield
    host.write("/etc/sudoers", before, 0o440)


@pytest.fixture
def shell(host):
    """shell("alice"): sits down at a terminal."""
    shells = []

    def sit_down(user):
        shells.append(Shell(host, user))
        return shells[-1]

    yield sit_down
    for each in shells:
        each.close()


@pytest.fixture
def asks(password):
    """Is there a question? Whatever is asked, the command must have worked in the end."""
    def run(seat, command=SUDO, answer=None, works="root"):
        asked, text = seat.run(command, answer or password(seat.user))
        assert f"\n{works}\n" in text, text
        return asked

    return run


@pytest.fixture
def refuses(password):
    """There is a question, and the command is not run."""
    def run(seat, command=SUDO):
        asked, text = seat.run(command, password(seat.user))
        return asked and "\nroot\n" not in text

    return run


@pytest.fixture
def seat(shell, asks):
    """A terminal at which alice has just signed in with sudo."""
    alice = shell("alice")
    assert asks(alice)
    return alice


def ticket_files(host):
    return sorted(host.path(records.TICKETS).iterdir())


# No question

def test_the_same_terminal(host, pool, seat, asks):
    operations(pool)
    assert [asks(seat), asks(seat, "sudo true && sudo id -un")] == [False, False]
    assert {entry["method"] for entry in host.log.decisions()[1:]} == {"refresh"}
    assert set(operations(pool)) == {records.REFRESH}  # the pool is asked each time


@pytest.mark.parametrize("command", ["sudo -u bob id -un", "sudo -k -u bob id -un",
                                     "sudo -k; sudo -u bob id -un"])
def test_also_for_another_target(seat, asks, command):
    """It is about who sits there. sudo -k is sudo's own; ours is ended by time."""
    assert not asks(seat, command, works="bob")


def test_a_script_on_the_terminal(host, seat, asks):
    host.write("/tmp/script", f"#!/bin/sh\n{SUDO}\n", 0o755)
    assert not asks(seat, "/tmp/script")


def test_with_rotation(pool, shell, asks):
    pool.admin("POST", "settings", {"refreshTokenRotation": True})
    alice = shell("alice")
    assert [asks(alice) for _ in range(4)] == [True, False, False, False]


def test_su_to_oneself(shell, asks):
    alice = shell("alice")
    command = "su alice -c 'id -un'"
    assert [asks(alice, command, works="alice") for _ in range(2)] == [True, False]


# A question

def test_without_the_key_in_the_configuration(host, pool, shell, asks):
    host.configure(pool)
    alice = shell("alice")
    assert [asks(alice), asks(alice)] == [True, True]
    assert ticket_files(host) == []


@pytest.mark.usefixtures("seat")
def test_another_terminal(shell, asks):
    assert asks(shell("alice"))


@pytest.mark.parametrize("command, works", [("sudo -i id -un", "root"),
                                            ("su alice -c 'id -un'", "alice")])
def test_another_service(seat, asks, command, works):
    assert asks(seat, command, works=works)


def test_another_user_on_this_terminal(host, seat, password):
    """bob in alice's session (su -c would begin another one): what she typed is not his."""
    host.pam("su", *(f"{kind} sufficient pam_permit.so" for kind in ("auth", "account", "session")))
    as_bob = f"su bob --session-command '{SUDO}'"
    asked = []
    for _ in range(2):
        question, text = seat.run(as_bob, password("bob"))
        assert "\nroot\n" in text, text
        assert host.log.decisions()[-1]["user"] == "bob"
        asked.append(question)
    assert asked == [True, False]
    assert not seat.run(SUDO, "not needed")[0]


def test_su_to_somebody_else(shell, asks, password):
    """Knowing bob's password once is not being bob."""
    alice = shell("alice")
    for _ in range(2):
        assert asks(alice, "su bob -c 'id -un'", answer=password("bob"), works="bob")


def test_targetpw(host, shell, asks, password):
    host.write("/etc/sudoers", SUDOERS.replace("Defaults ", "Defaults targetpw, "), 0o440)
    alice = shell("alice")
    for _ in range(2):
        assert asks(alice, "sudo -u bob id -un", answer=password("bob"), works="bob")


def test_without_a_terminal(host, password, seat, asks):
    """Nothing is remembered of a sign-in on a pipe, and nothing is used there."""
    before = ticket_files(host)
    for _ in range(2):
        done = host.run("setsid", "sudo", "-S", "id", "-un", as_user="alice",
                        text=password("alice") + "\n")
        assert done.out == "root\n"
    assert host.run("setsid", "sudo", "-S", "id", "-un", as_user="alice", text="\n").out == ""
    assert ticket_files(host) == before
    assert not asks(seat)


def test_after_a_boot(host, seat, asks):
    """/run is empty then."""
    records.reboot(host)
    assert asks(seat)


def test_another_boot(host, seat, asks):
    """Even if /run were kept, and process numbers and terminals came again."""
    host.write("/tmp/boot_id", "01234567-89ab-cdef-0123-456789abcdef\n")
    host.run("mount", "--bind", "/tmp/boot_id", BOOT_ID)
    try:
        assert asks(seat)
    finally:
        host.run("umount", BOOT_ID)
    assert not asks(seat)


# Age. Both clocks must say that it is young: seconds by the wall, and since boot; a question?
AGES = [
    ("young", MAX_AGE - 30, MAX_AGE - 30, False),
    ("old", MAX_AGE + 1, MAX_AGE + 1, True),
    ("wall clock forward", MAX_AGE + 1, 0, True),
    ("wall clock set back", -30, 0, True),
    ("woken up after long", 0, MAX_AGE + 1, True),
    ("clock set back to look young", 10, MAX_AGE + 10, True),
    ("from the future", 0, -30, True),
]


@pytest.mark.parametrize("wall, boot, question", [each[1:] for each in AGES],
                         ids=[each[0] for each in AGES])
def test_age(seat, asks, clock, wall, boot, question):
    clock.shift(wall, boot)
    assert asks(seat) == question
    assert not asks(seat)  # whatever it was, the clock locks nobody out


def test_using_it_does_not_make_it_younger(seat, asks, clock):
    """Fifteen minutes are fifteen minutes since he typed."""
    clock.shift(MAX_AGE - 30)
    assert not asks(seat)
    clock.shift(MAX_AGE + 30)
    assert asks(seat)


def test_age_by_the_configuration(host, pool, shell, asks, clock):
    host.configure(pool)
    host.append_config(CONFIG + "reauth_max_age = 1m\n")
    alice = shell("alice")
    assert asks(alice)
    clock.shift(50)
    assert not asks(alice)
    clock.shift(61)
    assert asks(alice)


# Tickets that were tampered with; only root could.

def test_tickets_are_roots_business(host, seat, asks):
    about = host.path(records.TICKETS).stat()
    assert about.st_mode & 0o777 == 0o700
    assert host.run("ls", records.TICKETS, as_user="alice").status != 0
    assert {path.stat().st_mode & 0o777 for path in ticket_files(host)} == {0o600}
    assert not asks(seat)


def test_a_ticket_of_another_terminal(host, shell, asks):
    """Copied over the one of this terminal, which has got too old, say."""
    first, second = shell("alice"), shell("alice")
    assert asks(first)
    stolen, = ticket_files(host)
    assert asks(second)
    own, = set(ticket_files(host)) - {stolen}
    own.write_bytes(stolen.read_bytes())
    assert asks(second)
    assert not asks(first)


def test_a_ticket_of_another_user(host, shell, asks):
    alice, bob = shell("alice"), shell("bob")
    assert asks(alice)
    stolen, = ticket_files(host)
    assert asks(bob)
    own, = set(ticket_files(host)) - {stolen}
    own.write_bytes(stolen.read_bytes())
    assert asks(bob)


def forge(path, key, change):
    """Another value, and a checksum that fits."""
    lines = path.read_text(encoding="utf-8").splitlines()[:-1]
    lines = [f"{key} = {change(line.split(' = ')[1])}" if line.startswith(f"{key} =") else line
             for line in lines]
    text = "\n".join(lines) + "\n"
    path.write_text(f"{text}sha256 = {hashlib.sha256(text.encode()).hexdigest()}\n",
                    encoding="utf-8")


def more(seconds):
    return lambda value: int(value) + seconds


@pytest.mark.parametrize("key, change", [
    ("service", lambda _: "su"), ("user", lambda _: "bob"), ("uid", more(1)),
    ("sub", lambda value: value[::-1]), ("real_uid", more(1)), ("session", more(1)),
    ("leader", more(1)), ("tty", more(1)), ("boot", lambda value: value[::-1]),
    ("unix_time", more(3600)), ("boot_time", more(3600)), ("unix_time", more(-3600))])
def test_a_forged_ticket(host, seat, asks, key, change):
    path, = ticket_files(host)
    forge(path, key, change)
    assert asks(seat)


def nothing(path):
    path.write_bytes(b"")


def link(path):
    kept = path.with_name("kept")
    path.rename(kept)
    path.symlink_to(kept)


def second_name(path):
    path.with_name("kept").hardlink_to(path)


def readable(path):
    path.chmod(0o644)


def somebody_elses(path):
    os.chown(path, people.uid_of("alice"), people.uid_of("alice"))


@pytest.mark.parametrize("damage", [records.flip, nothing, link, second_name, readable,
                                    somebody_elses], ids=lambda damage: damage.__name__)
def test_a_damaged_ticket(host, seat, asks, damage):
    damage(ticket_files(host)[0])
    assert asks(seat)


# What the pool, the rules and the store say

@pytest.mark.parametrize("how", ["disabled", "deleted"])
def test_a_leaver(host, pool, seat, refuses, how):
    records.leave(pool, "alice", how)
    assert refuses(seat)
    assert refuses(seat)
    assert len(records.files(host, "tombstones")) == 1


def test_signed_out_everywhere(pool, seat, asks):
    """The next sudo asks; the password is still right."""
    records.leave(pool, "alice", "signed out")
    assert [asks(seat), asks(seat)] == [True, False]


def test_out_of_the_group(host, pool, shell, asks, refuses):
    host.configure(pool, allow_users=None, allow_pool_groups="linux-users")
    host.append_config(CONFIG)
    alice = shell("alice")
    assert asks(alice)
    records.leave(pool, "alice", "out of the group")
    assert refuses(alice)


def test_denied(host, seat, refuses):
    host.append_config("deny_users = alice\n")
    assert refuses(seat)


def test_a_record_that_is_gone(host, seat, asks):
    host.run(private_host.TOOL, "cache", "purge")
    assert [asks(seat), asks(seat)] == [True, False]


def test_forgotten(host, seat, asks):
    host.run(private_host.TOOL, "cache", "forget", "alice")
    assert asks(seat)


# A pool that says neither yes nor no: not without the password, and not with it either.
@pytest.mark.parametrize("fault", [{"kind": "status", "status": 500}, {"kind": "close"},
                                   {"kind": "raw", "body": "{}"},
                                   {"kind": "tamper", "how": "other-user"},
                                   {"kind": "tamper", "how": "wrong-signature"}],
                         ids=lambda fault: fault.get("how", fault["kind"]))
def test_no_clear_answer(pool, seat, asks, fault):
    """Of the question without a password. The one with it is answered well."""
    pool.admin("POST", "faults", {"match": {"operation": records.REFRESH}, "count": None, **fault})
    assert asks(seat)


def test_no_pool(pool, seat, refuses, asks, clock):
    """For half a minute the pool is not even tried without a question."""
    pool.refuse_connections()
    assert refuses(seat)
    pool.accept_connections()
    assert asks(seat)
    clock.shift(records.PAUSE)
    assert not asks(seat)
