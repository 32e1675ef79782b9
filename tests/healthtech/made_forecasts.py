"""Forecasts whose law is known, beside counts whose law is known."""

from __future__ import annotations

import dataclasses

import numpy as np
from scipy.stats import poisson

from pilots.healthtech.ahead import Ahead
from pilots.healthtech.backtest.origins import Origins
from pilots.healthtech.backtest.task import Task
from pilots.healthtech.calendar import Calendar
from pilots.healthtech.cells import Tested, cell_by_cell
from pilots.healthtech.data.contract import Counts, when_after
from pilots.healthtech.distribution.levels import LEVELS
from pilots.healthtech.evaluate import Backtest, Judged
from pilots.healthtech.metrics import resamples
from tests.healthtech.made_counts import counts

CALENDAR = Calendar.make(2018, 2022)


class Poisson:
    """A `Distribution` whose law is known."""

    def __init__(self, mean_BH: np.ndarray):
        self.mean_BH = mean_BH

    def quantiles(self, levels_Q: np.ndarray) -> np.ndarray:
        mean_M, at_BH = np.unique(self.mean_BH, return_inverse=True)
        return poisson.ppf(levels_Q, mean_M[:, None])[at_BH.reshape(self.mean_BH.shape)]

    def cdf(self, y_BH: np.ndarray) -> np.ndarray:
        return poisson.cdf(y_BH, self.mean_BH)

    def crps(self, y_BH: np.ndarray) -> np.ndarray:
        return np.abs(y_BH - self.mean_BH)


def backtest(made: Counts, first: int = 200, horizon: int = 14, step: int = 7) -> Backtest:
    test_O = np.arange(first, len(made.time_T) - horizon + 1, step)
    return Backtest(made, Origins(test_O, test_O[:0], step, horizon, ()), Task(CALENDAR, 91, horizon))


def said(test: Backtest, mean_ST: np.ndarray) -> Judged:
    """What a model that expects mean_ST would have forecast."""
    test_O = test.origins.test_O
    mean_OSH = mean_ST[:, test_O[:, None] + np.arange(test.origins.horizon)].transpose(1, 0, 2)
    made = Poisson(mean_OSH.reshape(-1, test.origins.horizon))
    return Judged(test.score(made, test_O), [(test_O, made)])


def cells_of(test: Backtest, **mean_ST: np.ndarray) -> Tested:
    weight_RO = resamples(len(test.origins.test_O), test.origins.horizon, test.origins.step, 0)
    return cell_by_cell({name: said(test, mean) for name, mean in mean_ST.items()}, test, weight_RO)


def steady(series: int = 4, periods: int = 500, freq: str = "D", mean: float = 30.0) -> Counts:
    """Poisson counts of the same mean everywhere."""
    made = counts(periods, freq, series, seed=1)
    y_ST = np.random.default_rng(2).poisson(mean, (series, periods)).astype(float)
    return dataclasses.replace(made, y_ST=y_ST)


def ahead_of(made: Counts, horizon: int, mean: float = 20.0) -> Ahead:
    shape = (made.series, horizon)
    quantiles_SHL = np.tile(poisson.ppf(LEVELS, mean), (*shape, 1))
    above_SH = np.tile(np.linspace(0.005, 0.6, horizon), (made.series, 1))
    return Ahead(
        when_after(made.time_T, made.freq, horizon), quantiles_SHL, np.full(shape, mean), above_SH,
        np.full(made.series, 27.0), np.full(shape, 19.0), True,
    )  # fmt: skip
