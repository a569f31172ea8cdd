# SPDX-License-Identifier: MIT
"""The account phase: who may still come in when no pool password was asked."""

import os
import signal
import subprocess

import pytest

import host as private_host
import people
import records
import ssh
from application import PLACE as PAMHOST
from localpool import LocalPool
from records import comes_in, last_account

NEVER = "New on this host: sign in once with your pool password."


def test_same_handle(app, host, pool):
    """A sign-in answers the account phase that follows, without the helper."""
    report = app("alice", "auth", "account")
    assert (report.status(), report.status("account")) == ("PAM_SUCCESS", "PAM_SUCCESS")
    assert host.log.decision("account")["reason"] == "signed in just now"


def test_another_handle_has_the_record(app, host, pool):
    assert app("alice").status() == "PAM_SUCCESS"
    records.operations(pool)
    assert app("alice", "account").status("account") == "PAM_SUCCESS"
    assert (last_account(host)[1], records.operations(pool)) == ("cached", [])


def test_another_handle_without_records(app, host):
    """Nothing is kept, so nothing is known."""
    host.append_config("token_cache = no\n")
    assert app("alice").status() == "PAM_SUCCESS"
    assert app("alice", "account").status("account") == "PAM_AUTH_ERR"


# PAM_USER changes between the phases, as a module in between could do it.
OTHERS = [("bob", "PAM_AUTH_ERR"), ("keyadmin", "PAM_USER_UNKNOWN"), ("root", "PAM_USER_UNKNOWN")]


@pytest.mark.parametrize("other, code", OTHERS)
def test_a_sign_in_is_about_one_user(app, other, code):
    report = app("alice", "auth", "account", account_user=other)
    assert (report.status(), report.status("account")) == ("PAM_SUCCESS", code)


def test_a_failed_sign_in_forgets_the_earlier_one(app, host, password):
    """Then the account phase looks for itself, at the record of the first."""
    report = app("alice", "auth", "auth", "account", answers=[password("alice"), "wrong"])
    assert (report.status(), report.status("account")) == ("PAM_AUTH_ERR", "PAM_SUCCESS")
    assert last_account(host)[1] == "cached"


def test_never_signed_in_has_a_text(app, host):
    report = app("alice", "account")
    decision = host.log.decision("account")
    assert report.errors == [f"{NEVER} (ref {decision['ref']})"]
    assert decision["reason"] == "never signed in on this host"


def test_no_network_in_the_account_phase(app, pool):
    app("alice", "account")
    assert pool.requests()["connections"] == 0


# Keys of the configuration, user, service, PAM code.
TABLE = [
    ({}, "alice", "e2e", "PAM_AUTH_ERR"),
    ({"deny_users": "alice"}, "alice", "e2e", "PAM_PERM_DENIED"),
    ({"skip_users": "alice"}, "alice", "e2e", "PAM_USER_UNKNOWN"),
    ({"allow_users": "bob"}, "alice", "e2e", "PAM_USER_UNKNOWN"),
    ({"min_uid": "3000"}, "alice", "e2e", "PAM_USER_UNKNOWN"),
    ({"allow_users": "alice nobody-here"}, "nobody-here", "e2e", "PAM_USER_UNKNOWN"),
    ({}, "root", "e2e", "PAM_USER_UNKNOWN"),
    ({}, "alice", "cron", "PAM_USER_UNKNOWN"),
    ({}, "alice", "atd", "PAM_USER_UNKNOWN"),
    ({}, "alice", "systemd-user", "PAM_USER_UNKNOWN"),
    ({"deny_users": "alice"}, "alice", "cron", "PAM_PERM_DENIED"),
    ({"allow_users": None}, "alice", "e2e", "PAM_SERVICE_ERR"),
]


@pytest.mark.parametrize("keys, user, service, code", TABLE)
def test_account(app, host, pool, keys, user, service, code):
    host.configure(pool, **keys)
    host.pam(service, "account required pam_cognito.so")
    assert app(user, "account", service=service, answers=[]).status("account") == code


