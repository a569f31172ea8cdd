# SPDX-License-Identifier: MIT
"""What an administrator can set on the pool and on an app client."""

import dataclasses
from dataclasses import dataclass, field

from .encoding import ALNUM, camel, random_name

DEFAULT_FLOWS = ("ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_USER_AUTH",
                 "ALLOW_CUSTOM_AUTH", "ALLOW_REFRESH_TOKEN_AUTH")
PASSWORD_KINDS = ("uppercase", "lowercase", "numeric", "symbol")
CHOICES = {"deviceTracking": ("OFF", "ALWAYS", "OPT_IN"),
           "preventUserExistenceErrors": ("ENABLED", "LEGACY")}


@dataclass
class PoolSettings:
    minimum_password_length: int = 8
    password_must_have: list = field(default_factory=lambda: list(PASSWORD_KINDS))
    password_history: int = 0
    temporary_password_days: int = 7
    required_attributes: list = field(default_factory=list)
    max_clock_skew_seconds: int = 300
    password_verifier_seconds: int = 30
    session_with_password_verifier: bool = False
    session_with_device_challenges: bool = True
    mfa_required: bool = False
    mfas_can_setup: list = field(default_factory=lambda: ["SOFTWARE_TOKEN_MFA"])
    wrong_first_code_is_status: bool = False
    device_tracking: str = "OFF"
    challenge_required_on_new_device: bool = True
    change_password_per_hour: int = 5
    forgot_password_per_hour: int = 5
    confirm_forgot_password_per_hour: int = 5
    get_tokens_refusal: str = ""  # the error GetTokensFromRefreshToken is refused with


@dataclass
class ClientSettings:
    explicit_auth_flows: list = field(default_factory=lambda: list(DEFAULT_FLOWS))
    prevent_user_existence_errors: str = "ENABLED"
    auth_session_seconds: int = 180
    access_token_seconds: int = 3600
    id_token_seconds: int = 3600
    refresh_token_seconds: int = 30 * 86400
    enable_token_revocation: bool = True
    refresh_token_rotation: bool = False
    retry_grace_period_seconds: int = 0


@dataclass
class Client:
    """An app client; without a secret it is a public one."""

    name: str
    id: str
    secret: str = None
    settings: ClientSettings = field(default_factory=ClientSettings)

    @property
    def hides_unknown_users(self):
        return self.settings.prevent_user_existence_errors == "ENABLED"


def new_clients():
    public = Client("public", random_name(26))
    confidential = Client("confidential", random_name(26), random_name(51))
    return {client.name: client for client in (public, confidential)}


def new_pool_name():
    return random_name(9, ALNUM)


def to_json(settings):
    return {camel(name): value for name, value in dataclasses.asdict(settings).items()}


def names(settings_class):
    """JSON spelling -> (field name, type of its default)."""
    default = settings_class()
    return {camel(item.name): (item.name, type(getattr(default, item.name)))
            for item in dataclasses.fields(settings_class)}


def update(settings, key, value):
    """Set one value given by its JSON name; False if there is no such setting."""
    name, kind = names(type(settings)).get(key, (None, None))
    if name is None:
        return False
    if type(value) is not kind and not (kind is int and type(value) is float):
        raise ValueError(f"{key} must be of type {kind.__name__}")
    if value not in CHOICES.get(key, (value,)):
        raise ValueError(f"{key} must be one of {', '.join(CHOICES[key])}")
    setattr(settings, name, value)
    return True
