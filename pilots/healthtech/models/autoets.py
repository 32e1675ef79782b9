"""Exponential smoothing by statsforecast, with its own spread: an outside baseline that is not exported.

Axes: B rows, L past periods, H steps, Q levels.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.stats import norm

from pilots.healthtech.backtest.task import Task
from pilots.healthtech.backtest.windows import Windows
from pilots.healthtech.data.contract import SEASON, Counts
from pilots.healthtech.distribution.levels import SLACK

LEAST = 0.01  # counts: a mean or a spread below it is taken as this


class AutoEts:
    """Error, trend and season chosen by AICc per series (Hyndman and Khandakar 2008, J. Stat. Softw. 27(3)).

    refit_every  periods from one choice to the next; the smoothing itself runs on to every origin
    season       periods
    keep         periods it looks at

    Wrong around holidays, of which it knows nothing; its spread is a normal distribution's.
    """

    def __init__(self, refit_every: Mapping[str, int], season: Mapping[str, int], keep: Mapping[str, int]):
        for freq in SEASON:
            if season[freq] < 2 or keep[freq] < 4 * season[freq] or refit_every[freq] < 1:
                raise ValueError(f"season.{freq} must be >= 2, keep.{freq} four of them and refit_every.{freq} >= 1")
        self.refit_every, self.season, self.keep = refit_every, season, keep

    def past(self, freq: str) -> int:
        return self.keep[freq]

    def needs(self, freq: str) -> int:
        return 4 * self.season[freq]

    def fit(self, seen: Counts, task: Task) -> AutoEts:
        from statsforecast.models import AutoETS  # takes seconds to import, and only who asks for it needs it

        self.task, self.freq = task, seen.freq
        keep = self.keep[seen.freq]
        kept = [self._filled(y_T, seen.when_T[-keep:]) for y_T in seen.y_ST[:, -keep:]]
        self.fitted = [AutoETS(season_length=self.season[seen.freq]).fit(y_T) for y_T, _ in kept]
        self.place_S = [place for _, place in kept]
        return self

    def mean(self, rows: Windows) -> np.ndarray:
        return self.distribution(rows).mean_BH

    def distribution(self, rows: Windows) -> Rounded:
        keep, past = self.keep[self.freq], rows.y_BL.shape[1]
        said = []
        for s, y_L, when_L in zip(rows.series_B, rows.y_BL, rows.when_BW[:, :past], strict=True):
            y_T, place = self._filled(y_L[-keep:], when_L[-keep:])
            in_step = y_T[
                (self.place_S[s] - place) % self.season[self.freq] :
            ]  # it smooths on from the fit's first day
            said.append(self.fitted[s].forward(in_step, h=rows.horizon, level=[80]))
        mean_BH, high_BH = (np.array([one[key] for one in said]) for key in ("mean", "hi-80"))
        return Rounded(np.maximum(mean_BH, LEAST), np.maximum((high_BH - mean_BH) / norm.ppf(0.9), LEAST))

    def _filled(self, y_T: np.ndarray, when_T: np.ndarray) -> tuple[np.ndarray, int]:
        """From the first known count on, and that one's place in the season.

        A gap gets the count of the season before, else the mean.
        """
        known_T, season = np.isfinite(y_T), self.season[self.freq]
        first = min(int(known_T.argmax()), max(0, len(y_T) - 5 * season)) if known_T.any() else 0
        place = int(number(when_T[first], self.freq)) % season
        if not known_T.any():
            return np.zeros(len(y_T)), place
        y_T = y_T[first:].copy()
        for t in np.flatnonzero(~np.isfinite(y_T)):
            y_T[t] = y_T[t - season] if t >= season else np.nanmean(y_T)
        return y_T, place


def number(when: np.ndarray, freq: str) -> np.ndarray:
    """Which hour, day or month since 1970 a second lies in."""
    return when.astype("datetime64[s]").astype(f"datetime64[{'M' if freq == 'MS' else freq}]").astype(np.int64)


class Rounded:
    """A normal distribution rounded to counts, all below zero counted as zero."""

    def __init__(self, mean_BH: np.ndarray, spread_BH: np.ndarray):
        self.mean_BH, self.spread_BH = mean_BH, spread_BH

    def quantiles(self, levels_Q: np.ndarray) -> np.ndarray:
        at_BHQ = self.mean_BH[..., None] + self.spread_BH[..., None] * norm.ppf(levels_Q - SLACK)
        return np.maximum(np.ceil(at_BHQ - 0.5), 0.0)

    def cdf(self, y_BH: np.ndarray) -> np.ndarray:
        return np.where(y_BH < 0, 0.0, norm.cdf((np.floor(y_BH) + 0.5 - self.mean_BH) / self.spread_BH))

    def crps(self, y_BH: np.ndarray) -> np.ndarray:
        """Closed form of the normal distribution (Gneiting and Raftery 2007)."""
        z_BH = (y_BH - self.mean_BH) / self.spread_BH
        return self.spread_BH * (z_BH * (2 * norm.cdf(z_BH) - 1) + 2 * norm.pdf(z_BH) - 1 / np.sqrt(np.pi))
