# SPDX-License-Identifier: MIT
"""pam-cognito cache and recheck: what sign-ins left here, its end, and who is accepted no more."""

import fcntl
import hashlib
import json
import os
import re
import signal
import subprocess
import time

import pytest

import host as private_host
import people

OK, REFUSED, USAGE, CONFIGURATION, UNAVAILABLE, INTERNAL = range(6)
COMMANDS = [["cache", "list"], ["cache", "forget", "alice"], ["cache", "purge"], ["recheck"]]
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
REFRESH = "GetTokensFromRefreshToken"


@pytest.fixture
def tool(host):
    def run(*arguments, as_user=None):
        return host.run(private_host.TOOL, *arguments, as_user=as_user)
    return run


@pytest.fixture
def rows(tool):
    """The rows of `cache list`, by user."""
    def run(*more):
        done = tool("cache", "list", "--json", *more)
        assert done.status == OK, done.err
        return {row.get("user"): row for row in json.loads(done.out)}
    return run


@pytest.fixture
def enter(app):
    """Sign users in, so that something is left of them."""
    def run(*users):
        for user in users:
            assert app(user).status() == "PAM_SUCCESS"
    return run


@pytest.fixture
def operations(pool):
    """The calls to the pool since the last time."""
    def run():
        entries = pool.requests()["requests"]
        pool.admin("DELETE", "requests")
        return [entry["operation"] for entry in entries if entry["operation"]]
    return run


def files(host, directory):
    return sorted(path for path in host.path(f"{private_host.STATE}/{directory}").iterdir()
                  if not path.name.endswith(".tmp"))


def file_of(host, directory, user):
    return host.path(f"{private_host.STATE}/{directory}/{hashlib.sha256(user.encode()).hexdigest()}")


def flip(path):
    """One bit in the middle; owner and mode stay."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def write_as_run_as(path):
    """A file that could be one of ours, but for what is in it."""
    path.write_text("nothing\n", encoding="utf-8")
    path.chmod(0o600)
    os.chown(path, people.RUN_AS.uid, people.RUN_AS.gid)


# The command line

USAGES = [["cache"], ["cache", "no-such-verb"], ["cache", "list", "alice", "bob"], ["cache", "forget"],
          ["cache", "forget", "alice", "bob"], ["cache", "purge", "alice"],
          ["cache", "list", "--all"], ["recheck", "alice"], ["check-config", "--all"]]


@pytest.mark.parametrize("arguments", USAGES, ids=" ".join)
def test_usage(tool, arguments):
    done = tool(*arguments)
    assert (done.status, done.out) == (USAGE, "")
    assert "try --help" in done.err


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_only_for_root(tool, enter, rows, command):
    enter("alice")
    done = tool(*command, as_user="alice")
    assert (done.status, done.out) == (CONFIGURATION, "")
    assert "root" in done.err
    assert rows()["alice"]["record"] == "usable"


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_broken_configuration(tool, host, command):
    host.append_config("no_such_key = 1\n")
    done = tool(*command)
    assert (done.status, done.out) == (CONFIGURATION, "")
    assert f"{private_host.CONFIG}:" in done.err


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_unsound_store(tool, host, enter, command):
    """Somebody else could have written there."""
    enter("alice")
    host.path(f"{private_host.STATE}/bindings").chmod(0o777)
    done = tool(*command)
    assert (done.status, done.out) == (INTERNAL, "")
    assert "bindings" in done.err


@pytest.mark.parametrize("there", [True, False], ids=["empty store", "no store"])
def test_nobody_has_signed_in(tool, host, there):
    if not there:
        host.run("rm", "-rf", private_host.STATE)
    assert (tool("cache", "list").status, tool("cache", "list").out) == (OK, "")
    assert json.loads(tool("cache", "list", "--json").out) == []
    assert tool("cache", "forget", "alice").status == REFUSED
    assert json.loads(tool("cache", "purge", "--json").out) == {"removed": 0}
    assert (tool("recheck", "--all").status, tool("recheck").out) == (OK, "")
    assert host.path(private_host.STATE).exists() == there


def test_everything_stays_ours(tool, host, enter):
    """What the tool writes, the helper can use: nothing in the store becomes root's."""
    enter("alice", "bob")
    tool("recheck", "--all")
    tool("cache", "forget", "bob")
    tool("cache", "list")
    found = host.run("find", private_host.STATE, "-mindepth", "1", "-not", "-name", "seal.key",
                     "-not", "-user", people.RUN_AS.name)
    assert found.out == ""


