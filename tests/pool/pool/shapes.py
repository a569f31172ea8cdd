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

    required: bool = False


TOKEN = r"[A-Za-z0-9-_=.]+"
CLIENT_ID = Member(required=True, pattern=r"[\w+]+", shortest=1, longest=128)
CLIENT_SECRET = Member(pattern=r"[\w+]+", shortest=24, longest=64)
SESSION = Member(shortest=20, longest=2048)
ACCESS_TOKEN = Member(required=True, pattern=TOKEN)
REFRESH_TOKEN = Member(required=True, pattern=TOKEN)
DEVICE_KEY = Member(pattern=r"[\w-]+_[0-9a-f-]+", shortest=1, longest=55, sensitive=False)

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
    "GetUser": {"AccessToken": ACCESS_TOKEN},
    "GlobalSignOut": {"AccessToken": ACCESS_TOKEN},
}


def serialization_error(message):
    return ApiError("SerializationException", message)


def _check_map(name, value):
    if value is None:
        return
    if not isinstance(value, dict):
        raise serialization_error(f"Unexpected value for {name}: a map was expected")
    if not all(isinstance(item, str) for item in value.values()):
        raise serialization_error(f"Unexpected value in {name}: a string was expected")


def _member_problems(name, member, value):
    if value is not None and not isinstance(value, str):
        raise serialization_error(f"Unexpected value for {name}: a string was expected")
    where = name[0].lower() + name[1:]
    return [f"{member.subject(value)} at '{where}' failed to satisfy constraint: {rule}"
            for rule in member.broken_rules(value)]


def check(operation, body):
    """Refuse a request that breaks its model, naming every broken rule as the service does."""
    problems = []
    for name, member in SHAPES[operation].items():
        value = body.get(name)
        if isinstance(member, Map):
            _check_map(name, value)
        else:
            problems += _member_problems(name, member, value)
    if problems:
        count = f"{len(problems)} validation error{'s' if len(problems) > 1 else ''} detected"
        raise invalid_parameter(f"{count}: {'; '.join(problems)}")
