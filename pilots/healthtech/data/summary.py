"""What was understood of a data set, in a few lines. Axes: S series, T periods."""

from __future__ import annotations

import numpy as np

from pilots.healthtech.data.contract import PERIOD, Counts
from pilots.healthtech.data.words import number, stamp

YEAR = {
    "h": 8_766,
    "D": 365,
    "MS": 24,
}  # periods that show every season; of months two years


def summary(counts: Counts) -> list[str]:
    """Whose counts, of what, from when to when, and what they are enough for."""
    freq, periods = counts.freq, len(counts.time_T)
    first, last = stamp(counts.time_T[0], freq), stamp(counts.time_T[-1], freq)
    upper = counts.series - counts.bottom
    above = f" and {upper:,} {'sums' if upper > 1 else 'sum'} of them" if upper else ""
    lines = [
        f"{counts.name}: {counts.bottom:,} series{above}, {counts.unit} counted every {PERIOD[freq]}",
        f"{number(periods, freq)} from {first} to {last}, on the wall clock",
    ]
    for level in counts.levels:
        names = [counts.names_S[s] for s in level.member_S]
        shown = ", ".join(names[:6]) + (f" and {len(names) - 6:,} more" if len(names) > 6 else "")
        lines.append(f"level {level.name}: {shown}")
    if counts.future_K:
        lines.append(f"known ahead: {', '.join(counts.future_K)}")
    if periods < YEAR[freq]:
        lines.append("less than a year: the seasons of the year cannot be learnt from it")
    return lines


def series_lines(counts: Counts, most: int) -> list[str]:
    """A table: mean, smallest, largest and share of missing counts of every series, the largest first."""
    mean_S = np.array([np.nanmean(y) if np.isfinite(y).any() else np.nan for y in counts.y_ST])
    order = np.argsort(-np.nan_to_num(mean_S), kind="stable")[:most]
    width = max(6, *(min(24, len(counts.names_S[s])) for s in order))
    rows = [f"{'series':<{width}}  {'mean':>10}  {'least':>7}  {'most':>9}  {'missing':>8}"]
    for s in order:
        y = counts.y_ST[s]
        low, high = (np.nanmin(y), np.nanmax(y)) if np.isfinite(y).any() else (np.nan, np.nan)
        name = counts.names_S[s][:width]
        rows.append(f"{name:<{width}}  {mean_S[s]:>10,.1f}  {low:>7,.0f}  {high:>9,.0f}  {np.isnan(y).mean():>8.1%}")
    if len(order) < counts.series:
        rows.append(f"and {counts.series - len(order):,} more")
    return rows
