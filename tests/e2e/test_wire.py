# SPDX-License-Identifier: MIT
"""What a sign-in costs on the wire, by the pool's own account."""

import pytest

import ssh


def counts(pool):
    """(connections, API calls, other requests)"""
    seen = pool.requests()
    return seen["connections"], seen["apiCalls"], len(seen["requests"]) - seen["apiCalls"]


def forget(pool):
    pool.admin("DELETE", "requests")


def test_cold(app, pool):
    """The first sign-in of a host: the key set comes over the same connection, once."""
    assert app("alice").status() == "PAM_SUCCESS"
    assert counts(pool) == (1, 1, 1)


def test_warm(app, pool):
    app("alice")
    forget(pool)
    assert app("alice").status() == "PAM_SUCCESS"
    connections, calls, others = counts(pool)
    assert (connections, calls) == (1, 1)
    assert others <= 1


def test_warm_without_a_question(app, host, pool, password):
    """A stacked password: nobody types, nothing to do meanwhile."""
    app("alice")
    forget(pool)
    host.pam("e2e", "auth optional pam_unix.so nodelay",
             "auth [success=ok default=die] pam_cognito.so use_first_pass")
    assert app("alice").status() == "PAM_SUCCESS"
    assert counts(pool) == (1, 1, 0)


@pytest.mark.parametrize("method", [ssh.KEYBOARD, ssh.PASSWORD])
def test_over_ssh(app, sign_in, pool, method):
    app("alice")
    forget(pool)
    assert ssh.is_in(sign_in("alice", method=method), "alice")
    connections, calls, others = counts(pool)
    assert (connections, calls) == (1, 1)
    assert others <= 1


def test_refusal_is_one_call(app, pool):
    app("alice", answers=["wrong"])
    connections, calls, others = counts(pool)
    assert (connections, calls) == (1, 1)


def test_user_unknown_to_nss_opens_nothing(app, host, pool):
    host.configure(pool, allow_users="zoe")
    app("zoe", answers=["x"])
    assert counts(pool) == (0, 0, 0)


def test_the_request_is_the_documented_one(app, pool, password):
    app("alice")
    call = next(entry for entry in pool.requests()["requests"] if entry["operation"])
    headers = {name.lower(): value for name, value in call["headers"].items()}
    assert (call["method"], call["path"], call["operation"]) == ("POST", "/", "InitiateAuth")
    assert headers["content-type"] == "application/x-amz-json-1.1"
    assert headers["x-amz-target"] == "AWSCognitoIdentityProviderService.InitiateAuth"
    assert call["body"] == {
        "AuthFlow": "USER_PASSWORD_AUTH", "ClientId": pool.client_id(),
        "AuthParameters": {"USERNAME": "alice", "PASSWORD": password("alice")}}


def test_tls_is_at_least_1_2(app, pool):
    app("alice")
    assert {entry["tls"] for entry in pool.requests()["connectionList"]} <= {"TLSv1.2", "TLSv1.3"}