def test_deny_rule_over_ssh_by_key(host, pool):
    host.configure(pool, deny_users="alice")
    outcome = ssh.sign_in(host, "alice", method=ssh.PUBLICKEY)
    assert not ssh.is_in(outcome, "alice")
    assert host.log.decision("account")["code"] == "PAM_PERM_DENIED"


def test_strict_line_over_ssh_by_key_says_why(host):
    host.strict_account()
    outcome = ssh.sign_in(host, "alice", method=ssh.PUBLICKEY, LogLevel="INFO")
    assert not ssh.is_in(outcome, "alice")
    assert NEVER in outcome.text


@pytest.mark.parametrize("line", [private_host.LAX, private_host.STRICT])
@pytest.mark.parametrize("method", [ssh.KEYBOARD, ssh.PASSWORD])
def test_password_over_ssh_passes_both_lines(host, sign_in, line, method):
    if line == private_host.STRICT:
        host.strict_account()
    assert ssh.is_in(sign_in("alice", method=method), "alice")


def test_setcred_and_session_do_nothing(app):
    report = app("alice", "setcred", "open", "close")
    assert [report.status(phase) for phase in ("setcred", "open", "close")] == ["PAM_SUCCESS"] * 3


# The pool says nothing, or nothing that counts

UNAVAILABLE = "PAM_AUTHINFO_UNAVAIL"
NOTHING_BUT = {"operation": records.REFRESH}
NOWHERE = "https://pool.invalid/"       # no such name
BLACK_HOLE = "https://192.0.2.1/"       # swallows packets, or cannot be routed to


@pytest.fixture
def were_here(app):
    """alice and bob have signed in with their passwords."""
    for user in ("alice", "bob"):
        assert app(user).status() == "PAM_SUCCESS"


def endpoint(url):
    return lambda host, pool: host.configure(pool, endpoint=url)


def fault(kind, **options):
    """Of every answer about a refresh token, until the pool is well again."""
    what = {"match": NOTHING_BUT, "count": None, "kind": kind, **options}
    return lambda host, pool: pool.admin("POST", "faults", what)


def stops_listening(host, pool):
    pool.refuse_connections()


def is_well_again(host, pool):
    pool.accept_connections()
    pool.admin("DELETE", "faults")
    host.configure(pool)


UNREACHABLE = {
    "connection refused": stops_listening,
    "no such name": endpoint(NOWHERE),
    "no way there": endpoint(BLACK_HOLE),
    "silence": fault("silence"),
}
OUT_OF_ORDER = {
    "500": fault("status", status=500),
    "503 with a page": fault("status", status=503, contentType="text/html", body="<h1>Bad</h1>"),
    "throttled": fault("error", type="TooManyRequestsException"),
    "429": fault("status", status=429),
}
# Somebody answers, and it is not the pool that answers well: that is no reason to let anybody in.
NO_EXCUSE = {
    "200 and nothing": fault("raw", body="{}"),
    "not JSON": fault("raw", body="<html>"),
    "no such client": fault("error", type="ResourceNotFoundException"),
    "firewall": fault("error", type="ForbiddenException", status=403),
    "unknown error": fault("error", type="BrandNewException"),
    "redirect": fault("redirect", url="https://127.0.0.1:1/"),
    "wrong signature": fault("tamper", how="wrong-signature"),
    "tokens of another user": fault("tamper", how="other-user"),
    "tokens that have expired": fault("tamper", how="expired"),
}


def pauses(host):
    """What keeps the host from trying again."""
    run = host.path(private_host.RUN)
    return [path.name for path in run.iterdir() if path.name.startswith("pause")]


def account(app, user="alice", service="e2e", **more):
    return app(user, "account", service=service, answers=[], **more).status("account")


@pytest.mark.parametrize("happens", [*UNREACHABLE.values(), *OUT_OF_ORDER.values()],
                         ids=[*UNREACHABLE, *OUT_OF_ORDER])
