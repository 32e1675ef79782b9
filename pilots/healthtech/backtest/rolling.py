"""One model through all origins: refitted now and then on what was known, asked at every origin.

Axes: O origins, S series, H steps (those not yet reported first).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from pilots.healthtech.backtest.task import Task
from pilots.healthtech.backtest.windows import Windows, windows
from pilots.healthtech.data.contract import Counts


def rows_at(counts: Counts, origin_O: np.ndarray, task: Task) -> Windows:
    """Windows that end where reporting had come to at each origin."""
    return windows(counts, origin_O - counts.delay, task.past, task.horizon)


def refits(origin_O: np.ndarray, every: int | None) -> list[np.ndarray]:
    """Origins in groups that share one fit: the first group's fit serves until `every` periods later, and so on."""
    groups: list[list[int]] = []
    for origin in origin_O.tolist():
        if not groups or (every is not None and origin >= groups[-1][0] + every):
            groups.append([])
        groups[-1].append(origin)
    return [np.array(group) for group in groups]


def rolling(
    make: Callable[[], Any], counts: Counts, origin_O: np.ndarray, task: Task, say: Callable[[str], None]
) -> tuple[np.ndarray, Any]:
    """Expected counts mean_OSH, NaN where the history was too short to fit; and the last fitted model, or None.

    The model that serves an origin was fitted on counts reported before that origin, and before every other origin
    that it serves.
    """
    parts, fitted = [], None
    every = getattr(make(), "refit_every", None)
    groups = refits(origin_O, every[counts.freq] if every else None)
    for number, group in enumerate(groups):
        known = int(group[0]) - counts.delay
        model = make()
        if known < model.needs(counts.freq):
            parts.append(np.full((len(group), counts.series, task.horizon), np.nan))
            continue
        say(f"fit {number + 1} of {len(groups)}")
        fitted = model.fit(counts.until(known), task)
        parts.append(expected(fitted, rows_at(counts, group, task)).reshape(len(group), counts.series, task.horizon))
    return np.concatenate(parts), fitted


def expected(fitted: Any, rows: Windows) -> np.ndarray:
    """mean_BH of a fitted model, whether it knows means or values."""
    return fitted.distribution(rows).mean_BH if hasattr(fitted, "sample") else fitted.mean(rows)
