# SPDX-License-Identifier: MIT
"""What proves a user first: a password in either form, or a code. A factor is a row in FACTORS.

begin() returns the challenge to pose, or None if the user is proven already.
"""

from . import admission, devices, mfa, srp_proof, users
from .challenge import pose, required
from .encoding import compact_json, random_name
from .errors import ApiError, invalid_parameter, not_authorized

CODE_LENGTH = 8


def available(user):
    """The factors on offer. Who has a second factor or a temporary password must use it."""
    if user.mfa or user.status == users.FORCE_CHANGE_PASSWORD:
        return list(users.PASSWORD_FACTORS)
    return list(user.first_factors)


def begin(pool, sign_in, factor, given):
    return FACTORS[factor](pool, sign_in, given)


def select(pool, sign_in):
    reply = pose(pool, sign_in, "SELECT_CHALLENGE", {}, names_user=False)
    return {**reply, "AvailableChallenges": available(sign_in.user)}


def begin_password(pool, sign_in, given):
    if not given.get("PASSWORD"):
        return pose(pool, sign_in, "PASSWORD", {})
    admission.check_password(pool, sign_in.user, sign_in.user.password_is(given["PASSWORD"]))
    devices.adopt(pool, sign_in, given)
    return None


def begin_srp(pool, sign_in, given):
    if not given.get("SRP_A"):
        return pose(pool, sign_in, "PASSWORD_SRP", {})
    return pose_password_verifier(pool, sign_in, given["SRP_A"], with_session=True)


def _begin_code(pool, sign_in, challenge):
    admission.check_confirmed(sign_in.user)
    return mfa.pose_code(pool, sign_in, challenge, CODE_LENGTH, first_factor=True)


def begin_email(pool, sign_in, given):
    return _begin_code(pool, sign_in, "EMAIL_OTP")


def begin_sms(pool, sign_in, given):
    return _begin_code(pool, sign_in, "SMS_OTP")


def begin_webauthn(pool, sign_in, given):
    options = {"challenge": random_name(43), "rpId": "localhost", "timeout": 180000,
               "userVerification": "preferred", "allowCredentials": []}
    return pose(pool, sign_in, "WEB_AUTHN",
                {"CREDENTIAL_REQUEST_OPTIONS": compact_json(options)})


FACTORS = {
    "PASSWORD_SRP": begin_srp,
    "PASSWORD": begin_password,
    "EMAIL_OTP": begin_email,
    "SMS_OTP": begin_sms,
    "WEB_AUTHN": begin_webauthn,
}


def pose_password_verifier(pool, sign_in, srp_a, with_session):
    client_public = srp_proof.parse_srp_a(srp_a)
    user = sign_in.user
    sign_in.by_srp = True
    identity = srp_proof.Identity(pool.name, user.username, user.salt,
                                  user.srp_verifier(pool.name))
    reply = srp_proof.pose(pool, sign_in, "PASSWORD_VERIFIER", identity, client_public,
                           with_session)
    reply["ChallengeParameters"]["USER_ID_FOR_SRP"] = user.username
    return reply


# Answers

def answer_password_verifier(pool, client, responses, session_text):
    """The sign-in this proof belongs to. A device unknown to the pool does not spend the proof."""
    exchange, proven = srp_proof.take(pool, client, "PASSWORD_VERIFIER", responses, session_text)
    sign_in = exchange.sign_in
    admission.check_password(pool, sign_in.user, proven)
    try:
        devices.adopt(pool, sign_in, responses)
    except ApiError:
        pool.srp_exchanges.restore(responses["PASSWORD_CLAIM_SECRET_BLOCK"], exchange)
        raise
    srp_proof.finish(exchange)
    return sign_in


def answer_select(pool, session, responses):
    factor = required(responses, "ANSWER")
    if factor not in available(session.sign_in.user):
        raise invalid_parameter("Selected challenge is not available")
    session.used = True
    return begin(pool, session.sign_in, factor, responses)


def answer_password(pool, session, responses):
    required(responses, "PASSWORD")
    session.used = True
    return begin_password(pool, session.sign_in, responses)


def answer_password_srp(pool, session, responses):
    required(responses, "SRP_A")
    return begin_srp(pool, session.sign_in, responses)


def answer_webauthn(pool, session, responses):
    """No passkey is ever right here."""
    required(responses, "CREDENTIAL")
    session.used = True
    raise not_authorized()
