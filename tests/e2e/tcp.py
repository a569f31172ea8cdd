# SPDX-License-Identifier: MIT
"""A TCP server on loopback that does one thing with every connection."""

import socket
import threading
from contextlib import contextmanager


def _accept(listener, behave):
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_one, args=(connection, behave), daemon=True).start()


def _one(connection, behave):
    with connection:
        try:
            behave(connection)
        except OSError:
            pass  # the other side went away


@contextmanager
def serve(behave):
    """Run behave(connection) for each connection; gives the port."""
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=_accept, args=(listener, behave), daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
