# SPDX-License-Identifier: MIT
"""The real passwd changes the pool password of pool users, and the local one of everybody else."""

import pytest

import ssh
from answers import (AGAIN, EMAIL, MUST_CHANGE, NEW, NEW_PASSWORD, TOTP, WRONG, Answers, menu)

CURRENT = r"Current password \(Enter if forgotten\): $"
FORGOTTEN = r"Get a code to choose a new password\? Type yes to go on: $"
MUST_RESET = r"You must choose a new password with a code sent to you\. Type yes to go on: $"
CODE = r"Code sent to .\*\*\*@e\*\*\*: $"
CODE_WRONG = f"Wrong code. {CODE}"
CODE_OVER = rf"That code has expired\. {CODE}"
BREAKS = r"The password rules refuse this one: {}\r?\nNew password: $"
DIFFER = r"The two passwords differ\. New password: $"
SAME = r"The new password must differ from the old one\. New password: $"

REFUSED = "Sign-in refused. Check your user name and password."
UNCHANGED = "The password was not changed."
TOO_OFTEN = "Too many attempts. Wait a few minutes and try again."
UNAVAILABLE = "The sign-in service cannot be used right now. Try again later."
DONE, NOT_DONE = 0, 10  # of passwd(1)

FRESH = [(NEW, "new"), (AGAIN, "new")]
CHANGE = [(CURRENT, "password"), *FRESH]
BY_CODE = [(CURRENT, ""), (FORGOTTEN, "yes"), (CODE, "code"), *FRESH]


@pytest.fixture
def passwd(host, pool):
    """Run passwd as a user in the words of a conversation."""
    def run(user, conversation):
        return host.converse(["passwd"], Answers(pool, user).steps(conversation), as_user=user)
    return run


@pytest.fixture
def shadow(host):
    """The host's shadow file, put back in the end."""
    path = host.path("/etc/shadow")
    before = path.read_bytes()
    yield path
    if path.read_bytes() != before:
        path.write_bytes(before)


@pytest.fixture(autouse=True)
def pool_passwords_stay_in_the_pool(shadow, pool, host):
    """Whatever happens to a pool user's password, no local file hears of it."""
    before = shadow.read_bytes()
    yield
    lines = [line for line in shadow.read_bytes().splitlines() if not line.startswith(b"keyadmin:")]
    assert lines == [line for line in before.splitlines() if not line.startswith(b"keyadmin:")]


def password_of(pool, user):
    return pool.admin("GET", f"users/{user}")["password"]


def operations(pool):
    return [entry["operation"] for entry in pool.requests()["requests"] if entry["operation"]]


def changed(outcome):
    return (outcome.missed, outcome.status) == (None, DONE) and (
        "passwd: password updated successfully" in outcome)


def failed(outcome):
    return (outcome.missed, outcome.status) == (None, NOT_DONE) and (
        "passwd: password unchanged" in outcome)


# Changes that come to a good end: user, changes to the user, conversation.
SECOND = menu("Second factor:", "code from an authenticator app", "code by text message",
              "code by e-mail")
CHANGES = {
    "a password": ("alice", {}, CHANGE),
    "a password that is not ASCII": ("olga", {}, CHANGE),
    "with a code": ("carol", {}, [CHANGE[0], (TOTP, "authenticator"), *FRESH]),
    "with a wrong code, then a right one":
        ("nina", {}, [CHANGE[0], (EMAIL, "000"), (WRONG + EMAIL, "code"), *FRESH]),
    "with a choice": ("oscar", {}, [CHANGE[0], (SECOND, "3"), (EMAIL, "code"), *FRESH]),
    "a temporary password": ("dave", {}, [CHANGE[0], (MUST_CHANGE, "yes"), *FRESH]),
    "against the pool's rules at first":
        ("alice", {}, [CHANGE[0], (NEW, "short"), (AGAIN, "short"),
                       (BREAKS.format("Password not long enough"), "C4n4ryweak"),
                       (AGAIN, "C4n4ryweak"),
                       (BREAKS.format("Password must have symbol characters"), "new"),
                       (AGAIN, "new")]),
    "in two spellings at first":
        ("alice", {}, [CHANGE[0], (NEW, "C4n4ry-one-A"), (AGAIN, "C4n4ry-two-A"), (DIFFER, "new"),
                       (AGAIN, "new")]),
    "the same as before at first":
        ("alice", {}, [CHANGE[0], (NEW, "password"), (AGAIN, "password"), (SAME, "new"),
                       (AGAIN, "new")]),
    "forgotten": ("alice", {}, BY_CODE),
    "forgotten, with a wrong code at first":
        ("alice", {}, [*BY_CODE[:2], (CODE, "000000"), *FRESH, (CODE_WRONG, "code")]),
    "forgotten, against the pool's rules at first":
        ("alice", {}, [*BY_CODE[:3], (NEW, "short"), (AGAIN, "short"),
                       (BREAKS.format("Password not long enough"), "new"), (AGAIN, "new")]),
    "forgotten, with a second factor": ("carol", {}, BY_CODE),
    "reset by an administrator":
        ("heidi", {}, [(CURRENT, "password"), (MUST_RESET, "yes"), (CODE, "code"), *FRESH]),
    "reset by an administrator, and forgotten as well": ("heidi", {}, BY_CODE),
    "locked out after too many attempts, by a code":
        ("alice", {"passwordFailures": 12}, BY_CODE),
}


