# SPDX-License-Identifier: MIT
"""Helpers that are killed, stopped, lie, chatter or are missing: refused in time, nothing left."""

import os
import signal
import time
from pathlib import Path

import pytest

import host as private_host
import records
import ssh

FAKE = Path(__file__).resolve().parent / "fake_helper.py"
ANSWER_SECONDS = 5  # refusals of what is wrong at once: the floor and a slow machine
PASSWORDS_SECONDS = 9  # the floor before each further password prompt
SILENCE_SECONDS = 6.5  # its budget of 1 s, the module's slack of 2 s, and the floor
START_SECONDS = 26  # what a helper has to get ready in, and the same

# How it behaves, until when it must be over, what the log says.
ABUSES = [
    ("wrong_nonce", ANSWER_SECONDS, "another request"),
    ("short_nonce", ANSWER_SECONDS, "another request"),
    ("wrong_user", ANSWER_SECONDS, "another user"),
    ("no_sub", ANSWER_SECONDS, "the helper's verdict names no pool user"),
    ("unknown_code", ANSWER_SECONDS, "malformed frame"),
    ("code_in_words", ANSWER_SECONDS, "malformed frame"),
    ("empty_code", ANSWER_SECONDS, "malformed frame"),
    ("long_field", ANSWER_SECONDS, "malformed frame"),
    ("too_few_fields", ANSWER_SECONDS, "malformed frame"),
    ("too_many_fields", ANSWER_SECONDS, "malformed frame"),
    ("no_final_nul", ANSWER_SECONDS, "malformed frame"),
    ("other_version", ANSWER_SECONDS, "frame of another version"),
    ("verdict_twice", ANSWER_SECONDS, "the helper went on after its verdict"),
    ("verdict_and_more", ANSWER_SECONDS, "the helper went on after its verdict"),
    ("refusal_then_success", ANSWER_SECONDS, "the helper went on after its verdict"),
    ("verdict_and_no_end", SILENCE_SECONDS, "no answer in time"),
    ("success_by_exit_status", ANSWER_SECONDS, "the helper ended without a verdict"),
    ("ready_twice", ANSWER_SECONDS, "the helper was ready twice"),
    ("ready_for_ever", ANSWER_SECONDS, "malformed frame: a number is out of range"),
    ("ready_in_the_past", ANSWER_SECONDS, "malformed frame: a number is out of range"),
    ("unknown_kind", ANSWER_SECONDS, "malformed frame"),
    ("own_request", ANSWER_SECONDS, "the helper ended without a verdict"),
    ("unknown_text", ANSWER_SECONDS, "malformed frame"),
    ("empty_frame", ANSWER_SECONDS, "empty frame"),
    ("huge_frame", ANSWER_SECONDS, "oversized frame"),
    ("garbage", ANSWER_SECONDS, "frame"),
    ("killed_while_asking", ANSWER_SECONDS, ""),
    ("crashed_after_the_answer", ANSWER_SECONDS, "the helper ended without a verdict"),
    ("stopped", SILENCE_SECONDS, "no answer in time"),
    ("silent", SILENCE_SECONDS, "no answer in time"),
    ("never_ready", START_SECONDS, "no answer in time"),
    ("chatter_of_texts", ANSWER_SECONDS, "the helper does not come to an end"),
    ("chatter_of_questions", PASSWORDS_SECONDS, "the helper asks for too many passwords"),
    ("closes_the_socket", ANSWER_SECONDS, "the helper ended without a verdict"),
    ("exits_at_once", ANSWER_SECONDS, "the helper ended without a verdict"),
    ("ignores_signals", SILENCE_SECONDS, "no answer in time"),
]


def fake(host, mode):
    host.write(private_host.HELPER, FAKE.read_text(encoding="utf-8"), 0o755)
    host.write(f"{private_host.HELPER}.mode", mode)


def test_the_fake_speaks_the_language(app, host):
    """All refusals below are because of what they do, not because of who they are."""
    fake(host, "honest")
    assert app("alice").status() == "PAM_SUCCESS"


@pytest.mark.parametrize("mode, seconds, reason", ABUSES)
def test_abuse(app, host, mode, seconds, reason):
    fake(host, mode)
    begun = time.monotonic()
    report = app("alice", answers=["x"] * 3)
    assert report.status() in ("PAM_SYSTEM_ERR", "PAM_CONV_ERR")
    assert time.monotonic() - begun < seconds
    assert reason in host.log.decision()["reason"]
    assert host.wait_until_idle(0.2) == []
    assert report.changes == []


ACCOUNT_ABUSES = ["wrong_nonce", "wrong_user", "no_sub", "success_by_exit_status", "verdict_twice",
                  "silent", "exits_at_once", "garbage"]


@pytest.mark.parametrize("mode", ACCOUNT_ABUSES)
def test_abuse_in_the_account_phase(app, host, mode):
    fake(host, mode)
    assert app("alice", "account").status("account") == "PAM_SYSTEM_ERR"


