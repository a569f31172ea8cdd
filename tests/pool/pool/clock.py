# SPDX-License-Identifier: MIT
"""The pool's clock, which a test may move."""

import time


class Clock:
    def __init__(self):
        self.offset = 0.0

    def now(self):
        return time.time() + self.offset