@pytest.mark.usefixtures("were_here")
def test_within_the_grace_and_not_beyond(app, host, pool, clock, happens):
    """The boot clock stays, so that the host tries once and then knows."""
    happens(host, pool)
    for seconds in (records.RECHECK, records.GRACE - records.MINUTE):
        clock.shift(seconds, records.RECHECK)
        assert account(app) == "PAM_SUCCESS"
        assert last_account(host)[1] == "grace"
    clock.shift(records.GRACE, records.RECHECK)
    assert account(app) == UNAVAILABLE
    is_well_again(host, pool)
    clock.shift(records.RECHECK, records.RECHECK + records.PAUSE)
    assert account(app) == "PAM_SUCCESS"
    assert last_account(host)[1] == "recheck"


@pytest.mark.parametrize("happens", NO_EXCUSE.values(), ids=list(NO_EXCUSE))
@pytest.mark.usefixtures("were_here")
def test_no_grace_for(app, host, pool, clock, happens):
    happens(host, pool)
    clock.shift(records.RECHECK)
    assert account(app) not in ("PAM_SUCCESS", "PAM_AUTH_ERR", "PAM_USER_UNKNOWN")
    assert pauses(host) == []
    is_well_again(host, pool)
    assert account(app) == "PAM_SUCCESS"


@pytest.mark.parametrize("variant", ["self-signed", "wrong-name", "expired"])
@pytest.mark.usefixtures("were_here")
def test_no_grace_with_bad_tls(app, host, pool, clock, tmp_path, variant):
    clock.shift(records.RECHECK)
    with LocalPool(tmp_path, "--tls", variant) as bad:
        host.configure(pool, endpoint=bad.info["endpoint"])
        assert (account(app), pauses(host)) == (UNAVAILABLE, [])
    host.configure(pool)
    assert account(app) == "PAM_SUCCESS"


@pytest.mark.parametrize("line", [private_host.LAX, private_host.STRICT], ids=["lax", "strict"])
@pytest.mark.usefixtures("were_here", "nopasswd")
def test_work_goes_on(app, host, pool, clock, line):
    """Keys, sudo and cron, whether cron asks the pool or not; and all but that one end."""
    if line == private_host.STRICT:
        host.strict_account()
    host.pam("cron", line)
    pool.refuse_connections()
    clock.shift(records.RECHECK)
    assert comes_in(host, "alice")
    assert host.run("sudo", "id", "-un", as_user="alice").out == "root\n"
    assert account(app, service="cron") == "PAM_SUCCESS"
    assert [each["method"] for each in host.log.decisions("account")] == ["grace", "grace", "bound"]
    host.append_config("[service cron]\naccount_recheck = 5m\n")
    assert account(app, service="cron") == "PAM_SUCCESS"
    assert last_account(host)[1] == "grace"
    clock.shift(records.GRACE)
    assert not comes_in(host, "alice")
    assert host.run("sudo", "id", "-un", as_user="alice").out == ""
    assert account(app, service="cron") == UNAVAILABLE


# The pause

@pytest.mark.usefixtures("were_here")
def test_the_pause(app, host, pool, clock):
    """One waits, for three seconds; for half a minute nobody else does."""
    pool.admin("DELETE", "requests")
    UNREACHABLE["silence"](host, pool)
    clock.shift(records.RECHECK)
    waited = app("alice", "account").milliseconds("account")
    assert 2000 < waited < 5000
    tries = pool.requests()["connections"]
    assert tries >= 1
    for user, later in (("alice", 0), ("bob", 0), ("bob", records.PAUSE - 5)):
        clock.shift(records.RECHECK + later)
        report = app(user, "account")
        assert (report.status("account"), last_account(host)[1]) == ("PAM_SUCCESS", "grace")
        assert report.milliseconds("account") < 2000
    assert pool.requests()["connections"] == tries
    clock.shift(records.RECHECK + records.PAUSE)
    is_well_again(host, pool)
    assert account(app, "bob") == "PAM_SUCCESS"
    assert last_account(host)[1] == "recheck"


@pytest.mark.usefixtures("were_here")
def test_the_pause_is_not_for_passwords(app, host, pool, clock):
    pool.refuse_connections()
    clock.shift(records.RECHECK)
    assert account(app) == "PAM_SUCCESS"
    assert len(pauses(host)) == 1
    pool.accept_connections()
    assert app("alice").status() == "PAM_SUCCESS"


