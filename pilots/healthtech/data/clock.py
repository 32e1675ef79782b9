"""The nights on which the clocks change, and whether a file's hours are on the clock that they claim.

Right of the waist too: numpy and pandas only. Axes: B series, T hours.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from pilots.healthtech.data.contract import Finding

WEEKS = 4  # before and after a change, whose hours of the day are compared
CLEARLY = 0.5  # a shift by an hour must leave at most half of the difference


def changes(time_T: np.ndarray, timezone: str) -> tuple[np.ndarray, np.ndarray]:
    """gone_T and twice_T: hours of the wall clock that do not exist, and those that come twice."""
    none_T = np.zeros(len(time_T), bool)
    naive = pd.DatetimeIndex(time_T)
    gone_T = naive.tz_localize(timezone, ambiguous=none_T, nonexistent="NaT").isna()
    twice_T = naive.tz_localize(timezone, ambiguous="NaT", nonexistent="shift_forward").isna()
    return np.asarray(gone_T), np.asarray(twice_T)


def half_counted(
    y_BT: np.ndarray, rows_BT: np.ndarray, twice_T: np.ndarray, zoned: bool
) -> tuple[np.ndarray, list[Finding]]:
    """True for hours that came twice of which only one is in a file that tells them apart: half a count is none."""
    findings = []
    both = int(np.sum(twice_T & (rows_BT == 2).any(axis=0)))
    if both:
        text = f"{_hours(both)} came twice when the clocks went back: both counts were added"
        findings.append(Finding("clock change", text, count=both))
    half_BT = twice_T & (rows_BT == 1) & np.isfinite(y_BT) & zoned
    if half_BT.any():
        text = f"{_hours(int(half_BT.sum()))} came twice and have one count only: taken as missing"
        findings.append(Finding("clock change", text, count=int(half_BT.sum())))
    return half_BT, findings


def skipped(y_BT: np.ndarray, time_T: np.ndarray, gone_T: np.ndarray) -> list[Finding]:
    """Hours without a count because they never were."""
    none_T = gone_T & np.isnan(y_BT).any(axis=0)
    if not none_T.any():
        return []
    first = pd.Timestamp(time_T[np.argmax(none_T)])
    text = f"{_hours(int(none_T.sum()))} never were, as the clocks went forward (first {first:%Y-%m-%d %H:%M}): no gap"
    return [Finding("clock change", text, count=int(none_T.sum()))]


def wrong_clock(y_BT: np.ndarray, time_T: np.ndarray, timezone: str, zoned: bool) -> list[Finding]:
    """Whether the day's pattern moves by an hour when the clocks change: people keep to the wall clock, files may not.

    The mean day of the four weeks after each change is held against that of the four weeks before, as it is and moved
    by an hour either way.
    """
    gone_T, twice_T = changes(time_T, timezone)
    with np.errstate(invalid="ignore"):
        total_T = np.where(np.isfinite(y_BT).any(axis=0), np.nansum(y_BT, axis=0), np.nan)
    width, missed, used = WEEKS * 168, np.zeros(3), 0
    starts = [(t, 1) for t in _first(gone_T)] + [(t, -1) for t in _first(twice_T)]
    for at, direction in starts:
        before, after = (_mean_day(total_T, time_T, *span) for span in ((at - width, at), (at + 2, at + 2 + width)))
        if before is None or after is None:
            continue
        used += 1
        moved = [np.roll(before / before.mean(), direction * k) for k in (-1, 0, 1)]
        missed += [float(np.sum((after / after.mean() - day) ** 2)) for day in moved]
    if used < 2 or missed[1] == 0 or missed.argmin() == 1 or missed.min() > CLEARLY * missed[1]:
        return []
    if zoned and missed.argmin() == 2:
        text = (
            f"On the clock of {timezone} the day's pattern moves by an hour whenever the clocks change: the file's "
            "times seem to be wall clock although they state UTC. If so, say data.timezone=as_is"
        )
    elif not zoned and missed.argmin() == 0:
        text = (
            "The day's pattern moves by an hour whenever the clocks change: the file's times seem to be UTC although "
            "they do not say so. If so, write them with a Z at the end"
        )
    else:
        return []
    return [Finding("wrong clock", text, count=used)]


def _first(true_T: np.ndarray) -> np.ndarray:
    return np.flatnonzero(true_T & ~np.concatenate([[False], true_T[:-1]]))


def _mean_day(total_T: np.ndarray, time_T: np.ndarray, first: int, end: int) -> np.ndarray | None:
    """Mean count of each hour of the day, where the four weeks are whole and counted."""
    if first < 0 or end > len(total_T) or np.isnan(total_T[first:end]).mean() > 0.1:
        return None
    hour = (time_T[first:end].astype("datetime64[h]").astype(int)) % 24
    known = np.isfinite(total_T[first:end])
    day = np.bincount(hour, np.where(known, total_T[first:end], 0), 24) / np.maximum(np.bincount(hour, known, 24), 1)
    return day if day.mean() > 0 else None


def _hours(count: int) -> str:
    return f"{count:,} hour{'s' if count != 1 else ''}"
