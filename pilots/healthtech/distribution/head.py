"""From expected counts to a distribution of counts, learnt on forecasts whose outcomes are known.

Axes: O origins, S series, B rows, H steps, Q levels.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pilots.healthtech.distribution import negative_binomial as nb
from pilots.healthtech.distribution.bias import fit_bias
from pilots.healthtech.distribution.dispersion import fit_dispersion
from pilots.healthtech.distribution.graph import HeadGraph
from pilots.healthtech.distribution.recalibrate import LevelMap
from pilots.healthtech.distribution.sums import Dependence

HALF = 1 / 3  # share of the earlier origins after which a forecast counts half: spread and bias change with the years


@dataclass(frozen=True)
class Recalibrated:
    """Negative binomial counts whose probabilities F are replaced by maps(F): a `Distribution`.

    dependence  how the steps of a path hang together
    earlier     F(y - 1) and F(y) [O, S, H] of the earlier forecasts that all this was learnt on
    """

    mean_BH: np.ndarray
    dispersion_BH: np.ndarray
    maps: LevelMap
    dependence: Dependence
    earlier: tuple[np.ndarray, np.ndarray]

    def quantiles(self, levels_Q: np.ndarray) -> np.ndarray:
        mean_N, dispersion_N = self.mean_BH.ravel(), self.dispersion_BH.ravel()
        level_NQ = np.tile(self.maps.levels(levels_Q), (len(self.mean_BH), 1))
        return nb.quantile(level_NQ, mean_N, dispersion_N).reshape(*self.mean_BH.shape, -1)

    def cdf(self, y_BH: np.ndarray) -> np.ndarray:
        return self._by_band(lambda band, *rows: self.maps(nb.cdf(*rows), band), y_BH)

    def crps(self, y_BH: np.ndarray) -> np.ndarray:
        return self._by_band(lambda band, *rows: nb.crps(*rows, lambda f: self.maps(f, band)), y_BH)

    def _by_band(self, what: Callable[..., np.ndarray], y_BH: np.ndarray) -> np.ndarray:
        out_BH = np.empty(y_BH.shape)
        for band in np.unique(self.maps.band_H):
            at = np.broadcast_to(self.maps.band_H == band, y_BH.shape)
            out_BH[at] = what(band, y_BH[at], self.mean_BH[at], self.dispersion_BH[at])
        return out_BH


class CountHead:
    """Negative binomial whose bias and dispersion depend on series and step, then recalibrated per band of steps.

    After `fit`, `dependence` says how the steps of a path hang together: see `sums.totals`.
    """

    def fit(self, mean_OSH: np.ndarray, y_OSH: np.ndarray, keep_mean: bool = False) -> CountHead:
        """From earlier forecasts, oldest first, and what was then counted (NaN = not known).

        Every outcome given here must lie before the origins that the head will serve. keep_mean: means that were made
        to add up are not moved one by one.
        """
        weight_O = 0.5 ** (np.arange(len(y_OSH))[::-1] / max(1.0, HALF * len(y_OSH)))
        self.factor_SH = np.ones(y_OSH.shape[1:]) if keep_mean else fit_bias(mean_OSH, y_OSH, weight_O)
        mean_OSH = np.maximum(mean_OSH * self.factor_SH, nb.LEAST)
        self.dispersion_SH = fit_dispersion(mean_OSH, y_OSH, weight_O)
        upto_OSH = nb.cdf(y_OSH, mean_OSH, self.dispersion_SH)
        below_OSH = upto_OSH - nb.pmf(y_OSH, mean_OSH, self.dispersion_SH)
        self.maps = LevelMap.fit(below_OSH, upto_OSH)
        self.earlier = (self.maps.over_steps(below_OSH), self.maps.over_steps(upto_OSH))
        self.dependence = Dependence.fit(*self.earlier)
        return self

    def distribution(self, mean_BH: np.ndarray, series_B: np.ndarray) -> Recalibrated:
        mean_BH = np.maximum(mean_BH * self.factor_SH[series_B], nb.LEAST)
        return Recalibrated(mean_BH, self.dispersion_SH[series_B], self.maps, self.dependence, self.earlier)

    def module(self) -> HeadGraph:
        """forward(mean [S, H], series [S], level [S]) -> quantiles [S, H, 21], mean, p_exceed: float64, for export."""
        return HeadGraph(self.factor_SH, self.dispersion_SH, self.maps)
