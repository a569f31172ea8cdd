# SPDX-License-Identifier: MIT
"""The first run: real logins on a private host, shown as they happen. ./run-demo starts this.

A scene is a row in SCENES: what it shows, and a function that does it on the stage.
"""

import json
import os
import select
import shlex
import signal
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
for directory in (HERE, HERE.parent / "pool"):
    sys.path.insert(0, str(directory))

import host as private_host  # noqa: E402  (after the paths above)
import people  # noqa: E402
import ssh  # noqa: E402
from localpool import LocalPool  # noqa: E402
from pool import totp  # noqa: E402

NEW_PASSWORD = "C4n4ry-dave-Diamond-1"
COLOURS = {"title": "1", "typed": "36", "hidden": "2;36", "log": "2", "good": "32", "bad": "31"}


class Painter:
    """Writes to the terminal; in colour where that is wanted."""

    def __init__(self, stream=sys.stdout):
        self.stream = stream
        self.colour = stream.isatty() and not os.environ.get("NO_COLOR")

    def style(self, name, text):
        return f"\033[{COLOURS[name]}m{text}\033[0m" if self.colour else text

    def write(self, text):
        self.stream.write(text)
        self.stream.flush()

    def line(self, text="", style=None):
        self.write((self.style(style, text) if style else text) + "\n")


