# SPDX-License-Identifier: MIT
"""Somebody has been at the store: what is not just as we left it lets nobody in, and stays so.

Only root and our own account can get there at all; every bit and every length is in the unit tests.
"""

import os
import shutil
import socket

import pytest

import host as private_host
import people
import records

PRECIOUS = "/etc/precious"
MACHINE_ID = "/etc/machine-id"
RUN = private_host.RUN
SUCCESS, DENIED, BROKEN = "PAM_SUCCESS", "PAM_PERM_DENIED", "PAM_SYSTEM_ERR"
NEVER = "PAM_AUTH_ERR"  # of somebody who never signed in


@pytest.fixture
def machine_id(host):
    path = host.path(MACHINE_ID)
    before = path.read_bytes() if path.exists() else None
    yield path
    path.unlink(missing_ok=True)
    if before is not None:
        path.write_bytes(before)


@pytest.fixture(autouse=True)
def signed_in(host, app):
    """alice and bob have signed in; and there is a file that must stay as it is."""
    host.write(PRECIOUS, "precious\n", 0o600)
    records.as_run_as(host.path(PRECIOUS))
    for user in ("alice", "bob"):
        assert app(user).status() == SUCCESS
    yield
    host.path(PRECIOUS).unlink()


@pytest.fixture
def account(app):
    def run(user="alice"):
        return app(user, "account", answers=[], timeout=10).status("account")
    return run


@pytest.fixture
def all_of_it(host):
    """Everything that must not change: all_of_it()."""
    def run():
        return (records.snapshot(host), records.snapshot(host, RUN),
                host.path(PRECIOUS).read_bytes(), host.path(PRECIOUS).lstat().st_mode)
    return run


# What can lie in a file's place.

def link(path):
    """To the very file that was here."""
    kept = path.with_name("kept")
    path.rename(kept)
    path.symlink_to(kept.name)


def link_to_precious(path):
    path.unlink(missing_ok=True)
    path.symlink_to(PRECIOUS)


def link_to_nowhere(path):
    path.unlink(missing_ok=True)
    path.symlink_to("/nowhere/at/all")


def second_name(path):
    path.with_name("kept").hardlink_to(path)


def directory(path):
    path.unlink(missing_ok=True)
    path.mkdir()
    records.as_run_as(path, 0o700)


def fifo(path):
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    records.as_run_as(path)


def bound_socket(path):
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as made:
        place = os.open(path.parent, os.O_PATH)
        made.bind(f"/proc/self/fd/{place}/{path.name}")
        os.close(place)
    records.as_run_as(path)


def somebody_elses(path):
    os.chown(path, people.uid_of("alice"), people.uid_of("alice"))


def readable(path):
    path.chmod(0o604)


def writable(path):
    path.chmod(0o660)


def empty(path):
    path.write_bytes(b"")


def endless(path):
    path.write_bytes(path.read_bytes() + bytes(1 << 20))


SPECIAL = [link_to_precious, link_to_nowhere, directory, fifo, bound_socket]
ANY = [link, second_name, somebody_elses, readable, writable, *SPECIAL]
CONTENT = [empty, endless]


def name_of(value):
    return value.__name__.replace("_", " ") if callable(value) else None


def every_case(kinds):
    return pytest.mark.parametrize("damage", kinds, ids=name_of)


# Records

def record(host, pool):
    return records.record_of(host, pool, "alice")


@every_case(ANY + CONTENT)
def test_a_record(host, pool, app, account, all_of_it, damage):
    """No record; with the password all is well again, and what a link led to is as it was."""
    damage(record(host, pool))
    before = all_of_it()
    assert account() == DENIED
    assert all_of_it() == before
    assert account("bob") == SUCCESS
    assert app("alice").status() == SUCCESS
    assert host.path(PRECIOUS).read_bytes() == b"precious\n"
    if damage is not directory:  # that is left where it is
        assert account() == SUCCESS


@pytest.mark.parametrize("at", [0, 6, 7, 8, 19, 20, 35, 36, 100, -1])
def test_a_bit_of_a_record(host, pool, account, all_of_it, at):
    records.flip(record(host, pool), at)
    before = all_of_it()
    assert (account(), all_of_it()) == (DENIED, before)


@pytest.mark.parametrize("length", [1, 7, 8, 20, 35, 36, 37, -1])
def test_a_record_that_was_cut(host, pool, account, all_of_it, length):
    path = record(host, pool)
    path.write_bytes(path.read_bytes()[:length])
    before = all_of_it()
    assert (account(), all_of_it()) == (DENIED, before)


def test_swapped_records(host, pool, account, all_of_it):
    hers, his = record(host, pool), records.record_of(host, pool, "bob")
    kept = hers.read_bytes()
    hers.write_bytes(his.read_bytes())
    his.write_bytes(kept)
    before = all_of_it()
    assert (account(), account("bob"), all_of_it()) == (DENIED, DENIED, before)


