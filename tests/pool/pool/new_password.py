# SPDX-License-Identifier: MIT
"""NEW_PASSWORD_REQUIRED: a temporary password is replaced, and missing attributes are given."""

import json
import re

from . import users
from .challenge import pose, required
from .errors import invalid_parameter, not_authorized

PREFIX = "userAttributes."
PROTECTED = ("sub", "username", "identities", "email_verified", "phone_number_verified")
FORMS = {
    "email": (r"[^@\s]+@[^@\s]+\.[^@\s]+", "Invalid email address format."),
    "phone_number": (r"\+[0-9]{5,15}", "Invalid phone number format."),
}


def step(pool, sign_in):
    user = sign_in.user
    if sign_in.passwordless or user.status != users.FORCE_CHANGE_PASSWORD:
        return None
    missing = [PREFIX + name for name in _required(pool, user) if name not in user.attributes]
    return pose(pool, sign_in, "NEW_PASSWORD_REQUIRED", {
        "requiredAttributes": json.dumps(missing),
        "userAttributes": json.dumps(user.attributes, ensure_ascii=False)})


def answer(pool, session, responses):
    password = required(responses, "NEW_PASSWORD")
    user = session.sign_in.user
    users.check_new_password(user, password, pool.settings)
    user.attributes.update(_new_attributes(user, responses, _required(pool, user)))
    user.set_password(password, pool.clock.now())
    user.status = users.CONFIRMED


def _required(pool, user):
    return list(dict.fromkeys([*pool.settings.required_attributes, *user.required_attributes]))


def _new_attributes(user, responses, needed):
    given = {name[len(PREFIX):]: value for name, value in responses.items()
             if name.startswith(PREFIX)}
    for name, value in given.items():
        if name in PROTECTED:
            raise not_authorized("A client attempted to write unauthorized attribute")
        check_attribute(name, value)
    for name in needed:
        if name in given and name in user.attributes:
            raise not_authorized(f"Cannot modify an already provided {name}")
        if name not in given and name not in user.attributes:
            raise invalid_parameter("Attributes did not conform to the schema: "
                                    f"{name}: The attribute is required\n")
    return given


def check_attribute(name, value):
    form, problem = FORMS.get(name, (None, None))
    if form and not re.fullmatch(form, value, re.ASCII):
        raise invalid_parameter(problem)
