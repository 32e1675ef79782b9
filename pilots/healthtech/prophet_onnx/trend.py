"""The trend: piecewise linear, piecewise logistic or flat.

    A = [t >= changepoint]
    linear     (k + A delta) t + (m - A (changepoint * delta))
    logistic   (cap - floor) / (1 + exp(-(k + A delta) (t - (m + A gamma)))) + floor
    flat       m

Source: Taylor and Letham (2018), section 3.1; `piecewise_linear`, `piecewise_logistic`, `flat_trend` in Prophet.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pilots.healthtech.prophet_onnx.fit import Fit
from pilots.healthtech.prophet_onnx.nodes import DOUBLE
from pilots.healthtech.prophet_onnx.parameters import Parameters


def clock(fit: Fit, seconds: str) -> str:
    """t of each step: 0 at the first, 1 at the last time of the history. seconds: `when` as float64."""
    p = fit.parameters
    return fit.nodes("Div", fit.nodes("Sub", seconds, fit.number(p.start_S)), fit.number(p.t_scale_S))


def trend(fit: Fit, t: str, room: str, floor: str) -> str:
    """The trend in the unit of the data. room: cap - floor (logistic)."""
    p, add = fit.parameters, fit.nodes
    if p.structure.growth == "flat":
        level = add("Add", fit.row(p.m_S[:, None] * p.y_scale_S[:, None]), floor)
        return add("Add", level, add("Mul", t, 0.0))  # a number for every step
    offset = fit.row(p.m_S[:, None])  # gathered even where all are equal: the answer has a row per series asked for
    passed = _passed(fit, t)
    slope = add("Add", fit.number(p.k_S), passed(p.delta_SC))
    if p.structure.growth == "linear":
        shift = np.where(np.isfinite(p.change_SC), -p.change_SC, 0) * p.delta_SC
        scaled = add("Add", add("Mul", slope, t), add("Add", offset, passed(shift)))
        return add("Add", add("Mul", scaled, fit.number(p.y_scale_S)), floor)
    middle = add("Add", offset, passed(gamma(p)))
    logit = add("Mul", slope, add("Sub", t, middle))
    share = add("Add", 1.0, add("Exp", add("Neg", logit)))
    return add("Add", add("Div", room, share), floor)


def gamma(p: Parameters) -> np.ndarray:
    """[S, C]: moves of the logistic curve's middle that keep it continuous where its rate changes."""
    moved_SC, k_S, m_S = np.zeros_like(p.delta_SC), p.k_S.copy(), p.m_S.copy()
    for c in range(p.delta_SC.shape[1]):
        delta_S, at_S = p.delta_SC[:, c], np.where(np.isfinite(p.change_SC[:, c]), p.change_SC[:, c], 0)
        rate_S = k_S + delta_S
        moved_SC[:, c] = np.where(delta_S == 0, 0, (at_S - m_S) * (1 - k_S / np.where(rate_S == 0, np.nan, rate_S)))
        k_S, m_S = rate_S, m_S + moved_SC[:, c]
    return moved_SC


def _passed(fit: Fit, t: str) -> Callable[[np.ndarray], str]:
    """A function of value_SC: its sum over the changepoints that each step has passed."""
    p, add = fit.parameters, fit.nodes
    if p.delta_SC.shape[1] == 0:
        return lambda value_SC: add.constant(0.0)
    if one_clock(p):  # t is [when]: every series has passed the same changepoints
        passed = add("Cast", add("GreaterOrEqual", t, p.change_SC[0][:, None]), to=DOUBLE)
        return lambda value_SC: add("MatMul", fit.row(value_SC), passed)
    t = add("Unsqueeze", t, add.index(1))
    passed = add("Cast", add("GreaterOrEqual", t, fit.row(p.change_SC[:, :, None])), to=DOUBLE)
    return lambda value_SC: add("Squeeze", add("MatMul", fit.row(value_SC[:, None]), passed), add.index(1))


def one_clock(p: Parameters) -> bool:
    """Whether all series have the same history dates and changepoints."""
    return all((x == x[:1]).all() for x in (p.start_S, p.t_scale_S, p.change_SC))
