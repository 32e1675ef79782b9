"""Which rung of a cold start (`rungs.py`) a fleet's data reach, machine by machine, and what is missing for the next.

Axes: L lives, M machines, F channels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pilots.manufacturing.data.contract import Fleet
from pilots.manufacturing.data.findings import LEAST_ROWS, moves, shortened, span
from pilots.manufacturing.data.lives import typical_step
from pilots.manufacturing.data_sheet import breaches
from pilots.manufacturing.rungs import (
    ADAPTED,
    FLEET,
    FULL,
    HEALTHY,
    LEAST_FAILURES,
    LIMITS,
    Rungs,
    said,
    states_limits,
)  # fmt: skip


@dataclass(frozen=True)
class Settings:
    """What a run would take, in rows: anomaly.baseline, features.first, the longest window; model.age."""

    baseline: int
    first: int
    window: int
    age: bool

    @property
    def healthy(self) -> int:
        """Rows of one machine's healthy running that T²+Q is fitted from."""
        return max(LEAST_ROWS, self.baseline + 1)


class Standing:
    """Every machine by its newest life: those that run now, or all where none does."""

    def __init__(self, fleet: Fleet, takes: Settings):
        self.fleet, self.takes = fleet, takes
        self.channels = [channel.as_json() for channel in fleet.channels]
        self.failures = int((fleet.end_L == "failed").sum())
        newest_L = ~np.isin(np.arange(fleet.lives), _followed(fleet.machine_L))
        running_L = newest_L & (fleet.end_L == "running")
        self.runs_now = bool(running_L.any())
        self.life_M = np.flatnonzero(running_L if self.runs_now else newest_L)
        self.machine_M, self.rows_M = fleet.machine_L[self.life_M], fleet.length_L[self.life_M]
        self.renewed_M = np.isin(self.life_M, _followed(fleet.machine_L) + 1)
        fitted = fleet.length_L.max() >= takes.healthy and moves(fleet)
        self.rungs = Rungs(
            limits=states_limits(self.channels),
            baseline=takes.baseline if fitted else None,
            first=takes.first if self.failures >= LEAST_FAILURES else None,
            window=takes.window,
            new=takes.age,
        )
        self.rung_M = np.array(
            [self.rungs.of(int(n), bool(r)) for n, r in zip(self.rows_M, self.renewed_M, strict=True)]
        )

    def missing(self, rung: int, below_M: np.ndarray) -> str:
        """What the machines `below_M`, which stand lower, lack for this rung: the nearest of them is named."""
        if rung == LIMITS:
            return "name a data-sheet limit of a channel with alarm_low or alarm_high in data.channels"
        if rung == FLEET:
            short = LEAST_FAILURES - self.failures
            return f"{short} more failure{'s' if short > 1 else ''} in the fleet, named with data.events=FILE"
        if rung == HEALTHY:
            if not moves(self.fleet):
                return "a sensor that moves"
            fitted = self.rungs.baseline is not None
            wanted, what = (self.takes.baseline + 1 if fitted else self.takes.healthy), " of healthy running"
        elif rung == ADAPTED:
            wanted, what = self.takes.first, ""
        else:
            below_M = below_M & (self.renewed_M | self.takes.age)
            wanted, what = max(self.takes.window, self.takes.first), ""
            if not below_M.any():
                return (
                    "a log that begins at new: name renewals with data.events=FILE, "
                    "or say model.age=true where every log begins with a new machine"
                )
        nearest = int(np.argmax(np.where(below_M, self.rows_M, -1)))
        rows = wanted - int(self.rows_M[nearest])
        return f"{self._length(rows)}{what} on {self.machine_M[nearest]} (it takes {wanted} rows)"

    def _length(self, rows: int) -> str:
        """As "18 more rows (18 hours)": the time where rows are dated."""
        step = typical_step(self.fleet.life_R, self.fleet.time_R)
        dated = isinstance(step, np.timedelta64) and not np.isnat(step)
        return f"{rows} more row{'s' if rows > 1 else ''}" + (f" ({span(step * rows)})" if dated else "")


def ladder(fleet: Fleet, takes: Settings) -> list[str]:
    """The rung reached, how many machines stand on each, what each lacks for the next, limits broken now."""
    at = Standing(fleet, takes)
    top = int(at.rung_M.max())
    lines = [f"reached: rung {said(top)}; machines {'that run now' if at.runs_now else 'by their newest log'}:"]
    for rung in sorted(set(at.rung_M.tolist()), reverse=True):
        on_M = at.rung_M == rung
        count = int(on_M.sum())
        line = f"rung {said(rung)}: {count:,} machine{'s' if count > 1 else ''}"
        if rung < FULL:
            line += f"; for rung {rung + 1}: {at.missing(rung + 1, on_M)}"
        lines.append(line)
    if top < LIMITS:
        lines.append(f"for rung {HEALTHY} at once: {at.missing(HEALTHY, at.rung_M < HEALTHY)}")
    if top == FULL and takes.age:
        lines.append("a log's first row counts as a new machine: say model.age=false where logs begin in mid-life")
    if top > LIMITS and not at.rungs.limits:
        lines.append(f"rung {said(LIMITS)} is empty: {at.missing(LIMITS, at.rung_M >= 0)}")
    return lines + shortened(_beyond(at))


def _beyond(at: Standing) -> list[str]:
    """One line for each machine whose newest readings break limits of the data sheet."""
    first_L = np.cumsum(at.fleet.length_L) - at.fleet.length_L
    said_M = []
    for life, machine, rows in zip(at.life_M, at.machine_M, at.rows_M, strict=True):
        found = breaches(at.fleet.x_RF[first_L[life] : first_L[life] + rows], at.channels)
        if found:
            said_M.append(f"{machine}: {'; '.join(map(str, found))}")
    return said_M


def _followed(machine_L: np.ndarray) -> np.ndarray:
    """Lives after which the same machine has another; lives of one machine stand together, in order of time."""
    return np.flatnonzero(machine_L[1:] == machine_L[:-1])
