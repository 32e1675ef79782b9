"""Prophet for counts: trend with bends, yearly, weekly and daily waves, holidays; all series fitted at once.

Axes: B rows, L past periods, H steps, W = L + H, S series, C changepoints, K feature columns.
"""

from __future__ import annotations

import dataclasses
import warnings

import numpy as np
import onnx
import torch

from pilots.healthtech.backtest.task import Task
from pilots.healthtech.backtest.windows import Windows
from pilots.healthtech.calendar import DAY, Calendar
from pilots.healthtech.calendar_graph import CalendarTable
from pilots.healthtech.data.contract import SEASON, Counts
from pilots.healthtech.graph import mean_graph, tensors
from pilots.healthtech.prophet_fit import Priors, fit_many
from pilots.healthtech.prophet_onnx.parameters import Holiday, Mode, Parameters, Seasonality, Structure

YEAR, TWO_YEARS = 365.25, 730  # days
LENGTH = {"h": 1 / 24, "D": 1.0, "MS": 30.44}  # of a period, days
WEEKDAYS = {"monday": 0, "saturday": 5, "sunday": 6}
APART = (*WEEKDAYS, "bank_holiday")  # days whose hours differ from those of other days
CHANGES = 25  # possible bends of the trend, as in Prophet
LEAST = 0.01  # of a series' mean: no forecast lies below it
CELLS = 20_000_000  # of features held at once: 160 MB