class Stage:
    """The private host, the pool, and what the audience sees of them."""

    def __init__(self, host, pool, painter):
        self.host = host
        self.pool = pool
        self.painter = painter
        self.failed = 0
        self.typed = None  # at the last prompt

    def password(self, name):
        return self.pool.user(name)["password"]

    def code(self, name):
        return totp.code_at(self.pool.user(name)["totpSecret"], int(time.time()) // totp.PERIOD)

    # What is seen

    def watch(self, kind, text):
        """Show a conversation. What is typed at a hidden prompt is shown too, in brackets."""
        if kind == "typed":
            self.typed = text
            self.painter.line(self.painter.style("hidden", f"[{text}]"))
            return
        text = text.lstrip("\r")
        if self.typed is not None:
            # The terminal's own line end, and its echo at prompts that do echo.
            text = text.removeprefix(self.typed).removeprefix("\n")
        self.typed = None
        self.painter.write(text)

    def command(self, line):
        self.painter.line(f"$ {self.painter.style('typed', line)}")

    def expect(self, good):
        self.failed += not good
        if not good:
            self.painter.line("This is not how it should have ended.", "bad")

    # What is done

    def ssh(self, user, *answers, prompts=None, shown="", **options):
        """ssh USER@host, with the answers typed."""
        self.command(f"ssh {user}@host{shown}")
        return ssh.sign_in(self.host, user, *answers, prompts=prompts, watch=self.watch, **options)

    def show_log(self):
        for line in self.host.log.ours():
            self.painter.line(f"  log: {line}", "log")
        self.host.log.clear()


# Scenes

CODE = "Authenticator code: $"
HELLO = 'echo "You are $(id -un) on the host."'


def right_password(stage):
    outcome = stage.ssh("alice", stage.password("alice"), command=HELLO)
    stage.expect("You are alice" in outcome)


def wrong_password(stage):
    outcome = stage.ssh("alice", "not-her-password", command=HELLO)
    stage.expect(ssh.is_refused(outcome))


def sudo(stage):
    password = stage.password("alice")
    outcome = stage.ssh("alice", password, password, shown=" -t sudo id",
                        prompts=[ssh.PROMPT, r"password for alice: $"], command="sudo id",
                        RequestTTY="force")
    stage.expect("uid=0(root)" in outcome)


def authenticator(stage):
    outcome = stage.ssh("carol", stage.password("carol"), stage.code("carol"),
                        prompts=[ssh.PROMPT, CODE], command=HELLO)
    stage.expect("You are carol" in outcome)


def new_password(stage):
    answers = (stage.password("dave"), "yes", NEW_PASSWORD, NEW_PASSWORD)
    prompts = (ssh.PROMPT, "to go on: $", "New password: $", "New password again: $")
    outcome = stage.ssh("dave", *answers, prompts=prompts, command=HELLO)
    stage.expect("You are dave" in outcome)


def not_allowed(stage):
    outcome = stage.ssh("ivan", stage.password("ivan"), command=HELLO)
    stage.expect(ssh.is_refused(outcome))


def pool_down(stage):
    stage.pool.refuse_connections()
    outcome = stage.ssh("alice", stage.password("alice"), command=HELLO)
    stage.expect(ssh.is_refused(outcome))
    outcome = stage.ssh("keyadmin", shown="     # by key", method=ssh.PUBLICKEY, command=HELLO)
    stage.expect("You are keyadmin" in outcome)
    stage.pool.accept_connections()


SCENES = [
    ("Alice signs in with her pool password", right_password),
    ("A wrong password is refused, and the log says why", wrong_password),
    ("sudo asks for the pool password again", sudo),
    ("Carol has an authenticator app", authenticator),
    ("Dave was given a temporary password and has to change it", new_password),
    ("Ivan is a genuine pool user, but no rule of this host lets him in", not_allowed),
    ("The pool is down: the administrator's key does not depend on it", pool_down),
]


# The evening

def set_up(host, pool):
    """As the README tells an administrator to."""
    host.configure(pool, auth_flow=None, timeout=None, allow_users=None,
                   allow_pool_groups="linux-users")
    host.module_arguments("skip_user=keyadmin")
    host.start_sshd()
    host.log.clear()


def introduce(stage):
    painter = stage.painter
    painter.line("A private host with sshd, su and sudo, and a local stand-in for a user pool.")
    painter.line("What is typed stands in [brackets]; the terminal does not show passwords.")
    painter.line(f"\n{private_host.CONFIG}:")
    for line in stage.host.path(private_host.CONFIG).read_text(encoding="utf-8").splitlines():
        painter.line(f"  {line}", "log")


def play(stage):
    for number, (title, scene) in enumerate(SCENES, 1):
        stage.painter.line(f"\n{number}. {title}", "title")
        scene(stage)
        stage.show_log()


# What is worth trying with whom; what the pool says itself is not repeated.
NOTES = {
    "bob": "in group sudo here",
    "carol": "authenticator",
    "dave": "had a temporary password, until the scene above",
    "erin": "disabled",
    "frank": "code by text message",
    "grace": "has not confirmed her sign-up",
    "heidi": "must reset her password: passwd heidi, in the root shell",
    "ivan": "no rule lets him in",
    "judy": "her name in the pool is an id: username_format = {user}@example.com",
    "mallory": "in the pool's group blocked",
    "nina": "code by e-mail",
    "oscar": "chooses among three second factors",
    "peggy": "in group docker here",
    "quinn": "sets up an authenticator, with a QR code",
    "rita": "chooses which second factor to set up",
    "sybil": "must choose a password and give name and telephone number",
    "trent": "a question of the pool's own, with auth_flow = custom",
    "ubuntu": "a stranger who signed up",
    "uma": "no password, with auth_flow = user_auth",
    "victor": "a passkey only: needs a browser",
    "wendy": "must choose a password and set up an authenticator",
}


def describe_user(stage, name):
    return f"{name:8} {stage.password(name):32} {NOTES.get(name, '')}".rstrip()


CODE_OF = """#!/bin/sh
# The code that NAME would have now, from the telephone or in the mail.
exec /usr/bin/python3 -B {demo} --code {pool} "$1"
"""
ASK_POOL = """#!/bin/sh
# A call of the pool's admin interface: PATH, or PATH JSON.
exec /usr/bin/python3 -B {demo} --pool {pool} "$@"
"""
ENTER = """#!/bin/sh
# A root shell inside the private host, or a command there.
[ $# -gt 0 ] || set -- bash
exec {prefix} TERM="$TERM" "$@"
"""


def current_code(pool, name):
    """What a person would read off a telephone or in the mail."""
    secret = pool.admin("GET", f"users/{name}")["totpSecret"]
    if secret:
        return totp.code_at(secret, int(time.time()) // totp.PERIOD)
    return pool.admin("GET", f"codes/{name}")["code"]


def running_pool(directory):
    pool = LocalPool(directory)
    pool.info = json.loads((Path(directory) / "pool.json").read_text(encoding="utf-8"))
    return pool


def print_code(directory, name):
    return current_code(running_pool(directory), name)


def ask_pool(directory, path, body=None):
    reply = running_pool(directory).admin("POST" if body else "GET", path,
                                          json.loads(body) if body else None)
    return json.dumps(reply, indent=2)


# The scripts' side, in a process of their own.
CALLS = {"--code": print_code, "--pool": ask_pool}


def write_tools(stage):
    """Scripts beside the pool's files; they go when it goes."""
    path = f"{private_host.PREFIX}/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    prefix = shlex.join(stage.host.argv(environment={"PATH": path}))
    call = {"demo": Path(__file__).resolve(), "pool": stage.pool.dir}
    texts = {"code": CODE_OF.format(**call), "pool": ASK_POOL.format(**call),
             "enter": ENTER.format(prefix=prefix)}
    for name, text in texts.items():
        file = stage.pool.dir / name
        file.write_text(text, encoding="utf-8")
        file.chmod(0o755)


def show_log_until_enter(stage):
    """Lines of the log as they come. Ends with Enter, end of input or Ctrl-C."""
    while not select.select([sys.stdin], [], [], 0.3)[0]:
        stage.show_log()


def things_to_try(stage):
    """(what it does, command)"""
    host, pool = stage.host, stage.pool
    port = host.sshd_port
    unknown = "-o UserKnownHostsFile=/dev/null -o StrictHostKeyChecking=no"
    daemon = pool.process.pid
    return [
        ("sign in", f"ssh {unknown} -p {port} alice@127.0.0.1"),
        ("sign in by key (also root, alice, bob)",
         f"ssh {unknown} -i {host.path('/etc/ssh/client_key')} -p {port} keyadmin@127.0.0.1"),
        ("a root shell inside", f"{pool.dir}/enter"),
        ("the tool", f"{pool.dir}/enter pam-cognito test alice --service sshd"),
        ("the configuration", f"$EDITOR {host.path(private_host.CONFIG)}"),
        ("the code a user has or was sent", f"{pool.dir}/code frank"),
        ("no pool any more", f"kill -USR1 {daemon}"),
        ("it is back", f"kill -USR2 {daemon}"),
        ("disable somebody, whom his key then lets in for account_recheck at most",
         f"{pool.dir}/pool users/bob '{{\"enabled\": false}}'"),
    ]


def keep(stage):
    painter = stage.painter
    write_tools(stage)
    painter.line("\nTry it by hand, as root, from another terminal:", "title")
    for what, command in things_to_try(stage):
        painter.line(f"  {what}:")
        painter.line(f"    {command}", "typed")
    painter.line(f"  The pool's pool.json (ids, secrets) and ca.pem are in {stage.pool.dir},")
    painter.line("  what else it can do is in tests/pool/README.md.")
    painter.line("\nUsers, their pool passwords, what is special about them:")
    for person in people.PEOPLE:
        if person.name in stage.pool.info["users"]:
            painter.line(f"  {describe_user(stage, person.name)}".rstrip())
    painter.line("\nThe log follows. Enter or Ctrl-C ends all of it.")
    try:
        show_log_until_enter(stage)
    except KeyboardInterrupt:
        painter.line()


def stop(number, frame):
    raise KeyboardInterrupt


def call_pool(option, *words):
    try:
        print(CALLS[option](*words))
    except RuntimeError as why:
        print(why, file=sys.stderr)
        return 1
    return 0


def main():
    if sys.argv[1:2] and sys.argv[1] in CALLS:
        return call_pool(*sys.argv[1:])
    painter = Painter()
    signal.signal(signal.SIGTERM, stop)
    with LocalPool() as pool, private_host.Host() as host:
        stage = Stage(host, pool, painter)
        set_up(host, pool)
        introduce(stage)
        play(stage)
        if "--keep" in sys.argv[1:]:
            keep(stage)
    if stage.failed:
        painter.line(f"\nNot every scene ended as it should: {stage.failed}", "bad")
        return 1
    painter.line("\nAll of it is gone again. The tests show the rest: ./run-tests", "good")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
