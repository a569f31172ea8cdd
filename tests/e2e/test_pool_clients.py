# SPDX-License-Identifier: MIT
"""Clients from the npm registry sign in to the local pool, so that pool and module cannot share a
misunderstanding. Every case of tests/npm/*.mjs is one test here."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent.parent
NPM = TESTS / "npm"
sys.path.insert(0, str(TESTS / "pool"))

from localpool import LocalPool  # noqa: E402  (after its directory is on the path)

RUN_SECONDS = 300
VALUES = {"kind": ("public", "confidential"), "flow": ("USER_SRP_AUTH", "USER_PASSWORD_AUTH")}


def case_names():
    """The names given to test() in the scripts, with every value of ${kind} or ${flow}."""
    for script in sorted(NPM.glob("*.mjs")):
        for name in re.findall(r'^ *test\(["`](.+?)["`],', script.read_text(), re.MULTILINE):
            variable = re.search(r"\$\{(\w+)\}", name)
            if variable is None:
                yield name
                continue
            for value in VALUES[variable[1]]:
                yield name.replace(variable[0], value)


def install_clients():
    """npm ci, unless what is installed is what the lock file says."""
    installed = NPM / "node_modules" / ".package-lock.json"
    lock = NPM / "package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
        subprocess.run(["npm", "ci", "--loglevel=error"], cwd=NPM, check=True)


@pytest.fixture(scope="module")
def outcome():
    """The finished run of all cases."""
    install_clients()
    with LocalPool() as pool:
        environment = {**os.environ, "NODE_EXTRA_CA_CERTS": str(pool.ca_file)}
        return subprocess.run(
            ["node", "--no-warnings", "clients.mjs", str(pool.dir / "pool.json")], cwd=NPM,
            env=environment, capture_output=True, text=True, timeout=RUN_SECONDS, check=False)


@pytest.mark.parametrize("name", case_names())
def test_client(outcome, name):
    found = [line for line in outcome.stdout.splitlines()
             if line == f"ok {name}" or line.startswith(f"FAIL {name}: ")]
    assert found == [f"ok {name}"], outcome.stderr


def test_every_case_is_known_here(outcome):
    assert outcome.returncode == 0, outcome.stderr
    assert len(outcome.stdout.splitlines()) == len(list(case_names()))
