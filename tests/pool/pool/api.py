# SPDX-License-Identifier: MIT
"""One request in, one reply out: the API, the key set and the discovery document."""

import json
import sys
import traceback

from . import shapes
from .errors import ApiError
from .operations import OPERATIONS
from .reply import AMZ_JSON, api_error, api_reply, json_reply, text_reply

TARGET_PREFIX = "AWSCognitoIdentityProviderService."


def operation_of(headers):
    """The operation a request names, known or not; None if it names none of this service."""
    target = headers.get("X-Amz-Target", "")
    return target[len(TARGET_PREFIX):] if target.startswith(TARGET_PREFIX) else None


def answer(pool, method, path, headers, body):
    try:
        if method == "POST" and path == "/":
            return _call(pool, headers, body)
        if method in ("GET", "HEAD"):
            return _document(pool, path)
        return text_reply("<UnknownOperationException/>\n", 404, "application/xml")
    except ApiError as error:
        return api_error(error.code, error.message, error.status)
    except Exception:  # a mistake in the pool itself must be seen, and must not look like a refusal
        traceback.print_exc(file=sys.stderr)
        return api_error("InternalErrorException", "Internal error", 500)


def _call(pool, headers, raw_body):
    content_type = headers.get("Content-Type", "").split(";")[0].strip().lower()
    if content_type != AMZ_JSON:
        return text_reply("<UnknownOperationException/>\n", 404, "application/xml")
    operation = operation_of(headers)
    if operation not in OPERATIONS:
        return api_error("UnknownOperationException", None)
    body = _parse(raw_body)
    shapes.check(operation, body)
    with pool.lock:
        return api_reply(OPERATIONS[operation](pool, body))


def _parse(raw_body):
    try:
        body = json.loads(raw_body)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise shapes.serialization_error("The request body is not a JSON object")
    return body


def _document(pool, path):
    make = {f"/{pool.id}/.well-known/jwks.json": _jwks,
            f"/{pool.id}/.well-known/openid-configuration": _discovery}.get(path.split("?")[0])
    if make is None:
        return json_reply({"message": "Not Found"}, 404)
    with pool.lock:
        return json_reply(make(pool), headers=[("Cache-Control", "public, max-age=86400")])


def _jwks(pool):
    return pool.keys.jwks()


def _discovery(pool):
    issuer = pool.issuer
    return {
        "authorization_endpoint": f"{issuer}/authorize",
        "end_session_endpoint": f"{issuer}/logout",
        "id_token_signing_alg_values_supported": ["RS256"],
        "issuer": issuer,
        "jwks_uri": f"{issuer}/.well-known/jwks.json",
        "response_types_supported": ["code", "token"],
        "revocation_endpoint": f"{issuer}/revoke",
        "scopes_supported": ["openid", "email", "phone", "profile"],
        "subject_types_supported": ["public"],
        "token_endpoint": f"{issuer}/token",
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "userinfo_endpoint": f"{issuer}/userInfo",
    }
