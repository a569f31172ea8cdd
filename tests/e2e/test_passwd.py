# SPDX-License-Identifier: MIT
"""The real passwd changes the pool password of pool users, and the local one of everybody else."""

import re

import pytest

import people
import ssh
from host import TOP
from answers import (AGAIN, EMAIL, MUST_CHANGE, NEW, NEW_PASSWORD, TOTP, WRONG, Answers, menu)

CURRENT = r"Current password \(Enter if forgotten\): $"
FORGOTTEN = r"Get a code to choose a new password\? Type yes in full to go on: $"
MUST_RESET = (r"You must choose a new password with a code sent to you\. "
              "Type yes in full to go on: $")
CODE = r"Code sent to .\*\*\*@e\*\*\*: $"
CODE_WRONG = f"Wrong code. {CODE}"
CODE_OVER = rf"That code has expired\. {CODE}"
BREAKS = r"The password rules refuse this one: {}\r?\nNew password: $"
DIFFER = r"The two passwords differ\. New password: $"
SAME = r"The new password must differ from the old one\. New password: $"

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
def local_users(shadow, pool, host):
    """Whose local password may change. No local file hears of anybody else's pool password."""
    names = {"keyadmin"}

    def others():
        lines = shadow.read_text(encoding="utf-8").splitlines()
        return [line for line in lines if line.split(":")[0] not in names]

    before = shadow.read_text(encoding="utf-8")
    yield names
    after = others()
    shadow.write_text(before, encoding="utf-8")
    assert after == others()


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
        ("alice", {}, {}, [(CURRENT, "wrong")], UNCHANGED, "PAM_AUTH_ERR", ["ChangePassword"]),
    "a wrong code besides":
        ("nina", {}, {}, [CHANGE[0], (EMAIL, "0"),
                           *[(WRONG + EMAIL, word) for word in "123"]], UNCHANGED,
         "PAM_AUTHTOK_ERR", ["ChangePassword"]),
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
        ("alice", {}, {}, [(CURRENT, ""), (FORGOTTEN, ""), (FORGOTTEN, "y")], UNCHANGED,
         "PAM_AUTH_ERR", ["ForgotPassword"]),
    "wrong codes":
        ("alice", {}, {}, [*BY_CODE[:2], (CODE, "000000"), *FRESH, *[(CODE_WRONG, "000000")] * 3],
         UNCHANGED, "PAM_AUTH_ERR", ["InitiateAuth"]),
    "too many changes":
        ("alice", {"changePasswordPerHour": 0}, {}, CHANGE, TOO_OFTEN, "PAM_MAXTRIES", []),
    "too many codes, before anybody is proven":
        ("alice", {"forgotPasswordPerHour": 0}, {}, BY_CODE[:2], UNCHANGED, "PAM_AUTH_ERR",
         ["ConfirmForgotPassword"]),
    "too many codes typed, before anybody is proven":
        ("alice", {"confirmForgotPasswordPerHour": 0}, {}, BY_CODE, UNCHANGED, "PAM_AUTH_ERR", []),
    "locked out after too many attempts":
        ("alice", {}, {"passwordFailures": 12}, [(CURRENT, "password")], UNCHANGED, "PAM_AUTH_ERR",
         ["ChangePassword"]),
    "disabled": ("erin", {}, {}, [(CURRENT, "password")], UNCHANGED, "PAM_AUTH_ERR",
                 ["ChangePassword"]),
    "a reset by an administrator, which the user does not want":
        ("heidi", {}, {}, [(CURRENT, "password"), *[(MUST_RESET, "no")] * 2], UNCHANGED,
         "PAM_AUTH_ERR", ["ForgotPassword"]),
    "no address to send a code to":
        ("alice", {}, {"attributes": {"email_verified": "false"}}, BY_CODE[:2], UNCHANGED,
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


@pytest.mark.parametrize("user", ["root", "keyadmin"])
def test_local_passwords_need_no_pool(host, pool, local_users, user):
    local_users.add(user)
    pool.refuse_connections()
    outcome = host.converse(["passwd", user], [(LOCAL_NEW, NEW_LOCAL), (LOCAL_AGAIN, NEW_LOCAL)])
    assert changed(outcome)
    assert is_hash_of(host, user, NEW_LOCAL)


def test_root_needs_no_configuration(host, local_users):
    local_users.add("root")
    host.append_config("no such key\n")
    outcome = host.converse(["passwd"], [(LOCAL_NEW, NEW_LOCAL), (LOCAL_AGAIN, NEW_LOCAL)])
    assert changed(outcome)
    assert is_hash_of(host, "root", NEW_LOCAL)


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
    # Without the dictionary, which a private host has not.
    host.pam("passwd", "password requisite pam_pwquality.so retry=2 dictcheck=0 enforce_for_root",
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
    outcome = host.converse(["passwd"], [(LOCAL_CURRENT, local_password),
                                         (QUALITY_NEW, "Zu-9-oddly-Put"),
                                         (QUALITY_AGAIN, "Zu-9-oddly-Put")], as_user="keyadmin")
    assert changed(outcome)
    assert is_hash_of(host, "keyadmin", "Zu-9-oddly-Put")


# Below pam_unix, as the profile for pam-auth-update has it.

@pytest.fixture
def profile(host):
    lines = (TOP / "debian/pam-configs/cognito").read_text(encoding="utf-8").splitlines()
    ours = lines[lines.index("Password:") + 1].strip().replace("success=end", "success=1")
    host.pam("passwd", "password [success=2 default=ignore] pam_unix.so obscure yescrypt",
             f"password {ours}", "password requisite pam_deny.so",
             "password required pam_permit.so")


ABOVE = [(LOCAL_NEW, "new"), (LOCAL_AGAIN, "new")]


def ctrl_d(child):
    child.sendeof()


def test_profile_pool_user(passwd, profile, pool):
    """pam_unix asks everything, and it is no local user's."""
    assert changed(passwd("alice", [(LOCAL_CURRENT, "password"), *ABOVE]))
    assert password_of(pool, "alice") == NEW_PASSWORD


def test_profile_wrong_password(passwd, profile, pool, password):
    """As it does for pam_unix: nobody is asked for it again."""
    assert failed(passwd("alice", [(LOCAL_CURRENT, "wrong"), *ABOVE]))
    assert password_of(pool, "alice") == password("alice")


def test_profile_local_user(host, profile, pool, local_password):
    steps = [(LOCAL_CURRENT, local_password), (LOCAL_NEW, NEW_LOCAL), (LOCAL_AGAIN, NEW_LOCAL)]
    assert changed(host.converse(["passwd"], steps, as_user="keyadmin"))
    assert is_hash_of(host, "keyadmin", NEW_LOCAL)


def test_profile_nobody_passes_by_the_old_password(passwd, profile, pool, password):
    """pam_unix gave up, we went on, and pam_unix has to check an old password all the same."""
    outcome = passwd("alice", [(LOCAL_CURRENT, ctrl_d), *ABOVE, (CURRENT, "wrong")])
    assert failed(outcome)
    assert password_of(pool, "alice") == password("alice")


# Above pam_unix, both passwords at once.

@pytest.fixture
def alice_is_local_too(shadow, local_users):
    text = shadow.read_text(encoding="utf-8")
    shadow.write_text(re.sub("^alice:!:", f"alice:{people.LOCAL_HASH}:", text, flags=re.M),
                      encoding="utf-8")
    local_users.add("alice")


BOTH = ("password [success=ok user_unknown=ignore default=die] pam_cognito.so first",
        "password required pam_unix.so yescrypt")


def test_both_passwords(passwd, host, alice_is_local_too, pool, local_password):
    """Each old password is asked for; the new one is the same."""
    host.pam("passwd", *BOTH)
    assert changed(passwd("alice", [(LOCAL_CURRENT, local_password), *CHANGE]))
    assert password_of(pool, "alice") == NEW_PASSWORD
    assert is_hash_of(host, "alice", NEW_PASSWORD)


def test_both_passwords_of_a_local_user(host, local_password):
    """Who has but one is asked by pam_unix alone."""
    host.pam("passwd", *BOTH)
    steps = [(LOCAL_CURRENT, local_password), (LOCAL_NEW, NEW_LOCAL), (LOCAL_AGAIN, NEW_LOCAL)]
    assert changed(host.converse(["passwd"], steps, as_user="keyadmin"))
    assert changed(host.converse(["passwd", "keyadmin"], steps[1:]))
    assert is_hash_of(host, "keyadmin", NEW_LOCAL)


def test_both_passwords_required(passwd, host, alice_is_local_too, local_password):
    host.pam("passwd", "password required pam_cognito.so first",
             "password required pam_unix.so use_authtok yescrypt")
    assert changed(passwd("alice", [(LOCAL_CURRENT, local_password), *CHANGE]))
    assert is_hash_of(host, "alice", NEW_PASSWORD)


def test_both_passwords_by_code(passwd, host, alice_is_local_too, pool, local_password):
    host.pam("passwd", *BOTH)
    assert changed(passwd("alice", [(LOCAL_CURRENT, local_password), *BY_CODE]))
    assert is_hash_of(host, "alice", NEW_PASSWORD)


@pytest.mark.parametrize("typed", ["wrong", ctrl_d])
def test_both_passwords_without_the_local_one(passwd, host, alice_is_local_too, pool, password,
                                              local_password, typed):
    """Refused by pam_unix in the first half: nothing is asked of the pool."""
    host.pam("passwd", *BOTH)
    assert failed(passwd("alice", [(LOCAL_CURRENT, typed)]))
    assert is_hash_of(host, "alice", local_password)
    assert password_of(pool, "alice") == password("alice")


def test_both_passwords_without_the_pools(passwd, host, alice_is_local_too, pool, local_password):
    host.pam("passwd", *BOTH)
    assert failed(passwd("alice", [(LOCAL_CURRENT, local_password), (CURRENT, "wrong")]))
    assert is_hash_of(host, "alice", local_password)


def test_both_passwords_and_pam_unix_passed_over(passwd, host, alice_is_local_too, pool,
                                                 local_password):
    """The code proves nothing to pam_unix, which gave up."""
    host.pam("passwd", BOTH[0], BOTH[1].replace("required", "optional"))
    passwd("alice", [(LOCAL_CURRENT, ctrl_d), *BY_CODE])
    assert password_of(pool, "alice") == NEW_PASSWORD
    assert is_hash_of(host, "alice", local_password)


def test_pam_unix_below_cannot_ask_unless_we_are_first(passwd, host, alice_is_local_too, pool,
                                                       password, local_password):
    """What the module cannot know it takes for the worse."""
    host.pam("passwd", *(line.replace(" first", "") for line in BOTH))
    assert failed(passwd("alice", []))
    assert is_hash_of(host, "alice", local_password)
    assert password_of(pool, "alice") == password("alice")
