"""Totals over steps (a shift, a day, a week), from sample paths whose steps hang together. NumPy alone.

Sums of quantiles are no quantiles of sums: they would be right only if every hour of a week were bad together.
Each step keeps the distribution it was forecast with; a Gaussian copula joins the steps (Nelsen 2006, §2.5).
Both sides of the bundle use this file.

Axes: O origins, S series, H steps, N paths, G totals, Q levels.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

FURTHEST = 3.5  # normal score: rarer outcomes say no more about dependence than that they were rare
PRIOR = 2.0  # origins that the usual dependence below is worth
USUAL = 0.2  # correlation of any two steps before anything is known: a level that was misjudged
RHO = np.linspace(0.0, 0.98, 50)


@dataclass(frozen=True)
class Dependence:
    """Correlation of the normal scores of two steps k apart: level + near rho^k, and 1 at k = 0.

    level  what all steps of an origin share: the forecast's level was too high or too low
    near   what neighbouring steps share beyond that
    rho    how slowly that fades, per step
    """

    level: float = USUAL
    near: float = 0.0
    rho: float = 0.0

    @classmethod
    def fit(cls, below_OSH: np.ndarray, upto_OSH: np.ndarray) -> Dependence:
        """From F(y - 1) and F(y) of earlier forecasts, NaN = no outcome; all series together."""
        z_OSH = normal_score((below_OSH + upto_OSH) / 2)
        known_OSH = np.isfinite(z_OSH)
        z_OSH = np.where(known_OSH, z_OSH, 0.0)
        horizon, origins = z_OSH.shape[2], int(known_OSH.any(axis=(1, 2)).sum())
        if horizon < 3 or origins == 0:
            return cls()
        lag_K = np.arange(1, horizon)
        together_K, pairs_K = (
            np.array([np.vdot(x[..., k:], x[..., :-k]) for k in lag_K]) for x in (z_OSH, known_OSH.astype(float))
        )
        seen_K = together_K / np.maximum(pairs_K, 1) / max((z_OSH**2).sum() / known_OSH.sum(), 1e-12)
        return cls._nearest((origins * seen_K + PRIOR * USUAL) / (origins + PRIOR), lag_K, horizon - lag_K)

    @classmethod
    def _nearest(cls, want_K: np.ndarray, lag_K: np.ndarray, weight_K: np.ndarray) -> Dependence:
        """Least squares, each lag as often as a total over all steps holds it; level and near are not negative."""

        def loss(level: float, near: float, rho: float) -> float:
            return float((weight_K * (level + near * rho**lag_K - want_K) ** 2).sum())

        tried = []
        for rho in RHO:
            fade_K = rho**lag_K
            mean_want, mean_fade = np.average(want_K, weights=weight_K), np.average(fade_K, weights=weight_K)
            both = (weight_K * (fade_K - mean_fade) * (want_K - mean_want)).sum()
            near = both / max((weight_K * (fade_K - mean_fade) ** 2).sum(), 1e-12)
            only_near = (weight_K * fade_K * want_K).sum() / max((weight_K * fade_K**2).sum(), 1e-12)
            for level, share in ((mean_want - near * mean_fade, near), (mean_want, 0.0), (0.0, only_near)):
                level = float(np.clip(level, 0, 0.98))
                share = float(np.clip(share, 0, 0.98 - level))
                tried.append((loss(level, share, rho), level, share, float(rho)))
        return cls(*min(tried)[1:])

    def scores(self, paths: int, horizon: int, rng: np.random.Generator) -> np.ndarray:
        """z_NH: standard normal scores that hang together."""
        own_NH, faded_NH = rng.standard_normal((2, paths, horizon))
        for h in range(1, horizon):
            faded_NH[:, h] = self.rho * faded_NH[:, h - 1] + np.sqrt(1 - self.rho**2) * faded_NH[:, h]
        shared_N1 = rng.standard_normal((paths, 1))
        alone = 1 - self.level - self.near
        return np.sqrt(self.level) * shared_N1 + np.sqrt(self.near) * faded_NH + np.sqrt(alone) * own_NH


def paths(
    quantiles_SHQ: np.ndarray, levels_Q: np.ndarray, dependence: Dependence, count: int, seed: int
) -> Iterator[np.ndarray]:
    """counts_NH of one series after another, drawn from the forecast's stated quantiles.

    Between two levels the count is linear in the normal score; beyond the last the line of the last three goes on.
    """
    score_Q = scores_of(levels_Q)
    rng = np.random.default_rng(seed)
    for quantiles_HQ in quantiles_SHQ:
        z_NH = dependence.scores(count, len(quantiles_HQ), rng)
        yield np.stack([drawn(z, score_Q, q) for z, q in zip(z_NH.T, quantiles_HQ, strict=True)], axis=1)


def totals(
    quantiles_SHQ: np.ndarray,
    levels_Q: np.ndarray,
    steps: list[np.ndarray],
    dependence: Dependence,
    count: int = 4_000,
    seed: int = 0,
) -> np.ndarray:
    """[S, G, Q]: quantiles, at the same levels, of the sum over each group of steps (numbers from 0)."""
    each = paths(quantiles_SHQ, levels_Q, dependence, count, seed)
    sums_SNG = (np.stack([counts_NH[:, group].sum(axis=1) for group in steps], axis=1) for counts_NH in each)
    return np.stack([np.quantile(s_NG, levels_Q, axis=0, method="inverted_cdf").T for s_NG in sums_SNG])


def scores_of(levels_Q: np.ndarray) -> np.ndarray:
    return np.array([NormalDist().inv_cdf(float(p)) for p in levels_Q])


def normal_score(u: np.ndarray) -> np.ndarray:
    """The normal score of a probability, held within 3.5; to 5e-4, from a table, NaN stays."""
    table_z = np.linspace(-FURTHEST, FURTHEST, 1_401)
    table_u = np.array([NormalDist().cdf(z) for z in table_z])
    return np.where(np.isnan(u), np.nan, np.interp(u, table_u, table_z))


def drawn(z_N: np.ndarray, score_Q: np.ndarray, q_Q: np.ndarray) -> np.ndarray:
    """Counts at normal scores z_N, given the quantiles q_Q at score_Q.

    A count n stands for everything above n - 1 up to n: its quantile lies half a count lower, and is rounded up.
    """
    x_Q = q_Q - 0.5
    low, high = ((x_Q[i] - x_Q[j]) / (score_Q[i] - score_Q[j]) for i, j in ((2, 0), (-1, -3)))
    x_N = np.interp(z_N, score_Q, x_Q)
    x_N += low * np.minimum(z_N - score_Q[0], 0) + high * np.maximum(z_N - score_Q[-1], 0)
    return np.maximum(np.ceil(x_N), 0)
