# SPDX-License-Identifier: MIT
"""Promise 4: nobody is in by default, and a genuine pool user is not yet an allowed local user."""

import pytest

import ssh

MAP = "/etc/security/pam_cognito.map"

# Configuration keys, user, prompts, PAM code and reason.
RULES = [
    # no rule at all
    ({"allow_users": None}, "alice", 0, "PAM_SERVICE_ERR", "nobody may sign in: set allow_users"),
    # rules that can never admit this user: not ours, so another module decides
    ({"allow_users": ""}, "alice", 0, "PAM_USER_UNKNOWN",
     "no rule could allow this user"),
    ({"allow_users": "bob"}, "alice", 0, "PAM_USER_UNKNOWN",
     "no rule could allow this user"),
    ({"skip_users": "alice"}, "alice", 0, "PAM_USER_UNKNOWN",
     "named in skip_users"),
    ({"skip_groups": "docker"}, "peggy", 0, "PAM_USER_UNKNOWN",
     "member of one of skip_groups"),
    ({"skip_groups": "alice"}, "alice", 0, "PAM_USER_UNKNOWN",
     "member of one of skip_groups"),
    ({"min_uid": "2002"}, "alice", 0, "PAM_USER_UNKNOWN",
     "uid 2001 is below min_uid"),
    ({"min_uid": "2001"}, "alice", 1, "PAM_SUCCESS", "allowed by allow_users"),
    # pool groups
    ({"allow_users": None, "allow_pool_groups": "linux-users"}, "alice", 1, "PAM_SUCCESS",
     "allowed by allow_pool_groups"),
    ({"allow_users": None, "allow_pool_groups": "ops admins"}, "bob", 1, "PAM_SUCCESS",
     "allowed by allow_pool_groups"),
    ({"allow_users": None, "allow_pool_groups": "ops"}, "alice", 1, "PAM_PERM_DENIED",
     "no rule allows this user"),
    ({"allow_users": None, "allow_pool_groups": "Linux-Users"}, "alice", 1, "PAM_PERM_DENIED",
     "no rule allows this user"),
    ({"allow_users": None, "allow_pool_groups": "linux-users"}, "ivan", 1, "PAM_PERM_DENIED",
     "no rule allows this user"),  # in no group at all
    ({"allow_users": None, "allow_pool_groups": ""}, "alice", 0, "PAM_USER_UNKNOWN",
     "no rule could allow this user"),
    # deny wins, and is told only after proof
    ({"deny_users": "alice"}, "alice", 1, "PAM_PERM_DENIED", "named in deny_users"),
    ({"deny_users": "alice", "skip_users": "alice"}, "alice", 1, "PAM_PERM_DENIED",
     "named in deny_users"),
    ({"allow_users": "mallory", "deny_pool_groups": "blocked"}, "mallory", 1, "PAM_PERM_DENIED",
     "in a pool group of deny_pool_groups"),
    # anybody of the pool, but for groups as good as root
    ({"allow_users": None, "allow_any_pool_user": "yes"}, "ivan", 1, "PAM_SUCCESS",
     "allowed by allow_any_pool_user"),
    ({"allow_users": None, "allow_any_pool_user": "yes"}, "bob", 0, "PAM_USER_UNKNOWN",
     "no rule could allow this user"),
    ({"allow_users": None, "allow_any_pool_user": "yes"}, "peggy", 0, "PAM_USER_UNKNOWN",
     "no rule could allow this user"),
    ({"allow_users": "bob", "allow_any_pool_user": "yes"}, "bob", 1, "PAM_SUCCESS",
     "allowed by allow_users"),
]


@pytest.mark.parametrize("keys, user, prompts, code, reason", RULES)
def test_rule(app, host, pool, keys, user, prompts, code, reason):
    host.configure(pool, **keys)
    report = app(user)
    assert (report.status(), len(report.prompts)) == (code, prompts)
    assert prompts or pool.requests()["connections"] == 0
    decision = host.log.decision()
    assert decision["code"] == code
    assert reason in decision["reason"]
    assert code != "PAM_USER_UNKNOWN" or report.errors == []


# What may be broken while skip_users, skip_groups and min_uid hold.
BROKEN = [
    {"username_map_file": "/etc/security/missing.map"},
    {"client_secret_file": "/etc/security/missing.secret"},
    {"run_as": "nobody-of-that-name"},
]
EXEMPT = [{"skip_users": "alice"}, {"skip_groups": "alice"}, {"min_uid": "2002"}]


@pytest.mark.parametrize("broken", BROKEN)
@pytest.mark.parametrize("exempt", EXEMPT)
def test_exemption_holds(app, host, pool, broken, exempt):
    host.configure(pool, **broken, **exempt)
    report = app("alice", "auth", "account")
    assert (report.status(), report.prompts) == ("PAM_USER_UNKNOWN", [])
    assert report.status("account") == "PAM_USER_UNKNOWN"
    assert pool.requests()["connections"] == 0


