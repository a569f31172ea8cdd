# SPDX-License-Identifier: MIT
"""CPU, user + system, of whole process trees. Only ratios of one run mean anything."""

import os
import re
import statistics
import subprocess

import terminal

QUESTION = r"[Pp]assword[^\r\n]*: $"


def measure(command, answer=""):
    """CPU milliseconds of a process and all it waited for."""
    read, write = os.pipe()
    os.write(write, answer.encode() + b"\n")
    os.close(write)
    process = subprocess.Popen(command, stdin=read, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    os.close(read)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"bench: {command[-4:]} failed with {process.returncode}")
    return (usage.ru_utime + usage.ru_stime) * 1000


class Seat:
    """A user's shell on a terminal of its own, which measures what is run in it."""

    def __init__(self, host, user, password):
        line = host.argv("/bin/bash", "--norc", "--noprofile", as_user=user,
                         environment={"PS1": "$ ", "TIMEFORMAT": "cpu %U %S."})
        self.talk = terminal.Conversation(line, terminal.TIMEOUT, terminal.ignore)
        self.password = password
        self._expect(r"\$ ")

    def _expect(self, pattern):
        if not self.talk.wait(pattern):
            raise SystemExit(f"bench: no {pattern} in:\n{self.talk.shown}")

    def measure(self, command, asks):
        """CPU milliseconds of a command, which must ask for the password or must not."""
        self.talk.shown = ""
        self.talk.type(f"time {command} && echo 'do''ne'")
        end = r"cpu (\S+) (\S+)\.\r\n(done\r\n)?\$ "
        if asks:
            self._expect(QUESTION)
            self.talk.type(self.password)
        self._expect(end)
        user, system, done = re.search(end.replace(r"\r", ""), self.talk.shown).groups()
        if not done or bool(re.search(QUESTION.rstrip("$"), self.talk.shown)) != asks:
            raise SystemExit(f"bench: {command} went another way:\n{self.talk.shown}")
        return (float(user) + float(system)) * 1000

    def close(self):
        self.talk.close()


def rounds(samples, count):
    """The medians of some functions, called in turn; the first round warms up."""
    values = {name: [] for name in samples}
    for number in range(count + 1):
        for name, sample in samples.items():
            value = sample()
            if number > 0:
                values[name].append(value)
    return {name: statistics.median(each) for name, each in values.items()}


def wire(pool, sample):
    """What one of them costs on the wire."""
    pool.admin("DELETE", "requests")
    sample()
    seen = pool.requests()
    gets = sum(request["method"] == "GET" for request in seen["requests"])
    return f"{seen['connections']} connection, {seen['apiCalls']} API, {gets} warm-up GET"
