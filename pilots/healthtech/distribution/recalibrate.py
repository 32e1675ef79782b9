"""A probability put right: how often outcomes really fell below what a forecast gave a chance of u.

Axes: O origins, S series, H steps, G bands of steps, K knots, Q levels.
"""

from __future__ import annotations

import numpy as np

from pilots.healthtech.distribution.levels import LEVELS

KNOTS = np.array([0.0, *LEVELS, 1.0])
BANDS = 3  # the last third of the horizon, the third of the rest, and the first steps, on a logarithmic scale
MOST = 0.98  # share of the way to what was seen: the map stays strictly rising


def bands(horizon: int) -> np.ndarray:
    """band_H: steps that are recalibrated together, each band up to three times as far as the one before."""
    edges = [horizon / 3**k for k in range(BANDS - 1, 0, -1)]
    return np.searchsorted(edges, np.arange(horizon) + 1.0, side="left")


class LevelMap:
    """A rising piecewise-linear map of probability per band: F becomes G(F). value_GK: G at the knots."""

    def __init__(self, band_H: np.ndarray, value_GK: np.ndarray | None = None):
        self.band_H = band_H
        self.value_GK = np.tile(KNOTS, (int(band_H.max()) + 1, 1)) if value_GK is None else value_GK

    @classmethod
    def fit(cls, below_OSH: np.ndarray, upto_OSH: np.ndarray) -> LevelMap:
        """From F(y - 1) and F(y) of earlier forecasts, NaN = no outcome.

        A count spreads its weight evenly between the two (the non-randomised PIT of Czado, Gneiting and Held 2009).
        The map goes from the identity towards what was seen as far as that exceeds its own sampling error (the
        positive part of James and Stein 1961); the error is that of blocks of neighbouring origins.
        """
        band_H = bands(upto_OSH.shape[2])
        maps = cls(band_H)
        for g in range(len(maps.value_GK)):
            maps.value_GK[g] = _towards_what_was_seen(below_OSH[:, :, band_H == g], upto_OSH[:, :, band_H == g])
        return maps

    def __call__(self, f: np.ndarray, band: int) -> np.ndarray:
        return np.interp(f, KNOTS, self.value_GK[band])

    def over_steps(self, f: np.ndarray) -> np.ndarray:
        """G(F) where the last axis of f is the steps."""
        return np.stack([self(f[..., h], band) for h, band in enumerate(self.band_H)], axis=-1)

    def levels(self, levels_Q: np.ndarray) -> np.ndarray:
        """[H, Q]: the level of the original distribution at which the recalibrated one reaches each level."""
        return np.array([np.interp(levels_Q, value_K, KNOTS) for value_K in self.value_GK])[self.band_H]


def spread(below: np.ndarray, upto: np.ndarray, at: float) -> np.ndarray:
    """Share of an outcome's weight that lies below the probability `at`; NaN where there is no outcome."""
    return np.clip((at - below) / np.maximum(upto - below, 1e-12), 0, 1)


def _towards_what_was_seen(below_OSH: np.ndarray, upto_OSH: np.ndarray) -> np.ndarray:
    seen_O = np.isfinite(upto_OSH).sum(axis=(1, 2))
    if np.count_nonzero(seen_O) < 8:  # too few origins to know their spread
        return KNOTS
    sum_OK = np.stack([np.nansum(spread(below_OSH, upto_OSH, at), axis=(1, 2)) for at in KNOTS], axis=1)
    blocks = np.array_split(np.flatnonzero(seen_O), max(4, int(np.sqrt(len(seen_O)))))
    sum_MK = np.array([sum_OK[rows].sum(axis=0) for rows in blocks])
    seen_M = np.array([seen_O[rows].sum() for rows in blocks])
    share_K = sum_MK.sum(axis=0) / seen_M.sum()
    off_MK = (sum_MK - seen_M[:, None] * share_K) / seen_M.mean()
    error_K = (off_MK**2).sum(axis=0) / (len(blocks) * (len(blocks) - 1))
    distance = ((share_K - KNOTS) ** 2).sum()
    weight = MOST * max(0.0, 1 - error_K.sum() / max(distance, 1e-12))
    return KNOTS + weight * (share_K - KNOTS)
