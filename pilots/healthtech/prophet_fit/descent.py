"""From designs to the mode: one linear problem, or several where columns multiply the trend (Gauss-Newton)."""

from __future__ import annotations

import numpy as np

from pilots.healthtech.prophet_fit.design import Design, Point
from pilots.healthtech.prophet_fit.linear import LEAST, best_variance, join, solve

STEPS = 40  # linearisations; 4 to 8 are usual
CLOSE = 1e-10  # of the objective: the gain of a step at which they end
HALVINGS = 12


def descend(designs: list[Design], tau: float) -> Point:
    """The mode of every series, in the order of their numbers."""
    multiplies = bool(designs[0].multiplies_K.any())
    sums = join([d.start() if multiplies else d.linear() for d in designs])
    start = np.maximum(sums.yy_S / sums.rows_S, LEAST)
    point = Point(*solve(sums, tau, start))
    if multiplies:
        point = _gauss_newton(designs, point, tau)
    order = np.argsort(np.concatenate([d.series_G for d in designs]))
    return point.take(order)


def _gauss_newton(designs: list[Design], point: Point, tau: float) -> Point:
    first_D = np.cumsum([0, *(len(d.series_G) for d in designs)])
    loss_S = _loss(designs, first_D, point, np.arange(first_D[-1]), tau)
    open_ = np.arange(first_D[-1])
    for _ in range(STEPS):
        here = point.take(open_)
        parts = []
        for design, rows, mine in _by_design(designs, first_D, open_):
            parts += design.at(here.take(mine), rows)
        there = Point(*solve(join(parts), tau, here.variance_S))
        share = np.ones(len(open_))
        for _ in range(HALVINGS):
            tried = _between(here, there, share)
            loss = _loss(designs, first_D, tried, open_, tau)
            worse = loss > loss_S[open_]
            if not worse.any():
                break
            share[worse] /= 2
        gain = np.where(worse, 0.0, loss_S[open_] - loss)
        for whole, part in zip((point.z_SZ, point.delta_SC, point.variance_S), vars(tried).values(), strict=True):
            whole[open_[~worse]] = part[~worse]
        loss_S[open_] -= gain
        open_ = open_[gain > CLOSE * np.maximum(1, np.abs(loss_S[open_]))]
        if not len(open_):
            break
    return point


def _between(here: Point, there: Point, share: np.ndarray) -> Point:
    z = here.z_SZ + share[:, None] * (there.z_SZ - here.z_SZ)
    delta = here.delta_SC + share[:, None] * (there.delta_SC - here.delta_SC)
    return Point(z, delta, there.variance_S.copy())


def _loss(designs: list[Design], first_D: np.ndarray, point: Point, open_: np.ndarray, tau: float) -> np.ndarray:
    """Negative log posterior at the best sigma for these coefficients, which is written into the point."""
    rss, rows_S = np.empty(len(open_)), np.empty(len(open_))
    for design, rows, mine in _by_design(designs, first_D, open_):
        rss[mine], rows_S[mine] = design.residual_squares(point.take(mine), rows), design.y_GN.shape[1]
    point.variance_S[:] = v = np.maximum(best_variance(rss, rows_S), LEAST)
    prior = (point.z_SZ**2).sum(axis=1) / 2 + np.abs(point.delta_SC).sum(axis=1) / tau + 2 * v
    return prior + rows_S * np.log(v) / 2 + rss / (2 * v)


def _by_design(designs: list[Design], first_D: np.ndarray, open_: np.ndarray):
    """(design, which of its series, where they stand in `open_`) for every design that has any of them."""
    owner = np.searchsorted(first_D, open_, side="right") - 1
    for d in np.unique(owner):
        mine = np.flatnonzero(owner == d)
        yield designs[d], open_[mine] - first_D[d], mine
