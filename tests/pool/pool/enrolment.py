# SPDX-License-Identifier: MIT
"""MFA_SETUP: a user without a second factor gets one, an authenticator or an e-mail address.

The session goes from the challenge through AssociateSoftwareToken and VerifySoftwareToken back to
the challenge, a new one each time.
"""

from . import grants, mfa, totp
from .challenge import pose
from .encoding import compact_json
from .errors import ApiError, invalid_parameter, not_authorized
from .new_password import check_attribute

VERIFYING = "VerifySoftwareToken"


def step(pool, sign_in):
    user = sign_in.user
    if sign_in.passwordless or user.mfa or not _methods(pool, user):
        return None
    return pose(pool, sign_in, "MFA_SETUP", {"MFAS_CAN_SETUP": compact_json(_methods(pool, user))})


def _methods(pool, user):
    if user.mfa_setup or not pool.settings.mfa_required:
        return user.mfa_setup
    return pool.settings.mfas_can_setup


def answer(pool, session, responses):
    """An address to set up, or nothing: then VerifySoftwareToken has done it all before."""
    user = session.sign_in.user
    if session.totp_secret:
        session.sign_in.mfa_done = True
        return None
    email = responses.get("EMAIL")
    if not email or "EMAIL_OTP" not in _methods(pool, user):
        raise invalid_parameter("User has not set up any MFA")
    check_attribute("email", email)
    return mfa.pose_code(pool, session.sign_in, "EMAIL_OTP", mfa.CODE_LENGTH, email=email)


# Operations. With an access token the secret is only kept: it takes SetUserMFAPreference, which
# this pool does not have, to make it count at sign-in.

def associate(pool, body):
    _check_one_credential(body)
    secret = totp.new_secret()
    if body.get("AccessToken"):
        grants.grant_of_access_token(pool, body["AccessToken"]).user.new_totp_secret = secret
        return {"SecretCode": secret}
    session = _setup_session(pool, body["Session"])
    session.used = True
    following = pool.sessions.open(VERIFYING, session.sign_in, totp_secret=secret)
    return {"SecretCode": secret, "Session": following.text}


def _setup_session(pool, text):
    session = pool.sessions.find(text, "MFA_SETUP")
    user = session.sign_in.user
    if session.totp_secret:
        raise not_authorized("Invalid session for the user.")
    if "SOFTWARE_TOKEN_MFA" not in _methods(pool, user):
        raise ApiError("SoftwareTokenMFANotFoundException", "Software Token MFA is not enabled.")
    return session


def verify(pool, body):
    _check_one_credential(body)
    if body.get("AccessToken"):
        user = grants.grant_of_access_token(pool, body["AccessToken"]).user
        return _verify(pool, user, user.new_totp_secret, body) or {"Status": "SUCCESS"}
    session = pool.sessions.find(body["Session"], VERIFYING)
    user = session.sign_in.user
    refusal = _verify(pool, user, session.totp_secret, body)
    if refusal:
        return {**refusal, "Session": session.text}
    session.used = True
    user.mfa = ["SOFTWARE_TOKEN_MFA"]
    following = pool.sessions.open("MFA_SETUP", session.sign_in, totp_secret=session.totp_secret)
    return {"Status": "SUCCESS", "Session": following.text}


def _verify(pool, user, secret, body):
    """Keep the secret if the first code is right, else refuse in the way that is set."""
    if secret is None:
        raise ApiError("SoftwareTokenMFANotFoundException", "Software Token MFA is not enabled.")
    if mfa.take_totp_step(pool, user, secret, body["UserCode"]):
        user.totp_secret, user.totp_name = secret, body.get("FriendlyDeviceName")
        return None
    if pool.settings.wrong_first_code_is_status:
        return {"Status": "ERROR"}
    raise ApiError("EnableSoftwareTokenMFAException",
                   "Code mismatch and fail enable Software Token MFA")


def _check_one_credential(body):
    if bool(body.get("AccessToken")) == bool(body.get("Session")):
        raise invalid_parameter("Exactly one of AccessToken and Session is required")
