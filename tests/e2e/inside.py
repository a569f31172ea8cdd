# SPDX-License-Identifier: MIT
"""Runs inside a fresh mount namespace, makes it a host of its own, then waits for end of input.

Everything a login reads or writes is a copy in memory: the namespace goes, and nothing stays.
Usage: unshare --mount --propagation private inside.py STAGE EXAMPLES
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import people

PREFIX = "/opt/pam-cognito"
STATE = "/var/lib/pam_cognito"
STATE_PARTS = ("bindings", "records", "tombstones", "locks")
# Directories that start empty. sudo keeps its time stamps in /run, login its records in /var/log.
EMPTY = ("/run", "/home", "/root", "/opt", "/tmp", "/var/lib", "/var/cache", "/var/log",
         "/var/mail", "/var/tmp")
DEVICES = ("null", "zero", "full", "random", "urandom", "tty")

# Debian 12's own, without the modules that would look for a session bus.
COMMON = {
    "common-auth": """\
auth [success=1 default=ignore] pam_unix.so nullok
auth requisite pam_deny.so
auth required pam_permit.so
""",
    "common-account": """\
account [success=1 new_authtok_reqd=done default=ignore] pam_unix.so
account requisite pam_deny.so
account required pam_permit.so
""",
    "common-password": """\
password [success=1 default=ignore] pam_unix.so obscure yescrypt
password requisite pam_deny.so
password required pam_permit.so
""",
    "common-session": "session required pam_unix.so\n",
    "common-session-noninteractive": "session required pam_unix.so\n",
    "other": """\
auth required pam_deny.so
account required pam_deny.so
password required pam_deny.so
session required pam_deny.so
""",
    "su-l": """\
