"""The ladder of a cold start: what is said of a machine before everything about it is known, and what each rung takes.

| rung | a machine stands on it when |
| --- | --- |
| 1 data-sheet limits | a channel states `alarm_low` or `alarm_high`; no row is needed before the first reading |
| 2 healthy-only T²+Q | it has more than `baseline` rows of healthy running, and T²+Q was fitted |
| 3 fleet model without age | a fleet model was fitted, which takes LEAST_FAILURES failures |
| 4 adapted baseline | ... and the machine has `first` rows, its own level to compare with |
| 5 remaining life in full | ... and its log begins at new or at a renewal, and fills the longest window |

The highest rung that holds is the active one. Rows are those since the machine's last renewal. Limits alarm on every
rung. Both sides of a bundle read this file; the numbers travel in the bundle, under `rungs`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

NONE, LIMITS, HEALTHY, FLEET, ADAPTED, FULL = range(6)
NAMES = (
    "nothing yet", "data-sheet limits", "healthy-only T²+Q", "fleet model without age", "adapted baseline",
    "remaining life in full",
)  # fmt: skip
LEAST_FAILURES = 8  # fewer lives cannot fill five folds with something to learn and something to hold out


@dataclass(frozen=True)
class Rungs:
    """What was fitted, and the rows it wants of a machine.

    limits    a channel states a data-sheet limit
    baseline  rows that T²+Q takes for a machine's own level; None = no T²+Q
    first     rows of a machine's own level in the fleet model; None = no fleet model
    window    rows of the fleet model's longest window
    new       every log begins with a new machine: the model counts age; else only a renewal shows it
    """

    limits: bool = False
    baseline: int | None = None
    first: int | None = None
    window: int = 0
    new: bool = False

    def of(self, rows: int, renewed: bool = False) -> int:
        """The active rung of a machine with so many rows; `renewed`: they begin at a renewal."""
        if self.first is not None:
            if rows < self.first:
                return FLEET
            full = rows >= max(self.window, self.first) and (self.new or renewed)
            return FULL if full else ADAPTED
        if self.baseline is not None and rows > self.baseline:
            return HEALTHY
        return LIMITS if self.limits else NONE


def said(rung: int) -> str:
    """As "3 fleet model without age"."""
    return f"{rung} {NAMES[rung]}"


def longest(kinds: Sequence[str]) -> int:
    """Rows of the longest window among features such as mean15 and slope60; those since the start count none."""
    return max((int(rows[0]) for kind in kinds if (rows := re.findall(r"\d+$", kind))), default=0)


def states_limits(channels: Sequence[Mapping[str, Any]]) -> bool:
    """Whether any channel of a bundle, or of a fleet's description, states a data-sheet limit."""
    return any(channel.get(end) is not None for channel in channels for end in ("alarm_low", "alarm_high"))
