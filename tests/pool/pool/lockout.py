# SPDX-License-Identifier: MIT
"""The pool's lock-out: after five failures a pause that doubles with every further failure."""

FREE_FAILURES = 5
LONGEST_LOCK = 900
QUIET_SECONDS = 900


class Lockout:
    def __init__(self):
        self.failures = 0
        self.last_failure = 0.0
        self.locked_until = 0.0

    def is_locked(self, now):
        return now < self.locked_until

    def fail(self, now):
        """Count one failure; the fifth locks for a second, each further one twice as long."""
        if now - self.last_failure >= QUIET_SECONDS:
            self.failures = 0
        self.set_failures(self.failures + 1, now)

    def set_failures(self, failures, now):
        self.failures = failures
        self.last_failure = now
        extra = failures - FREE_FAILURES
        self.locked_until = now + min(2 ** min(extra, 20), LONGEST_LOCK) if extra >= 0 else 0.0

    def clear(self):
        self.failures = min(self.failures, 0)
        self.locked_until = 0.0
