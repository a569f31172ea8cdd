# SPDX-License-Identifier: MIT
"""Command line, start and stop."""

import argparse
import json
import os
import signal
from pathlib import Path

from . import tls
from .server import Server
from .state import Pool

SIGNALS = {signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGUSR2}


def parse_arguments(arguments=None):
    parser = argparse.ArgumentParser(prog="serve", description="A local stand-in user pool.")
    parser.add_argument("--dir", required=True, type=Path, help="where ca.pem and pool.json go")
    parser.add_argument("--port", type=int, default=0, help="TCP port (default: any free one)")
    parser.add_argument("--tls", choices=tls.VARIANTS, default="normal",
                        help="serve with this sound or deliberately bad TLS set-up")
    parser.add_argument("--log-requests", action="store_true",
                        help="write every request to requests.log in the directory, as JSON lines")
    parser.add_argument("--verbose", action="store_true", help="one line per request on stderr")
    return parser.parse_args(arguments)


class Listeners:
    """The same pool on 127.0.0.1 and, where the host has it, ::1."""

    def __init__(self, pool, context, verbose):
        self.make = lambda host, port: Server(pool, context, host, port, verbose)
        self.servers = []

    def open(self, port):
        first = self.make("127.0.0.1", port)
        self.servers = [first]
        try:
            self.servers.append(self.make("::1", first.port))
        except OSError:
            pass  # no IPv6 here
        return first.port

    def start(self):
        for server in self.servers:
            server.start()

    def close(self):
        for server in self.servers:
            server.stop()
        self.servers = []


def write_atomically(path, text):
    temporary = path.with_name(path.name + ".new")
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, path)


def serve_until_stopped(listeners, port):
    """SIGTERM and SIGINT end; SIGUSR1 stops listening, SIGUSR2 listens again on the same port."""
    while True:
        received = signal.sigwait(SIGNALS)
        if received in (signal.SIGTERM, signal.SIGINT):
            return
        if received == signal.SIGUSR1:
            listeners.close()
        elif not listeners.servers:
            listeners.open(port)
            listeners.start()


def main(arguments=None):
    options = parse_arguments(arguments)
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)  # before any thread, which inherit it
    options.dir.mkdir(parents=True, exist_ok=True)
    context = tls.prepare(options.dir, options.tls)
    pool = Pool(options.dir / "requests.log" if options.log_requests else None)
    listeners = Listeners(pool, context, options.verbose)
    port = listeners.open(options.port)
    pool.listen_at(port)
    listeners.start()
    description = json.dumps(pool.description(), indent=2, ensure_ascii=False)
    write_atomically(options.dir / "pool.json", description + "\n")
    serve_until_stopped(listeners, port)
    os._exit(0)  # at once, whatever the connections' threads are doing
