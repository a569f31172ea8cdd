# SPDX-License-Identifier: MIT
"""Operations on a user's own password: changing it, and getting a new one by a code."""

from . import client_proof, grants, users
from .challenge import masked, same, send_code
from .errors import (ApiError, invalid_parameter, missing_parameter, not_authorized, not_confirmed,
                     reset_required, user_not_found)

CODE_LENGTH = 6
CODE_SECONDS = 3600
HOUR = 3600


def change(pool, body):
    user = grants.grant_of_access_token(pool, body["AccessToken"]).user
    _count(pool, user, "ChangePassword", pool.settings.change_password_per_hour)
    if user.status == users.RESET_REQUIRED:
        raise reset_required()
    previous = body.get("PreviousPassword")
    if user.has_password and not previous:
        raise missing_parameter("PreviousPassword")
    if user.has_password and not user.password_is(previous):
        raise not_authorized()
    users.check_new_password(user, body["ProposedPassword"], pool.settings)
    user.set_password(body["ProposedPassword"], pool.clock.now())
    return {}


def forgot(pool, body):
    user = _whose(pool, body)
    if user is None:
        user = users.simulated(pool.simulation_key, body["Username"])
    _check_resettable(user)
    _count(pool, user, "ForgotPassword", pool.settings.forgot_password_per_hour)
    medium, attribute = _verified_contact(user)
    address = user.attributes[attribute]
    code = send_code(pool, user, medium, address, CODE_LENGTH)
    user.reset_code = (code, pool.clock.now())
    return {"CodeDeliveryDetails": {"AttributeName": attribute, "DeliveryMedium": medium,
                                    "Destination": masked(address)}}


def confirm_forgot(pool, body):
    user = _whose(pool, body)
    if user is None:
        raise _wrong_code()
    _check_resettable(user)
    _count(pool, user, "ConfirmForgotPassword", pool.settings.confirm_forgot_password_per_hour)
    _check_code(pool, user, body["ConfirmationCode"])
    users.check_new_password(user, body["Password"], pool.settings)
    if user.status == users.UNCONFIRMED:
        raise not_confirmed()
    user.set_password(body["Password"], pool.clock.now())
    user.status = users.CONFIRMED
    user.reset_code = None
    user.password_lock.clear()
    return {}


def _whose(pool, body):
    """The user; None for one who is unknown and must not be seen to be."""
    client = client_proof.find_client(pool, body["ClientId"])
    proof = {"SECRET_HASH": body["SecretHash"]} if body.get("SecretHash") is not None else {}
    client_proof.check_hash(client, body["Username"], proof)
    user = pool.directory.sign_in_name(body["Username"])
    if user is None and not client.hides_unknown_users:
        raise user_not_found()
    return user


def _check_resettable(user):
    if not user.enabled:
        raise not_authorized("User is disabled.")
    if user.status == users.FORCE_CHANGE_PASSWORD:
        raise not_authorized("User password cannot be reset in the current state.")


def _verified_contact(user):
    for medium, attribute in (("EMAIL", "email"), ("SMS", "phone_number")):
        verified = user.attributes.get(f"{attribute}_verified") == "true"
        if verified and user.attributes.get(attribute):
            return medium, attribute
    raise invalid_parameter("Cannot reset password for the user as there is no registered/verified "
                            "email or phone_number")


def _check_code(pool, user, given):
    code, sent_at = user.reset_code or (None, 0)
    if code is None or pool.clock.now() >= sent_at + CODE_SECONDS:
        raise ApiError("ExpiredCodeException",
                       "Invalid code provided, please request a code again.")
    if not same(code, given):
        raise _wrong_code()


def _wrong_code():
    return ApiError("CodeMismatchException",
                    "Invalid verification code provided, please try again.")


def _count(pool, user, operation, limit):
    """Each call counts, whatever becomes of it; those an hour old no longer do."""
    now = pool.clock.now()
    recent = [moment for moment in user.calls.get(operation, []) if moment > now - HOUR]
    if len(recent) >= limit:
        raise ApiError("LimitExceededException",
                       "Attempt limit exceeded, please try after some time.")
    user.calls[operation] = [*recent, now]
