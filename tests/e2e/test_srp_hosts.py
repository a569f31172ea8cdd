# SPDX-License-Identifier: MIT
"""SRP, confidential clients, authenticator codes and forced new passwords on real hosts."""

import sys
import time
from pathlib import Path

import pytest

import ssh

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "pool"))

from pool import totp  # noqa: E402  (after its directory is on the path)

SECRET_FILE = "/etc/security/pam_cognito.secret"
MAP = "/etc/security/pam_cognito.map"
CODE = "Authenticator code: $"
WRONG_CODE = r"Wrong code\. Authenticator code: $"
USED_CODE = r"used already.*Authenticator code: $"
YES = "Type yes in full to go on: $"
NEW = "New password: $"
AGAIN = "New password again: $"
NEW_PASSWORD = "C4n4ry-dave-Diamond-1"
FLOOR_SECONDS = 2.2


def use_secret(host, pool, **keys):
    host.write(SECRET_FILE, pool.client_secret() + "\n", 0o600)
    host.configure(pool, client_id=pool.client_id("confidential"), client_secret_file=SECRET_FILE,
                   **keys)


@pytest.fixture(params=["public", "confidential"])
def client(request, host, pool):
    """SRP, with and without a client secret."""
    if request.param == "public":
        host.configure(pool, auth_flow="srp")
    else:
        use_secret(host, pool, auth_flow="srp")
    return request.param


