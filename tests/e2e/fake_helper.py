#!/usr/bin/python3 -SE
# SPDX-License-Identifier: MIT
"""Stands in for pam-cognito-helper and behaves as the file NAME.mode beside it says.

Speaks the frames of lib/core/wire.h: version, kind, NUL-terminated strings. A mode is a function.
"""

import os
import signal
import socket
import sys
import time

VERSION = 2
REQUEST, READY, ASK, ANSWER, TELL, VERDICT = range(1, 7)
OK, SYSTEM, COUNT = 0, 2, 1000
PROMPT = REFUSED_TEXT = 1
ECHO_OFF = NO_DEBUG = 0
SUB = "11111111-2222-3333-4444-555555555555"
BUDGET_MS = 1000  # what we say we need; the module adds its slack

module = socket.socket(fileno=0)


def frame(kind, *fields, version=VERSION):
    return bytes([version, kind]) + b"".join(str(field).encode() + b"\0" for field in fields)


def send(kind, *fields):
    module.send(frame(kind, *fields))


def receive():
    return [field.decode() for field in module.recv(65536)[2:].split(b"\0")[:-1]]


class Call:
    def __init__(self):
        self.operation, self.nonce, self.service, self.user = receive()[:4]

    def ready(self):
        send(READY, BUDGET_MS)

    def ask(self):
        send(ASK, ECHO_OFF, PROMPT, "", "", "", "")
        return receive()

    def verdict(self, code=OK, nonce=None, user=None, sub=SUB):
        return (code, nonce or self.nonce, user or self.user, "said so", "fake", sub, "password",
                "", NO_DEBUG)

    def answer(self, *verdict):
        send(VERDICT, *(verdict or self.verdict()))


def honest(call):
    call.ready()
    call.ask()
    call.answer()


# Lies

def wrong_nonce(call):
    call.answer(*call.verdict(nonce="0" * 32))


def short_nonce(call):
    call.answer(*call.verdict(nonce=call.nonce[:-1]))


def wrong_user(call):
    call.answer(*call.verdict(user="root"))


def no_sub(call):
    call.answer(*call.verdict(sub=""))


def unknown_code(call):
    call.answer(*call.verdict(code=COUNT))


def code_in_words(call):
    call.answer(*call.verdict(code="0x0"))


def empty_code(call):
    call.answer(*call.verdict(code=""))


def long_field(call):
    call.answer(*call.verdict(sub="a" * 5000))


def too_few_fields(call):
    send(VERDICT, OK, call.nonce, call.user)


def too_many_fields(call):
    call.answer(*call.verdict(), "more")


def no_final_nul(call):
    module.send(frame(VERDICT, *call.verdict())[:-1])


def other_version(call):
    module.send(frame(VERDICT, *call.verdict(), version=VERSION + 1))


def verdict_twice(call):
    call.answer()
    call.answer()


def verdict_and_more(call):
    call.answer()
    send(TELL, REFUSED_TEXT, "", "", "")


def verdict_and_no_end(call):
    call.ready()
    call.answer()
    time.sleep(60)


def success_by_exit_status(call):
    sys.exit(0)


def refusal_then_success(call):
    call.answer(*call.verdict(code=SYSTEM))
    call.answer()


def ready_twice(call):
    call.ready()
    call.ready()
    call.answer()


def ready_for_ever(call):
    send(READY, 10**9)
    call.answer()


def ready_in_the_past(call):
    send(READY, -1)
    call.answer()


def unknown_kind(call):
    module.send(frame(42, "x"))
    call.answer()


def own_request(call):
    send(REQUEST, call.operation, call.nonce, call.service, call.user, "", 0, "", "", 0, "")
    call.answer()


def unknown_text(call):
    send(ASK, ECHO_OFF, 999, "", "", "", "")
    call.answer()


def empty_frame(call):
    module.send(b"")
    call.answer()


def huge_frame(call):
    send(TELL, PROMPT, "x" * 40000, "", "")
    call.answer()


def garbage(call):
    module.send(os.urandom(100))
    call.answer()


# Bad manners

def killed_while_asking(call):
    call.ready()
    send(ASK, ECHO_OFF, PROMPT, "", "", "", "")
    os.kill(os.getpid(), signal.SIGKILL)


def crashed_after_the_answer(call):
    call.ready()
    call.ask()
    os.kill(os.getpid(), signal.SIGSEGV)


def stopped(call):
    call.ready()
    os.kill(os.getpid(), signal.SIGSTOP)


def silent(call):
    call.ready()
    time.sleep(60)


def never_ready(call):
    time.sleep(60)


def chatter_of_texts(call):
    call.ready()
    while True:
        try:
            module.send(frame(TELL, REFUSED_TEXT, "", "", ""))
        except OSError:
            sys.exit(1)


def chatter_of_questions(call):
    call.ready()
    while True:
        call.ask()


def closes_the_socket(call):
    module.close()
    time.sleep(60)


def exits_at_once(call):
    os._exit(1)


def ignores_signals(call):
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)
    call.ready()
    time.sleep(60)


# And one that only looks round

def record(call):
    with open(f"{sys.argv[0]}.record", "w", encoding="utf-8") as out:
        print("environment", sorted(os.environ), file=out)
        print("descriptors", sorted(int(name) for name in os.listdir("/proc/self/fd")), file=out)
        print("group-leader", os.getpgrp() == os.getpid(), file=out)
        print("session-leader", os.getsid(0) == os.getpid(), file=out)
        with open("/proc/self/status", encoding="utf-8") as status:
            for line in status:
                if line.startswith(("SigBlk", "SigIgn", "SigCgt")):
                    print(*line.split(), file=out)
    honest(call)


with open(f"{sys.argv[0]}.mode", encoding="utf-8") as file:
    globals()[file.read().strip()](Call())
