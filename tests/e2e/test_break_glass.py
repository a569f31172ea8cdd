# SPDX-License-Identifier: MIT
"""Promise 5: root and the administrator named in skip_user= get in whatever of ours is broken."""

import os

import pytest

import host as private_host
import ssh


def all_well(host, pool):
    pass


def pool_down(host, pool):
    pool.refuse_connections()


def configuration_broken(host, pool):
    host.append_config("no such key\n")


def configuration_missing(host, pool):
    host.path(private_host.CONFIG).unlink()


def configuration_owned_by_alice(host, pool):
    os.chown(host.path(private_host.CONFIG), 2001, 2001)


def configuration_writable(host, pool):
    host.path(private_host.CONFIG).chmod(0o666)


def configuration_fifo(host, pool):
    host.path(private_host.CONFIG).unlink()
    os.mkfifo(host.path(private_host.CONFIG))


def helper_missing(host, pool):
    host.path(private_host.HELPER).unlink()


def helper_not_executable(host, pool):
    host.path(private_host.HELPER).chmod(0o644)


def run_as_missing(host, pool):
    host.append_config("run_as = nobody-here\n")


def bad_module_argument(host, pool):
    host.module_arguments("skip_user=keyadmin no_such_argument")


BREAKS = [all_well, pool_down, configuration_broken, configuration_missing,
          configuration_owned_by_alice, configuration_writable, configuration_fifo, helper_missing,
          helper_not_executable, run_as_missing, bad_module_argument]
STACKS = ("lax", "strict")


@pytest.fixture(params=STACKS)
def stack(request, host):
    if request.param == "strict":
        host.strict_account()
    host.module_arguments("skip_user=keyadmin")
    return request.param


@pytest.fixture(params=BREAKS, ids=lambda function: function.__name__)
def broken(request, host, pool, stack):
    """Something of ours is broken."""
    request.param(host, pool)
    return request.param


@pytest.mark.parametrize("user", ["root", "keyadmin"])
def test_ssh_by_key(host, broken, user):
    assert ssh.is_in(ssh.sign_in(host, user, method=ssh.PUBLICKEY), user)
    assert host.log.ours() == []


def test_ssh_by_local_password(host, broken, local_password):
    assert ssh.is_in(ssh.sign_in(host, "keyadmin", local_password), "keyadmin")


def test_sudo_by_local_password(host, broken, local_password):
    done = host.run("sudo", "-S", "-k", "id", "-un", as_user="keyadmin", text=local_password + "\n")
    assert (done.status, done.out) == (0, "root\n")


def test_su_to_root(host, broken, local_password):
    outcome = host.converse(["su", "-c", "echo in as $(id -un)"], [("Password: ", local_password)],
                            as_user="alice")
    assert "in as root" in outcome


def test_console(host, broken, local_password):
    outcome = host.converse(["login"], [("login: ", "root"), ("Password: ", local_password),
                                        (r"# $", "echo in as $(id -un); exit")])
    assert "in as root\n" in outcome


# What the same break costs a pool user. A key lets her in where the account line is lax and there
# is nothing against her: that is what the lax line is for.
COST = [
    (all_well, "lax", True, "PAM_AUTH_ERR"),
    (all_well, "strict", False, "PAM_AUTH_ERR"),
    (configuration_broken, "lax", True, "PAM_SERVICE_ERR"),
    (configuration_broken, "strict", False, "PAM_SERVICE_ERR"),
    (helper_missing, "lax", False, "PAM_SYSTEM_ERR"),
    (helper_missing, "strict", False, "PAM_SYSTEM_ERR"),
    (run_as_missing, "lax", True, "PAM_SERVICE_ERR"),
]


@pytest.mark.parametrize("make, line, gets_in, code", COST)
def test_pool_user_by_key(host, pool, make, line, gets_in, code):
    if line == "strict":
        host.strict_account()
    make(host, pool)
    outcome = ssh.sign_in(host, "alice", method=ssh.PUBLICKEY)
    assert ssh.is_in(outcome, "alice") == gets_in
    assert host.log.decision("account")["code"] == code


# And how it ends for her with the right password.
REFUSALS = [
    (pool_down, "PAM_AUTHINFO_UNAVAIL"),
    (configuration_broken, "PAM_SERVICE_ERR"),
    (configuration_missing, "PAM_SERVICE_ERR"),
    (configuration_owned_by_alice, "PAM_SERVICE_ERR"),
    (configuration_writable, "PAM_SERVICE_ERR"),
    (configuration_fifo, "PAM_SERVICE_ERR"),
    (helper_missing, "PAM_SYSTEM_ERR"),
    (helper_not_executable, "PAM_SYSTEM_ERR"),
    (run_as_missing, "PAM_SERVICE_ERR"),
]


@pytest.mark.parametrize("make, code", REFUSALS)
def test_pool_user_by_password(app, host, pool, make, code):
    make(host, pool)
    assert app("alice").status() == code
    assert host.log.decision()["code"] == code