@pytest.mark.usefixtures("were_here")
def test_the_pause_is_one_of_an_endpoint(app, host, pool, clock):
    host.configure(pool, endpoint=NOWHERE)
    clock.shift(records.RECHECK)
    assert (account(app), last_account(host)[1]) == ("PAM_SUCCESS", "grace")
    host.configure(pool)
    assert (account(app), last_account(host)[1]) == ("PAM_SUCCESS", "recheck")


@pytest.mark.usefixtures("were_here")
def test_a_leaver_gains_half_a_minute(app, host, pool, clock):
    """Whoever can cut the network for a moment gains the pause, and not the grace."""
    records.leave(pool, "alice", "disabled")
    pool.refuse_connections()
    clock.shift(records.RECHECK)
    assert account(app) == "PAM_SUCCESS"
    pool.accept_connections()
    clock.shift(records.RECHECK + records.PAUSE)
    assert account(app) == "PAM_ACCT_EXPIRED"


# A leaver who makes the host itself unable to ask

@pytest.fixture
def alice_left(pool, clock, were_here):
    """alice has left, the host does not know yet, and would ask now."""
    records.leave(pool, "alice", "disabled")
    clock.shift(records.RECHECK)


# Codes that the documented account lines let pass.
LET_IN = ("PAM_SUCCESS", "PAM_AUTH_ERR", "PAM_USER_UNKNOWN", "PAM_SERVICE_ERR")


def finds_out(app, host, code="PAM_ACCT_EXPIRED"):
    """Nothing became of it: no pause, and the next ordinary login is refused."""
    return pauses(host) == [] and account(app) == code


CONDITIONS = ["no-descriptor", "one-descriptor", "two-descriptors", "three-descriptors",
              "nofile-8", "no-stdio", "leaked-descriptors", "as-64m", "fsize-0", "stack-256k",
              "cpu-1s", "memlock-0", "sigchld-ignored", "sigchld-handled", "all-signals-blocked",
              "umask-0777", "deleted-directory"]


@pytest.mark.parametrize("condition", CONDITIONS)
@pytest.mark.usefixtures("alice_left")
def test_conditions_do_not_excuse(app, host, condition):
    assert account(app, conditions=[condition]) not in LET_IN
    if condition == "fsize-0":  # no tombstone can be written, and the record goes
        assert finds_out(app, host, "PAM_PERM_DENIED")
    else:
        assert finds_out(app, host)


# What a user may do with prlimit(1) to sudo and the like. The last of each does no harm.
LIMITS = {
    "descriptors": [f"--nofile={count}" for count in (*range(3, 20), 64)],
    "memory": [f"--as={mib << 20}" for mib in (4, *range(12, 40, 2), 256)],
    "data": [f"--data={kib << 10}" for kib in (0, 64, *range(512, 8192, 512), 65536)],
    "file size": [f"--fsize={size}" for size in (0, 1, 64, 512, 65536)],
    "stack": [f"--stack={kib << 10}" for kib in (16, 64, 256, 8192)],
    "others": ["--nproc=0", "--nproc=1", "--nproc=2", "--cpu=1", "--memlock=0", "--sigpending=0",
               "--locks=0"],
}
SUDO = ("sudo", "id", "-un")
ACCOUNT_OF_ALICE = (PAMHOST, "-s", "e2e", "-u", "alice", "-i", "/dev/null", "account")
HER_REAL_UID = ("setpriv", f"--ruid={people.uid_of('alice')}")


def decisions_under(host, limit, program):
    host.log.clear()
    if program == "sudo":
        host.run("prlimit", limit, *SUDO, as_user="alice")
    else:
        host.run(*HER_REAL_UID, "prlimit", limit, *ACCOUNT_OF_ALICE)
    return [(each["code"], each["method"]) for each in host.log.decisions("account")]


