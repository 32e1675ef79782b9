"""What the exported model answered on machines that were left out, and what became of them: facts for the report.

Axes: L test lives, T rows of one of them, F channels.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from pilots.manufacturing.conditions import Conditions
from pilots.manufacturing.data.contract import Fleet
from pilots.manufacturing.decide import Decision
from pilots.manufacturing.histories import Histories
from pilots.manufacturing.reasons import Reason

GAPS = 0.1  # share of a channel's readings; where more are missing it is named
FAR = 0.25  # of the span seen in training, which leaves out 1 % at either end: a little beyond is no news
FEW = 10  # rows; with fewer the forecast rests on the fleet, not on this machine


@dataclass(frozen=True)
class Outcomes:
    """Readings, histories, the graph's outputs and its reasons of the test lives, in the same order."""

    fleet: Fleet
    held: Histories
    answer: Mapping[str, np.ndarray]
    reasons_L: Sequence[Sequence[Reason]] = ()

    def why(self, life: int, most: int = 3) -> list[str]:
        """The sensors that take most of this life, in words; empty where nobody asked."""
        found = self.reasons_L[life] if self.reasons_L else []
        return [str(reason) for reason in found[:most] if reason.rows >= 1]

    def rows(self, life: int) -> slice:
        """Where the readings of one life stand."""
        stop = int(self.held.length_L[: life + 1].sum())
        return slice(stop - int(self.held.length_L[life]), stop)

    def at_end(self, name: str) -> np.ndarray:
        """Output `name` at every life's last row."""
        return self.answer[name][np.arange(self.fleet.lives), self.held.length_L - 1]

    @cached_property
    def true_L(self) -> np.ndarray:
        """Rows left after the last one, NaN where nobody knows."""
        return self.held.rul_LT[np.arange(self.fleet.lives), self.held.length_L - 1]

    @cached_property
    def order_L(self) -> np.ndarray:
        """Alarms first, then the least remaining life, then the larger risk."""
        return np.lexsort((-self.at_end("p_fail"), self.at_end("rul"), ~self.answer["alarm"]))

    @cached_property
    def names_L(self) -> list[str]:
        """Machines; where one has several lives here, the life is counted too."""
        lives, seen, names = Counter(self.fleet.machine_L.tolist()), Counter(), []
        for machine in self.fleet.machine_L.tolist():
            seen[machine] += 1
            names.append(f"{machine}, life {seen[machine]}" if lives[machine] > 1 else str(machine))
        return names


def alarm_counts(tested: Outcomes, threshold: float) -> dict[str, int]:
    """How many machines alarm at their last row, how many were due in truth, and how many both."""
    alarm_L, due_L = tested.answer["alarm"], tested.true_L <= threshold  # NaN, where nobody knows, is not due
    counted = {"alarm": alarm_L, "due": due_L, "both": alarm_L & due_L, "known": np.isfinite(tested.true_L)}
    return {"machines": len(alarm_L)} | {name: int(which_L.sum()) for name, which_L in counted.items()}


def alarm_rows(rul_T: np.ndarray, decision: Decision) -> np.ndarray:
    """Whether the alarm sounds at each row of one machine, from that row and those before it."""
    return decision.alarm.states(rul_T[None].astype(np.float32), np.float32(decision.threshold))[0]


def doubts(tested: Outcomes, conditions: Conditions) -> Iterator[list[str]]:
    """Per test life, what speaks against its forecast at the last row, in a few words."""
    names = [channel.name for channel in tested.fleet.channels]
    low_F, high_F = conditions.seen_low_F, conditions.seen_high_F
    margin_F = FAR * (high_F - low_F)
    for life, rows in enumerate(tested.held.length_L):
        x_TF = tested.fleet.x_RF[tested.rows(life)]
        gaps_F, last_F = np.isnan(x_TF).mean(0), x_TF[-1]
        far_F = (last_F < low_F - margin_F) | (last_F > high_F + margin_F)
        said = [] if tested.answer["condition_ok"][life, rows - 1] else ["operating condition not seen in training"]
        if rows < FEW:
            said.append(f"only {rows} row{'s' if rows > 1 else ''}")
        for words, which_F in (
            ("no reading now", np.isnan(last_F)),
            (f"over {100 * GAPS:.0f} % of readings missing", (gaps_F >= GAPS) & np.isfinite(last_F)),
            ("far outside what training saw", far_F),
        ):
            if which_F.any():
                said.append(f"{words}: {some([names[f] for f in np.flatnonzero(which_F)])}")
        yield said


def some(names: list[str], most: int = 3) -> str:
    """The first few names and how many more there are."""
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
