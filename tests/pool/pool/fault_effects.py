# SPDX-License-Identifier: MIT
"""What each kind of fault does on the wire. A kind is a function and a row in EFFECTS.

An effect gets the exchange (see server.py) and the fault. Effects that answer in place of the pool
leave the request without effect, unless the fault says "after": then the operation is done and only
its answer is lost.
"""

import base64
import json
import select
import time

from .reply import Reply, api_error
from .tamper import patch, tamper

LONGEST_SILENCE = 120
BLOCK = b"a" * 65536


def apply(exchange, fault):
    time.sleep(fault.option("ms", 0) / 1000 if fault.kind != "drip" else 0)
    if fault.option("after"):
        exchange.genuine_reply()
    EFFECTS[fault.kind](exchange, fault)


def _status(exchange, fault):
    body = fault.option("body", "")
    text = body if isinstance(body, str) else json.dumps(body)
    headers = [tuple(item) for item in fault.option("headers", {}).items()]
    default = 500 if fault.kind == "status" else 200
    exchange.send(Reply(fault.option("status", default),
                        fault.option("contentType", "application/x-amz-json-1.1"),
                        text.encode(), headers))


def _error(exchange, fault):
    exchange.send(api_error(fault.option("type", "InternalErrorException"),
                            fault.option("message", ""), fault.option("status", 400)))


def _silence(exchange, fault):
    """Say nothing until the other side gives up or the faults are cleared."""
    faults = exchange.pool.faults
    generation = faults.generation
    deadline = time.monotonic() + LONGEST_SILENCE
    while time.monotonic() < deadline and faults.generation == generation:
        readable = select.select([exchange.socket], [], [], 0.2)[0]
        if readable and not exchange.socket.recv(65536):
            break
    exchange.hang_up()


def _close(exchange, fault):
    if fault.option("clean"):
        exchange.hang_up()
    else:
        exchange.reset()


def _truncate(exchange, fault):
    reply = exchange.genuine_reply()
    sent = fault.option("bytes", len(reply.body) // 2)
    exchange.write(exchange.head(reply, len(reply.body)) + reply.body[:sent])
    exchange.hang_up()


def _huge_body(exchange, fault):
    left = fault.option("bytes", 100_000_000)
    reply = Reply(status=fault.option("status", 200))
    exchange.write(exchange.head(reply, left) + b'{"x":"')
    left -= 6
    while left > 0:
        exchange.write(BLOCK[:left])
        left -= len(BLOCK)


def _huge_headers(exchange, fault):
    reply = exchange.genuine_reply()
    size = fault.option("bytes", 10_000_000)
    line = fault.option("line", 8000)
    reply.headers += [(f"x-filler-{n}", "a" * line) for n in range(size // line)]
    exchange.send(reply)


def _redirect(exchange, fault):
    exchange.send(Reply(fault.option("status", 302), "text/plain", b"",
                        [("Location", fault.option("url", ""))]))


def _chunked(exchange, fault):
    reply = exchange.genuine_reply()
    size = fault.option("bytes", 16)
    exchange.write(exchange.head(reply, None))
    for start in range(0, len(reply.body), size):
        piece = reply.body[start:start + size]
        exchange.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
    exchange.write(b"0\r\n\r\n")


def _drip(exchange, fault):
    reply = exchange.genuine_reply()
    for byte in exchange.head(reply, len(reply.body)) + reply.body:
        exchange.write(bytes([byte]))
        time.sleep(fault.option("ms", 100) / 1000)


def _delay(exchange, fault):
    exchange.send(exchange.genuine_reply())


def _wire(exchange, fault):
    """Bytes as given, in place of any HTTP."""
    encoded = fault.option("base64")
    exchange.write(base64.b64decode(encoded) if encoded else fault.option("text", "").encode())
    exchange.hang_up()


def _edited(exchange, edit):
    reply = exchange.genuine_reply()
    value = json.loads(reply.body)
    edit(value)
    reply.body = json.dumps(value, ensure_ascii=False).encode()
    exchange.send(reply)


def _json(exchange, fault):
    def edit(value):
        if "replace" in fault.options:
            value.clear()
            value.update(fault.option("replace"))
        patch(value, fault.option("merge", {}))

    _edited(exchange, edit)


def _tamper(exchange, fault):
    _edited(exchange, lambda value: tamper(exchange.pool, value, fault.options))


EFFECTS = {
    "status": _status,
    "raw": _status,
    "error": _error,
    "silence": _silence,
    "close": _close,
    "truncate": _truncate,
    "huge-body": _huge_body,
    "huge-headers": _huge_headers,
    "redirect": _redirect,
    "chunked": _chunked,
    "drip": _drip,
    "delay": _delay,
    "wire": _wire,
    "json": _json,
    "tamper": _tamper,
}
