# SPDX-License-Identifier: MIT
"""This host as a user's remembered device: the second factor is asked for once."""

import os
import shutil

import pytest

import host as private_host
import people
import records
import scenarios
from answers import AGAIN, EMAIL, KEY, MUST_CHANGE, NEW, OR_MENU, PASSWORD, SMS, TOTP
from scenarios import answered, is_in, operations

START, ANSWER = "InitiateAuth", "RespondToAuthChallenge"
CONFIRM, REMEMBER = "ConfirmDevice", "UpdateDeviceStatus"
PROOF = ["DEVICE_SRP_AUTH", "DEVICE_PASSWORD_VERIFIER"]
WITH_CODE = [(PASSWORD, "password"), (TOTP, "authenticator")]
WITHOUT = [(PASSWORD, "password")]
PLACES = ("/etc/security", "/run", "/var", "/tmp", "/home", "/root", "/dev/shm")


@pytest.fixture
def devices(pool):
    """What the pool lists for a user."""
    return lambda user: pool.admin("GET", f"devices/{user}")["devices"]


@pytest.fixture
def talk(host, pool):
    """Sign in, and nothing of it is in the pool's journal of the next time."""
    def run(user, conversation, **more):
        pool.admin("DELETE", "requests")
        pool.admin("POST", f"users/{user}", {"forgetTotpSteps": True})
        return scenarios.talk(host, pool, user, conversation, **more)
    return run


def remember(host, pool, client="public", flow="srp", tracking="ALWAYS", **keys):
    pool.admin("POST", "settings", {"deviceTracking": tracking})
    scenarios.use(host, pool, client, auth_flow=flow, **{"remember_device": "yes", **keys})


def connections(pool):
    return pool.requests()["connections"]


# What it costs

def test_never_unless_said(talk, host, pool, devices):
    remember(host, pool, remember_device=None)
    for _ in range(2):
        assert is_in(talk("carol", WITH_CODE), "carol")
        assert operations(pool) == [START, ANSWER, ANSWER]
        assert connections(pool) == 1
    assert not any(device["confirmed"] for device in devices("carol"))


TRACKING = {"ALWAYS": [CONFIRM], "OPT_IN": [CONFIRM, REMEMBER], "OFF": []}


@pytest.mark.parametrize("tracking", TRACKING)
def test_the_first_time(talk, host, pool, devices, tracking):
    remember(host, pool, tracking=tracking)
    assert is_in(talk("carol", WITH_CODE), "carol")
    assert operations(pool) == [START, ANSWER, ANSWER, *TRACKING[tracking]]
    assert connections(pool) == 1
    assert host.log.decision()["mfa"] == "totp"
    assert [(device["name"], device["confirmed"], device["remembered"])
            for device in devices("carol")] == (
                [] if tracking == "OFF" else [(os.uname().nodename, True, True)])


# auth_flow: the question, calls of the second sign-in.
FLOWS = {"srp": (PASSWORD, 4), "password": (PASSWORD, 3), "user_auth": (OR_MENU, 4),
         "custom": (PASSWORD, 4)}


@pytest.mark.parametrize("flow", FLOWS)
@pytest.mark.parametrize("client", ["public", "confidential"])
def test_the_second_time(talk, host, pool, client, flow):
    question, calls = FLOWS[flow]
    remember(host, pool, client, flow)
    assert is_in(talk("carol", [(question, "password"), WITH_CODE[1]]), "carol")
    host.log.clear()
    assert is_in(talk("carol", [(question, "password")]), "carol")
    assert operations(pool) == [START] + [ANSWER] * (calls - 1)
    assert answered(pool)[-2:] == PROOF
    assert connections(pool) == 1
    decision = host.log.decision()
    assert (decision["method"], decision["mfa"]) == ("password", "device")


@pytest.mark.parametrize("user, question", [("frank", SMS), ("nina", EMAIL)])
def test_instead_of_a_sent_code(talk, host, pool, user, question):
    remember(host, pool)
    assert is_in(talk(user, [(PASSWORD, "password"), (question, "code")]), user)
    assert is_in(talk(user, WITHOUT), user)
    assert is_in(talk(user, WITHOUT), user)
    assert answered(pool) == ["PASSWORD_VERIFIER", *PROOF]


def test_after_an_enrolment(talk, host, pool):
    remember(host, pool)
    assert is_in(talk("quinn", [(PASSWORD, "password"), (KEY, "first code")]), "quinn")
    assert is_in(talk("quinn", WITHOUT), "quinn")


