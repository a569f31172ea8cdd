# SPDX-License-Identifier: MIT
"""offline = yes: the last good password opens while nothing of the pool is heard, and only then."""

import fcntl
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

import host as private_host
import records
import ssh
import terminal
from answers import sent_code
from localpool import LocalPool
from sealed import unseal
from tcp import serve

TIMEOUT_SECONDS = 2
TRIES = 5
MAX_AGE = 72 * records.HOUR  # the default of offline_max_age
OLD = "C4n4ry-wrong-Old-1!"
NEW = "C4n4ry-changed-Elsewhere-1!"
SMS = r"Code sent by text message to \+\*+[0-9]{4}: $"
CALL = {"operation": "InitiateAuth"}

IN = ("PAM_SUCCESS", "offline")
WRONG = "PAM_AUTH_ERR"
UNAVAILABLE = "PAM_AUTHINFO_UNAVAIL"


def configure(host, pool, **keys):
    host.configure(pool, **{"offline": "yes", "timeout": f"{TIMEOUT_SECONDS}s", **keys})


@pytest.fixture
def was_here(host, pool, app):
    """alice has signed in with her password while the pool was there."""
    configure(host, pool)
    assert app("alice").status() == "PAM_SUCCESS"
    assert unseal(host, pool, "alice").tries_left == TRIES
    host.log.clear()


@pytest.fixture
def gone(was_here, pool):
    """And now the pool is out of reach."""
    pool.refuse_connections()


@pytest.fixture
def outcome(app, host):
    """(PAM code, how) of a sign-in: outcome("alice"), or with what is typed."""
    def run(user, *typed, **more):
        status = app(user, answers=typed or None, **more).status()
        return status, host.log.decisions()[-1]["method"]
    return run


def reason(host):
    return host.log.decisions()[-1]["reason"]


# Ways in which nothing is heard of the pool.

@contextmanager
def refused(_, pool):
    pool.refuse_connections()
    yield
    pool.accept_connections()


def led_astray(**keys):
    """The configuration names something else."""
    @contextmanager
    def way(host, pool):
        configure(host, pool, **keys)
        yield
        configure(host, pool)
    return way


def keep_silent(connection):
    while connection.recv(65536):
        pass


@contextmanager
def silence(host, pool):
    """Somebody accepts connections, and says nothing."""
    with serve(keep_silent) as port, led_astray(endpoint=f"https://127.0.0.1:{port}/")(host, pool):
        yield


UNREACHABLE = {
    "connections are refused": refused,
    "no such name": led_astray(endpoint="https://pool.invalid/"),
    "packets are swallowed": led_astray(endpoint="https://192.0.2.1/"),
    "no proxy is there": led_astray(proxy="http://127.0.0.1:1"),
    "silence": silence,
}


@pytest.mark.parametrize("way", UNREACHABLE)
@pytest.mark.usefixtures("was_here")
def test_over_ssh(host, pool, sign_in, way):
    """In with the last password, refused with another; and the pool is back as if nothing were."""
    sub = pool.user("alice")["sub"]
    with UNREACHABLE[way](host, pool):
        assert ssh.is_in(sign_in("alice"), "alice")
        assert ssh.is_refused(sign_in("alice", OLD))
    right, wrong = host.log.decisions()
    assert (right["code"], right["method"], right["sub"], right["mfa"]) == (*IN, sub, "-")
    assert (wrong["code"], wrong["reason"].split(";")[0]) == (WRONG, "wrong password, offline")
    assert ssh.is_in(sign_in("alice"), "alice")
    assert host.log.decisions()[-1]["method"] == "password"


def test_sshds_password_method(sign_in, gone):
    assert ssh.is_in(sign_in("alice", method=ssh.PASSWORD), "alice")


