# SPDX-License-Identifier: MIT
"""Every challenge of a pool, alone and in chains, in the programs people sign in with."""

import functools
import json

import pytest

import scenarios
import ssh
from answers import (ADDRESS, AGAIN, EMAIL, EMAIL_AGAIN, FIRST_WRONG, KEY, KEY_AS_TEXT, MUST_CHANGE,
                     NEW, NEW_PASSWORD, OR_MENU, PASSWORD, QUESTION, SMS, SMS_AGAIN, TOTP, WRONG,
                     Answers, menu)
from scenarios import answered, is_in, is_refused, operations, responses, use

APP, TEXT, MAIL = "code from an authenticator app", "code by text message", "code by e-mail"
SECOND = menu("Second factor:", APP, TEXT, MAIL)
SETUP = menu("Set up a second factor:", APP, MAIL)
BAD_NUMBER = menu("Type one of the numbers.", APP, TEXT, MAIL)
CHANGE = [(MUST_CHANGE, "yes"), (NEW, "new"), (AGAIN, "new")]
PHONE = r"Your phone number \(such as \+15551234567\): $"
NAME = "Your full name: $"
FACTORS = {"PASSWORD": "password", "EMAIL_OTP": MAIL, "SMS_OTP": TEXT}


def ways(*factors):
    """The menu of first factors."""
    return menu("Sign in with:", *(FACTORS[factor] for factor in factors))


@pytest.fixture
def talk(host, pool):
    """Sign in over ssh in the words of a conversation."""
    return functools.partial(scenarios.talk, host, pool)


@pytest.fixture(params=[("public", "srp"), ("confidential", "password")], ids=" ".join)
def client(request, host, pool):
    name, flow = request.param
    use(host, pool, name, auth_flow=flow)
    return name


@pytest.fixture(params=["public", "confidential"])
def choosing(request, host, pool):
    """auth_flow = user_auth"""
    use(host, pool, request.param, auth_flow="user_auth")
    return request.param


# What the pool wants after the password: user, changes to the user, conversation, mfa= in the log.
AFTER_PASSWORD = {
    "a code by text message": ("frank", {}, [(SMS, "code")], "sms"),
    "a code by e-mail": ("nina", {}, [(EMAIL, "code")], "email"),
    "an authenticator code": ("carol", {}, [(TOTP, "authenticator")], "totp"),
    "a choice: text message": ("oscar", {}, [(SECOND, "2"), (SMS, "code")], "sms"),
    "a choice: authenticator": ("oscar", {}, [(SECOND, "1"), (TOTP, "authenticator")], "totp"),
    "a choice: e-mail": ("oscar", {}, [(SECOND, "3"), (EMAIL, "code")], "email"),
    "a new authenticator": ("quinn", {}, [(KEY, "first code")], "totp"),
    "a new factor: authenticator": ("rita", {}, [(SETUP, "1"), (KEY, "first code")], "totp"),
    "a new factor: e-mail":
        ("rita", {}, [(SETUP, "2"), (ADDRESS, "rita@example.org"), (EMAIL, "code")], "email"),
    "a new password": ("dave", {}, CHANGE, "-"),
    "a new password and attributes":
        ("sybil", {}, [CHANGE[0], (NAME, "Sybil Vane"), (PHONE, "+15555550199"), *CHANGE[1:]], "-"),
    "a new password, then a new authenticator":
        ("wendy", {}, [*CHANGE, (KEY, "first code")], "totp"),
    "a new password and attributes, then a code by text message":
        ("sybil", {"mfa": ["SMS_MFA"]},
         [CHANGE[0], (NAME, "Sybil Vane"), (PHONE, "+15555550123"), *CHANGE[1:], (SMS, "code")],
         "sms"),
    "a new password, then a choice":
        ("oscar", {"status": "FORCE_CHANGE_PASSWORD"},
         [*CHANGE, (SECOND, "3"), (EMAIL, "code")], "email"),
}