# cache list

def test_list(rows, pool, enter):
    enter("bob", "alice")
    listed = rows()
    assert list(listed) == ["alice", "bob"]
    row = listed["alice"]
    assert TIME.fullmatch(row.pop("online")) and TIME.fullmatch(row.pop("interactive"))
    assert row == {"user": "alice", "uid": people.uid_of("alice"),
                   "sub": pool.user("alice")["sub"], "issuer": pool.info["issuer"],
                   "record": "usable", "second_factor": False, "device": False, "offline": False,
                   "tombstone": None, "tombstone_time": None}


def test_list_as_a_table(tool, pool, enter, password):
    enter("alice", "bob")
    done = tool("cache", "list")
    assert done.err == ""
    issuer, titles, alice, bob = done.out.splitlines()
    assert re.fullmatch(r"pool: https://\S+", issuer)
    assert titles.split()[:3] == ["USER", "UID", "RECORD"]
    assert re.fullmatch(
        rf"alice  \d+  usable  {TIME.pattern}  {TIME.pattern}  no   no      no       -        -    "
        rf"{pool.user('alice')['sub']}", alice)
    assert bob.startswith("bob    ")
    assert [line.index("usable") for line in (alice, bob)] == [titles.index("RECORD")] * 2
    assert password("alice") not in done.out


def test_list_one(tool, enter):
    enter("alice", "bob")
    done = tool("cache", "list", "bob", "--json")
    assert [row["user"] for row in json.loads(done.out)] == ["bob"]
    assert "alice" not in tool("cache", "list", "bob").out
    done = tool("cache", "list", "carol")
    assert (done.status, done.out) == (REFUSED, "")
    assert "carol has not signed in on this host" in done.err


def test_list_what_is_remembered(rows, host, pool, enter):
    pool.admin("POST", "settings", {"deviceTracking": "ALWAYS"})
    host.configure(pool, auth_flow="srp", remember_device="yes", offline="yes")
    enter("alice")
    assert (rows()["alice"]["device"], rows()["alice"]["offline"]) == (True, True)


def test_list_without_records(rows, host, pool, enter):
    host.configure(pool, token_cache="no")
    enter("alice")
    row = rows()["alice"]
    assert (row["record"], row["online"], row["offline"]) == ("none", None, None)


def test_list_unusable_records(rows, tool, host, pool, enter):
    """Damaged; of another app client; lost; without the key."""
    enter("alice")
    record, = files(host, "records")
    kept = record.read_bytes()
    flip(record)
    assert rows()["alice"]["record"] == "unusable"
    record.write_bytes(kept)
    host.configure(pool, client_id="4" * 26)
    assert rows()["alice"]["record"] == "unusable"
    host.configure(pool)
    assert rows()["alice"]["record"] == "usable"
    key = host.path(f"{private_host.STATE}/seal.key")
    away = key.rename(key.with_name("away"))
    assert rows()["alice"]["record"] == "unreadable"
    assert "seal key" in tool("cache", "list").err
    away.rename(key)
    record.unlink()
    assert rows()["alice"]["record"] == "lost"


def test_list_damaged_binding(tool, host, enter):
    enter("alice", "bob")
    flip(file_of(host, "bindings", "alice"))
    done = tool("cache", "list", "--json")
    assert done.status == OK and "forget" in done.err
    bob, damaged = json.loads(done.out)
    assert (bob["user"], damaged) == ("bob", {"damaged": file_of(host, "bindings", "alice").name})
    assert tool("cache", "list").out.splitlines()[-1].startswith("damaged=")


