# SPDX-License-Identifier: MIT
"""Log lines and texts to the letter: administrators match the first, users quote the second."""

import re

import pytest

import host as private_host
import ssh

REFUSED = "Sign-in refused. Check your user name and password."
# To who has proved the password.
REFUSED_LATER = "Sign-in refused. Try again, or ask your administrator why."
UNAVAILABLE = "The sign-in service cannot be used right now. Try again later."
THROTTLED = "Too many sign-ins right now. Wait a minute and try again."
NOT_ALLOWED = "You are not allowed to sign in to this account."
MISCONFIGURED = "Sign-in is not set up on this host. Tell its administrator."
INTERNAL = "Sign-in failed on this host. Tell its administrator."
BROWSER = "This account signs in with a browser, which is not offered here."
NO_CONVERSATION = "This program cannot ask what the sign-in needs."

LOG_INFO, LOG_NOTICE, LOG_ERR = (10 << 3 | level for level in (6, 5, 3))


def test_success_line(host, pool, sign_in):
    assert ssh.is_in(sign_in("alice"), "alice")
    line = host.log.ours("auth")[0]
    assert re.fullmatch(
        r"pam_cognito\(sshd:auth\): result=ok code=PAM_SUCCESS user=alice pool_user=alice "
        rf"sub={pool.user('alice')['sub']} method=password mfa=- rhost=127\.0\.0\.1 "
        r'reason="allowed by allow_users" ref=[0-9A-F]{4}', line)


def test_account_line_after_success(host, sign_in):
    sign_in("alice")
    line = host.log.ours("account")[0]
    assert re.fullmatch(
        r"pam_cognito\(sshd:account\): result=ok code=PAM_SUCCESS user=alice pool_user=- sub=- "
        r'method=- mfa=- rhost=127\.0\.0\.1 reason="signed in just now" ref=[0-9A-F]{4}', line)


def test_refusal_line(app, host):
    app("alice", answers=["wrong"])
    line, = host.log.ours("auth")
    assert re.fullmatch(
        r"pam_cognito\(e2e:auth\): result=refused code=PAM_AUTH_ERR user=alice pool_user=alice "
        r"sub=- method=password mfa=- rhost=192\.0\.2\.7 "
        r'reason="InitiateAuth: wrong password or unknown pool user \(HTTP 400, '
        r'NotAuthorizedException: Incorrect username or password\.\)" ref=[0-9A-F]{4}', line)


# What is wrong, who signs in, the text, the priority of the line.
TEXTS = [
    ("nothing", "alice", ["wrong"], REFUSED, LOG_NOTICE),
    ("unknown challenge", "frank", None, REFUSED_LATER, LOG_NOTICE),
    ("nothing", "frank", None, NO_CONVERSATION, LOG_NOTICE),  # has no answer to the challenge
    ("nothing", "nina", ["right", "nina"], REFUSED_LATER, LOG_NOTICE),  # no code but a name
    ("passkey", "victor", None, BROWSER, LOG_NOTICE),
    ("nothing", "erin", None, REFUSED, LOG_NOTICE),
    ("denied", "alice", None, NOT_ALLOWED, LOG_NOTICE),
    ("pool down", "alice", None, UNAVAILABLE, LOG_NOTICE),
    ("throttled", "alice", None, THROTTLED, LOG_NOTICE),
    ("misconfigured", "alice", None, MISCONFIGURED, LOG_ERR),
    ("no helper", "alice", None, INTERNAL, LOG_ERR),
    ("nothing", "alice", [], NO_CONVERSATION, LOG_NOTICE),
]


def make_wrong(what, host, pool):
    if what == "denied":
        host.configure(pool, deny_users="alice")
    elif what == "pool down":
        pool.refuse_connections()
    elif what == "throttled":
        pool.admin("POST", "faults", {"kind": "error", "type": "TooManyRequestsException",
                                      "match": {"operation": "InitiateAuth"}, "count": None})
    elif what == "unknown challenge":
        pool.admin("POST", "faults", {"kind": "json", "match": {"operation": "InitiateAuth"},
                                      "merge": {"ChallengeName": "PALM_READING"}, "count": None})
    elif what == "passkey":
        host.configure(pool, auth_flow="user_auth")
    elif what == "misconfigured":
        host.append_config("no such key\n")
    elif what == "no helper":
        host.path(private_host.HELPER).unlink()


