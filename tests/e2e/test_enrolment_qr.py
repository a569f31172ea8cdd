# SPDX-License-Identifier: MIT
"""A new authenticator, set up by people at real terminals: xterm paints, a camera reads."""

import re
from dataclasses import dataclass

import pytest

import ssh
import terminal
import window
from answers import PASSWORD, authenticator

SMALL, LARGE = (80, 24), (120, 70)
UTF8, ASCII = "C.UTF-8", "POSIX"
LAST = "(Code: |Code it shows: )$"


@dataclass(frozen=True)
class Case:
    qr: str
    size: tuple    # columns, rows
    locale: str    # of the client
    scanned: bool  # the code can be: it fits, and its characters get through
    user: str = "quinn"
    program: str = "ssh"

    def __str__(self):
        columns, rows = self.size
        return f"{self.program} {self.user} {self.qr} {columns}x{rows} {self.locale}"


CASES = [
    # What fits 80x24, as nobody can ask how large the screen is; half blocks need UTF-8.
    Case("auto", SMALL, UTF8, scanned=True),
    Case("auto", LARGE, UTF8, scanned=True),
    Case("auto", SMALL, ASCII, scanned=False),
    Case("auto", LARGE, ASCII, scanned=False),
    Case("auto", LARGE, UTF8, scanned=False, user="judy"),  # too long a name
    # Whatever was configured, whether it fits or not.
    Case("utf8", LARGE, UTF8, scanned=True, user="judy"),
    Case("utf8", SMALL, UTF8, scanned=False, user="judy"),
    Case("ascii", LARGE, UTF8, scanned=True),
    Case("ascii", LARGE, ASCII, scanned=True),
    Case("ascii", SMALL, UTF8, scanned=False),
    Case("ascii", SMALL, ASCII, scanned=False),
    Case("ansi", LARGE, UTF8, scanned=False),  # ssh lets no escape sequence through
    Case("off", SMALL, UTF8, scanned=False),
    Case("off", LARGE, ASCII, scanned=False),
    # A program that knows its terminal.
    Case("auto", SMALL, UTF8, scanned=True, program="su"),
    Case("auto", SMALL, ASCII, scanned=False, program="su"),
    Case("auto", LARGE, ASCII, scanned=True, program="su"),
    Case("auto", LARGE, UTF8, scanned=True, program="su", user="judy"),
    Case("ansi", LARGE, ASCII, scanned=True, program="su"),
]


@pytest.fixture(scope="module")
def screen(tmp_path_factory):
    running = window.Screen(tmp_path_factory.mktemp("screen"))
    yield running
    running.close()


@pytest.fixture
def open_window(screen, tmp_path):
    opened = []

    def run(size, locale):
        opened.append(window.Window(screen, *size, locale, tmp_path))
        return opened[-1]

    yield run
    for one in opened:
        one.close()


def command_of(host, case):
    line = "echo in as $(id -un)"
    if case.program == "su":
        return host.argv("su", case.user, "-c", line, as_user="keyadmin",
                         environment={"LC_ALL": case.locale})
    host.start_sshd()
    argv = ssh.argv(host, case.user, line)
    at = argv.index("ssh")
    return [*argv[:at], "env", f"LC_ALL={case.locale}", *argv[at:]]


def begin(host, case, shown_in):
    """The program on a terminal of the case's size; what it prints appears in the window."""
    columns, rows = case.size
    talk = terminal.Conversation(command_of(host, case), terminal.TIMEOUT, terminal.ignore)
    talk.child.setwinsize(rows, columns)
    talk.child.logfile_read = shown_in
    return talk


def one_line(text):
    """The text of a screen, joined over its rows."""
    return "".join(line.rstrip() for line in text.splitlines())


def uri_of(pool, user, name):
    """By what the pool keeps: written down again here, not taken from anywhere."""
    issuer = pool.info["userPoolId"].split("_")[1]
    key = pool.admin("GET", f"users/{user}")["totpSecret"]
    return f"otpauth://totp/{issuer}:{name.replace('@', '%40')}?secret={key}&issuer={issuer}"


@pytest.mark.parametrize("case", CASES, ids=str)
def test_enrolment(host, pool, password, open_window, case):
    host.configure(pool, auth_flow="srp", qr=case.qr)
    name = case.user
    if case.user == "judy":
        host.append_config("username_format = %u@example.com\nidentity_claim = email\n")
        name = "judy@example.com"
        pool.admin("POST", "users/judy", {"mfaSetup": ["SOFTWARE_TOKEN_MFA"]})
    shown = open_window(case.size, case.locale)
    talk = begin(host, case, shown)
    assert talk.wait(PASSWORD)
    talk.type(password(case.user))
    assert talk.wait(LAST)
    text = one_line(shown.text())
    scanned = shown.scan(case.scanned)
    key = re.search(r"secret=([A-Z2-7]+)&issuer=", scanned or text).group(1)
    talk.type(authenticator(key))
    assert talk.wait_for_end()
    outcome = talk.outcome()
    assert (outcome.status, f"in as {case.user}\n" in outcome) == (0, True)
    uri = uri_of(pool, case.user, name)
    assert scanned == (uri if case.scanned else "")
    assert uri in text
    assert re.search(rf"(Key: |or this key){key}", text)


def test_no_code_is_no_code(open_window):
    """The camera above is one that can fail, where there is something to see."""
    shown = open_window(LARGE, UTF8)
    shown.write("@@  " * 30)
    assert "@@  @@" in shown.text()
    assert shown.scan(False) == ""
