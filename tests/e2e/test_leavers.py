# SPDX-License-Identifier: MIT
"""Who leaves, and what stops working when: docs/leavers.md, as it happens.

Everybody here has an ssh key, so nobody is asked for a password: only the account lines decide.
"""

import fcntl
import time

import pytest

import host as private_host
import records
import ssh
from records import comes_in, last_account, operations

BY_RULE = {"allow_users": None, "allow_pool_groups": "linux-users"}
LINES = {"lax": private_host.LAX, "strict": private_host.STRICT}
NEVER = "sign in once with your pool password"
# Codes that no documented account line lets pass.
REFUSALS = ("PAM_PERM_DENIED", "PAM_ACCT_EXPIRED", "PAM_SYSTEM_ERR")


@pytest.fixture(params=LINES, ids=list(LINES))
def line(request, host):
    """Both account lines that are documented."""
    if request.param == "strict":
        host.strict_account()
    return request.param


@pytest.fixture
def alice_was_here(host, pool, app):
    """alice has signed in with her password; the pool's group is what lets her in."""
    host.configure(pool, **BY_RULE)
    assert app("alice").status() == "PAM_SUCCESS"
    operations(pool)


def refused(host, user, *codes):
    """Refused by key, and by us: with one of these codes."""
    outcome = records.by_key(host, user)
    return not ssh.is_in(outcome, user) and last_account(host)[0] in codes


# First, second, third login

@pytest.mark.parametrize("how", records.LEAVERS)
@pytest.mark.usefixtures("alice_was_here", "line")
def test_a_leaver_with_a_key(host, pool, clock, how):
    """In until the pool's last answer is five minutes old; then never again, without asking."""
    records.leave(pool, "alice", how)
    clock.shift(records.RECHECK - records.MINUTE)
    assert comes_in(host, "alice")
    assert (last_account(host), operations(pool)) == (("PAM_SUCCESS", "cached"), [])
    clock.shift(records.RECHECK)
    assert refused(host, "alice", records.LEAVERS[how][1])
    assert operations(pool)[0] == records.REFRESH
    for _ in range(2):
        assert refused(host, "alice", records.LEAVERS[how][1])
    assert operations(pool) == []


ADMINS = "[service sudo sudo-i]\nallow_pool_groups = linux-admins\n"


@pytest.mark.usefixtures("line", "nopasswd")
def test_who_leaves_the_group_of_one_service(host, pool, app, clock):
    """sudo ends, for good; ssh goes on by the group it asks for."""
    host.configure(pool, **BY_RULE)
    host.append_config(ADMINS)
    pool.admin("POST", "users/alice", {"groups": ["linux-users", "linux-admins"]})
    assert app("alice").status() == "PAM_SUCCESS"
    assert host.run("sudo", "-n", "id", "-un", as_user="alice").out == "root\n"
    pool.admin("POST", "users/alice", {"groups": ["linux-users"]})
    clock.shift(records.RECHECK)
    for _ in range(2):
        assert host.run("sudo", "-n", "id", "-un", as_user="alice").status != 0
        assert last_account(host) == ("PAM_PERM_DENIED", "-")
        assert comes_in(host, "alice")
        assert last_account(host) == ("PAM_SUCCESS", "cached")
    pool.admin("POST", "users/alice", {"groups": ["linux-users", "linux-admins"]})
    clock.shift(2 * records.RECHECK)
    assert comes_in(host, "alice")
    assert last_account(host) == ("PAM_SUCCESS", "recheck")
    assert host.run("sudo", "-n", "id", "-un", as_user="alice").status != 0
    assert app("alice").status() == "PAM_SUCCESS"
    assert host.run("sudo", "-n", "id", "-un", as_user="alice").out == "root\n"


@pytest.mark.usefixtures("alice_was_here", "line")
def test_a_lock_that_is_never_let_go(host, pool, clock):
    """A process that was stopped while it asked gains its user a minute."""
    records.leave(pool, "alice", "disabled")
    with records.file_of(host, "locks", "alice").open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        clock.shift(records.RECHECK + 30)
        assert comes_in(host, "alice")
        assert last_account(host) == ("PAM_SUCCESS", "cached")
        clock.shift(records.RECHECK + records.MINUTE)
        assert refused(host, "alice", "PAM_AUTHINFO_UNAVAIL")
    assert refused(host, "alice", "PAM_ACCT_EXPIRED")


