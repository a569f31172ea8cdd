# SPDX-License-Identifier: MIT
"""Fixtures: one private host and one local pool for each worker, as new for each test."""

import signal
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
for directory in (HERE, HERE.parent / "pool"):
    sys.path.insert(0, str(directory))

import application  # noqa: E402  (after the paths above)
import host as private_host  # noqa: E402
import people  # noqa: E402
import records  # noqa: E402
import ssh  # noqa: E402
from localpool import LocalPool  # noqa: E402

OWN_WORLD = ("test_pool_clients.py",)  # brings its own pool, once for all its cases


def pytest_configure():
    """What nohup(1) or a shell's background job ignores, every program of ours would too."""
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)


def pytest_collection_modifyitems(items):
    """With --dist loadgroup: tests of such a file share a worker, all others go anywhere."""
    for item in items:
        if item.path.name in OWN_WORLD:
            item.add_marker(pytest.mark.xdist_group(item.path.name))


@pytest.fixture(scope="session")
def workers_pool():
    with LocalPool() as pool:
        yield pool


@pytest.fixture(scope="session")
def workers_host(tmp_path_factory):
    built = application.build(tmp_path_factory.mktemp("pamhost") / "pamhost")
    with private_host.Host() as running:
        application.install(running, built)
        yield running


@pytest.fixture
def pool(workers_pool):
    workers_pool.reset()
    workers_pool.admin("POST", "publish-keys")
    workers_pool.admin("DELETE", "faults")
    workers_pool.admin("DELETE", "requests")
    yield workers_pool
    workers_pool.accept_connections()
    workers_pool.admin("DELETE", "faults")  # lets silent connections go


@pytest.fixture
def host(workers_host, pool):
    """The host with an ordinary configuration; afterwards nothing of the test may still run."""
    workers_host.restore()
    workers_host.configure(pool)
    workers_host.pam("e2e", *(f"{kind} required pam_cognito.so"
                              for kind in ("auth", "account", "password", "session")))
    yield workers_host
    print("\n".join(workers_host.log.all()))  # shown when the test failed
    left = [(pid, private_host.command_of(pid)) for pid in workers_host.wait_until_idle()]
    for pid, _ in left:
        private_host.kill(pid)
    assert not left, f"still running: {left}"


@pytest.fixture(scope="session")
def built_clock(tmp_path_factory):
    return records.build_clock(tmp_path_factory.mktemp("clock") / "shift_clock.so")


@pytest.fixture
def clock(host, built_clock):
    """The host's clock, for the helper; it starts where it is."""
    made = records.Clock(host, built_clock)
    yield made
    made.close()


@pytest.fixture
def nopasswd(host):
    """sudo that asks nobody for a password: only its account lines decide."""
    sudoers = host.path("/etc/sudoers")
    before = sudoers.read_text(encoding="utf-8")
    host.write("/etc/sudoers", before + "ALL ALL=(ALL:ALL) NOPASSWD: ALL\n", 0o440)
    yield
    host.write("/etc/sudoers", before, 0o440)


@pytest.fixture
def password(pool):
    """The pool password of a user, by name."""
    return lambda name: pool.user(name)["password"]


@pytest.fixture
def sign_in(host, password):
    """Sign in over ssh as a user: sign_in("alice"), or with what is typed instead."""
    def run(user, *answers, **more):
        return ssh.sign_in(host, user, *(answers or (password(user),)), **more)

    return run


@pytest.fixture
def app(host, password):
    """Run pamhost: app("alice"), with phases, conditions, answers; see application.py."""
    def run(user, *phases, answers=None, **more):
        if answers is None:
            answers = [password(user)]
        return application.run(host, user, phases or ("auth",), answers, **more)

    return run


@pytest.fixture
def local_password():
    return people.LOCAL_PASSWORD
