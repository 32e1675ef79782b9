"""What a patient-flow data set is, once it has been read and checked: counts on one regular grid.

Axes: S series, T periods, K future columns, B bottom series.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

Freq = Literal["h", "D", "MS"]
SEASON = {"h": 168, "D": 7, "MS": 12}  # periods after which the pattern repeats: a week, or a year of months
PERIOD = {"h": "hour", "D": "day", "MS": "month"}  # word for one period


@dataclass(frozen=True)
class Finding:
    """One line of the data-quality page.

    kind    a fixed word, such as "gap", "zero day", "clock change", "vanished", "total row", "unnamed column"
    text    one sentence: what, where, how many, and what was done with it
    series  the series it is about; "" where it is about the whole file
    count   how many periods, rows or columns it concerns
    """

    kind: str
    text: str
    series: str = ""
    count: int = 1


@dataclass(frozen=True)
class Level:
    """One level of the hierarchy above the bottom: which bottom series each of its members adds up.

    name       such as "trust", "region" or "total"
    member_S   the rows of `Counts.y_ST` that are this level's members
    """

    name: str
    member_S: tuple[int, ...]


@dataclass(frozen=True)
class Counts:
    """S series of counts on one grid of T periods; the bottom series come first, sums of them after.

    time_T     datetime64[s], start of each period on the wall clock, without gaps
    y_ST       float64 whole numbers, NaN = not known (gap, excluded, not yet reported)
    names_S    name of each series
    sums_SB    float64 0/1, which of the B bottom series each series adds up; the first B rows are the identity
    levels     levels above the bottom, from the finest to the coarsest; empty where nothing adds up
    future_STK float64, columns that are known before the day (weather forecast, planned event); K may be 0
    future_K   their names
    findings   the data-quality page
    table      how the file was written, so that a user's next file is read the same way
    """

    name: str
    licence: str
    sha256: str
    freq: Freq
    time_T: np.ndarray
    y_ST: np.ndarray
    names_S: tuple[str, ...]
    sums_SB: np.ndarray
    levels: tuple[Level, ...] = ()
    future_STK: np.ndarray = field(default_factory=lambda: np.zeros((0, 0, 0)))
    future_K: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    unit: str = "patients"
    delay: int = 0
    table: dict = field(default_factory=dict)

    @property
    def series(self) -> int:
        return len(self.names_S)

    @property
    def bottom(self) -> int:
        """Number of bottom series, B."""
        return self.sums_SB.shape[1]

    @property
    def season(self) -> int:
        return SEASON[self.freq]

    @property
    def when_T(self) -> np.ndarray:
        """int64 seconds of the wall clock read as UTC (Prophet's convention)."""
        return self.time_T.astype("datetime64[s]").astype(np.int64)

    def until(self, end: int) -> Counts:
        """Only what was counted before period number `end`: nothing after it can be looked at."""
        future = self.future_STK[:, :end] if self.future_K else self.future_STK
        return dataclasses.replace(self, time_T=self.time_T[:end], y_ST=self.y_ST[:, :end], future_STK=future)


def when_after(time_T: np.ndarray, freq: str, periods: int) -> np.ndarray:
    """datetime64[s] of the `periods` periods that follow the last one."""
    last = time_T[-1]
    if freq == "MS":
        return (last.astype("datetime64[M]") + np.arange(1, periods + 1)).astype("datetime64[s]")
    step = np.timedelta64(1, freq)
    return (last + step * np.arange(1, periods + 1)).astype("datetime64[s]")
