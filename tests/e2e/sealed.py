# SPDX-License-Identifier: MIT
"""Opens a sealed record with the host's key, by docs/cache-format.md alone."""

from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

import people
import records

MAGIC = b"COGREC\n\x01"
NONCE = slice(8, 20)
TAG = slice(20, 36)
NUMBER_BYTES, LENGTH_BYTES = 8, 4


@dataclass
class Record:
    refresh_token: bytes
    username: bytes
    device_key: bytes
    device_group_key: bytes
    device_password: bytes
    groups: list
    online: int
    interactive: int
    second_factor: int
    verifier: bytes
    tries_left: int


class Reader:
    def __init__(self, data):
        self.data = data

    def _take(self, count):
        taken, self.data = self.data[:count], self.data[count:]
        assert len(taken) == count
        return taken

    def number(self):
        return int.from_bytes(self._take(NUMBER_BYTES), "big")

    def field(self):
        return self._take(int.from_bytes(self._take(LENGTH_BYTES), "big"))


def number(value):
    return value.to_bytes(NUMBER_BYTES, "big")


def field(value):
    return len(value).to_bytes(LENGTH_BYTES, "big") + value


def host_key(host):
    return host.path(records.SEAL_KEY).read_bytes()


def associated(host, pool, user, client):
    machine = host.path("/etc/machine-id")
    texts = (pool.info["issuer"], client or pool.client_id(), pool.user(user)["sub"], user)
    return (number(1) + field(machine.read_bytes()[:64] if machine.exists() else b"")
            + b"".join(field(text.encode()) for text in texts) + number(people.uid_of(user)))


def unseal(host, pool, user, client=None):
    """The one record of a user; an exception if it is not just as it is described."""
    data = records.record_of(host, pool, user).read_bytes()
    assert data[:len(MAGIC)] == MAGIC
    key = HKDF(SHA256(), 32, salt=None, info=b"pam_cognito record").derive(host_key(host))
    reader = Reader(AESGCM(key).decrypt(data[NONCE], data[TAG.stop:] + data[TAG],
                                        associated(host, pool, user, client)))
    record = Record(*(reader.field() for _ in range(5)),
                    [reader.field() for _ in range(reader.number())],
                    *(reader.number() for _ in range(3)), reader.field(), reader.number())
    assert reader.data == b""
    return record
