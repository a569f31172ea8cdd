# SPDX-License-Identifier: MIT
"""A network and a pool in all kinds of bad order (NET and JSN rows of the security notes)."""

import base64
import select
import socket

import pytest

from localpool import LocalPool
from tcp import serve

TIMEOUT_SECONDS = 3
LIMIT_MS = (TIMEOUT_SECONDS + 1) * 1000
CALL = {"operation": "InitiateAuth"}
KEYS = {"path": "*/jwks.json"}
UNAVAILABLE = "PAM_AUTHINFO_UNAVAIL"


def fault(kind, count=None, match=None, **options):
    return {"kind": kind, "count": count, "match": CALL if match is None else match, **options}


def error(name, count=None, **options):
    return fault("error", count, type=name, **options)


# Name, faults, PAM code, most API calls.
FAULTS = [
    ("silence after the request", [fault("silence")], UNAVAILABLE, 1),
    ("hang-up after the request", [fault("close")], UNAVAILABLE, 1),
    ("reset in the reply", [fault("truncate")], UNAVAILABLE, 1),
    ("a byte every 100 ms", [fault("drip", ms=100)], UNAVAILABLE, 1),
    ("slower than the budget", [fault("delay", ms=4000)], UNAVAILABLE, 1),
    ("slow but in time", [fault("delay", ms=500)], "PAM_SUCCESS", 1),
    ("chunked", [fault("chunked")], "PAM_SUCCESS", 1),
    ("100 MB body", [fault("huge-body")], UNAVAILABLE, 1),
    ("100 MB error body", [fault("huge-body", status=400)], UNAVAILABLE, 1),
    ("10 MB of headers", [fault("huge-headers")], UNAVAILABLE, 1),
    ("1 MB in one header", [fault("huge-headers", bytes=1_000_000, line=999_999)], UNAVAILABLE, 3),
    ("500 and 503, then fine", [fault("status", 1, status=500), fault("status", 1, status=503)],
     "PAM_SUCCESS", 3),
    ("500 for ever", [fault("status", status=500)], UNAVAILABLE, 3),
    ("502 with a page", [fault("status", status=502, contentType="text/html", body="<h1>Bad</h1>")],
     UNAVAILABLE, 3),
    ("internal error, then fine", [error("InternalErrorException", 1, status=500)],
     "PAM_SUCCESS", 2),
    ("throttled, then fine", [error("TooManyRequestsException", 2)], "PAM_SUCCESS", 3),
    ("throttled for ever", [error("TooManyRequestsException")], UNAVAILABLE, 5),
    ("429 for ever", [fault("status", status=429, headers={"Retry-After": "99999999999"})],
     UNAVAILABLE, 5),
    ("not authorized", [error("NotAuthorizedException", message="Incorrect username or password.")],
     "PAM_AUTH_ERR", 1),
    ("locked", [error("NotAuthorizedException", message="Password attempts exceeded")],
     "PAM_AUTH_ERR", 1),
    ("no such client", [error("ResourceNotFoundException",
                              message="User pool client x does not exist.")], UNAVAILABLE, 1),
    ("firewall", [error("ForbiddenException", status=403)], UNAVAILABLE, 1),
    ("unknown error", [error("BrandNewException")], UNAVAILABLE, 1),
    ("error without a type", [fault("status", status=400, body="{}")], UNAVAILABLE, 1),
    ("204 without a body", [fault("status", status=204)], UNAVAILABLE, 1),
    ("201", [fault("status", status=201, body="{}")], UNAVAILABLE, 1),
    # in form of JSON, or hardly
    ("empty body", [fault("raw", body="")], UNAVAILABLE, 1),
    ("null", [fault("raw", body="null")], UNAVAILABLE, 1),
    ("array", [fault("raw", body="[]")], UNAVAILABLE, 1),
    ("number", [fault("raw", body="42")], UNAVAILABLE, 1),
    ("empty object", [fault("raw", body="{}")], UNAVAILABLE, 1),
    ("two values", [fault("raw", body="{}{}")], UNAVAILABLE, 1),
    ("deep nesting", [fault("raw", body="[" * 10000 + "]" * 10000)], UNAVAILABLE, 1),
    ("duplicate members",
     [fault("raw", body='{"AuthenticationResult":{},"AuthenticationResult":{}}')], UNAVAILABLE, 1),
    ("no result", [fault("json", merge={"AuthenticationResult": None})], UNAVAILABLE, 1),
    ("result is an array", [fault("json", merge={"AuthenticationResult": []})], UNAVAILABLE, 1),
    # the second call revokes the refresh token that came without it
    ("no id token", [fault("json", merge={"AuthenticationResult": {"IdToken": None}})],
     UNAVAILABLE, 2),
    ("id token is a number", [fault("json", merge={"AuthenticationResult": {"IdToken": 1}})],
     UNAVAILABLE, 1),
    ("id token is long", [fault("json", merge={"AuthenticationResult": {"IdToken": "a" * 10**6}})],
     UNAVAILABLE, 1),
    ("NUL in the id token", [fault("json", merge={"AuthenticationResult": {"IdToken": "a\0b"}})],
     UNAVAILABLE, 1),
    ("tokens and a challenge",
     [fault("json", merge={"ChallengeName": "SMS_MFA", "Session": "x" * 20})], UNAVAILABLE, 1),
    ("challenge without a session",
     [fault("raw", body='{"ChallengeName":"SOFTWARE_TOKEN_MFA","ChallengeParameters":{}}')],
     UNAVAILABLE, 1),
    ("a challenge of the future", [fault("json", replace={
        "ChallengeName": "TELEPATHY", "ChallengeParameters": {}, "Session": "x" * 24})],
     "PAM_AUTH_ERR", 1),
]


