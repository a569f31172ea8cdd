# SPDX-License-Identifier: MIT
"""What sign-ins leave on the private host, its clocks, and ways in that ask for no password."""

import hashlib
import os
import shutil
import subprocess
import time
from pathlib import Path

import host as private_host
import people
import ssh

HERE = Path(__file__).resolve().parent
STORE = private_host.STATE
TICKETS = f"{private_host.RUN}/tickets"
SEAL_KEY = f"{STORE}/seal.key"
REFRESH = "GetTokensFromRefreshToken"

MINUTE, HOUR, DAY = 60, 3600, 86400
RECHECK = 5 * MINUTE  # the default of account_recheck
GRACE = 24 * HOUR     # of recheck_grace
PAUSE = 30            # between two attempts to reach the pool, in seconds

SHIM = "/opt/shift_clock.so"


# The store

def files(host, part):
    """The files of a part of the store, such as "records"."""
    return sorted(host.path(f"{STORE}/{part}").iterdir())


def file_of(host, part, user):
    """A user's file; only records are named after something else, and need `only`."""
    return host.path(f"{STORE}/{part}/{hashlib.sha256(user.encode()).hexdigest()}")


def record_of(host, pool, user):
    name = f"{pool.info['issuer']}\0{pool.user(user)['sub']}"
    return host.path(f"{STORE}/records/{hashlib.sha256(name.encode()).hexdigest()}")


def flip(path, at=None):
    """One bit, in the middle unless said where; owner and mode stay."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2 if at is None else at] ^= 1
    path.write_bytes(data)


def snapshot(host, place=STORE):
    """Everything below a place: (mode, owner, contents) by name."""
    found = {}
    for directory, names, leaves in os.walk(host.path(place)):
        for name in names + leaves:
            path = Path(directory, name)
            about = path.lstat()
            data = os.readlink(path) if path.is_symlink() else (
                path.read_bytes() if path.is_file() else None)
            key = str(path).split(place, 1)[1]
            found[key] = (about.st_mode, about.st_uid, about.st_gid, about.st_nlink, data)
    return found


def as_run_as(path, mode=0o600):
    os.chown(path, people.RUN_AS.uid, people.RUN_AS.gid, follow_symlinks=False)
    path.chmod(mode)


def reboot(host):
    """What a boot does to us: /run is empty afterwards."""
    host.run("rm", "-rf", private_host.RUN)


# Clocks

def build_clock(target):
    subprocess.run(["gcc", "-std=c17", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-O1",
                    "-fPIC", "-shared", "-o", target, HERE / "shift_clock.c"], check=True)
    return target


class Clock:
    """The clocks the helper reads: the program itself is untouched, see shift_clock.c."""

    def __init__(self, host, built):
        self.host = host
        shutil.copy(built, host.path(SHIM))
        host.write("/etc/ld.so.preload", f"{SHIM}\n")

    def shift(self, seconds, boot=None):
        """From now on it is that much later; the time since boot as well, unless said."""
        boot = seconds if boot is None else boot
        self.host.write("/etc/shift_clock", f"{seconds} {boot}\n")

    def close(self):
        for name in ("/etc/ld.so.preload", "/etc/shift_clock", SHIM):
            self.host.path(name).unlink(missing_ok=True)


# Ways in without a password

def by_key(host, user, **more):
    """An ssh key: only the account lines decide."""
    return ssh.sign_in(host, user, method=ssh.PUBLICKEY, **more)


def comes_in(host, user):
    return ssh.is_in(by_key(host, user), user)


def last_account(host):
    """(code, method) of the last decision in the account phase."""
    decision = host.log.decisions("account")[-1]
    return decision["code"], decision["method"]


def operations(pool):
    """The calls to the pool since the last time."""
    entries = pool.requests()["requests"]
    pool.admin("DELETE", "requests")
    return [entry["operation"] for entry in entries if entry["operation"]]


def wait_for(condition, seconds=10):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


# Leaving

LEAVERS = {
    # How: what happens in the pool, PAM code at the first login that asks, its tombstone.
    "disabled": ({"enabled": False}, "PAM_ACCT_EXPIRED"),
    "deleted": (None, "PAM_PERM_DENIED"),
    "out of the group": ({"groups": []}, "PAM_PERM_DENIED"),
    "signed out": ({"signedOut": True}, "PAM_PERM_DENIED"),
}


def leave(pool, user, how):
    change, _ = LEAVERS[how]
    if change is None:
        pool.admin("DELETE", f"users/{user}")
    else:
        pool.admin("POST", f"users/{user}", change)


def return_to(pool, user, groups=("linux-users",)):
    pool.admin("POST", f"users/{user}", {"enabled": True, "groups": list(groups)})
