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


class Rolling:
    """A model that goes through the origins: `make` gives it afresh for every fit.

    The fit that serves an origin saw counts reported before that origin, and before every other that it serves.
    """

    def __init__(self, make: Callable[[], Any], counts: Counts, origin_O: np.ndarray, task: Task):
        self.make, self.counts, self.task, model = make, counts, task, make()
        every = getattr(model, "refit_every", None)
        self.groups = refits(origin_O, every[counts.freq] if every else None)
        self.needs, self._last = model.needs(counts.freq), None

    @property
    def possible(self) -> bool:
        """Whether there is history enough for the last fit."""
        return self._known(self.groups[-1]) >= self.needs

    def means(self, say: Callable[[str], None]) -> np.ndarray:
        """Expected counts mean_OSH, NaN where the history was too short to fit."""
        parts = []
        for number, group in enumerate(self.groups):
            say(f"fit {number + 1} of {len(self.groups)}")
            shape = (len(group), self.counts.series, self.task.horizon)
            if self._known(group) < self.needs:
                parts.append(np.full(shape, np.nan))
                continue
            self._last = self._fit(group)
            parts.append(expected(self._last, rows_at(self.counts, group, self.task)).reshape(shape))
        return np.concatenate(parts)

    def last(self) -> Any:
        """The last fit; made again where a resumed run had kept its means alone."""
        self._last = self._last or self._fit(self.groups[-1])
        return self._last

    def _known(self, group: np.ndarray) -> int:
        return int(group[0]) - self.counts.delay

    def _fit(self, group: np.ndarray) -> Any:
        return self.make().fit(self.counts.until(self._known(group)), self.task)


def expected(fitted: Any, rows: Windows) -> np.ndarray:
    """mean_BH of a fitted model, whether it knows means or values."""
    return fitted.distribution(rows).mean_BH if hasattr(fitted, "sample") else fitted.mean(rows)
