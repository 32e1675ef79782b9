"""Prophet's MAP fit of many series at once.

The objective is Stan's (prophet.stan of Prophet 1.5): k, m ~ N(0, 5); delta ~ Laplace(0, changepoint_prior_scale);
beta ~ N(0, prior scale); sigma ~ half-normal(0.5); scaled counts ~ N(trend (1 + X_m beta) + X_a beta, sigma).
Linear and flat trend. Source: Taylor and Letham (2018), Forecasting at scale, The American Statistician 72(1).
Axes: S series, T periods, C changepoints, K feature columns, R regressors.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from common.fault import Fault
from pilots.healthtech.prophet_fit.descent import descend
from pilots.healthtech.prophet_fit.design import Design
from pilots.healthtech.prophet_fit.features import changepoints, columns, hinges
from pilots.healthtech.prophet_onnx.parameters import Parameters, Structure

TREND_SCALE = 5.0  # standard deviation of the priors of k and m


@dataclass(frozen=True)
class Priors:
    """Prophet's defaults. columns: one scale for all feature columns, or one for each of `Structure.columns`."""

    changepoints: float = 0.05
    columns: float | tuple[float, ...] = 10.0
    n_changepoints: int = 25
    changepoint_range: float = 0.8

    def __post_init__(self) -> None:
        if self.changepoints <= 0 or np.less_equal(self.columns, 0).any():
            raise ValueError(f"prior scales must be > 0, got {self.changepoints} and {self.columns}")
        if self.n_changepoints < 0 or not 0 <= self.changepoint_range <= 1:
            raise ValueError(
                f"n_changepoints must be >= 0 and changepoint_range between 0 and 1, "
                f"got {self.n_changepoints} and {self.changepoint_range}"
            )


DEFAULTS = Priors()


def fit_many(
    when_T: np.ndarray,
    y_ST: np.ndarray,
    structure: Structure,
    priors: Priors = DEFAULTS,
    *,
    names: tuple[str, ...] = (),
    regressors: Mapping[str, np.ndarray] | None = None,
    conditions: Mapping[str, np.ndarray] | None = None,
    minmax: bool = False,
) -> Parameters:
    """Fit every row of y_ST (NaN = missing) at the rising times when_T (int64 seconds, wall clock read as UTC).

    regressors, conditions  a column [T] for each that the structure names
    minmax                  scale from the smallest to the largest count instead of by the largest size

    A missing count is left out of its series alone, with the same result as a history without that row.
    """
    y_ST, names = np.asarray(y_ST, float), names or tuple(str(s) for s in range(len(y_ST)))
    _check(when_T, y_ST, structure, names)
    known_ST = np.isfinite(y_ST)
    floor_S = np.nanmin(y_ST, axis=1) if minmax else np.zeros(len(y_ST))
    y_scale_S = np.nanmax(np.abs(y_ST - floor_S[:, None]), axis=1)
    y_scale_S[y_scale_S == 0] = 1.0
    scaled_ST = (y_ST - floor_S[:, None]) / y_scale_S[:, None]
    start_S = when_T[known_ST.argmax(axis=1)]
    t_scale_S = when_T[known_ST.shape[1] - 1 - known_ST[:, ::-1].argmax(axis=1)] - start_S
    x_TK = columns(when_T, structure, regressors, conditions)

    trends = 1 if structure.growth == "flat" else 2
    multiplies_K = np.array([mode == "multiplicative" for _, mode in structure.columns], bool)
    scale_Z = np.concatenate([np.full(trends, TREND_SCALE), np.broadcast_to(priors.columns, len(multiplies_K))])
    most = 0 if trends == 1 else priors.n_changepoints
    change_SC = np.full((len(y_ST), most), np.inf)
    mean_SR, std_SR = np.zeros((len(y_ST), len(structure.regressors))), np.ones((len(y_ST), len(structure.regressors)))
    designs = []
    for rows_T, series in _same_rows(known_ST):
        t_N = (when_T[rows_T] - start_S[series[0]]) / t_scale_S[series[0]]
        change = changepoints(t_N, most, priors.changepoint_range)
        change_SC[series, : len(change)] = change
        x_NK = x_TK[rows_T]
        if structure.regressors:
            mean_R, std_R = _standard(x_NK[:, -len(structure.regressors) :])
            mean_SR[series], std_SR[series] = mean_R, std_R
            x_NK[:, -len(structure.regressors) :] = (x_NK[:, -len(structure.regressors) :] - mean_R) / std_R
        slope_NR = np.stack([np.ones_like(t_N), t_N], axis=1)[:, :trends]
        hinge_NC = hinges(t_N, change_SC[series[0]])
        y_GN = scaled_ST[np.ix_(series, np.flatnonzero(rows_T))]
        designs.append(Design(series, slope_NR, hinge_NC, x_NK, multiplies_K, scale_Z, y_GN))
    with threadpool_limits(1, "blas"):  # many small products: threads would wait for each other, five times as long
        found = descend(designs, priors.changepoints)

    value_SZ, sigma_S, delta_SC = found.z_SZ * scale_Z, np.sqrt(found.variance_S), found.delta_SC
    m_S, k_S = value_SZ[:, 0], value_SZ[:, 1] if trends == 2 else np.zeros(len(y_ST))
    beta_SK = value_SZ[:, trends:]
    still_S = np.nanmin(y_ST, axis=1) == np.nanmax(y_ST, axis=1)  # Prophet does not fit a constant
    k_S[still_S], m_S[still_S] = 0.0, np.nanmax(scaled_ST, axis=1)[still_S]
    beta_SK[still_S], delta_SC[still_S], sigma_S[still_S] = 0.0, 0.0, 1e-9
    return Parameters(
        structure, names, start_S, t_scale_S, y_scale_S, floor_S, k_S, m_S, change_SC, delta_SC, beta_SK, sigma_S,
        mean_SR, std_SR,
    )  # fmt: skip


def _check(when_T: np.ndarray, y_ST: np.ndarray, structure: Structure, names: tuple[str, ...]) -> None:
    if structure.growth == "logistic":
        raise Fault("fit_many fits linear and flat trends: growth='logistic' is fitted by Prophet itself")
    if y_ST.ndim != 2 or y_ST.shape[1] != len(when_T) or len(names) != len(y_ST):
        raise Fault(f"the counts have the shape {list(y_ST.shape)}, expected [{len(names)}, {len(when_T)}]")
    if (np.diff(when_T) <= 0).any():
        raise Fault("the times must rise from each period to the next")
    if np.isinf(y_ST).any():
        raise Fault(f"{names[int(np.isinf(y_ST).any(axis=1).argmax())]} holds an infinite count")
    short = np.isfinite(y_ST).sum(axis=1) < 2
    if short.any():
        raise Fault(f"{names[int(short.argmax())]} has fewer than two known counts: it cannot be fitted")


def _same_rows(known_ST: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """(rows known, series that know just these), in the order of their first series."""
    groups: dict[bytes, list[int]] = {}
    for s, packed in enumerate(np.packbits(known_ST, axis=1)):
        groups.setdefault(packed.tobytes(), []).append(s)
    return [(known_ST[series[0]], np.array(series)) for series in groups.values()]


def _standard(x_NR: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Prophet's rule: a column of 0 and 1, or of one value, stays as it is."""
    as_is = np.array([len(set(np.unique(x)) - {0.0, 1.0}) == 0 or x.min() == x.max() for x in x_NR.T])
    return np.where(as_is, 0.0, x_NR.mean(axis=0)), np.where(as_is, 1.0, x_NR.std(axis=0, ddof=1))
