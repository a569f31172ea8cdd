# SPDX-License-Identifier: MIT
"""Who lives on the private host. Their pool passwords are the local pool's business."""

from dataclasses import dataclass

# Crypted with SHA-512, for the accounts that keep a local password.
LOCAL_PASSWORD = "local-Pass-1"
LOCAL_HASH = ("$6$breakglass$kq7wwNv/rqtJ5JrWQsvb42qW.LgscQDe.BPB"
              "znI6HvvFsWX9kXBJEaJY5Y.bUUM3eFse6eXwmVODT7xnQ2KIq/")


@dataclass(frozen=True)
class Person:
    name: str
    uid: int
    gid: int
    home: str
    shell: str = "/bin/bash"
    hash: str = "!"

    def passwd(self):
        return f"{self.name}:x:{self.uid}:{self.gid}:{self.name}:{self.home}:{self.shell}\n"

    def shadow(self):
        return f"{self.name}:{self.hash}:19700:0:99999:7:::\n"

    def group(self):
        return f"{self.name}:x:{self.gid}:\n"


# Pool users with a local account of the same name; "lonely" is unknown to the pool.
POOL_NAMES = ("alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi", "ivan", "judy",
              "mallory", "olga", "peggy", "ubuntu", "lonely", "nina", "oscar", "quinn", "rita",
              "sybil", "trent", "uma", "victor", "wendy")
PEOPLE = [Person(name, 2001 + n, 2001 + n, f"/home/{name}") for n, name in enumerate(POOL_NAMES)]
# The administrator who must always get in: a key and, at the console, a local password.
KEYADMIN = Person("keyadmin", 1000, 1000, "/home/keyadmin", hash=LOCAL_HASH)
ROOT = Person("root", 0, 0, "/root", hash=LOCAL_HASH)
RUN_AS = Person("_pam-cognito", 990, 990, "/nonexistent", "/usr/sbin/nologin")
EVERYBODY = [ROOT, KEYADMIN, RUN_AS, *PEOPLE]

# Members of groups that are as good as root: see allow_any_pool_user.
GROUPS = {"sudo": ["bob"], "docker": ["peggy"]}


def uid_of(name):
    return next(person.uid for person in EVERYBODY if person.name == name)
