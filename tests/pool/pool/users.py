# SPDX-License-Identifier: MIT
"""The pool's users: who they are, how they are found, and the password rules."""

import hashlib
import hmac
import secrets
import uuid
from dataclasses import dataclass, field

from . import srp, totp
from .encoding import LOWER_ALNUM, random_uuid
from .errors import ApiError
from .lockout import Lockout

CONFIRMED = "CONFIRMED"
UNCONFIRMED = "UNCONFIRMED"
FORCE_CHANGE_PASSWORD = "FORCE_CHANGE_PASSWORD"
RESET_REQUIRED = "RESET_REQUIRED"
STATUSES = (CONFIRMED, UNCONFIRMED, FORCE_CHANGE_PASSWORD, RESET_REQUIRED)

PASSWORD_FACTORS = ("PASSWORD_SRP", "PASSWORD")

# What trent is asked for.
CODE_WORD = "C4n4ry-code-word"
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
    code: dict = None            # the last one sent, for the admin interface
    simulated: bool = False      # invented for an unknown name; nothing proves this user
    first_factors: list = field(default_factory=lambda: list(PASSWORD_FACTORS))
    mfa_setup: list = field(default_factory=list)
    required_attributes: list = field(default_factory=list)
    custom_steps: list = field(default_factory=list)
    devices: dict = field(default_factory=dict)
    new_totp_secret: str = None  # handed out by AssociateSoftwareToken, not yet verified
    totp_name: str = None
    reset_code: tuple = None
    calls: dict = field(default_factory=dict)
    salt: int = field(default_factory=lambda: int.from_bytes(secrets.token_bytes(16), "big"))

    @property
    def has_password(self):
        return not self.simulated and "PASSWORD" in self.first_factors

    def password_is(self, password):
        return hmac.compare_digest(self.password.encode(), password.encode())

    def set_password(self, password, now):
        self.old_passwords.append(self.password)
        self.password = password
        self.password_set_at = now
        self.first_factors = list(dict.fromkeys([*self.first_factors, *PASSWORD_FACTORS]))
        self.salt = int.from_bytes(secrets.token_bytes(16), "big")

    def srp_verifier(self, pool_name):
        return srp.verifier(self.salt, pool_name, self.username, self.password)

    def mfa_challenge(self):
        """The second factor to ask for; None if there is none, or a choice."""
        if self.preferred_mfa in self.mfa:
            return self.preferred_mfa
        return self.mfa[0] if len(self.mfa) == 1 else None

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
    def has(kind, is_kind):
        return kind not in settings.password_must_have or any(map(is_kind, password))

    rules = (
        (len(password) >= settings.minimum_password_length, "Password not long enough"),
        (has("uppercase", str.isupper), "Password must have uppercase characters"),
        (has("lowercase", str.islower), "Password must have lowercase characters"),
        (has("numeric", str.isdigit), "Password must have numeric characters"),
        (has("symbol", SYMBOLS.__contains__), "Password must have symbol characters"),
    )
    for met, text in rules:
        if not met:
            raise ApiError("InvalidPasswordException",
                           f"Password did not conform with policy: {text}")
    recent = [user.password, *reversed(user.old_passwords)][:settings.password_history]
    if password in recent:
        raise ApiError("PasswordHistoryPolicyViolationException",
                       "Password has previously been used")


def simulated(key, name):
    """An invented user for an unknown name, always the same one."""
    seed = hmac.digest(key, name.encode(), hashlib.sha512)
    letters = [LOWER_ALNUM[byte % 26] for byte in seed[:2]]
    return User(label="", username=str(uuid.UUID(bytes=seed[:16], version=4)),
                password=seed[32:].hex(), salt=int.from_bytes(seed[16:32], "big"), simulated=True,
                attributes={"email": "@".join(letters), "email_verified": "true",
                            "phone_number": f"+1555{int.from_bytes(seed[2:6], 'big') % 10**7:07}"},
                first_factors=["EMAIL_OTP", "SMS_OTP", *PASSWORD_FACTORS])


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
    oscar = _person("oscar", "Opal", groups=allowed[:], totp_secret=totp.new_secret(),
                    mfa=["SMS_MFA", "SOFTWARE_TOKEN_MFA", "EMAIL_OTP"])
    oscar.attributes.update(phone_number="+15555550145", phone_number_verified="true")
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
        _person("nina", "Nephrite", groups=allowed[:], mfa=["EMAIL_OTP"]),
        oscar,
        _person("quinn", "Quartz", groups=allowed[:], mfa_setup=["SOFTWARE_TOKEN_MFA"]),
        _person("rita", "Rhodonite", groups=allowed[:],
                mfa_setup=["SOFTWARE_TOKEN_MFA", "EMAIL_OTP"]),
        _person("sybil", "Sphalerite", groups=allowed[:], status=FORCE_CHANGE_PASSWORD,
                required_attributes=["name", "phone_number"]),
        _person("trent", "Topaz", groups=allowed[:], custom_steps=[
            {"parameters": {"question": "What is the code word?"}, "answer": CODE_WORD,
             "retries": 2}]),
        _person("uma", "Unakite", groups=allowed[:], first_factors=["EMAIL_OTP", "WEB_AUTHN"]),
        _person("victor", "Vesuvianite", groups=allowed[:], first_factors=["WEB_AUTHN"]),
        _person("wendy", "Wulfenite", groups=allowed[:], status=FORCE_CHANGE_PASSWORD,
                mfa_setup=["SOFTWARE_TOKEN_MFA"]),
    ]
    for user in users:
        user.password_set_at = now
    return users


def public_record(user):
    """What pool.json says about a user."""
    record = {"password": user.password, "sub": user.sub, "username": user.username,
              "groups": user.groups, "email": user.attributes.get("email"),
              "totpSecret": user.totp_secret, "mfa": user.mfa, "mfaSetup": user.mfa_setup,
              "customAnswers": [step["answer"] for step in user.custom_steps],
              "state": "DISABLED" if not user.enabled else user.status}
    if record["state"] == CONFIRMED:
        del record["state"]
    if not user.has_password:
        record["firstFactors"] = user.first_factors
    return {key: value for key, value in record.items() if value}