@pytest.mark.usefixtures("alice_was_here", "line")
def test_a_lost_record_says_what_helps(host, app):
    host.run(private_host.TOOL, "cache", "purge")
    report = app("alice", "account")
    assert report.status("account") == "PAM_PERM_DENIED"
    assert "Sign in once with your pool password" in "\n".join(report.lines)
    assert refused(host, "alice", "PAM_PERM_DENIED")
    assert app("alice").status() == "PAM_SUCCESS"
    assert comes_in(host, "alice")


@pytest.mark.usefixtures("alice_was_here", "line")
def test_who_stays_comes_in(host, pool, clock):
    """The same without leaving: asked once in five minutes."""
    clock.shift(records.RECHECK)
    assert comes_in(host, "alice")
    assert (last_account(host)[1], operations(pool)) == ("recheck", [records.REFRESH])
    assert comes_in(host, "alice")
    assert (last_account(host)[1], operations(pool)) == ("cached", [])
    clock.shift(2 * records.RECHECK)
    assert comes_in(host, "alice")
    assert operations(pool) == [records.REFRESH]


@pytest.mark.usefixtures("alice_was_here", "line")
def test_a_refresh_token_that_expired(host, pool, clock):
    """Thirty days without a password: the pool's clock and ours agree about that."""
    thirty_days = 30 * records.DAY + 1
    pool.admin("POST", "clock", {"offset": thirty_days})
    clock.shift(records.RECHECK)
    assert refused(host, "alice", "PAM_PERM_DENIED")
    assert refused(host, "alice", "PAM_PERM_DENIED")


@pytest.mark.usefixtures("line")
def test_a_used_token_that_comes_back(host, pool, app, clock):
    """Somebody restored an old record, or copied it: with rotation the pool notices."""
    pool.admin("POST", "settings", {"refreshTokenRotation": True})
    assert app("alice").status() == "PAM_SUCCESS"
    record = records.record_of(host, pool, "alice")
    old = record.read_bytes()
    clock.shift(records.RECHECK)
    assert comes_in(host, "alice")
    record.write_bytes(old)
    assert refused(host, "alice", "PAM_PERM_DENIED")
    assert "STOLEN" in host.log.decisions("account")[-1]["reason"]
    assert refused(host, "alice", "PAM_PERM_DENIED")


@pytest.mark.usefixtures("line")
def test_an_answer_that_got_lost(host, pool, app, clock):
    """With rotation the old token is dead, and the new one unknown: a full sign-in mends it."""
    pool.admin("POST", "settings", {"refreshTokenRotation": True})
    assert app("alice").status() == "PAM_SUCCESS"
    pool.admin("POST", "faults", {"match": {"operation": records.REFRESH}, "kind": "close",
                                  "after": True})
    clock.shift(records.RECHECK)
    comes_in(host, "alice")
    clock.shift(records.RECHECK + records.PAUSE)
    assert refused(host, "alice", "PAM_PERM_DENIED")
    assert "reply of the pool's was lost" in host.log.decisions("account")[-1]["reason"]
    assert app("alice").status() == "PAM_SUCCESS"
    assert comes_in(host, "alice")


@pytest.mark.usefixtures("alice_was_here", "line")
@pytest.mark.parametrize("how", ["disabled", "out of the group"])
def test_coming_back(host, pool, clock, app, how):
    """Being in the pool again is not enough: a full sign-in is."""
    records.leave(pool, "alice", how)
    clock.shift(records.RECHECK)
    assert not comes_in(host, "alice")
    records.return_to(pool, "alice")
    assert not comes_in(host, "alice")
    assert app("alice").status() == "PAM_SUCCESS"
    assert comes_in(host, "alice")


# Nothing on the host makes a leaver welcome

def restart(host):
    records.reboot(host)


def purge(host):
    assert host.run(private_host.TOOL, "cache", "purge").status == 0


def damage(host):
    for path in records.files(host, "records"):
        records.flip(path)


def lose_key(host):
    host.path(records.SEAL_KEY).unlink()


def another_key(host):
    host.path(records.SEAL_KEY).write_bytes(bytes(range(32)))


def damage_binding(host):
    records.flip(records.file_of(host, "bindings", "alice"))


def damage_tombstone(host):
    for path in records.files(host, "tombstones"):
        records.flip(path)


def another_client(host):
    config = host.path(private_host.CONFIG)
    text = config.read_text(encoding="utf-8")
    lines = ["client_id = " + "4" * 26 if line.startswith("client_id") else line
             for line in text.splitlines()]
    config.write_text("\n".join(lines) + "\n", encoding="utf-8")


