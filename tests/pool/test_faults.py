# SPDX-License-Identifier: MIT
"""Faults, forged tokens, the journal's counts, bad TLS and the pool's own manners."""

import http.client
import json
import socket
import ssl
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from localpool import LocalPool  # noqa: E402  (after its directory is on the path)
from pool import tokens  # noqa: E402

API_HEADERS = {"Content-Type": "application/x-amz-json-1.1",
               "X-Amz-Target": "AWSCognitoIdentityProviderService.InitiateAuth"}


@pytest.fixture(scope="module")
def shared_pool():
    with LocalPool() as running:
        yield running


@pytest.fixture
def pool(shared_pool):
    shared_pool.reset()
    return shared_pool


def login_body(pool, name="alice"):
    return {"AuthFlow": "USER_PASSWORD_AUTH", "ClientId": pool.client_id(),
            "AuthParameters": {"USERNAME": name, "PASSWORD": pool.user(name)["password"]}}


def raw_login(pool):
    """(status, headers, body bytes) of a password sign-in."""
    return pool.request("POST", "/", json.dumps(login_body(pool)), API_HEADERS)


def login(pool):
    status, reply = pool.call("InitiateAuth", login_body(pool))
    return status, reply


def add_fault(pool, kind, **more):
    return pool.admin("POST", "faults", {"kind": kind, "match": {"operation": "InitiateAuth"},
                                         **more})


def assert_sound(pool):
    assert login(pool)[0] == 200


# Replies in place of the pool's

@pytest.mark.parametrize("kind,options,status,part", [
    ("status", {"status": 503, "body": "busy"}, 503, b"busy"),
    ("status", {}, 500, b""),
    ("raw", {"body": "<html>"}, 200, b"<html>"),
    ("raw", {"body": {"a": 1}, "contentType": "application/json"}, 200, b'{"a": 1}'),
    ("error", {"type": "TooManyRequestsException", "message": "Rate exceeded"}, 400,
     b'{"__type":"TooManyRequestsException","message":"Rate exceeded"}'),
    ("redirect", {"url": "https://elsewhere.example/"}, 302, b""),
    ("json", {"replace": {"x": 1}}, 200, b'{"x": 1}'),
    ("json", {"merge": {"ChallengeName": "SMS_MFA", "AuthenticationResult": None}}, 200,
     b'{"ChallengeParameters": {}, "ChallengeName": "SMS_MFA"}'),
])
def test_reply_fault(pool, kind, options, status, part):
    add_fault(pool, kind, **options)
    received, headers, body = raw_login(pool)
    assert (received, body) == (status, part)
    if kind == "redirect":
        assert headers["Location"] == options["url"]
    assert_sound(pool)


@pytest.mark.parametrize("kind", ["chunked", "drip", "delay", "huge-headers"])
def test_reply_stays_whole(pool, kind):
    options = {"chunked": {"bytes": 7}, "drip": {"ms": 0}, "delay": {"ms": 300},
               "huge-headers": {"bytes": 50_000}}[kind]
    add_fault(pool, kind, **options)
    started = time.monotonic()
    status, headers, body = raw_login(pool)
    assert status == 200 and "AuthenticationResult" in json.loads(body)
    assert (headers["Transfer-Encoding"] == "chunked") is (kind == "chunked")
    assert kind != "delay" or time.monotonic() - started >= 0.3


@pytest.mark.parametrize("options,expected", [
    ({"kind": "close"}, ConnectionResetError),
    ({"kind": "close", "clean": True}, http.client.RemoteDisconnected),
    ({"kind": "truncate"}, http.client.IncompleteRead),
    ({"kind": "wire", "text": "junk\r\n\r\n"}, http.client.BadStatusLine),
])
def test_broken_reply(pool, options, expected):
    add_fault(pool, **options)
    with pytest.raises(expected):
        raw_login(pool)
    assert_sound(pool)


def test_huge_body(pool):
    add_fault(pool, "huge-body", bytes=3_000_000)
    assert len(raw_login(pool)[2]) == 3_000_000


def test_silence_ends_with_the_fault(pool):
    add_fault(pool, "silence")
    connection = pool.connect(timeout=0.5)
    connection.request("POST", "/", json.dumps(login_body(pool)), API_HEADERS)
    with pytest.raises(TimeoutError):
        connection.getresponse()
    assert pool.requests()["requests"][0]["status"] is None
    pool.admin("DELETE", "faults")
    connection.close()
    assert_sound(pool)