@pytest.mark.parametrize("flow", ["srp", "password"])
@pytest.mark.parametrize("how", CHANGES)
def test_change(passwd, host, pool, how, flow):
    host.configure(pool, auth_flow=flow)
    user, changes, conversation = CHANGES[how]
    pool.admin("POST", f"users/{user}", changes)
    assert changed(passwd(user, conversation))
    now = pool.admin("GET", f"users/{user}")
    assert (now["password"], now["status"]) == (NEW_PASSWORD, "CONFIRMED")
    decision = host.log.decision("chauthtok")
    assert (decision["code"], decision["service"]) == ("PAM_SUCCESS", "passwd")
    assert decision["reason"].startswith("password")


def test_the_new_password_counts_and_the_old_does_not(passwd, host, sign_in, password):
    assert changed(passwd("alice", CHANGE))
    assert ssh.is_in(sign_in("alice", NEW_PASSWORD), "alice")
    assert ssh.is_refused(sign_in("alice", password("alice")))


def test_confidential_client_and_alias(passwd, host, pool):
    """SECRET_HASH is of another name in each of the calls."""
    host.write("/etc/security/pam_cognito.secret", pool.client_secret() + "\n", 0o600)
    host.configure(pool, client_id=pool.client_id("confidential"), auth_flow="srp",
                   client_secret_file="/etc/security/pam_cognito.secret",
                   username_format="%u@example.com", identity_claim="email")
    assert changed(passwd("judy", CHANGE))
    pool.admin("POST", "users/judy", {"password": "C4n4ry-judy-Jade-1"})
    assert changed(passwd("judy", BY_CODE))
    assert password_of(pool, "judy") == NEW_PASSWORD


def test_the_sign_in_of_a_change_is_ended(passwd, pool):
    passwd("alice", CHANGE)
    assert operations(pool)[-2:] == ["ChangePassword", "RevokeToken"]


def test_a_temporary_password_is_changed_once(passwd, pool):
    passwd("dave", CHANGES["a temporary password"][2])
    assert "ChangePassword" not in operations(pool)