@pytest.mark.usefixtures("gone")
def test_login(host, password):
    """A laptop's console, on a train."""
    def console(typed, last):
        return host.converse(["login"], [("login: ", "alice"), ("Password: ", typed), last])

    shown = console(password("alice"), (r"\$ $", "echo in as $(id -un); exit"))
    assert "in as alice\n" in shown
    shown = console(OLD, ("login: $", terminal.HANG_UP))
    assert "Sign-in refused. Check your user name and password. (ref " in shown
    assert [entry["service"] for entry in host.log.decisions()] == ["login", "login"]


@pytest.mark.usefixtures("was_here")
def test_by_srp(host, pool, outcome):
    configure(host, pool, auth_flow="srp")
    records.operations(pool)
    assert outcome("alice") == ("PAM_SUCCESS", "password")
    assert records.operations(pool) == ["InitiateAuth", "RespondToAuthChallenge"]
    pool.refuse_connections()
    assert outcome("alice") == IN


# Off, or nothing to go by

@pytest.mark.usefixtures("gone")
def test_unless_it_is_off(host, pool, outcome):
    configure(host, pool, offline="no")
    assert outcome("alice")[0] == UNAVAILABLE


def test_nothing_is_kept_while_it_is_off(host, pool, app, outcome):
    assert app("alice").status() == "PAM_SUCCESS"
    assert unseal(host, pool, "alice").verifier == b""
    configure(host, pool)
    pool.refuse_connections()
    assert outcome("alice")[0] == UNAVAILABLE
    assert "no password of this user is known" in reason(host)


@pytest.mark.usefixtures("gone")
def test_somebody_who_was_never_here(outcome):
    assert outcome("bob")[0] == UNAVAILABLE


@pytest.mark.usefixtures("gone")
def test_an_empty_password(outcome):
    assert outcome("alice", "")[0] == WRONG


# Rules, and what the right password hears, and a wrong one.
NOT_OURS = "PAM_USER_UNKNOWN"
RULES = {
    "denied": ({"deny_users": "alice"}, "PAM_PERM_DENIED", WRONG),
    "in another group": ({"allow_users": None, "allow_pool_groups": "ops"}, "PAM_PERM_DENIED",
                         WRONG),
    "not allowed": ({"allow_users": "bob"}, NOT_OURS, NOT_OURS),
}


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.usefixtures("gone")
def test_rules_hold_offline(host, pool, outcome, rule):
    """As they are now, for the groups of the last sign-in."""
    keys, right, wrong = RULES[rule]
    configure(host, pool, **keys)
    assert (outcome("alice")[0], outcome("alice", OLD)[0]) == (right, wrong)


def test_groups_of_the_last_sign_in(host, pool, app, outcome):
    by_group = {"allow_users": None, "allow_pool_groups": "linux-users"}
    configure(host, pool, **by_group)
    assert app("alice").status() == "PAM_SUCCESS"
    pool.refuse_connections()
    assert outcome("alice") == IN


# The pool was heard, or this host is to blame: never "offline"

def fault(kind, **options):
    return {"kind": kind, "count": None, "match": CALL, **options}


HEARD = {
    "500": fault("status", status=500),
    "503": fault("status", status=503),
    "403": fault("error", type="ForbiddenException", status=403),
    "throttled": fault("error", type="TooManyRequestsException"),
    "an internal error": fault("error", type="InternalErrorException", status=500),
    "no such client": fault("error", type="ResourceNotFoundException"),
    "a reset": fault("close"),
    "a hang-up": fault("close", clean=True),
    "half a reply": fault("truncate"),
    "no JSON": fault("raw", body="<h1>Sign in to the hotel's network</h1>"),
    "another page": fault("redirect", url="https://captive.invalid/"),
    "silence after all": fault("silence"),  # the warm-up was answered
    "forged tokens": fault("tamper", how="wrong-signature"),
}


@pytest.mark.parametrize("answer", HEARD)
@pytest.mark.usefixtures("was_here")
def test_an_answer_is_an_answer(pool, outcome, answer):
    pool.admin("POST", "faults", HEARD[answer])
    assert outcome("alice") == (UNAVAILABLE, "password")


