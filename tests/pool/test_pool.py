# SPDX-License-Identifier: MIT
"""The local pool's own rules: what the clients from npm do not reach."""

import base64
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
from pool import client_proof, settings, srp, srp_proof, tokens, totp  # noqa: E402

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

    def __init__(self, pool, name, password=None, flow="USER_SRP_AUTH", **parameters):
        self.pool = pool
        self.password = pool.user(name)["password"] if password is None else password
        self.secret = secrets.randbits(512)
        public = pow(srp.G, self.secret, srp.N)
        status, reply = initiate(pool, flow, USERNAME=name, SRP_A=srp.to_hex(public), **parameters)
        assert status == 200, reply
        self.public = public
        self.session = reply.get("Session")
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
        responses = {"session": self.session,
                     "USERNAME": self.parameters["USER_ID_FOR_SRP"], "TIMESTAMP": stamp,
                     "PASSWORD_CLAIM_SECRET_BLOCK": self.parameters["SECRET_BLOCK"],
                     "PASSWORD_CLAIM_SIGNATURE": self.signature(stamp), **changes}
        return answer(self.pool, "PASSWORD_VERIFIER", client,
                      **{name: value for name, value in responses.items() if value is not None})


def totp_code(pool, shift=0, secret=None):
    """A code now or `shift` seconds away, carol's unless a secret is given; not so late in a step
    that it ages on the way."""
    while time.time() % totp.PERIOD > totp.PERIOD - 1:
        time.sleep(0.1)
    now = pool.admin("POST", "clock", {"offset": shift})["now"]
    pool.admin("POST", "clock", {"offset": 0})
    return totp.code_at(secret or pool.user("carol")["totpSecret"], int(now) // totp.PERIOD)


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
    assert srp_proof.parse_timestamp(case["expect"]) == case["epoch"]


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
    ("a number in an object", {"X-Amz-Target": "AWSCognitoIdentityProviderService.ConfirmDevice"},
     b'{"DeviceSecretVerifierConfig": {"Salt": 5}}', 400, "SerializationException"),
    ("a string for an object", {"X-Amz-Target": "AWSCognitoIdentityProviderService.ConfirmDevice"},
     b'{"DeviceSecretVerifierConfig": "x"}', 400, "SerializationException"),
    ("a number in a map", {"X-Amz-Target": "AWSCognitoIdentityProviderService.InitiateAuth"},
     b'{"AuthParameters": {"USERNAME": 5}}', 400, "SerializationException"),
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
    ("VerifySoftwareToken", {"Session": "x" * 20, "UserCode": "12345"},
     "1 validation error detected: Value at 'userCode' failed to satisfy constraint: "
     "Member must have length greater than or equal to 6"),
    ("ChangePassword", {"AccessToken": "x", "ProposedPassword": "N3w password!"},
     "1 validation error detected: Value at 'proposedPassword' failed to satisfy constraint: "
     "Member must satisfy regular expression pattern: [\\S]+"),
    ("ConfirmForgotPassword", {"ClientId": "a", "Username": "alice", "Password": NEW_PASSWORD},
     "1 validation error detected: Value at 'confirmationCode' failed to satisfy constraint: "
     "Member must not be null"),
    ("UpdateDeviceStatus", {"AccessToken": "x", "DeviceKey": "a_0",
                            "DeviceRememberedStatus": "yes"},
     "1 validation error detected: Value 'yes' at 'deviceRememberedStatus' failed to satisfy "
     "constraint: Member must satisfy enum value set: [remembered, not_remembered]"),
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
    outcome = initiate(pool, "ADMIN_NO_SRP_AUTH", USERNAME="alice")
    assert error(outcome)[0] == "InvalidParameterException"


def test_discovery_and_key_set(pool):
    status, _, body = pool.request("GET", f"{pool.issuer_path}/.well-known/openid-configuration")
    assert status == 200
    discovery = json.loads(body)
    assert discovery["issuer"] == pool.info["issuer"]
    assert discovery["jwks_uri"] == f"{pool.info['issuer']}/.well-known/jwks.json"
    assert len(published_kids(pool)) == 2


@pytest.mark.parametrize("body", [
    {"deviceTracking": "always"}, {"mfaRequired": "yes"}, {"nothing": 1},
    {"preventUserExistenceErrors": "NO"},
])
def test_setting_refused(pool, body):
    with pytest.raises(RuntimeError):
        pool.admin("POST", "settings", body)


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


def test_failures_below_zero_are_for_crowds(pool):
    pool.admin("POST", "users/alice", {"passwordFailures": -5})
    assert sign_in(pool, "alice")[0] == 200
    for _ in range(9):
        assert error(sign_in(pool, "alice", "wrong")) == WRONG
    assert sign_in(pool, "alice")[0] == 200


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


@pytest.mark.parametrize("sent", ["real", "judy@example.com"])
@pytest.mark.parametrize("hashed,accepted", [("real", True), ("judy@example.com", False)])
def test_secret_hash_in_the_second_call(pool, sent, hashed, accepted):
    pool.admin("POST", "users/judy", {"mfa": ["SMS_MFA"],
                                      "attributes": {"phone_number": "+15555550199"}})
    _, reply = initiate(pool, client="confidential", USERNAME="judy@example.com",
                        PASSWORD=pool.user("judy")["password"],
                        SECRET_HASH=hash_of(pool, "judy@example.com"))
    real = reply["ChallengeParameters"]["USER_ID_FOR_SRP"]
    outcome = answer(pool, "SMS_MFA", "confidential", reply["Session"],
                     USERNAME=real if sent == "real" else sent,
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
    outcome = SrpClient(pool, "alice").finish(session=None)
    assert error(outcome)[1] == "Missing required parameter Session"


# Sessions and second factors

def challenge_session(pool, name):
    status, reply = sign_in(pool, name)
    assert status == 200 and "ChallengeName" in reply, reply
    return reply["Session"]


def answer_totp(pool, session, code, challenge="SOFTWARE_TOKEN_MFA", client="public"):
    return answer(pool, challenge, client, session, USERNAME="carol", SOFTWARE_TOKEN_MFA_CODE=code)


def wrong_code(pool, secret=None):
    good = {totp_code(pool, shift, secret) for shift in (-30, 0, 30)}
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


@pytest.mark.parametrize("attributes,expected", [
    ({"name": "Sybil", "phone_number": "+15555550177"}, None),
    ({"name": "Sybil"},
     ("InvalidParameterException", "Attributes did not conform to the schema: phone_number: "
      "The attribute is required\n")),
    ({"name": "Sybil", "phone_number": "call me"},
     ("InvalidParameterException", "Invalid phone number format.")),
    ({"name": "Sybil", "phone_number": "+15555550177", "email": "sybil"},
     ("InvalidParameterException", "Invalid email address format.")),
    ({"name": "Sybil", "phone_number": "+15555550177", "phone_number_verified": "true"},
     ("NotAuthorizedException", "A client attempted to write unauthorized attribute")),
])
def test_required_attributes(pool, attributes, expected):
    _, reply = sign_in(pool, "sybil")
    parameters = reply["ChallengeParameters"]
    assert json.loads(parameters["requiredAttributes"]) == [
        "userAttributes.name", "userAttributes.phone_number"]
    assert json.loads(parameters["userAttributes"])["email"] == "sybil@example.com"
    given = {f"userAttributes.{name}": value for name, value in attributes.items()}
    outcome = answer(pool, "NEW_PASSWORD_REQUIRED", session=reply["Session"], USERNAME="sybil",
                     NEW_PASSWORD=NEW_PASSWORD, **given)
    if expected is None:
        assert "AuthenticationResult" in outcome[1]
        expected = WRONG
    else:
        assert error(outcome) == expected
        assert sign_in(pool, "sybil")[1]["ChallengeName"] == "NEW_PASSWORD_REQUIRED"
    assert error(sign_in(pool, "sybil", "x")) == WRONG


def test_password_policy_is_a_setting(pool):
    pool.admin("POST", "settings", {"passwordMustHave": ["numeric"], "minimumPasswordLength": 4})
    outcome = answer(pool, "NEW_PASSWORD_REQUIRED", session=challenge_session(pool, "dave"),
                     USERNAME="dave", NEW_PASSWORD="abc1")
    assert outcome[0] == 200


# Devices

class Device:
    """Registers itself with the tokens of a sign-in; later proves itself with its password."""

    def __init__(self, pool, result):
        self.pool = pool
        self.key = result["NewDeviceMetadata"]["DeviceKey"]
        self.group_key = result["NewDeviceMetadata"]["DeviceGroupKey"]
        self.token = result["AccessToken"]
        self.password = "a device's password"
        self.salt = 2 ** 127 + 1  # its top bit wants a zero byte in front

    def confirm(self, **changes):
        verifier = srp.verifier(self.salt, self.group_key, self.key, self.password)
        config = {"Salt": number_text(self.salt), "PasswordVerifier": number_text(verifier)}
        return self.pool.call("ConfirmDevice", {
            "AccessToken": self.token, "DeviceKey": self.key,
            "DeviceSecretVerifierConfig": config, **changes})

    def remember(self, status="remembered"):
        return self.pool.call("UpdateDeviceStatus", {
            "AccessToken": self.token, "DeviceKey": self.key, "DeviceRememberedStatus": status})

    def begin(self, reply, user, **changes):
        self.secret = secrets.randbits(512)
        self.public = pow(srp.G, self.secret, srp.N)
        responses = {"USERNAME": user, "DEVICE_KEY": self.key, "SRP_A": srp.to_hex(self.public),
                     **changes}
        return answer(self.pool, "DEVICE_SRP_AUTH", session=reply.get("Session"), **responses)

    def finish(self, reply, user, challenge="DEVICE_PASSWORD_VERIFIER", **changes):
        given = reply["ChallengeParameters"]
        server_public = int(given["SRP_B"], 16)
        u = srp.scramble(self.public, server_public)
        x = srp.private_key(int(given["SALT"], 16), self.group_key, self.key, self.password)
        key = srp.derive_key(srp.client_shared(server_public, x, self.secret, u), u)
        stamp = timestamp()
        responses = {"USERNAME": user, "DEVICE_KEY": self.key, "TIMESTAMP": stamp,
                     "PASSWORD_CLAIM_SECRET_BLOCK": given["SECRET_BLOCK"],
                     "PASSWORD_CLAIM_SIGNATURE": srp.signature(
                         key, self.group_key, self.key, given["SECRET_BLOCK"], stamp), **changes}
        return answer(self.pool, challenge, session=reply.get("Session"), **responses)


def number_text(number):
    return base64.b64encode(srp.to_bytes(number)).decode()


def device_of(pool, name="alice", tracking="ALWAYS"):
    """A confirmed device of somebody without a second factor."""
    pool.admin("POST", "settings", {"deviceTracking": tracking})
    device = Device(pool, signed_in(pool, name))
    assert device.confirm() == (200, {"UserConfirmationNecessary": tracking == "OPT_IN"})
    return device


def sign_in_with(pool, name, device_key):
    return initiate(pool, USERNAME=name, PASSWORD=pool.user(name)["password"],
                    DEVICE_KEY=device_key)


def test_device_metadata_only_for_unknown_devices(pool):
    assert "NewDeviceMetadata" not in signed_in(pool)
    device = device_of(pool)
    assert re.fullmatch(r"us-east-1_[0-9a-f-]{36}", device.key)
    assert device.group_key.startswith("-")
    assert claims_of(device.token)["device_key"] == device.key
    _, posed = sign_in_with(pool, "alice", device.key)
    assert posed["ChallengeName"] == "DEVICE_SRP_AUTH"
    status, posed = device.begin(posed, "alice")
    assert (status, posed["ChallengeName"]) == (200, "DEVICE_PASSWORD_VERIFIER")
    assert posed["ChallengeParameters"]["DEVICE_KEY"] == device.key
    status, reply = device.finish(posed, "alice")
    assert status == 200 and "NewDeviceMetadata" not in reply["AuthenticationResult"]
    assert claims_of(reply["AuthenticationResult"]["AccessToken"])["device_key"] == device.key
    assert error(device.finish(posed, "alice")) == WRONG


NO_DEVICE = ("ResourceNotFoundException", "Device does not exist.")


def test_device_of_somebody_else_or_not_confirmed(pool):
    device = device_of(pool)
    assert error(sign_in_with(pool, "bob", device.key)) == NO_DEVICE
    pending = Device(pool, signed_in(pool))
    assert error(sign_in_with(pool, "alice", pending.key)) == NO_DEVICE
    assert error(sign_in_with(pool, "alice", "us-east-1_0")) == NO_DEVICE


def test_unknown_device_is_told_only_after_the_proof(pool):
    device_of(pool)
    given = {"DEVICE_KEY": "us-east-1_0"}
    assert error(initiate(pool, USERNAME="alice", PASSWORD="wrong", **given)) == WRONG
    assert error(SrpClient(pool, "alice", "wrong").finish(**given)) == WRONG
    alice = SrpClient(pool, "alice")
    assert error(alice.finish(**given)) == NO_DEVICE
    assert alice.finish()[0] == 200  # the same proof, without the device
    assert error(alice.finish()) == WRONG
    status, reply = initiate(pool, "USER_AUTH", USERNAME="uma", PREFERRED_CHALLENGE="EMAIL_OTP")
    assert status == 200
    outcome = answer(pool, "EMAIL_OTP", session=reply["Session"], USERNAME="uma",
                     EMAIL_OTP_CODE="wrong", **given)
    assert error(outcome)[0] == "CodeMismatchException"


@pytest.mark.parametrize("changes,expected", [
    ({"SRP_A": "0"}, ("InvalidParameterException", "SRP_A must not be zero")),
    ({"SRP_A": None}, ("InvalidParameterException", "Missing required parameter SRP_A")),
    ({"DEVICE_KEY": "us-east-1_0"}, NO_DEVICE),
])
def test_device_srp_refused(pool, changes, expected):
    device = device_of(pool)
    _, posed = sign_in_with(pool, "alice", device.key)
    assert error(device.begin(posed, "alice", **changes)) == expected


@pytest.mark.parametrize("changes,expected", [
    ({"PASSWORD_CLAIM_SIGNATURE": "AAAA"}, WRONG),
    ({"PASSWORD_CLAIM_SECRET_BLOCK": "QUJD"}, WRONG),
    ({"USERNAME": "bob"}, WRONG),
    ({"DEVICE_KEY": "us-east-1_0"}, NO_DEVICE),
    ({"TIMESTAMP": "now"}, BAD_TIMESTAMP),
])
def test_device_proof_refused(pool, changes, expected):
    device = device_of(pool)
    _, posed = sign_in_with(pool, "alice", device.key)
    _, posed = device.begin(posed, "alice")
    assert error(device.finish(posed, "alice", **changes)) == expected


def test_password_proof_is_no_device_proof(pool):
    """A right proof of the password does not pass for one of the device."""
    device = device_of(pool)
    alice = SrpClient(pool, "alice")
    stamp = timestamp()
    outcome = answer(pool, "DEVICE_PASSWORD_VERIFIER", USERNAME="alice", DEVICE_KEY=device.key,
                     TIMESTAMP=stamp, PASSWORD_CLAIM_SIGNATURE=alice.signature(stamp),
                     PASSWORD_CLAIM_SECRET_BLOCK=alice.parameters["SECRET_BLOCK"])
    assert error(outcome) == WRONG


def test_device_proof_is_no_password_proof(pool):
    device = device_of(pool)
    _, posed = sign_in_with(pool, "alice", device.key)
    _, posed = device.begin(posed, "alice")
    assert error(device.finish(posed, "alice", challenge="PASSWORD_VERIFIER")) == WRONG


def test_device_is_the_one_that_was_named(pool):
    named, other = device_of(pool), device_of(pool)
    _, posed = sign_in_with(pool, "alice", named.key)
    assert error(other.begin(posed, "alice")) == NO_DEVICE


def carol_device(pool, tracking):
    pool.admin("POST", "settings", {"deviceTracking": tracking})
    _, reply = answer_totp(pool, challenge_session(pool, "carol"), totp_code(pool))
    pool.admin("POST", "users/carol", {"forgetTotpSteps": True})
    device = Device(pool, reply["AuthenticationResult"])
    assert device.confirm()[0] == 200
    return device


@pytest.mark.parametrize("tracking,settings_,remember,first", [
    ("ALWAYS", {}, None, "DEVICE_SRP_AUTH"),
    ("OPT_IN", {}, None, "SOFTWARE_TOKEN_MFA"),
    ("OPT_IN", {}, "remembered", "DEVICE_SRP_AUTH"),
    ("OPT_IN", {}, "not_remembered", "SOFTWARE_TOKEN_MFA"),
    ("ALWAYS", {"challengeRequiredOnNewDevice": False}, None, "SOFTWARE_TOKEN_MFA"),
    ("ALWAYS", {"deviceTracking": "OFF"}, None, "SOFTWARE_TOKEN_MFA"),
])
def test_which_device_replaces_the_code(pool, tracking, settings_, remember, first):
    device = carol_device(pool, tracking)
    pool.admin("POST", "settings", settings_)
    if remember:
        assert device.remember(remember) == (200, {})
    status, reply = sign_in_with(pool, "carol", device.key)
    assert (status, reply["ChallengeName"]) == (200, first)
    if first == "DEVICE_SRP_AUTH":
        _, reply = device.begin(reply, "carol")
        assert "AuthenticationResult" in device.finish(reply, "carol")[1]
        return
    _, reply = answer_totp(pool, reply["Session"], totp_code(pool))
    off = settings_.get("deviceTracking") == "OFF"
    assert reply.get("ChallengeName") == (None if off else "DEVICE_SRP_AUTH")


def test_device_challenges_without_sessions(pool):
    pool.admin("POST", "settings", {"sessionWithDeviceChallenges": False})
    device = device_of(pool)
    assert error(device.begin({}, "alice"))[1] == "Missing required parameter Session"
    _, posed = sign_in_with(pool, "alice", device.key)
    assert "Session" not in posed
    _, posed = device.begin(posed, "alice")
    assert "Session" not in posed
    assert device.finish(posed, "alice")[0] == 200


def test_device_session_is_wanted_back(pool):
    device = device_of(pool)
    _, posed = sign_in_with(pool, "alice", device.key)
    _, posed = device.begin(posed, "alice")
    del posed["Session"]
    assert error(device.finish(posed, "alice"))[1] == "Missing required parameter Session"


NEGATIVE = base64.b64encode(b"\x80" + b"\0" * 15).decode()


@pytest.mark.parametrize("changes,expected", [
    ({"DeviceKey": "us-east-1_0"}, ("InvalidParameterException", "Invalid device key given.")),
    ({"DeviceSecretVerifierConfig": None}, ("InvalidParameterException", "Invalid Salt")),
    ({"DeviceSecretVerifierConfig": {"Salt": NEGATIVE, "PasswordVerifier": "Ag=="}},
     ("InvalidParameterException", "Invalid Salt")),
    ({"DeviceSecretVerifierConfig": {"Salt": "Ag==", "PasswordVerifier": NEGATIVE}},
     ("InvalidParameterException", "Invalid PasswordVerifier")),
    ({"DeviceSecretVerifierConfig": {"Salt": "Ag==", "PasswordVerifier": number_text(srp.N)}},
     ("InvalidParameterException", "Invalid PasswordVerifier")),
    ({"AccessToken": "x.y.z"}, ("NotAuthorizedException", "Invalid Access Token")),
])
def test_confirm_device_refused(pool, changes, expected):
    pool.admin("POST", "settings", {"deviceTracking": "ALWAYS"})
    device = Device(pool, signed_in(pool))
    assert error(device.confirm(**changes)) == expected
    assert device.confirm()[0] == 200
    assert error(device.confirm())[0] == "DeviceKeyExistsException"


def test_device_after_an_echoed_alias_cannot_be_confirmed(pool):
    pool.admin("POST", "settings", {"deviceTracking": "ALWAYS"})
    _, reply = initiate(pool, USERNAME="nina@example.com", PASSWORD=pool.user("nina")["password"])
    code = pool.admin("GET", "codes/nina")["code"]
    _, reply = answer(pool, "EMAIL_OTP", session=reply["Session"], USERNAME="nina@example.com",
                      EMAIL_OTP_CODE=code)
    device = Device(pool, reply["AuthenticationResult"])
    assert error(device.confirm()) == ("InvalidParameterException", "Invalid device key given.")


def test_forget_device(pool):
    device = device_of(pool)
    body = {"AccessToken": device.token, "DeviceKey": device.key}
    headers = {"Content-Type": "application/x-amz-json-1.1",
               "X-Amz-Target": "AWSCognitoIdentityProviderService.ForgetDevice"}
    status, _, reply = pool.request("POST", "/", json.dumps(body), headers)
    assert (status, reply) == (200, b"")
    assert pool.admin("GET", "devices/alice") == {"devices": []}
    assert error(device.remember()) == NO_DEVICE
    assert error(pool.call("ForgetDevice", body)) == NO_DEVICE
    assert error(pool.call("ForgetDevice", {"DeviceKey": device.key}))[0] == (
        "NotAuthorizedException")


# What every challenge's session must be. Each row: who, how it is posed, the right answer.

def posed_by_password(pool, name, client):
    proof = {"SECRET_HASH": hash_of(pool, name)} if client == "confidential" else {}
    return initiate(pool, client=client, USERNAME=name, PASSWORD=pool.user(name)["password"],
                    **proof)[1]


def posed_by_choice(**parameters):
    def pose(pool, name, client):
        proof = {"SECRET_HASH": hash_of(pool, name)} if client == "confidential" else {}
        return initiate(pool, "USER_AUTH", client, USERNAME=name, **proof, **parameters)[1]
    return pose


def posed_by_custom(pool, name, client="public"):
    """Without a password: the questions come first."""
    proof = {"SECRET_HASH": hash_of(pool, name)} if client == "confidential" else {}
    return initiate(pool, "CUSTOM_AUTH", client, USERNAME=name, **proof)[1]


def posed_to_device(pool, name, client):
    pool.admin("POST", "settings", {"deviceTracking": "ALWAYS"})
    device = Device(pool, posed_by_password(pool, name, client)["AuthenticationResult"])
    assert device.confirm()[0] == 200
    pool.device_key = device.key
    proof = {"SECRET_HASH": hash_of(pool, name)} if client == "confidential" else {}
    return initiate(pool, client=client, USERNAME=name, PASSWORD=pool.user(name)["password"],
                    DEVICE_KEY=device.key, **proof)[1]


def last_code(name, member):
    return lambda pool: {member: pool.admin("GET", f"codes/{name}")["code"]}


POSED = {
    "SMS_MFA": ("frank", posed_by_password, last_code("frank", "SMS_MFA_CODE")),
    "EMAIL_OTP": ("nina", posed_by_password, last_code("nina", "EMAIL_OTP_CODE")),
    "SOFTWARE_TOKEN_MFA": ("carol", posed_by_password,
                           lambda pool: {"SOFTWARE_TOKEN_MFA_CODE": totp_code(pool)}),
    "SELECT_MFA_TYPE": ("oscar", posed_by_password, lambda pool: {"ANSWER": "SMS_MFA"}),
    "MFA_SETUP": ("rita", posed_by_password, lambda pool: {"EMAIL": "rita@example.org"}),
    "NEW_PASSWORD_REQUIRED": ("dave", posed_by_password,
                              lambda pool: {"NEW_PASSWORD": NEW_PASSWORD}),
    "CUSTOM_CHALLENGE": ("trent", posed_by_custom,
                         lambda pool: {"ANSWER": pool.user("trent")["customAnswers"][0]}),
    "SELECT_CHALLENGE": ("uma", posed_by_choice(), lambda pool: {"ANSWER": "EMAIL_OTP"}),
    "PASSWORD": ("alice", posed_by_choice(PREFERRED_CHALLENGE="PASSWORD"),
                 lambda pool: {"PASSWORD": pool.user("alice")["password"]}),
    "PASSWORD_SRP": ("alice", posed_by_choice(PREFERRED_CHALLENGE="PASSWORD_SRP"),
                     lambda pool: {"SRP_A": "1234"}),
    "DEVICE_SRP_AUTH": ("alice", posed_to_device,
                        lambda pool: {"SRP_A": "1234", "DEVICE_KEY": pool.device_key}),
}
INVALID_SESSION = ("NotAuthorizedException", "Invalid session for the user.")
BAD_SESSIONS = {
    "absent": ({"session": None},
               ("InvalidParameterException", "Missing required parameter Session")),
    "unknown": ({"session": "x" * 40}, INVALID_SESSION),
    "other challenge": ({"challenge": "SMS_OTP"}, INVALID_SESSION),
    "other client": ({"client": "confidential"}, INVALID_SESSION),
    "other user": ({"USERNAME": "bob"}, INVALID_SESSION),
}


@pytest.mark.parametrize("challenge", POSED)
@pytest.mark.parametrize("changes,expected", BAD_SESSIONS.values(), ids=BAD_SESSIONS)
def test_bad_session(pool, challenge, changes, expected):
    name, pose, right = POSED[challenge]
    reply = pose(pool, name, "public")
    assert reply["ChallengeName"] == challenge
    given = {"challenge": challenge, "session": reply["Session"], "USERNAME": name, **right(pool)}
    assert error(answer(pool, **{**given, **changes})) == expected
    assert answer(pool, **given)[0] == 200  # the right one was not spent
    assert error(answer(pool, **given)) == (
        "NotAuthorizedException", "Invalid session for the user, session can only be used once.")


CHANGED_MINDS = {
    "expired": (("POST", "expire-sessions", {}),
                ("NotAuthorizedException", "Invalid session for the user, session is expired.")),
    "disabled": (("POST", "users/{}", {"enabled": False}),
                 ("NotAuthorizedException", "User is disabled.")),
    "deleted": (("DELETE", "users/{}", None), ("UserNotFoundException", "User does not exist.")),
}


@pytest.mark.parametrize("challenge", POSED)
@pytest.mark.parametrize("change,expected", CHANGED_MINDS.values(), ids=CHANGED_MINDS)
def test_session_is_over(pool, challenge, change, expected):
    name, pose, right = POSED[challenge]
    session = pose(pool, name, "public")["Session"]
    responses = right(pool)
    method, path, body = change
    pool.admin(method, path.format(name), body)
    assert error(answer(pool, challenge, session=session, USERNAME=name, **responses)) == expected


@pytest.mark.parametrize("challenge", POSED)
def test_hash_of_every_answer(pool, challenge):
    name, pose, right = POSED[challenge]
    reply = pose(pool, name, "confidential")
    given = {"challenge": challenge, "client": "confidential", "session": reply["Session"],
             "USERNAME": name, **right(pool)}
    for wrong in ("bob", f"{name}@example.com"):
        assert error(answer(pool, **given, SECRET_HASH=hash_of(pool, wrong)))[1].startswith(
            "Unable to verify secret hash")
    assert error(answer(pool, **given))[1].endswith("SECRET_HASH was not received")
    assert answer(pool, **given, SECRET_HASH=hash_of(pool, name))[0] == 200


# Choosing and setting up second factors

def test_preferred_second_factor(pool):
    pool.admin("POST", "users/oscar", {"preferredMfa": "EMAIL_OTP"})
    assert sign_in(pool, "oscar")[1]["ChallengeName"] == "EMAIL_OTP"


def test_second_factor_must_be_on_offer(pool):
    pool.admin("POST", "users/oscar", {"mfa": ["SMS_MFA", "EMAIL_OTP"]})
    session = challenge_session(pool, "oscar")
    for method in ("SOFTWARE_TOKEN_MFA", "EMAIL_MFA"):
        outcome = answer(pool, "SELECT_MFA_TYPE", session=session, USERNAME="oscar", ANSWER=method)
        assert error(outcome)[0] == "InvalidParameterException"


def test_code_belongs_to_its_session(pool):
    session = challenge_session(pool, "frank")
    challenge_session(pool, "frank")
    newer = pool.admin("GET", "codes/frank")["code"]
    outcome = answer(pool, "SMS_MFA", session=session, USERNAME="frank", SMS_MFA_CODE=newer)
    assert error(outcome)[0] == "CodeMismatchException"


def associate(pool, session):
    return pool.call("AssociateSoftwareToken", {"Session": session})


def verify(pool, session, code):
    return pool.call("VerifySoftwareToken", {"Session": session, "UserCode": code})


def finish_setup(pool, session, name="quinn"):
    return answer(pool, "MFA_SETUP", session=session, USERNAME=name)


def test_setup_passes_a_session_from_call_to_call(pool):
    first = challenge_session(pool, "quinn")
    assert error(finish_setup(pool, first)) == (
        "InvalidParameterException", "User has not set up any MFA")
    _, made = associate(pool, first)
    assert error(associate(pool, first))[1].endswith("session can only be used once.")
    assert error(finish_setup(pool, made["Session"])) == INVALID_SESSION
    code = totp_code(pool, secret=made["SecretCode"])
    assert error(verify(pool, first, code)) == INVALID_SESSION
    assert error(verify(pool, made["Session"], wrong_code(pool, made["SecretCode"]))) == (
        "EnableSoftwareTokenMFAException", "Code mismatch and fail enable Software Token MFA")
    _, verified = verify(pool, made["Session"], code)
    assert verified["Status"] == "SUCCESS"
    for spent in (first, made["Session"]):
        assert error(finish_setup(pool, spent))[0] == "NotAuthorizedException"
    assert error(associate(pool, verified["Session"])) == INVALID_SESSION
    assert "AuthenticationResult" in finish_setup(pool, verified["Session"])[1]
    again = challenge_session(pool, "quinn")
    outcome = answer(pool, "SOFTWARE_TOKEN_MFA", session=again, USERNAME="quinn",
                     SOFTWARE_TOKEN_MFA_CODE=code)
    assert error(outcome) == (
        "ExpiredCodeException", "Your software token has already been used once.")


def test_wrong_first_code_as_status(pool):
    pool.admin("POST", "settings", {"wrongFirstCodeIsStatus": True})
    _, made = associate(pool, challenge_session(pool, "quinn"))
    status, reply = verify(pool, made["Session"], wrong_code(pool, made["SecretCode"]))
    assert (status, reply["Status"]) == (200, "ERROR")
    assert error(finish_setup(pool, reply["Session"])) == INVALID_SESSION
    assert pool.admin("GET", "users/quinn")["mfa"] == []


def test_setup_expires_midway(pool):
    _, made = associate(pool, challenge_session(pool, "quinn"))
    pool.admin("POST", "expire-sessions", {})
    outcome = verify(pool, made["Session"], totp_code(pool, secret=made["SecretCode"]))
    assert error(outcome)[1].endswith("session is expired.")


@pytest.mark.parametrize("operation,more", [("AssociateSoftwareToken", {}),
                                            ("VerifySoftwareToken", {"UserCode": "123456"})])
def test_token_or_session(pool, operation, more):
    token = signed_in(pool)["AccessToken"]
    for given in ({}, {"AccessToken": token, "Session": "x" * 20}):
        assert error(pool.call(operation, {**given, **more}))[0] == "InvalidParameterException"


def test_setup_by_access_token(pool):
    token = {"AccessToken": signed_in(pool)["AccessToken"]}
    unasked = pool.call("VerifySoftwareToken", {**token, "UserCode": "123456"})
    assert error(unasked)[0] == "SoftwareTokenMFANotFoundException"
    _, made = pool.call("AssociateSoftwareToken", token)
    assert set(made) == {"SecretCode"}
    code = totp_code(pool, secret=made["SecretCode"])
    assert pool.call("VerifySoftwareToken", {**token, "UserCode": code}) == (
        200, {"Status": "SUCCESS"})
    assert "AuthenticationResult" in sign_in(pool, "alice")[1]


def test_setup_of_what_is_not_offered(pool):
    pool.admin("POST", "settings", {"mfaRequired": True, "mfasCanSetup": ["EMAIL_OTP"]})
    status, reply = sign_in(pool, "alice")
    assert json.loads(reply["ChallengeParameters"]["MFAS_CAN_SETUP"]) == ["EMAIL_OTP"]
    assert error(associate(pool, reply["Session"]))[0] == "SoftwareTokenMFANotFoundException"
    outcome = answer(pool, "MFA_SETUP", session=challenge_session(pool, "quinn"),
                     USERNAME="quinn", EMAIL="quinn@example.org")
    assert error(outcome)[0] == "InvalidParameterException"


def test_required_mfa_spares_who_has_it(pool):
    pool.admin("POST", "settings", {"mfaRequired": True})
    assert sign_in(pool, "alice")[1]["ChallengeName"] == "MFA_SETUP"
    assert sign_in(pool, "frank")[1]["ChallengeName"] == "SMS_MFA"


# Custom challenges

def test_custom_challenge_takes_the_newest_session_only(pool):
    first = posed_by_custom(pool, "trent")["Session"]
    status, reply = answer(pool, "CUSTOM_CHALLENGE", session=first, USERNAME="trent", ANSWER="no")
    assert (status, reply["ChallengeName"]) == (200, "CUSTOM_CHALLENGE")
    word = pool.user("trent")["customAnswers"][0]
    outcome = answer(pool, "CUSTOM_CHALLENGE", session=first, USERNAME="trent", ANSWER=word)
    assert error(outcome)[1].endswith("session can only be used once.")
    assert answer(pool, "CUSTOM_CHALLENGE", session=reply["Session"], USERNAME="trent",
                  ANSWER=word)[0] == 200


def test_last_wrong_answer_ends_the_sign_in(pool):
    pool.admin("POST", "users/trent", {"customSteps": [{"answer": "one"}]})
    session = posed_by_custom(pool, "trent")["Session"]
    given = {"session": session, "USERNAME": "trent"}
    assert error(answer(pool, "CUSTOM_CHALLENGE", ANSWER="two", **given)) == WRONG
    outcome = answer(pool, "CUSTOM_CHALLENGE", ANSWER="one", **given)
    assert error(outcome)[1].endswith("session can only be used once.")


def test_custom_challenges_in_order(pool):
    pool.admin("POST", "users/carol", {"customSteps": [{"answer": "one"}, {"answer": "two"}]})
    client = SrpClient(pool, "carol", flow="CUSTOM_AUTH", CHALLENGE_NAME="SRP_A")
    assert client.session
    _, reply = client.finish()
    assert reply["ChallengeName"] == "SOFTWARE_TOKEN_MFA"
    _, reply = answer_totp(pool, reply["Session"], totp_code(pool))
    for word in ("one", "two"):
        assert reply["ChallengeName"] == "CUSTOM_CHALLENGE"
        _, reply = answer(pool, "CUSTOM_CHALLENGE", session=reply["Session"], USERNAME="carol",
                          ANSWER=word)
    assert "AuthenticationResult" in reply


def test_custom_challenges_belong_to_one_flow(pool):
    """As at Amazon: a client that may use other flows gets tokens without them."""
    assert "AuthenticationResult" in sign_in(pool, "trent")[1]
    assert "AuthenticationResult" in SrpClient(pool, "trent").finish()[1]
    choice = initiate(pool, "USER_AUTH", USERNAME="trent", PREFERRED_CHALLENGE="PASSWORD",
                      PASSWORD=pool.user("trent")["password"])
    assert "AuthenticationResult" in choice[1]
    asked = SrpClient(pool, "trent", flow="CUSTOM_AUTH", CHALLENGE_NAME="SRP_A").finish()
    assert asked[1]["ChallengeName"] == "CUSTOM_CHALLENGE"
    pool.admin("POST", "settings", {"explicitAuthFlows": ["ALLOW_CUSTOM_AUTH"]})
    assert error(sign_in(pool, "trent")) == (
        "InvalidParameterException", "USER_PASSWORD_AUTH flow not enabled for this client")


def test_custom_auth_may_ask_nothing(pool):
    client = SrpClient(pool, "alice", flow="CUSTOM_AUTH", CHALLENGE_NAME="SRP_A")
    assert "AuthenticationResult" in client.finish()[1]


@pytest.mark.parametrize("given,expected", [
    ({"CHALLENGE_NAME": "SRP_A"}, "Missing required parameter SRP_A"),
    ({"CHALLENGE_NAME": "SRP_A", "SRP_A": "no number"}, "SRP_A is not a hexadecimal number"),
])
def test_custom_auth_checks_its_first_half(pool, given, expected):
    outcome = initiate(pool, "CUSTOM_AUTH", USERNAME="trent", **given)
    assert error(outcome) == ("InvalidParameterException", expected)


def test_custom_auth_must_be_allowed(pool):
    pool.admin("POST", "settings", {"explicitAuthFlows": ["ALLOW_USER_SRP_AUTH"]})
    assert error(initiate(pool, "CUSTOM_AUTH", USERNAME="trent")) == (
        "InvalidParameterException", "CUSTOM_AUTH flow not enabled for this client")


@pytest.mark.parametrize("name,expected", [
    ("alice", WRONG), ("nobody", WRONG), ("erin", ("NotAuthorizedException", "User is disabled.")),
    ("grace", ("UserNotConfirmedException", "User is not confirmed.")),
])
def test_custom_auth_without_a_password_refused(pool, name, expected):
    if name == "grace":
        pool.admin("POST", "users/grace", {"customSteps": [{"answer": "x"}]})
    assert error(initiate(pool, "CUSTOM_AUTH", USERNAME=name)) == expected


# Choosing the first factor

@pytest.mark.parametrize("name,offered", [
    ("alice", ["PASSWORD_SRP", "PASSWORD"]),
    ("uma", ["EMAIL_OTP", "WEB_AUTHN"]),
    ("carol", ["PASSWORD_SRP", "PASSWORD"]),
    ("nobody", ["EMAIL_OTP", "SMS_OTP", "PASSWORD_SRP", "PASSWORD"]),
])
def test_available_challenges(pool, name, offered):
    if name == "carol":
        pool.admin("POST", "users/carol", {"firstFactors": ["EMAIL_OTP", "PASSWORD"]})
    _, reply = initiate(pool, "USER_AUTH", USERNAME=name)
    assert (reply["ChallengeName"], reply["AvailableChallenges"]) == ("SELECT_CHALLENGE", offered)


@pytest.mark.parametrize("parameters,expected", [
    ({"PREFERRED_CHALLENGE": "PASSWORD", "PASSWORD": "wrong"}, WRONG),
    ({"PREFERRED_CHALLENGE": "PASSWORD_SRP", "SRP_A": "0"},
     ("InvalidParameterException", "SRP_A must not be zero")),
    ({"PREFERRED_CHALLENGE": "SMS_MFA"},
     ("InvalidParameterException", "PREFERRED_CHALLENGE is not a known challenge")),
])
def test_user_auth_refused(pool, parameters, expected):
    assert error(initiate(pool, "USER_AUTH", USERNAME="alice", **parameters)) == expected


def test_chosen_factor_must_be_on_offer(pool):
    _, reply = initiate(pool, "USER_AUTH", USERNAME="uma")
    outcome = answer(pool, "SELECT_CHALLENGE", session=reply["Session"], USERNAME="uma",
                     ANSWER="PASSWORD", PASSWORD=pool.user("uma")["password"])
    assert error(outcome)[0] == "InvalidParameterException"


def test_passwordless_user_has_no_password(pool):
    assert error(sign_in(pool, "uma")) == WRONG
    assert error(SrpClient(pool, "uma").finish()) == WRONG


def test_wrong_password_ends_the_choice(pool):
    _, reply = initiate(pool, "USER_AUTH", USERNAME="alice")
    given = {"session": reply["Session"], "USERNAME": "alice", "ANSWER": "PASSWORD"}
    assert error(answer(pool, "SELECT_CHALLENGE", PASSWORD="wrong", **given)) == WRONG
    outcome = answer(pool, "SELECT_CHALLENGE", PASSWORD=pool.user("alice")["password"], **given)
    assert error(outcome)[1].endswith("session can only be used once.")


def test_temporary_password_comes_before_a_code(pool):
    pool.admin("POST", "users/uma", {"status": "FORCE_CHANGE_PASSWORD"})
    _, reply = initiate(pool, "USER_AUTH", USERNAME="uma", PREFERRED_CHALLENGE="EMAIL_OTP")
    assert reply["AvailableChallenges"] == ["PASSWORD_SRP", "PASSWORD"]


def test_first_code_by_sms_and_no_second_factor(pool):
    pool.admin("POST", "settings", {"mfaRequired": True})
    pool.admin("POST", "users/alice", {"firstFactors": ["SMS_OTP"],
                                       "attributes": {"phone_number": "+15555550111"}})
    _, reply = initiate(pool, "USER_AUTH", USERNAME="alice", PREFERRED_CHALLENGE="SMS_OTP")
    assert reply["ChallengeName"] == "SMS_OTP"
    code = pool.admin("GET", "codes/alice")["code"]
    assert len(code) == 8
    assert "AuthenticationResult" in answer(
        pool, "SMS_OTP", session=reply["Session"], USERNAME="alice", SMS_OTP_CODE=code)[1]


@pytest.mark.parametrize("name,expected", [
    ("erin", ("NotAuthorizedException", "User is disabled.")),
    ("grace", ("UserNotConfirmedException", "User is not confirmed.")),
    ("heidi", ("PasswordResetRequiredException", "Password reset required for the user")),
])
def test_no_code_for_who_may_not_sign_in(pool, name, expected):
    pool.admin("POST", f"users/{name}", {"firstFactors": ["EMAIL_OTP"]})
    outcome = initiate(pool, "USER_AUTH", USERNAME=name, PREFERRED_CHALLENGE="EMAIL_OTP")
    assert error(outcome) == expected


def test_every_choice_of_an_unknown_user_fails_as_for_a_known_one(pool):
    _, reply = initiate(pool, "USER_AUTH", USERNAME="nobody")
    given = {"session": reply["Session"], "USERNAME": "nobody"}
    assert error(answer(pool, "SELECT_CHALLENGE", ANSWER="PASSWORD", PASSWORD="x", **given)) == (
        WRONG)
    first, second = (initiate(pool, "USER_AUTH", USERNAME="nobody",
                              PREFERRED_CHALLENGE="EMAIL_OTP")[1]["ChallengeParameters"]
                     for _ in range(2))
    assert first == second
    pool.admin("POST", "settings", {"preventUserExistenceErrors": "LEGACY"})
    assert error(initiate(pool, "USER_AUTH", USERNAME="nobody"))[0] == "UserNotFoundException"


# Changing and resetting a password

def change_password(pool, token, **changes):
    body = {"AccessToken": token, "PreviousPassword": pool.user("alice")["password"],
            "ProposedPassword": NEW_PASSWORD, **changes}
    return pool.call("ChangePassword", body)


@pytest.mark.parametrize("changes,expected", [
    ({"PreviousPassword": "wrong"}, WRONG),
    ({"PreviousPassword": None},
     ("InvalidParameterException", "Missing required parameter PreviousPassword")),
    ({"ProposedPassword": "Sh0rt!"},
     ("InvalidPasswordException",
      "Password did not conform with policy: Password not long enough")),
    ({"AccessToken": "x.y.z"}, ("NotAuthorizedException", "Invalid Access Token")),
])
def test_change_password_refused(pool, changes, expected):
    token = signed_in(pool)["AccessToken"]
    assert error(change_password(pool, token, **changes)) == expected
    assert sign_in(pool, "alice")[0] == 200
    assert change_password(pool, token) == (200, {})
    assert error(sign_in(pool, "alice")) == WRONG


def test_change_password_history_and_reset(pool):
    pool.admin("POST", "settings", {"passwordHistory": 2})
    token = signed_in(pool)["AccessToken"]
    old = pool.user("alice")["password"]
    assert error(change_password(pool, token, ProposedPassword=old)) == (
        "PasswordHistoryPolicyViolationException", "Password has previously been used")
    pool.admin("POST", "users/alice", {"status": "RESET_REQUIRED"})
    assert error(change_password(pool, token))[0] == "PasswordResetRequiredException"


LIMIT = ("LimitExceededException", "Attempt limit exceeded, please try after some time.")


def test_change_password_quota(pool):
    token = signed_in(pool)["AccessToken"]
    for _ in range(5):
        assert error(change_password(pool, token, PreviousPassword="wrong")) == WRONG
    assert error(change_password(pool, token)) == LIMIT
    pool.admin("POST", "clock", {"offset": 3601})
    token = signed_in(pool)["AccessToken"]
    assert change_password(pool, token)[0] == 200


def forgot(pool, name, client="public", **more):
    return pool.call("ForgotPassword", {"ClientId": pool.client_id(client), "Username": name,
                                        **more})


def confirm_forgot(pool, name, code, word=NEW_PASSWORD, client="public", **more):
    return pool.call("ConfirmForgotPassword", {
        "ClientId": pool.client_id(client), "Username": name, "ConfirmationCode": code,
        "Password": word, **more})


WRONG_CODE = ("CodeMismatchException", "Invalid verification code provided, please try again.")
OLD_CODE = ("ExpiredCodeException", "Invalid code provided, please request a code again.")


@pytest.mark.parametrize("name", ["alice", "heidi"])
def test_forgotten_password(pool, name):
    assert forgot(pool, name) == (200, {"CodeDeliveryDetails": {
        "AttributeName": "email", "DeliveryMedium": "EMAIL", "Destination": f"{name[0]}***@e***"}})
    code = pool.admin("GET", f"codes/{name}")["code"]
    assert error(confirm_forgot(pool, name, "wrong")) == WRONG_CODE
    assert error(confirm_forgot(pool, name, code, "weak"))[0] == "InvalidPasswordException"
    assert confirm_forgot(pool, name, code) == (200, {})
    assert error(confirm_forgot(pool, name, code)) == OLD_CODE
    assert sign_in(pool, name, NEW_PASSWORD)[0] == 200


def test_reset_code_expires(pool):
    assert error(confirm_forgot(pool, "alice", "123456")) == OLD_CODE
    forgot(pool, "alice")
    code = pool.admin("GET", "codes/alice")["code"]
    pool.admin("POST", "clock", {"offset": 3600})
    assert error(confirm_forgot(pool, "alice", code)) == OLD_CODE


def test_no_code_serves_for_something_else(pool):
    session = challenge_session(pool, "nina")
    other = pool.admin("GET", "codes/nina")["code"]
    forgot(pool, "nina")
    code = pool.admin("GET", "codes/nina")["code"]
    if code != other:
        assert error(confirm_forgot(pool, "nina", other)) == WRONG_CODE
        outcome = answer(pool, "EMAIL_OTP", session=session, USERNAME="nina", EMAIL_OTP_CODE=code)
        assert error(outcome)[0] == "CodeMismatchException"


def test_reset_ends_a_lock_out(pool):
    pool.admin("POST", "users/alice", {"passwordFailures": 10})
    forgot(pool, "alice")
    assert confirm_forgot(pool, "alice", pool.admin("GET", "codes/alice")["code"])[0] == 200
    assert sign_in(pool, "alice", NEW_PASSWORD)[0] == 200


@pytest.mark.parametrize("call", [lambda pool: forgot(pool, "alice"),
                                  lambda pool: confirm_forgot(pool, "alice", "wrong")],
                         ids=["ForgotPassword", "ConfirmForgotPassword"])
def test_reset_quota(pool, call):
    forgot(pool, "bob")
    for _ in range(5):
        assert call(pool)[1].get("__type") != "LimitExceededException"
    assert error(call(pool)) == LIMIT


@pytest.mark.parametrize("name,change,expected", [
    ("erin", {}, ("NotAuthorizedException", "User is disabled.")),
    ("dave", {}, ("NotAuthorizedException",
                  "User password cannot be reset in the current state.")),
    ("alice", {"attributes": {"email_verified": "false"}},
     ("InvalidParameterException", "Cannot reset password for the user as there is no "
      "registered/verified email or phone_number")),
])
def test_forgot_refused(pool, name, change, expected):
    pool.admin("POST", f"users/{name}", change)
    assert error(forgot(pool, name)) == expected


def test_forgot_by_sms(pool):
    pool.admin("POST", "users/frank", {"attributes": {"email_verified": None}})
    assert forgot(pool, "frank")[1]["CodeDeliveryDetails"] == {
        "AttributeName": "phone_number", "DeliveryMedium": "SMS", "Destination": "+*******0123"}


def test_forgot_by_an_unknown_user(pool):
    first, second = (forgot(pool, "nobody") for _ in range(2))
    assert first == second and first[0] == 200
    assert error(confirm_forgot(pool, "nobody", "123456")) == WRONG_CODE
    pool.admin("POST", "settings", {"preventUserExistenceErrors": "LEGACY"})
    assert error(forgot(pool, "nobody"))[0] == "UserNotFoundException"
    assert error(confirm_forgot(pool, "nobody", "123456"))[0] == "UserNotFoundException"


@pytest.mark.parametrize("call", [forgot, lambda pool, name, **more: confirm_forgot(
    pool, name, "123456", **more)], ids=["ForgotPassword", "ConfirmForgotPassword"])
def test_hash_of_the_typed_name_in_a_reset(pool, call):
    typed = "judy@example.com"
    forgot(pool, "judy")
    accepted = call(pool, typed, client="confidential", SecretHash=hash_of(pool, typed))
    assert accepted[0] == 200 or error(accepted) == WRONG_CODE
    assert error(call(pool, typed, client="confidential", SecretHash=hash_of(pool, "judy")))[
        1].startswith("Unable to verify secret hash")
    assert error(call(pool, typed, client="confidential"))[1].endswith(
        "SECRET_HASH was not received")


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


def old_refresh(pool, token, client="public", **more):
    return initiate(pool, "REFRESH_TOKEN_AUTH", client, REFRESH_TOKEN=token, **more)


@pytest.mark.parametrize("call,member", [(refresh, "DeviceKey"), (old_refresh, "DEVICE_KEY")])
def test_refresh_with_a_device(pool, call, member):
    pool.admin("POST", "settings", {"deviceTracking": "ALWAYS"})
    result = signed_in(pool)
    key = result["NewDeviceMetadata"]["DeviceKey"]
    token = result["RefreshToken"]
    for given in ({}, {member: "us-east-1_0"}):
        assert error(call(pool, token, **given)) == (
            "NotAuthorizedException", "Invalid Refresh Token.")
    status, reply = call(pool, token, **{member: key})
    assert status == 200
    assert claims_of(reply["AuthenticationResult"]["AccessToken"])["device_key"] == key
    assert "NewDeviceMetadata" not in reply["AuthenticationResult"]
    pool.admin("POST", "settings", {"deviceTracking": "OFF"})
    assert call(pool, token)[0] == 200


def test_refused_refresh_does_not_rotate(pool):
    pool.admin("POST", "settings", {"deviceTracking": "ALWAYS", "refreshTokenRotation": True})
    result = signed_in(pool)
    token, key = result["RefreshToken"], result["NewDeviceMetadata"]["DeviceKey"]
    assert error(refresh(pool, token))[1] == "Invalid Refresh Token."
    assert refresh(pool, token, DeviceKey=key)[0] == 200
    assert error(refresh(pool, token, DeviceKey=key))[0] == "RefreshTokenReuseException"


@pytest.mark.parametrize("kind", ["UnsupportedOperationException", "OperationNotEnabledException",
                                  "UnknownOperationException"])
def test_refresh_operation_the_pool_lacks(pool, kind):
    pool.admin("POST", "settings", {"getTokensRefusal": kind})
    token = signed_in(pool)["RefreshToken"]
    assert error(refresh(pool, token))[0] == kind
    assert old_refresh(pool, token)[0] == 200


def test_refreshed_groups_are_the_present_ones(pool):
    token = signed_in(pool)["RefreshToken"]
    pool.admin("POST", "users/alice", {"groups": ["ops"]})
    for call in (refresh, old_refresh):
        result = call(pool, token)[1]["AuthenticationResult"]
        for member in ("IdToken", "AccessToken"):
            assert claims_of(result[member])["cognito:groups"] == ["ops"]


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