class ProphetCounts:
    """refit_every    periods, by frequency
    mode           "multiplicative": waves and holidays are shares of the trend; "additive": counts
    bends          prior scale of a change of slope, > 0, by frequency; larger follows the level sooner
    waves          prior scale of waves, > 0
    days           prior scale of a calendar column, > 0; smaller trusts rare holidays less
    yearly         sin, cos pairs of the year, by frequency; for series with two years of counts
    weekly, daily  pairs of the week and (hourly counts) of the day
    apart          pairs by which the hours of Saturday, Sunday, Monday and holidays differ from other days'
    level          periods before the origin whose counts move the level, by frequency
    follow         share of that move that is kept, 0 to 1; 0 = none

    Wrong when the level jumps: the trend bends, it does not break. Columns known before the day are not looked at.
    Source: Taylor and Letham (2018), Forecasting at scale, The American Statistician 72(1).
    """

    def __init__(
        self,
        refit_every: dict[str, int],
        yearly: dict[str, int],
        level: dict[str, int],
        bends: dict[str, float],
        mode: Mode = "multiplicative",
        waves: float = 10.0,
        days: float = 10.0,
        weekly: int = 3,
        daily: int = 8,
        apart: int = 4,
        follow: float = 0.7,
    ):
        if mode not in ("additive", "multiplicative"):
            raise ValueError(f"mode must be additive or multiplicative, got {mode}")
        if min(waves, days, *bends.values()) <= 0:
            raise ValueError(f"bends, waves and days must be > 0, got {bends}, {waves} and {days}")
        if min(weekly, daily, apart, *yearly.values()) < 0 or min(level.values()) < 1 or not 0 <= follow <= 1:
            raise ValueError("pairs of waves must be >= 0, level >= 1 period, follow between 0 and 1")
        self.refit_every, self.yearly, self.mode = refit_every, yearly, mode
        self.bends, self.waves, self.days, self.weekly, self.daily, self.apart = (
            bends,
            waves,
            days,
            weekly,
            daily,
            apart,
        )
        self.level, self.follow = level, follow

    def past(self, freq: str) -> int:
        return self.level[freq]

    def needs(self, freq: str) -> int:
        return (2 if freq == "MS" else 8) * SEASON[freq]  # a trend drawn through less leads astray

    def fit(self, seen: Counts, task: Task) -> ProphetCounts:
        self.task, self.columns = task, len(seen.future_K)
        structure = self._structure(seen.freq, task.calendar)
        self.module = ProphetMean(structure, seen.series, task, self.level[seen.freq], self.follow)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # a series without a count has no mean
            least = np.fmax(LEAST * np.nanmean(seen.y_ST, axis=1), 1e-3)
        self.module.least.copy_(torch.from_numpy(least))
        span_S = np.array([_span(seen, y) for y in seen.y_ST])
        for seasons, rows in (
            (structure.seasonalities, np.flatnonzero(span_S >= TWO_YEARS)),
            (structure.seasonalities[1:], np.flatnonzero((span_S > 0) & (span_S < TWO_YEARS))),
        ):
            if len(rows):
                theirs = dataclasses.replace(structure, seasonalities=seasons)
                scale = [self.days if name in task.calendar.names_K else self.waves for name, _ in theirs.columns]
                said = conditions(seen.when_T, task.calendar.at(seen.when_T)[:, self.module.bank])
                priors = Priors(self.bends[seen.freq], tuple(scale), CHANGES)
                self.module.take(rows, fit_many(seen.when_T, seen.y_ST[rows], theirs, priors, conditions=said))
        return self

    def mean(self, rows: Windows) -> np.ndarray:
        """mean_BH; NaN for a series without two counts."""
        size = max(1, CELLS // (self.module.periods * len(self.module.structure.columns)))
        with torch.no_grad():
            parts = [self.module(*tensors(rows.take(slice(i, i + size)))) for i in range(0, len(rows.series_B), size)]
        return torch.cat(parts).numpy()

    def state(self) -> dict[str, np.ndarray]:
        return {name: value.numpy() for name, value in self.module.state_dict().items()}

    def restore(self, state: dict[str, np.ndarray], task: Task, freq: str) -> ProphetCounts:
        structure = self._structure(freq, task.calendar)
        self.task, self.module = task, ProphetMean(structure, len(state["k"]), task, self.level[freq], self.follow)
        self.module.load_state_dict({name: torch.from_numpy(value) for name, value in state.items()})
        return self

    def graph(self) -> onnx.ModelProto:
        return mean_graph(self.module, self.task.past, self.task.horizon, self.columns)

    def _structure(self, freq: str, calendar: Calendar) -> Structure:
        """Yearly first: it is left out for series without two years."""
        seasons = [Seasonality("yearly", YEAR, self.yearly[freq], self.mode)]
        if freq == "MS":
            return Structure("linear", tuple(seasons))
        seasons.append(Seasonality("weekly", 7.0, self.weekly, self.mode))
        if freq == "h":
            seasons.append(Seasonality("daily", 1.0, self.daily, self.mode))
            seasons += [Seasonality(f"hours_{name}", 1.0, self.apart, self.mode, name) for name in APART]
        days = [np.flatnonzero(column) + calendar.first for column in calendar.table_DK.T]
        holidays = [Holiday(name, tuple(d.tolist())) for name, d in zip(calendar.names_K, days, strict=True)]
        return Structure("linear", tuple(seasons), tuple(holidays), holidays_mode=self.mode)


def conditions(when, bank_holiday) -> dict:
    """Where the hours differ from other days'; for arrays of NumPy and of torch alike."""
    weekday = (when // DAY + 3) % 7  # 1970-01-01 was a Thursday
    named = {name: weekday == number for name, number in WEEKDAYS.items()}
    return named | {"bank_holiday": bank_holiday > 0}


class ProphetMean(torch.nn.Module):
    """Trend times (or plus) waves and holidays, moved towards the level of the last counts; parameters by series."""

    def __init__(self, structure: Structure, series: int, task: Task, past: int, follow: float):
        super().__init__()
        self.structure, self.calendar, self.table = structure, task.calendar, CalendarTable(task.calendar)
        self.past, self.follow, self.periods = past, follow, past + task.horizon
        self.bank = task.calendar.names_K.index("bank_holiday")
        unknown = torch.full((series,), torch.nan, dtype=torch.float64)
        for name in ("least", "start", "t_scale", "k", "m"):
            self.register_buffer(name, unknown.clone())
        self.register_buffer("change", torch.full((series, CHANGES), torch.inf, dtype=torch.float64))
        self.register_buffer("delta", torch.zeros((series, CHANGES), dtype=torch.float64))
        self.register_buffer("beta", torch.zeros((series, len(structure.columns)), dtype=torch.float64))

    def take(self, rows: np.ndarray, fit: Parameters) -> None:
        """Keep the fit of the series `rows`, in counts; columns that it did not have keep the coefficient 0."""
        adds = 1.0 if self.structure.seasonalities[0].mode == "multiplicative" else fit.y_scale_S[:, None]
        absent = len(self.structure.columns) - len(fit.structure.columns)
        self.start[rows], self.t_scale[rows] = torch.from_numpy(fit.start_S), torch.from_numpy(fit.t_scale_S)
        self.k[rows] = torch.from_numpy(fit.k_S * fit.y_scale_S)
        self.m[rows] = torch.from_numpy(fit.m_S * fit.y_scale_S + fit.floor_S)
        self.change[rows] = torch.from_numpy(fit.change_SC)
        self.delta[rows] = torch.from_numpy(fit.delta_SC * fit.y_scale_S[:, None])
        self.beta[rows, absent:] = torch.from_numpy(fit.beta_SK * adds)

    def forward(
        self, counts: torch.Tensor, when: torch.Tensor, series: torch.Tensor, future: torch.Tensor
    ) -> torch.Tensor:
        when = when[:, -self.periods :]
        t = (when - self.start[series, None]) / self.t_scale[series, None]
        bends = torch.relu(t[:, :, None] - self.change[series, None, :]) @ self.delta[series, :, None]
        trend = self.m[series, None] + self.k[series, None] * t + bends[:, :, 0]
        swing = (self._columns(when) @ self.beta[series, :, None])[:, :, 0]
        if self.structure.seasonalities[0].mode == "multiplicative":
            swing = trend * swing
        return self.moved(trend + swing, counts, series)

    def moved(self, mean: torch.Tensor, counts: torch.Tensor, series: torch.Tensor) -> torch.Tensor:
        """The steps ahead, moved towards where the last counts stood against the same mean, [B, H]."""
        mean = torch.maximum(mean, self.least[series, None])
        last, ahead = mean[:, : self.past], mean[:, self.past :]
        known = torch.isfinite(counts[:, -self.past :])
        came = torch.where(known, counts[:, -self.past :], 0.0).sum(1, keepdim=True)
        said = torch.where(known, last, 0.0).sum(1, keepdim=True)
        return ahead * ((came + 1) / (said + 1)) ** self.follow

    def _columns(self, when: torch.Tensor) -> torch.Tensor:
        """The columns of `prophet_fit.features.columns`, in torch."""
        table = self.table(when)
        holds, days = conditions(when, table[..., self.bank]), when.double() / DAY
        made = []
        for season in self.structure.seasonalities:
            order = torch.arange(1, season.order + 1, dtype=torch.float64)
            phase = (order / season.period) * (2 * torch.pi * days)[..., None]
            waves = torch.stack([torch.sin(phase), torch.cos(phase)], dim=-1).flatten(-2)
            made.append(waves * holds[season.condition].double()[..., None] if season.condition else waves)
        return torch.cat([*made, table] if self.structure.holidays else made, dim=-1)


def _span(seen: Counts, y_T: np.ndarray) -> float:
    """Days from a series' first count to the end of its last; 0 where it has fewer than two."""
    known = seen.when_T[np.isfinite(y_T)]
    return (known[-1] - known[0]) / DAY + LENGTH[seen.freq] if len(known) > 1 else 0.0