@pytest.mark.parametrize("variant", ["self-signed", "wrong-name", "expired", "tls1.1"])
@pytest.mark.usefixtures("was_here")
def test_bad_tls_is_an_answer(host, pool, outcome, tmp_path, variant):
    with LocalPool(tmp_path, "--tls", variant) as bad:
        configure(host, pool, endpoint=bad.info["endpoint"])
        host.write(private_host.POOL_CA, bad.ca_file.read_text(encoding="utf-8"))
        assert outcome("alice") == (UNAVAILABLE, "password")


def hang_up(connection):
    pass


def speak_http(connection):
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")


def speak_ssh(connection):
    connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")


@pytest.mark.parametrize("behave", [hang_up, speak_http, speak_ssh])
@pytest.mark.usefixtures("was_here")
def test_no_tls_is_an_answer(host, pool, outcome, behave):
    with serve(behave) as port:
        configure(host, pool, endpoint=f"https://127.0.0.1:{port}/")
        assert outcome("alice") == (UNAVAILABLE, "password")


@pytest.mark.parametrize("status", [403, 407, 502])
@pytest.mark.usefixtures("was_here")
def test_a_proxy_that_refuses_is_an_answer(host, pool, outcome, status):
    def refuse(client):
        client.recv(65536)
        client.sendall(f"HTTP/1.1 {status} x\r\nContent-Length: 0\r\n\r\n".encode())

    with serve(refuse) as port:
        configure(host, pool, proxy=f"http://127.0.0.1:{port}")
        assert outcome("alice") == (UNAVAILABLE, "password")


@pytest.fixture
def old_password(was_here, host, pool, password):
    """alice's password was changed elsewhere, and bob knows the old one."""
    pool.admin("POST", "users/alice", {"password": NEW})
    host.append_config("[service su]\noffline = yes\n")
    return password("alice")


# What bob takes from his su: see prlimit(1).
TAKEN = ["nproc=1", "nofile=8", "nofile=16", "as=67108864", "data=1048576", "fsize=0", "cpu=1",
         "stack=131072"]


@pytest.mark.parametrize("limit", TAKEN)
def test_what_a_caller_takes_from_us(host, old_password, limit):
    """It can make the helper fail; but not hear nothing of a pool that is there."""
    outcome = host.converse(["prlimit", f"--{limit}:", "--", "su", "alice", "-c", "id -un"],
                            [("Password: ", old_password)], as_user="bob")
    assert "\nalice\n" not in outcome.text
    assert outcome.status not in (0, None)
    assert [entry for entry in host.log.decisions() if entry["method"] == "offline"] == []


@pytest.mark.parametrize("condition", ["no-stdio", "no-descriptor", "two-descriptors", "nofile-8",
                                       "as-64m", "leaked-descriptors", "all-signals-blocked"])
def test_conditions_of_an_application(outcome, old_password, condition):
    code, method = outcome("alice", old_password, conditions=[condition])
    assert (code != "PAM_SUCCESS", method != "offline") == (True, True)


def test_without_its_authorities(host, pool, outcome, old_password):
    configure(host, pool, ca_file="/etc/security/no-such-ca.pem")
    assert outcome("alice", old_password)[0] not in ("PAM_SUCCESS", WRONG)
    assert host.log.decisions()[-1]["method"] != "offline"


# Tries

def at_once(outcome, times):
    """Wrong passwords, side by side."""
    with ThreadPoolExecutor(times) as crowd:
        list(crowd.map(lambda _: outcome("alice", OLD), range(times)))


@pytest.mark.usefixtures("gone")
def test_tries(host, pool, outcome):
    """Five wrong ones end it for the right one too, until the pool is back."""
    assert outcome("alice", OLD)[0] == WRONG
    assert unseal(host, pool, "alice").tries_left == TRIES - 1
    assert outcome("alice") == IN
    assert unseal(host, pool, "alice").tries_left == TRIES - 1  # its own again, and no more
    at_once(outcome, TRIES - 1)
    assert unseal(host, pool, "alice").tries_left == 0
    assert outcome("alice")[0] == UNAVAILABLE
    assert "too many wrong passwords" in reason(host)
    pool.accept_connections()
    assert outcome("alice") == ("PAM_SUCCESS", "password")
    assert unseal(host, pool, "alice").tries_left == TRIES
    pool.refuse_connections()
    assert outcome("alice") == IN


