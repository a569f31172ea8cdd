# SPDX-License-Identifier: MIT
"""People sign in with their pool password through the programs they use."""

import pytest

import host as private_host
import ssh
import terminal

CONTROL = "the password has control characters or is not UTF-8"
METHODS = (ssh.KEYBOARD, ssh.PASSWORD)


def password_fields(pool):
    """Everything the pool was given as a password."""
    return [entry["body"]["AuthParameters"]["PASSWORD"] for entry in pool.requests()["requests"]
            if entry["operation"] == "InitiateAuth"]


# sshd

@pytest.mark.parametrize("method", METHODS)
def test_sshd_lets_in(sign_in, method):
    assert ssh.is_in(sign_in("alice", method=method), "alice")


@pytest.mark.parametrize("method", METHODS)
def test_sshd_refuses_a_wrong_password(sign_in, host, method):
    outcome = sign_in("alice", "wrong", method=method)
    assert ssh.is_refused(outcome)
    assert outcome.seconds >= 2
    assert host.log.decision()["code"] == "PAM_AUTH_ERR"


@pytest.mark.parametrize("user", ["olga", "peggy"])  # UTF-8; quotes and shell characters
def test_sshd_takes_any_password_a_pool_can_have(sign_in, user):
    assert ssh.is_in(sign_in(user), user)


def test_a_second_try_may_succeed(sign_in, password):
    outcome = sign_in("alice", "wrong", password("alice"), NumberOfPasswordPrompts="2")
    assert ssh.is_in(outcome, "alice")


# A challenge is never a success. User, changes to the pool's reply, PAM code, log's reason when
# every question after the password is answered with Enter.
UNKNOWN_CHALLENGE = {"ChallengeName": "PALM_READING"}
CHALLENGED = [
    ("frank", {}, "PAM_AUTH_ERR", "no usable code was given"),
    ("oscar", {}, "PAM_AUTH_ERR", "no number of the menu was chosen"),
    ("quinn", {}, "PAM_AUTH_ERR", "no usable code of the new authenticator was given"),
    ("frank", UNKNOWN_CHALLENGE, "PAM_AUTH_ERR",
     "the pool poses challenge PALM_READING, which this version cannot answer"),
    ("alice", {"ChallengeName": "", "AuthenticationResult": None}, "PAM_AUTHINFO_UNAVAIL",
     "ChallengeName is malformed"),
]


@pytest.mark.parametrize("user, merge, code, reason", CHALLENGED)
def test_a_challenge_is_not_a_success(sign_in, host, pool, password, user, merge, code, reason):
    pool.admin("POST", "faults", {"match": {"operation": "InitiateAuth"}, "kind": "json",
                                  "merge": merge, "count": None})
    enter = [""] * 10
    assert ssh.is_refused(sign_in(user, password(user), *enter,
                                  prompts=[ssh.PROMPT, *[": $"] * len(enter)]))
    decision = host.log.decision()
    assert (decision["code"], reason in decision["reason"]) == (code, True)


@pytest.mark.parametrize("user, merge", [("frank", {}), ("frank", UNKNOWN_CHALLENGE)])
def test_a_challenge_is_not_a_success_of_the_password_method(sign_in, host, pool, user, merge):
    pool.admin("POST", "faults", {"match": {"operation": "InitiateAuth"}, "kind": "json",
                                  "merge": merge, "count": None})
    assert ssh.is_refused(sign_in(user, method=ssh.PASSWORD))
    assert host.log.decision()["code"] in ("PAM_AUTH_ERR", "PAM_CONV_ERR")


UNKNOWN = [
    ("lonely", "wrong password or unknown pool user"),
    ("erin", "the pool user is disabled"),
    ("grace", "the pool user has not confirmed the sign-up"),
    ("heidi", "the pool user must reset the password first"),
]


@pytest.mark.parametrize("user, reason", UNKNOWN)
def test_users_the_pool_refuses(app, host, pool, user, reason):
    answers = ["C4n4ry-any"] if user == "lonely" else None
    report = app(user, answers=answers)
    assert report.status() == "PAM_AUTH_ERR"
    assert reason in host.log.decision()["reason"]


def test_unknown_user_of_a_pool_that_tells(app, host, pool):
    pool.admin("POST", "settings", {"preventUserExistenceErrors": "LEGACY"})
    report = app("lonely", answers=["C4n4ry-any"])
    assert report.status() == "PAM_AUTH_ERR"
    assert "unknown pool user" in host.log.decision()["reason"]


# Nothing leaves the host

def test_user_unknown_to_nss_is_asked_and_nothing_is_sent(app, host, pool):
    """The pool would accept her: only the host does not know her."""
    pool.admin("PUT", "users/zoe", {"password": "C4n4ry-zoe-Zircon"})
    host.configure(pool, allow_users=private_host.ALLOWED + " zoe")
    report = app("zoe", answers=["C4n4ry-zoe-Zircon"])
    assert (report.status(), report.prompts) == ("PAM_AUTH_ERR", ["Password: "])
    assert report.milliseconds() >= 2000
    assert pool.requests()["requests"] == []
    assert host.log.decision()["reason"] == "no such local user"


def test_unknown_user_over_ssh(sign_in, pool, host):
    host.configure(pool, allow_users=private_host.ALLOWED + " zoe")
    for method in METHODS:
        assert ssh.is_refused(sign_in("zoe", "C4n4ry-zoe-Zircon", method=method))
    assert pool.requests()["apiCalls"] == 0


