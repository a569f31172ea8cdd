# SPDX-License-Identifier: MIT
"""The local pool's own rules: what the clients from npm do not reach."""

import json
import re
import secrets
import sys
import time
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from localpool import LocalPool  # noqa: E402  (after its directory is on the path)
from pool import challenges, client_proof, settings, srp, tokens, totp  # noqa: E402

VECTORS = json.loads((HERE.parent / "data" / "cognito-vectors.json").read_text(encoding="utf-8"))
WRONG = ("NotAuthorizedException", "Incorrect username or password.")
BAD_TIMESTAMP = ("InvalidParameterException",
                 "TIMESTAMP format should be EEE MMM d HH:mm:ss z yyyy in english")
NEW_PASSWORD = "N3w-password-Zircon!"


@pytest.fixture(scope="module")
def shared_pool():
    with LocalPool() as running:
        yield running


@pytest.fixture
def pool(shared_pool):
    shared_pool.reset()
    return shared_pool


# A small client

def error(outcome):
    """(exception name, message) of a refused call."""
    status, reply = outcome
    assert status == 400, reply
    return reply["__type"], reply["message"]


def initiate(pool, flow="USER_PASSWORD_AUTH", client="public", **parameters):
    return pool.call("InitiateAuth", {"AuthFlow": flow, "ClientId": pool.client_id(client),
                                      "AuthParameters": parameters})


def answer(pool, challenge, client="public", session=None, **responses):
    body = {"ChallengeName": challenge, "ClientId": pool.client_id(client),
            "ChallengeResponses": responses}
    if session:
        body["Session"] = session
    return pool.call("RespondToAuthChallenge", body)


def sign_in(pool, name, password=None):
    password = pool.user(name)["password"] if password is None else password
    return initiate(pool, USERNAME=name, PASSWORD=password)


def signed_in(pool, name="alice"):
    status, reply = sign_in(pool, name)
    assert status == 200, reply
    return reply["AuthenticationResult"]


def timestamp(moment=None):
    """The moment in the service's form, whatever the locale."""
    now = time.gmtime(moment)
    days = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
    months = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    return (f"{days[now.tm_wday]} {months[now.tm_mon - 1]} {now.tm_mday} "
            f"{now.tm_hour:02}:{now.tm_min:02}:{now.tm_sec:02} UTC {now.tm_year}")


class SrpClient:
    """Begins an SRP sign-in; finish() sends the proof, with any member replaced as a test wants."""

    def __init__(self, pool, name, password=None):
        self.pool = pool
        self.password = pool.user(name)["password"] if password is None else password
        self.secret = secrets.randbits(512)
        public = pow(srp.G, self.secret, srp.N)
        status, reply = initiate(pool, "USER_SRP_AUTH", USERNAME=name, SRP_A=srp.to_hex(public))
        assert status == 200, reply
        self.public = public
        self.parameters = reply["ChallengeParameters"]

    def signature(self, stamp):
        given = self.parameters
        server_public = int(given["SRP_B"], 16)
        name = self.pool.info["userPoolId"].split("_")[1]
        u = srp.scramble(self.public, server_public)
        x = srp.private_key(int(given["SALT"], 16), name, given["USER_ID_FOR_SRP"], self.password)
        key = srp.derive_key(srp.client_shared(server_public, x, self.secret, u), u)
        return srp.signature(key, name, given["USER_ID_FOR_SRP"], given["SECRET_BLOCK"], stamp)

    def finish(self, stamp=None, client="public", **changes):
        stamp = timestamp() if stamp is None else stamp
        responses = {"USERNAME": self.parameters["USER_ID_FOR_SRP"], "TIMESTAMP": stamp,
                     "PASSWORD_CLAIM_SECRET_BLOCK": self.parameters["SECRET_BLOCK"],
                     "PASSWORD_CLAIM_SIGNATURE": self.signature(stamp), **changes}
        return answer(self.pool, "PASSWORD_VERIFIER", client,
                      **{name: value for name, value in responses.items() if value is not None})