def test_list_tombstones(rows, tool, host, pool, enter):
    enter("alice", "bob")
    pool.admin("POST", "users/alice", {"enabled": False})
    assert tool("recheck", "--all").status == REFUSED
    row = rows()["alice"]
    assert (row["tombstone"], row["record"]) == ("disabled in the pool", "ended")
    assert TIME.fullmatch(row["tombstone_time"])
    assert rows()["bob"]["tombstone"] is None
    assert "  disabled in the pool  " in tool("cache", "list").out
    flip(file_of(host, "tombstones", "alice"))
    assert rows()["alice"]["tombstone"] == "damaged"


def test_list_a_user_who_has_no_account_any_more(rows, tool, host, enter):
    enter("alice", "bob")
    passwd = host.path("/etc/passwd")
    kept = passwd.read_text(encoding="utf-8")
    try:
        passwd.write_text(re.sub(r"(?m)^alice:.*\n", "", kept), encoding="utf-8")
        row = rows()["alice"]
        done = tool("recheck", "--all", "--json")
        forgotten = json.loads(tool("cache", "forget", "alice", "--json").out)
    finally:
        passwd.write_text(kept, encoding="utf-8")
    assert (row["uid"], row["record"]) == (None, "unusable")
    assert done.status == OK
    assert [each["result"] for each in json.loads(done.out)] == ["not ours", "accepted"]
    assert (forgotten["binding"], forgotten["record"], forgotten["revoked"]) == (True, True, None)


# cache forget

def test_forget(tool, host, enter, operations):
    enter("alice", "bob")
    operations()
    done = tool("cache", "forget", "alice", "--json")
    assert done.status == OK, done.err
    assert json.loads(done.out) == {"user": "alice", "binding": True, "record": True,
                                    "revoked": True, "tombstone": False}
    assert operations() == ["RevokeToken"]
    assert [len(files(host, name)) for name in ("bindings", "records")] == [1, 1]
    assert tool("cache", "forget", "alice").status == REFUSED
    enter("alice")


def test_forget_in_a_line(tool, enter):
    enter("alice")
    done = tool("cache", "forget", "alice")
    assert done.out == "user=alice binding=yes record=yes revoked=yes tombstone=no\n"
    assert "alice" in done.err


@pytest.mark.parametrize("user", ["bob", "root", "nobody-here", "No One", "../alice", "-x", ""])
def test_forget_somebody_unknown(tool, rows, host, enter, user):
    enter("alice")
    locks = files(host, "locks")
    done = tool("cache", "forget", "--", user)
    assert (done.status, done.out) == (REFUSED, "")
    assert rows()["alice"]["record"] == "usable"
    assert files(host, "locks") == locks


def test_forget_without_the_pool(tool, host, pool, enter):
    """What is here goes all the same, and nobody waits long for it."""
    enter("alice")
    pool.admin("POST", "faults", {"match": {"operation": "RevokeToken"}, "kind": "silence"})
    began = time.monotonic()
    done = tool("cache", "forget", "alice", "--json")
    assert 2 < time.monotonic() - began < 5
    assert done.status == OK and "not revoked" in done.err
    assert json.loads(done.out)["revoked"] is False
    assert files(host, "bindings") + files(host, "records") == []


def test_forget_while_somebody_has_the_lock(tool, rows, host, enter):
    """A dead or stopped holder costs two seconds, and nothing is half removed."""
    enter("alice")
    with file_of(host, "locks", "alice").open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        began = time.monotonic()
        done = tool("cache", "forget", "alice")
        assert time.monotonic() - began < 4
        assert (done.status, done.out, "locks/" in done.err) == (UNAVAILABLE, "", True)
    assert rows()["alice"]["record"] == "usable"
    assert tool("cache", "forget", "alice").status == OK


def test_forget_a_tombstone(tool, host, pool, enter, operations):
    enter("alice")
    pool.admin("POST", "users/alice", {"signedOut": True})
    tool("recheck", "--all")
    assert len(files(host, "tombstones")) == 1
    operations()
    done = tool("cache", "forget", "alice", "--json")
    assert json.loads(done.out) == {"user": "alice", "binding": True, "record": True,
                                    "revoked": None, "tombstone": True}
    assert files(host, "tombstones") + files(host, "records") == []
    assert operations() == []


