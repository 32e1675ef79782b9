"""Did the totals hold? The 80 % interval of a day's or week's sum, from paths and from adding quantiles up.

Axes: O origins, S series, H steps, Q levels.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from pilots.healthtech.distribution.levels import LEVELS
from pilots.healthtech.distribution.sums import Dependence, totals
from pilots.healthtech.evaluate import Backtest, Judged

SUMMED = {"h": 24, "D": 7, "MS": 3}  # steps in a total: a day, a week, a quarter
PATHS = 1000
MOST = 2000  # totals looked at, the newest ones
ENDS = [int(np.searchsorted(LEVELS, level)) for level in (0.1, 0.9)]


def totals_held(judged: Judged, test: Backtest, seed: int) -> dict[str, Any]:
    """Shares of totals over the first steps that lay within 80 %; null where no total was fully counted."""
    steps = min(SUMMED[test.counts.freq], test.origins.horizon)
    chosen = np.arange(test.counts.delay, test.counts.delay + steps)
    bottom, inside, added = test.counts.bottom, [], []
    dependence = judged.head.dependence if judged.head else Dependence()
    for block, made in reversed(judged.made):
        shape = (len(block), test.counts.series, test.task.horizon, len(LEVELS))
        q_NHQ = made.quantiles(LEVELS).reshape(shape)[:, :bottom][:, :, chosen].reshape(-1, steps, len(LEVELS))
        y_N = test.truth(block)[:, :bottom][:, :, chosen].sum(axis=2).ravel()  # NaN where a count is not known
        known_N = np.isfinite(y_N) & np.isfinite(q_NHQ).all(axis=(1, 2))
        if not known_N.any():
            continue
        q_NHQ, y_N = q_NHQ[known_N], y_N[known_N]
        learnt = getattr(made, "dependence", Dependence())  # before the block, not after it
        ours_NQ = totals(q_NHQ, LEVELS, [np.arange(steps)], learnt, PATHS, seed)[:, 0]
        for kept, of_NQ in ((inside, ours_NQ), (added, q_NHQ.sum(axis=1))):
            low_N, high_N = of_NQ[:, ENDS].T
            kept.append((low_N <= y_N) & (y_N <= high_N))
        if sum(map(len, inside)) > MOST:
            break
    share = {
        name: float(np.concatenate(kept).mean()) if kept else None
        for name, kept in (("paths", inside), ("added", added))
    }
    return {"steps": steps, "totals": sum(map(len, inside)), **share, "dependence": asdict(dependence)}
