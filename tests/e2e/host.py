# SPDX-License-Identifier: MIT
"""A private host: its own /etc, /dev/log, state directories and sshd in a mount namespace.

Files of the host are reached through host.path(); programs run in it with host.run() and
host.converse(), as an ordinary user with as_user. When the object is closed nothing is left.
"""

import os
import select
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import inside
import people
import terminal
from logbook import Logbook

HERE = Path(__file__).resolve().parent
TOP = HERE.parent.parent
STAGE = Path(os.environ.get("COG_STAGE", TOP / "build" / "tests" / "stage"))

PREFIX = "/opt/pam-cognito"
HELPER = f"{PREFIX}/libexec/pam-cognito/pam-cognito-helper"
TOOL = f"{PREFIX}/sbin/pam-cognito"
CONFIG = "/etc/security/pam_cognito.conf"
POOL_CA = "/etc/security/pool-ca.pem"
CACHE = "/var/cache/pam_cognito"
STATE = inside.STATE
RUN = "/run/pam_cognito"
MODULE = "pam_cognito.so"
ALLOWED = ("alice bob carol dave erin frank grace heidi judy lonely olga peggy "
           "nina oscar quinn rita sybil trent uma victor wendy")

LAX = ("account [success=ok ignore=ignore user_unknown=ignore auth_err=ignore service_err=ignore "
       "default=bad] pam_cognito.so")
STRICT = "account [success=ok ignore=ignore user_unknown=ignore default=bad] pam_cognito.so"
AUTH = "auth [success=done user_unknown=ignore default=die] pam_cognito.so"

START_SECONDS = 20
RUN_SECONDS = 60