ACCIDENTS = [restart, purge, damage, lose_key, another_key, damage_binding, damage_tombstone,
             another_client]


def name_of(function):
    return function.__name__.replace("_", " ")


def refused_under_both_lines(host, user, *codes):
    """Twice: the first refusal changes nothing for the better."""
    lax = refused(host, user, *codes)
    host.strict_account()
    return lax and refused(host, user, *codes)


WAYS = ["disabled", "deleted", "out of the group"]


@pytest.mark.parametrize("how", WAYS)
@pytest.mark.parametrize("accident", ACCIDENTS, ids=name_of)
@pytest.mark.usefixtures("alice_was_here")
def test_a_known_leaver_after(host, pool, clock, accident, how):
    records.leave(pool, "alice", how)
    clock.shift(records.RECHECK)
    assert refused(host, "alice", records.LEAVERS[how][1])
    operations(pool)
    accident(host)
    assert refused_under_both_lines(host, "alice", *REFUSALS)
    assert operations(pool) == []


# What happens to the host before anybody has noticed that she left, and the PAM code then; without
# one the record is as good as before, and the pool decides.
BEFORE = [(restart, None), (purge, "PAM_PERM_DENIED"), (damage, "PAM_PERM_DENIED"),
          (lose_key, "PAM_SYSTEM_ERR"), (another_key, "PAM_PERM_DENIED"),
          (damage_binding, "PAM_PERM_DENIED"), (another_client, "PAM_PERM_DENIED")]


@pytest.mark.parametrize("how", WAYS)
@pytest.mark.parametrize("accident, code", BEFORE,
                         ids=lambda value: name_of(value) if callable(value) else "")
@pytest.mark.usefixtures("alice_was_here")
def test_an_unknown_leaver_after(host, pool, clock, accident, code, how):
    records.leave(pool, "alice", how)
    accident(host)
    clock.shift(records.RECHECK)
    assert refused_under_both_lines(host, "alice", code or records.LEAVERS[how][1])


# Lost records, of people who stay: one full sign-in, and everything is mended.
MENDED = [restart, purge, damage, another_key]


@pytest.mark.parametrize("accident", MENDED, ids=name_of)
@pytest.mark.usefixtures("alice_was_here", "line")
def test_one_sign_in_mends(host, app, accident):
    accident(host)
    welcome = accident is restart  # it loses nothing that is needed
    assert comes_in(host, "alice") == welcome
    assert app("alice").status() == "PAM_SUCCESS"
    assert comes_in(host, "alice")


@pytest.mark.usefixtures("line")
def test_another_client_is_mended_too(host, pool, app, tmp_path):
    assert app("alice").status() == "PAM_SUCCESS"
    secret = host.write("/etc/security/client-secret", pool.client_secret() + "\n", 0o600)
    try:
        host.configure(pool, client_id=pool.client_id("confidential"),
                       client_secret_file="/etc/security/client-secret")
        assert refused(host, "alice", "PAM_PERM_DENIED")
        assert app("alice").status() == "PAM_SUCCESS"
        assert comes_in(host, "alice")
    finally:
        secret.unlink()


# A host she never used

@pytest.mark.parametrize("how", [None, *WAYS])
def test_a_host_never_used(host, pool, line, how):
    """Lax: nothing is known here, and nothing changes. Strict: nobody was ever let in."""
    host.configure(pool, **BY_RULE)
    if how:
        records.leave(pool, "alice", how)
    for _ in range(2):
        outcome = records.by_key(host, "alice", LogLevel="INFO")
        assert ssh.is_in(outcome, "alice") == (line == "lax")
        assert last_account(host)[0] == "PAM_AUTH_ERR"
        assert NEVER in outcome.text.lower()
    assert operations(pool) == []


def remove_store(host):
    host.run("rm", "-rf", private_host.STATE)


def remove_part(host):
    host.run("rm", "-rf", f"{private_host.STATE}/tombstones")


def open_store(host):
    host.path(private_host.STATE).chmod(0o777)


def give_store_away(host):
    host.run("chown", "alice", f"{private_host.STATE}/bindings")


def link_store(host):
    host.run("mv", private_host.STATE, "/var/lib/elsewhere")
    host.run("ln", "-s", "/var/lib/elsewhere", private_host.STATE)


@pytest.fixture
def elsewhere(host):
    yield
    host.run("rm", "-rf", "/var/lib/elsewhere")


@pytest.mark.parametrize("accident", [remove_store, remove_part, open_store, give_store_away,
                                      link_store], ids=name_of)