def code_of(pool, name, step=0):
    """The authenticator's code now, or some steps of 30 s later."""
    return totp.code_at(pool.user(name)["totpSecret"], int(time.time()) // 30 + step)


def operations(pool):
    return [entry["operation"] for entry in pool.requests()["requests"] if entry["operation"]]


# SRP

@pytest.mark.parametrize("method", [ssh.KEYBOARD, ssh.PASSWORD])
def test_ssh(sign_in, client, pool, password, method):
    assert ssh.is_in(sign_in("alice", method=method), "alice")
    assert operations(pool) == ["InitiateAuth", "RespondToAuthChallenge"]
    assert password("alice") not in str(pool.requests())


def test_ssh_refuses_a_wrong_password(sign_in, client, host):
    assert ssh.is_refused(sign_in("alice", "wrong"))
    assert host.log.decision()["code"] == "PAM_AUTH_ERR"


def test_sudo(host, client, password):
    done = host.run("sudo", "-S", "-k", "id", "-un", as_user="alice", text=password("alice") + "\n")
    assert (done.status, done.out) == (0, "root\n")


def test_login(host, client, password):
    outcome = host.converse(["login"], [("login: ", "alice"), ("Password: ", password("alice")),
                                        (r"\$ $", "echo in as $(id -un); exit")])
    assert "in as alice\n" in outcome


@pytest.mark.parametrize("user", ["olga", "peggy"])
def test_any_password(app, client, user):
    assert app(user).status() == "PAM_SUCCESS"


@pytest.mark.parametrize("user", ["erin", "lonely"])
def test_refused_users(app, client, user):
    assert app(user, answers=["C4n4ry-x"]).status() == "PAM_AUTH_ERR"


def test_srp_is_the_default(app, host, pool):
    host.configure(pool, auth_flow=None)
    assert app("alice").status() == "PAM_SUCCESS"
    assert operations(pool) == ["InitiateAuth", "RespondToAuthChallenge"]


def test_password_flow_with_a_secret(app, host, pool):
    use_secret(host, pool, auth_flow="password")
    assert app("alice").status() == "PAM_SUCCESS"


# The pool's user name is another than what people are called: e-mail as alias.

@pytest.fixture
def by_email(host, pool, client):
    host.append_config("username_format = %u@example.com\nidentity_claim = email\n")


@pytest.mark.usefixtures("by_email")
def test_alias(sign_in, pool, host):
    assert ssh.is_in(sign_in("judy"), "judy")
    decision = host.log.decision()
    assert decision["pool_user"] == "judy@example.com"
    assert decision["sub"] == pool.user("judy")["sub"]


def test_alias_by_map(app, host, pool, client):
    host.write(MAP, "judy = judy@example.com\n")
    host.append_config(f"username_map_file = {MAP}\nidentity_claim = email\n")
    assert app("judy").status() == "PAM_SUCCESS"


def test_alias_is_not_the_identity(app, host, pool, client):
    """Without identity_claim the name in the token must be the mapped one, and it is not."""
    host.append_config("username_format = %u@example.com\n")
    assert app("judy").status() == "PAM_PERM_DENIED"


# Misconfigured clients are explained to the administrator.

def test_secret_missing(app, host, pool):
    host.configure(pool, client_id=pool.client_id("confidential"), auth_flow="srp")
    assert app("alice").status() == "PAM_AUTHINFO_UNAVAIL"
    assert "the app client has a secret: set client_secret_file" in host.log.decision()["reason"]


def test_secret_not_expected(app, host, pool):
    use_secret(host, pool, auth_flow="srp")
    host.configure(pool, client_secret_file=SECRET_FILE, auth_flow="srp")
    assert app("alice").status() == "PAM_AUTHINFO_UNAVAIL"
    assert "remove client_secret_file" in host.log.decision()["reason"]


def test_secret_wrong(app, host, pool):
    use_secret(host, pool, auth_flow="srp")
    host.write(SECRET_FILE, "x" * 51 + "\n", 0o600)
    assert app("alice").status() == "PAM_AUTHINFO_UNAVAIL"
    assert "check client_secret_file" in host.log.decision()["reason"]


@pytest.mark.parametrize("mode, owner", [(0o644, 0), (0o640, 0), (0o600, 2001)])
def test_secret_file_must_be_private(app, host, pool, mode, owner):
    use_secret(host, pool, auth_flow="srp")
    host.path(SECRET_FILE).chmod(mode)
    host.run("chown", str(owner), SECRET_FILE)
    assert app("alice").status() == "PAM_SERVICE_ERR"
    assert SECRET_FILE in host.log.decision()["reason"]


# Authenticator code

def test_code_over_ssh(sign_in, client, pool, host, password):
    outcome = sign_in("carol", password("carol"), code_of(pool, "carol"),
                      prompts=[ssh.PROMPT, CODE])
    assert ssh.is_in(outcome, "carol")
    assert host.log.decision()["mfa"] == "totp"


def test_code_at_login(host, client, pool, password):
    outcome = host.converse(["login"], [
        ("login: ", "carol"), ("Password: ", password("carol")), (CODE, code_of(pool, "carol")),
        (r"\$ $", "echo in as $(id -un); exit")])
    assert "in as carol\n" in outcome


def test_code_in_sudo(host, client, pool, password):
    outcome = host.converse(["sudo", "-k", "id", "-un"], [
        ("password for carol: ", password("carol")), (CODE, code_of(pool, "carol"))],
        as_user="carol")
    assert (outcome.status, "root\n" in outcome) == (0, True)


# What is typed at the code prompts, PAM code, number of prompts. Blanks are harmless.
CODES = [
    (["now"], "PAM_SUCCESS", 2),
    (["blanks"], "PAM_SUCCESS", 2),
    (["000000", "now"], "PAM_SUCCESS", 3),
    (["", "now"], "PAM_SUCCESS", 3),
    (["000000", "111111", "222222", "333333"], "PAM_AUTH_ERR", 5),
    (["000000"] * 4, "PAM_AUTH_ERR", 3),  # no person types the same again
]


@pytest.mark.parametrize("typed, status, prompts", CODES)
def test_codes(app, client, pool, password, typed, status, prompts):
    now = code_of(pool, "carol")
    answers = [{"now": now, "blanks": f" {now[:3]} {now[3:]} "}.get(word, word) for word in typed]
    report = app("carol", answers=[password("carol"), *answers])
    assert (report.status(), len(report.prompts)) == (status, prompts)


def test_code_is_asked_with_echo(app, client, pool, password):
    report = app("carol", answers=[password("carol"), code_of(pool, "carol")])
    assert [line for line in report.lines if line.startswith("ask-shown")] == [
        "ask-shown Authenticator code: "]


def test_a_code_counts_once(app, client, pool, password):
    answers = [password("carol"), code_of(pool, "carol")]
    assert app("carol", answers=answers).status() == "PAM_SUCCESS"
    assert app("carol", answers=answers).status() != "PAM_SUCCESS"


# A temporary password

CHANGE = [NEW_PASSWORD, NEW_PASSWORD]


def test_forced_change_over_ssh(sign_in, client, password, pool):
    outcome = sign_in("dave", password("dave"), "yes", *CHANGE,
                      prompts=[ssh.PROMPT, YES, NEW, AGAIN])
    assert ssh.is_in(outcome, "dave")
    assert pool.admin("GET", "users/dave")["status"] == "CONFIRMED"
    assert ssh.is_in(sign_in("dave", NEW_PASSWORD), "dave")


# What is typed after the old password, PAM code, whether the pool has the new one.
CHANGES = [
    (["yes", *CHANGE], "PAM_SUCCESS", True),
    (["no", "no"], "PAM_AUTH_ERR", False),
    (["", ""], "PAM_AUTH_ERR", False),
    (["yes", "C4n4ry-one-A1!", "C4n4ry-two-A1!", *CHANGE], "PAM_SUCCESS", True),  # differ
    (["yes", "old", "old", *CHANGE], "PAM_SUCCESS", True),
    (["yes", "short", "short", *CHANGE], "PAM_SUCCESS", True),  # the pool's policy
    (["yes", *["short", "short"] * 4], "PAM_AUTH_ERR", False),
]


@pytest.mark.parametrize("typed, status, changed", CHANGES)
def test_forced_change(app, client, pool, password, typed, status, changed):
    answers = [password("dave") if word == "old" else word for word in typed]
    assert app("dave", answers=[password("dave"), *answers]).status() == status
    user = pool.admin("GET", "users/dave")
    assert (user["password"] == NEW_PASSWORD) == changed
    assert (user["status"] == "CONFIRMED") == changed


def test_the_old_password_is_never_sent_as_the_new(app, client, pool, password):
    app("dave", answers=[password("dave"), "yes", *[password("dave")] * 8])
    sent = [entry["body"]["ChallengeResponses"].get("NEW_PASSWORD")
            for entry in pool.requests()["requests"]
            if entry["operation"] == "RespondToAuthChallenge"]
    assert password("dave") not in sent


# sshd's password method answers every hidden question with the password and fails on others.

@pytest.mark.parametrize("user", ["carol", "dave"])
def test_password_method_cannot_do_it(sign_in, client, host, pool, user):
    before = pool.admin("GET", f"users/{user}")
    outcome = sign_in(user, method=ssh.PASSWORD)
    assert ssh.is_refused(outcome)
    # sshd waits by itself as well, up to as long again: the line says when the module was done.
    assert host.log.arrival("result=refused") - outcome.begun < FLOOR_SECONDS + 1
    decision = host.log.decision()
    assert "KbdInteractiveAuthentication" in decision["reason"]
    after = pool.admin("GET", f"users/{user}")
    assert after == before


# Wire

COUNTS = [("alice", [], ["InitiateAuth", "RespondToAuthChallenge"]),
          ("carol", ["code"], ["InitiateAuth"] + ["RespondToAuthChallenge"] * 2)]


@pytest.mark.parametrize("user, typed, calls", COUNTS)
def test_wire_counts(app, client, pool, password, user, typed, calls):
    app("bob")
    pool.admin("DELETE", "requests")
    answers = [password(user)] + [code_of(pool, user) for _ in typed]
    assert app(user, answers=answers).status() == "PAM_SUCCESS"
    seen = pool.requests()
    assert operations(pool) == calls
    assert seen["connections"] == 1
    assert len(seen["requests"]) - len(calls) <= 1


# Rows SRP of the security notes: what the pool says in its challenge

P_HEX = "0" * 6  # a multiple of N for sure: zero
PARAMETERS = [
    {"SRP_B": P_HEX}, {"SRP_B": ""}, {"SRP_B": "not hex"}, {"SRP_B": None}, {"SRP_B": "f" * 20000},
    {"SALT": ""}, {"SALT": "not hex"}, {"SALT": None}, {"SALT": "f" * 20000},
    {"SECRET_BLOCK": ""}, {"SECRET_BLOCK": "not base64!"}, {"SECRET_BLOCK": None},
    {"USER_ID_FOR_SRP": "bob"}, {"USER_ID_FOR_SRP": "a\x01b"}, {"USER_ID_FOR_SRP": "x" * 2000},
]


@pytest.mark.parametrize("parameters", PARAMETERS, ids=lambda value: str(value)[:40])
def test_hostile_challenge(app, host, pool, parameters):
    host.configure(pool, auth_flow="srp")
    pool.admin("POST", "faults", {"kind": "json", "match": {"operation": "InitiateAuth"},
                                  "count": None, "merge": {"ChallengeParameters": parameters}})
    report = app("alice")
    assert report.status() in ("PAM_AUTHINFO_UNAVAIL", "PAM_AUTH_ERR")
    if "SRP_B" in parameters or "SALT" in parameters:
        assert operations(pool).count("RespondToAuthChallenge") == 0



@pytest.mark.parametrize("zone", ["UTC", "Asia/Kathmandu", "Pacific/Kiritimati"])
def test_timestamp_under_any_zone(app, host, pool, zone):
    host.configure(pool, auth_flow="srp")
    report = app("alice", environment={"TZ": zone, "LC_ALL": "de_DE.UTF-8", "LANG": "ar_SA.UTF-8"})
    assert report.status() == "PAM_SUCCESS"
