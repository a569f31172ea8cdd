# SPDX-License-Identifier: MIT
"""How a client with a secret proves that it has it: SECRET_HASH, or the secret itself."""

import base64
import hmac

from .errors import ApiError, not_authorized


def secret_hash(client, username):
    message = (username + client.id).encode()
    return base64.b64encode(hmac.digest(client.secret.encode(), message, "sha256")).decode()


def find_client(pool, client_id):
    for client in pool.clients.values():
        if client.id == client_id:
            return client
    raise ApiError("ResourceNotFoundException", f"User pool client {client_id} does not exist.")


def check_hash_presence(client, parameters):
    """Refuse a missing SECRET_HASH, and one sent to a client that has no secret."""
    received = "SECRET_HASH" in parameters
    if client.secret and not received:
        raise not_authorized(
            f"Client {client.id} is configured with secret but SECRET_HASH was not received")
    if received and not client.secret:
        raise not_authorized(
            f"Client {client.id} is not configured for secret but secret was received")


def _hash_fits(client, username, parameters):
    expected = secret_hash(client, username).encode()
    return hmac.compare_digest(expected, parameters["SECRET_HASH"].encode())


def check_hash(client, username, parameters):
    check_hash_presence(client, parameters)
    if client.secret and not _hash_fits(client, username, parameters):
        raise not_authorized(f"Unable to verify secret hash for client {client.id}")


def check_refresh_hash(client, username, parameters):
    if client.secret and not _hash_fits(client, username, parameters):
        raise not_authorized(f"SecretHash does not match for the client: {client.id}")


def check_raw_secret(client, received, error=not_authorized):
    """GetTokensFromRefreshToken and RevokeToken carry the client secret as it is."""
    if client.secret and received is None:
        raise error(f"Client {client.id} is configured for secret but secret was not received")
    if received is not None and not client.secret:
        raise error(f"Client {client.id} is not configured for secret but secret was received")
    if client.secret and not hmac.compare_digest(client.secret.encode(), received.encode()):
        raise error(f"Unable to verify secret for client {client.id}")