@pytest.mark.parametrize("what, user, answers, text, priority", TEXTS)
def test_text(app, host, pool, password, what, user, answers, text, priority):
    make_wrong(what, host, pool)
    if answers:
        answers = [password(user) if word == "right" else word for word in answers]
    report = app(user, answers=answers)
    decision = host.log.decision()
    assert report.errors == [f"{text} (ref {decision['ref']})"]
    assert report.infos == []
    line, = (line for line in host.log.all() if "result=" in line)
    assert line.startswith(f"<{priority}>")


def test_success_says_nothing(app):
    report = app("alice")
    assert (report.errors, report.infos, report.prompts) == ([], [], ["Password: "])


def test_silence_keeps_prompts(app):
    """PAM_SILENT is about texts."""
    report = app("alice", answers=["wrong"], silent=True)
    assert (report.errors, report.infos, report.prompts) == ([], [], ["Password: "])


def test_one_line_for_one_decision(app, host):
    app("alice", answers=["wrong"])
    assert len(host.log.ours()) == 1


def test_every_reference_is_new(app, host):
    for _ in range(3):
        app("alice")
    assert len({entry["ref"] for entry in host.log.decisions()}) > 1


HOSTILE_NAMES = ["a\nsshd[1]: Accepted password for root", "x y=\"1\"", "\x1b[31mred", "‮evil",
                 "alice/../root", "ALICE", "-alice", "1000", "a" * 300]


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_names_cannot_forge_lines(app, host, pool, name):
    host.configure(pool, allow_users=None, allow_any_pool_user="yes")
    host.pam("e2e", "auth required pam_cognito.so debug")
    report = app(name, answers=["x"])
    assert report.status() == "PAM_USER_UNKNOWN"
    assert pool.requests()["connections"] == 0
    for line in host.log.all():
        assert "\n" not in line and "\x1b" not in line
        assert "Accepted password" not in line or "user=a\\x0a" in line or "user=a\\" in line


# Arguments of the module line, PAM code, text in the reason.
ARGUMENTS = [
    ("no_such_argument", "PAM_SERVICE_ERR", "unknown module argument 'no_such_argument'"),
    ("conf=relative", "PAM_SERVICE_ERR", "module argument conf= needs an absolute path"),
    ("conf=/nowhere/x.conf", "PAM_SERVICE_ERR", "/nowhere/x.conf"),
    ("skip_user=alice", "PAM_USER_UNKNOWN", None),
    ("debug", "PAM_SUCCESS", "allowed by allow_users"),
    ("use_first_pass", "PAM_AUTH_ERR", "no usable password was given to an earlier module"),
    ("try_first_pass", "PAM_SUCCESS", "allowed by allow_users"),
]


@pytest.mark.parametrize("arguments, code, reason", ARGUMENTS)
def test_module_argument(app, host, arguments, code, reason):
    host.pam("e2e", f"auth required pam_cognito.so {arguments}")
    assert app("alice").status() == code
    if reason:
        assert reason in host.log.decision()["reason"]


# The password an earlier module asked for: ours alone, once and then a prompt.
STACKED = [
    ("use_first_pass", ["right"], "PAM_SUCCESS", 1),
    ("use_first_pass", ["wrong"], "PAM_AUTH_ERR", 1),
    ("try_first_pass", ["right"], "PAM_SUCCESS", 1),
    ("try_first_pass", ["wrong", "right"], "PAM_SUCCESS", 2),
    ("try_first_pass", ["wrong", "wrong"], "PAM_AUTH_ERR", 2),
]


@pytest.mark.parametrize("arguments, typed, code, prompts", STACKED)
def test_stacked_password(app, host, password, arguments, typed, code, prompts):
    host.pam("e2e", "auth optional pam_unix.so nodelay",
             f"auth [success=ok default=die] pam_cognito.so {arguments}")
    answers = [password("alice") if word == "right" else word for word in typed]
    report = app("alice", answers=answers)
    assert (report.status(), len(report.prompts)) == (code, prompts)
