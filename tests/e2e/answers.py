# SPDX-License-Identifier: MIT
"""What people are asked, and what they answer: words of a scenario, until the moment they count."""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "pool"))

from pool import totp  # noqa: E402  (after its directory is on the path)

# Questions, as ssh and others show them.
PASSWORD = r"[Pp]assword: $"
OR_MENU = r"Password \(Enter for other ways\): $"
TOTP = "Authenticator code: $"
SMS = r"Code sent by text message to \+\*+[0-9]{4}: $"
EMAIL = r"Code sent by e-mail to .\*\*\*@.\*\*\*: $"
WRONG = "Wrong code. "
SMS_AGAIN = r"That code has expired; a new one was sent by text message to \+\*+[0-9]{4}: $"
EMAIL_AGAIN = r"That code has expired; a new one was sent by e-mail to .\*\*\*@.\*\*\*: $"
KEY = r"Key: ([A-Z2-7]+)  Code: $"
KEY_AS_TEXT = r"or this key\r?\n([A-Z2-7]+)\r?\nCode it shows: $"
FIRST_WRONG = r"Wrong code\. Code the app shows: $"
ADDRESS = "E-mail address for codes: $"
MUST_CHANGE = "You must choose a new password now. Type yes in full to go on: $"
NEW = r"[Nn]ew password: $"
AGAIN = "New password again: $"
QUESTION = "The sign-in service asks: What is the code word.\r?\nAnswer: $"

NEW_PASSWORD = "C4n4ry-fresh-Fluorite-1"


def authenticator(secret, step=0):
    """What an authenticator shows now, or some steps of 30 s later."""
    return totp.code_at(secret, int(time.time()) // 30 + step)


def menu(title, *options):
    """A menu's question."""
    lines = [title, *(f"  {number}  {option}" for number, option in enumerate(options, 1))]
    return "\r?\n".join(lines) + "\r?\nNumber: $"


def sent_code(pool, user):
    return lambda child: pool.admin("GET", f"codes/{user}")["code"]


def expire(pool, word):
    """The user thinks for too long, then answers."""
    def run(child):
        pool.admin("POST", "expire-sessions", {})
        return word(child) if callable(word) else word
    return run


class Answers:
    """A user's answers by what a scenario calls them; any other word is typed as it is."""

    def __init__(self, pool, user):
        told = pool.user(user)
        code = sent_code(pool, user)
        word = told.get("customAnswers", [""])[0]

        def shown(child):
            return authenticator(told["totpSecret"])

        self.key = None  # of a new authenticator, as it was shown
        self.words = {
            "password": told["password"],
            "code": code,
            "code, too late": expire(pool, code),
            "authenticator": shown,
            "authenticator, too late": expire(pool, shown),
            "first code": self.first_code,
            "wrong first code": lambda child: self.first_code(child) and "000000",
            "short first code": lambda child: self.first_code(child) and "1",
            "code word": word,
            "word, too late": expire(pool, word),
            "new": NEW_PASSWORD,
            "new, too late": expire(pool, NEW_PASSWORD),
        }

    def first_code(self, child):
        if child.match.re.groups:
            self.key = child.match.group(1)
        return authenticator(self.key)

    def steps(self, conversation):
        """A conversation of (question, word), ready for terminal.converse()."""
        return [(question, self.words.get(word, word)) for question, word in conversation]
