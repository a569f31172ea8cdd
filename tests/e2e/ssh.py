# SPDX-License-Identifier: MIT
"""Signing in to the private host with the ssh client, from outside, as people do."""

import terminal

KEYBOARD = "keyboard-interactive"
PASSWORD = "password"
PUBLICKEY = "publickey"
PROMPT = r"[Pp]assword: $"

OPTIONS = {
    "StrictHostKeyChecking": "no",
    "UserKnownHostsFile": "/dev/null",
    "GlobalKnownHostsFile": "/dev/null",
    "NumberOfPasswordPrompts": "1",
    "IdentitiesOnly": "yes",
    "LogLevel": "ERROR",
}


def argv(host, user, command, method=KEYBOARD, **options):
    chosen = {**OPTIONS, "PreferredAuthentications": method,
              "PubkeyAuthentication": "yes" if method == PUBLICKEY else "no", **options}
    if method == PUBLICKEY:
        chosen["IdentityFile"] = "/etc/ssh/client_key"
    line = ["ssh", "-F", "none", "-p", str(host.sshd_port)]
    for name, value in chosen.items():
        line += ["-o", f"{name}={value}"]
    line += [f"{user}@127.0.0.1", command]
    return host.argv(*line)


def sign_in(host, user, *answers, method=KEYBOARD, prompts=None, command="echo in as $(id -un)",
            watch=terminal.ignore, **options):
    """Sign in; answers are typed at the prompts, which are password prompts unless given."""
    host.start_sshd()
    steps = list(zip(prompts or [PROMPT] * len(answers), answers))
    return terminal.converse(argv(host, user, command, method, **options), steps, watch=watch)


def is_in(outcome, user):
    return outcome.status == 0 and f"in as {user}\n" in outcome.text


def is_refused(outcome):
    text = outcome.text
    return outcome.status == 255 and "Permission denied" in text and "in as" not in text
