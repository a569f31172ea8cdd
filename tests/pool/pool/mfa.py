# SPDX-License-Identifier: MIT
"""Second factors: choosing one, codes by SMS and e-mail, authenticator codes.

A code by SMS or e-mail can be the first factor too, or prove an address being set up.
"""

from . import devices, totp
from .challenge import masked, pose, required, same, send_code
from .encoding import compact_json
from .errors import ApiError, invalid_parameter, not_authorized

CODE_LENGTH = 6
MEDIA = {"SMS_MFA": ("SMS", "phone_number"), "SMS_OTP": ("SMS", "phone_number"),
         "EMAIL_OTP": ("EMAIL", "email")}


def step(pool, sign_in):
    user = sign_in.user
    if sign_in.passwordless or sign_in.mfa_done or not user.mfa:
        return None
    method = user.mfa_challenge()
    if method is None:
        return pose(pool, sign_in, "SELECT_MFA_TYPE", {"MFAS_CAN_CHOOSE": compact_json(user.mfa)})
    return begin(pool, sign_in, method)


def begin(pool, sign_in, method):
    if method == "SOFTWARE_TOKEN_MFA":
        name = sign_in.user.totp_name
        return pose(pool, sign_in, method, {"FRIENDLY_DEVICE_NAME": name} if name else {})
    return pose_code(pool, sign_in, method, CODE_LENGTH)


def pose_code(pool, sign_in, challenge, length, **facts):
    """Send a code and ask for it; facts say what it is for."""
    medium, attribute = MEDIA[challenge]
    address = facts.get("email") or sign_in.user.attributes.get(attribute, "")
    code = send_code(pool, sign_in.user, medium, address, length)
    return pose(pool, sign_in, challenge,
                {"CODE_DELIVERY_DELIVERY_MEDIUM": medium,
                 "CODE_DELIVERY_DESTINATION": masked(address)}, code=code, **facts)


# Answers

def answer_select(pool, session, responses):
    method = required(responses, "ANSWER")
    if method not in session.sign_in.user.mfa:
        raise invalid_parameter("Selected MFA type is not available for the user")
    return begin(pool, session.sign_in, method)


def answer_code(pool, session, responses):
    """An SMS or e-mail code. A wrong one leaves the session usable."""
    user = session.sign_in.user
    code = _given_code(pool, session, responses)
    if user.simulated or not same(session.code, code):
        _refuse_code(pool, user, "Invalid code or auth state for the user.")
    if session.email:
        user.attributes.update(email=session.email, email_verified="true")
        user.mfa = ["EMAIL_OTP"]
    if session.first_factor:
        devices.adopt(pool, session.sign_in, responses)
        session.sign_in.passwordless = True
    _done(session)


def answer_totp(pool, session, responses):
    user = session.sign_in.user
    code = _given_code(pool, session, responses)
    if not take_totp_step(pool, user, user.totp_secret, code):
        _refuse_code(pool, user, "Invalid code received for user")
    _done(session)


def take_totp_step(pool, user, secret, code):
    """Whether the code is right; each is good once."""
    moment = totp.matching_step(secret, code, pool.clock.now())
    if moment is None:
        return False
    if moment in user.used_totp_steps:
        raise ApiError("ExpiredCodeException", "Your software token has already been used once.")
    user.used_totp_steps.add(moment)
    return True


def _given_code(pool, session, responses):
    code = required(responses, f"{session.challenge}_CODE")
    if session.sign_in.user.mfa_lock.is_locked(pool.clock.now()):
        raise not_authorized("Too many invalid credentials attempts. User temporarily locked. "
                             "Please try again after few seconds.")
    return code


def _refuse_code(pool, user, message):
    user.mfa_lock.fail(pool.clock.now())
    raise ApiError("CodeMismatchException", message)


def _done(session):
    session.sign_in.mfa_done = True
    session.sign_in.user.mfa_lock.clear()
