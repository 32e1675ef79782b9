"""Where forecasts are made: test origins that are scored, and earlier ones on which everything is chosen.

An origin is the number of its first forecast step. Axis O: origins.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, gcd
from typing import Any

import numpy as np
import pandas as pd

from common.fault import Fault
from pilots.healthtech.data.contract import PERIOD, Counts

HORIZON = {"h": 48, "D": 28, "MS": 6}  # steps, where none are asked for: two days, four weeks, half a year
STEP = {"h": 12, "D": 7, "MS": 1}  # periods between origins: twice a day, weekly, monthly
TESTED = {"h": 56 * 24, "D": 182, "MS": 24}  # periods at the end that are scored; never over a third of the data
EARLIER = {"h": 365 * 24, "D": 365, "MS": 24}  # periods before the test on which weights and spreads are learned
MOST_EARLIER = 150  # origins; more of them change nothing but the waiting time


@dataclass(frozen=True)
class Origins:
    """test_O: scored; earlier_O: before them, their outcomes known before the last of the test; both increasing."""

    test_O: np.ndarray
    earlier_O: np.ndarray
    step: int
    horizon: int
    report: tuple[int, ...]

    @property
    def all_O(self) -> np.ndarray:
        return np.concatenate([self.earlier_O, self.test_O])


def plan(counts: Counts, start: Any, end: Any, step: Any, horizon: Any, report: Any) -> Origins:
    """The origins that the settings `backtest.*` ask for; null means the habit of the frequency.

    start    first step of the first forecast
    end      last period that may be forecast; a date includes its whole day
    step     periods from one origin to the next
    horizon  steps to forecast; only origins whose whole horizon fits before `end` are taken
    """
    periods, freq = len(counts.time_T), counts.freq
    horizon = HORIZON[freq] if horizon is None else _whole("horizon", horizon)
    step = STEP[freq] if step is None else _whole("step", step)
    horizon = min(horizon, max(1, periods // 3)) if start is None and end is None else horizon
    last = periods - 1 if end is None else _last(counts, end)
    tested = min(TESTED[freq], max(periods // 3, horizon))
    first = last + 1 - tested if start is None else _first(counts, start)
    test_O = np.arange(first, last - horizon + 2, step)
    word = PERIOD[freq]
    if not len(test_O):
        raise Fault(
            f"no forecast of {horizon} {word}s fits between backtest.start={_text(counts, first)} and "
            f"backtest.end={_text(counts, last)}: choose an earlier start, a later end or a shorter backtest.horizon"
        )
    known = first - counts.delay
    if known < counts.season:
        raise Fault(
            f"before backtest.start={_text(counts, first)} only {max(known, 0)} {word}s are known, at least "
            f"{counts.season} are needed: choose a later start"
        )
    for steps in report:
        if not isinstance(steps, int) or not 1 <= steps <= horizon:
            raise Fault(f"backtest.report={list(report)}: each is a number of steps from 1 to the horizon {horizon}")
    return Origins(test_O, _earlier(first, step, counts), step, horizon, tuple(sorted(set(report))))


def _earlier(first: int, step: int, counts: Counts) -> np.ndarray:
    """Origins before the test, in the same phases of the day and week, thinned where there are very many."""
    span = min(EARLIER[counts.freq], (first - counts.delay) // 2)
    cycle = counts.season // gcd(counts.season, step)  # origins after which the place in the season repeats
    stride = max(1, ceil(span / step / MOST_EARLIER))
    while gcd(stride, cycle) > 1:
        stride += 1
    return np.arange(first - stride * step, first - span - 1, -stride * step)[::-1]


def _first(counts: Counts, start: Any) -> int:
    stamp = _stamp("start", start)
    at = int(np.searchsorted(counts.time_T, stamp.to_datetime64().astype("datetime64[s]")))
    if stamp < pd.Timestamp(counts.time_T[0]) or at >= len(counts.time_T):
        raise Fault(f"backtest.start={start} lies outside the data, {_span(counts)}")
    return at


def _last(counts: Counts, end: Any) -> int:
    stamp = _stamp("end", end)
    if stamp == stamp.normalize():  # a date: its whole day
        stamp += pd.Timedelta(days=1) - pd.Timedelta(seconds=1)
    at = int(np.searchsorted(counts.time_T, stamp.to_datetime64().astype("datetime64[s]"), side="right")) - 1
    if at < 0:
        raise Fault(f"backtest.end={end} lies before the data, {_span(counts)}")
    covered = pd.Timestamp(counts.time_T[-1]) + pd.Timedelta(days=32 if counts.freq == "MS" else 1)
    if stamp >= covered:
        raise Fault(f"backtest.end={end} lies after the data, {_span(counts)}")
    return at


def _stamp(name: str, value: Any) -> pd.Timestamp:
    try:
        stamp = pd.Timestamp(str(value))
    except ValueError as err:
        raise Fault(f"backtest.{name}={value} is no date: write it as 2019-03-01 or 2019-03-01T06:00") from err
    if stamp is pd.NaT or stamp.tzinfo is not None:
        raise Fault(f"backtest.{name}={value} is no date on the wall clock: write it as 2019-03-01T06:00")
    return stamp


def _whole(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 10_000:
        raise Fault(f"backtest.{name}={value} is not a whole number of periods from 1 to 10000")
    return value


def _text(counts: Counts, at: int) -> str:
    stamp = pd.Timestamp(counts.time_T[min(max(at, 0), len(counts.time_T) - 1)])
    return f"{stamp:%Y-%m-%dT%H:%M}" if counts.freq == "h" else f"{stamp:%Y-%m-%d}"


def _span(counts: Counts) -> str:
    return f"which run from {_text(counts, 0)} to {_text(counts, len(counts.time_T) - 1)}"