@pytest.mark.parametrize("wanted", AFTER_PASSWORD)
def test_after_the_password(talk, client, host, pool, wanted):
    user, changes, conversation, mfa = AFTER_PASSWORD[wanted]
    pool.admin("POST", f"users/{user}", changes)
    assert is_in(talk(user, [(PASSWORD, "password"), *conversation]), user)
    decision = host.log.decision()
    assert (decision["code"], decision["method"], decision["mfa"]) == (
        "PAM_SUCCESS", "password", mfa)


def test_attributes_reach_the_pool(talk, client, pool):
    _, _, conversation, _ = AFTER_PASSWORD["a new password and attributes"]
    talk("sybil", [(PASSWORD, "password"), *conversation])
    user = pool.admin("GET", "users/sybil")
    assert (user["attributes"]["name"], user["attributes"]["phone_number"], user["password"]) == (
        "Sybil Vane", "+15555550199", NEW_PASSWORD)


# Everybody is called by an e-mail address here, and judy's own name in the pool is an id.
BY_ALIAS = {
    "a code": ({"mfa": ["EMAIL_OTP"]}, [(EMAIL, "code")]),
    "a choice": ({"mfa": ["EMAIL_OTP", "SMS_MFA"],
                  "attributes": {"phone_number": "+15555550133"}},
                 [(menu("Second factor:", TEXT, MAIL), "1"), (SMS, "code")]),
    "a new password, then a new authenticator":
        ({"status": "FORCE_CHANGE_PASSWORD", "mfaSetup": ["SOFTWARE_TOKEN_MFA"]},
         [*CHANGE, (KEY_AS_TEXT, "first code")]),  # too long a name for a code in 24 rows
}
ALIAS = "username_format = %u@example.com\nidentity_claim = email\n"


@pytest.mark.parametrize("wanted", BY_ALIAS)
def test_alias(talk, client, host, pool, wanted):
    host.append_config(ALIAS)
    changes, conversation = BY_ALIAS[wanted]
    pool.admin("POST", "users/judy", changes)
    assert is_in(talk("judy", [(PASSWORD, "password"), *conversation]), "judy")
    assert host.log.decision()["pool_user"] == "judy@example.com"


# auth_flow = custom: after the second factor the pool's Lambdas ask what they like. As above.
def step(answer, question="What is the code word?"):
    return {"parameters": {"prompt": question}, "answer": answer}


HOUSE = "The sign-in service asks: Which house.\r?\nAnswer: $"
QUESTIONS = {
    "a question of its own": ("trent", {}, [(QUESTION, "code word")], "custom"),
    "two questions of its own":
        ("alice", {"customSteps": [step("C4n4ry-said"), step("the red one", "Which house?")]},
         [(QUESTION, "C4n4ry-said"), (HOUSE, "the red one")], "custom"),
    "a code, then a question of its own":
        ("trent", {"mfa": ["EMAIL_OTP"]}, [(EMAIL, "code"), (QUESTION, "code word")], "custom"),
    "a new password, then a question of its own":
        ("trent", {"status": "FORCE_CHANGE_PASSWORD"}, [*CHANGE, (QUESTION, "code word")],
         "custom"),
    "no question": ("alice", {}, [], "-"),
    "no question, but a code": ("carol", {}, [(TOTP, "authenticator")], "totp"),
}


def flow_of(user):
    return "custom" if user == "trent" else "srp"


@pytest.fixture(params=["public", "confidential"])
def questioning(request, host, pool):
    """auth_flow = custom"""
    use(host, pool, request.param, auth_flow="custom")
    return request.param


@pytest.mark.parametrize("wanted", QUESTIONS)
def test_question(talk, questioning, host, pool, password, wanted):
    user, changes, conversation, mfa = QUESTIONS[wanted]
    pool.admin("POST", f"users/{user}", changes)
    before = password(user)
    assert is_in(talk(user, [(PASSWORD, "password"), *conversation]), user)
    decision = host.log.decision()
    assert (decision["method"], decision["mfa"]) == ("password", mfa)
    assert answered(pool)[0] == "PASSWORD_VERIFIER"  # it comes first, and by SRP
    assert before not in str(pool.requests())


def test_question_by_alias(talk, questioning, host, pool):
    host.append_config(ALIAS)
    pool.admin("POST", "users/judy", {"customSteps": [step("C4n4ry-said")]})
    assert is_in(talk("judy", [(PASSWORD, "password"), (QUESTION, "C4n4ry-said")]), "judy")