@pytest.mark.usefixtures("line", "elsewhere")
def test_a_bad_store_is_not_a_new_host(host, accident):
    """It must not look like one on which nobody was ever refused."""
    accident(host)
    assert refused(host, "alice", "PAM_SYSTEM_ERR")


# Other ways in than ssh

@pytest.fixture
def left(host, pool, clock, app):
    """alice has left, and this host knows."""
    assert app("alice").status() == "PAM_SUCCESS"
    records.leave(pool, "alice", "disabled")
    clock.shift(records.RECHECK)
    assert not comes_in(host, "alice")


@pytest.mark.usefixtures("left")
def test_su_from_root(host):
    assert host.run("su", "alice", "-c", "id -un").out == ""
    assert host.run("su", "bob", "-c", "id -un").out == "bob\n"


@pytest.mark.usefixtures("left", "nopasswd")
def test_sudo_with_nopasswd(host):
    assert host.run("sudo", "id", "-un", as_user="alice").out == ""
    assert host.run("sudo", "id", "-un", as_user="bob").out == "root\n"


@pytest.mark.parametrize("service", ["cron", "atd", "systemd-user"])
@pytest.mark.usefixtures("left")
def test_jobs_of_a_known_leaver_end(host, app, service):
    host.pam(service, "account required pam_cognito.so")
    report = app("alice", "account", service=service, answers=[])
    assert report.status("account") == "PAM_ACCT_EXPIRED"


def test_jobs_of_an_unknown_leaver_go_on(host, pool, app, clock):
    """There the pool is not asked, however old its last answer is."""
    host.pam("cron", "account required pam_cognito.so")
    assert app("alice").status() == "PAM_SUCCESS"
    operations(pool)
    records.leave(pool, "alice", "disabled")
    clock.shift(30 * records.DAY)
    report = app("alice", "account", service="cron", answers=[])
    assert (report.status("account"), last_account(host)[1]) == ("PAM_SUCCESS", "bound")
    assert operations(pool) == []


def test_password_stops_at_once(host, pool, app):
    assert app("alice").status() == "PAM_SUCCESS"
    records.leave(pool, "alice", "disabled")
    assert app("alice").status() == "PAM_AUTH_ERR"


# How long it takes

@pytest.mark.usefixtures("line")
def test_from_disabling_to_refusal(host, pool, app):
    """By the real clock: account_recheck and not more, however often she comes meanwhile."""
    seconds = 2
    host.append_config(f"account_recheck = {seconds}s\n")
    assert app("alice").status() == "PAM_SUCCESS"
    records.leave(pool, "alice", "disabled")
    gone = last_in = tried = time.monotonic()
    while comes_in(host, "alice"):
        last_in, tried = tried, time.monotonic()
        assert last_in < gone + seconds
    print(f"in after {last_in - gone:.1f} s, refused after {tried - gone:.1f} s")
    assert last_account(host)[0] == "PAM_ACCT_EXPIRED"


@pytest.mark.usefixtures("line", "alice_was_here")
def test_a_host_that_asks_each_time(host, pool):
    host.append_config("account_recheck = 0\n")
    assert comes_in(host, "alice")
    records.leave(pool, "alice", "disabled")
    assert refused(host, "alice", "PAM_ACCT_EXPIRED")


@pytest.mark.usefixtures("line", "alice_was_here")
def test_deny_users_does_not_wait(host):
    assert comes_in(host, "alice")
    host.append_config("deny_users = alice\n")
    assert refused(host, "alice", "PAM_PERM_DENIED")


@pytest.mark.usefixtures("line", "alice_was_here")
def test_a_leaver_seen_by_the_tool(host, pool):
    """recheck --all: nobody has to come for the host to know."""
    records.leave(pool, "alice", "disabled")
    assert comes_in(host, "alice")
    assert host.run(private_host.TOOL, "recheck", "--all").status == 1
    assert refused(host, "alice", "PAM_ACCT_EXPIRED")


@pytest.mark.usefixtures("line", "alice_was_here")
def test_another_person_of_the_same_name(host, pool, app, clock):
    """Deleted, and the name given away: the new one is not the old one."""
    records.leave(pool, "alice", "deleted")
    pool.admin("PUT", "users/alice", {"password": "C4n4ry-New-one-1!", "groups": ["linux-users"]})
    clock.shift(records.RECHECK)
    assert refused(host, "alice", "PAM_PERM_DENIED")
    assert app("alice", answers=["C4n4ry-New-one-1!"]).status() == "PAM_PERM_DENIED"
    assert not comes_in(host, "alice")
