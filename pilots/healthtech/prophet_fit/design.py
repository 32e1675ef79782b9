"""The rows that a group of series share, as the least-squares problem their coefficients solve.

    y = trend (1 + X_m beta_m) + X_a beta_a,   trend = [1 t hinges] [m k delta]

Without multiplicative columns that is linear and one Gram matrix serves the group. With them it is linear in the trend
and in beta, not in both: each series then has its own linearisation, at the coefficients it has so far.
Axes: G series of the group, N rows, C changepoints, K feature columns, Z = trend columns (m, k) and K.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from pilots.healthtech.prophet_fit.linear import Sums

CELLS = 4_000_000  # of the linearised design held at once: 32 MB


@dataclass(frozen=True)
class Point:
    """Coefficients in units of their priors' scales: z_SZ = (m, k, beta) / scale; delta_SC as it is; sigma^2."""

    z_SZ: np.ndarray
    delta_SC: np.ndarray
    variance_S: np.ndarray

    def take(self, rows: np.ndarray | slice) -> Point:
        return Point(self.z_SZ[rows], self.delta_SC[rows], self.variance_S[rows])


@dataclass(frozen=True)
class Design:
    """series_G: their numbers; scale_Z: standard deviations of the priors; y_GN: scaled counts, none missing."""

    series_G: np.ndarray
    slope_NR: np.ndarray  # [1 t], or [1] where the trend is flat
    hinge_NC: np.ndarray
    x_NK: np.ndarray
    multiplies_K: np.ndarray  # bool
    scale_Z: np.ndarray
    y_GN: np.ndarray

    @cached_property
    def by_mode(self) -> tuple[np.ndarray, np.ndarray]:
        """The feature columns that multiply the trend, and those that are added."""
        return self.x_NK[:, self.multiplies_K], self.x_NK[:, ~self.multiplies_K]

    def linear(self) -> Sums:
        """For additive columns alone: exact, one Gram matrix for all."""
        return self._sums(np.concatenate([self.slope_NR, self.x_NK], axis=1) * self.scale_Z, self.y_GN)

    def start(self) -> Sums:
        """The linearisation at a flat trend and no seasonality; the level is taken as that of all series."""
        lift_K = np.where(self.multiplies_K, self.y_GN.mean(), 1.0)
        return self._sums(np.concatenate([self.slope_NR, self.x_NK * lift_K], axis=1) * self.scale_Z, self.y_GN)

    def at(self, point: Point, rows: np.ndarray) -> list[Sums]:
        """The linearisations of the group's series `rows` at their coefficients, in parts that fit into memory."""
        size = max(1, CELLS // (self.y_GN.shape[1] * (len(self.scale_Z) + self.hinge_NC.shape[1])))
        parts = [slice(i, i + size) for i in range(0, len(rows), size)]
        return [self._at(point.take(part), rows[part]) for part in parts]

    def _at(self, point: Point, rows: np.ndarray) -> Sums:
        trend_GN, swing_GN, _ = self._parts(point)
        wide, changes = len(self.scale_Z), self.hinge_NC.shape[1]
        trends = self.slope_NR.shape[1]
        jacobian = np.empty((len(rows), wide + changes, self.y_GN.shape[1]))
        jacobian[:, :trends] = (self.slope_NR * self.scale_Z[:trends]).T * swing_GN[:, None]
        x_KN = (self.x_NK * self.scale_Z[trends:]).T
        jacobian[:, trends:wide] = x_KN
        times = np.flatnonzero(self.multiplies_K)
        jacobian[:, trends + times] *= trend_GN[:, None]
        jacobian[:, wide:] = self.hinge_NC.T * swing_GN[:, None]
        target = self.y_GN[rows] + trend_GN * (swing_GN - 1)
        cross = (jacobian @ target[..., None])[..., 0]
        gram = jacobian @ np.swapaxes(jacobian, 1, 2)
        yy = np.einsum("gn,gn->g", target, target)
        return Sums.of(gram, cross, yy, np.full(len(rows), target.shape[1], float), wide)

    def residual_squares(self, point: Point, rows: np.ndarray) -> np.ndarray:
        trend, swing, added = self._parts(point)
        left = self.y_GN[rows] - trend * swing - added
        return np.einsum("gn,gn->g", left, left)

    def given_trend(self, point: Point, rows: np.ndarray) -> np.ndarray:
        """z_SZ with the trend's coefficients as they are and the mode of the others given that trend and sigma."""
        trends, z = self.slope_NR.shape[1], point.z_SZ.copy()
        x_NK = self.x_NK * self.scale_Z[trends:]
        for s, row in enumerate(rows):
            trend = self.slope_NR @ (z[s, :trends] * self.scale_Z[:trends]) + self.hinge_NC @ point.delta_SC[s]
            lifted = np.where(self.multiplies_K, trend[:, None], 1.0) * x_NK
            gram = lifted.T @ lifted + point.variance_S[s] * np.eye(x_NK.shape[1])
            z[s, trends:] = np.linalg.solve(gram, lifted.T @ (self.y_GN[row] - trend))
        return z

    def pulls(self, point: Point, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Half the downward gradient of the residual squares by z and delta, and those squares."""
        trend, swing, added = self._parts(point)
        left = self.y_GN[rows] - trend * swing - added
        on_trend, times = left * swing, self.multiplies_K
        on_x = np.empty((len(rows), len(times)))
        x_times, x_adds = self.by_mode
        on_x[:, times], on_x[:, ~times] = (left * trend) @ x_times, left @ x_adds
        pull_z = np.concatenate([on_trend @ self.slope_NR, on_x], axis=1) * self.scale_Z
        return pull_z, on_trend @ self.hinge_NC, np.einsum("gn,gn->g", left, left)

    def _sums(self, smooth_NZ: np.ndarray, y_GN: np.ndarray) -> Sums:
        whole = np.concatenate([smooth_NZ, self.hinge_NC], axis=1)
        rows = np.full(len(y_GN), float(len(whole)))
        return Sums.of(whole.T @ whole, y_GN @ whole, np.einsum("gn,gn->g", y_GN, y_GN), rows, smooth_NZ.shape[1])

    def _parts(self, point: Point) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Trend, 1 + X_m beta_m, and X_a beta_a, each [G, N]."""
        trends, value = self.slope_NR.shape[1], point.z_SZ * self.scale_Z
        trend = value[:, :trends] @ self.slope_NR.T + point.delta_SC @ self.hinge_NC.T
        beta, times, (x_times, x_adds) = value[:, trends:], self.multiplies_K, self.by_mode
        return trend, 1 + beta[:, times] @ x_times.T, beta[:, ~times] @ x_adds.T