@pytest.mark.parametrize("method", METHODS)
def test_sshd_junk_password_stays_here(host, pool, sign_in, method):
    """sshd refuses bob itself, and hands junk to PAM in place of his password."""
    denied = host.path("/etc/ssh/sshd_config.d/99-test.conf")
    denied.write_text("DenyUsers bob\n", encoding="utf-8")
    restart_sshd(host)
    try:
        assert ssh.is_refused(sign_in("bob", method=method))
    finally:
        denied.unlink()
        restart_sshd(host)
    assert password_fields(pool) == []
    assert host.log.decision()["reason"] == CONTROL


def restart_sshd(host):
    if host.sshd:
        private_host.end(host.sshd)
        host.sshd = None
    host.start_sshd()


NOT_A_PASSWORD = [
    ("", "no password was given"),
    ("(null)", "no password was given"),
    ("bell\x07", CONTROL),
    ("tab\there", CONTROL),
    ("del\x7f", CONTROL),
    ("x" * 512, "the answer is too long"),
]


@pytest.mark.parametrize("typed, reason", NOT_A_PASSWORD)
def test_what_cannot_be_a_password_is_not_sent(app, host, pool, typed, reason):
    report = app("alice", answers=[typed])
    assert report.status() == "PAM_AUTH_ERR"
    assert host.log.decision()["reason"] == reason
    assert pool.requests()["apiCalls"] == 0


def test_longest_password(app, pool):
    longest = "Aa1!" + "x" * 252
    pool.admin("POST", "users/alice", {"password": longest})
    assert app("alice", answers=[longest]).status() == "PAM_SUCCESS"


def test_an_application_that_knows_no_name(app, host, password):
    """PAM asks for it, then we for the password."""
    report = app(None, answers=["alice", password("alice")])
    assert report.status() == "PAM_SUCCESS"
    assert len(report.prompts) == 2
    assert host.log.decision()["user"] == "alice"


# su

def test_su(host, password):
    outcome = host.converse(["su", "alice", "-c", "echo in as $(id -un)"],
                            [("Password: ", password("alice"))], as_user="keyadmin")
    assert (outcome.status, "in as alice" in outcome) == (0, True)
    assert host.log.decision()["service"] == "su"


def test_su_login_shell(host, password):
    outcome = host.converse(["su", "-", "alice", "-c", "echo in as $(id -un) at $(pwd)"],
                            [("Password: ", password("alice"))], as_user="keyadmin")
    assert "in as alice at /home/alice" in outcome
    assert host.log.decision()["service"] == "su-l"


def test_su_refuses_a_wrong_password(host):
    outcome = host.converse(["su", "alice", "-c", "echo in as $(id -un)"],
                            [("Password: ", "wrong")], as_user="keyadmin")
    assert (outcome.status, "in as" in outcome) == (1, False)
    assert "Sign-in refused. Check your user name and password. (ref " in outcome


def test_su_by_root_asks_nobody(host):
    assert "in as alice" in host.converse(["su", "alice", "-c", "echo in as $(id -un)"], [])


# sudo

SUDO = ["sudo", "-k", "echo", "in as", "root"]


def test_sudo(host, password):
    outcome = host.converse(SUDO, [(r"\[sudo\] password for alice: ", password("alice"))],
                            as_user="alice")
    assert (outcome.status, "in as root" in outcome) == (0, True)
    decision = host.log.decision()
    assert (decision["service"], decision["user"]) == ("sudo", "alice")


def test_sudo_from_standard_input(host, password):
    done = host.run("sudo", "-S", "-k", "id", "-un", as_user="alice", text=password("alice") + "\n")
    assert (done.status, done.out) == (0, "root\n")


def test_sudo_refuses_a_wrong_password(host):
    done = host.run("sudo", "-S", "-k", "id", "-un", as_user="alice", text="wrong\n")
    assert (done.status, done.out) == (1, "")
    assert host.log.decision()["code"] == "PAM_AUTH_ERR"


def test_sudo_sees_prompts_but_no_texts(host):
    """sudo sets PAM_SILENT."""
    done = host.run("sudo", "-S", "-k", "id", "-un", as_user="alice", text="wrong\n")
    assert "password for alice" in done.err
    assert "Sign-in refused" not in done.err


def test_sudo_of_a_pool_user_never_takes_a_local_password(host, local_password):
    host.run("sed", "-i", f"s|^alice:!:|alice:{private_host.people.LOCAL_HASH}:|", "/etc/shadow")
    try:
        done = host.run("sudo", "-S", "-k", "id", "-un", as_user="alice",
                        text=local_password + "\n")
    finally:
        host.run("sed", "-i", "s|^alice:[^:]*:|alice:!:|", "/etc/shadow")
    assert done.status == 1


# login

def console_login(host, user, typed):
    return host.converse(["login"], [("login: ", user), ("Password: ", typed),
                                     (r"[$#] $|login: $", "echo in as $(id -un); exit"),
                                     ("in as [a-z]|$", None)])


def test_login(host, password):
    assert "in as alice\n" in console_login(host, "alice", password("alice"))
    assert host.log.decision()["service"] == "login"


def test_login_refuses_a_wrong_password(host):
    outcome = host.converse(["login"], [("login: ", "alice"), ("Password: ", "wrong"),
                                        ("login: $", terminal.HANG_UP)])
    assert "Sign-in refused. Check your user name and password. (ref " in outcome
    assert "in as" not in outcome


def test_login_of_root_is_local(host, local_password):
    assert "in as root\n" in console_login(host, "root", local_password)
    assert host.log.ours() == []