def test_question_never_after_a_wrong_password(talk, questioning, pool):
    assert is_refused(talk("trent", [(PASSWORD, "C4n4ry-wrong")]))
    assert answered(pool) == ["PASSWORD_VERIFIER"]


def test_question_too_late(talk, questioning, pool):
    """It begins again by itself, once, with the password that was typed."""
    late = (QUESTION, "word, too late")
    start = (PASSWORD, "password")
    assert is_in(talk("trent", [start, late, (QUESTION, "code word")]), "trent")
    assert operations(pool).count("InitiateAuth") == 2
    assert is_refused(talk("trent", [start, late, late]))


# auth_flow = user_auth: what is there to choose, the conversation, method= and mfa= in the log.
SMS_TOO = {"firstFactors": ["EMAIL_OTP", "SMS_OTP"],
           "attributes": {"phone_number": "+15555550122"}}
FIRST = {
    "a password typed at once": ("alice", {}, [(OR_MENU, "password")], "password", "-"),
    "a password chosen":
        ("alice", {}, [(OR_MENU, ""), (ways("PASSWORD"), "1"), (PASSWORD, "password")],
         "password", "-"),
    "a password that is sent as it is":
        ("alice", {"firstFactors": ["PASSWORD"]},
         [(OR_MENU, ""), (ways("PASSWORD"), "1"), (PASSWORD, "password")], "password", "-"),
    "a code by e-mail":
        ("uma", {}, [(OR_MENU, ""), (ways("EMAIL_OTP"), "1"), (EMAIL, "code")], "email_otp", "-"),
    "a code by text message":
        ("uma", SMS_TOO, [(OR_MENU, ""), (ways("SMS_OTP", "EMAIL_OTP"), "1"), (SMS, "code")],
         "sms_otp", "-"),
    "a password where the pool takes none":
        ("uma", {}, [(OR_MENU, "C4n4ry-useless"), (ways("EMAIL_OTP"), "1"), (EMAIL, "code")],
         "email_otp", "-"),
    "a password, then a second factor":
        ("frank", {}, [(OR_MENU, "password"), (SMS, "code")], "password", "sms"),
    "a password chosen, then a new one, then a new authenticator":
        ("wendy", {}, [(OR_MENU, ""), (ways("PASSWORD"), "1"), (PASSWORD, "password"), *CHANGE,
                       (KEY, "first code")], "password", "totp"),
}


@pytest.mark.parametrize("way", FIRST)
def test_first_factor(talk, choosing, host, pool, way):
    user, changes, conversation, method, mfa = FIRST[way]
    pool.admin("POST", f"users/{user}", changes)
    assert is_in(talk(user, conversation), user)
    decision = host.log.decision()
    assert (decision["method"], decision["mfa"]) == (method, mfa)


# A pool may pose a first factor without having been asked for it: its own reply to another client.
POSED = {
    "PASSWORD": ("alice", {}, [(OR_MENU, "password")]),
    "PASSWORD_SRP": ("alice", {}, [(OR_MENU, "password")]),
    "EMAIL_OTP": ("uma", {}, [(OR_MENU, ""), (EMAIL, "code")]),
    "SMS_OTP": ("uma", SMS_TOO, [(OR_MENU, ""), (SMS, "code")]),
}


def pose(pool, user, challenge, **changed):
    """The next InitiateAuth is answered with this challenge, which the pool has really posed."""
    status, reply = pool.call("InitiateAuth", {
        "AuthFlow": "USER_AUTH", "ClientId": pool.client_id(),
        "AuthParameters": {"USERNAME": user, "PREFERRED_CHALLENGE": challenge}})
    assert (status, reply["ChallengeName"]) == (200, challenge)
    pool.admin("DELETE", "requests")
    pool.admin("POST", "faults", {"match": {"operation": "InitiateAuth"}, "kind": "raw",
                                  "body": json.dumps({**reply, **changed}), "count": 1})


