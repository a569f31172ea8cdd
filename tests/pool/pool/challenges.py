# SPDX-License-Identifier: MIT
"""What stands between the first proof and tokens.

advance() asks the steps in order whether they still want something of the user; the first that
does poses its challenge. respond() hands an answer to the function CHALLENGES names for it, which
returns the next challenge itself or None to go on. A new kind of challenge is a step, an answer
function and a row.
"""

from . import custom, devices, enrolment, first_factors, mfa, new_password, shapes, tokens
from .challenge import required, session_of_user
from .errors import invalid_parameter

STEPS = (new_password.step, enrolment.step, devices.remembered_step, mfa.step, custom.step,
         devices.tracked_step)


def advance(pool, sign_in):
    """The next challenge this sign-in needs, or its tokens."""
    for step in STEPS:
        reply = step(pool, sign_in)
        if reply:
            return reply
    return _tokens(pool, sign_in)


def respond(pool, client, body):
    name = body["ChallengeName"]
    responses = shapes.text_map(body, "ChallengeResponses")
    required(responses, "USERNAME")
    if name in PROOFS:
        return advance(pool, PROOFS[name](pool, client, responses, body.get("Session")))
    answer = CHALLENGES.get(name)
    if answer is None:
        raise invalid_parameter(f"Challenge {name} is not supported by this pool")
    session = session_of_user(pool, client, name, responses, _session_text(pool, body, responses))
    if name not in FIRST_FACTORS and not session.first_factor:
        devices.adopt(pool, session.sign_in, responses)
    reply = answer(pool, session, responses)
    session.used = True
    return reply or advance(pool, session.sign_in)


def _session_text(pool, body, responses):
    """The session of this call, which a device challenge may have to do without."""
    unsent = not pool.settings.session_with_device_challenges
    if body["ChallengeName"] == "DEVICE_SRP_AUTH" and unsent:
        return pool.sessions.latest("DEVICE_SRP_AUTH", responses["USERNAME"])
    return body.get("Session")


def _tokens(pool, sign_in):
    now = pool.clock.now()
    device = None
    if devices.tracked(pool) and not sign_in.device_proven:
        device = devices.issue(pool, sign_in, now)
    grant = pool.grants.begin(sign_in.user, sign_in.client, now,
                              device.key if device else sign_in.device_key)
    result = tokens.token_pair(pool.keys, pool.issuer, grant, now)
    result["RefreshToken"] = pool.grants.issue_refresh_token(grant)
    if device:
        result["NewDeviceMetadata"] = {"DeviceKey": device.key,
                                       "DeviceGroupKey": device.group_key}
    return {"ChallengeParameters": {}, "AuthenticationResult": result}


# Answered with a proof that leads to its sign-in, with or without a session.
PROOFS = {
    "PASSWORD_VERIFIER": first_factors.answer_password_verifier,
    "DEVICE_PASSWORD_VERIFIER": devices.answer_password_verifier,
}

FIRST_FACTORS = {
    "SELECT_CHALLENGE": first_factors.answer_select,
    "PASSWORD": first_factors.answer_password,
    "PASSWORD_SRP": first_factors.answer_password_srp,
    "WEB_AUTHN": first_factors.answer_webauthn,
}

CHALLENGES = {
    **FIRST_FACTORS,
    "NEW_PASSWORD_REQUIRED": new_password.answer,
    "MFA_SETUP": enrolment.answer,
    "SELECT_MFA_TYPE": mfa.answer_select,
    "SMS_MFA": mfa.answer_code,
    "SMS_OTP": mfa.answer_code,
    "EMAIL_OTP": mfa.answer_code,
    "SOFTWARE_TOKEN_MFA": mfa.answer_totp,
    "CUSTOM_CHALLENGE": custom.answer,
    "DEVICE_SRP_AUTH": devices.answer_srp,
}
