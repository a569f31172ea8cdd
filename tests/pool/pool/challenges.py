# SPDX-License-Identifier: MIT
"""What stands between a correct password and tokens.

advance() asks the steps in order whether they still want something of the user; the first that
does sends its challenge. respond() hands an answer to the function CHALLENGES names for it. A new
kind of challenge is a step, an answer function and a row.
"""

import calendar
import hmac
import json
import re
import time

from . import admission, client_proof, srp, tokens, totp, users
from .encoding import random_digits
from .errors import ApiError, invalid_parameter, missing_parameter, not_authorized

TIMESTAMP = re.compile(
    r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun) (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) "
    r"([1-9]|[12][0-9]|3[01]) [0-2][0-9]:[0-5][0-9]:[0-5][0-9] UTC [0-9]{4}", re.ASCII)
MFA_ANSWERS = {"SMS_MFA": "SMS_MFA_CODE", "EMAIL_OTP": "EMAIL_OTP_CODE",
               "SOFTWARE_TOKEN_MFA": "SOFTWARE_TOKEN_MFA_CODE"}
CODE_LENGTH = 6


def advance(pool, sign_in, done=()):
    """The next challenge this sign-in needs, or its tokens. `done` names steps already taken."""
    for step in STEPS:
        if step not in done:
            reply = step(pool, sign_in)
            if reply:
                return reply
    return _tokens(pool, sign_in)


def respond(pool, client, body):
    name = body["ChallengeName"]
    answer = CHALLENGES.get(name)
    if answer is None:
        raise invalid_parameter(f"Challenge {name} is not supported by this pool")
    responses = body.get("ChallengeResponses") or {}
    if not responses.get("USERNAME"):
        raise missing_parameter("USERNAME")
    return answer(pool, client, responses, body.get("Session"))


def _tokens(pool, sign_in):
    now = pool.clock.now()
    grant = pool.grants.begin(sign_in.user, sign_in.client, now)
    result = tokens.token_pair(pool.keys, pool.issuer, grant, now)
    result["RefreshToken"] = pool.grants.issue_refresh_token(grant)
    return {"ChallengeParameters": {}, "AuthenticationResult": result}


# Steps

def new_password_step(pool, sign_in):
    user = sign_in.user
    if user.status != users.FORCE_CHANGE_PASSWORD:
        return None
    missing = [f"userAttributes.{name}" for name in pool.settings.required_attributes
               if name not in user.attributes]
    return _challenge(pool, sign_in, "NEW_PASSWORD_REQUIRED", {
        "requiredAttributes": json.dumps(missing),
        "userAttributes": json.dumps(user.attributes, ensure_ascii=False)})


def mfa_step(pool, sign_in):
    method = sign_in.user.mfa_challenge()
    if method is None:
        return None
    if method == "SOFTWARE_TOKEN_MFA":
        return _challenge(pool, sign_in, method, {})
    return _challenge(pool, sign_in, method, _send_code(pool, sign_in.user, method))


STEPS = (new_password_step, mfa_step)


def _challenge(pool, sign_in, name, parameters):
    session = pool.sessions.open(name, sign_in)
    return {"ChallengeName": name, "Session": session.text,
            "ChallengeParameters": {**parameters, "USER_ID_FOR_SRP": sign_in.user.username}}


def _send_code(pool, user, method):
    """Make a code; it is delivered to the admin interface."""
    medium = "SMS" if method == "SMS_MFA" else "EMAIL"
    address = user.attributes.get("phone_number" if medium == "SMS" else "email", "")
    user.code = {"code": random_digits(CODE_LENGTH), "medium": medium, "destination": address,
                 "time": pool.clock.now()}
    return {"CODE_DELIVERY_DELIVERY_MEDIUM": medium,
            "CODE_DELIVERY_DESTINATION": _masked(address)}


def _masked(address):
    if "@" in address:
        local, domain = address.split("@", 1)
        return f"{local[:1]}***@{domain[:1]}***"
    return f"+{'*' * max(len(address) - 5, 0)}{address[-4:]}"


# Answers

def answer_password_verifier(pool, client, responses, session_text):
    for name in ("PASSWORD_CLAIM_SECRET_BLOCK", "PASSWORD_CLAIM_SIGNATURE", "TIMESTAMP"):
        if not responses.get(name):
            raise missing_parameter(name)
    signed_at = parse_timestamp(responses["TIMESTAMP"])
    exchange = pool.srp_exchanges.take(responses["PASSWORD_CLAIM_SECRET_BLOCK"], client,
                                       pool.settings.password_verifier_seconds)
    client_proof.check_hash(client, exchange.user_id, responses)
    if exchange.session:
        _find_session(pool, client, "PASSWORD_VERIFIER", session_text).used = True
    if responses["USERNAME"] != exchange.user_id:
        raise not_authorized()
    user = exchange.sign_in.user
    proven = _proof_is_right(pool, exchange, responses)
    if user is None or abs(signed_at - pool.clock.now()) > pool.settings.max_clock_skew_seconds:
        raise not_authorized()
    admission.check_password(pool, user, proven)
    return advance(pool, exchange.sign_in)


