# SPDX-License-Identifier: MIT
"""HTTP/1.1 over TLS: one thread per connection, every connection and request in the journal."""

import email.utils
import json
import os
import socket
import struct
import sys
import threading
import traceback
from http.client import responses as PHRASES
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from . import admin, api, fault_effects
from .reply import text_reply

IDLE_SECONDS = 75
HANDSHAKE_SECONDS = 20
LARGEST_BODY = 32 * 1024 * 1024
GOODBYE_SECONDS = 0.5


class Exchange:
    """One connection, and while a request is being answered that request; what faults act on."""

    def __init__(self, pool, sock, handler=None):
        self.pool = pool
        self.socket = sock
        self.handler = handler
        self.entry = None  # the request's entry in the journal
        self._reply = None

    def genuine_reply(self):
        """The pool's own answer; the operation is carried out once, when first asked for."""
        if self._reply is None:
            self._reply = self.handler.answer()
        return self._reply

    def head(self, reply, length):
        """Status line and headers; without a length the body is announced as chunked."""
        if self.entry:
            self.pool.journal.answered(self.entry, reply.status, reply.error)
        size = ("Transfer-Encoding", "chunked") if length is None else ("Content-Length", length)
        alive = "close" if self.handler.close_connection else "keep-alive"
        headers = [("Date", email.utils.formatdate(usegmt=True)),
                   ("Content-Type", reply.content_type), size, ("Connection", alive),
                   *reply.headers]
        lines = [f"HTTP/1.1 {reply.status} {PHRASES.get(reply.status, 'Unknown')}",
                 *(f"{name}: {value}" for name, value in headers), "", ""]
        return "\r\n".join(lines).encode("latin-1")

    def send(self, reply):
        body = b"" if self.handler.command == "HEAD" else reply.body
        self.write(self.head(reply, len(reply.body)) + body)

    def write(self, data):
        self.socket.sendall(data)

    def hang_up(self):
        if self.handler:
            self.handler.close_connection = True

    def reset(self):
        """Drop the connection with a TCP reset."""
        self.hang_up()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.socket.detach())


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS
    disable_nagle_algorithm = True

    def __init__(self, sock, address, server, record):
        self.record = record
        self.pool = server.pool
        self.body = b""
        super().__init__(sock, address, server)

    def handle_any(self):
        exchange = Exchange(self.pool, self.connection, self)
        if not self._read_body(exchange):
            return
        if self.path.startswith("/_admin/"):
            self.record.admin = True
            exchange.send(admin.answer(self.pool, self.command, self.path, self.body))
        else:
            self._serve(exchange)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_OPTIONS = handle_any

    def answer(self):
        return api.answer(self.pool, self.command, self.path, self.headers, self.body)

    def log_message(self, format, *args):
        """Nothing: the journal knows more."""

    def _read_body(self, exchange):
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not length.isdecimal():
            self.close_connection = True
            exchange.send(text_reply("", 411))
            return False
        if int(length) > LARGEST_BODY:
            self.close_connection = True
            exchange.send(text_reply("", 413))
            return False
        self.body = self.rfile.read(int(length))
        return len(self.body) == int(length)

    def _serve(self, exchange):
        operation = api.operation_of(self.headers)
        exchange.entry = self.pool.journal.received(
            self.record, method=self.command, path=self.path, operation=operation,
            headers=dict(self.headers.items()), body=_readable(self.body))
        fault = self.pool.faults.take(stage="request", operation=operation, path=self.path,
                                      method=self.command)
        if fault:
            fault_effects.apply(exchange, fault)
        else:
            exchange.send(exchange.genuine_reply())
        self.server.say(f"{self.command} {self.path} {operation or '-'} "
                        f"{exchange.entry['status']} {exchange.entry['error'] or ''}")


def _readable(body):
    """The body as JSON where it is JSON, else as text."""
    text = body.decode("utf-8", "backslashreplace")
    try:
        return json.loads(text)
    except ValueError:
        return text


def _say_goodbye(tls):
    """End the TLS session properly if the other side is still there; do not wait for it long."""
    try:
        tls.settimeout(GOODBYE_SECONDS)
        tls.unwrap()
    except (OSError, ValueError):
        pass


class Server(ThreadingHTTPServer):
    """Listens on one address. TLS is spoken in the connection's own thread."""

    request_queue_size = 128

    def __init__(self, pool, context, host, port, verbose=False):
        self.pool = pool
        self.context = context
        self.verbose = verbose
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), Handler)

    def server_bind(self):
        if self.address_family == socket.AF_INET6:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()

    @property
    def port(self):
        return self.server_address[1]

    def start(self):
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        self.shutdown()
        self.server_close()

    def say(self, line):
        if self.verbose:
            print(line, file=sys.stderr, flush=True)

    def finish_request(self, sock, address):
        record = self.pool.journal.connected()
        fault = self.pool.faults.take(stage="connect")
        if fault:
            fault_effects.apply(Exchange(self.pool, sock), fault)
            if fault.kind != "delay":
                return
        tls = self._handshake(sock, record)
        if tls:
            with tls:
                Handler(tls, address, self, record)
                _say_goodbye(tls)

    def _handshake(self, sock, record):
        sock.settimeout(HANDSHAKE_SECONDS)
        try:
            tls = self.context.wrap_socket(sock, server_side=True)
        except (OSError, ValueError) as error:
            record.error = str(error)
            return None
        record.tls, record.resumed = tls.version(), tls.session_reused
        return tls

    def handle_error(self, request, client_address):
        """Broken connections are everyday life here; anything else is a mistake in the pool."""
        if not isinstance(sys.exc_info()[1], OSError):
            traceback.print_exc(file=sys.stderr)