def test_forget_a_damaged_binding(tool, host, app, enter):
    enter("alice")
    flip(file_of(host, "bindings", "alice"))
    assert app("alice").status() == "PAM_PERM_DENIED"
    done = tool("cache", "forget", "alice", "--json")
    assert json.loads(done.out)["binding"] is True
    assert "purge" in done.err  # whose record is his cannot be told
    enter("alice")


def test_forget_a_damaged_tombstone(tool, host, enter, app):
    enter("alice")
    write_as_run_as(file_of(host, "tombstones", "alice"))
    assert app("alice", "account").status("account") == "PAM_PERM_DENIED"
    done = tool("cache", "forget", "alice", "--json")
    assert json.loads(done.out)["tombstone"] is True
    assert files(host, "tombstones") == []


def test_forget_without_the_key(tool, host, enter):
    enter("alice")
    host.path(f"{private_host.STATE}/seal.key").unlink()
    done = tool("cache", "forget", "alice", "--json")
    assert done.status == OK and "seal key" in done.err
    assert json.loads(done.out)["revoked"] is None
    assert files(host, "records") == []


def test_forget_by_the_configuration_of_a_service(tool, host, pool, enter):
    """--service names whose configuration holds; a section with mistakes is not passed over."""
    enter("alice")
    host.append_config("[service sudo]\ntoken_cache = perhaps\n")
    assert tool("cache", "forget", "alice", "--service", "sudo").status == CONFIGURATION


# cache purge

def test_purge(tool, rows, host, enter, app):
    enter("alice", "bob")
    done = tool("cache", "purge", "--json")
    assert (done.status, json.loads(done.out)) == (OK, {"removed": 2})
    assert "sign in again" in done.err
    assert [rows()[user]["record"] for user in ("alice", "bob")] == ["lost", "lost"]
    assert len(files(host, "bindings")) == 2
    assert app("alice", "account").status("account") == "PAM_PERM_DENIED"
    enter("alice")
    assert rows()["alice"]["record"] == "usable"
    assert tool("cache", "purge").out == "removed=1\n"


def test_purge_lets_a_new_key_be_made(tool, rows, host, enter):
    """While there are records under it, a missing key is not replaced."""
    enter("alice")
    host.path(f"{private_host.STATE}/seal.key").unlink()
    enter("alice")
    assert rows()["alice"]["record"] == "unreadable"
    assert tool("cache", "purge").status == OK
    enter("alice")
    assert rows()["alice"]["record"] == "usable"


# recheck

@pytest.fixture
def recheck(tool):
    """(exit status, {user: row}) of `recheck --json`."""
    def run(*more):
        done = tool("recheck", "--json", *more)
        return done.status, {row["user"]: row for row in json.loads(done.out)}
    return run


def test_recheck_asks_when_the_last_answer_is_old(recheck, host, enter, operations):
    enter("alice", "bob")
    operations()
    status, found = recheck()
    assert (status, [row["method"] for row in found.values()]) == (OK, ["cached", "cached"])
    assert operations() == []
    status, found = recheck("--all")
    assert (status, [row["method"] for row in found.values()]) == (OK, ["recheck", "recheck"])
    assert operations() == [REFRESH, REFRESH]
    host.append_config("account_recheck = 1s\n")
    time.sleep(1.1)
    assert recheck()[0] == OK
    assert operations() == [REFRESH, REFRESH]


def test_recheck_renews_the_record(tool, rows, enter):
    enter("alice")
    before = rows()["alice"]
    time.sleep(1.1)
    assert tool("recheck", "--all").status == OK
    after = rows()["alice"]
    assert after["online"] > before["online"]
    assert after["interactive"] == before["interactive"]


LEAVERS = [
    ("disabled", {"enabled": False}, "disabled in the pool"),
    ("signed out", {"signedOut": True}, "sign-in revoked or expired"),
    ("out of the group", {"groups": []}, "not in an allowed pool group any more"),
    ("deleted", None, "not in the pool any more"),
]


