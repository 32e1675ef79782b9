"""Scores of remaining-useful-life forecasts, and their intervals by bootstrap over units.

Axes: S seeds, U units, N scored rows, B bootstrap draws.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np

DRAWS = 2000


def rmse(rul_N: np.ndarray, said_N: np.ndarray) -> float:
    """Root mean squared error, rows."""
    return float(np.sqrt(np.mean((said_N - rul_N) ** 2)))


def with_interval(
    total_SU: np.ndarray, count_SU: np.ndarray, finish: Callable | None = None, draws: int = DRAWS
) -> dict[str, float]:
    """value, low, high of finish(sum of total / sum of count), mean over seeds.

    The 95 % interval is the percentile bootstrap over whole units (Efron 1979): a unit's rows are not independent,
    so they are drawn together. The draws are the same for every metric.
    """
    finish = finish or (lambda mean: mean)
    units = total_SU.shape[1]
    pick_BU = np.random.default_rng(0).integers(0, units, (draws, units))
    times_BU = np.apply_along_axis(np.bincount, 1, pick_BU, minlength=units)
    with np.errstate(invalid="ignore"):  # a draw without any unit that counts gives NaN and is left out
        value = finish(total_SU.sum(1) / count_SU.sum(1)).mean()
        drawn_B = finish((total_SU @ times_BU.T) / (count_SU @ times_BU.T)).mean(0)
    low, high = np.nanpercentile(drawn_B, [2.5, 97.5]) if np.isfinite(drawn_B).any() else (np.nan, np.nan)
    return {"value": float(value), "low": float(low), "high": float(high)}


def by_rul_bin(
    rul_N: np.ndarray, said_N: np.ndarray, low_N: np.ndarray, high_N: np.ndarray, edges: list[float]
) -> list[dict[str, float]]:
    """Error, bias, coverage and width where the true remaining life lies in [edge, next edge), all in rows."""
    table = []
    for start, stop in pairwise(edges):
        inside = (rul_N >= start) & (rul_N < stop)
        if not inside.any():
            continue
        error = said_N[inside] - rul_N[inside]
        covered = (low_N[inside] <= rul_N[inside]) & (rul_N[inside] <= high_N[inside])
        table.append(
            {
                "from": float(start),
                "to": float(stop),
                "rows": int(inside.sum()),
                "rmse": float(np.sqrt(np.mean(error**2))),
                "bias": float(error.mean()),
                "coverage": float(covered.mean()),
                "width": float((high_N - low_N)[inside].mean()),
            }
        )
    return table


def reliability(said_N: np.ndarray, event_N: np.ndarray, unit_N: np.ndarray, edges: Sequence[float]) -> list[dict]:
    """Of the rows whose stated probability lies in [edge, next edge): their count, their mean, the share that failed.

    `low` and `high` of that share: 95 %, whole units drawn anew as in `with_interval`.
    """
    table, units = [], int(unit_N.max(initial=-1)) + 1
    for start, stop in pairwise(edges):
        inside = (said_N >= start) & (said_N < stop)
        if not inside.any():
            continue
        rows_1U = np.bincount(unit_N[inside], minlength=units)[None]
        share = with_interval(np.bincount(unit_N[inside], event_N[inside], units)[None], rows_1U, draws=500)
        table.append(
            {
                "from": float(start),
                "to": min(float(stop), 1.0),
                "rows": int(inside.sum()),
                "lives": int((rows_1U > 0).sum()),
                "said": float(said_N[inside].mean()),
                "failed": share["value"],
                "low": share["low"],
                "high": share["high"],
            }
        )
    return table
