# SPDX-License-Identifier: MIT
"""The request members of each operation and the limits the service's model puts on them."""

import re
from dataclasses import dataclass

from .errors import ApiError, invalid_parameter

AUTH_FLOWS = ("USER_SRP_AUTH", "REFRESH_TOKEN_AUTH", "REFRESH_TOKEN", "CUSTOM_AUTH",
              "ADMIN_NO_SRP_AUTH", "USER_PASSWORD_AUTH", "ADMIN_USER_PASSWORD_AUTH", "USER_AUTH")
CHALLENGE_NAMES = ("SMS_MFA", "EMAIL_OTP", "SOFTWARE_TOKEN_MFA", "SELECT_MFA_TYPE", "MFA_SETUP",
                   "PASSWORD_VERIFIER", "CUSTOM_CHALLENGE", "SELECT_CHALLENGE", "DEVICE_SRP_AUTH",
                   "DEVICE_PASSWORD_VERIFIER", "ADMIN_NO_SRP_AUTH", "NEW_PASSWORD_REQUIRED",
                   "SMS_OTP", "PASSWORD", "WEB_AUTHN", "PASSWORD_SRP")
LONGEST_STRING = 131072


@dataclass(frozen=True)
class Member:
    """A text member. A sensitive one is never quoted in an error."""

    required: bool = False
    pattern: str = None
    shortest: int = 0
    longest: int = LONGEST_STRING
    values: tuple = ()
    sensitive: bool = True

    def broken_rules(self, value):
        if value is None:
            return ["Member must not be null"] if self.required else []
        rules = (
            (not self.values or value in self.values,
             f"Member must satisfy enum value set: [{', '.join(self.values)}]"),
            (len(value) >= self.shortest,
             f"Member must have length greater than or equal to {self.shortest}"),
            (len(value) <= self.longest,
             f"Member must have length less than or equal to {self.longest}"),
            (self.pattern is None or re.fullmatch(self.pattern, value, re.ASCII),
             f"Member must satisfy regular expression pattern: {self.pattern}"),
        )
        return [text for met, text in rules if not met]

    def subject(self, value):
        if value is None:
            return "Value" if self.sensitive else "Value null"
        return "Value" if self.sensitive else f"Value '{value}'"


@dataclass(frozen=True)
class Map:
    """A member that maps strings to strings."""


@dataclass(frozen=True)
class Struct:
    """A member that has members."""

    members: dict


TOKEN = r"[A-Za-z0-9-_=.]+"
CLIENT_ID = Member(required=True, pattern=r"[\w+]+", shortest=1, longest=128)
CLIENT_SECRET = Member(pattern=r"[\w+]+", shortest=24, longest=64)
SESSION = Member(shortest=20, longest=2048)
ACCESS_TOKEN = Member(required=True, pattern=TOKEN)
ANY_ACCESS_TOKEN = Member(pattern=TOKEN)
REFRESH_TOKEN = Member(required=True, pattern=TOKEN)
DEVICE_KEY = Member(pattern=r"[\w-]+_[0-9a-f-]+", shortest=1, longest=55, sensitive=False)
OWN_DEVICE_KEY = Member(required=True, pattern=DEVICE_KEY.pattern, shortest=1, longest=55,
                        sensitive=False)
PASSWORD = Member(pattern=r"[\S]+", longest=256)
NEW_PASSWORD = Member(required=True, pattern=r"[\S]+", longest=256)
SECRET_HASH = Member(pattern=r"[\w+=/]+", shortest=1, longest=128)
USERNAME = Member(required=True, pattern=r"\S+", shortest=1, longest=128)

