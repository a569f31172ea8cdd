# SPDX-License-Identifier: MIT
"""pamhost.c, the PAM application for what real ones do not show: codes, texts, circumstances."""

import itertools
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).resolve().parent / "pamhost.c"
PLACE = "/opt/pamhost"
ANSWERS = "/run/pamhost-answers.{}"

numbers = itertools.count()


def build(target):
    subprocess.run(["gcc", "-std=c17", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-O1", "-o",
                    target, SOURCE, "-lpam"], check=True)
    return target


def install(host, built):
    shutil.copy(built, host.path(PLACE))


@dataclass
class Report:
    """What pamhost printed, sorted."""
    lines: list

    def _after(self, *words):
        return [line.split(" ", 1)[1] for line in self.lines if line.split(" ", 1)[0] in words]

    def status(self, phase="auth"):
        """The PAM status of a phase."""
        return self._after(phase)[-1].split()[0]

    def milliseconds(self, phase="auth"):
        """From the first answer, or the start of the phase without one, to its end."""
        return int(self._after(phase)[-1].split()[1])

    @property
    def prompts(self):
        return self._after("ask-hidden", "ask-shown")

    @property
    def errors(self):
        return self._after("error")

    @property
    def infos(self):
        return self._after("info")

    @property
    def changes(self):
        return self._after("changed")

    def grown(self, what):
        return int(next(text.split()[1] for text in self._after("grown") if text.startswith(what)))

    @property
    def succeeded(self):
        return int(self._after("succeeded")[0])


def command_line(user, service, conditions, silent, times, account_user):
    command = [PLACE, "-s", service, "-n", str(times)]
    command += ["-u", user] if user else []
    command += ["-U", account_user] if account_user else []
    for condition in conditions:
        command += ["-c", condition]
    return command + (["-q"] if silent else [])


def run(host, user, phases, answers, service="e2e", conditions=(), silent=False, times=1,
        account_user=None, as_user=None, environment=None, wrap=(), timeout=60):
    """Run pamhost in the host; answers reach it through a file, so that they are in no argv."""
    path = ANSWERS.format(next(numbers))
    lines = "".join(f"{answer}\n" for answer in answers)
    file = host.write(path, lines, 0o644 if as_user else 0o600)
    command = command_line(user, service, conditions, silent, times, account_user)
    done = host.run(*wrap, *command, "-i", path, *phases, as_user=as_user, environment=environment,
                    timeout=timeout)
    file.unlink()
    assert done.status == 0, f"pamhost ended with {done.status}: {done.out}{done.err}"
    return Report(done.out.splitlines())
