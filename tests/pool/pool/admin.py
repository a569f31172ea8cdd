# SPDX-License-Identifier: MIT
"""The interface for tests, under /_admin/. README.md describes it; a call is a row in ROUTES."""

import json
import re

from . import settings, users
from .encoding import camel
from .reply import json_reply
from .tamper import patch

USER_FIELDS = {camel(name): name for name in
               ("sub", "username", "enabled", "groups", "mfa", "preferred_mfa", "totp_secret",
                "password_set_at", "first_factors", "mfa_setup", "required_attributes",
                "custom_steps")}
READ_ONLY_FIELDS = ("password", "status", "attributes", "code")


class NotFound(Exception):
    pass


def answer(pool, method, path, raw_body):
    """Do one admin call. Everything happens under the pool's lock."""
    try:
        body = json.loads(raw_body) if raw_body else {}
        for verb, pattern, function in ROUTES:
            match = re.fullmatch(pattern, path)
            if verb == method and match:
                with pool.lock:
                    return json_reply(function(pool, body, *match.groups()))
        raise NotFound(f"{method} {path}")
    except NotFound as error:
        return json_reply({"error": f"not found: {error}"}, 404)
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        return json_reply({"error": repr(error)}, 400)


# Faults and the journal

def add_faults(pool, body):
    specs = body if isinstance(body, list) else [body]
    return {"faults": [pool.faults.add(spec).report() for spec in specs]}


def list_faults(pool, body):
    return {"faults": pool.faults.report()}


def clear_faults(pool, body):
    pool.faults.clear()
    return {}


def list_requests(pool, body):
    return pool.journal.report()


def clear_requests(pool, body):
    pool.journal.clear()
    return {}


# The pool

def rotate_keys(pool, body):
    pool.keys.rotate(body.get("keepOld", True), body.get("publish", True))
    return _kids(pool)


def publish_keys(pool, body):
    pool.keys.publish_current()
    return _kids(pool)


def _kids(pool):
    return {"current": {use: key.kid for use, key in pool.keys.current.items()},
            "published": [key.kid for key in pool.keys.all() if key.published]}


def set_clock(pool, body):
    pool.clock.offset = float(body.get("offset", 0))
    return {"offset": pool.clock.offset, "now": pool.clock.now()}


def expire_sessions(pool, body):
    pool.sessions.expire_all()
    return {}


def reset(pool, body):
    pool.reset()
    return {}


def get_settings(pool, body):
    clients = {name: settings.to_json(client.settings) for name, client in pool.clients.items()}
    return {"pool": settings.to_json(pool.settings), "clients": clients}


def change_settings(pool, body):
    """Pool settings apply to the pool, client settings to the client named or else to all."""
    name = body.pop("client", None)
    if name is not None and name not in pool.clients:
        raise NotFound(f"client {name}")
    chosen = [pool.clients[name]] if name else list(pool.clients.values())
    for key, value in body.items():
        known = settings.update(pool.settings, key, value)
        for client in chosen:
            known = settings.update(client.settings, key, value) or known
        if not known:
            raise ValueError(f"no such setting: {key}")
    return get_settings(pool, {})


# Users

def _find_user(pool, name):
    user = pool.directory.labelled(name)
    if user is None:
        raise NotFound(f"user {name}")
    return user


def get_user(pool, body, name):
    return _user_record(pool, _find_user(pool, name))


def _user_record(pool, user):
    record = {spelling: getattr(user, name) for spelling, name in USER_FIELDS.items()}
    record.update({name: getattr(user, name) for name in READ_ONLY_FIELDS})
    now = pool.clock.now()
    record.update(passwordFailures=user.password_lock.failures,
                  mfaFailures=user.mfa_lock.failures,
                  locked=user.password_lock.is_locked(now))
    return record


def create_user(pool, body, name):
    if pool.directory.labelled(name):
        raise ValueError(f"user {name} exists")
    user = users.User(label=name, username=body.get("username", name), password=body["password"],
                      password_set_at=pool.clock.now())
    _change(pool, user, body)
    pool.directory.add(user)
    return _user_record(pool, user)


def change_user(pool, body, name):
    user = _find_user(pool, name)
    _change(pool, user, body)
    return _user_record(pool, user)


def delete_user(pool, body, name):
    pool.directory.remove(_find_user(pool, name))
    return {}


def get_code(pool, body, name):
    code = _find_user(pool, name).code
    if code is None:
        raise NotFound(f"a code for {name}")
    return code


def list_devices(pool, body, name):
    return {"devices": [device.report() for device in _find_user(pool, name).devices.values()]}


def forget_devices(pool, body, name):
    _find_user(pool, name).devices.clear()
    return {}


def _change(pool, user, body):
    for key, value in body.items():
        if key in USER_FIELDS:
            setattr(user, USER_FIELDS[key], value)
        elif key in CHANGES:
            CHANGES[key](pool, user, value)
        else:
            raise ValueError(f"no such user field: {key}")


def _change_password(pool, user, value):
    user.set_password(value, pool.clock.now())


def _change_status(pool, user, value):
    if value not in users.STATUSES:
        raise ValueError(f"status must be one of {', '.join(users.STATUSES)}")
    user.status = value


def _change_attributes(pool, user, value):
    patch(user.attributes, value)


def _change_failures(pool, user, value):
    user.password_lock.set_failures(value, pool.clock.now())


def _change_mfa_failures(pool, user, value):
    user.mfa_lock.set_failures(value, pool.clock.now())


def _change_signed_out(pool, user, value):
    if value:
        pool.grants.revoke_user(user)


def _forget_totp_steps(pool, user, value):
    if value:
        user.used_totp_steps.clear()


CHANGES = {
    "password": _change_password,
    "status": _change_status,
    "attributes": _change_attributes,
    "passwordFailures": _change_failures,
    "mfaFailures": _change_mfa_failures,
    "signedOut": _change_signed_out,
    "forgetTotpSteps": _forget_totp_steps,
}

NAME = "([^/]+)"
ROUTES = (
    ("POST", "/_admin/faults", add_faults),
    ("GET", "/_admin/faults", list_faults),
    ("DELETE", "/_admin/faults", clear_faults),
    ("GET", "/_admin/requests", list_requests),
    ("DELETE", "/_admin/requests", clear_requests),
    ("POST", "/_admin/rotate-keys", rotate_keys),
    ("POST", "/_admin/publish-keys", publish_keys),
    ("POST", "/_admin/clock", set_clock),
    ("POST", "/_admin/reset", reset),
    ("POST", "/_admin/expire-sessions", expire_sessions),
    ("GET", "/_admin/settings", get_settings),
    ("POST", "/_admin/settings", change_settings),
    ("GET", f"/_admin/users/{NAME}", get_user),
    ("PUT", f"/_admin/users/{NAME}", create_user),
    ("POST", f"/_admin/users/{NAME}", change_user),
    ("DELETE", f"/_admin/users/{NAME}", delete_user),
    ("GET", f"/_admin/codes/{NAME}", get_code),
    ("GET", f"/_admin/devices/{NAME}", list_devices),
    ("DELETE", f"/_admin/devices/{NAME}", forget_devices),
)
