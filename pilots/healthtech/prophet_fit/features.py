"""Prophet's columns: scaled time, hinges of the trend, waves, holidays, regressors. Same numbers as in Prophet 1.5.

Axes: T periods, C changepoints, K feature columns.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from common.fault import Fault
from pilots.healthtech.prophet_onnx.parameters import DAY, Mode, Seasonality, Structure


def columns(
    when_T: np.ndarray,
    structure: Structure,
    regressors: Mapping[str, np.ndarray] | None = None,
    conditions: Mapping[str, np.ndarray] | None = None,
) -> np.ndarray:
    """x_TK in the order of `structure.columns`; regressors as they stand, not yet standardised."""
    days_T = when_T / DAY
    made = []
    for season in structure.seasonalities:
        order = np.arange(1, season.order + 1)
        phase = (order / season.period) * (2 * np.pi * days_T)[:, None]
        waves = np.stack([np.sin(phase), np.cos(phase)], axis=2).reshape(len(when_T), -1)
        if season.condition:
            waves = waves * _given(season.condition, conditions, len(when_T)).astype(bool)[:, None]
        made.append(waves)
    for holiday in structure.holidays:
        made.append(np.isin(when_T // DAY, holiday.days).astype(float)[:, None])
    for regressor in structure.regressors:
        made.append(_given(regressor.name, regressors, len(when_T))[:, None])
    return np.concatenate(made, axis=1) if made else np.zeros((len(when_T), 0))


def _given(name: str, brought: Mapping[str, np.ndarray] | None, periods: int) -> np.ndarray:
    if name not in (brought or {}):
        raise Fault(f"the fit needs a column {name!r}, which was not given")
    column = np.asarray(brought[name], float)
    if column.shape != (periods,) or not np.isfinite(column).all():
        raise Fault(f"column {name!r} must hold {periods} finite numbers, one for each period")
    return column


def changepoints(t_T: np.ndarray, wanted: int, share: float) -> np.ndarray:
    """t of the changepoints: evenly over the rows of the first `share` of the history."""
    history = int(np.floor(len(t_T) * share))
    count = min(wanted, history - 1)
    if count < 1:
        return np.zeros(0)
    return t_T[np.linspace(0, history - 1, count + 1).round().astype(int)[1:]]


def hinges(t_T: np.ndarray, change_C: np.ndarray) -> np.ndarray:
    """h_TC: what a change of slope by 1 adds to the trend; 0 for the padding (inf)."""
    return np.maximum(t_T[:, None] - change_C, 0.0)


def usual(when_T: np.ndarray, mode: Mode = "additive") -> tuple[Seasonality, ...]:
    """Prophet's choice: yearly from two years of history, weekly from two weeks, daily from two days."""
    days, step = (when_T[-1] - when_T[0]) / DAY, np.diff(when_T).min() / DAY
    seasons = []
    if days >= 730:
        seasons.append(Seasonality("yearly", 365.25, 10, mode))
    if days >= 14 and step < 7:
        seasons.append(Seasonality("weekly", 7.0, 3, mode))
    if days >= 2 and step < 1:
        seasons.append(Seasonality("daily", 1.0, 4, mode))
    return tuple(seasons)