def test_chatter_reaches_nobody_for_long(app, host):
    fake(host, "chatter_of_texts")
    assert len(app("alice").infos) <= 64


NOT_A_HELPER = [
    ("missing", "cannot run the helper"),
    ("not executable", "cannot run the helper"),
    ("a directory", "cannot run the helper"),
    ("not a program", "cannot run the helper"),
]


@pytest.mark.parametrize("what, reason", NOT_A_HELPER)
def test_no_helper(app, host, what, reason):
    helper = host.path(private_host.HELPER)
    if what == "not executable":
        helper.chmod(0o644)
    else:
        helper.unlink()
    if what == "a directory":
        helper.mkdir()
    elif what == "not a program":
        host.write(private_host.HELPER, "not a program", 0o755)
    try:
        report = app("alice")
    finally:
        if what == "a directory":
            helper.rmdir()
    assert report.status() == "PAM_SYSTEM_ERR"
    assert reason in host.log.decision()["reason"]


def test_nothing_of_the_host_reaches_the_helper(app, host):
    fake(host, "record")
    app("alice", conditions=["leaked-descriptors", "all-signals-blocked", "sigchld-ignored"],
        environment={"SECRET": "x", "LD_BIND_NOW": "1"})
    seen = dict(line.split(" ", 1) for line in
                host.path(f"{private_host.HELPER}.record").read_text(encoding="utf-8").splitlines())
    assert seen["environment"] == "[]" or seen["environment"] == "['LC_CTYPE']"  # Python's own
    assert eval(seen["descriptors"])[:3] == [0, 1, 2]
    assert max(eval(seen["descriptors"])) <= 5  # its own: the record, the directory
    assert seen["group-leader"] == "True"
    assert seen["session-leader"] == "False"
    assert int(seen["SigBlk:"], 16) == 0
    ignored = {n for n in range(1, signal.SIGRTMIN - 2) if int(seen["SigIgn:"], 16) & 1 << n - 1}
    assert ignored == {signal.SIGPIPE, signal.SIGXFSZ}  # Python's own


# The real helper

def wait_for_helper(host):
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        if found := host.helpers():
            return found[0]
        time.sleep(0.01)
    raise AssertionError("no helper runs")


SIGNALS = [(signal.SIGKILL, "the helper ended without a verdict"),
           (signal.SIGSEGV, "the helper ended without a verdict"),
           (signal.SIGSTOP, "no answer in time")]


@pytest.mark.parametrize("number, reason", SIGNALS)
def test_signal_while_the_user_types(host, pool, password, number, reason):
    host.configure(pool, timeout="1s")

    def strike(child):
        os.kill(wait_for_helper(host), number)
        time.sleep(0.1)
        return password("alice")

    outcome = host.converse(["su", "alice", "-c", "echo in as $(id -un)"],
                            [("Password: ", strike)], as_user="keyadmin")
    assert "in as" not in outcome
    decision = host.log.decision()
    assert decision["code"] == "PAM_SYSTEM_ERR"
    assert decision["reason"] == reason or "sending a frame" in decision["reason"]
    assert host.wait_until_idle(1) == []


def test_the_helper_ends_with_its_host(host, pool, password):
    """su is killed while the helper waits for the pool."""
    pool.admin("POST", "faults", {"kind": "silence", "match": {"operation": "InitiateAuth"},
                                  "count": None})

    def kill_su(child):
        child.sendline(password("alice"))
        time.sleep(0.5)
        helper = wait_for_helper(host)
        parent = int(Path(f"/proc/{helper}/stat").read_text(encoding="utf-8").split()[3])
        os.kill(parent, signal.SIGKILL)
        return private_host.terminal.HANG_UP

    host.converse(["su", "alice", "-c", "true"], [("Password: ", kill_su)], as_user="keyadmin")
    deadline = time.monotonic() + 1
    while host.helpers() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert host.helpers() == []
    assert host.log.decision()["reason"] == "left before the decision; nothing was proven"


def test_the_client_goes_away_at_the_prompt(host, sign_in):
    """ssh is closed while sshd waits for the password."""
    sign_in("alice", lambda child: wait_for_helper(host) and private_host.terminal.HANG_UP)
    assert host.wait_until_idle(2) == []


def test_ctrl_c_at_the_prompt(host):
    def interrupt(child):
        child.sendintr()
        return private_host.terminal.HANG_UP

    host.converse(["su", "alice", "-c", "true"], [("Password: ", interrupt)], as_user="keyadmin")
    assert host.wait_until_idle(2) == []


