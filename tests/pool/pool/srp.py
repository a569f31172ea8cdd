# SPDX-License-Identifier: MIT
"""The server's half of Cognito's SRP, and the small part both halves share.

Integers enter hashes as Java's BigInteger.toByteArray() writes them: as few bytes as possible, with
one zero byte in front if the top bit would otherwise be set. They travel as plain hex.
"""

import base64
import hashlib
import hmac
import secrets

# RFC 3526, the 3072-bit group.
N = int(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74"
    "020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F1437"
    "4FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"
    "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF05"
    "98DA48361C55D39A69163FA8FD24CF5F83655D23DCA3AD961C62F356208552BB"
    "9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B"
    "E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF695581718"
    "3995497CEA956AE515D2261898FA051015728E5A8AAAC42DAD33170D04507A33"
    "A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7"
    "ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864"
    "D87602733EC86A64521F2B18177B200CBBE117577A615D6C770988C0BAD946E2"
    "08E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF", 16)
G = 2
INFO = b"Caldera Derived Key"
KEY_BYTES = 16
EXPONENT_BYTES = 128


def to_bytes(number):
    return number.to_bytes(number.bit_length() // 8 + 1, "big")


def to_hex(number):
    return f"{number:x}"


def _hash_to_int(*parts):
    return int.from_bytes(hashlib.sha256(b"".join(parts)).digest(), "big")


K = _hash_to_int(to_bytes(N), to_bytes(G))


def private_key(salt, pool_name, user_id, password):
    """x, from which the verifier follows; salt is an integer."""
    identity = f"{pool_name}{user_id}:{password}".encode()
    return _hash_to_int(to_bytes(salt), hashlib.sha256(identity).digest())


def verifier(salt, pool_name, user_id, password):
    return pow(G, private_key(salt, pool_name, user_id, password), N)


def scramble(client_public, server_public):
    return _hash_to_int(to_bytes(client_public), to_bytes(server_public))


def derive_key(shared, u):
    """HKDF-SHA256 with one block of output, salted with u."""
    extracted = hmac.digest(to_bytes(u), to_bytes(shared), "sha256")
    return hmac.digest(extracted, INFO + b"\x01", "sha256")[:KEY_BYTES]


def signature(key, pool_name, user_id, secret_block, timestamp):
    message = f"{pool_name}{user_id}".encode() + base64.b64decode(secret_block) + timestamp.encode()
    return base64.b64encode(hmac.digest(key, message, "sha256")).decode()


def client_shared(server_public, x, a, u):
    """The client's way to the shared secret; only tests use it."""
    return pow((server_public - K * pow(G, x, N)) % N, a + u * x, N)


class Server:
    """One SRP exchange: made from the client's A, able to check the client's proof."""

    def __init__(self, client_public, user_verifier, secret=None):
        self.client_public = client_public
        self.verifier = user_verifier
        self.secret = secret or int.from_bytes(secrets.token_bytes(EXPONENT_BYTES), "big")
        self.public = (K * user_verifier + pow(G, self.secret, N)) % N

    def key(self):
        u = scramble(self.client_public, self.public)
        base = self.client_public * pow(self.verifier, u, N) % N
        return derive_key(pow(base, self.secret, N), u)
