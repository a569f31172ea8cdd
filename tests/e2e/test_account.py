# SPDX-License-Identifier: MIT
"""The account phase: who may still come in when no pool password was asked."""

import pytest

import host as private_host
import ssh

NEVER = "New on this host: sign in once with your pool password."


def test_same_handle(app, host, pool):
    """A sign-in answers the account phase that follows, without the helper."""
    report = app("alice", "auth", "account")
    assert (report.status(), report.status("account")) == ("PAM_SUCCESS", "PAM_SUCCESS")
    assert host.log.decision("account")["reason"] == "signed in just now"


def test_another_handle_knows_nothing(app):
    assert app("alice").status() == "PAM_SUCCESS"
    assert app("alice", "account").status("account") == "PAM_AUTH_ERR"


# PAM_USER changes between the phases, as a module in between could do it.
OTHERS = [("bob", "PAM_AUTH_ERR"), ("keyadmin", "PAM_USER_UNKNOWN"), ("root", "PAM_USER_UNKNOWN")]


@pytest.mark.parametrize("other, code", OTHERS)
def test_a_sign_in_is_about_one_user(app, other, code):
    report = app("alice", "auth", "account", account_user=other)
    assert (report.status(), report.status("account")) == ("PAM_SUCCESS", code)


def test_a_failed_sign_in_forgets_the_earlier_one(app, password):
    report = app("alice", "auth", "auth", "account", answers=[password("alice"), "wrong"])
    assert report.status("account") == "PAM_AUTH_ERR"


def test_never_signed_in_has_a_text(app, host):
    report = app("alice", "account")
    decision = host.log.decision("account")
    assert report.errors == [f"{NEVER} (ref {decision['ref']})"]
    assert decision["reason"] == "never signed in on this host"


def test_no_network_in_the_account_phase(app, pool):
    app("alice", "account")
    assert pool.requests()["connections"] == 0


# Keys of the configuration, user, service, PAM code.
TABLE = [
    ({}, "alice", "e2e", "PAM_AUTH_ERR"),
    ({"deny_users": "alice"}, "alice", "e2e", "PAM_PERM_DENIED"),
    ({"skip_users": "alice"}, "alice", "e2e", "PAM_USER_UNKNOWN"),
    ({"allow_users": "bob"}, "alice", "e2e", "PAM_USER_UNKNOWN"),
    ({"min_uid": "3000"}, "alice", "e2e", "PAM_USER_UNKNOWN"),
    ({"allow_users": "alice nobody-here"}, "nobody-here", "e2e", "PAM_USER_UNKNOWN"),
    ({}, "root", "e2e", "PAM_USER_UNKNOWN"),
    ({}, "alice", "cron", "PAM_USER_UNKNOWN"),
    ({}, "alice", "atd", "PAM_USER_UNKNOWN"),
    ({}, "alice", "systemd-user", "PAM_USER_UNKNOWN"),
    ({"deny_users": "alice"}, "alice", "cron", "PAM_PERM_DENIED"),
    ({"allow_users": None}, "alice", "e2e", "PAM_SERVICE_ERR"),
]


@pytest.mark.parametrize("keys, user, service, code", TABLE)
def test_account(app, host, pool, keys, user, service, code):
    host.configure(pool, **keys)
    host.pam(service, "account required pam_cognito.so")
    assert app(user, "account", service=service, answers=[]).status("account") == code


def test_deny_rule_over_ssh_by_key(host, pool):
    host.configure(pool, deny_users="alice")
    outcome = ssh.sign_in(host, "alice", method=ssh.PUBLICKEY)
    assert not ssh.is_in(outcome, "alice")
    assert host.log.decision("account")["code"] == "PAM_PERM_DENIED"


def test_strict_line_over_ssh_by_key_says_why(host):
    host.strict_account()
    outcome = ssh.sign_in(host, "alice", method=ssh.PUBLICKEY, LogLevel="INFO")
    assert not ssh.is_in(outcome, "alice")
    assert NEVER in outcome.text


@pytest.mark.parametrize("line", [private_host.LAX, private_host.STRICT])
@pytest.mark.parametrize("method", [ssh.KEYBOARD, ssh.PASSWORD])
def test_password_over_ssh_passes_both_lines(host, sign_in, line, method):
    if line == private_host.STRICT:
        host.strict_account()
    assert ssh.is_in(sign_in("alice", method=method), "alice")


def test_setcred_and_session_do_nothing(app):
    report = app("alice", "setcred", "open", "close")
    assert [report.status(phase) for phase in ("setcred", "open", "close")] == ["PAM_SUCCESS"] * 3


def test_changing_the_password_is_not_built(app):
    assert app("alice", "chauthtok").status("chauthtok") == "PAM_AUTHTOK_ERR"