def test_the_helper_is_unprivileged_and_closed(host, password):
    """Seen while it asks: another user, nothing to gain, nothing to read."""
    seen = {}

    def look(child):
        pid = wait_for_helper(host)
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
        seen.update(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
        seen["environ"] = Path(f"/proc/{pid}/environ").read_bytes()
        seen["owner"] = os.stat(f"/proc/{pid}/environ").st_uid
        seen["at root"] = os.path.samefile(f"/proc/{pid}/cwd", host.path("/"))
        seen["limits"] = Path(f"/proc/{pid}/limits").read_text(encoding="utf-8")
        return password("alice")

    host.converse(["su", "alice", "-c", "true"], [("Password: ", look)], as_user="keyadmin")
    uid = private_host.people.RUN_AS.uid
    assert seen["Uid"].split() == seen["Gid"].split() == [str(uid)] * 4
    assert seen["Groups"].strip() == ""
    assert [int(seen[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")] == [0] * 4
    assert seen["NoNewPrivs"] == "1"
    assert (seen["environ"], seen["at root"]) == (b"", True)
    assert seen["owner"] == 0  # not dumpable
    assert "Max core file size        0 " in seen["limits"]


def test_nobody_else_may_start_it(host):
    done = host.run(private_host.HELPER, as_user="alice")
    assert done.status != 0


def test_an_application_that_is_not_root(app, host, password):
    """A screen locker: only root can sign people in, and the log says so."""
    report = app("alice", as_user="alice", answers=[password("alice")])
    assert report.status() == "PAM_AUTHINFO_UNAVAIL"
    assert "does not run as root" in host.log.decision()["reason"]


# Who is gone before a decision: nobody but the helper can say so.

CODE = "text message to [^ ]*: $"


def farewell(host, seconds=3):
    """The one decision, when it comes."""
    deadline = time.monotonic() + seconds
    while not host.log.decisions() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.5)  # no other comes
    return host.log.decision()


def test_left_at_the_second_question(host, pool, password):
    """A stolen password leaves a trace even where whoever has it goes at once."""
    host.configure(pool, auth_flow="srp")
    ssh.sign_in(host, "frank", password("frank"), private_host.terminal.HANG_UP,
                prompts=[ssh.PROMPT, CODE])
    left = farewell(host)
    assert left["service"] == "sshd"
    assert left["code"] == "PAM_CONV_ERR"
    assert left["user"] == "frank"
    assert left["pool_user"] == "frank"
    assert left["rhost"] == "127.0.0.1"
    assert left["method"] == "password"
    assert left["reason"] == ("left at the question 'Code sent by text message to {1}'; "
                              "the pool had accepted the password")


def test_left_at_the_first_question(host):
    ssh.sign_in(host, "frank", private_host.terminal.HANG_UP)
    left = farewell(host)
    assert left["reason"] == "left at the question 'Password'; nothing was proven"


def test_killed_at_a_question(host, password):
    """Nothing of the program can say anything any more."""
    def kill_su(child):
        helper = wait_for_helper(host)
        os.kill(int(Path(f"/proc/{helper}/stat").read_text(encoding="utf-8").split()[3]),
                signal.SIGKILL)
        return private_host.terminal.HANG_UP

    host.converse(["su", "frank", "-c", "true"], [("Password: ", password("frank")),
                                                  (CODE, kill_su)], as_user="keyadmin")
    left = farewell(host)
    assert left["service"] == "su"
    assert "the pool had accepted the password" in left["reason"]


def test_login_gives_up(host, password):
    """LOGIN_TIMEOUT: login ends in the middle of our question."""
    defaults = host.path("/etc/login.defs")
    before = defaults.read_text(encoding="utf-8")
    defaults.write_text(before + "\nLOGIN_TIMEOUT 3\n", encoding="utf-8")
    try:
        host.converse(["login"], [("login: ", "frank"), ("Password: ", password("frank")),
                                  (CODE, None)])
    finally:
        defaults.write_text(before, encoding="utf-8")
    left = farewell(host)
    assert left["service"] == "login"
    assert "the pool had accepted the password" in left["reason"]


def test_a_program_that_goes_on_speaks_for_itself(app, host):
    """It could not ask, and lives: one line, the module's."""
    assert app("alice", answers=[]).status() == "PAM_CONV_ERR"
    assert "left at" not in farewell(host)["reason"]


CTRL_Z = "/opt/ctrl_z.py"


@pytest.mark.usefixtures("nopasswd")
@pytest.mark.parametrize("key", ["\x1a", "\x03", "\x1c"], ids=["Ctrl-Z", "Ctrl-C", "Ctrl-backslash"])
def test_no_terminal_stops_it(host, pool, app, clock, key):
    """It holds the user's lock: who can stop it there holds up what others would hear of him."""
    assert app("alice").status() == "PAM_SUCCESS"
    clock.shift(records.RECHECK)
    pool.admin("POST", "faults", {"match": {"operation": records.REFRESH}, "kind": "delay",
                                  "ms": 1500, "count": 1})
    host.write(CTRL_Z, (FAKE.with_name("ctrl_z.py")).read_text(encoding="utf-8"), 0o755)
    outcome = host.converse([CTRL_Z], [("type", lambda child: child.send(key) and None)],
                            as_user="alice")
    host.path(CTRL_Z).unlink()
    assert "helper S" in outcome
    assert "sudo 0" in outcome
