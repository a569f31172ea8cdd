# SPDX-License-Identifier: MIT
"""The pool's users: who they are, how they are found, and the password rules."""

import hmac
import secrets
from dataclasses import dataclass, field

from . import srp, totp
from .encoding import random_uuid
from .errors import ApiError
from .lockout import Lockout

CONFIRMED = "CONFIRMED"
UNCONFIRMED = "UNCONFIRMED"
FORCE_CHANGE_PASSWORD = "FORCE_CHANGE_PASSWORD"
RESET_REQUIRED = "RESET_REQUIRED"
STATUSES = (CONFIRMED, UNCONFIRMED, FORCE_CHANGE_PASSWORD, RESET_REQUIRED)

SYMBOLS = "^$*.[]{}()?\"!@#%&/\\,><':;|_~`=+- "


@dataclass(eq=False)
class User:
    """One pool user. `label` is what tests call them; `username` is the pool's own name."""

    label: str
    username: str
    password: str
    sub: str = field(default_factory=random_uuid)
    status: str = CONFIRMED
    enabled: bool = True
    groups: list = field(default_factory=list)
    attributes: dict = field(default_factory=dict)
    mfa: list = field(default_factory=list)
    preferred_mfa: str = None
    totp_secret: str = None
    used_totp_steps: set = field(default_factory=set)
    password_set_at: float = 0.0
    old_passwords: list = field(default_factory=list)
    password_lock: Lockout = field(default_factory=Lockout)
    mfa_lock: Lockout = field(default_factory=Lockout)
    code: dict = None
    salt: int = field(default_factory=lambda: int.from_bytes(secrets.token_bytes(16), "big"))

    def password_is(self, password):
        return hmac.compare_digest(self.password.encode(), password.encode())

    def set_password(self, password, now):
        self.old_passwords.append(self.password)
        self.password = password
        self.password_set_at = now
        self.salt = int.from_bytes(secrets.token_bytes(16), "big")

    def srp_verifier(self, pool_name):
        return srp.verifier(self.salt, pool_name, self.username, self.password)

    def mfa_challenge(self):
        """The second factor to ask for, or None."""
        if self.preferred_mfa in self.mfa:
            return self.preferred_mfa
        return self.mfa[0] if self.mfa else None

    def all_attributes(self):
        return {"sub": self.sub, **self.attributes}

    def aliases(self):
        """Other names this user signs in with; an e-mail address only once it is verified."""
        names = {self.attributes.get("preferred_username")}
        if self.attributes.get("email_verified") == "true":
            names.add(self.attributes.get("email"))
        return names - {None}


class Directory:
    def __init__(self, users):
        self.users = list(users)

    def sign_in_name(self, name):
        """The user this name signs in as: user name first, then alias, always case-sensitive."""
        for user in self.users:
            if user.username == name:
                return user
        for user in self.users:
            if name in user.aliases():
                return user
        return None

    def labelled(self, name):
        """The user tests mean by this name."""
        for user in self.users:
            if name in (user.label, user.username):
                return user
        return None

    def by_sub(self, sub):
        return next((user for user in self.users if user.sub == sub), None)

    def add(self, user):
        self.users.append(user)

    def remove(self, user):
        self.users.remove(user)


def check_new_password(user, password, settings):
    """Refuse a password the pool's policy does not allow, in the service's words."""
    rules = (
        (len(password) >= settings.minimum_password_length, "Password not long enough"),
        (any(c.isupper() for c in password), "Password must have uppercase characters"),
        (any(c.islower() for c in password), "Password must have lowercase characters"),
        (any(c.isdigit() for c in password), "Password must have numeric characters"),
        (any(c in SYMBOLS for c in password), "Password must have symbol characters"),
    )
    for met, text in rules:
        if not met:
            raise ApiError("InvalidPasswordException",
                           f"Password did not conform with policy: {text}")
    recent = [user.password, *reversed(user.old_passwords)][:settings.password_history]
    if password in recent:
        raise ApiError("PasswordHistoryPolicyViolationException",
                       "Password has previously been used")


def _email(name):
    return {"email": f"{name}@example.com", "email_verified": "true"}


def _person(name, word, **more):
    more.setdefault("username", name)
    return User(label=name, password=f"C4n4ry-{name}-{word}", attributes=_email(name), **more)


def default_users(now):
    """The fixed cast. Every password is a canary that a test can look for in logs and traffic."""
    allowed = ["linux-users"]
    frank = _person("frank", "Copper", groups=allowed[:], mfa=["SMS_MFA"])
    frank.attributes.update(phone_number="+15555550123", phone_number_verified="true")
    judy_id = random_uuid()
    judy = _person("judy", "Garnet", groups=allowed[:], username=judy_id, sub=judy_id)
    judy.attributes["preferred_username"] = "judy"
    users = [
        _person("alice", "Amber", groups=allowed[:]),
        _person("bob", "Basalt", groups=["linux-users", "ops"]),
        _person("carol", "Citrine", groups=allowed[:], mfa=["SOFTWARE_TOKEN_MFA"],
                totp_secret=totp.new_secret()),
        _person("dave", "Dolomite", groups=allowed[:], status=FORCE_CHANGE_PASSWORD),
        _person("erin", "Epidote", groups=allowed[:], enabled=False),
        frank,
        _person("grace", "Galena", groups=allowed[:], status=UNCONFIRMED),
        _person("heidi", "Halite", groups=allowed[:], status=RESET_REQUIRED),
        _person("ivan", "Ilmenite"),
        judy,
        _person("mallory", "Mica", groups=["blocked"]),
        _person("olga", "Пароль-Ñandú-日本-🔑", groups=allowed[:]),
        _person("peggy", "\"q'b\\s`$(x)%s;\\", groups=allowed[:]),
        _person("ubuntu", "Umber"),
    ]
    for user in users:
        user.password_set_at = now
    return users


def public_record(user):
    """What pool.json says about a user."""
    record = {"password": user.password, "sub": user.sub, "username": user.username,
              "groups": user.groups, "email": user.attributes.get("email"),
              "totpSecret": user.totp_secret, "mfa": user.mfa,
              "state": "DISABLED" if not user.enabled else user.status}
    if record["state"] == CONFIRMED:
        del record["state"]
    return {key: value for key, value in record.items() if value}