@pytest.mark.parametrize("change, tombstone", [each[1:] for each in LEAVERS],
                         ids=[each[0] for each in LEAVERS])
def test_recheck_finds_who_left(tool, rows, recheck, host, pool, enter, operations, change,
                                tombstone):
    host.configure(pool, allow_users=None, allow_pool_groups="linux-users")
    enter("alice", "bob")
    if change is None:
        pool.admin("DELETE", "users/alice")
    else:
        pool.admin("POST", "users/alice", change)
    done = tool("recheck", "--all")
    assert done.status == REFUSED
    assert done.out.startswith("user=alice result=refused method=- reason=\"")
    assert done.out.count("\n") == 1 and "1 accepted, 1 refused, 0 unknown" in done.err
    assert rows()["alice"]["tombstone"] == tombstone
    operations()
    status, found = recheck()  # known by the tombstone
    assert (status, found["alice"]["result"], found["bob"]["result"]) == (REFUSED, "refused",
                                                                         "accepted")
    assert operations() == []


def test_recheck_with_rotation(tool, pool, enter):
    """The new token of each answer is what the next question needs."""
    pool.admin("POST", "settings", {"refreshTokenRotation": True})
    enter("alice")
    assert [tool("recheck", "--all").status for _ in range(3)] == [OK, OK, OK]