# Changes that fail: user, settings of the pool, changes to the user, conversation, text, PAM code,
# operations that must not have been asked for.
NO_CHANGES = {
    "a wrong current password":
        ("alice", {}, {}, [(CURRENT, "wrong")], REFUSED, "PAM_AUTH_ERR", ["ChangePassword"]),
    "a wrong code besides":
        ("nina", {}, {}, [CHANGE[0], (EMAIL, "0"), *[(WRONG + EMAIL, "0")] * 3], REFUSED,
         "PAM_AUTH_ERR", ["ChangePassword"]),
    "nothing but the same as before":
        ("alice", {}, {}, [CHANGE[0], (NEW, "password"), (AGAIN, "password"),
                           *[(SAME, "password"), (AGAIN, "password")] * 3],
         UNCHANGED, "PAM_AUTHTOK_ERR", ["ChangePassword"]),
    "against the pool's rules, again and again":
        ("alice", {}, {}, [CHANGE[0], (NEW, "short"), (AGAIN, "short"),
                           *[(BREAKS.format("Password not long enough"), "short"),
                             (AGAIN, "short")] * 3],
         UNCHANGED, "PAM_AUTHTOK_ERR", []),
    "no new password at all":
        ("alice", {}, {}, [CHANGE[0], (NEW, ""), (AGAIN, ""),
                           *[(r"The password rules refuse this one\. New password: $", ""),
                             (AGAIN, "")] * 3],
         UNCHANGED, "PAM_AUTHTOK_ERR", ["ChangePassword"]),
    "Enter by mistake":
        ("alice", {}, {}, [(CURRENT, ""), (FORGOTTEN, "")], REFUSED, "PAM_AUTH_ERR",
         ["ForgotPassword"]),
    "wrong codes":
        ("alice", {}, {}, [*BY_CODE[:2], (CODE, "000000"), *FRESH, *[(CODE_WRONG, "000000")] * 3],
         REFUSED, "PAM_AUTH_ERR", ["InitiateAuth"]),
    "too many changes":
        ("alice", {"changePasswordPerHour": 0}, {}, CHANGE, TOO_OFTEN, "PAM_MAXTRIES", []),
    "too many codes, before anybody is proven":
        ("alice", {"forgotPasswordPerHour": 0}, {}, BY_CODE[:2], REFUSED, "PAM_AUTH_ERR",
         ["ConfirmForgotPassword"]),
    "too many codes typed, before anybody is proven":
        ("alice", {"confirmForgotPasswordPerHour": 0}, {}, BY_CODE, REFUSED, "PAM_AUTH_ERR", []),
    "locked out after too many attempts":
        ("alice", {}, {"passwordFailures": 12}, [(CURRENT, "password")], REFUSED, "PAM_AUTH_ERR",
         ["ChangePassword"]),
    "disabled": ("erin", {}, {}, [(CURRENT, "password")], REFUSED, "PAM_AUTH_ERR",
                 ["ChangePassword"]),
    "a reset by an administrator, which the user does not want":
        ("heidi", {}, {}, [(CURRENT, "password"), (MUST_RESET, "no")], REFUSED, "PAM_AUTH_ERR",
         ["ForgotPassword"]),
    "no address to send a code to":
        ("alice", {}, {"attributes": {"email_verified": "false"}}, BY_CODE[:2], REFUSED,
         "PAM_AUTH_ERR", ["ConfirmForgotPassword"]),
}


@pytest.mark.parametrize("why", NO_CHANGES)
def test_no_change(passwd, host, pool, password, why):
    user, settings, changes, conversation, text, code, never = NO_CHANGES[why]
    pool.admin("POST", "settings", settings)
    pool.admin("POST", f"users/{user}", changes)
    outcome = passwd(user, conversation)
    decision = host.log.decision("chauthtok")
    assert failed(outcome)
    assert f"{text} (ref {decision['ref']})" in outcome
    assert decision["code"] == code
    assert password_of(pool, user) == password(user)
    assert set(never).isdisjoint(operations(pool))


def test_a_wrong_password_takes_its_time(passwd):
    assert passwd("alice", [(CURRENT, "wrong")]).seconds >= 2


def test_the_same_password_is_never_sent_as_the_new(passwd, pool, password):
    passwd("alice", NO_CHANGES["nothing but the same as before"][3])
    assert "ProposedPassword" not in str(pool.requests()["requests"])


def test_a_code_that_is_over(passwd, pool):
    """An hour later."""
    late = 3700

    def wait(child):
        pool.admin("POST", "clock", {"offset": late})
        return pool.admin("GET", "codes/alice")["code"]

    outcome = passwd("alice", [*BY_CODE[:2], (CODE, wait), *FRESH, (CODE_OVER, "000000"),
                               (CODE_OVER, "000000"), (CODE_OVER, "000000")])
    assert failed(outcome)


# Who is asked what

def test_pool_down_asks_nothing(passwd, pool, host):
    pool.refuse_connections()
    outcome = passwd("alice", [])
    assert failed(outcome)
    assert UNAVAILABLE in outcome and "assword (Enter" not in outcome
    assert host.log.decision("chauthtok")["code"] == "PAM_AUTHINFO_UNAVAIL"


def test_broken_configuration_asks_nothing(passwd, host):
    host.append_config("no such key\n")
    outcome = passwd("alice", [])
    assert failed(outcome)
    assert "Sign-in is not set up on this host." in outcome


def test_denied_user(passwd, host, pool):
    """Proven or not, nothing is changed; no code is sent either."""
    host.append_config("deny_users = alice\n")
    assert failed(passwd("alice", [(CURRENT, "password")]))
    assert failed(passwd("alice", [(CURRENT, ""), (FORGOTTEN, "yes")]))
    assert {"ChangePassword", "ForgotPassword"}.isdisjoint(operations(pool))
    assert {entry["code"] for entry in host.log.decisions("chauthtok")} == {"PAM_PERM_DENIED"}