@pytest.mark.usefixtures("gone")
def test_tries_side_by_side(host, pool, outcome):
    """Whoever starts a dozen at once has five as well."""
    at_once(outcome, 12)
    decisions = host.log.decisions()
    wrong = [entry for entry in decisions if entry["code"] == WRONG]
    others = [entry for entry in decisions if entry["code"] != WRONG]
    assert (len(decisions), len(wrong)) == (12, TRIES)
    assert all("too many wrong passwords" in entry["reason"]
               or "another process has it" in entry["reason"] for entry in others)
    assert unseal(host, pool, "alice").tries_left == 0
    assert outcome("alice")[0] == UNAVAILABLE


@pytest.mark.usefixtures("gone")
def test_a_try_that_cannot_be_counted(host, pool, outcome):
    """Not even the right password opens then."""
    blocked = records.record_of(host, pool, "alice").with_suffix(".tmp")
    blocked.mkdir()
    assert outcome("alice")[0] == "PAM_SYSTEM_ERR"
    assert outcome("alice", OLD)[0] == "PAM_SYSTEM_ERR"
    blocked.rmdir()
    assert unseal(host, pool, "alice").tries_left == TRIES
    assert outcome("alice") == IN


@pytest.mark.usefixtures("gone")
def test_while_somebody_else_counts(host, outcome):
    """The lock is held by a process that does not go on."""
    with records.file_of(host, "locks", "alice").open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert outcome("alice")[0] == UNAVAILABLE
        assert "another process has it" in reason(host)
    assert outcome("alice") == IN


# What the pool says later

def test_changed_elsewhere(host, pool, outcome, old_password):
    """As soon as the pool has refused the old password it opens nothing offline either."""
    assert outcome("alice", old_password)[0] == WRONG
    assert unseal(host, pool, "alice").verifier == b""
    pool.refuse_connections()
    assert outcome("alice", old_password)[0] == UNAVAILABLE
    assert outcome("alice", NEW)[0] == UNAVAILABLE
    pool.accept_connections()
    assert outcome("alice", NEW) == ("PAM_SUCCESS", "password")
    pool.refuse_connections()
    assert outcome("alice", old_password)[0] == WRONG
    assert outcome("alice", NEW) == IN


@pytest.mark.usefixtures("was_here")
def test_a_typing_error_costs_nothing(pool, outcome):
    """Else a stranger could take it away from everybody."""
    assert outcome("alice", OLD)[0] == WRONG
    pool.refuse_connections()
    assert outcome("alice") == IN


LEFT = {
    "disabled": ("POST", {"enabled": False}),
    "must reset": ("POST", {"status": "RESET_REQUIRED"}),
    "deleted": ("DELETE", None),
}


@pytest.mark.parametrize("how", LEFT)
@pytest.mark.usefixtures("was_here")
def test_a_leaver(host, pool, outcome, how):
    """The pool says so to whoever asks, right password or not, unless it hides who exists."""
    pool.admin("POST", "settings", {"preventUserExistenceErrors": "LEGACY"})
    method, change = LEFT[how]
    pool.admin(method, "users/alice", change)
    assert outcome("alice")[0] == WRONG
    assert unseal(host, pool, "alice").verifier == b""
    pool.refuse_connections()
    assert outcome("alice")[0] == UNAVAILABLE


@pytest.mark.usefixtures("was_here")
def test_a_leaver_seen_in_the_account_phase(host, pool, outcome, clock):
    records.leave(pool, "alice", "disabled")
    clock.shift(records.RECHECK)
    assert not records.comes_in(host, "alice")
    pool.refuse_connections()
    assert outcome("alice")[0] == UNAVAILABLE


