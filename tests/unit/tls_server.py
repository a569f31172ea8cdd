#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Servers for the tests of the transport. HTTPS servers each with another
certificate or TLS version, all of them with the same replies, which the path
of the request chooses; bare ones that do one thing to whoever connects.

Usage: tls_server.py DIR

Writes DIR/ca.pem, prints a line "NAME PORT" for each server and an empty one,
serves until standard input ends.
"""
import datetime
import ipaddress
import os
import pathlib
import socket
import ssl
import struct
import sys
import threading
import time
import warnings

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

REPLY_MAX = 256 * 1024  # COG_REPLY_MAX
# libcurl knows "localhost" without asking a resolver.
LOCALHOST = [x509.DNSName("localhost"), x509.DNSName("pool.test"),
             x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]


def name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def certificate(subject, issuer, key, issuer_key, names=None, days=1):
    now = datetime.datetime.utcnow()
    builder = (x509.CertificateBuilder()
               .subject_name(name(subject)).issuer_name(name(issuer))
               .public_key(key.public_key())
               .serial_number(x509.random_serial_number())
               .not_valid_before(now - datetime.timedelta(days=3))
               .not_valid_after(now + datetime.timedelta(days=days))
               .add_extension(x509.BasicConstraints(names is None, None), True))
    if names is not None:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), False)
    return builder.sign(issuer_key, hashes.SHA256())


def write_pem(path, *objects):
    parts = []
    for thing in objects:
        if isinstance(thing, x509.Certificate):
            parts.append(thing.public_bytes(serialization.Encoding.PEM))
        else:
            parts.append(thing.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption()))
    path.write_bytes(b"".join(parts))


def new_key():
    return ec.generate_private_key(ec.SECP256R1())


def context(directory, label, ca_key, names, issuer="Test CA", days=1):
    key = new_key()
    if issuer == "self":
        issuer, signer = "localhost", key
    else:
        signer = ca_key
    path = directory / f"{label}.pem"
    write_pem(path, certificate("localhost", issuer, key, signer, names, days), key)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(path)
    return tls


def tls_1_1(tls):
    warnings.simplefilter("ignore", DeprecationWarning)  # that is the point
    tls.set_ciphers("ALL:@SECLEVEL=0")
    tls.minimum_version = tls.maximum_version = ssl.TLSVersion.TLSv1_1
    return tls


class Connection:
    """One connection: reads requests, answers by path."""

    def __init__(self, sock, number):
        self.sock = sock
        self.number = number
        self.requests = 0
        self.buffer = b""

    def receive(self):
        data = self.sock.recv(65536)
        if not data:
            raise ConnectionError
        self.buffer += data

    def read_request(self):
        while b"\r\n\r\n" not in self.buffer:
            self.receive()
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        length = 0
        for line in head.split(b"\r\n")[1:]:
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        while len(self.buffer) < length:
            self.receive()
        body, self.buffer = self.buffer[:length], self.buffer[length:]
        self.requests += 1
        return head, body

    def reply(self, body, status="200 OK", headers=()):
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
        self.sock.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    def stay_silent(self):
        while self.sock.recv(65536):
            pass
        raise ConnectionError

    def serve(self):
        while True:
            head, body = self.read_request()
            what, _, argument = head.split()[1].decode()[1:].partition(":")
            getattr(self, "do_" + what.replace("-", "_"))(argument, head, body)

    # Replies. Those that end the connection raise ConnectionError.

    def do_ok(self, *_):
        self.reply(b"hello")

    def do_status(self, argument, *_):
        self.reply(b"some status", f"{argument} Status")

    def do_count(self, *_):
        self.reply(f"{self.number} {self.requests}".encode())

    def do_echo(self, _, head, body):
        self.reply(head + b"\r\n\r\n" + body)

    def do_error(self, *_):
        self.reply(b'{"__type":"x"}', "400 Bad Request",
                   ["x-amzn-ErrorType: \t NotAuthorizedException:http://a/"])

    def do_error_in_capitals(self, *_):
        self.reply(b"", "400 Bad Request", ["X-AMZN-ERRORTYPE:A"])

    def do_error_too_long(self, *_):
        self.reply(b"", "400 Bad Request", ["x-amzn-ErrorType: " + "A" * 128])

    def do_error_longest(self, *_):
        self.reply(b"", "400 Bad Request", ["x-amzn-ErrorType: " + "A" * 127])

    def do_error_none(self, *_):
        self.reply(b"", "400 Bad Request",
                   ["x-amzn-ErrorTypes: A", "x-amzn-ErrorType:"])

    def do_chunked(self, *_):
        self.sock.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                          b"3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n")

    def do_redirect(self, *_):
        self.reply(b"", "302 Found", ["Location: /ok"])

    def do_cookie(self, *_):
        self.reply(b"", headers=["Set-Cookie: a=b"])

    def do_silent(self, *_):
        self.stay_silent()

    def do_half(self, *_):
        self.sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
        self.stay_silent()

    def do_half_headers(self, *_):
        self.sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Le")
        self.stay_silent()

    def do_truncated(self, *_):
        self.sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
        raise ConnectionError

    def do_truncated_chunk(self, *_):
        self.sock.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                          b"a\r\nhello")
        raise ConnectionError

    def do_nothing(self, *_):
        raise ConnectionError

    def do_garbage(self, *_):
        self.sock.sendall(b"\x00\xff not HTTP at all\r\n\r\n")
        raise ConnectionError

    def do_largest(self, *_):
        self.reply(b"x" * REPLY_MAX)

    def do_too_large(self, *_):
        self.reply(b"x" * (REPLY_MAX + 1))

    def do_endless(self, *_):
        self.sock.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            self.sock.sendall(b"x" * 16384)

    def do_headers(self, argument, *_):
        self.reply(b"", headers=["X-Filler: " + "x" * 1000] * int(argument))

    def do_continues(self, *_):
        while True:
            self.sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")

    def do_delay(self, argument, *_):
        time.sleep(int(argument) / 1000)
        self.do_count()

    def do_goodbye(self, *_):
        self.reply(b"hello")
        raise ConnectionError

    def do_last_words(self, *_):
        self.reply(b"hello")
        self.read_request()
        raise ConnectionError


class Server:
    count = 0
    lock = threading.Lock()

    def __init__(self, label, tls):
        self.tls = tls
        self.listener = socket.create_server(("127.0.0.1", 0))
        print(label, self.listener.getsockname()[1])
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            sock, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=[sock], daemon=True).start()

    def serve(self, sock):
        with Server.lock:
            Server.count += 1
            number = Server.count
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            sock = self.tls.wrap_socket(sock, server_side=True)
            Connection(sock, number).serve()
        except OSError:
            pass
        finally:
            sock.close()


# What bare servers do with a connection once they have read something.

def stay_silent(sock):
    while sock.recv(65536):
        pass


def reset(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def say(data, then=stay_silent):
    def behave(sock):
        sock.sendall(data)
        then(sock)
    return behave


def hang_up(_):
    pass


BARE = {
    "mute": stay_silent,
    "resets": reset,
    "hangs-up": hang_up,
    "half-a-hello": say(b"\x16\x03\x03\x00\x7a\x02"),
    "alert": say(b"\x15\x03\x03\x00\x02\x02\x28", hang_up),
    "proxy-200": say(b"HTTP/1.1 200 OK\r\n\r\n"),
    "proxy-407": say(b"HTTP/1.1 407 Who\r\nContent-Length: 0\r\n\r\n"),
    "proxy-half-a-407": say(b"HTTP/1.1 407 Who\r\nContent-Le"),
    "proxy-502": say(b"HTTP/1.1 502 No\r\nContent-Length: 0\r\n\r\n", hang_up),
}


class BareServer:
    def __init__(self, label, behave):
        self.behave = behave
        self.listener = socket.create_server(("127.0.0.1", 0))
        print(label, self.listener.getsockname()[1])
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            sock, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=[sock], daemon=True).start()

    def serve(self, sock):
        with sock:
            try:
                sock.recv(65536)
                self.behave(sock)
            except OSError:
                pass


def main():
    directory = pathlib.Path(sys.argv[1])
    ca_key = new_key()
    write_pem(directory / "ca.pem",
              certificate("Test CA", "Test CA", ca_key, ca_key, days=2))
    other = [x509.DNSName("other.example")]
    Server("good", context(directory, "good", ca_key, LOCALHOST))
    Server("self-signed", context(directory, "self", ca_key, LOCALHOST, "self"))
    Server("other-ca", context(directory, "ca2", new_key(), LOCALHOST))
    Server("other-name", context(directory, "name", ca_key, other))
    Server("expired", context(directory, "expired", ca_key, LOCALHOST, days=-1))
    Server("tls-1.1", tls_1_1(context(directory, "old", ca_key, LOCALHOST)))
    for label, behave in BARE.items():
        BareServer(label, behave)
    print(flush=True)
    while os.read(0, 1):
        pass


if __name__ == "__main__":
    main()