SHAPES = {
    "InitiateAuth": {
        "AuthFlow": Member(required=True, values=AUTH_FLOWS, sensitive=False),
        "AuthParameters": Map(),
        "ClientId": CLIENT_ID,
        "ClientMetadata": Map(),
        "Session": SESSION,
    },
    "RespondToAuthChallenge": {
        "ClientId": CLIENT_ID,
        "ChallengeName": Member(required=True, values=CHALLENGE_NAMES, sensitive=False),
        "ChallengeResponses": Map(),
        "ClientMetadata": Map(),
        "Session": SESSION,
    },
    "GetTokensFromRefreshToken": {
        "RefreshToken": REFRESH_TOKEN,
        "ClientId": CLIENT_ID,
        "ClientSecret": CLIENT_SECRET,
        "ClientMetadata": Map(),
        "DeviceKey": DEVICE_KEY,
    },
    "RevokeToken": {
        "Token": REFRESH_TOKEN,
        "ClientId": CLIENT_ID,
        "ClientSecret": CLIENT_SECRET,
    },
    "AssociateSoftwareToken": {"AccessToken": ANY_ACCESS_TOKEN, "Session": SESSION},
    "VerifySoftwareToken": {
        "AccessToken": ANY_ACCESS_TOKEN,
        "Session": SESSION,
        "UserCode": Member(required=True, pattern="[0-9]+", shortest=6, longest=6),
        "FriendlyDeviceName": Member(),
    },
    "ConfirmDevice": {
        "AccessToken": ACCESS_TOKEN,
        "DeviceKey": OWN_DEVICE_KEY,
        "DeviceSecretVerifierConfig": Struct({"PasswordVerifier": Member(), "Salt": Member()}),
        "DeviceName": Member(shortest=1, longest=1024),
    },
    "UpdateDeviceStatus": {
        "AccessToken": ACCESS_TOKEN,
        "DeviceKey": OWN_DEVICE_KEY,
        "DeviceRememberedStatus": Member(values=("remembered", "not_remembered"), sensitive=False),
    },
    "ForgetDevice": {"AccessToken": ANY_ACCESS_TOKEN, "DeviceKey": OWN_DEVICE_KEY},
    "ChangePassword": {
        "AccessToken": ACCESS_TOKEN,
        "PreviousPassword": PASSWORD,
        "ProposedPassword": NEW_PASSWORD,
    },
    "ForgotPassword": {
        "ClientId": CLIENT_ID,
        "ClientMetadata": Map(),
        "SecretHash": SECRET_HASH,
        "Username": USERNAME,
    },
    "ConfirmForgotPassword": {
        "ClientId": CLIENT_ID,
        "ClientMetadata": Map(),
        "ConfirmationCode": Member(required=True, pattern=r"[\S]+", shortest=1, longest=2048),
        "Password": NEW_PASSWORD,
        "SecretHash": SECRET_HASH,
        "Username": USERNAME,
    },
    "GetUser": {"AccessToken": ACCESS_TOKEN},
    "GlobalSignOut": {"AccessToken": ACCESS_TOKEN},
}


def serialization_error(message):
    return ApiError("SerializationException", message)


def text_map(body, name):
    """A map member without its null values, which mean the same as absent ones."""
    return {key: value for key, value in (body.get(name) or {}).items() if value is not None}


def _expect(kind, name, value):
    if value is not None and not isinstance(value, kind):
        expected = {str: "a string", dict: "an object"}[kind]
        raise serialization_error(f"Unexpected value for {name}: {expected} was expected")


def _text_problems(name, member, value):
    _expect(str, name, value)
    where = ".".join(part[0].lower() + part[1:] for part in name.split("."))
    return [f"{member.subject(value)} at '{where}' failed to satisfy constraint: {rule}"
            for rule in member.broken_rules(value)]


def _problems(members, values, prefix=""):
    found = []
    for name, member in members.items():
        value, name = values.get(name), prefix + name
        if isinstance(member, Member):
            found += _text_problems(name, member, value)
            continue
        _expect(dict, name, value)
        if isinstance(member, Struct):
            found += _problems(member.members, value or {}, f"{name}.")
            continue
        for item in (value or {}).values():
            _expect(str, name, item)
    return found


def check(operation, body):
    """Refuse a request that breaks its model, naming every broken rule as the service does."""
    problems = _problems(SHAPES[operation], body)
    if problems:
        count = f"{len(problems)} validation error{'s' if len(problems) > 1 else ''} detected"
        raise invalid_parameter(f"{count}: {'; '.join(problems)}")
