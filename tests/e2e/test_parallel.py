# SPDX-License-Identifier: MIT
"""Many sign-ins of one user at the same time, and processes that stand in each other's way."""

import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import host as private_host
import records
from sealed import unseal

LOGINS = 200
AT_ONCE = 16
SECONDS = 60
CALLS = LOGINS + 20  # and so many renewals
PARTS = ("records", "bindings", "tombstones", "locks")
OLD = "C4n4ry-wrong-Old-1!"

LOCK_MS = 2000   # the longest anybody waits for a lock
SLACK_MS = 1500  # all else that a sign-in does, on a busy machine


def account(app):
    return app("alice", "account", answers=[])


def test_a_crowd(host, pool, app, password):
    """Right and wrong passwords by turns; others renew meanwhile, and each token counts once."""
    pool.admin("POST", "settings", {"refreshTokenRotation": True})
    pool.admin("POST", "users/alice", {"passwordFailures": -LOGINS})  # else the pool locks her
    host.append_config("account_recheck = 0s\n")
    assert app("alice").status() == "PAM_SUCCESS"
    host.log.clear()
    pool.admin("DELETE", "requests")

    def login(number):
        if number >= LOGINS:
            return account(app).status("account")
        typed = OLD if number % 2 else password("alice")
        return app("alice", answers=[typed]).status()

    begun = time.monotonic()
    with ThreadPoolExecutor(AT_ONCE) as crowd:
        order = [number * 7 % CALLS for number in range(CALLS)]
        statuses = dict(zip(order, crowd.map(login, order)))
    seconds = time.monotonic() - begun
    print(f"{len(order)} calls in {seconds:.0f} s")

    wrong = {number for number in order if number < LOGINS and number % 2}
    assert {statuses[number] for number in wrong} == {"PAM_AUTH_ERR"}
    assert {statuses[number] for number in set(order) - wrong} == {"PAM_SUCCESS"}
    assert seconds < SECONDS
    assert "recheck" in {entry["method"] for entry in host.log.decisions("account")}
    assert [len(records.files(host, part)) for part in PARTS] == [1, 1, 0, 1]
    pool.admin("DELETE", "requests")
    assert unseal(host, pool, "alice").username == b"alice"
    assert account(app).status("account") == "PAM_SUCCESS"
    assert (records.last_account(host)[1], records.operations(pool)[0]) == (
        "recheck", records.REFRESH)


# Whoever holds the lock does not go on, or is no more

@contextmanager
def holder(host, pool, app, clock):
    """A helper that asks the pool with alice's lock in its hand."""
    assert app("alice").status() == "PAM_SUCCESS"
    clock.shift(records.RECHECK)
    pool.admin("POST", "faults", {"kind": "silence", "match": {"operation": records.REFRESH},
                                  "count": None})
    pool.admin("DELETE", "requests")
    asking = threading.Thread(target=account, args=(app,))
    asking.start()
    records.wait_for(lambda: pool.requests()["apiCalls"])
    pid, = host.helpers()
    try:
        yield pid
    finally:
        private_host.kill(pid)
        asking.join(10)


def test_a_stopped_holder(host, pool, app, clock):
    """Sign-ins go on without a record, keys by what was said last; nobody waits longer."""
    with holder(host, pool, app, clock) as pid:
        os.kill(pid, signal.SIGSTOP)
        pool.admin("DELETE", "faults")
        before = records.snapshot(host)
        calls = [lambda: app("alice"), lambda: account(app)] * 2
        with ThreadPoolExecutor(len(calls)) as crowd:
            reports = list(crowd.map(lambda call: call(), calls))
        assert records.snapshot(host) == before
    for report, phase in zip(reports, ["auth", "account"] * 2):
        assert report.status(phase) == "PAM_SUCCESS"
        assert report.milliseconds(phase) <= LOCK_MS + SLACK_MS
    first, *others = host.log.decisions()
    assert first["reason"] == "allowed by allow_users"
    assert all("another process has it" in entry["reason"] for entry in others)
    assert [entry["method"] for entry in host.log.decisions("account")].count("cached") == 2


def test_a_killed_holder(host, pool, app, clock):
    """Its lock goes with it; with rotation its token may be used up: one sign-in mends that."""
    with holder(host, pool, app, clock) as pid:
        private_host.kill(pid)
        pool.admin("DELETE", "faults")
        report = account(app)
    assert report.status("account") == "PAM_SUCCESS"
    assert report.milliseconds("account") <= SLACK_MS
    assert records.last_account(host)[1] == "recheck"


def test_a_lost_reply(host, pool, app, clock):
    """Rotated by the pool, and killed before it was heard: refused loudly, then signed in again."""
    pool.admin("POST", "settings", {"refreshTokenRotation": True})
    with holder(host, pool, app, clock) as pid:
        pool.admin("DELETE", "faults")
        private_host.kill(pid)
    pool.admin("POST", "faults", {"kind": "silence", "match": {"operation": records.REFRESH},
                                  "count": 1, "after": True})
    lost = account(app)
    assert lost.status("account") == "PAM_SUCCESS"  # the grace
    clock.shift(records.RECHECK + records.PAUSE)
    assert account(app).status("account") == "PAM_PERM_DENIED"
    assert "STOLEN" in host.log.decisions("account")[-1]["reason"]
    assert app("alice").status() == "PAM_SUCCESS"
    assert account(app).status("account") == "PAM_SUCCESS"


def test_locks_are_each_users_own(host, pool, app, clock):
    """bob does not wait for alice."""
    assert app("bob").status() == "PAM_SUCCESS"
    with holder(host, pool, app, clock) as pid:
        os.kill(pid, signal.SIGSTOP)
        pool.admin("DELETE", "faults")
        report = app("bob")
        assert (report.status(), report.milliseconds() <= SLACK_MS) == ("PAM_SUCCESS", True)
        assert "another process" not in host.log.decisions()[-1]["reason"]
