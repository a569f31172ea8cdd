# SPDX-License-Identifier: MIT
"""Host programs in odd states: a sign-in works or fails cleanly, and they stay as they were."""

from concurrent.futures import ThreadPoolExecutor

import pytest

PARALLEL = 12
WORKS = ["sigchld-ignored", "sigchld-handled", "all-signals-blocked", "no-stdio",
         "leaked-descriptors", "fsize-0", "stack-256k", "cpu-1s", "memlock-0",
         "umask-0777", "umask-0", "deleted-directory", "as-64m"]
MAY_FAIL = ["no-descriptor", "one-descriptor", "two-descriptors", "three-descriptors", "nofile-8"]
RESOURCES = ("PAM_SYSTEM_ERR", "PAM_BUF_ERR", "PAM_AUTHINFO_UNAVAIL")
ROUNDS = 500
GROWTH_KIB = 256


@pytest.mark.parametrize("condition", WORKS)
def test_signs_in(app, condition):
    report = app("alice", "auth", "account", conditions=[condition])
    assert (report.status(), report.status("account")) == ("PAM_SUCCESS", "PAM_SUCCESS")
    assert report.changes == []


@pytest.mark.parametrize("condition", WORKS)
def test_refuses_a_wrong_password(app, condition):
    report = app("alice", answers=["wrong"], conditions=[condition])
    assert report.status() == "PAM_AUTH_ERR"
    assert report.changes == []


@pytest.mark.parametrize("condition", MAY_FAIL)
def test_fails_cleanly_without_descriptors(app, condition):
    report = app("alice", conditions=[condition])
    assert report.status() in (*RESOURCES, "PAM_SUCCESS", "PAM_USER_UNKNOWN", "PAM_AUTH_ERR")
    assert report.changes == []


@pytest.mark.parametrize("condition", MAY_FAIL)
def test_never_lets_a_wrong_password_in(app, condition):
    report = app("alice", answers=["wrong"], conditions=[condition])
    assert report.status() != "PAM_SUCCESS"
    assert report.changes == []


def test_all_at_once(app):
    report = app("alice", conditions=["no-stdio", "sigchld-ignored", "all-signals-blocked",
                                      "umask-0777", "deleted-directory", "memlock-0"])
    assert (report.status(), report.changes) == ("PAM_SUCCESS", [])


@pytest.mark.parametrize("warm", [False, True])
def test_many_sign_ins_at_once(app, pool, host, warm):
    """All are right, and the key set is fetched once for all of them."""
    host.pam("e2e", "auth optional pam_unix.so nodelay",
             "auth [success=ok default=die] pam_cognito.so use_first_pass")
    if warm:
        app("alice")
    pool.admin("DELETE", "requests")
    with ThreadPoolExecutor(PARALLEL) as threads:
        reports = list(threads.map(lambda _: app("alice"), range(PARALLEL)))
    assert {report.status() for report in reports} == {"PAM_SUCCESS"}
    seen = pool.requests()
    assert seen["apiCalls"] == PARALLEL
    assert len(seen["requests"]) - PARALLEL == (0 if warm else 1)


def test_many_sign_ins_in_one_process(app):
    """Half a thousand transactions: no descriptor, no memory stays behind."""
    report = app("alice", "auth", "account", times=ROUNDS, timeout=300)
    assert report.succeeded == ROUNDS
    assert report.grown("descriptors") == 0
    assert report.grown("kib") < GROWTH_KIB


def test_many_refusals_in_one_process(app):
    report = app("alice", "account", times=ROUNDS, timeout=300)
    assert report.succeeded == 0
    assert report.grown("descriptors") == 0
    assert report.grown("kib") < GROWTH_KIB
