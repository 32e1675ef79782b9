"""What one count found: how many of what, and every failure in words."""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from dataclasses import dataclass, field

FULL = os.environ.get("FULL") == "1"
EVERY = 10.0  # s between two lines of progress
SHOWN = 5  # failures printed of one count; the number of all is printed beside them


@dataclass
class Count:
    """`did`: how often each thing happened, printed in this order. `skipped`: why nothing could be counted."""

    name: str
    did: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    skipped: str = ""
    began: float = field(default_factory=time.perf_counter)
    said: float = field(default_factory=time.perf_counter)

    def __post_init__(self) -> None:
        print(f"{self.name} …", file=sys.stderr, flush=True)

    def add(self, what: str) -> None:
        """One more; now and then a line on standard error says how far it is."""
        self.did[what] += 1
        now = time.perf_counter()
        if now - self.said >= EVERY:
            self.said = now
            print(f"{self.line()} so far", file=sys.stderr, flush=True)

    def fail(self, sentence: str) -> None:
        self.failures.append(sentence)

    def line(self) -> str:
        """One line for the whole count."""
        if self.skipped:
            return f"{self.name}: skipped: {self.skipped}"
        found = ", ".join(f"{number:,} {what}" for what, number in self.did.items())
        return f"{self.name}: {found}, {len(self.failures)} failures ({time.perf_counter() - self.began:.0f} s)"

    def report(self) -> None:
        """Print the line and, below it, the first failures."""
        print(self.line(), flush=True)
        for sentence in self.failures[:SHOWN]:
            print(f"  FAILED {sentence}", flush=True)
