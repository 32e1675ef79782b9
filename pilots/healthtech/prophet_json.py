"""A fit of `ProphetCounts` as Prophet's own objects and JSON, so that Prophet itself can be asked for the forecast.

Axes: B rows, W periods of a window, K feature columns.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from common.atomic import write_text
from common.fault import Fault
from pilots.healthtech.backtest.windows import Windows
from pilots.healthtech.calendar import DAY
from pilots.healthtech.models.prophet import ProphetMean, conditions

MOST = 100  # series; Prophet takes a tenth of a second for each
YEAR = 366 * DAY  # after the history: holidays further ahead are not in the JSON


def as_prophet(module: ProphetMean, series: int) -> Any:
    """The Prophet object of one series; it states no interval (the count head does)."""
    from prophet import Prophet

    structure, s = module.structure, series
    start, length = float(module.start[s]), float(module.t_scale[s])
    mode = structure.seasonalities[0].mode
    days = [
        {"holiday": holiday.name, "ds": pd.Timestamp(day * DAY, unit="s")}
        for holiday in structure.holidays
        for day in holiday.days
        if start - DAY <= day * DAY <= start + length + YEAR
    ]
    off = dict.fromkeys(("yearly_seasonality", "weekly_seasonality", "daily_seasonality"), False)
    model = Prophet(
        holidays=pd.DataFrame(days) if days else None,
        seasonality_mode=mode,
        holidays_mode=structure.holidays_mode,
        uncertainty_samples=0,
        **off,
    )
    for season in structure.seasonalities:
        named = on(season.condition) if season.condition else None
        model.add_seasonality(season.name, season.period, season.order, mode=season.mode, condition_name=named)
    known = torch.isfinite(module.change[s])
    model.start, model.t_scale = pd.Timestamp(start, unit="s"), pd.Timedelta(seconds=length)
    model.y_scale, model.y_min, model.fit_kwargs = 1.0, 0.0, {}
    model.changepoints_t = module.change[s][known].numpy()
    model.changepoints = pd.Series(model.start + model.t_scale * model.changepoints_t)
    ends = pd.DataFrame({"ds": [model.start, model.start + model.t_scale], "y": [0.0, 0.0]})  # no count is kept
    model.history = model.setup_dataframe(told(module, ends))
    model.history_dates = ends["ds"]
    model.train_holiday_names = pd.Series(sorted({day["holiday"] for day in days}))
    columns, _, model.train_component_cols, model.component_modes = model.make_all_seasonality_features(model.history)
    model.params = {
        "k": np.array([[float(module.k[s])]]),
        "m": np.array([[float(module.m[s])]]),
        "delta": module.delta[s][known].numpy()[None],
        "sigma_obs": np.zeros((1, 1)),
        "beta": in_order(module, s, list(columns))[None],
    }
    return model


def in_order(module: ProphetMean, s: int, columns: list[str]) -> np.ndarray:
    """beta_K in the order of Prophet's columns: it sorts holidays by name and leaves out those without a day."""
    waves = sum(2 * season.order for season in module.structure.seasonalities)
    named = [holiday.name for holiday in module.structure.holidays]
    value = dict(zip(named, module.beta[s, waves:].tolist(), strict=True))
    days = [value[name.partition("_delim_")[0]] for name in columns[waves:] if "_delim_" in name]
    return np.array([*module.beta[s, :waves].tolist(), *days])


def told(module: ProphetMean, times: pd.DataFrame) -> pd.DataFrame:
    """The frame with the columns of conditions that the seasons ask for."""
    asked = {season.condition for season in module.structure.seasonalities if season.condition}
    if not asked:
        return times
    when = times["ds"].to_numpy().astype("datetime64[s]").astype(np.int64)
    holds = conditions(when, module.calendar.at(when)[:, module.bank])
    return times.assign(**{on(name): holds[name] for name in sorted(asked)})


def on(condition: str) -> str:
    """A condition's column: Prophet wants no holiday of the same name."""
    return f"on_{condition}"


def save(module: ProphetMean, folder: Path) -> None:
    """<number of the series>.json, as `prophet.serialize.model_to_json` writes it; none for a series without a fit.

    Of more than MOST series none is written: nobody waits for Prophet's answer.
    """
    from prophet.serialize import model_to_json

    fitted = torch.isfinite(module.k).nonzero()[:, 0].tolist()
    if len(fitted) > MOST:
        return
    folder.mkdir(parents=True, exist_ok=True)
    for s in fitted:
        write_text(folder / f"{s:05d}.json", model_to_json(as_prophet(module, s)))


class ByProphet:
    """`ProphetCounts.mean`, trend, waves and holidays by Prophet itself: one call of `Prophet.predict` for each row."""

    def __init__(self, module: ProphetMean, folder: Path):
        from prophet.serialize import model_from_json

        logging.getLogger("prophet").setLevel(logging.CRITICAL)
        self.module = module
        self.models = {int(p.stem): model_from_json(p.read_text(encoding="utf-8")) for p in folder.glob("*.json")}
        if not self.models:
            raise Fault("this run kept no Prophet model: no Prophet took part in its forecast")

    def mean(self, rows: Windows) -> np.ndarray:
        """mean_BH, the level moved as the module does."""
        module = self.module
        mean_BW = np.full((len(rows.series_B), module.periods), np.nan)
        for b, s in enumerate(rows.series_B.tolist()):
            if s in self.models:
                times = pd.DataFrame({"ds": pd.to_datetime(rows.when_BW[b, -module.periods :], unit="s")})
                mean_BW[b] = self.models[s].predict(told(module, times))["yhat"]
        series = torch.from_numpy(rows.series_B)
        return module.moved(torch.from_numpy(mean_BW), torch.from_numpy(rows.y_BL), series).numpy()
