"""Trusts and regions two ways on the same test: as forecast themselves, and as sums of sampled sites.

Axes: O origins, S series, B bottom series, H steps, N samples, Q levels.
"""

from __future__ import annotations

import numpy as np

from pilots.healthtech.distribution.levels import LEVELS, SCORED
from pilots.healthtech.evaluate import Backtest, Judged
from pilots.healthtech.hierarchy.samples import added_up, rank_correlation

SAMPLES = 400
ORIGINS = 40  # newest origins looked at
ENDS = [int(np.searchsorted(LEVELS, level)) for level in (0.1, 0.9)]


def sums_held(judged: Judged, test: Backtest, seed: int) -> dict[str, dict[str, dict[str, float]]] | None:
    """By level: share of counts within 80 % and pinball loss, of its own forecast and of the sampled sites added up.

    How sites move together is learned from forecasts before each block. None where nothing adds up or is known.
    """
    counts, shape = test.counts, (test.counts.series, test.task.horizon)
    own_OSHQ, added_OSHQ, y_OSH = [], [], []
    for block, made in reversed(judged.made if counts.levels and judged.head else []):
        together_BB = rank_correlation(*(f_OSH[:, : counts.bottom] for f_OSH in made.earlier))
        q_OSHQ = made.quantiles(LEVELS).reshape(len(block), *shape, len(LEVELS))
        for q_SHQ in q_OSHQ:
            sample_SHN = added_up(q_SHQ[: counts.bottom], LEVELS, together_BB, counts.sums_SB, SAMPLES, seed)
            added_OSHQ.append(np.moveaxis(np.quantile(sample_SHN, LEVELS, axis=-1, method="inverted_cdf"), 0, -1))
        own_OSHQ.extend(q_OSHQ)
        y_OSH.extend(test.truth(block))
        if len(y_OSH) >= ORIGINS:
            break
    if not y_OSH:
        return None
    y_OSH1 = np.stack(y_OSH)[:, :, test.counts.delay :, None]
    ways = {"own": np.stack(own_OSHQ)[:, :, counts.delay :], "added_up": np.stack(added_OSHQ)[:, :, counts.delay :]}
    return {
        level.name: {
            way: _scores(q[:, list(level.member_S)], y_OSH1[:, list(level.member_S)]) for way, q in ways.items()
        }
        for level in counts.levels
    }


def _scores(q_OSHQ: np.ndarray, y_OSH1: np.ndarray) -> dict[str, float]:
    """Counts on an end of the interval count half; NaN counts are left out."""
    known = np.isfinite(y_OSH1[..., 0]) & np.isfinite(q_OSHQ).all(axis=-1)
    q_NQ, y_N1 = q_OSHQ[known], y_OSH1[known]
    if not len(y_N1):
        return {"counts": 0}
    low_N, high_N = q_NQ[:, ENDS].T
    held = (np.sign(y_N1[:, 0] - low_N) - np.sign(y_N1[:, 0] - high_N)).mean() / 2
    gap_NQ = q_NQ[:, 1:-1] - y_N1
    return {
        "counts": len(y_N1),
        "coverage_80": float(held),
        "pinball": float((gap_NQ * ((gap_NQ >= 0) - SCORED)).mean()),
    }