@pytest.mark.parametrize("after,used", [(False, 200), (True, 400)])
def test_operation_done_or_not_when_its_answer_is_lost(pool, after, used):
    pool.admin("POST", "settings", {"refreshTokenRotation": True})
    token = login(pool)[1]["AuthenticationResult"]["RefreshToken"]
    body = {"RefreshToken": token, "ClientId": pool.client_id()}
    pool.admin("POST", "faults", {"kind": "close", "after": after,
                                  "match": {"operation": "GetTokens*"}})
    with pytest.raises(ConnectionError):
        pool.call("GetTokensFromRefreshToken", body)
    assert pool.call("GetTokensFromRefreshToken", body)[0] == used


# Which requests a fault meets

def test_count_and_skip(pool):
    add_fault(pool, "status", count=2, skip=1)
    assert [login(pool)[0] if n in (0, 3) else raw_login(pool)[0] for n in range(4)] == [
        200, 500, 500, 200]


def test_fault_for_ever_until_cleared(pool):
    add_fault(pool, "status", count=None)
    assert {raw_login(pool)[0] for _ in range(3)} == {500}
    pool.admin("DELETE", "faults")
    assert_sound(pool)


def test_match_by_path(pool):
    pool.admin("POST", "faults", {"kind": "status", "match": {"path": "*/jwks.json"}})
    assert_sound(pool)
    path = f"{pool.issuer_path}/.well-known/jwks.json"
    assert [pool.request("GET", path)[0] for _ in range(2)] == [500, 200]


@pytest.mark.parametrize("spec", [{"kind": "nonsense"}, {"kind": "status", "match": {"x": "y"}},
                                  {"kind": "tamper", "match": {"stage": "connect"}}])
def test_senseless_fault_refused(pool, spec):
    with pytest.raises(RuntimeError):
        pool.admin("POST", "faults", spec)


@pytest.mark.parametrize("kind,options,expected", [
    ("close", {}, OSError), ("wire", {"text": "220 hello\r\n"}, ssl.SSLError),
    ("silence", {}, TimeoutError),
])
def test_fault_before_tls(pool, kind, options, expected):
    pool.admin("POST", "faults", {"kind": kind, "match": {"stage": "connect"}, **options})
    connection = pool.connect(timeout=0.5)
    with pytest.raises(expected):
        connection.connect()
    assert_sound(pool)


# Forged tokens

def claims_of(token):
    return tokens.decode(token)[1]


def signed_by_the_pool(pool, token):
    """Whether the key the token names is published and made the signature."""
    header, _, signature, signing_input = tokens.decode(token)
    _, _, body = pool.request("GET", f"{pool.issuer_path}/.well-known/jwks.json")
    jwk = next((key for key in json.loads(body)["keys"] if key["kid"] == header["kid"]), None)
    if jwk is None or header["alg"] != "RS256":
        return False
    try:
        verify_with_jwk(jwk, signature, signing_input)
    except InvalidSignature:
        return False
    return True


def verify_with_jwk(jwk, signature, data):
    n, e = (int.from_bytes(tokens.b64url_decode(jwk[part]), "big") for part in ("n", "e"))
    rsa.RSAPublicNumbers(e, n).public_key().verify(signature, data, padding.PKCS1v15(),
                                                   hashes.SHA256())


@pytest.mark.parametrize("how,still_signed", [
    ("wrong-signature", False), ("alg-none", False), ("alg-hs256", False), ("foreign-key", False),
    ("unknown-kid", False), ("other-client", True), ("other-pool", True), ("expired", True),
    ("not-yet-valid", True), ("no-expiry", True), ("wrong-use", True), ("other-user", True),
    ("swapped", True), ("claims", True),
])
def test_tampered_tokens(pool, how, still_signed):
    add_fault(pool, "tamper", how=how)
    forged = login(pool)[1]["AuthenticationResult"]
    genuine = login(pool)[1]["AuthenticationResult"]
    for member in ("IdToken", "AccessToken"):
        assert signed_by_the_pool(pool, forged[member]) is still_signed
        assert signed_by_the_pool(pool, genuine[member])


