# SPDX-License-Identifier: MIT
"""CUSTOM_CHALLENGE: a user's scripted questions, in place of the pool's Lambda functions.

They are posed in CUSTOM_AUTH only; in other flows nobody asks the Lambda functions.

A step is {"parameters": {NAME: TEXT}, "answer": TEXT, "retries": N}: N wrong answers are forgiven
with the same question in a new challenge, the next one ends the sign-in.
"""

from .challenge import pose, required, same
from .errors import not_authorized


def step(pool, sign_in):
    if not sign_in.custom or sign_in.custom_done >= len(sign_in.user.custom_steps):
        return None
    parameters = sign_in.user.custom_steps[sign_in.custom_done].get("parameters", {})
    return pose(pool, sign_in, "CUSTOM_CHALLENGE", parameters)


def answer(pool, session, responses):
    """A forgiven answer leaves the step as it is, so the same question comes again."""
    given = required(responses, "ANSWER")
    sign_in = session.sign_in
    script = sign_in.user.custom_steps[sign_in.custom_done]
    if same(script["answer"], given):
        sign_in.custom_done += 1
        sign_in.custom_misses = 0
        return
    sign_in.custom_misses += 1
    if sign_in.custom_misses > script.get("retries", 0):
        session.used = True
        raise not_authorized()
