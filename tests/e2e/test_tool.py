# SPDX-License-Identifier: MIT
"""pam-cognito: exit codes are a contract, stdout is data, nothing of PAM is touched."""

import json
import os
import signal

import pytest

import host as private_host

OK, REFUSED, USAGE, CONFIGURATION, UNAVAILABLE, INTERNAL = range(6)
TOOL = private_host.TOOL
USERS = [None, "alice"]  # root, and a plain user


@pytest.fixture
def tool(host):
    def run(*arguments, as_user=None, typed="", environment=None):
        return host.run(TOOL, *arguments, as_user=as_user, text=typed, environment=environment)
    return run


@pytest.fixture(autouse=True)
def readable(host):
    """The configuration is world-readable, as documented."""
    assert host.path(private_host.CONFIG).stat().st_mode & 0o7777 == 0o644


USAGES = [[], ["no-such-command"], ["check-config", "too", "many"], ["check-config", "--no-option"],
          ["cache"], ["cache", "empty"], ["test"], ["test", "alice", "bob"], ["check-config", "-c"]]


@pytest.mark.parametrize("arguments", USAGES, ids=lambda value: str(value)[:40])
def test_usage(tool, arguments):
    done = tool(*arguments)
    assert (done.status, done.out) == (USAGE, "")
    assert done.err.startswith("pam-cognito: ") and done.err.endswith("; try --help\n")
    assert done.err.count("\n") == 1


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_about_itself(tool, option):
    done = tool(option)
    assert (done.status, done.err) == (OK, "")
    assert "pam" in done.out


@pytest.mark.parametrize("as_user", USERS)
def test_check_config_good(tool, as_user):
    assert tool("check-config", as_user=as_user).status == OK


def test_check_config_of_the_example(tool, host):
    example = private_host.TOP / "docs" / "examples" / "pam_cognito.conf"
    host.write("/etc/security/example.conf", example.read_text(encoding="utf-8"))
    done = tool("check-config", "-c", "/etc/security/example.conf")
    assert (done.status, "warning" in done.err) == (OK, False)


def test_check_config_tells_everything_at_once(tool, host):
    host.append_config("no_such_key = 1\nmin_uid = -1\ntimeout = soon\n")
    done = tool("check-config")
    assert (done.status, done.out) == (CONFIGURATION, "")
    lines = host.path(private_host.CONFIG).read_text(encoding="utf-8").splitlines()
    for key in ("no_such_key", "min_uid", "timeout = soon"):
        number = next(n for n, line in enumerate(lines, 1) if line.startswith(key))
        assert f"{private_host.CONFIG}:{number}: " in done.err


def test_check_config_json(tool, host):
    good = json.loads(tool("check-config", "--json").out)
    assert good == {"ok": True, "errors": [], "warnings": []}
    host.append_config("no_such_key = 1\n")
    done = tool("check-config", "--json")
    assert done.status == CONFIGURATION
    assert json.loads(done.out)["ok"] is False and len(json.loads(done.out)["errors"]) == 1


def test_check_config_of_another_file(tool, host, pool):
    """As Ansible's validate does, with a file of the user's own."""
    text = host.path(private_host.CONFIG).read_text(encoding="utf-8")
    host.write("/home/alice/new.conf", text)
    host.run("chown", "alice", "/home/alice/new.conf")
    assert tool("check-config", "-c", "/home/alice/new.conf", as_user="alice").status == OK
    assert tool("check-config", "-c", "/home/alice/new.conf", as_user="bob").status == CONFIGURATION
    assert tool("check-config", "-c", "/home/alice/new.conf").status == CONFIGURATION  # not root's


BAD_FILES = ["missing", "unreadable", "writable", "not root's", "a directory"]


@pytest.mark.parametrize("what", BAD_FILES)
@pytest.mark.parametrize("command", [["check-config"], ["test", "alice"]], ids=" ".join)
def test_bad_file(tool, host, what, command):
    path = host.path(private_host.CONFIG)
    if what == "unreadable":
        path.chmod(0o600)
    elif what == "writable":
        path.chmod(0o666)
    elif what == "not root's":
        host.run("chown", "bob", private_host.CONFIG)
    else:
        path.unlink()
    if what == "a directory":
        path.mkdir()
    done = tool(*command, as_user="alice", typed="x\n")
    assert done.status == CONFIGURATION
    assert private_host.CONFIG in done.err + done.out


# Who runs it, user, what is typed, exit code.
TESTS = [
    ("alice", None, OK),
    ("alice", "wrong", REFUSED),
    ("alice", "", REFUSED),
    ("frank", None, REFUSED),
    ("erin", None, REFUSED),
    ("ivan", None, REFUSED),    # not in scope
    ("root", "x", REFUSED),
    ("nobody-here", "x", REFUSED),
]


@pytest.mark.parametrize("as_user", USERS)
@pytest.mark.parametrize("user, typed, status", TESTS)
def test_user(tool, password, as_user, user, typed, status):
    done = tool("test", user, as_user=as_user,
                typed=(password(user) if typed is None else typed) + "\n")
    assert done.status == status, done.err + done.out


@pytest.mark.parametrize("as_user", USERS)
def test_pool_down(tool, pool, password, as_user):
    pool.refuse_connections()
    done = tool("test", "alice", as_user=as_user, typed=password("alice") + "\n")
    assert done.status == UNAVAILABLE


