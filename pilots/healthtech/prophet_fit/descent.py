"""From designs to the mode: one linear problem, or several where columns multiply the trend (Gauss-Newton)."""

from __future__ import annotations

import numpy as np

from pilots.healthtech.prophet_fit.design import Design, Point
from pilots.healthtech.prophet_fit.linear import LEAST, Sums, best_variance, join, solve

STEPS = 40  # 5 to 10 are usual
FRESH = 2  # steps with a curvature of their own; later ones share the last, as long as none had to be held
CLOSE = 1e-9  # of the objective: the gain of a step at which they end
TRIES = 12  # of one linearisation


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
    """Levenberg (1944): a step that finds nothing lower is taken again, held nearer, with a tenfold weight."""
    first_D = np.cumsum([0, *(len(d.series_G) for d in designs)])
    open_ = np.arange(first_D[-1])
    loss_S, weight_S = _loss(designs, first_D, point, open_, tau), np.zeros(len(open_))
    for step in range(STEPS):
        here = point.take(open_)
        if step < FRESH or weight_S[open_].any():
            sums = _linearised(designs, first_D, here, open_)
        else:
            sums = _moved(designs, first_D, here, open_, sums)
        try_, moved_S = np.arange(len(open_)), np.zeros(len(open_))
        for _ in range(TRIES):
            near, s = here.take(try_), open_[try_]
            weight = weight_S[s] * near.variance_S
            there = Point(*solve(sums.take(try_).held(weight, near.z_SZ, near.delta_SC), tau, near.variance_S))
            loss = _loss(designs, first_D, there, s, tau)
            if weight.any() or (loss > loss_S[s]).any():
                bent = _bent(designs, first_D, there, s)
                other = _loss(designs, first_D, bent, s, tau)
                better = other < loss
                loss = np.where(better, other, loss)
                for whole, new in zip(vars(there).values(), vars(bent).values(), strict=True):
                    whole[better] = new[better]
            gain = loss_S[s] - loss
            lower, close = gain > 0, np.abs(gain) <= CLOSE * np.maximum(1, np.abs(loss))
            for whole, new in zip(vars(point).values(), vars(there).values(), strict=True):
                whole[s[lower]] = new[lower]
            loss_S[s[lower]] = loss[lower]
            moved_S[try_] = ~(close & (weight_S[s] == 0))
            weight_S[s] = np.where(lower, weight_S[s] / 10, np.maximum(1, 10 * weight_S[s]))
            weight_S[s[lower & (weight_S[s] < 1)]] = 0
            try_ = try_[~lower & ~close]
            if not len(try_):
                break
        moved_S[try_] = 0  # nothing lower however near
        open_, sums = open_[moved_S > 0], sums.take(np.flatnonzero(moved_S))
        if not len(open_):
            break
    return point


def _linearised(designs: list[Design], first_D: np.ndarray, here: Point, open_: np.ndarray) -> Sums:
    parts = []
    for design, rows, mine in _by_design(designs, first_D, open_):
        parts += design.at(here.take(mine), rows)
    return join(parts)


def _bent(designs: list[Design], first_D: np.ndarray, there: Point, open_: np.ndarray) -> Point:
    """The same trend with the best other coefficients for it: the valley of trend times swing is bent."""
    z_SZ = there.z_SZ.copy()
    for design, rows, mine in _by_design(designs, first_D, open_):
        z_SZ[mine] = design.given_trend(there.take(mine), rows)
    return Point(z_SZ, there.delta_SC, there.variance_S.copy())


def _moved(designs: list[Design], first_D: np.ndarray, here: Point, open_: np.ndarray, sums: Sums) -> Sums:
    pull_z, pull_delta, rss = np.empty_like(here.z_SZ), np.empty_like(here.delta_SC), np.empty(len(open_))
    for design, rows, mine in _by_design(designs, first_D, open_):
        pull_z[mine], pull_delta[mine], rss[mine] = design.pulls(here.take(mine), rows)
    return sums.moved(here.z_SZ, here.delta_SC, pull_z, pull_delta, rss)


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
