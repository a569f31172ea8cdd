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
    missed: str = None  # the prompt that never came

    def __contains__(self, text):
        return text in self.text


def finish(child):
    """End the program whatever state it is in; its exit status."""
    if child.isalive():
        child.close(force=True)
    else:
        child.close()
    return child.exitstatus if child.signalstatus is None else -child.signalstatus


def plain(shown):
    return re.sub("\r+\n", "\n", shown)


def converse(argv, steps, timeout=TIMEOUT, started=None):
    """Run argv; for each (prompt pattern, answer) wait and type. Then wait for the end.

    The program may end before all prompts came. `started` is called with the child once it runs.
    """
    child = pexpect.spawn(argv[0], argv[1:], encoding="utf-8", codec_errors="backslashreplace",
                          timeout=timeout, dimensions=(40, 200), env={"PATH": "/usr/sbin:/usr/bin:/bin",
                                                                      "TERM": "dumb"})
    child.delaybeforesend = None
    begun, shown, missed = time.monotonic(), "", None
    if started:
        started(child)
    for number, (prompt, answer) in enumerate(steps):
        matched = child.expect([prompt, pexpect.EOF, pexpect.TIMEOUT])
        shown += child.before + (child.after if matched == 0 else "")
        if matched:
            missed = prompt
            break
        if callable(answer):
            answer = answer(child)
        if answer is HANG_UP:
            return Outcome(finish(child), plain(shown), time.monotonic() - begun)
        if number == 0:
            begun = time.monotonic()
        if answer is not None:
            child.sendline(answer)
    if missed is None and child.expect([pexpect.EOF, pexpect.TIMEOUT]) == 1:
        missed = "the end"
    shown += child.before if isinstance(child.before, str) and missed in (None, "the end") else ""
    seconds = time.monotonic() - begun
    return Outcome(finish(child), plain(shown), seconds, missed)
