"""The MAP of a linear model with Prophet's priors, for many series at once, from sums over their rows.

    y = Z z + H delta + noise;  z ~ N(0, 1), delta ~ Laplace(0, tau), noise ~ N(0, sigma), sigma ~ half-normal(0.5)

For one sigma the smooth part z is eliminated in the eigenbasis of Z'Z, which leaves a lasso in delta; the best sigma
for those coefficients is the root of a quadratic. The two take turns, sigma by secant steps.
Axes: S series, Z smooth columns, C changepoints.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import eigh

from pilots.healthtech.prophet_fit.lasso import lasso

TURNS = 60  # of sigma and coefficients; 5 to 10 are usual
LEAST = 1e-18  # of sigma^2: a series that the columns explain without a rest has no mode
ROUNDING = 1e-11  # of the hinges' squares: what is left of them may be nothing but rounding
SLOPE = 5.0  # unit of a change of slope where it is held near, the scale of the slope's own prior
CLOSE = 1e-9  # relative change of sigma^2 at which they end: the objective is then exact to about its square


def spectrum(gram: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues and eigenvectors of symmetric matrices [..., Z, Z].

    NumPy's divide and conquer now and then fails on a sound matrix (seen on one of condition 2,600, three years of
    hours): LAPACK's other method then does it.
    """
    try:
        return np.linalg.eigh(gram)
    except np.linalg.LinAlgError:
        return one_by_one(gram)


def one_by_one(gram: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    each = [eigh(g, driver="evr") for g in gram.reshape(-1, *gram.shape[-2:])]
    power, basis = (np.stack(found) for found in zip(*each, strict=True))
    return power.reshape(gram.shape[:-1]), basis.reshape(gram.shape)


@dataclass(frozen=True)
class Sums:
    """What the rows of each series add up to; `basis` diagonalises Z'Z, whose eigenvalues are `power`."""

    rows_S: np.ndarray  # number of counts that are known
    yy_S: np.ndarray
    zy_SZ: np.ndarray  # in the eigenbasis, as zh
    hy_SC: np.ndarray
    zh_SZC: np.ndarray
    hh_SCC: np.ndarray
    power_SZ: np.ndarray
    basis_SZZ: np.ndarray

    @classmethod
    def of(cls, gram: np.ndarray, cross: np.ndarray, yy: np.ndarray, rows: np.ndarray, smooth: int) -> Sums:
        """From [Z H]'[Z H] (one for all series, or one each), [Z H]'y [S, Z + C], y'y [S] and the number of rows."""
        power, basis = spectrum(gram[..., :smooth, :smooth])
        turn = np.swapaxes(basis, -1, -2)
        return cls(
            rows, yy, (turn @ cross[:, :smooth, None])[..., 0], cross[:, smooth:], turn @ gram[..., :smooth, smooth:],
            gram[..., smooth:, smooth:], np.maximum(power, 0.0), basis,
        )  # fmt: skip

    def held(self, weight_S: np.ndarray, z_SZ: np.ndarray, delta_SC: np.ndarray) -> Sums:
        """As if each coefficient had also been seen to be z, delta, with that weight: a step that stays near them."""
        near = (np.swapaxes(self.basis_SZZ, -1, -2) @ z_SZ[..., None])[..., 0]
        on_delta, changes = weight_S / SLOPE**2, np.arange(delta_SC.shape[1])
        hh_SCC = self.hh_SCC.copy()
        hh_SCC[:, changes, changes] += on_delta[:, None]
        seen = weight_S * (z_SZ**2).sum(axis=1) + on_delta * (delta_SC**2).sum(axis=1)
        return Sums(
            self.rows_S, self.yy_S + seen, self.zy_SZ + weight_S[:, None] * near,
            self.hy_SC + on_delta[:, None] * delta_SC, self.zh_SZC, hh_SCC, self.power_SZ + weight_S[:, None],
            self.basis_SZZ,
        )  # fmt: skip

    def moved(
        self, z_SZ: np.ndarray, delta_SC: np.ndarray, pull_SZ: np.ndarray, pull_SC: np.ndarray, rss_S: np.ndarray
    ) -> Sums:
        """The same curvature about another point, given the residuals there: their squares and what they pull at."""
        turn = np.swapaxes(self.basis_SZZ, -1, -2)
        near, pull = (turn @ z_SZ[..., None])[..., 0], (turn @ pull_SZ[..., None])[..., 0]
        zy = pull + self.power_SZ * near + (self.zh_SZC @ delta_SC[..., None])[..., 0]
        hy = pull_SC + (near[:, None] @ self.zh_SZC)[:, 0] + (self.hh_SCC @ delta_SC[..., None])[..., 0]
        yy = rss_S + (near * (pull + zy)).sum(axis=1) + (delta_SC * (pull_SC + hy)).sum(axis=1)
        return Sums(self.rows_S, yy, zy, hy, self.zh_SZC, self.hh_SCC, self.power_SZ, self.basis_SZZ)

    def take(self, rows: np.ndarray) -> Sums:
        return Sums(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))

    def wide(self) -> Sums:
        """With an axis of series wherever all share one."""
        series = len(self.yy_S)

        def spread(x: np.ndarray, axes: int) -> np.ndarray:
            return x if x.ndim == axes else np.broadcast_to(x, (series, *x.shape))

        return Sums(
            self.rows_S, self.yy_S, self.zy_SZ, self.hy_SC, spread(self.zh_SZC, 3), spread(self.hh_SCC, 3),
            spread(self.power_SZ, 2), spread(self.basis_SZZ, 3),
        )  # fmt: skip