@pytest.mark.parametrize("options,claim,wanted", [
    ({"how": "other-user"}, "cognito:username", "bob"),
    ({"how": "other-user", "user": "mallory"}, "cognito:groups", ["blocked"]),
    ({"how": "wrong-use"}, "token_use", "access"),
    ({"how": "swapped"}, "token_use", "access"),
    ({"how": "no-expiry"}, "exp", None),
    ({"claims": {"cognito:groups": ["ops"]}}, "cognito:groups", ["ops"]),
    ({"claims": {"sub": None}}, "sub", None),
    ({"how": "other-user", "token": "access"}, "cognito:username", "alice"),
])
def test_tampered_claims(pool, options, claim, wanted):
    add_fault(pool, "tamper", **options)
    assert claims_of(login(pool)[1]["AuthenticationResult"]["IdToken"]).get(claim) == wanted


# The journal

def test_counts_of_one_connection_and_two_calls(pool):
    connection = pool.connect()
    for _ in range(2):
        connection.request("POST", "/", json.dumps(login_body(pool)), API_HEADERS)
        connection.getresponse().read()
    connection.close()
    report = pool.requests()
    assert (report["connections"], report["handshakes"], report["apiCalls"]) == (1, 1, 2)
    assert {entry["connection"] for entry in report["requests"]} == {
        report["connectionList"][0]["id"]}
    assert report["connectionList"][0]["requests"] == 2
    sent = report["requests"][0]["body"]["AuthParameters"]
    assert sent["PASSWORD"] == pool.user("alice")["password"]


def test_admin_traffic_is_not_counted(pool):
    for _ in range(3):
        report = pool.requests()
    assert (report["connections"], report["requests"]) == (0, [])


def test_connection_without_request_is_counted(pool):
    address = urlsplit(pool.info["endpoint"])
    with socket.create_connection(("127.0.0.1", address.port)):
        time.sleep(0.1)
    time.sleep(0.1)
    report = pool.requests()
    assert (report["connections"], report["handshakes"], report["requests"]) == (1, 0, [])


# TLS

@pytest.mark.parametrize("variant,problem", [
    ("self-signed", "self-signed certificate"), ("wrong-name", "mismatch"),
    ("expired", "certificate has expired"), ("tls1.1", "version"),
])
def test_bad_tls(variant, problem):
    with LocalPool(None, "--tls", variant) as pool:
        with pytest.raises(ssl.SSLError) as caught:
            pool.connect().connect()
        assert problem in str(caught.value)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_tls_1_1_is_really_offered():
    with LocalPool(None, "--tls", "tls1.1") as pool:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(pool.ca_file)
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        port = urlsplit(pool.info["endpoint"]).port
        with socket.create_connection(("127.0.0.1", port)) as plain:
            with context.wrap_socket(plain, server_hostname="localhost") as secure:
                assert secure.version() == "TLSv1.1"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1"])
def test_certificate_names(pool, host):
    context = ssl.create_default_context(cafile=pool.ca_file)
    port = urlsplit(pool.info["endpoint"]).port
    with socket.create_connection((host, port)) as plain:
        with context.wrap_socket(plain, server_hostname=host) as secure:
            assert secure.version() in ("TLSv1.2", "TLSv1.3")


# Manners

def test_outage_and_return(pool):
    pool.refuse_connections()
    with pytest.raises(ConnectionRefusedError):
        login(pool)
    pool.accept_connections()
    assert_sound(pool)


def test_stops_at_once_with_silent_connections_open():
    pool = LocalPool().start()
    add_fault(pool, "silence", count=None)
    connections = [pool.connect() for _ in range(20)]
    for connection in connections:
        connection.request("POST", "/", json.dumps(login_body(pool)), API_HEADERS)
    started = time.monotonic()
    pool.stop()
    assert time.monotonic() - started < 1
    for connection in connections:
        connection.close()


def test_says_nothing_and_leaves_its_log(tmp_path):
    with LocalPool(tmp_path, "--log-requests") as pool:
        assert_sound(pool)
    line = json.loads((tmp_path / "requests.log").read_text().splitlines()[0])
    assert (line["operation"], line["status"]) == ("InitiateAuth", 200)


def test_canaries_are_distinct(pool):
    passwords = [user["password"] for user in pool.info["users"].values()]
    assert all("C4n4ry-" in password for password in passwords)
    assert not [(one, other) for one in passwords for other in passwords
                if one is not other and one in other]
