"""Zeros that cannot be: a day nobody reported, written down as 0.

Axes: B series, T periods, N runs of zeros.
"""

from __future__ import annotations

import numpy as np

from pilots.healthtech.data.contract import PERIOD, Finding
from pilots.healthtech.data.usual import SLOTS, spread, usual
from pilots.healthtech.data.words import on

CHANCE = 1e-3  # of such zeros anywhere in a series: below it they are taken as not reported
HABIT = 0.3  # share of zeros on a weekday (hour of the week) from which on zero is the way the service works
LONG = 2  # weeks (or months) of zeros are no habit, but a series that was not reported


def missing_as_zero(
    y_BT: np.ndarray,
    time_T: np.ndarray,
    names_B: tuple[str, ...],
    freq: str,
    holiday_T: np.ndarray | None = None,
    keep: bool = False,
) -> tuple[np.ndarray, list[Finding]]:
    """Impossible zeros as NaN, and what was found: days on which every series is zero first, then series by series.

    A run of zeros is impossible where a negative binomial with the series' usual level and spread gives it a chance
    below 0.001 / T: ln P(0) = -m ln(v) / (v - 1) at mean m and variance v m.
    holiday_T  bank holidays: a service that is closed on at least half of them may be closed on all
    keep       such zeros are reported and stay
    """
    findings = []
    as_read_BT, y_BT = y_BT, y_BT.copy()
    done = "kept" if keep else "taken as missing"
    with np.errstate(invalid="ignore"):
        total_T = np.where(np.isfinite(y_BT).any(axis=0), np.nansum(y_BT, axis=0), np.nan)
    if len(y_BT) > 1:
        all_T = _impossible(total_T[None], freq, holiday_T)[0]
        if all_T.any():
            y_BT[:, all_T] = np.nan
            text = (
                f"All {len(y_BT):,} series are zero {on(time_T, all_T, freq)}: a missing {PERIOD[freq]} written as 0, "
                f"{done}"
            )
            findings.append(Finding("zero day", text, count=int(all_T.sum())))
    zero_BT = _impossible(y_BT, freq, holiday_T)
    for b in np.flatnonzero(zero_BT.any(axis=1)):
        level = np.nanmedian(np.where(y_BT[b] > 0, y_BT[b], np.nan))
        text = f"{names_B[b]} is zero {on(time_T, zero_BT[b], freq)}, where about {level:,.0f} is usual: {done}"
        findings.append(Finding("zero day", text, names_B[b], int(zero_BT[b].sum())))
    return as_read_BT if keep else np.where(zero_BT, np.nan, y_BT), findings


def _impossible(y_BT: np.ndarray, freq: str, holiday_T: np.ndarray | None) -> np.ndarray:
    """True for zeros that cannot be."""
    out_BT = np.zeros(y_BT.shape, bool)
    suspect_B = (y_BT == 0).any(axis=1) & (y_BT > 0).any(axis=1)
    if not suspect_B.any():
        return out_BT
    y = y_BT[suspect_B]
    m = usual(y, freq)
    v = spread(y, m)[:, None]
    evidence = m * np.log(v) / (v - 1)  # -ln P(0)
    step, found = SLOTS[freq], np.zeros(y.shape, bool)
    least = -np.log(CHANCE / y.shape[1])
    for b in range(len(y)):
        runs = _runs(y[b] == 0)
        long_T = _mark([run for run in runs if run[1] - run[0] >= LONG * step], y.shape[1])
        share_T = _share_of_zeros(y[b], long_T if step > 1 else np.zeros_like(long_T), step)
        closed_T = _closed_on_holidays(y[b], holiday_T if freq == "D" else None)
        weight_T = np.where((share_T > HABIT) | closed_T, 0.0, (1 - share_T) * evidence[b])
        sums = np.concatenate([[0.0], np.cumsum(weight_T)])
        some = np.concatenate([np.flatnonzero(weight_T > 0), [len(weight_T)]])
        for first, end in runs:
            if sums[end] - sums[first] > least:  # zeros at its ends that are a habit stand
                at = np.searchsorted(some, [first, end])
                found[b, some[at[0]] : some[at[1] - 1] + 1] = True
    out_BT[suspect_B] = found
    return out_BT


def _share_of_zeros(y_T: np.ndarray, long_T: np.ndarray, step: int) -> np.ndarray:
    """Share of zeros on the same weekday (hour of the week), long runs of them left out."""
    known_T = np.isfinite(y_T) & ~long_T
    slot_T = np.arange(len(y_T)) % step
    known = np.bincount(slot_T, known_T, step)
    return (np.bincount(slot_T, known_T & (y_T == 0), step) / np.maximum(known, 1))[slot_T]


def _closed_on_holidays(y_T: np.ndarray, holiday_T: np.ndarray | None) -> np.ndarray:
    """True for bank holidays of a service that is closed on at least half of them."""
    if holiday_T is None:
        return np.zeros(len(y_T), bool)
    known_T = holiday_T & np.isfinite(y_T)
    closed = int((y_T[known_T] == 0).sum())
    return holiday_T & (closed >= 2 and 2 * closed >= known_T.sum())


def _runs(true_T: np.ndarray) -> list[tuple[int, int]]:
    """[first, end) of every stretch of True."""
    edge = np.diff(np.concatenate([[0], true_T.astype(np.int8), [0]]))
    return list(zip(np.flatnonzero(edge == 1), np.flatnonzero(edge == -1), strict=True))


def _mark(runs: list[tuple[int, int]], periods: int) -> np.ndarray:
    out_T = np.zeros(periods, bool)
    for first, end in runs:
        out_T[first:end] = True
    return out_T