def test_on_a_terminal(host, password):
    """The password is asked and not shown."""
    outcome = host.converse([TOOL, "test", "alice"], [("Password: ", password("alice"))])
    assert outcome.status == OK
    assert password("alice") not in outcome.text


def running_tool(host):
    return next(pid for pid in host.processes() if private_host.command_of(pid) == "pam-cognito")


def keys(typed):
    return lambda host, child: child.send(typed) and None


def signalled(number):
    return lambda host, child: os.kill(running_tool(host), number)


INTERRUPTIONS = {
    "Ctrl-C": (keys("half\x03"), "interrupted"),
    "Ctrl-\\": (keys("half\x1c"), "interrupted"),
    "Ctrl-Z": (keys("half\x1a"), "interrupted"),
    "Ctrl-D": (keys("\x04"), "no answer"),
    "SIGTERM": (signalled(signal.SIGTERM), "interrupted"),
    "SIGHUP": (signalled(signal.SIGHUP), "interrupted"),
    "too long an answer": (keys("x" * 3000 + "\n"), "too long"),
}


@pytest.mark.parametrize("how", INTERRUPTIONS)
@pytest.mark.parametrize("as_user", USERS)
def test_interrupted_at_a_hidden_question(host, pool, how, as_user):
    """It is a refusal, and the terminal echoes again."""
    interrupt, reason = INTERRUPTIONS[how]
    script = f"trap : INT QUIT TSTP; {TOOL} test alice; echo status=$?; stty -a"
    outcome = host.converse(["sh", "-c", script],
                            [("Password: ", lambda child: interrupt(host, child))],
                            as_user=as_user, timeout=10)
    shown = outcome.text.split()
    assert (f"status={REFUSED}" in shown, "echo" in shown, "isig" in shown) == (True, True, True)
    assert reason in outcome.text and "half" not in shown
    assert "InitiateAuth" not in [entry["operation"] for entry in pool.requests()["requests"]]


def test_interrupted_at_another_question(host, pool, password):
    """After the password; a session at the pool is left to expire."""
    script = f"trap : INT; {TOOL} test carol; echo status=$?; stty -a"
    outcome = host.converse(["sh", "-c", script],
                            [("Password: ", password("carol")),
                             ("(?i)code.*: ", lambda child: child.send("12\x03") and None)],
                            timeout=10)
    assert outcome.missed is None
    assert (f"status={REFUSED}" in outcome.text, " echo " in outcome.text) == (True, True)
    assert "interrupted" in outcome.text


@pytest.mark.parametrize("as_user", USERS)
def test_nobody_else_reads_what_is_typed(host, password, as_user):
    """Neither a core file nor another process of the same user."""
    owners = []

    def look(child):
        owners.append(os.stat(f"/proc/{running_tool(host)}/mem").st_uid)
        return password("alice")

    assert host.converse([TOOL, "test", "alice"], [("Password: ", look)],
                         as_user=as_user).status == OK
    assert owners == [0]  # not its own user's: it cannot be attached to


@pytest.mark.parametrize("form", [[], ["--json"]], ids=" ".join)
def test_a_full_disk_is_no_success(host, password, form):
    done = host.run("sh", "-c", f"exec {TOOL} test alice {' '.join(form)} >/dev/full",
                    text=password("alice") + "\n")
    assert (done.status, "printed" in done.err) == (INTERNAL, True)


def test_steps_have_times(tool, password):
    done = tool("test", "alice", typed=password("alice") + "\n")
    assert done.err.count(" ms  ") >= 3


def test_json_result(tool, pool, password):
    done = tool("test", "alice", "--json", typed=password("alice") + "\n")
    result = json.loads(done.out)
    assert (result["result"], result["sub"]) == ("ok", pool.user("alice")["sub"])


def test_a_service_that_is_not_there(tool, password):
    typed = password("alice") + "\n"
    note = "note: there is no such PAM service: "
    assert f"{note}shd\n" in tool("test", "alice", "--service", "shd", typed=typed).err
    assert note not in tool("test", "alice", "--service", "sshd", typed=typed).err


def test_service_section(tool, host, password):
    host.append_config("[service sudo]\ndeny_users = alice\n")
    typed = password("alice") + "\n"
    assert tool("test", "alice", typed=typed).status == OK
    assert tool("test", "alice", "--service", "sudo", typed=typed).status == REFUSED


def test_the_token_is_revoked(tool, pool, password):
    tool("test", "alice", typed=password("alice") + "\n")
    assert "RevokeToken" in [entry["operation"] for entry in pool.requests()["requests"]]


def test_it_never_tries_offline(tool, host, pool, password):
    """And says so: through PAM this user would get in."""
    host.append_config("offline = yes\n")
    pool.refuse_connections()
    done = tool("test", "alice", typed=password("alice") + "\n")
    assert done.status == UNAVAILABLE
    assert "this test never does" in done.err
    assert "offline nothing is tried by a test" in done.out


def test_nothing_is_written(tool, host, password):
    tool("test", "alice", typed=password("alice") + "\n")
    assert not host.path(private_host.CACHE).exists()
    for place in (private_host.STATE, private_host.RUN):
        assert [path for path in host.path(place).rglob("*") if not path.is_dir()] == []
    assert host.log.all() == []


def test_the_environment_is_ignored(tool, host, password):
    environment = {"https_proxy": "http://127.0.0.1:1", "SSLKEYLOGFILE": "/tmp/keylog"}
    done = tool("test", "alice", typed=password("alice") + "\n", environment=environment)
    assert done.status == OK
    assert not host.path("/tmp/keylog").exists()