@dataclass
class Result:
    status: int
    out: str
    err: str


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Host:
    def __init__(self, stage=STAGE):
        self.stage = stage
        self.holder = None
        self.sshd = None
        self.sshd_port = None
        self.log = None

    # Start and end

    def start(self):
        self.holder = subprocess.Popen(
            ["/usr/bin/unshare", "--mount", "--propagation", "private", "/usr/bin/python3", "-B",
             HERE / "inside.py", self.stage, TOP / "docs" / "examples"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
        ready = select.select([self.holder.stdout], [], [], START_SECONDS)[0]
        if not ready or self.holder.stdout.readline() != b"ready\n":
            self.close()
            raise RuntimeError("the private host did not start")
        self.log = Logbook(self.path("/dev/log"))
        self._keep_pristine()
        return self

    def close(self):
        if self.sshd:
            end(self.sshd)
        for pid in self.processes():
            kill(pid)
        if self.log:
            self.log.close()
        end(self.holder)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.close()

    # Files

    def path(self, name):
        """A file of the host, as this process can open it."""
        return Path(f"/proc/{self.holder.pid}/root") / str(name).lstrip("/")

    def write(self, name, text, mode=0o644):
        path = self.path(name)
        path.unlink(missing_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)
        return path

    def _keep_pristine(self):
        kept = [*self.path("/etc/pam.d").iterdir(), self.path(HELPER)]
        self._pristine = {path: (path.read_bytes(), path.stat().st_mode & 0o7777) for path in kept}

    def restore(self):
        """Undo what a test did to PAM files, helper, configuration, caches and the store."""
        for path in self.path("/etc/pam.d").iterdir():
            if path not in self._pristine:
                path.unlink()
        for path, (data, mode) in self._pristine.items():
            if not path.is_file() or path.is_symlink() or path.read_bytes() != data:
                path.unlink(missing_ok=True)
                path.write_bytes(data)
            os.chown(path, 0, 0)
            path.chmod(mode)
        self.run("rm", "-rf", f"{CONFIG}.d", CONFIG, CACHE, STATE, RUN, f"{HELPER}.mode",
                 f"{HELPER}.record")
        inside.make_state(self.path(STATE))
        self.log.clear()

    # Configuration

    def configure(self, pool, **keys):
        """Write pam_cognito.conf for a pool; a key of None is left out."""
        self.write(POOL_CA, pool.ca_file.read_text(encoding="utf-8"))
        values = {"user_pool_id": pool.info["userPoolId"], "client_id": pool.client_id(),
                  "endpoint": pool.info["endpoint"], "issuer": pool.info["issuer"],
                  "ca_file": POOL_CA, "auth_flow": "password", "allow_users": ALLOWED,
                  "timeout": "10s", **keys}
        lines = [f"{key} = {value}".rstrip() for key, value in values.items() if value is not None]
        return self.write(CONFIG, "\n".join(lines) + "\n")

    def append_config(self, text):
        with self.path(CONFIG).open("a", encoding="utf-8") as file:
            file.write(text)

    def pam(self, service, *lines):
        """Write the PAM file of a service."""
        return self.write(f"/etc/pam.d/{service}", "\n".join(lines) + "\n")

    def module_arguments(self, arguments):
        """Add arguments to every line of our module."""
        self._edit_pam(MODULE, f"{MODULE} {arguments}")

    def strict_account(self):
        self._edit_pam(LAX, STRICT)

    def _edit_pam(self, old, new):
        for path in self.path("/etc/pam.d").iterdir():
            path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")

    # Programs

    def argv(self, *command, as_user=None, environment=None, clean=True):
        """A command line that runs the command in the host."""
        keeper = f"/proc/{self.holder.pid}"
        line = ["/usr/bin/nsenter", f"--mount={keeper}/ns/mnt", f"--root={keeper}/root", "--"]
        home = "/root"
        if as_user:
            line += ["/usr/bin/setpriv", f"--reuid={people.uid_of(as_user)}", f"--regid={as_user}",
                     "--init-groups", "--"]
            home = f"/home/{as_user}"
        variables = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": home, "TERM": "dumb",
                     **(environment or {})}
        line += ["/usr/bin/env", "-i"] if clean else ["/usr/bin/env"]
        line += [f"{name}={value}" for name, value in variables.items()]
        return line + [str(word) for word in command]

    def run(self, *command, as_user=None, environment=None, text="", timeout=RUN_SECONDS):
        """Run without a terminal."""
        done = subprocess.run(self.argv(*command, as_user=as_user, environment=environment),
                              input=text, capture_output=True, text=True, timeout=timeout,
                              start_new_session=True, check=False)
        return Result(done.returncode, done.stdout, done.stderr)

    def converse(self, command, steps, as_user=None, environment=None, **more):
        """Run on a terminal of its own."""
        return terminal.converse(self.argv(*command, as_user=as_user, environment=environment),
                                 steps, **more)

    def start_sshd(self):
        if self.sshd:
            return
        self.sshd_port = free_port()
        self.sshd = subprocess.Popen(
            self.argv("/usr/bin/setpriv", "--pdeathsig", "TERM", "--", "/usr/sbin/sshd", "-D",
                      "-p", str(self.sshd_port)),
            stdin=subprocess.DEVNULL, start_new_session=True)
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.sshd_port)) == 0:
                    return
            time.sleep(0.02)
        raise RuntimeError("sshd did not start")

    # Processes

    def processes(self):
        """Everything that runs in the host, without its keeper and sshd."""
        ours = os.readlink(f"/proc/{self.holder.pid}/ns/mnt")
        keep = {self.holder.pid, self.sshd.pid if self.sshd else None}
        return [pid for pid in all_pids() if pid not in keep and namespace_of(pid) == ours]

    def helpers(self):
        """The helpers that run in the host."""
        return [pid for pid in self.processes() if command_of(pid).startswith("pam-cognito-hel")]

    def wait_until_idle(self, seconds=2):
        """Wait for everything to end; what is still running then."""
        deadline = time.monotonic() + seconds
        while (left := self.processes()) and time.monotonic() < deadline:
            time.sleep(0.02)
        return left


def all_pids():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def namespace_of(pid):
    try:
        return os.readlink(f"/proc/{pid}/ns/mnt")
    except OSError:
        return None


def command_of(pid):
    try:
        return Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def end(process):
    """Stop a child of ours."""
    if process is None:
        return
    if process.stdin:
        process.stdin.close()
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(5)
    if process.stdout:
        process.stdout.close()