def test_a_record_of_another_user_of_the_same_person(host, pool, account):
    """bob's binding is made to name alice's identity: her record is not for his account."""
    binding = records.file_of(host, "bindings", "alice").read_bytes()
    his = records.file_of(host, "bindings", "bob")
    his.write_bytes(binding)
    assert account("bob") == DENIED


def another_machine(path):
    path.write_text("0123456789abcdef0123456789abcdef\n", encoding="utf-8")


def no_machine(path):
    path.unlink(missing_ok=True)


@every_case([another_machine, no_machine])
def test_records_of_another_machine(host, app, account, all_of_it, machine_id, damage):
    machine_id.unlink(missing_ok=True)
    machine_id.write_text("fedcba9876543210fedcba9876543210\n", encoding="utf-8")
    assert (app("alice").status(), account()) == (SUCCESS, SUCCESS)
    damage(machine_id)
    before = all_of_it()
    assert (account(), all_of_it()) == (DENIED, before)


# Bindings: damage refuses, with the password too

def binding(host):
    return records.file_of(host, "bindings", "alice")


@every_case(ANY + CONTENT)
def test_a_binding(host, account, all_of_it, damage):
    damage(binding(host))
    before = all_of_it()
    assert (account(), account("bob"), all_of_it()) == (DENIED, SUCCESS, before)


@every_case([second_name, link_to_nowhere, empty])
def test_a_binding_and_the_password(host, app, all_of_it, damage):
    damage(binding(host))
    before = all_of_it()
    assert (app("alice").status(), all_of_it()) == (DENIED, before)


@pytest.mark.parametrize("at", [0, 20, 40, 100, -70, -2, -1])
def test_a_bit_of_a_binding(host, account, all_of_it, at):
    records.flip(binding(host), at)
    before = all_of_it()
    assert (account(), all_of_it()) == (DENIED, before)


def test_a_damaged_binding_is_ended_by_the_administrator(host, app, account):
    records.flip(binding(host))
    assert host.run(private_host.TOOL, "cache", "forget", "alice").status == 0
    assert (account(), app("alice").status(), account()) == (NEVER, SUCCESS, SUCCESS)


# Tombstones: whatever lies there refuses

@every_case(SPECIAL + [empty])
def test_a_tombstone(host, app, account, all_of_it, damage):
    damage(records.file_of(host, "tombstones", "alice"))
    before = all_of_it()
    assert (account(), all_of_it()) == (DENIED, before)
    assert app("alice").status() == SUCCESS
    assert host.path(PRECIOUS).read_bytes() == b"precious\n"
    assert account() == (DENIED if damage is directory else SUCCESS)


# The seal key

@every_case(ANY + CONTENT)
def test_the_seal_key(host, app, account, all_of_it, damage):
    """Without it sign-ins go on, and keep nothing."""
    path = host.path(records.SEAL_KEY)
    damage(path)
    if not path.is_symlink() and damage is not somebody_elses:
        os.chown(path, 0, 0)
    before = all_of_it()
    assert account() == BROKEN
    assert app("alice").status() == SUCCESS
    assert "seal key" in host.log.decisions()[-1]["reason"]
    assert all_of_it() == before


def test_a_bit_of_the_seal_key(host, account):
    records.flip(host.path(records.SEAL_KEY))
    assert account() == DENIED


# Locks

@every_case(ANY)
def test_a_lock(host, app, account, all_of_it, clock, damage):
    """Nothing is changed without it: a young answer is enough, an old one is not."""
    damage(records.file_of(host, "locks", "alice"))
    before = all_of_it()
    assert account() == SUCCESS
    assert app("alice").status() == SUCCESS
    assert "no record kept" in host.log.decisions()[-1]["reason"]
    clock.shift(records.RECHECK)
    assert account() == BROKEN
    assert all_of_it() == before


# Temporary files

def junk(path):
    path.write_bytes(b"junk")
    records.as_run_as(path)


def open_junk(path):
    path.write_bytes(b"junk")
    path.chmod(0o666)


def name_of_precious(path):
    """A second name, on the file system of the store."""
    kept = path.with_name("kept")
    kept.write_bytes(b"precious\n")
    path.hardlink_to(kept)


@pytest.mark.parametrize("part", ["records", "bindings"])
@every_case([link_to_precious, link_to_nowhere, fifo, bound_socket, junk, open_junk,
             name_of_precious])
def test_a_temporary(host, pool, app, account, part, damage):
    """Left behind, or laid there: it is removed, and what it led to is not written."""
    path = record(host, pool) if part == "records" else binding(host)
    if part == "bindings":
        path.unlink()
        record(host, pool).unlink()
    temporary = path.with_suffix(".tmp")
    damage(temporary)
    assert app("alice").status() == SUCCESS
    assert "no record kept" not in host.log.decisions()[-1]["reason"]
    assert not os.path.lexists(temporary)
    assert account() == SUCCESS
    assert host.path(PRECIOUS).read_bytes() == b"precious\n"
    if damage is name_of_precious:
        assert path.with_name("kept").read_bytes() == b"precious\n"


