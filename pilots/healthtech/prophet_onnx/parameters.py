"""What a fitted Prophet model consists of, for one series or for many that share a structure.

Axes: S series, C changepoints, K feature columns, R regressors.
Source: Taylor and Letham (2018), Forecasting at scale, The American Statistician 72(1); names as in Prophet.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from common.fault import Fault

Growth = Literal["linear", "logistic", "flat"]
Mode = Literal["additive", "multiplicative"]
DAY = 86_400  # seconds


@dataclass(frozen=True)
class Seasonality:
    """sin, cos of 2 pi n days / `period`, n = 1..`order`, days since 1970; only where the input `condition` holds."""

    name: str
    period: float  # days
    order: int
    mode: Mode = "additive"
    condition: str = ""


@dataclass(frozen=True)
class Holiday:
    """One column: 1 on its days. A holiday with a window has a column per offset; `days` are already moved by it."""

    name: str
    days: tuple[int, ...]  # epoch days
    offset: int = 0  # days after the holiday itself


@dataclass(frozen=True)
class Regressor:
    """A column that the caller brings at forecast time, standardised with each series' own mean and spread."""

    name: str
    mode: Mode = "additive"


@dataclass(frozen=True)
class Structure:
    """What all series share.

    known_until  last epoch day the holiday lists know; a forecast beyond it is flagged; None where there are none
    caller_floor logistic only: the floor is an input, as it was in training
    """

    growth: Growth = "linear"
    seasonalities: tuple[Seasonality, ...] = ()
    holidays: tuple[Holiday, ...] = ()
    regressors: tuple[Regressor, ...] = ()
    holidays_mode: Mode = "additive"
    interval_width: float = 0.8
    known_until: int | None = None
    caller_floor: bool = False

    @property
    def columns(self) -> tuple[tuple[str, Mode], ...]:
        """(component, mode) of the K features, in Prophet's order: sin, cos of each order; holidays; regressors."""
        waves = [(s.name, s.mode) for s in self.seasonalities for _ in range(2 * s.order)]
        days = [(h.name, self.holidays_mode) for h in self.holidays]
        return (*waves, *days, *((r.name, r.mode) for r in self.regressors))


@dataclass(frozen=True, eq=False)  # arrays have no one truth value
class Parameters:
    """A fit of S series. All arrays float64; time t = (seconds - start) / t_scale, value = scaled * y_scale + floor.

    names_S    name of each series
    start_S    seconds of the wall clock read as UTC: first time of the history
    t_scale_S  seconds from the first to the last time of the history, > 0
    y_scale_S  > 0
    floor_S    0, or the smallest value of the history where Prophet scaled with minmax
    k_S, m_S   slope and offset at t = 0 (scaled)
    change_SC  t of each changepoint; series with fewer are padded with inf
    delta_SC   change of slope there; 0 in the padding
    beta_SK    a coefficient per column of `Structure.columns`
    sigma_S    standard deviation of the noise (scaled), >= 0
    mean_SR, std_SR  with which each regressor was standardised; 0 and 1 where it was not
    """

    structure: Structure
    names_S: tuple[str, ...]
    start_S: np.ndarray
    t_scale_S: np.ndarray
    y_scale_S: np.ndarray
    floor_S: np.ndarray
    k_S: np.ndarray
    m_S: np.ndarray
    change_SC: np.ndarray
    delta_SC: np.ndarray
    beta_SK: np.ndarray
    sigma_S: np.ndarray
    mean_SR: np.ndarray
    std_SR: np.ndarray

    def __post_init__(self) -> None:
        series, changes = len(self.names_S), np.shape(self.change_SC)[-1]
        sizes = {"S": series, "C": changes, "K": len(self.structure.columns), "R": len(self.structure.regressors)}
        for name in self.__dataclass_fields__:
            stem, _, axes = name.rpartition("_")
            if stem in ("", "names"):
                continue
            value, shape = np.asarray(getattr(self, name), float), tuple(sizes[axis] for axis in axes)
            if value.shape != shape:
                raise Fault(f"{name} has the shape {list(value.shape)}, expected {list(shape)}")
            if not np.isfinite(value if stem != "change" else np.where(value == np.inf, 0, value)).all():
                raise Fault(f"{name} holds a number that is not finite: fit the model again")
            object.__setattr__(self, name, value)
        for name in ("t_scale_S", "y_scale_S", "std_SR"):
            if (getattr(self, name) <= 0).any():
                raise Fault(f"{name} must be > 0, got {getattr(self, name).min():g}")
        if (self.sigma_S < 0).any():
            raise Fault(f"sigma_S must be >= 0, got {self.sigma_S.min():g}")
        if not 0 < self.structure.interval_width < 1:
            raise Fault(f"interval_width must lie between 0 and 1, got {self.structure.interval_width:g}")

    @property
    def series(self) -> int:
        return len(self.names_S)

    @property
    def rate_S(self) -> np.ndarray:
        """New changepoints expected per unit of t: as many as the history had."""
        return np.isfinite(self.change_SC).sum(axis=1).astype(float)

    @property
    def spread_S(self) -> np.ndarray:
        """Scale of the Laplace distribution of a new change of slope: the mean size of those of the history."""
        return np.abs(self.delta_SC).sum(axis=1) / np.maximum(self.rate_S, 1) + 1e-8  # Prophet adds 1e-8 too


def stack(parts: list[Parameters]) -> Parameters:
    """Many fits as one. A Fault names the first series whose structure differs from that of the first."""
    first = parts[0]
    for part in parts[1:]:
        for name in Structure.__dataclass_fields__:
            mine, its = getattr(first.structure, name), getattr(part.structure, name)
            if mine != its:
                raise Fault(
                    f"{part.names_S[0]} and {first.names_S[0]} differ in {name} ({its!s:.60} and {mine!s:.60}): "
                    "convert them one by one"
                )
    changes = max(part.change_SC.shape[1] for part in parts)
    joined: dict[str, np.ndarray] = {}
    for name in Parameters.__dataclass_fields__:
        if name in ("structure", "names_S"):
            continue
        rows = [getattr(part, name) for part in parts]
        if name.endswith("_SC"):
            fill = np.inf if name == "change_SC" else 0.0
            rows = [np.pad(x, ((0, 0), (0, changes - x.shape[1])), constant_values=fill) for x in rows]
        joined[name] = np.concatenate(rows)
    return Parameters(first.structure, tuple(name for part in parts for name in part.names_S), **joined)
