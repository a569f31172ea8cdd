# SPDX-License-Identifier: MIT
"""Remembered devices: how they are registered, and how they stand in for the second factor."""

import base64
import binascii
from dataclasses import dataclass

from . import grants, srp, srp_proof
from .challenge import pose, required
from .encoding import ALNUM, random_name, random_uuid
from .errors import ApiError, invalid_parameter, not_authorized

REMEMBERED = {"remembered": True, "not_remembered": False}


@dataclass
class Device:
    """One device of one user; without a verifier it waits for ConfirmDevice."""

    key: str
    group_key: str
    created: float
    name: str = None
    salt: int = None
    verifier: int = None
    remembered: bool = False

    @property
    def confirmed(self):
        return self.verifier is not None

    def identity(self):
        return srp_proof.Identity(self.group_key, self.key, self.salt, self.verifier)

    def report(self):
        return {"deviceKey": self.key, "deviceGroupKey": self.group_key, "created": self.created,
                "name": self.name, "confirmed": self.confirmed, "remembered": self.remembered}


def unknown():
    return ApiError("ResourceNotFoundException", "Device does not exist.")


def tracked(pool):
    return pool.settings.device_tracking != "OFF"


def find(user, key):
    """The user's confirmed device of this key."""
    device = user.devices.get(key)
    if device is None or not device.confirmed:
        raise unknown()
    return device


def adopt(pool, sign_in, given):
    """Take note of the first DEVICE_KEY that comes with a proof or an answer."""
    key = given.get("DEVICE_KEY")
    if key and sign_in.device_key is None and tracked(pool) and not sign_in.user.simulated:
        sign_in.device_key = find(sign_in.user, key).key


def issue(pool, sign_in, now):
    """A key for a new device. Whoever echoed an alias gets one that nothing can be done with."""
    device = Device(f"{pool.id.split('_')[0]}_{random_uuid()}", f"-{random_name(8, ALNUM)}", now)
    if not sign_in.alias_echoed:
        sign_in.user.devices[device.key] = device
    return device


# Steps

def remembered_step(pool, sign_in):
    """Before the second factor, for a device that replaces it."""
    return tracked_step(pool, sign_in) if _replaces_mfa(pool, sign_in) else None


def tracked_step(pool, sign_in):
    if sign_in.device_key is None or sign_in.device_proven or not tracked(pool):
        return None
    reply = pose(pool, sign_in, "DEVICE_SRP_AUTH", {}, names_user=False)
    if not pool.settings.session_with_device_challenges:
        del reply["Session"]
    return reply


def _replaces_mfa(pool, sign_in):
    device = sign_in.user.devices.get(sign_in.device_key)
    return bool(device and device.remembered and pool.settings.challenge_required_on_new_device)


# Answers

def answer_srp(pool, session, responses):
    sign_in = session.sign_in
    client_public = srp_proof.parse_srp_a(required(responses, "SRP_A"))
    device = find(sign_in.user, required(responses, "DEVICE_KEY"))
    if device.key != sign_in.device_key:
        raise unknown()
    reply = srp_proof.pose(pool, sign_in, "DEVICE_PASSWORD_VERIFIER", device.identity(),
                           client_public, pool.settings.session_with_device_challenges)
    reply["ChallengeParameters"]["DEVICE_KEY"] = device.key
    return reply


def answer_password_verifier(pool, client, responses, session_text):
    """The sign-in whose device is proven."""
    key = required(responses, "DEVICE_KEY")
    exchange, proven = srp_proof.take(pool, client, "DEVICE_PASSWORD_VERIFIER", responses,
                                      session_text)
    sign_in = exchange.sign_in
    grants.check_user(sign_in.user, pool.directory)
    find(sign_in.user, key)
    if not proven or key != exchange.identity.name:
        raise not_authorized()
    srp_proof.finish(exchange)
    sign_in.device_proven = True
    sign_in.mfa_done = sign_in.mfa_done or _replaces_mfa(pool, sign_in)
    return sign_in


# Operations

def confirm(pool, body):
    grant = grants.grant_of_access_token(pool, body["AccessToken"])
    device = grant.user.devices.get(body["DeviceKey"])
    if device is None or grant.device_key != device.key:
        raise invalid_parameter("Invalid device key given.")
    if device.confirmed:
        raise ApiError("DeviceKeyExistsException", "Device already exists")
    config = body.get("DeviceSecretVerifierConfig") or {}
    salt = _positive(config, "Salt")
    verifier = _positive(config, "PasswordVerifier")
    if not 1 < verifier < srp.N:
        raise invalid_parameter("Invalid PasswordVerifier")
    device.name, device.salt, device.verifier = body.get("DeviceName"), salt, verifier
    device.remembered = pool.settings.device_tracking == "ALWAYS"
    return {"UserConfirmationNecessary": pool.settings.device_tracking == "OPT_IN"}


def _positive(config, name):
    """A number as Java reads it: without its zero byte in front a large one would be negative."""
    try:
        data = base64.b64decode(config.get(name) or "", validate=True)
    except (binascii.Error, ValueError):
        data = b""
    number = int.from_bytes(data, "big", signed=True)
    if number <= 0:
        raise invalid_parameter(f"Invalid {name}")
    return number


def update_status(pool, body):
    user = grants.grant_of_access_token(pool, body["AccessToken"]).user
    device = find(user, body["DeviceKey"])
    if body.get("DeviceRememberedStatus") is not None:
        device.remembered = REMEMBERED[body["DeviceRememberedStatus"]]
    return {}


def forget(pool, body):
    """This operation has no output at all, not even an empty object."""
    if not body.get("AccessToken"):
        raise not_authorized("Access Token is required")
    user = grants.grant_of_access_token(pool, body["AccessToken"]).user
    if body["DeviceKey"] not in user.devices:
        raise unknown()
    del user.devices[body["DeviceKey"]]