auth include su
account include su
password include su
session include su
""",
}

SSHD_CONFIG = """\
Include /etc/ssh/sshd_config.d/*.conf
ListenAddress 127.0.0.1
HostKey /etc/ssh/e2e_host_key
AuthorizedKeysFile /etc/ssh/keys/%u
PermitRootLogin prohibit-password
PasswordAuthentication yes
MaxStartups 100
PrintMotd no
"""


def mount(*arguments):
    subprocess.run(["/bin/mount", *arguments], check=True)


def private_copy(directory):
    """Replace a directory by a copy in memory."""
    copy = Path("/mnt") / "copy"
    copy.mkdir()
    mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", copy)
    subprocess.run(["/bin/cp", "-a", f"{directory}/.", copy], check=True)
    mount("--move", copy, directory)
    copy.rmdir()


def make_dev():
    """A /dev of our own, so that /dev/log can be there. Devices and terminals are the real ones."""
    new = Path("/mnt") / "dev"
    new.mkdir()
    mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", new)
    for name in DEVICES:
        (new / name).touch()
        mount("--bind", f"/dev/{name}", new / name)
    for name in ("pts", "shm"):
        (new / name).mkdir()
        mount("--rbind", f"/dev/{name}", new / name)
    (new / "ptmx").symlink_to("pts/ptmx")
    (new / "fd").symlink_to("/proc/self/fd")
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        (new / name).symlink_to(f"/proc/self/fd/{number}")
    mount("--move", new, "/dev")


def make_directories():
    mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", "/mnt")  # scratch
    security = Path(os.path.realpath(module_directory()))
    for directory in ("/etc", str(security)):
        private_copy(directory)
    make_dev()
    for directory in EMPTY:
        mode = "1777" if directory in ("/tmp", "/var/tmp") else "755"
        mount("-t", "tmpfs", "-o", f"mode={mode}", "tmpfs", os.path.realpath(directory))
    os.mkdir("/run/sshd", 0o755)
    make_state(Path(STATE))
    Path("/run/utmp").touch()
    for name in ("wtmp", "btmp", "lastlog"):
        Path("/var/log", name).touch()


def make_state(directory):
    """The store's directories as the package makes them."""
    directory.mkdir(0o755)
    for name in STATE_PARTS:
        part = directory / name
        part.mkdir(0o700)
        os.chown(part, people.RUN_AS.uid, people.RUN_AS.gid)


def module_directory():
    triplet = subprocess.run(["gcc", "-print-multiarch"], check=True, capture_output=True,
                             text=True).stdout.strip()
    return f"/usr/lib/{triplet}/security"


def system_lines(path):
    """The lines about the system's own users and groups, by whose ids files are owned."""
    names = {person.name for person in people.EVERYBODY}
    for line in Path(path).read_text(encoding="utf-8").splitlines():
        fields = line.split(":")
        if fields[0] not in names and fields[0] not in people.GROUPS and int(fields[2]) < 1000:
            yield line + "\n"


def make_users():
    everybody = people.EVERYBODY
    passwd = "".join([person.passwd() for person in everybody] + list(system_lines("/etc/passwd")))
    group = "".join([person.group() for person in everybody] + list(system_lines("/etc/group")))
    for number, (name, members) in enumerate(people.GROUPS.items()):
        group += f"{name}:x:{980 - number}:{','.join(members)}\n"
    shadow = "".join(person.shadow() for person in everybody)
    write("/etc/passwd", passwd)
    write("/etc/group", group)
    write("/etc/shadow", shadow, 0o640)
    for name in ("passwd-", "group-", "shadow-", "gshadow", "gshadow-", "subuid", "subgid"):
        Path("/etc", name).unlink(missing_ok=True)
    write("/etc/nsswitch.conf", "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n")
    for person in people.PEOPLE + [people.KEYADMIN]:
        os.mkdir(person.home, 0o700)
        os.chown(person.home, person.uid, person.gid)


def write(path, text, mode=0o644):
    path = Path(path)
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)


def make_etc():
    write("/etc/resolv.conf", "nameserver 127.0.0.1\n")  # nobody answers there
    write("/etc/hosts", f"127.0.0.1 localhost {os.uname().nodename}\n::1 localhost\n")
    write("/etc/sudoers", "Defaults lecture=never, passwd_tries=1\nALL ALL=(ALL:ALL) ALL\n", 0o440)
    shutil.rmtree("/etc/sudoers.d", ignore_errors=True)
    Path("/etc/default").mkdir(exist_ok=True)
    Path("/etc/default/locale").touch()
    write("/etc/environment", "")
    for name in ("nologin", "motd"):
        Path("/etc", name).unlink(missing_ok=True)


def make_pam(examples):
    for old in Path("/etc/pam.d").iterdir():
        old.unlink()
    for name, text in COMMON.items():
        write(f"/etc/pam.d/{name}", text)
    for example in (examples / "pam.d").iterdir():
        shutil.copyfile(example, Path("/etc/pam.d", example.name))


def make_ssh(examples):
    shutil.rmtree("/etc/ssh")
    for directory in ("/etc/ssh", "/etc/ssh/keys", "/etc/ssh/sshd_config.d"):
        os.mkdir(directory, 0o755)
    shutil.copy(examples / "40-pam-cognito.conf", "/etc/ssh/sshd_config.d")
    write("/etc/ssh/sshd_config", SSHD_CONFIG)
    for name in ("e2e_host_key", "client_key"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", f"/etc/ssh/{name}"],
                       check=True)
    for name in ("root", "keyadmin", "alice", "bob"):
        shutil.copyfile("/etc/ssh/client_key.pub", f"/etc/ssh/keys/{name}")


def install(stage):
    """Put what `make install DESTDIR=STAGE` made where it belongs, our module among the others."""
    if not stage.is_dir():
        sys.exit(f"{stage}: nothing is installed there")
    shutil.copytree(stage / PREFIX.lstrip("/"), PREFIX, symlinks=True)
    shutil.copy(next(stage.rglob("pam_cognito.so")), module_directory())


def hold(directory):
    """A path to a directory that stays good when a new mount covers it."""
    return Path(f"/proc/self/fd/{os.open(directory, os.O_PATH)}")


def main():
    os.umask(0o022)
    stage, examples = (hold(directory) for directory in sys.argv[1:])
    make_directories()
    make_users()
    make_etc()
    make_pam(examples)
    make_ssh(examples)
    install(stage)
    print("ready", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
