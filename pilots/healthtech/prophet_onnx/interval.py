"""The interval around a forecast: what the trend may still do, and noise, from tables made at conversion."""

from __future__ import annotations

import numpy as np

from pilots.healthtech.prophet_onnx import quantile
from pilots.healthtech.prophet_onnx.fit import Fit
from pilots.healthtech.prophet_onnx.nodes import INT64, Nodes
from pilots.healthtech.prophet_onnx.parameters import Parameters
from pilots.healthtech.prophet_onnx.quantile import SIZE
from pilots.healthtech.prophet_onnx.trend import gamma

REACH = 2.0  # how far ahead the tables of a logistic trend go, in lengths of the history; held beyond


def interval(fit: Fit, t: str, yhat: str, gain: str | None, room: str | None) -> tuple[str, str]:
    """Lower and upper end. gain: 1 + multiplicative terms, if there are any; room: cap - floor (logistic)."""
    p, add = fit.parameters, fit.nodes
    width, growth = p.structure.interval_width, p.structure.growth
    if growth == "flat":
        half = fit.number(quantile.linear(width)[0, 0] * p.sigma_S * p.y_scale_S)
        return add("Sub", yhat, half), add("Add", yhat, half)
    ahead = add("Max", add("Sub", t, 1.0), 0.0)
    if growth == "linear":
        changes = add("Mul", ahead, fit.number(p.rate_S))
        place = _place(add, add("Div", changes, add("Add", changes, quantile.FEW)))
        scale = fit.number(p.spread_S * np.sqrt(2 * p.rate_S / 3) * p.y_scale_S)
        sd = add("Mul", scale, _power(add, ahead))
        total, share = _share(fit, add("Mul", sd, add("Abs", gain)) if gain else sd)
        half = add("Mul", total, _table(add, quantile.linear(width), place, share))
        return add("Sub", yhat, half), add("Add", yhat, half)
    assert room is not None
    sd_SH, tables = _logistic(p)
    ahead = add("Min", ahead, REACH)
    first = fit.number(np.arange(p.series, dtype=float) * SIZE)
    place = _place(add, add("Sqrt", add("Div", ahead, REACH)))
    size = add("Mul", room, gain) if gain else room
    sd = add("Mul", _line(add, sd_SH, place, first), _power(add, ahead))
    total, share = _share(fit, add("Mul", sd, add("Abs", size)))
    low, high = (add("Mul", total, _table(add, table, place, share, first)) for table in tables)
    if gain:  # a trend turned over turns its spread over
        up = add("GreaterOrEqual", size, 0.0)
        low, high = add("Where", up, low, add("Neg", high)), add("Where", up, high, add("Neg", low))
    return add("Add", yhat, low), add("Add", yhat, high)


def _logistic(p: Parameters) -> tuple[np.ndarray, list[np.ndarray]]:
    """sd_SH of the unit trend over h^1.5, lower and upper tables [S, H, x]; H: h = REACH (i / (SIZE - 1))^2."""
    ahead_H = REACH * np.linspace(0, 1, SIZE) ** 2
    sd_SH = np.zeros((p.series, SIZE))
    tables = [np.zeros((p.series, SIZE, SIZE)) for _ in range(2)]
    k_S, m_S = p.k_S + p.delta_SC.sum(axis=1), p.m_S + gamma(p).sum(axis=1)
    for s in range(p.series):
        logit_H = k_S[s] * (1 + ahead_H - m_S[s])
        sd_H, *ends = quantile.logistic(
            p.structure.interval_width, p.rate_S[s], p.spread_S[s], logit_H[1:], ahead_H[1:]
        )
        steep = 1 / (4 * np.cosh(np.clip(logit_H[0] / 2, -300, 300)) ** 2)  # slope of the curve, the limit for h = 0
        sd_SH[s] = [steep * p.spread_S[s] * np.sqrt(2 * p.rate_S[s] / 3), *(sd_H / ahead_H[1:] ** 1.5)]
        for table, end in zip(tables, ends, strict=True):
            table[s] = np.vstack([end[:1], end])  # within the first row the noise is all
    return sd_SH, tables


def _power(add: Nodes, ahead: str) -> str:
    """h^1.5"""
    return add("Mul", ahead, add("Sqrt", ahead))


def _share(fit: Fit, trend: str) -> tuple[str, str]:
    """Standard deviations of trend and noise added up, and the trend's share of that."""
    add, p = fit.nodes, fit.parameters
    total = add("Add", trend, fit.number(p.sigma_S * p.y_scale_S))
    return total, add("Div", trend, add("Max", total, 1e-300))


def _place(add: Nodes, share: str) -> tuple[str, str]:
    """A number in 0..1 as the row of a table before it and the way to the next."""
    at = add("Mul", share, SIZE - 1.0)
    row = add("Floor", add("Min", at, SIZE - 1.5))
    return row, add("Sub", at, row)


def _read(add: Nodes, table: np.ndarray, index: str, *beyond: int) -> list[str]:
    """Entries of a flattened table at an index and so far beyond it.

    An index that is not a number is clipped into the table; the way from there is NaN, and so is the answer.
    """
    first = add("Clip", add("Cast", index, to=INT64), np.array(0), np.array(table.size - 1 - max(beyond)))
    flat = table.ravel()
    return [add("Gather", flat, add("Add", first, np.array(n)) if n else first, axis=0) for n in (0, *beyond)]


def _line(add: Nodes, value_SH: np.ndarray, place: tuple[str, str], first: str) -> str:
    """Linear interpolation along H."""
    row, way = place
    return _between(add, *_read(add, value_SH, add("Add", row, first), 1), way)


def _table(add: Nodes, table: np.ndarray, place: tuple[str, str], share: str, first: str | None = None) -> str:
    """Bilinear interpolation in [H, x] tables. first: in how many rows the series' own table begins."""
    row, down = place
    column, across = _place(add, share)
    row = add("Add", row, first) if first else row
    index = add("Add", add("Mul", row, float(SIZE)), column)
    above, right, below, beyond = _read(add, table, index, 1, SIZE, SIZE + 1)
    return _between(add, _between(add, above, right, across), _between(add, below, beyond, across), down)


def _between(add: Nodes, start: str, stop: str, way: str) -> str:
    return add("Add", start, add("Mul", way, add("Sub", stop, start)))
