"""Counts of trusts and regions as sums of sampled counts of their sites: whole numbers that add up in every sample.

Axes: O origins, B bottom series, S all series, H steps, N samples, Q levels.
"""

from __future__ import annotations

import numpy as np

from pilots.healthtech.distribution.sums import drawn, normal_score, scores_of

PRIOR = 10.0  # origins that the average correlation is worth against a pair's own


def rank_correlation(below_OBH: np.ndarray, upto_OBH: np.ndarray) -> np.ndarray:
    """correlation_BB of the normal scores of earlier outcomes, from F(y - 1) and F(y); NaN = not known.

    Shrunk towards what all pairs have in common (Ledoit and Wolf 2004), for that decides how wide a total is.
    """
    z_BN = normal_score((below_OBH + upto_OBH) / 2).transpose(1, 0, 2).reshape(below_OBH.shape[1], -1)
    known_BN = np.isfinite(z_BN)
    z_BN = np.where(known_BN, z_BN, 0.0)
    square_BB = z_BN**2 @ known_BN.T  # of the first of a pair, where both are known
    own_BB = (z_BN @ z_BN.T) / np.maximum(np.sqrt(square_BB * square_BB.T), 1e-12)
    series, origins = len(z_BN), len(below_OBH)
    pairs = ~np.eye(series, dtype=bool) & (known_BN.astype(float) @ known_BN.T > 0)
    common = max(0.0, own_BB[pairs].mean()) if pairs.any() else 0.0
    trust = origins / (origins + PRIOR)
    shrunk_BB = np.where(pairs, trust * own_BB + (1 - trust) * common, common)
    np.fill_diagonal(shrunk_BB, 1.0)
    return _positive(shrunk_BB)


def _positive(matrix_BB: np.ndarray) -> np.ndarray:
    """The nearest correlation matrix by cutting eigenvalues: gaps may have left one that no outcomes can have."""
    value_B, vector_BB = np.linalg.eigh(matrix_BB)
    cut_BB = (vector_BB * np.maximum(value_B, 1e-6)) @ vector_BB.T
    scale_B = np.sqrt(np.diag(cut_BB))
    return cut_BB / np.outer(scale_B, scale_B)


def added_up(
    quantiles_BHQ: np.ndarray,
    levels_Q: np.ndarray,
    correlation_BB: np.ndarray,
    sums_SB: np.ndarray,
    count: int = 1_000,
    seed: int = 0,
) -> np.ndarray:
    """sample_SHN: whole numbers of every series; each bottom series keeps its forecast quantiles."""
    score_Q, root_BB = scores_of(levels_Q), np.linalg.cholesky(correlation_BB)
    bottom, horizon = quantiles_BHQ.shape[:2]
    rng = np.random.default_rng(seed)
    sample_BHN = np.empty((bottom, horizon, count))
    for h in range(horizon):
        z_BN = root_BB @ rng.standard_normal((bottom, count))
        for b in range(bottom):
            sample_BHN[b, h] = drawn(z_BN[b], score_Q, quantiles_BHQ[b, h])
    return np.tensordot(sums_SB, sample_BHN, axes=1)
