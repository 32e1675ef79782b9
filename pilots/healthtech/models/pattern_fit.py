"""How the pattern is learned: a log-linear Poisson model with a Gaussian prior, of all series together, then of each.

Axes: S series, T periods, C cells of the season, P places in the day (week), Q waves of the year, K calendar columns,
F future columns, J columns of a part, D design columns.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from scipy.linalg import cho_factor, cho_solve
from scipy.linalg.blas import dsyrk

from pilots.healthtech.calendar import DAY, Calendar
from pilots.healthtech.data.contract import Counts
from pilots.healthtech.models.pattern import CELLS, PLACES, YEAR, Pattern

FAR = 4.0  # a count further than so many of its own spreads from its expectation counts for less


@dataclass(frozen=True)
class Prior:
    """How far from nothing each part is expected to lie: standard deviations of a logarithm, 0.1 = 10 %.

    place   hour of the day (weekday; month)
    cell    what a weekday does to an hour, beyond both
    year    first wave of the year; wave n has 1/n of it
    mix     what the year does to an hour (weekday), beyond both
    day     a calendar column
    shape   what a calendar column does to an hour, beyond that
    trend   from one knot of the trend to the next
    future  a future column, per standard deviation of it
    kin     share of all these by which a series may differ from the pattern of all series
    """

    place: float = 1.0
    cell: float = 0.1
    year: float = 0.1
    mix: float = 0.05
    day: float = 0.1
    shape: float = 0.1
    trend: float = 0.1
    future: float = 0.05
    kin: float = 0.3


class Design:
    """Columns in which the pattern is linear, each so scaled that a weight of 1 is one standard deviation."""

    def __init__(self, freq: str, prior: Prior, waves: int, columns: int):
        cells, places = CELLS[freq], PLACES[freq]
        c = np.arange(cells)
        self.waves, self.columns = waves, columns
        self.fade_Q = np.tile(1 / np.arange(1, waves + 1), 2)
        self.cell_CJ = prior.place * np.eye(cells)
        mix_PJ, shape_PJ = prior.mix * np.eye(places)[:, places == 1 :], np.zeros((places, 0))
        if freq == "h":  # the hours of each weekday bend smoothly away from the hours of all days
            each_CJ = (np.eye(7)[c // 24][:, :, None] * hours(6)[c % 24][:, None, :]).reshape(cells, -1)
            parts = (prior.place * np.eye(24)[c % 24], prior.place * np.eye(7)[c // 24], prior.cell * each_CJ)
            self.cell_CJ = np.concatenate(parts, axis=1)
            mix_PJ, shape_PJ = prior.mix * hours(3), prior.shape * hours(3)
        self.year_PJ = np.concatenate([np.full((places, 1), prior.year), mix_PJ], axis=1)
        self.day_PJ = np.concatenate([np.full((places, 1), prior.day), shape_PJ], axis=1)

    def rows(self, cell_T: np.ndarray, waves_TQ: np.ndarray, days_TK: np.ndarray) -> np.ndarray:
        place_T = cell_T % len(self.year_PJ)
        year_TJQ = self.year_PJ[place_T][:, :, None] * (waves_TQ * self.fade_Q)[:, None, :]
        day_TJK = self.day_PJ[place_T][:, :, None] * days_TK[:, None, :]
        parts = (self.cell_CJ[cell_T], year_TJQ.reshape(len(cell_T), -1), day_TJK.reshape(len(cell_T), -1))
        return np.concatenate(parts, axis=1)

    def tables(self, weight_D: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """cell_C, year_PQ and day_PK for which the weights of `rows` stand."""
        ends = np.cumsum([self.cell_CJ.shape[1], self.year_PJ.shape[1] * 2 * self.waves])
        cell_J, year_D, day_D = np.split(weight_D, ends)
        year_JQ = year_D.reshape(self.year_PJ.shape[1], 2 * self.waves) * self.fade_Q
        day_JK = day_D.reshape(self.day_PJ.shape[1], self.columns)
        return self.cell_CJ @ cell_J, self.year_PJ @ year_JQ, self.day_PJ @ day_JK


def hours(order: int) -> np.ndarray:
    """[24, 2 order] waves of the day, wave n with 1/n of the height."""
    n = np.arange(1, order + 1)
    turn = 2 * np.pi * np.arange(24)[:, None] / 24 * n
    return np.concatenate([np.sin(turn), np.cos(turn)], axis=1) / np.tile(n, 2)


def trend(periods: int, apart: int) -> np.ndarray:
    """[T, knots] straight pieces, each of `apart` periods and from 0 to 1, the last of them ends with the data."""
    at_T = (np.arange(periods) - periods + 1) / apart
    return np.clip(at_T[:, None] + np.arange(1, max(1, periods // apart) + 1), 0.0, 1.0)


def learn(seen: Counts, calendar: Calendar, prior: Prior, waves: int, apart: int, half_life: float) -> Pattern:
    """Fit the pattern of all series together, then of each with that as its prior.

    waves      of the year; none where there is less than a year and a half to see them in
    apart      periods between the knots of the trend, which keeps slow change out of the year and the week
    half_life  periods after which a count has half its say
    """
    freq, periods, futures = seen.freq, len(seen.time_T), len(seen.future_K)
    waves = waves if seen.when_T[-1] - seen.when_T[0] > 1.5 * YEAR * DAY else 0
    module = Pattern(freq, calendar, seen.series, waves, futures)
    when_T = torch.from_numpy(seen.when_T)
    design = Design(freq, prior, waves, module.day.shape[2])
    x_TD = design.rows(module.cells(when_T).numpy(), module.waves_of(when_T).numpy(), module.days_of(when_T).numpy())
    trend_TD = prior.trend * trend(periods, apart)
    future_STF = prior.future * _scaled(module, seen)
    known_ST = np.isfinite(seen.y_ST)
    y_ST = np.where(known_ST, seen.y_ST, 0.0)
    say_T = 0.5 ** (np.arange(periods)[::-1] / half_life)
    level_S = (y_ST.sum(axis=1) + 0.5) / np.maximum(known_ST.sum(axis=1), 1)

    exposure_T = level_S @ known_ST
    rows = exposure_T > 0
    shared_TF = np.einsum("s,stf->tf", level_S / level_S.sum(), future_STF)
    one_T1 = np.ones((periods, 1))
    x = np.concatenate([one_T1, x_TD, shared_TF, trend_TD], axis=1)
    toward_D = np.zeros(x.shape[1] - 1)
    total_T, offset_T = y_ST.sum(axis=0), np.log(np.maximum(exposure_T, 1e-9))
    of_all = poisson(taken(x, rows), total_T[rows], say_T[rows], offset_T[rows], toward_D, toward_D + 1.0)
    own = np.concatenate([np.full(x_TD.shape[1] + futures, prior.kin**-2.0), np.ones(trend_TD.shape[1])])
    for s in range(seen.series):
        weight = of_all + np.log(level_S[s]) * (np.arange(len(of_all)) == 0)
        rows = known_ST[s]
        if seen.series > 1 and rows.any():
            if futures:
                x = np.concatenate([one_T1, x_TD, future_STF[s], trend_TD], axis=1)
            weight = poisson(taken(x, rows), y_ST[s, rows], say_T[rows], np.zeros(rows.sum()), of_all[1:], own)
        constant, pattern_D, future_F, trend_D = np.split(weight, [1, 1 + x_TD.shape[1], 1 + x_TD.shape[1] + futures])
        cell_C, module.year[s], module.day[s] = (torch.from_numpy(part) for part in design.tables(pattern_D))
        module.cell[s] = cell_C + constant[0] + trend_TD[-1] @ trend_D  # the level where the data end
        module.future[s] = torch.from_numpy(future_F * prior.future)
    return module


def taken(x_TD: np.ndarray, rows_T: np.ndarray) -> np.ndarray:
    """Those rows; where they are all, without a copy."""
    return x_TD if rows_T.all() else x_TD[rows_T]


def _scaled(module: Pattern, seen: Counts) -> np.ndarray:
    """future_STF in standard deviations, 0 where it is not known; the module learns the scale."""
    if not seen.future_K:
        return np.zeros((seen.series, len(seen.time_T), 0))
    known = np.isfinite(seen.future_STK)
    count_K = np.maximum(known.sum(axis=(0, 1)), 1)
    middle_K = np.where(known, seen.future_STK, 0.0).sum(axis=(0, 1)) / count_K
    off = np.where(known, seen.future_STK - middle_K, 0.0)
    spread_K = np.sqrt((off**2).sum(axis=(0, 1)) / count_K)
    spread_K = np.where(spread_K > 0, spread_K, 1.0)
    module.middle.copy_(torch.from_numpy(middle_K))
    module.spread.copy_(torch.from_numpy(spread_K))
    return off / spread_K


def poisson(
    x: np.ndarray, y_T: np.ndarray, say_T: np.ndarray, offset_T: np.ndarray, toward_D: np.ndarray, own_D: np.ndarray
) -> np.ndarray:
    """Weights [1 + D] of x, whose first column is 1, with a Gaussian prior of precision `own_D` around `toward_D`.

    Iteratively reweighted least squares; the likelihood is divided by the dispersion (quasi-Poisson, McCullagh and
    Nelder 1989, chapter 9), so that noisy counts move the weights less far from their prior.
    """
    constant = np.log((say_T @ y_T + 0.5) / (say_T @ np.exp(offset_T) + 0.5))
    goal = np.concatenate([[constant], toward_D])
    ridge = np.concatenate([[1e-6], own_D])
    weight, dispersion, far, factor = goal, 1.0, np.inf, None
    for _ in range(12):
        mean_T = np.exp(np.clip(offset_T + x @ weight, -20.0, 20.0))
        off_T = y_T - mean_T
        trust_T = say_T * np.minimum(1.0, far / np.maximum(np.abs(off_T) / np.sqrt(dispersion * mean_T), 1e-9))
        if factor is None:
            root = x * np.sqrt(trust_T * mean_T / dispersion)[:, None]
            upper = dsyrk(1.0, root.T)  # half of root.T @ root: it is symmetric
            factor = cho_factor(upper + np.diag(ridge))
        step = cho_solve(factor, x.T @ (trust_T * off_T) / dispersion - ridge * (weight - goal))
        step *= min(1.0, 2.0 / max(np.abs(x @ step).max(), 1e-9))  # no count moves by more than a factor of e^2
        weight = weight + step
        size = np.abs(step).max()  # in standard deviations of the prior
        if far < np.inf and size < 0.01:
            break
        if size > 0.3:
            factor = None  # far from the goal the curvature changes; near it the last one serves
        elif far == np.inf:  # close enough to tell far from near
            far, dispersion = FAR, max(1.0, float(trust_T @ (off_T**2 / mean_T) / trust_T.sum()))
            factor = None
    return weight