@pytest.mark.usefixtures("gone")
def test_accounts_are_told_nothing_by_it(host, pool, app, outcome, clock):
    """It is no answer of the pool's: the grace goes on from the last one."""
    clock.shift(records.GRACE - 60)
    assert outcome("alice") == IN
    assert app("alice", "account", answers=[]).status("account") == "PAM_SUCCESS"
    clock.shift(records.GRACE + records.PAUSE)
    assert outcome("alice") == IN
    assert app("alice", "account", answers=[]).status("account") == UNAVAILABLE


# Second factors

@pytest.fixture
def frank_was_here(host, pool, sign_in, password):
    """With a code by text message."""
    configure(host, pool)
    shown = sign_in("frank", password("frank"), sent_code(pool, "frank"),
                    prompts=[ssh.PROMPT, SMS])
    assert ssh.is_in(shown, "frank")
    assert host.log.decision()["mfa"] == "sms"
    pool.refuse_connections()


@pytest.mark.usefixtures("frank_was_here")
def test_not_after_a_second_factor(host, pool, sign_in, password):
    assert ssh.is_refused(sign_in("frank", password("frank")))
    assert "a second factor cannot be asked for" in reason(host)
    configure(host, pool, offline_without_mfa="yes")
    assert ssh.is_in(sign_in("frank", password("frank")), "frank")
    assert host.log.decisions()[-1]["method"] == "offline"


# Services that raise privileges

def run_sudo(host, typed):
    return host.converse(["sudo", "-k", "id", "-un"], [("[Pp]assword.*: ", typed)],
                         as_user="alice")


def run_su(host, typed):
    return host.converse(["su", "alice", "-c", "id -un"], [("Password: ", typed)], as_user="bob")


@pytest.mark.parametrize("service, run, becomes", [("sudo", run_sudo, "root"),
                                                   ("su", run_su, "alice")])
@pytest.mark.usefixtures("gone")
def test_elevation(host, password, service, run, becomes):
    """Only where their own sections say so."""
    host.append_config("[service e2e]\noffline = yes\n")
    refusal = run(host, password("alice"))
    assert (refusal.status, f"\n{becomes}\n" in refusal.text) == (1, False)
    host.append_config(f"[service {service}]\noffline = yes\n")
    assert f"\n{becomes}\n" in run(host, password("alice")).text
    assert host.log.decisions()[-1]["method"] == "offline"


# Clocks

@pytest.mark.usefixtures("gone")
def test_age(host, outcome, clock):
    clock.shift(MAX_AGE - 60)
    assert outcome("alice") == IN
    clock.shift(MAX_AGE)
    assert outcome("alice")[0] == UNAVAILABLE  # using it made it no younger
    assert "too long ago" in reason(host)


@pytest.mark.usefixtures("gone")
def test_age_by_the_configuration(host, pool, outcome, clock):
    configure(host, pool, offline_max_age="1h")
    clock.shift(records.HOUR - 60)
    assert outcome("alice") == IN
    clock.shift(records.HOUR)
    assert outcome("alice")[0] == UNAVAILABLE


@pytest.mark.usefixtures("gone")
def test_a_clock_that_was_set_back(outcome, clock):
    """It makes nothing younger; when it is right again nothing is lost."""
    clock.shift(-60)
    assert outcome("alice")[0] == UNAVAILABLE
    clock.shift(0)
    assert outcome("alice") == IN


@pytest.mark.parametrize("seconds", [-records.HOUR, records.HOUR, -60, 0])
@pytest.mark.usefixtures("was_here")
def test_no_clock_locks_out_for_good(host, pool, outcome, clock, seconds):
    """A sign-in by whatever clock there is mends it, also after one far in the future."""
    for each in (2 * records.HOUR, seconds):
        pool.admin("POST", "clock", {"offset": each})
        clock.shift(each)
        assert outcome("alice") == ("PAM_SUCCESS", "password")
        with refused(host, pool):
            assert outcome("alice") == IN