@pytest.mark.parametrize("challenge", POSED)
def test_first_factor_posed_at_once(talk, host, pool, challenge):
    user, changes, conversation = POSED[challenge]
    use(host, pool, "public", auth_flow="user_auth")
    pool.admin("POST", f"users/{user}", changes)
    pose(pool, user, challenge)
    assert is_in(talk(user, conversation), user)
    assert answered(pool)[0] == challenge


# Passkeys need a browser.

def test_passkey_or_another_factor(talk, host, pool):
    use(host, pool, "public", auth_flow="user_auth")
    pose(pool, "uma", "WEB_AUTHN", AvailableChallenges=["WEB_AUTHN", "EMAIL_OTP"])
    assert is_in(talk("uma", [(OR_MENU, ""), (ways("EMAIL_OTP"), "1"), (EMAIL, "code")]), "uma")
    assert answered(pool) == ["EMAIL_OTP"]


@pytest.mark.parametrize("typed", ["", "C4n4ry-useless"])
def test_passkey_alone(talk, choosing, host, pool, typed):
    outcome = talk("victor", [(OR_MENU, typed)], LogLevel="INFO")
    assert is_refused(outcome)
    decision = host.log.decision()
    assert (decision["code"], decision["reason"]) == (
        "PAM_AUTH_ERR", "the pool wants a passkey, which takes a browser")
    assert ("This account signs in with a browser, which is not offered here. "
            f"(ref {decision['ref']})") in outcome


# sudo, su and the console

def at_sudo(host, user, steps):
    return host.converse(["sudo", "-k", "sh", "-c", "echo in as $(id -un)"],
                         [(f"password for {user}: ", steps[0][1]), *steps[1:]], as_user=user)


def at_su(host, user, steps):
    return host.converse(["su", user, "-c", "echo in as $(id -un)"], steps, as_user="keyadmin")


def at_login(host, user, steps):
    return host.converse(["login"], [("login: ", user), *steps,
                                     (r"\$ $", "echo in as $(id -un); exit")])


PROGRAMS = {"sudo": (at_sudo, "root"), "su": (at_su, None), "login": (at_login, None)}
SECOND_FACTORS = ["a code by text message", "a code by e-mail", "a choice: authenticator",
                  "a question of its own"]


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("wanted", SECOND_FACTORS)
def test_second_factor_in(host, pool, program, wanted):
    run, becomes = PROGRAMS[program]
    user, _, conversation, mfa = {**AFTER_PASSWORD, **QUESTIONS}[wanted]
    host.configure(pool, auth_flow=flow_of(user))
    outcome = run(host, user, Answers(pool, user).steps([(PASSWORD, "password"), *conversation]))
    assert (outcome.missed, outcome.status) == (None, 0)
    assert f"in as {becomes or user}\n" in outcome
    assert host.log.decision()["mfa"] == mfa


def test_sudo_with_a_menu_of_first_factors(host, pool):
    """sudo's own prompt stands in for ours only where ours is word for word the usual one."""
    host.configure(pool, auth_flow="user_auth")
    steps = Answers(pool, "uma").steps([(OR_MENU, ""), (ways("EMAIL_OTP"), "1"), (EMAIL, "code")])
    outcome = host.converse(["sudo", "-k", "id", "-un"], steps, as_user="uma")
    assert (outcome.missed, outcome.status, "root\n" in outcome) == (None, 0, True)