def test_recheck_in_a_hurry(host, pool, enter, tool, rows):
    """Ctrl-C while the pool has rotated a token: its answer is still waited for."""
    pool.admin("POST", "settings", {"refreshTokenRotation": True})
    enter("alice", "bob")
    pool.admin("POST", "faults", {"match": {"operation": REFRESH}, "kind": "delay", "ms": 1000,
                                  "count": 1})
    running = subprocess.Popen(host.argv(private_host.TOOL, "recheck", "--all"),
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    while not any(entry["operation"] == REFRESH for entry in pool.requests()["requests"]):
        time.sleep(0.02)
    running.send_signal(signal.SIGINT)
    running.communicate(timeout=10)
    assert running.returncode == -signal.SIGINT
    assert rows()["alice"]["tombstone"] is None
    assert tool("recheck", "--all").status == OK


def test_recheck_without_the_pool(tool, rows, recheck, pool, enter):
    """Nobody becomes a leaver; a pool that is down is not asked about everybody."""
    everybody = ["alice", "bob", "olga", "peggy"]
    enter(*everybody)
    before = rows()
    pool.refuse_connections()
    status, found = recheck("--all")
    assert (status, {row["result"] for row in found.values()}) == (UNAVAILABLE, {"unknown"})
    assert [row["reason"] for row in found.values()].count("not asked") == 1
    done = tool("recheck", "--all")
    assert (done.status, done.out) == (UNAVAILABLE, "")
    assert "gave up" in done.err and "4 unknown" in done.err
    assert rows() == before
    pool.accept_connections()
    assert recheck("--all")[0] == OK  # at once: no pause of earlier failures counts


def test_recheck_of_a_pool_that_is_down(tool, pool, enter, operations):
    """Three users in a row are what it takes, and each is asked about."""
    enter("alice", "bob", "olga", "peggy")
    operations()
    pool.admin("POST", "faults", {"match": {"operation": REFRESH}, "kind": "close",
                                  "count": None})
    done = tool("recheck", "--all")
    assert (done.status, done.out) == (UNAVAILABLE, "")
    assert "0 accepted, 0 refused, 4 unknown" in done.err
    assert operations() == [REFRESH] * 3


@pytest.mark.parametrize("kind", ["silence", "close"])
def test_recheck_goes_on_when_the_pool_is_back(recheck, pool, enter, kind):
    """No pause of the account phase keeps the next users from being asked about."""
    enter("alice", "bob")
    pool.admin("POST", "faults", {"match": {"operation": REFRESH}, "kind": kind, "count": 1})
    status, found = recheck("--all")
    assert (status, found["alice"]["result"], found["bob"]["result"]) == (UNAVAILABLE, "unknown",
                                                                         "accepted")
    assert recheck("--all")[0] == OK


@pytest.mark.parametrize("number", [1, 2])
def test_mistakes_are_told(tool, host, number):
    host.append_config("".join(f"no_such_key_{n} = 1\n" for n in range(number)))
    said = tool("cache", "list").err
    assert all(f"no_such_key_{n}" in said for n in range(number))
    assert len(said.splitlines()) == (1 if number == 1 else 3)  # the last sums them up


def test_recheck_goes_on_after_a_failure(recheck, pool, enter):
    enter("alice", "bob")
    pool.admin("POST", "users/bob", {"enabled": False})
    pool.admin("POST", "faults", {"match": {"operation": REFRESH}, "kind": "status",
                                  "status": 400, "body": "nonsense", "count": 1})
    status, found = recheck("--all")
    assert (status, found["alice"]["result"], found["bob"]["result"]) == (UNAVAILABLE, "unknown",
                                                                         "refused")


def test_recheck_takes_its_time(tool, pool, enter):
    """All hosts share the pool's quota."""
    enter("alice", "bob", "olga")
    pool.admin("DELETE", "requests")
    tool("recheck", "--all")
    times = [entry["time"] for entry in pool.requests()["requests"]
             if entry["operation"] == REFRESH]
    assert len(times) == 3
    assert min(later - earlier for earlier, later in zip(times, times[1:])) >= 0.24


def test_recheck_without_a_record(tool, recheck, host, enter, operations):
    """There is nothing to ask with: he would be refused."""
    enter("alice", "bob", "olga")
    tool("cache", "purge")
    enter("bob", "olga")
    flip(file_of(host, "bindings", "olga"))
    operations()
    done = tool("recheck")
    assert done.status == REFUSED
    assert [line.split()[0] for line in done.out.splitlines()] == ["user=alice", "user=-"]
    assert file_of(host, "bindings", "olga").name in done.out
    assert recheck()[1]["bob"]["result"] == "accepted"
    assert operations() == []


def test_recheck_by_the_rules_of_a_service(tool, recheck, host, enter, operations):
    enter("alice", "bob")
    host.append_config("[service sudo]\ndeny_users = alice\n[service cron]\nskip_users = bob\n")
    assert recheck()[0] == OK
    status, found = recheck("--service", "sudo")
    assert (status, found["alice"]["result"], found["bob"]["result"]) == (REFUSED, "refused",
                                                                         "accepted")
    operations()
    status, found = recheck("--service", "cron")  # account_recheck is off there
    assert (status, found["alice"]["method"], found["bob"]["result"]) == (OK, "bound", "not ours")
    assert operations() == []
    assert "--all" in tool("recheck", "--service", "cron").err
    assert recheck("--service", "cron", "--all")[0] == OK
    assert operations() == [REFRESH]


def test_recheck_shows_progress_on_a_terminal(host, enter):
    enter("alice", "bob")
    outcome = host.converse([private_host.TOOL, "recheck", "--all"], [])
    assert outcome.status == OK
    assert "1 of 2" in outcome.text and "2 accepted" in outcome.text


HOSTILE = "\x1b[2J\n\"user=bob"


@pytest.mark.parametrize("words, status", [("Refresh Token has been revoked" + HOSTILE, REFUSED),
                                           ("Something else" + HOSTILE, None)])
def test_hostile_words_of_the_pool(tool, pool, enter, words, status):
    """They end neither the line nor the terminal."""
    enter("alice")
    pool.admin("POST", "faults", {"match": {"operation": REFRESH}, "kind": "error", "count": 2,
                                  "type": "NotAuthorizedException", "message": words})
    done = tool("recheck", "--all")
    assert done.status == status or status is None and done.status != OK
    said = done.out + done.err
    assert said.count("\n") == 2 and "\x1b" not in said


@pytest.mark.parametrize("command", [["cache", "list"], ["recheck", "--all"]], ids=" ".join)
def test_a_full_disk_is_no_success(host, enter, command):
    enter("alice")
    done = host.run("sh", "-c", f"exec {private_host.TOOL} {' '.join(command)} --json >/dev/full")
    assert done.status == INTERNAL
