# SPDX-License-Identifier: MIT
"""What comes after a sign-in: sudo again, a login by key; and a host with many users.

Goals: sudo without a question, or without the pool, takes at most 0.6 of pam_unix's CPU with
yescrypt; asking the pool again at most 1.25 of the reference client's; a fresh record a few
milliseconds. The CPU that sudo or pamtester take themselves does not count. 100,000 users who have
signed in change nothing of that: it is all measured with a store of one and one of as many, in
turn.
"""

import ctypes
import os

import inside
import people
from cpu import Seat, measure, rounds, wire

SUDO_GOAL = 0.60
REFRESH_GOAL = 1.25
FRESH_GOAL_MS = 5
USERS = 100_000
MORE_GOAL = 1.10  # with noise
STORES = {"one": "/var/lib/pam_cognito", "many": "/var/lib/pam_cognito_many"}

OURS = ("auth required pam_cognito.so", "account required pam_cognito.so")
UNIX = ("auth required pam_unix.so", "account required pam_unix.so")
ALONE = ("auth required pam_permit.so", "account required pam_permit.so")


def yescrypt(password):
    """As Debian's passwd makes it."""
    library = ctypes.CDLL("libcrypt.so.1")
    library.crypt.restype = ctypes.c_char_p
    return library.crypt(password.encode(), b"$y$j9T$abcdefghijklmnopqrstu.").decode()


def prepare(host, password):
    """alice may use sudo, and has her password here too; there is a second store."""
    host.write("/etc/sudoers", "Defaults lecture=never, timestamp_timeout=0\nalice ALL=(ALL) ALL\n",
               0o440)
    shadow = host.path("/etc/shadow")
    text = shadow.read_text(encoding="utf-8")
    shadow.write_text(text.replace("alice:!:", f"alice:{yescrypt(password)}:"), encoding="utf-8")
    inside.make_state(host.path(STORES["many"]))
    host.pam("bench-account", OURS[1])
    host.pam("bench-alone", ALONE[1])


def fill(host, store):
    """What as many users leave behind, as far as alice's sign-ins could notice."""
    for part in ("bindings", "records", "locks"):
        directory = host.path(f"{store}/{part}")
        like = next(directory.iterdir()).read_bytes()
        for number in range(USERS):
            descriptor = os.open(f"{directory}/{number:064x}", os.O_WRONLY | os.O_CREAT | os.O_EXCL,
                                 0o600)
            os.write(descriptor, like)
            os.fchown(descriptor, people.RUN_AS.uid, people.RUN_AS.gid)
            os.close(descriptor)


class Scenes:
    """Functions that measure one thing each."""

    def __init__(self, host, pool, seat):
        self.host = host
        self.pool = pool
        self.seat = seat

    def sudo(self, stack, asks, store="one", reauth="password"):
        def run():
            self.host.pam("sudo", *stack, "session required pam_permit.so")
            self.host.configure(self.pool, state_dir=STORES[store])
            self.host.append_config(f"[service sudo]\noffline = yes\nreauth = {reauth}\n"
                                    "reauth_max_age = 1d\n")
            return self.seat.measure("sudo true", asks)
        return run

    def ticket(self, store):
        return self.sudo(OURS, False, store, "refresh")

    def offline(self, store):
        sample = self.sudo(OURS, True, store)

        def run():
            self.pool.refuse_connections()
            try:
                return sample()
            finally:
                self.pool.accept_connections()
                self.end_pause()
        return run

    def end_pause(self):
        """Ask the pool again at once."""
        for path in self.host.path("/run/pam_cognito").glob("pause-*"):
            path.unlink()

    def sign_in(self, store):
        """Leaves a record, a verifier and a ticket."""
        self.sudo(OURS, True, store, "refresh")()

    def account(self, service, store="one", **keys):
        def run():
            self.host.configure(self.pool, state_dir=STORES[store], **keys)
            return measure(self.host.argv("/usr/bin/pamtester", service, "alice", "acct_mgmt"))
        return run

    def fresh(self, store):
        return self.account("bench-account", store)

    def stale(self, store):
        return self.account("bench-account", store, account_recheck="0")


def refresh_token(pool):
    status, reply = pool.call("InitiateAuth", {
        "AuthFlow": "USER_PASSWORD_AUTH", "ClientId": pool.client_id(),
        "AuthParameters": {"USERNAME": "alice", "PASSWORD": pool.user("alice")["password"]}})
    if status != 200:
        raise SystemExit(f"bench: no refresh token: {reply}")
    return reply["AuthenticationResult"]["RefreshToken"]


def all_scenes(scenes, reference):
    samples = {
        "sudo alone": scenes.sudo(ALONE, False),
        "pam_unix": scenes.sudo(UNIX, True),
        "account alone": scenes.account("bench-alone"),
        "reference": lambda: measure(reference),
    }
    for store in STORES:
        for name in ("ticket", "offline", "fresh", "stale"):
            samples[name, store] = getattr(scenes, name)(store)
    return samples


def show(name, values, alone, against, goal, seen):
    """One line; the ratio is to what is called against, or the CPU itself without one."""
    one = values[name, "one"] - values[alone]
    many = values[name, "many"] - values[alone]
    yardstick = "" if against is None else f"{against:9.1f} {one / against:8.2f}"
    print(f"{name:10} {one:9.1f} {yardstick:18} {goal:6.2f} {many / one:8.2f} {MORE_GOAL:6.2f}   "
          f"{seen}")


def compare(host, pool, reference, count):
    """`reference` makes the command line of the reference client's refresh of a token."""
    password = pool.user("alice")["password"]
    prepare(host, password)
    seat = Seat(host, "alice", password)
    scenes = Scenes(host, pool, seat)
    for store in STORES:
        scenes.sign_in(store)
    fill(host, STORES["many"])
    samples = all_scenes(scenes, reference(refresh_token(pool)))
    values = rounds(samples, count)
    seen = {name: wire(pool, samples[name, "one"])
            for name in ("ticket", "offline", "fresh", "stale")}
    seat.close()
    unix = values["pam_unix"] - values["sudo alone"]
    print("\nafter a sign-in; more: with 100,000 users in the store, as a ratio")
    print("what            ours   against    ratio   goal     more   goal   wire")
    show("ticket", values, "sudo alone", unix, SUDO_GOAL, seen["ticket"])
    show("offline", values, "sudo alone", unix, SUDO_GOAL, seen["offline"])
    show("fresh", values, "account alone", None, FRESH_GOAL_MS, seen["fresh"])
    show("stale", values, "account alone", values["reference"], REFRESH_GOAL, seen["stale"])