@pytest.mark.parametrize("limits", LIMITS.values(), ids=list(LIMITS))
@pytest.mark.parametrize("program", ["sudo", "set-user-id"])
@pytest.mark.usefixtures("were_here", "nopasswd")
def test_limits_do_not_excuse(host, clock, limits, program):
    """Each time the pool should be asked, and it is, or nobody comes in."""
    host.append_config("account_recheck = 10s\n")
    for number, limit in enumerate(limits, start=1):
        clock.shift(11 * number)
        decisions = decisions_under(host, limit, program)
        assert {code for code, method in decisions if method != "recheck"}.isdisjoint(LET_IN), limit
        assert pauses(host) == [], limit
    assert decisions == [("PAM_SUCCESS", "recheck")]


@pytest.fixture
def other_name(host, pool):
    """The pool under a name that must be looked up, and that is not in its certificate."""
    hosts = host.path("/etc/hosts")
    before = hosts.read_text(encoding="utf-8")
    hosts.write_text(before + "127.0.0.1 pool.example\n", encoding="utf-8")
    host.configure(pool, endpoint=pool.info["endpoint"].replace("localhost", "pool.example"))
    yield
    hosts.write_text(before, encoding="utf-8")


NAME_LIMITS = [*(f"--nproc={count}" for count in range(4)),
               *(f"--nofile={count}" for count in range(12, 20)), "--core=0"]


@pytest.mark.parametrize("limit", NAME_LIMITS)
@pytest.mark.usefixtures("were_here", "other_name")
def test_limits_do_not_excuse_a_look_up(host, clock, limit):
    """The name cannot be looked up without a thread: not for want of a network."""
    clock.shift(records.RECHECK)
    (code, method), = decisions_under(host, limit, "set-user-id")
    assert code in ("PAM_SYSTEM_ERR", UNAVAILABLE)
    assert (method, pauses(host)) == ("-", [])


def asked(pool):
    return [entry["operation"] for entry in pool.requests()["requests"]]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.usefixtures("alice_left")
def test_a_killed_parent(app, host, pool, how):
    """It dies while the pool is silent: so does the helper, and nobody has learnt anything."""
    UNREACHABLE["silence"](host, pool)
    with subprocess.Popen(host.argv(*ACCOUNT_OF_ALICE), stdout=subprocess.DEVNULL,
                          start_new_session=True) as parent:
        records.wait_for(lambda: records.REFRESH in asked(pool))
        os.killpg(parent.pid, how)
    assert host.wait_until_idle(5) == []
    pool.admin("DELETE", "faults")
    assert finds_out(app, host)


# The clock

# Seconds the host's clock is wrong by; PAM code while the pool can be reached, and while it cannot.
WRONG = [
    ("a minute back", -records.MINUTE, "PAM_SUCCESS", UNAVAILABLE),
    ("a day back", -records.DAY, UNAVAILABLE, UNAVAILABLE),
    ("ten years back", -3650 * records.DAY, UNAVAILABLE, UNAVAILABLE),
    ("an hour forward", records.HOUR - records.MINUTE, "PAM_SUCCESS", "PAM_SUCCESS"),
    ("two days forward", 2 * records.DAY, UNAVAILABLE, UNAVAILABLE),
    ("ten years forward", 3650 * records.DAY, UNAVAILABLE, UNAVAILABLE),
]


@pytest.mark.parametrize("seconds, reached, not_reached", [row[1:] for row in WRONG],
                         ids=[row[0] for row in WRONG])
@pytest.mark.usefixtures("were_here")
def test_a_wrong_clock_locks_nobody_out(app, host, pool, clock, seconds, reached, not_reached):
    clock.shift(seconds, 0)
    assert account(app, "alice") == reached
    pool.refuse_connections()
    assert account(app, "bob") == not_reached
    pool.accept_connections()
    clock.shift(0, records.PAUSE)
    for user in ("alice", "bob"):
        assert account(app, user) == "PAM_SUCCESS"
    assert records.files(host, "tombstones") == []


def test_a_sign_in_in_the_future(app, host, clock):
    """The clock was fast: the record is neither young nor old, so the pool is asked."""
    clock.shift(2 * records.MINUTE)
    assert app("alice").status() == "PAM_SUCCESS"
    clock.shift(0)
    methods = []
    for _ in range(2):
        assert account(app) == "PAM_SUCCESS"
        methods.append(last_account(host)[1])
    assert methods == ["recheck", "cached"]
