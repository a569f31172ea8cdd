# SPDX-License-Identifier: MIT
"""A person at a terminal: starts a program on a pty, waits for prompts, types answers."""

import re
import time
from dataclasses import dataclass

import pexpect

TIMEOUT = 40  # seconds; nothing here may take longer
HANG_UP = object()  # in place of an answer: close the terminal


@dataclass
class Outcome:
    status: int        # exit status; minus the signal's number if killed
    text: str          # everything that was shown
    seconds: float     # from the first answer, or from the start, to the end
    begun: float       # the first answer, or the start, by the monotonic clock
    missed: str = None  # the prompt that never came

    def __contains__(self, text):
        return text in self.text


def ignore(kind, text):
    """Watches a conversation without interest: kind is "shown" or "typed"."""


class Conversation:
    """A program on a terminal of its own."""

    def __init__(self, argv, timeout, watch):
        self.watch = watch
        self.shown = ""
        self.begun = time.monotonic()
        self.answers = 0
        self.child = pexpect.spawn(argv[0], argv[1:], timeout=timeout, encoding="utf-8",
                                   codec_errors="backslashreplace", dimensions=(40, 200),
                                   env={"PATH": "/usr/sbin:/usr/bin:/bin", "TERM": "dumb"})
        self.child.delaybeforesend = None

    def wait(self, *patterns):
        """Read until one of the patterns; False if there is a time-out or another end instead."""
        found = self.child.expect([*patterns, pexpect.EOF, pexpect.TIMEOUT])
        text = self.child.before
        if isinstance(self.child.after, str):
            text += self.child.after
        text = re.sub("\r+\n", "\n", text)
        self.shown += text
        self.watch("shown", text)
        return found < len(patterns)

    def wait_for_end(self):
        self.wait()
        return self.child.after is pexpect.EOF

    def type(self, answer):
        if self.answers == 0:
            self.begun = time.monotonic()
        self.answers += 1
        self.watch("typed", answer)
        self.child.sendline(answer)

    def close(self):
        """End the program whatever state it is in; its exit status."""
        self.child.close(force=self.child.isalive())
        if self.child.signalstatus is not None:
            return -self.child.signalstatus
        return self.child.exitstatus

    def outcome(self, missed=None):
        seconds = time.monotonic() - self.begun
        return Outcome(self.close(), self.shown, seconds, self.begun, missed)


def converse(argv, steps, timeout=TIMEOUT, watch=ignore):
    """Run argv; for each (prompt pattern, answer) wait and type. Then wait for the end.

    The program may end before all prompts came. An answer may be a function of the pexpect child
    that gives the answer, None to type nothing, or HANG_UP.
    """
    talk = Conversation(argv, timeout, watch)
    for prompt, answer in steps:
        if not talk.wait(prompt):
            return talk.outcome(missed=prompt)
        if callable(answer):
            answer = answer(talk.child)
        if answer is HANG_UP:
            return talk.outcome()
        if answer is not None:
            talk.type(answer)
    return talk.outcome(missed=None if talk.wait_for_end() else "the end")