def join(parts: list[Sums]) -> Sums:
    wide = [part.wide() for part in parts]
    return wide[0] if len(wide) == 1 else Sums(
        *(np.concatenate([getattr(part, name) for part in wide]) for name in Sums.__dataclass_fields__)
    )  # fmt: skip


def best_variance(rss: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """sigma^2 that minimises rows log(sigma) + rss / (2 sigma^2) + 2 sigma^2."""
    return 2 * rss / (rows + np.sqrt(rows**2 + 16 * rss))  # of 4 v^2 + rows v = rss, without cancellation


def solve(sums: Sums, tau: float, variance_S: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """z_SZ, delta_SC, variance_S at the mode that lies below the given start of sigma^2."""
    z_SZ, delta_SC = np.zeros_like(sums.zy_SZ), np.zeros_like(sums.hy_SC)
    variance_S = variance_S.copy()
    before = miss_before = np.full(len(variance_S), np.nan)
    open_ = np.arange(len(variance_S))
    part = sums
    for _ in range(TURNS):
        v = variance_S[open_]
        z, delta = _coefficients(part, v, tau, delta_SC[open_])
        z_SZ[open_], delta_SC[open_] = z, delta
        fitted = np.maximum(best_variance(np.maximum(_rss(part, z, delta), 0.0), part.rows_S), LEAST)
        miss = np.log(fitted / v)
        with np.errstate(invalid="ignore", divide="ignore"):
            slope = (miss - miss_before) / (np.log(v) - before)
        step = np.where((slope < -0.2) & (slope > -1.2), -miss / slope, miss)  # else as far as the quadratic says
        before, miss_before = np.log(v), miss
        variance_S[open_] = v * np.exp(step)
        going = np.abs(miss) > CLOSE
        if not going.any():
            break
        if not going.all():
            open_, before, miss_before, part = open_[going], before[going], miss_before[going], part.take(going)
    return (sums.basis_SZZ @ z_SZ[..., None])[..., 0], delta_SC, variance_S


def _coefficients(sums: Sums, v: np.ndarray, tau: float, delta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    shrink = 1 / (sums.power_SZ + v[:, None])
    held = np.swapaxes(sums.zh_SZC * shrink[..., None], -1, -2)
    gram, changes = sums.hh_SCC - held @ sums.zh_SZC, np.arange(sums.hh_SCC.shape[1])
    gram[:, changes, changes] += ROUNDING * sums.hh_SCC[:, changes, changes]
    pull = sums.hy_SC - (held @ sums.zy_SZ[..., None])[..., 0]
    delta = lasso(gram, pull, v / tau, delta)
    return shrink * (sums.zy_SZ - (sums.zh_SZC @ delta[..., None])[..., 0]), delta


def _rss(sums: Sums, z: np.ndarray, delta: np.ndarray) -> np.ndarray:
    on_delta = (sums.hh_SCC @ delta[..., None])[..., 0] - 2 * sums.hy_SC
    on_z = sums.power_SZ * z + 2 * (sums.zh_SZC @ delta[..., None])[..., 0] - 2 * sums.zy_SZ
    return sums.yy_S + (delta * on_delta).sum(axis=1) + (z * on_z).sum(axis=1)