def test_a_temporary_that_stays(host, pool, app, account, all_of_it):
    """A directory is no half-written file: no new record, the old one goes on."""
    temporary = record(host, pool).with_suffix(".tmp")
    temporary.mkdir()
    before = all_of_it()
    assert app("alice").status() == SUCCESS
    assert "no record kept" in host.log.decisions()[-1]["reason"]
    assert (account(), all_of_it()) == (SUCCESS, before)


# Directories

def gone(path):
    shutil.rmtree(path)


def moved(path):
    """A link to the very directory that was here."""
    kept = path.with_name("kept-directory")
    path.rename(kept)
    path.symlink_to(kept.name)


def a_file(path):
    shutil.rmtree(path)
    path.write_bytes(b"")


def a_fifo(path):
    shutil.rmtree(path)
    os.mkfifo(path)


def open_to_all(path):
    path.chmod(0o777)


def open_to_a_group(path):
    path.chmod(0o770)


PARTS = [f"{records.STORE}/{part}" for part in ("bindings", "records", "tombstones", "locks")]
DIRECTORIES = [records.STORE, *PARTS]
OF_A_BOOT = [RUN, records.TICKETS]


@pytest.fixture
def put_back(host):
    """What host.restore() does not know."""
    yield
    for place in (*DIRECTORIES, *OF_A_BOOT):
        kept = host.path(place).with_name("kept-directory")
        if kept.is_dir():
            shutil.rmtree(kept)


WRONG = [moved, a_file, a_fifo, open_to_all, open_to_a_group, somebody_elses]


@pytest.mark.parametrize("place", DIRECTORIES)
@every_case(WRONG)
@pytest.mark.usefixtures("put_back")
def test_a_directory(host, account, all_of_it, place, damage):
    """Nothing of the store is used, or made; and nobody looks as if he had never been here."""
    damage(host.path(place))
    before = all_of_it()
    assert (account(), account("olga"), all_of_it()) == (BROKEN, BROKEN, before)


@pytest.mark.parametrize("place", DIRECTORIES)
def test_a_directory_and_the_password(host, app, all_of_it, place):
    """Who is bound to whom cannot be told: refused, though the pool said yes."""
    open_to_all(host.path(place))
    before = all_of_it()
    assert (app("alice").status(), all_of_it()) == (BROKEN, before)


@pytest.mark.parametrize("place", OF_A_BOOT)
@every_case(WRONG)
@pytest.mark.usefixtures("put_back")
def test_a_directory_of_a_boot(host, app, account, place, damage):
    """Only tickets and pauses are in it: the log says so, and everybody comes in as before."""
    damage(host.path(place))
    before = records.snapshot(host, RUN)
    assert (account(), account("olga"), app("alice").status()) == (SUCCESS, NEVER, SUCCESS)
    assert records.snapshot(host, RUN) == before
    for decision in host.log.decisions("account") + host.log.decisions("auth")[-1:]:
        assert "no tickets, no pauses: " in decision["reason"]


# A lost store stays lost until an administrator says otherwise

def make_anew(host):
    """The commands of pam_cognito.conf(5)."""
    run_as = private_host.people.RUN_AS.name
    assert host.run("install", "-d", "-o", "root", "-m", "0755", records.STORE).status == 0
    assert host.run("install", "-d", "-o", run_as, "-m", "0700", *PARTS).status == 0


@pytest.mark.parametrize("place", DIRECTORIES)
def test_a_directory_that_is_gone(host, app, account, all_of_it, place):
    """Nobody makes it: neither a stranger at a prompt nor somebody whom the pool knows."""
    gone(host.path(place))
    before = all_of_it()
    assert (account(), account("olga")) == (BROKEN, BROKEN)
    assert app("nobody-here", answers=["x"]).status() != SUCCESS
    assert (app("bob").status(), account(), all_of_it()) == (BROKEN, BROKEN, before)
    assert "is missing: bring the store back" in host.log.decisions("auth")[-1]["reason"]
    make_anew(host)
    assert (app("bob").status(), app("alice").status()) == (SUCCESS, SUCCESS)
    assert (account(), account("olga")) == (SUCCESS, NEVER)


def test_a_leaver_after_a_loss(host, pool, app, clock):
    """What a stranger types at a prompt opens no door to him."""
    clock.shift(records.RECHECK)
    records.leave(pool, "alice", "disabled")
    assert not records.comes_in(host, "alice")
    host.run("rm", "-rf", records.STORE)
    assert not records.comes_in(host, "alice")
    app("nobody-here", answers=["x"])
    assert not records.comes_in(host, "alice")


def test_the_first_store_of_a_host(host, app, account):
    """Nothing at all is there, and never was: a sign-in makes it, the account phase does not."""
    host.run("rm", "-rf", records.STORE, private_host.CACHE)
    assert (account(), host.path(records.STORE).exists()) == (BROKEN, False)
    assert (app("alice").status(), account(), account("olga")) == (SUCCESS, SUCCESS, NEVER)
    modes = [host.path(place).stat().st_mode & 0o7777 for place in DIRECTORIES]
    assert modes == [0o755] + 4 * [0o700]
    assert host.path(f"{private_host.CACHE}/store-made").owner() == "root"