def parse_timestamp(text):
    """Seconds since 1970; only the service's own form is accepted."""
    problem = invalid_parameter("TIMESTAMP format should be EEE MMM d HH:mm:ss z yyyy in english")
    if not TIMESTAMP.fullmatch(text):
        raise problem
    try:
        return calendar.timegm(time.strptime(text, "%a %b %d %H:%M:%S UTC %Y"))
    except ValueError:
        raise problem from None


def _proof_is_right(pool, exchange, responses):
    expected = srp.signature(exchange.server.key(), pool.name, exchange.user_id,
                             responses["PASSWORD_CLAIM_SECRET_BLOCK"], responses["TIMESTAMP"])
    return hmac.compare_digest(expected.encode(), responses["PASSWORD_CLAIM_SIGNATURE"].encode())


def answer_new_password(pool, client, responses, session_text):
    session = _session_of_user(pool, client, "NEW_PASSWORD_REQUIRED", responses, session_text)
    password = responses.get("NEW_PASSWORD")
    if not password:
        raise missing_parameter("NEW_PASSWORD")
    user = session.sign_in.user
    users.check_new_password(user, password, pool.settings)
    user.attributes.update(_new_attributes(user, responses, pool.settings.required_attributes))
    session.used = True
    user.set_password(password, pool.clock.now())
    user.status = users.CONFIRMED
    return advance(pool, session.sign_in)


def _new_attributes(user, responses, required):
    prefix = "userAttributes."
    given = {name[len(prefix):]: value for name, value in responses.items()
             if name.startswith(prefix)}
    for name in required:
        if name in given and name in user.attributes:
            raise not_authorized(f"Cannot modify an already provided {name}")
        if name not in given and name not in user.attributes:
            raise invalid_parameter("Attributes did not conform to the schema: "
                                    f"{name}: The attribute is required\n")
    return given


def answer_code(pool, client, responses, session_text, method):
    """An SMS or e-mail code."""
    session = _session_of_user(pool, client, method, responses, session_text)
    code = _mfa_code(pool, session.sign_in.user, method, responses)
    user = session.sign_in.user
    if user.code is None or not hmac.compare_digest(user.code["code"].encode(), code.encode()):
        _refuse_code(pool, user, "Invalid code or auth state for the user.")
    user.code = None
    return _mfa_done(pool, session)


def answer_sms(pool, client, responses, session_text):
    return answer_code(pool, client, responses, session_text, "SMS_MFA")


def answer_email(pool, client, responses, session_text):
    return answer_code(pool, client, responses, session_text, "EMAIL_OTP")


def answer_totp(pool, client, responses, session_text):
    method = "SOFTWARE_TOKEN_MFA"
    session = _session_of_user(pool, client, method, responses, session_text)
    user = session.sign_in.user
    code = _mfa_code(pool, user, method, responses)
    step = totp.matching_step(user.totp_secret, code, pool.clock.now())
    if step is None:
        _refuse_code(pool, user, "Invalid code received for user")
    if step in user.used_totp_steps:
        raise ApiError("ExpiredCodeException", "Your software token has already been used once.")
    user.used_totp_steps.add(step)
    return _mfa_done(pool, session)


def _mfa_code(pool, user, method, responses):
    code = responses.get(MFA_ANSWERS[method])
    if not code:
        raise missing_parameter(MFA_ANSWERS[method])
    if user.mfa_lock.is_locked(pool.clock.now()):
        raise not_authorized("Too many invalid credentials attempts. User temporarily locked. "
                             "Please try again after few seconds.")
    return code


def _refuse_code(pool, user, message):
    """A wrong code leaves the session usable."""
    user.mfa_lock.fail(pool.clock.now())
    raise ApiError("CodeMismatchException", message)


def _mfa_done(pool, session):
    session.used = True
    session.sign_in.user.mfa_lock.clear()
    return advance(pool, session.sign_in, done=(new_password_step, mfa_step))


def _find_session(pool, client, challenge, text):
    if not text:
        raise missing_parameter("Session")
    return pool.sessions.find(text, challenge, client)


def _session_of_user(pool, client, challenge, responses, text):
    """The session, if USERNAME and SECRET_HASH belong to its user.

    After SRP only the real name will do; after a typed password the typed alias is let pass in
    USERNAME, as the service does. The hash is always of the real name.
    """
    session = _find_session(pool, client, challenge, text)
    sign_in = session.sign_in
    client_proof.check_hash(client, sign_in.user.username, responses)
    accepted = {sign_in.user.username}
    if not sign_in.by_srp:
        accepted.add(sign_in.typed_name)
    if responses["USERNAME"] not in accepted:
        raise not_authorized("Invalid session for the user.")
    if not sign_in.user.enabled:
        raise not_authorized("User is disabled.")
    return session


CHALLENGES = {
    "PASSWORD_VERIFIER": answer_password_verifier,
    "NEW_PASSWORD_REQUIRED": answer_new_password,
    "SOFTWARE_TOKEN_MFA": answer_totp,
    "SMS_MFA": answer_sms,
    "EMAIL_OTP": answer_email,
}