@pytest.fixture
def quick(host, pool):
    host.configure(pool, timeout=f"{TIMEOUT_SECONDS}s")
    return host


@pytest.mark.parametrize("faults, code, most_calls", [row[1:] for row in FAULTS],
                         ids=[row[0] for row in FAULTS])
def test_fault(app, quick, pool, faults, code, most_calls):
    pool.admin("POST", "faults", faults)
    report = app("alice")
    assert report.status() == code
    assert report.milliseconds() <= LIMIT_MS
    pool.admin("DELETE", "faults")
    assert pool.requests()["apiCalls"] <= most_calls
    assert report.changes == []


# What a server that does not even speak TLS does with a connection.
def keep_silent(connection):
    connection.recv(65536)
    connection.settimeout(TIMEOUT_SECONDS + 2)
    connection.recv(65536)


def hang_up(connection):
    pass


def speak_http(connection):
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")


def speak_ssh(connection):
    connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")


@pytest.mark.parametrize("behave", [keep_silent, hang_up, speak_http, speak_ssh])
def test_no_tls(app, host, pool, behave):
    with serve(behave) as port:
        host.configure(pool, endpoint=f"https://127.0.0.1:{port}/", timeout=f"{TIMEOUT_SECONDS}s")
        report = app("alice")
    assert (report.status(), report.milliseconds() <= LIMIT_MS) == (UNAVAILABLE, True)


def test_connection_refused(app, quick, pool):
    pool.refuse_connections()
    report = app("alice")
    assert (report.status(), report.milliseconds() <= LIMIT_MS) == (UNAVAILABLE, True)


def test_no_such_host(app, host, pool):
    host.configure(pool, endpoint="https://pool.invalid/", timeout=f"{TIMEOUT_SECONDS}s")
    report = app("alice")
    assert (report.status(), report.milliseconds() <= LIMIT_MS) == (UNAVAILABLE, True)


def test_nothing_answers_there(app, host, pool):
    """An address that swallows packets, as a firewall does."""
    host.configure(pool, endpoint="https://192.0.2.1/", timeout=f"{TIMEOUT_SECONDS}s")
    report = app("alice")
    assert (report.status(), report.milliseconds() <= LIMIT_MS) == (UNAVAILABLE, True)


