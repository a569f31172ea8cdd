# SPDX-License-Identifier: MIT
"""Faults on demand: which requests are to be answered badly, and how often."""

import fnmatch
import threading
from dataclasses import dataclass

KINDS = ("status", "error", "silence", "close", "truncate", "huge-body", "huge-headers", "redirect",
         "chunked", "drip", "delay", "raw", "wire", "json", "tamper")
CONNECT_KINDS = ("silence", "close", "delay", "wire")
MATCH_KEYS = {"operation", "path", "method", "stage"}


@dataclass
class Fault:
    id: int
    kind: str
    match: dict
    count: int   # how many more requests it spoils; None is without end
    skip: int    # how many matching requests go unharmed first
    options: dict

    def option(self, name, default=None):
        return self.options.get(name, default)

    def fits(self, facts):
        return all(fnmatch.fnmatchcase(facts.get(key) or "", str(wanted))
                   for key, wanted in self.match.items())

    def report(self):
        return {"id": self.id, "kind": self.kind, "match": self.match, "count": self.count,
                "skip": self.skip, **self.options}


class Faults:
    def __init__(self):
        self._lock = threading.Lock()
        self._faults = []
        self._next_id = 1
        self.generation = 0  # grows when faults are cleared; a silent connection watches it

    def add(self, spec):
        """Take a fault as the admin interface describes it; ValueError if it makes no sense."""
        options = dict(spec)
        kind = options.pop("kind", None)
        match = options.pop("match", {})
        if kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}")
        if not isinstance(match, dict) or set(match) - MATCH_KEYS:
            raise ValueError(f"match takes {', '.join(sorted(MATCH_KEYS))}")
        if match.get("stage") == "connect" and kind not in CONNECT_KINDS:
            raise ValueError(f"at stage connect kind must be one of {', '.join(CONNECT_KINDS)}")
        with self._lock:
            fault = Fault(self._next_id, kind, {"stage": "request", **match},
                          options.pop("count", 1), options.pop("skip", 0), options)
            self._next_id += 1
            self._faults.append(fault)
        return fault

    def take(self, **facts):
        """The fault for a request or connection of these facts, counted down; or None."""
        with self._lock:
            for fault in self._faults:
                if fault.count == 0 or not fault.fits(facts):
                    continue
                if fault.skip:
                    fault.skip -= 1
                    continue
                if fault.count is not None:
                    fault.count -= 1
                return fault
        return None

    def clear(self):
        with self._lock:
            self._faults.clear()
            self.generation += 1

    def report(self):
        with self._lock:
            return [fault.report() for fault in self._faults]