def totp_code(pool, shift=0):
    """Carol's code now or `shift` seconds away; not so late in a step that it ages on the way."""
    while time.time() % totp.PERIOD > totp.PERIOD - 1:
        time.sleep(0.1)
    now = pool.admin("POST", "clock", {"offset": shift})["now"]
    pool.admin("POST", "clock", {"offset": 0})
    return totp.code_at(pool.user("carol")["totpSecret"], int(now) // totp.PERIOD)


# The mathematics, against vectors made with other implementations

@pytest.mark.parametrize("case", VECTORS["srp_user"], ids=lambda case: case["id"])
def test_srp_vector(case):
    given, expected = case["inputs"], case["expect"]
    identity = (given["pool_name"], given["user_id_for_srp"])
    check_srp_case(given, expected, identity, given["password"])


@pytest.mark.parametrize("case", VECTORS["srp_device"], ids=lambda case: case["id"])
def test_srp_device_vector(case):
    given, expected = case["inputs"], case["expect"]
    identity = (given["device_group_key"], given["device_key"])
    check_srp_case(given, expected, identity, given["device_password"])


def check_srp_case(given, expected, identity, password):
    """The client's numbers as in the vector, and the server's half arriving at the client's key."""
    a, salt, server_public = (int(given[name], 16) for name in ("a", "SALT", "SRP_B"))
    client_public = pow(srp.G, a, srp.N)
    assert srp.to_hex(client_public) == expected["A"]
    x = srp.private_key(salt, *identity, password)
    u = srp.scramble(client_public, server_public)
    shared = srp.client_shared(server_public, x, a, u)
    key = srp.derive_key(shared, u)
    assert srp.to_hex(x) == expected["x"]
    assert srp.to_bytes(u).hex() == expected["u_padded"]
    assert srp.to_bytes(shared).hex() == expected["S_padded"]
    assert key.hex() == expected["key"]
    assert srp.signature(key, *identity, given["SECRET_BLOCK"],
                         given["timestamp"]) == expected["signature"]
    server = srp.Server(client_public, srp.verifier(salt, *identity, password))
    u = srp.scramble(client_public, server.public)
    assert server.key() == srp.derive_key(srp.client_shared(server.public, x, a, u), u)


def test_srp_constants():
    assert srp.to_hex(srp.N) == VECTORS["constants"]["N_hex"]
    assert srp.to_hex(srp.K) == VECTORS["constants"]["k_hex"]


@pytest.mark.parametrize("case", VECTORS["timestamp"], ids=lambda case: case["expect"])
def test_timestamp_vector(case):
    assert challenges.parse_timestamp(case["expect"]) == case["epoch"]


@pytest.mark.parametrize("case", VECTORS["secret_hash"], ids=lambda case: case["id"])
def test_secret_hash_vector(case):
    client = settings.Client("any", case["client_id"], case["client_secret"])
    assert client_proof.secret_hash(client, case["username"]) == case["expect"]


@pytest.mark.parametrize("case", VECTORS["totp"]["codes"], ids=lambda case: str(case["epoch"]))
def test_totp_vector(case):
    step = case["epoch"] // totp.PERIOD
    assert totp.code_at(VECTORS["totp"]["secret_base32"], step) == case["expect"]


# The wire

REQUESTS = [
    ("no operation", {"X-Amz-Target": None}, b"{}", 400, "UnknownOperationException"),
    ("unknown operation", {"X-Amz-Target": "AWSCognitoIdentityProviderService.Nope"}, b"{}", 400,
     "UnknownOperationException"),
    ("other service", {"X-Amz-Target": "Other.GetUser"}, b"{}", 400, "UnknownOperationException"),
    ("not JSON", {}, b"{", 400, "SerializationException"),
    ("not an object", {}, b"[]", 400, "SerializationException"),
    ("not UTF-8", {}, b"\xff", 400, "SerializationException"),
    ("a number for a string", {}, b'{"AccessToken": 5}', 400, "SerializationException"),
]


@pytest.mark.parametrize("headers,body,status,code", [row[1:] for row in REQUESTS],
                         ids=[row[0] for row in REQUESTS])
def test_bad_request(pool, headers, body, status, code):
    sent = {"Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": "AWSCognitoIdentityProviderService.GetUser", **headers}
    sent = {name: value for name, value in sent.items() if value}
    received, reply_headers, reply = pool.request("POST", "/", body, sent)
    assert received == status
    assert json.loads(reply)["__type"] == code
    assert reply_headers["x-amzn-ErrorType"] == f"{code}:"


def test_other_content_type(pool):
    status, _, reply = pool.request("POST", "/", b"{}", {"Content-Type": "application/json"})
    assert (status, reply) == (404, b"<UnknownOperationException/>\n")


def test_error_reply_headers(pool):
    headers = {"Content-Type": "application/x-amz-json-1.1",
               "X-Amz-Target": "AWSCognitoIdentityProviderService.GetUser"}
    status, reply_headers, _ = pool.request("POST", "/", b'{"AccessToken": "x"}', headers)
    assert status == 400
    assert reply_headers["Content-Type"] == "application/x-amz-json-1.1"
    assert reply_headers["x-amzn-ErrorType"] == "NotAuthorizedException:"
    assert reply_headers["x-amzn-ErrorMessage"] == "Invalid Access Token"
    assert re.fullmatch(r"[0-9a-f-]{36}", reply_headers["x-amzn-RequestId"])


INVALID = [
    ("InitiateAuth", {"AuthFlow": "USER_PASSWORD_AUTH"},
     "1 validation error detected: Value at 'clientId' failed to satisfy constraint: "
     "Member must not be null"),
    ("RespondToAuthChallenge", {"ClientId": "a", "ChallengeName": "SMS_MFA", "Session": "short"},
     "1 validation error detected: Value at 'session' failed to satisfy constraint: "
     "Member must have length greater than or equal to 20"),
    ("RevokeToken", {"ClientId": "a", "Token": "a b"},
     "1 validation error detected: Value at 'token' failed to satisfy constraint: "
     "Member must satisfy regular expression pattern: [A-Za-z0-9-_=.]+"),
    ("GetUser", {},
     "1 validation error detected: Value at 'accessToken' failed to satisfy constraint: "
     "Member must not be null"),
]


@pytest.mark.parametrize("operation,body,message", INVALID)
def test_model_limits(pool, operation, body, message):
    assert error(pool.call(operation, body)) == ("InvalidParameterException", message)


@pytest.mark.parametrize("flow,given,missing", [
    ("USER_PASSWORD_AUTH", {"USERNAME": "alice"}, "PASSWORD"),
    ("USER_PASSWORD_AUTH", {"PASSWORD": "x"}, "USERNAME"),
    ("USER_SRP_AUTH", {"USERNAME": "alice"}, "SRP_A"),
    ("REFRESH_TOKEN_AUTH", {}, "REFRESH_TOKEN"),
])
def test_missing_parameter(pool, flow, given, missing):
    assert error(initiate(pool, flow, **given)) == (
        "InvalidParameterException", f"Missing required parameter {missing}")


def test_unknown_client(pool):
    body = {"AuthFlow": "USER_PASSWORD_AUTH", "ClientId": "nobody",
            "AuthParameters": {"USERNAME": "alice", "PASSWORD": "x"}}
    assert error(pool.call("InitiateAuth", body)) == (
        "ResourceNotFoundException", "User pool client nobody does not exist.")


def test_flow_the_pool_lacks(pool):
    assert error(initiate(pool, "CUSTOM_AUTH", USERNAME="alice"))[0] == "InvalidParameterException"


def test_discovery_and_key_set(pool):
    status, _, body = pool.request("GET", f"{pool.issuer_path}/.well-known/openid-configuration")
    assert status == 200
    discovery = json.loads(body)
    assert discovery["issuer"] == pool.info["issuer"]
    assert discovery["jwks_uri"] == f"{pool.info['issuer']}/.well-known/jwks.json"
    assert len(published_kids(pool)) == 2


# Passwords and the states of a user

@pytest.mark.parametrize("name,expected", [
    ("erin", ("NotAuthorizedException", "User is disabled.")),
    ("grace", ("UserNotConfirmedException", "User is not confirmed.")),
    ("heidi", ("PasswordResetRequiredException", "Password reset required for the user")),
])
def test_state_refuses(pool, name, expected):
    assert error(sign_in(pool, name)) == expected


@pytest.mark.parametrize("name", ["alice", "olga", "peggy", "judy", "judy@example.com"])
def test_password_and_srp_accepted(pool, name):
    password = pool.user(name.split("@")[0])["password"]
    assert sign_in(pool, name, password)[0] == 200
    assert SrpClient(pool, name, password).finish()[0] == 200


@pytest.mark.parametrize("name", ["Alice", "ALICE", "Judy@example.com"])
def test_names_are_case_sensitive(pool, name):
    password = pool.user(name.lower().split("@")[0])["password"]
    assert error(sign_in(pool, name, password)) == WRONG


def test_unverified_email_is_no_alias(pool):
    pool.admin("POST", "users/judy", {"attributes": {"email_verified": "false"}})
    assert error(sign_in(pool, "judy@example.com", pool.user("judy")["password"])) == WRONG


def test_unknown_user_is_simulated_the_same_way_each_time(pool):
    first, second = (SrpClient(pool, "nobody", "x") for _ in range(2))
    for member in ("SALT", "USER_ID_FOR_SRP"):
        assert first.parameters[member] == second.parameters[member]
    assert first.parameters["SRP_B"] != second.parameters["SRP_B"]
    assert re.fullmatch(r"[0-9a-f-]{36}", first.parameters["USER_ID_FOR_SRP"])
    assert error(first.finish()) == WRONG


@pytest.mark.parametrize("flow,more", [("USER_PASSWORD_AUTH", {"PASSWORD": "x"}),
                                       ("USER_SRP_AUTH", {"SRP_A": "1234"})])
def test_legacy_names_the_unknown_user(pool, flow, more):
    pool.admin("POST", "settings", {"preventUserExistenceErrors": "LEGACY"})
    assert error(initiate(pool, flow, USERNAME="nobody", **more)) == (
        "UserNotFoundException", "User does not exist.")


def test_lock_out_doubles_and_is_not_lengthened_by_attempts(pool):
    locked = ("NotAuthorizedException", "Password attempts exceeded")
    for _ in range(5):
        assert error(sign_in(pool, "alice", "wrong")) == WRONG
    assert error(sign_in(pool, "alice")) == locked
    pool.admin("POST", "clock", {"offset": 1.5})
    assert error(sign_in(pool, "alice", "wrong")) == WRONG  # the sixth failure: two seconds
    pool.admin("POST", "clock", {"offset": 3})
    assert error(sign_in(pool, "alice")) == locked
    pool.admin("POST", "clock", {"offset": 4})
    assert sign_in(pool, "alice")[0] == 200
    assert pool.admin("GET", "users/alice")["passwordFailures"] == 0


def test_srp_failures_lock_too(pool):
    for _ in range(5):
        assert error(SrpClient(pool, "alice", "wrong").finish()) == WRONG
    assert error(sign_in(pool, "alice"))[1] == "Password attempts exceeded"


def test_quiet_minutes_forgive(pool):
    pool.admin("POST", "users/alice", {"passwordFailures": 4})
    pool.admin("POST", "clock", {"offset": 901})
    sign_in(pool, "alice", "wrong")
    assert pool.admin("GET", "users/alice")["passwordFailures"] == 1


def test_lock_out_is_at_most_a_quarter_of_an_hour(pool):
    pool.admin("POST", "users/alice", {"passwordFailures": 60})
    pool.admin("POST", "clock", {"offset": 899})
    assert error(sign_in(pool, "alice"))[1] == "Password attempts exceeded"
    pool.admin("POST", "clock", {"offset": 901})
    assert sign_in(pool, "alice")[0] == 200


# SECRET_HASH: of the typed name in the first call, of the pool's own name afterwards

def hash_of(pool, username):
    client = settings.Client("any", pool.client_id("confidential"), pool.client_secret())
    return client_proof.secret_hash(client, username)


@pytest.mark.parametrize("hashed,text", [
    ("judy@example.com", None),
    ("judy", "Unable to verify secret hash for client {}"),
    (None, "Client {} is configured with secret but SECRET_HASH was not received"),
])
def test_secret_hash_in_the_first_call(pool, hashed, text):
    proof = {"SECRET_HASH": hash_of(pool, hashed)} if hashed else {}
    outcome = initiate(pool, client="confidential", USERNAME="judy@example.com",
                       PASSWORD=pool.user("judy")["password"], **proof)
    if text is None:
        assert outcome[0] == 200
    else:
        assert error(outcome) == ("NotAuthorizedException",
                                  text.format(pool.client_id("confidential")))


@pytest.mark.parametrize("hashed,accepted", [("real", True), ("judy@example.com", False)])
def test_secret_hash_in_the_second_call(pool, hashed, accepted):
    pool.admin("POST", "users/judy", {"mfa": ["SMS_MFA"],
                                      "attributes": {"phone_number": "+15555550199"}})
    _, reply = initiate(pool, client="confidential", USERNAME="judy@example.com",
                        PASSWORD=pool.user("judy")["password"],
                        SECRET_HASH=hash_of(pool, "judy@example.com"))
    real = reply["ChallengeParameters"]["USER_ID_FOR_SRP"]
    outcome = answer(pool, "SMS_MFA", "confidential", reply["Session"], USERNAME=real,
                     SMS_MFA_CODE=pool.admin("GET", "codes/judy")["code"],
                     SECRET_HASH=hash_of(pool, real if hashed == "real" else hashed))
    assert (outcome[0] == 200) is accepted


def test_secret_hash_nobody_asked_for(pool):
    outcome = initiate(pool, USERNAME="alice", PASSWORD="x", SECRET_HASH="AAAA")
    assert error(outcome) == (
        "NotAuthorizedException",
        f"Client {pool.client_id()} is not configured for secret but secret was received")


# The proof of SRP

@pytest.mark.parametrize("changes,expected", [
    ({"PASSWORD_CLAIM_SIGNATURE": "AAAA"}, WRONG),
    ({"PASSWORD_CLAIM_SECRET_BLOCK": "QUJD"}, WRONG),
    ({"USERNAME": "judy@example.com"}, WRONG),
    ({"TIMESTAMP": None},
     ("InvalidParameterException", "Missing required parameter TIMESTAMP")),
    ({"client": "confidential"}, WRONG),
])
def test_srp_proof_refused(pool, changes, expected):
    judy = SrpClient(pool, "judy")
    assert error(judy.finish(**changes)) == expected


def test_secret_block_answers_once(pool):
    alice = SrpClient(pool, "alice")
    assert alice.finish()[0] == 200
    assert error(alice.finish()) == WRONG


def test_secret_block_expires(pool):
    alice = SrpClient(pool, "alice")
    pool.admin("POST", "clock", {"offset": 31})
    assert error(alice.finish()) == WRONG


@pytest.mark.parametrize("stamp", [
    "Sat Nov 01 03:04:05 UTC 2025", "Sat Nov  1 03:04:05 UTC 2025", "Sat Nov 1 3:04:05 UTC 2025",
    "Sam Nov 1 03:04:05 UTC 2025", "Sat Nov 1 03:04:05 2025", "Sat Nov 1 03:04:05 CET 2025",
    "Sat Nov 1 25:04:05 UTC 2025", "Sun Feb 30 03:04:05 UTC 2025", "2025-11-01T03:04:05Z",
    "Sat Nov 1 03:04:05 UTC 2025 ", "Sat Nov ١ 03:04:05 UTC 2025",
])
def test_timestamp_form(pool, stamp):
    assert error(SrpClient(pool, "alice").finish(stamp)) == BAD_TIMESTAMP


@pytest.mark.parametrize("skew,accepted", [(0, True), (250, True), (-250, True), (360, False),
                                           (-360, False)])
def test_timestamp_skew(pool, skew, accepted):
    outcome = SrpClient(pool, "alice").finish(timestamp(time.time() + skew))
    assert outcome[0] == 200 if accepted else error(outcome) == WRONG


@pytest.mark.parametrize("value", ["0", "zz", "-1", srp.to_hex(srp.N), srp.to_hex(2 * srp.N)])
def test_bad_srp_a(pool, value):
    outcome = initiate(pool, "USER_SRP_AUTH", USERNAME="alice", SRP_A=value)
    assert error(outcome)[0] == "InvalidParameterException"


def test_session_is_required_once_it_was_given(pool):
    pool.admin("POST", "settings", {"sessionWithPasswordVerifier": True})
    assert error(SrpClient(pool, "alice").finish())[1] == "Missing required parameter Session"


# Sessions and second factors

def challenge_session(pool, name):
    status, reply = sign_in(pool, name)
    assert status == 200 and "ChallengeName" in reply, reply
    return reply["Session"]


def answer_totp(pool, session, code, challenge="SOFTWARE_TOKEN_MFA", client="public"):
    return answer(pool, challenge, client, session, USERNAME="carol", SOFTWARE_TOKEN_MFA_CODE=code)


def wrong_code(pool):
    good = {totp_code(pool, shift) for shift in (-30, 0, 30)}
    return next(code for code in ("000000", "111111", "222222", "333333") if code not in good)


@pytest.mark.parametrize("shift,accepted", [(0, True), (-30, True), (30, True), (-90, False),
                                            (90, False)])
def test_totp_window(pool, shift, accepted):
    outcome = answer_totp(pool, challenge_session(pool, "carol"), totp_code(pool, shift))
    if accepted:
        assert outcome[0] == 200
    else:
        assert error(outcome) == ("CodeMismatchException", "Invalid code received for user")


def test_totp_code_is_good_once(pool):
    code = totp_code(pool)
    assert answer_totp(pool, challenge_session(pool, "carol"), code)[0] == 200
    session = challenge_session(pool, "carol")
    assert error(answer_totp(pool, session, code)) == (
        "ExpiredCodeException", "Your software token has already been used once.")
    assert answer_totp(pool, session, totp_code(pool, 30))[0] == 200


def test_wrong_code_keeps_the_session(pool):
    session = challenge_session(pool, "carol")
    assert error(answer_totp(pool, session, wrong_code(pool)))[0] == "CodeMismatchException"
    assert answer_totp(pool, session, totp_code(pool))[0] == 200
    assert error(answer_totp(pool, session, totp_code(pool, 30))) == (
        "NotAuthorizedException", "Invalid session for the user, session can only be used once.")


def test_wrong_codes_lock(pool):
    session = challenge_session(pool, "carol")
    for _ in range(5):
        assert error(answer_totp(pool, session, wrong_code(pool)))[0] == "CodeMismatchException"
    assert error(answer_totp(pool, session, totp_code(pool))) == (
        "NotAuthorizedException", "Too many invalid credentials attempts. User temporarily locked. "
        "Please try again after few seconds.")


def test_session_expires(pool):
    session = challenge_session(pool, "carol")
    pool.admin("POST", "clock", {"offset": 181})
    assert error(answer_totp(pool, session, "000000")) == (
        "NotAuthorizedException", "Invalid session for the user, session is expired.")


@pytest.mark.parametrize("changes", [{"challenge": "SMS_MFA"}, {"client": "confidential"},
                                     {"session": "x" * 40}])
def test_session_is_bound(pool, changes):
    given = {"session": challenge_session(pool, "carol"), "code": totp_code(pool), **changes}
    assert error(answer_totp(pool, **given)) == (
        "NotAuthorizedException", "Invalid session for the user.")


def test_session_of_somebody_else(pool):
    session = challenge_session(pool, "carol")
    outcome = answer(pool, "SOFTWARE_TOKEN_MFA", session=session, USERNAME="alice",
                     SOFTWARE_TOKEN_MFA_CODE=totp_code(pool))
    assert error(outcome) == ("NotAuthorizedException", "Invalid session for the user.")


def test_disabled_between_password_and_code(pool):
    session = challenge_session(pool, "carol")
    pool.admin("POST", "users/carol", {"enabled": False})
    assert error(answer_totp(pool, session, totp_code(pool)))[1] == "User is disabled."


def test_sms_code(pool):
    status, reply = sign_in(pool, "frank")
    assert reply["ChallengeParameters"]["CODE_DELIVERY_DESTINATION"] == "+*******0123"
    code = pool.admin("GET", "codes/frank")["code"]
    wrong = f"{(int(code) + 1) % 10**6:06}"
    outcome = answer(pool, "SMS_MFA", session=reply["Session"], USERNAME="frank",
                     SMS_MFA_CODE=wrong)
    assert error(outcome) == ("CodeMismatchException", "Invalid code or auth state for the user.")
    assert answer(pool, "SMS_MFA", session=reply["Session"], USERNAME="frank",
                  SMS_MFA_CODE=code)[0] == 200


# New passwords

@pytest.mark.parametrize("password,problem", [
    ("Sh0rt!", "Password not long enough"),
    ("n0-uppercase-here", "Password must have uppercase characters"),
    ("N0-LOWERCASE-HERE", "Password must have lowercase characters"),
    ("No-number-here", "Password must have numeric characters"),
    ("N0symbolatall", "Password must have symbol characters"),
])
def test_password_policy(pool, password, problem):
    session = challenge_session(pool, "dave")
    outcome = answer(pool, "NEW_PASSWORD_REQUIRED", session=session, USERNAME="dave",
                     NEW_PASSWORD=password)
    assert error(outcome) == ("InvalidPasswordException",
                              f"Password did not conform with policy: {problem}")
    assert answer(pool, "NEW_PASSWORD_REQUIRED", session=session, USERNAME="dave",
                  NEW_PASSWORD=NEW_PASSWORD)[0] == 200
    assert sign_in(pool, "dave", NEW_PASSWORD)[0] == 200


def test_password_history(pool):
    pool.admin("POST", "settings", {"passwordHistory": 3})
    session = challenge_session(pool, "dave")
    outcome = answer(pool, "NEW_PASSWORD_REQUIRED", session=session, USERNAME="dave",
                     NEW_PASSWORD=pool.user("dave")["password"])
    assert error(outcome)[0] == "PasswordHistoryPolicyViolationException"


def test_new_password_then_second_factor(pool):
    pool.admin("POST", "users/carol", {"status": "FORCE_CHANGE_PASSWORD"})
    session = challenge_session(pool, "carol")
    status, reply = answer(pool, "NEW_PASSWORD_REQUIRED", session=session, USERNAME="carol",
                           NEW_PASSWORD=NEW_PASSWORD)
    assert (status, reply["ChallengeName"]) == (200, "SOFTWARE_TOKEN_MFA")
    assert reply["Session"] != session
    assert answer_totp(pool, reply["Session"], totp_code(pool))[0] == 200


def test_provided_attribute_stays(pool):
    pool.admin("POST", "settings", {"requiredAttributes": ["email"]})
    outcome = answer(pool, "NEW_PASSWORD_REQUIRED", session=challenge_session(pool, "dave"),
                     USERNAME="dave", NEW_PASSWORD=NEW_PASSWORD,
                     **{"userAttributes.email": "other@example.com"})
    assert error(outcome) == ("NotAuthorizedException", "Cannot modify an already provided email")


def test_temporary_password_expires(pool):
    pool.admin("POST", "clock", {"offset": 8 * 86400})
    assert error(sign_in(pool, "dave")) == (
        "NotAuthorizedException",
        "Temporary password has expired and must be reset by an administrator.")


# Tokens, refresh, revocation

def refresh(pool, token, client="public", **more):
    return pool.call("GetTokensFromRefreshToken", {
        "RefreshToken": token, "ClientId": pool.client_id(client), **more})


def claims_of(token):
    return tokens.decode(token)[1]


def test_refresh_token_shape(pool):
    token = signed_in(pool)["RefreshToken"]
    assert token.count(".") == 4 and 1700 < len(token) < 2000


def test_refresh_keeps_origin_and_sign_in_time(pool):
    first = signed_in(pool)
    pool.admin("POST", "clock", {"offset": 100})
    status, reply = refresh(pool, first["RefreshToken"])
    assert status == 200
    before, after = (claims_of(result["IdToken"])
                     for result in (first, reply["AuthenticationResult"]))
    for member in ("origin_jti", "auth_time", "sub"):
        assert before[member] == after[member]
    assert after["iat"] >= before["iat"] + 100 and before["jti"] != after["jti"]


@pytest.mark.parametrize("change,expected", [
    (("POST", "users/alice", {"enabled": False}), ("NotAuthorizedException", "User is disabled.")),
    (("DELETE", "users/alice", None), ("UserNotFoundException", "User does not exist.")),
    (("POST", "users/alice", {"signedOut": True}),
     ("NotAuthorizedException", "Refresh Token has been revoked")),
    (("POST", "clock", {"offset": 31 * 86400}),
     ("NotAuthorizedException", "Refresh Token has expired")),
])
def test_refresh_refused(pool, change, expected):
    token = signed_in(pool)["RefreshToken"]
    pool.admin(*change)
    assert error(refresh(pool, token)) == expected


def test_refresh_token_belongs_to_its_client(pool):
    token = signed_in(pool)["RefreshToken"]
    secret = pool.client_secret()
    assert error(refresh(pool, token, "confidential", ClientSecret=secret)) == (
        "NotAuthorizedException", "Invalid Refresh Token")
    assert error(refresh(pool, token, "confidential"))[0] == "NotAuthorizedException"
    assert error(refresh(pool, token, ClientSecret=secret))[0] == "NotAuthorizedException"


def test_rotation_grace_period(pool):
    pool.admin("POST", "settings", {"refreshTokenRotation": True, "retryGracePeriodSeconds": 30})
    token = signed_in(pool)["RefreshToken"]
    for _ in range(2):
        assert refresh(pool, token)[0] == 200
    pool.admin("POST", "clock", {"offset": 31})
    assert error(refresh(pool, token))[0] == "RefreshTokenReuseException"


def revoke(pool, token, **more):
    return pool.call("RevokeToken", {"Token": token, "ClientId": pool.client_id(), **more})


def test_revoke(pool):
    result = signed_in(pool)
    assert error(revoke(pool, result["AccessToken"]))[0] == "UnsupportedTokenTypeException"
    assert revoke(pool, result["RefreshToken"]) == (200, {})
    assert revoke(pool, result["RefreshToken"]) == (200, {})
    assert error(pool.call("GetUser", {"AccessToken": result["AccessToken"]})) == (
        "NotAuthorizedException", "Access Token has been revoked")
    pool.admin("POST", "settings", {"enableTokenRevocation": False})
    token = signed_in(pool)["RefreshToken"]
    assert error(revoke(pool, token))[0] == "UnsupportedOperationException"


def test_get_user_wants_a_live_access_token(pool):
    result = signed_in(pool)
    assert pool.call("GetUser", {"AccessToken": result["AccessToken"]})[0] == 200
    for token in (result["IdToken"], "x.y.z", result["AccessToken"][:-4] + "AAAA"):
        assert error(pool.call("GetUser", {"AccessToken": token}))[1] == "Invalid Access Token"
    pool.admin("POST", "clock", {"offset": 3601})
    assert error(pool.call("GetUser", {"AccessToken": result["AccessToken"]}))[1] == (
        "Access Token has expired")


def test_groups_only_if_there_are_any(pool):
    for name, groups in (("bob", ["linux-users", "ops"]), ("ivan", None)):
        result = signed_in(pool, name)
        for token in (result["IdToken"], result["AccessToken"]):
            assert claims_of(token).get("cognito:groups") == groups


def test_custom_attributes_are_text(pool):
    pool.admin("POST", "users/alice", {"attributes": {"custom:uid": "4242"}})
    claims = claims_of(signed_in(pool)["IdToken"])
    assert claims["custom:uid"] == "4242" and claims["email_verified"] is True


def published_kids(pool):
    _, _, body = pool.request("GET", f"{pool.issuer_path}/.well-known/jwks.json")
    return {key["kid"] for key in json.loads(body)["keys"]}


@pytest.mark.parametrize("options,published,signing_published", [
    ({}, 4, True), ({"keepOld": False}, 2, True), ({"publish": False}, 2, False),
])
def test_key_rotation(options, published, signing_published):
    with LocalPool() as pool:
        old = published_kids(pool)
        pool.admin("POST", "rotate-keys", options)
        kids = published_kids(pool)
        signing = tokens.decode(signed_in(pool)["IdToken"])[0]["kid"]
        assert len(kids) == published
        assert signing not in old and (signing in kids) is signing_published
        pool.admin("POST", "publish-keys", {})
        assert signing in published_kids(pool)
