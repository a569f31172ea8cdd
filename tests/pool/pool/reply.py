# SPDX-License-Identifier: MIT
"""HTTP replies as values: a status, headers and a body."""

from dataclasses import dataclass, field

from .encoding import compact_json, random_uuid

AMZ_JSON = "application/x-amz-json-1.1"


@dataclass
class Reply:
    status: int = 200
    content_type: str = AMZ_JSON
    body: bytes = b""
    headers: list = field(default_factory=list)
    error: str = None  # the exception name, for the journal


def api_reply(value):
    """A success; None for an operation that has no output, not even an empty object."""
    body = b"" if value is None else compact_json(value).encode()
    return Reply(body=body, headers=[("x-amzn-RequestId", random_uuid())])


def api_error(code, message, status=400):
    """An error as the service sends it: in the body and, twice over, in headers."""
    body = {"__type": code}
    headers = [("x-amzn-RequestId", random_uuid()), ("x-amzn-ErrorType", f"{code}:")]
    if message is not None:
        body["message"] = message
        headers.append(("x-amzn-ErrorMessage", _header_text(message)))
    return Reply(status, AMZ_JSON, compact_json(body).encode(), headers, error=code)


def _header_text(text):
    return "".join(c if " " <= c <= "~" else "?" for c in text)


def json_reply(value, status=200, headers=()):
    return Reply(status, "application/json", compact_json(value).encode(),
                 list(headers))


def text_reply(text, status, content_type="text/plain"):
    return Reply(status, content_type, text.encode())