def test_without_a_session_in_device_challenges(talk, host, pool):
    pool.admin("POST", "settings", {"sessionWithDeviceChallenges": False})
    remember(host, pool)
    assert is_in(talk("carol", WITH_CODE), "carol")
    assert is_in(talk("carol", WITHOUT), "carol")
    assert answered(pool)[-2:] == PROOF


def test_an_alias(talk, host, pool, devices):
    remember(host, pool, username_format="%u@example.com", identity_claim="email")
    pool.admin("POST", "users/judy", {"mfa": ["EMAIL_OTP"]})
    assert is_in(talk("judy", [(PASSWORD, "password"), (EMAIL, "code")]), "judy")
    assert is_in(talk("judy", WITHOUT), "judy")
    assert [device["confirmed"] for device in devices("judy")] == [True]


def test_after_the_code(talk, host, pool):
    """A pool whose devices replace no code asks for both."""
    pool.admin("POST", "settings", {"challengeRequiredOnNewDevice": False})
    remember(host, pool)
    assert is_in(talk("carol", WITH_CODE), "carol")
    assert is_in(talk("carol", WITH_CODE), "carol")
    assert answered(pool) == ["PASSWORD_VERIFIER", "SOFTWARE_TOKEN_MFA", *PROOF]


def test_at_the_end_of_a_chain(talk, host, pool):
    """Everything a pool can ask for in one sign-in."""
    pool.admin("POST", "settings", {"challengeRequiredOnNewDevice": False})
    remember(host, pool)
    conversation = [(PASSWORD, "password"), (SMS, "code")]
    assert is_in(talk("frank", conversation), "frank")
    pool.admin("POST", "users/frank", {"status": "FORCE_CHANGE_PASSWORD"})
    conversation[1:1] = [(MUST_CHANGE, "yes"), (NEW, "new"), (AGAIN, "new")]
    assert is_in(talk("frank", conversation), "frank")
    assert answered(pool) == ["PASSWORD_VERIFIER", "NEW_PASSWORD_REQUIRED", "SMS_MFA", *PROOF]


def test_once_for_all_programs(talk, host, pool, password):
    remember(host, pool)
    assert is_in(talk("carol", WITH_CODE), "carol")
    done = host.run("sudo", "-S", "-k", "id", "-un", as_user="carol",
                    text=password("carol") + "\n")
    assert (done.status, done.out) == (0, "root\n")
    outcome = host.converse(["login"], [("login: ", "carol"), (PASSWORD, password("carol")),
                                        (r"\$ $", "echo in as $(id -un); exit")])
    assert "in as carol\n" in outcome


def test_a_device_is_no_password(talk, host, pool):
    remember(host, pool)
    assert is_in(talk("carol", WITH_CODE), "carol")
    assert scenarios.is_refused(talk("carol", [(PASSWORD, "C4n4ry-wrong")]))
    assert host.log.decisions()[-1]["code"] == "PAM_AUTH_ERR"


# Not this device any more, or never: the code is asked for, and the sign-in works. The next one
# needs none.

def forgotten(host, pool, devices):
    pool.admin("DELETE", "devices/carol")


def reinstalled(host, pool, devices):
    shutil.rmtree(host.path(records.STORE))
    private_host.inside.make_state(host.path(records.STORE))


def other_machine(host, pool, devices):
    """Its disk in another machine, or a copy of what is in the store."""
    host.write("/etc/machine-id", "0123456789abcdef0123456789abcdef\n")


def other_key(host, pool, devices):
    host.path(records.SEAL_KEY).write_bytes(b"x" * 32)


def damaged(host, pool, devices):
    records.flip(records.record_of(host, pool, "carol"))


def of_another_user(host, pool, devices):
    shutil.copyfile(records.record_of(host, pool, "frank"),
                    records.record_of(host, pool, "carol"))


LOST = [forgotten, reinstalled, other_machine, other_key, damaged, of_another_user]


@pytest.fixture
def machine_id(host):
    path = host.path("/etc/machine-id")
    before = path.read_bytes() if path.exists() else None
    yield
    if before is None:
        path.unlink(missing_ok=True)
    else:
        path.write_bytes(before)