@pytest.mark.parametrize("user", ["root", "daemon", "_pam-cognito"])
def test_system_users_are_never_ours(app, host, pool, user):
    host.configure(pool, allow_users=None, allow_any_pool_user="yes")
    report = app(user, answers=["x"])
    assert (report.status(), report.prompts) == ("PAM_USER_UNKNOWN", [])
    assert pool.requests()["connections"] == 0


RESERVED = [61184, 65519, 65534, 2**31]


@pytest.mark.parametrize("uid", RESERVED)
def test_reserved_uids_are_never_ours(app, host, pool, uid):
    passwd = host.path("/etc/passwd")
    before = passwd.read_text(encoding="utf-8")
    passwd.write_text(before + f"odd:x:{uid}:2001:odd:/:/bin/sh\n", encoding="utf-8")
    host.configure(pool, allow_users="odd")
    try:
        report = app("odd", answers=["x"])
    finally:
        passwd.write_text(before, encoding="utf-8")
    assert (report.status(), report.prompts) == ("PAM_USER_UNKNOWN", [])


def test_bobs_password_for_alice(app, host, pool, password):
    report = app("alice", answers=[password("bob")])
    assert report.status() == "PAM_AUTH_ERR"
    assert host.log.decision()["sub"] == "-"


def test_bobs_tokens_for_alice(app, host, pool):
    """What the pool's own mistake could look like: a genuine token of somebody else."""
    pool.admin("POST", "faults", {"kind": "tamper", "how": "other-user", "user": "bob",
                                  "match": {"operation": "InitiateAuth"}})
    report = app("alice")
    assert report.status() == "PAM_PERM_DENIED"
    decision = host.log.decision()
    assert decision["reason"] == "the token's username is 'bob', not 'alice'"
    assert decision["sub"] == pool.user("bob")["sub"]


# The map

def test_a_map_line_never_allows(app, host, pool, password):
    host.write(MAP, "ubuntu = alice\n")
    host.configure(pool, username_map_file=MAP, allow_users="alice")
    assert app("ubuntu", answers=[password("alice")]).status() == "PAM_USER_UNKNOWN"
    assert pool.requests()["connections"] == 0


def test_a_mapped_user_is_the_pool_user(app, host, pool, password):
    host.write(MAP, "ubuntu = alice\n")
    host.configure(pool, username_map_file=MAP, allow_users="ubuntu")
    assert app("ubuntu", answers=[password("alice")]).status() == "PAM_SUCCESS"
    decision = host.log.decision()
    assert (decision["user"], decision["pool_user"]) == ("ubuntu", "alice")


def test_a_mapped_name_has_no_other_password(app, host, pool):
    """The pool user called ubuntu exists too; the map says that he is not meant."""
    host.write(MAP, "ubuntu = alice\n")
    host.configure(pool, username_map_file=MAP, allow_users="ubuntu")
    assert app("ubuntu").status() == "PAM_AUTH_ERR"


BAD_MAPS = ["alice = bob\nalice = carol\n", "alice\n", "alice = \n", "= bob\n", "alice = a b\n"]


@pytest.mark.parametrize("text", BAD_MAPS)
def test_a_bad_map_refuses(app, host, pool, text):
    host.write(MAP, text)
    host.configure(pool, username_map_file=MAP)
    report = app("alice")
    assert (report.status(), report.prompts) == ("PAM_SERVICE_ERR", [])
    assert MAP in host.log.decision()["reason"]


def test_service_sections(app, host, pool):
    """The section of another service changes nothing, that of this one does."""
    host.configure(pool)
    host.append_config("[service other]\ndeny_users = alice\n")
    assert app("alice").status() == "PAM_SUCCESS"
    host.append_config("[service e2e]\ndeny_users = alice\n")
    assert app("alice").status() == "PAM_PERM_DENIED"


def test_refused_by_rule_over_ssh(host, pool, sign_in):
    host.configure(pool, deny_users="alice")
    for method in (ssh.KEYBOARD, ssh.PASSWORD):
        assert ssh.is_refused(sign_in("alice", method=method))
    assert {entry["code"] for entry in host.log.decisions()} == {"PAM_PERM_DENIED"}


def test_not_ours_over_ssh_is_asked_by_others(host, pool, sign_in, local_password):
    """Out of scope: the local password of the next module counts, the pool's does not."""
    host.configure(pool, allow_users="bob")
    assert ssh.is_refused(sign_in("alice"))
    assert ssh.is_in(sign_in("keyadmin", local_password), "keyadmin")
    assert pool.requests()["connections"] == 0