LOCAL_CURRENT, LOCAL_NEW, LOCAL_AGAIN = "Current password: $", NEW, r"Retype new password: $"
NEW_LOCAL = "other-Local-9"


def is_hash_of(host, user, password):
    line = next(line for line in host.path("/etc/shadow").read_text(encoding="utf-8").splitlines()
                if line.startswith(f"{user}:"))
    stored = line.split(":")[1]
    done = host.run("python3", "-c", "import crypt, sys; print(crypt.crypt(*sys.argv[1:]))",
                    password, stored)
    return done.out.strip() == stored


def test_local_user(host, pool, local_password):
    outcome = host.converse(["passwd"], [(LOCAL_CURRENT, local_password), (LOCAL_NEW, NEW_LOCAL),
                                         (LOCAL_AGAIN, NEW_LOCAL)], as_user="keyadmin")
    assert changed(outcome)
    assert is_hash_of(host, "keyadmin", NEW_LOCAL)
    assert pool.requests()["requests"] == []


@pytest.fixture
def keyadmin_is_local(host):
    """As the break-glass account is set up."""
    host.append_config("skip_users = keyadmin\n")


def test_root_changes_a_local_password_as_ever(host, pool):
    outcome = host.converse(["passwd", "keyadmin"], [(LOCAL_NEW, NEW_LOCAL),
                                                     (LOCAL_AGAIN, NEW_LOCAL)])
    assert changed(outcome)
    assert is_hash_of(host, "keyadmin", NEW_LOCAL)


def test_root_knows_no_pool_password(host, pool, password):
    """Being root on a host says nothing to the pool."""
    steps = Answers(pool, "alice").steps([(CURRENT, "wrong")])
    assert failed(host.converse(["passwd", "alice"], steps))
    steps = Answers(pool, "alice").steps(CHANGE)
    assert changed(host.converse(["passwd", "alice"], steps))
    assert password_of(pool, "alice") == NEW_PASSWORD


def test_user_out_of_scope_is_local(host, pool, shadow):
    """Nobody of ours: pam_unix asks, and there is no local password."""
    outcome = host.converse(["passwd"], [(LOCAL_CURRENT, "x")], as_user="ubuntu")
    assert failed(outcome)
    assert pool.requests()["requests"] == []


# With an earlier module that asks for the new password and judges it.

@pytest.fixture
def pwquality(host):
    host.pam("passwd", "password requisite pam_pwquality.so retry=2 enforce_for_root",
             "password [success=done user_unknown=ignore default=die] pam_cognito.so use_authtok",
             "password [success=1 default=ignore] pam_unix.so use_authtok yescrypt",
             "password requisite pam_deny.so", "password required pam_permit.so")


QUALITY_NEW, QUALITY_AGAIN = NEW, r"Retype new password: $"
JUDGED = [(QUALITY_NEW, "new"), (QUALITY_AGAIN, "new")]


def test_the_other_module_asks_and_the_pool_has_the_last_word(passwd, pwquality, pool):
    assert changed(passwd("alice", [*JUDGED, (CURRENT, "password")]))
    assert password_of(pool, "alice") == NEW_PASSWORD


def test_the_other_module_refuses(passwd, pwquality, pool):
    outcome = passwd("alice", [(QUALITY_NEW, "abc"), (QUALITY_NEW, "abc")])
    assert failed(outcome) and "BAD PASSWORD" in outcome
    assert "ChangePassword" not in operations(pool)


def test_what_the_pool_refuses_is_not_asked_again(passwd, pwquality, pool, password):
    pool.admin("POST", "settings", {"minimumPasswordLength": 60})
    outcome = passwd("alice", [*JUDGED, (CURRENT, "password")])
    assert failed(outcome)
    assert UNCHANGED in outcome
    assert operations(pool).count("ChangePassword") == 1
    assert password_of(pool, "alice") == password("alice")


def test_forgotten_with_the_other_module(passwd, pwquality, pool):
    assert changed(passwd("alice", [*JUDGED, (CURRENT, ""), (FORGOTTEN, "yes"), (CODE, "code")]))
    assert password_of(pool, "alice") == NEW_PASSWORD


def test_local_user_with_the_other_module(host, pwquality, pool, local_password):
    outcome = host.converse(["passwd"], [(QUALITY_NEW, "Zu-9-oddly-Put"),
                                         (QUALITY_AGAIN, "Zu-9-oddly-Put"),
                                         (LOCAL_CURRENT, local_password)], as_user="keyadmin")
    assert changed(outcome)
    assert is_hash_of(host, "keyadmin", "Zu-9-oddly-Put")