@pytest.mark.usefixtures("machine_id")
@pytest.mark.parametrize("how", LOST, ids=lambda how: how.__name__)
def test_asked_again(talk, host, pool, devices, how):
    remember(host, pool)
    assert is_in(talk("carol", WITH_CODE), "carol")
    assert is_in(talk("frank", [(PASSWORD, "password"), (SMS, "code")]), "frank")
    before, = devices("carol")
    how(host, pool, devices)
    assert is_in(talk("carol", WITH_CODE), "carol")
    assert devices("carol")[-1]["deviceKey"] != before["deviceKey"]
    assert is_in(talk("carol", WITHOUT), "carol")


def test_the_pool_takes_another_for_this_device(talk, host, pool):
    """Whatever it says to the proof, short of being out of order."""
    remember(host, pool)
    assert is_in(talk("carol", WITH_CODE), "carol")
    pool.admin("POST", "faults", {
        "match": {"operation": ANSWER}, "kind": "error", "skip": 2, "count": 1,
        "type": "NotAuthorizedException", "message": "Incorrect username or password."})
    assert is_in(talk("carol", WITH_CODE), "carol")


def test_everybody_has_a_device_of_their_own(talk, host, pool, devices):
    remember(host, pool)
    assert is_in(talk("carol", WITH_CODE), "carol")
    assert is_in(talk("frank", [(PASSWORD, "password"), (SMS, "code")]), "frank")
    for user in ("carol", "frank"):
        assert is_in(talk(user, WITHOUT), user)
    pool.admin("DELETE", "devices/frank")
    assert is_in(talk("carol", WITHOUT), "carol")
    assert is_in(talk("frank", [(PASSWORD, "password"), (SMS, "code")]), "frank")
    assert len(devices("carol")) == len(devices("frank")) == 1


# What fails on the way does not fail the sign-in: the pool's answer to one of the two calls, and
# what the log says. The next sign-in asks again.
TROUBLE = {
    "refused": {"kind": "error", "type": "InvalidParameterException",
                "message": "Invalid device key given."},
    "out of order": {"kind": "status", "status": 500},
    "throttled": {"kind": "error", "type": "TooManyRequestsException"},
    "gone": {"kind": "close"},
    "no JSON": {"kind": "raw", "body": "<html>"},
}
FAILURES = [(call, trouble) for call in (CONFIRM, REMEMBER) for trouble in TROUBLE
            if (call, trouble) != (REMEMBER, "no JSON")]  # its answer says nothing in any case


@pytest.mark.parametrize("call, trouble", FAILURES)
def test_registering_fails(talk, host, pool, call, trouble):
    remember(host, pool, tracking="OPT_IN")
    pool.admin("POST", "faults", {"match": {"operation": call}, "count": None, **TROUBLE[trouble]})
    assert is_in(talk("carol", WITH_CODE), "carol")
    assert call in operations(pool)
    assert any("this host is not remembered as a device" in line for line in host.log.ours())
    pool.admin("DELETE", "faults")
    assert is_in(talk("carol", WITH_CODE), "carol")


def test_a_silent_pool_does_not_keep_people_waiting(talk, host, pool):
    remember(host, pool, timeout="4s")
    pool.admin("POST", "faults", {"match": {"operation": CONFIRM}, "kind": "silence"})
    outcome = talk("carol", WITH_CODE)
    assert is_in(outcome, "carol")
    assert outcome.seconds < 6


# Its secrets stand in for the second factor.

def test_secrets_are_sealed(talk, host, pool, devices):
    remember(host, pool)
    host.append_config("debug = yes\n")
    host.module_arguments("debug")
    assert is_in(talk("carol", WITH_CODE), "carol")
    assert is_in(talk("carol", WITHOUT), "carol")
    device, = devices("carol")
    secrets = [device["deviceKey"], device["deviceGroupKey"]]
    assert not [line for line in host.log.all() for secret in secrets if secret in line]
    files = {place + name: data for place in PLACES
             for name, (*_, data) in records.snapshot(host, place).items()
             if isinstance(data, bytes)}
    assert f"{records.STORE}/records/{records.record_of(host, pool, 'carol').name}" in files
    assert not [name for name, data in files.items() for secret in secrets
                if secret.encode() in data]


def test_only_the_helpers_user_can_read_them(talk, host, pool):
    remember(host, pool)
    assert is_in(talk("carol", WITH_CODE), "carol")
    record = records.record_of(host, pool, "carol")
    about = record.stat()
    assert (about.st_mode & 0o7777, about.st_uid) == (0o600, people.RUN_AS.uid)
    name = f"{records.STORE}/records/{record.name}"
    assert host.run("cat", name, as_user="carol").status != 0