# A mistake, then the right answer: user, settings of the pool, conversation after the password.
MISTAKES = {
    "a code by text message": ("frank", {}, [(SMS, "000000"), (WRONG + SMS, "code")]),
    "a code by e-mail, three times":
        ("nina", {}, [(EMAIL, "0"), (WRONG + EMAIL, "00000000"), (WRONG + EMAIL, ""),
                      (WRONG + EMAIL, "code")]),
    "an authenticator code": ("carol", {}, [(TOTP, "000000"), (WRONG + TOTP, "authenticator")]),
    "a choice": ("oscar", {}, [(SECOND, "4"), (BAD_NUMBER, ""), (BAD_NUMBER, " 3 "),
                               (EMAIL, "code")]),
    "the first code of an authenticator":
        ("quinn", {}, [(KEY, "wrong first code"), (FIRST_WRONG, "first code")]),
    "the first code of an authenticator, and the pool says so in its other way":
        ("quinn", {"wrongFirstCodeIsStatus": True},
         [(KEY, "wrong first code"), (FIRST_WRONG, "first code")]),
    "the first code of an authenticator, too short":
        ("quinn", {}, [(KEY, "short first code"), (FIRST_WRONG, "first code")]),
    "an address": ("rita", {}, [(SETUP, "2"), (ADDRESS, "nowhere"), (ADDRESS, "rita@example.org"),
                                (EMAIL, "code")]),
    "a question of the pool's own":
        ("trent", {}, [(QUESTION, "C4n4ry-no"), (QUESTION, "code word")]),
    "a new password, which the pool judges in its own words":
        ("dave", {}, [CHANGE[0], (NEW, "C4n4ryweak"), (AGAIN, "C4n4ryweak"),
                      ("The password rules refuse this one: Password must have symbol characters"
                       "\r?\nNew password: $", "new"), (AGAIN, "new")]),
    "a new password, typed in two ways":
        ("dave", {}, [CHANGE[0], (NEW, "new"), (AGAIN, "C4n4ry-other-1"),
                      (r"The two passwords differ\. New password: $", "new"), (AGAIN, "new")]),
    "an attribute, which the pool judges in its own words":
        ("sybil", {}, [CHANGE[0], (NAME, "Sybil Vane"), (PHONE, "call me"), *CHANGE[1:],
                       (r"Not accepted \(Invalid phone number format\.\)\. Your phone_number: $",
                        "+15555550199")]),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistake(talk, host, pool, mistake):
    user, settings, conversation = MISTAKES[mistake]
    host.configure(pool, auth_flow=flow_of(user))
    pool.admin("POST", "settings", settings)
    assert is_in(talk(user, [(PASSWORD, "password"), *conversation]), user)


def several(first, again):
    """Wrong codes, each another, until nobody asks any more."""
    return [(first, "000000"), *((again, f"00000{n}") for n in range(1, 4))]


# Nothing but mistakes, and the log's reason.
GIVING_UP = {
    "a code by text message": ("frank", several(SMS, WRONG + SMS), "wrong code"),
    "a choice": ("oscar", [(SECOND, "none"), *[(BAD_NUMBER, "none")] * 3],
                 "no number of the menu was chosen"),
    "the first code of an authenticator":
        ("quinn", several(KEY, FIRST_WRONG), "wrong code"),
    "a question of the pool's own": ("trent", [(QUESTION, "C4n4ry-no")] * 3, "wrong password"),
    "no new password": ("dave", [(MUST_CHANGE, "no")] * 2, "did not want"),
}


@pytest.mark.parametrize("mistake", GIVING_UP)
def test_giving_up(talk, host, pool, mistake):
    user, conversation, reason = GIVING_UP[mistake]
    host.configure(pool, auth_flow=flow_of(user))
    assert is_refused(talk(user, [(PASSWORD, "password"), *conversation]))
    decision = host.log.decision()
    assert (decision["code"], reason in decision["reason"]) == ("PAM_AUTH_ERR", True)


# Programs answer questions they do not know by themselves: not sent, and not asked for again.
NEVER_SENT = {
    "the user's name as a code": ("frank", [(SMS, "frank")]),
    "the password as a code": ("carol", [(TOTP, "password")]),
    "the user's name as a first code": ("quinn", [(KEY, "quinn")]),
    "the password as an address": ("rita", [(SETUP, "2"), (ADDRESS, "password")]),
    "the password as an attribute": ("sybil", [(MUST_CHANGE, "yes"), (NAME, "password")]),
    "the user's name as an answer": ("trent", [(QUESTION, "trent")]),
    "the password as an answer": ("trent", [(QUESTION, "password")]),
    "the wrong code again": ("frank", [(SMS, "000000"), (WRONG + SMS, "000000")]),
    "the wrong first code again": ("quinn", [(KEY, "000000"), (FIRST_WRONG, "000000")]),
}


@pytest.mark.parametrize("what", NEVER_SENT)
def test_never_sent(talk, host, pool, password, what):
    user, conversation = NEVER_SENT[what]
    host.configure(pool, auth_flow=flow_of(user))
    assert is_refused(talk(user, [(PASSWORD, "password"), *conversation]))
    assert "it was not sent" in host.log.decision()["reason"]
    sent = [entry["body"] for entry in pool.requests()["requests"] if entry["operation"]]
    assert password(user) not in str(sent)
    assert str(sent).count("'000000'") == (1 if "again" in what else 0)
    assert user not in [value for name, values in responses(pool)
                        for key, value in values.items() if key != "USERNAME"]


def test_alias_is_no_code_either(talk, host, pool):
    host.configure(pool, auth_flow="srp")
    host.append_config(ALIAS)
    pool.admin("POST", "users/judy", {"mfa": ["EMAIL_OTP"]})
    for name in ("judy", "judy@example.com"):
        assert is_refused(talk("judy", [(PASSWORD, "password"), (EMAIL, name)]))
    assert "EMAIL_OTP" not in answered(pool)


# Sessions end while people look for their telephone.

LATE = {
    "a code by text message": ("frank", [(SMS, "code, too late"), (SMS_AGAIN, "code")]),
    "a code by e-mail": ("nina", [(EMAIL, "code, too late"), (EMAIL_AGAIN, "code")]),
    "a choice": ("oscar", [(SECOND, "3"), (EMAIL, "code, too late"), (SECOND, "2"),
                           (SMS_AGAIN, "code")]),
    "an authenticator": ("carol", [(TOTP, "authenticator, too late"), (TOTP, "authenticator")]),
    "a new password": ("dave", [*CHANGE[:2], (AGAIN, "new, too late"), *CHANGE]),
}


@pytest.mark.parametrize("what", LATE)
def test_too_late_once(talk, client, pool, what):
    """It begins again by itself, with the password that was typed."""
    user, conversation = LATE[what]
    assert is_in(talk(user, [(PASSWORD, "password"), *conversation]), user)
    assert operations(pool).count("InitiateAuth") == 2


def test_too_late_twice(talk, client, host, pool):
    assert is_refused(talk("frank", [(PASSWORD, "password"), (SMS, "code, too late"),
                                     (SMS_AGAIN, "code, too late")]))
    assert operations(pool).count("InitiateAuth") == 2
    assert "the sign-in session expired" in host.log.decision()["reason"]


def test_too_late_with_a_first_factor(talk, choosing, pool):
    """The choice stays; the code is another."""
    outcome = talk("uma", [(OR_MENU, ""), (ways("EMAIL_OTP"), "1"), (EMAIL, "code, too late"),
                           (EMAIL_AGAIN, "code")])
    assert is_in(outcome, "uma")
    assert operations(pool).count("InitiateAuth") == 2


def test_a_sent_code_that_is_over(talk, client, pool):
    """The pool says so of the code, not of the session: only another sign-in sends another."""
    pool.admin("POST", "faults", {
        "match": {"operation": "RespondToAuthChallenge"}, "kind": "error", "count": 1,
        "type": "ExpiredCodeException", "skip": 1 if client == "public" else 0,
        "message": "Invalid code provided, please request a code again."})
    conversation = [(PASSWORD, "password"), (SMS, "code"), (SMS_AGAIN, "code")]
    assert is_in(talk("frank", conversation), "frank")
    assert operations(pool).count("InitiateAuth") == 2


# What cannot be answered: user, changes to the user, changes to the pool's reply, log's reason.
UNANSWERABLE = {
    "a challenge of the future":
        ("frank", {}, {"ChallengeName": "PALM_READING"},
         "the pool poses challenge PALM_READING, which this version cannot answer"),
    "no name at all": ("frank", {}, {"ChallengeName": "\x1b[31m"}, "ChallengeName"),
    "a second factor of the future":
        ("oscar", {}, {"ChallengeParameters": {"MFAS_CAN_CHOOSE": '["PALM_MFA"]'}},
         "the pool poses challenge SELECT_MFA_TYPE and offers PALM_MFA: none of these can be "
         "answered here"),
    "a telephone to be set up":
        ("quinn", {"mfaSetup": ["SMS_MFA"]}, {},
         "the pool poses challenge MFA_SETUP and offers SMS_MFA: none of these can be set up here "
         "(for SMS_MFA an administrator must set phone_number)"),
    "a device this host is not":
        ("frank", {}, {"ChallengeName": "DEVICE_SRP_AUTH"},
         "the pool poses challenge DEVICE_SRP_AUTH, and this host is no device of the user's"),
    "a first factor nobody asked for":
        ("frank", {}, {"ChallengeName": "SELECT_CHALLENGE"},
         "the pool poses challenge SELECT_CHALLENGE, which belongs to auth_flow = user_auth"),
}


@pytest.mark.parametrize("what", UNANSWERABLE)
def test_unanswerable(talk, host, pool, what):
    user, changes, merge, reason = UNANSWERABLE[what]
    pool.admin("POST", f"users/{user}", changes)
    pool.admin("POST", "faults", {"match": {"operation": "InitiateAuth"}, "kind": "json",
                                  "merge": merge, "count": None})
    assert is_refused(talk(user, [(PASSWORD, "password")]))
    assert reason in host.log.decision()["reason"]
    assert answered(pool) == []


def test_challenges_without_end(app, host, pool, password):
    """Whoever is in the pool's place: it comes to an end."""
    host.configure(pool, auth_flow="custom")
    pool.admin("POST", "users/trent", {"customSteps": [step("C4n4ry-again")] * 20})
    report = app("trent", answers=[password("trent"), *["C4n4ry-again"] * 20])
    assert report.status() == "PAM_MAXTRIES"
    assert host.log.decision()["reason"] == "the pool poses challenges without end"
    assert len(answered(pool)) <= 10


# Whoever knows its answer knows no password: where none was proven, tokens are not taken.
UNASKED = {
    "custom": ([(PASSWORD, "C4n4ry-none"), (QUESTION, "code word")], "without a proof"),
    "srp": ([(PASSWORD, "C4n4ry-none")], "which belongs to auth_flow = custom"),
    "user_auth": ([(OR_MENU, "C4n4ry-none")], "which belongs to auth_flow = custom"),
}


@pytest.mark.parametrize("flow", UNASKED)
def test_a_question_proves_nobody(talk, host, pool, flow):
    conversation, reason = UNASKED[flow]
    use(host, pool, "public", auth_flow=flow)
    status, reply = pool.call("InitiateAuth", {
        "AuthFlow": "CUSTOM_AUTH", "ClientId": pool.client_id(),
        "AuthParameters": {"USERNAME": "trent"}})
    assert (status, reply["ChallengeName"]) == (200, "CUSTOM_CHALLENGE")
    pool.admin("POST", "faults", {"match": {"operation": "InitiateAuth"}, "kind": "raw",
                                  "body": json.dumps(reply)})
    assert is_refused(talk("trent", conversation))
    assert reason in host.log.decision()["reason"]


# sshd's password method answers every hidden question with the password and fails on others.

ASKED_MORE = ["carol", "dave", "frank", "nina", "oscar", "quinn", "rita", "sybil", "trent", "wendy"]


@pytest.mark.parametrize("user", ASKED_MORE)
def test_password_method_answers_no_later_question(sign_in, host, pool, password, user):
    host.configure(pool, auth_flow=flow_of(user))
    before = pool.admin("GET", f"users/{user}")
    outcome = sign_in(user, method=ssh.PASSWORD)
    assert ssh.is_refused(outcome)
    assert answered(pool) == ["PASSWORD_VERIFIER"]
    assert password(user) not in str(responses(pool))
    assert host.log.arrival("result=refused") - outcome.begun < 4
    assert "KbdInteractiveAuthentication" in host.log.decision()["reason"]
    code, now_code = before.pop("code"), (after := pool.admin("GET", f"users/{user}")).pop("code")
    assert after == before and code is None and (now_code is None or user in ("frank", "nina"))


@pytest.mark.parametrize("user, typed", [("uma", "C4n4ry-any"), ("alice", "")])
def test_password_method_opens_no_menu(sign_in, host, pool, user, typed):
    host.configure(pool, auth_flow="user_auth")
    assert ssh.is_refused(sign_in(user, typed, method=ssh.PASSWORD))
    assert answered(pool) == []