@pytest.mark.parametrize("variant", ["self-signed", "wrong-name", "expired", "tls1.1"])
def test_bad_tls(app, host, pool, tmp_path, variant):
    with LocalPool(tmp_path, "--tls", variant, "--log-requests") as bad:
        host.configure(bad, timeout=f"{TIMEOUT_SECONDS}s")
        report = app("alice", answers=["C4n4ry-never-sent"])
        assert (report.status(), report.milliseconds() <= LIMIT_MS) == (UNAVAILABLE, True)
        assert not (tmp_path / "requests.log").exists()


def test_a_foreign_authority(app, host, pool, tmp_path):
    with LocalPool(tmp_path, "--log-requests") as other:
        host.configure(pool, endpoint=other.info["endpoint"], timeout=f"{TIMEOUT_SECONDS}s")
        assert app("alice").status() == UNAVAILABLE
        assert not (tmp_path / "requests.log").exists()


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize("match", [CALL, KEYS], ids=["call", "keys"])
def test_redirects_are_not_followed(app, quick, pool, status, match):
    with LocalPool() as evil:
        pool.admin("POST", "faults", fault("redirect", match=match, status=status,
                                           url=evil.info["endpoint"]))
        assert app("alice").status() == UNAVAILABLE
        assert evil.requests()["connections"] == 0


def test_http_is_refused(app, host, pool):
    host.configure(pool, endpoint="http://127.0.0.1/")
    report = app("alice")
    assert (report.status(), report.prompts) == ("PAM_SERVICE_ERR", [])


# A proxy from the configuration

class Proxy:
    """Answers CONNECT: with the status given, or 200 and a tunnel."""

    def __init__(self, status):
        self.status = status
        self.heard = b""

    def __call__(self, client):
        head = b""
        while b"\r\n\r\n" not in head and (data := client.recv(65536)):
            head += data
        self.heard += head
        client.sendall(f"HTTP/1.1 {self.status} x\r\nContent-Length: 0\r\n\r\n".encode())
        if self.status != 200:
            self.heard += client.recv(65536)
            return
        port = int(head.split()[1].rsplit(b":", 1)[1])
        with socket.create_connection(("127.0.0.1", port)) as server:
            tunnel(client, server)


def tunnel(client, server):
    other = {client: server, server: client}
    while True:
        for side in select.select([client, server], [], [], 30)[0]:
            if not (data := side.recv(65536)):
                return
            other[side].sendall(data)


def test_a_proxy_is_used(app, host, pool, password):
    proxy = Proxy(200)
    with serve(proxy) as port:
        host.configure(pool, proxy=f"http://user:pass@127.0.0.1:{port}")
        assert app("alice").status() == "PAM_SUCCESS"
    assert base64.b64encode(b"user:pass") in proxy.heard
    assert password("alice").encode() not in proxy.heard


@pytest.mark.parametrize("status", [407, 403, 502])
def test_a_proxy_refuses(app, host, pool, password, status):
    proxy = Proxy(status)
    with serve(proxy) as port:
        host.configure(pool, proxy=f"http://127.0.0.1:{port}", timeout=f"{TIMEOUT_SECONDS}s")
        report = app("alice")
    assert (report.status(), report.milliseconds() <= LIMIT_MS) == (UNAVAILABLE, True)
    assert b"CONNECT" in proxy.heard
    assert password("alice").encode() not in proxy.heard
    assert pool.requests()["connections"] == 0


def failures(pool, user):
    return pool.admin("GET", f"users/{user}")["passwordFailures"]


def test_a_lost_answer_counts_once(app, pool):
    """The pool has counted a wrong password whose answer got lost: it must not be sent again."""
    pool.admin("POST", "faults", fault("close", after=True))
    assert app("alice", answers=["wrong"]).status() == UNAVAILABLE
    assert (pool.requests()["apiCalls"], failures(pool, "alice")) == (1, 1)


def test_the_same_wrong_password_counts_once(app, host, pool):
    """sshd's password method gives one password to every question."""
    host.pam("e2e", "auth optional pam_unix.so nodelay",
             "auth [success=ok default=die] pam_cognito.so try_first_pass")
    report = app("alice", answers=["wrong", "wrong"])
    assert (report.status(), len(report.prompts)) == ("PAM_AUTH_ERR", 2)
    assert failures(pool, "alice") == 1
