# SPDX-License-Identifier: MIT
"""Conversations of test_challenges.py and its neighbours: how they are set up, held and judged."""

import ssh
from answers import Answers

SECRET_FILE = "/etc/security/pam_cognito.secret"


def use(host, pool, client, **keys):
    """Configure the public or the confidential app client."""
    if client == "confidential":
        host.write(SECRET_FILE, pool.client_secret() + "\n", 0o600)
        keys["client_secret_file"] = SECRET_FILE
    host.configure(pool, client_id=pool.client_id(client), **keys)


def talk(host, pool, user, conversation, **more):
    """Sign in over ssh in the words of a conversation."""
    steps = Answers(pool, user).steps(conversation)
    return ssh.sign_in(host, user, *(answer for _, answer in steps),
                       prompts=[question for question, _ in steps], **more)


def is_in(outcome, user):
    """In, with every question of the conversation asked."""
    return ssh.is_in(outcome, user) and outcome.missed is None


def is_refused(outcome):
    """Refused at the end of the conversation, not somewhere in it."""
    return ssh.is_refused(outcome) and outcome.missed is None


# What the pool was asked

def operations(pool):
    return [entry["operation"] for entry in pool.requests()["requests"] if entry["operation"]]


def responses(pool):
    """(challenge, what it was answered with), in order."""
    return [(entry["body"]["ChallengeName"], entry["body"]["ChallengeResponses"])
            for entry in pool.requests()["requests"]
            if entry["operation"] == "RespondToAuthChallenge"]


def answered(pool):
    """The challenges that were answered."""
    return [name for name, _ in responses(pool)]
