"""PCA with Hotelling's T² and the residual Q, each machine measured by its own healthy start.

1. level and scatter of every sensor over a machine's first `baseline` rows; each later reading as distance from them
2. the mean of the last `smooth` rows: a fault lasts, noise does not
3. divided by what a healthy sensor moves anyway: noise, and wander. Wander is how far its level shifts from the first
   half of the baseline to the second, stretched by as much as healthy logs wander farther on
4. T² (within the components) and Q (across them), each over its healthy mean, added to one score (Yue & Qin 2001,
   Ind. Eng. Chem. Res. 40, 4403)
5. the limit is the score that healthy rows after the baseline exceed at the stated false-alarm rate

Axes: M machines (or windows), T rows, K sensors, A components.
"""

from __future__ import annotations

import copy
import warnings

import numpy as np

from pilots.manufacturing.conditions import Conditions
from pilots.manufacturing.data.contract import Fleet
from pilots.manufacturing.interval import Curve

RATES = np.array([0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5])  # knots of the limit
STRETCH = 8.0  # most that wander within the baseline is stretched: beyond, chance in two halves would speak
FLOOR = 0.1  # of the usual scatter: the least that a sensor quiet in its baseline is credited with


class T2Q:
    """Distance from a machine's own healthy running, and the limit for a stated false-alarm rate.

    smooth      rows whose mean is judged
    components  principal components kept for T²; the others make Q

    Wrong when a machine was not healthy in its baseline: the fault is then its level. A change that comes slower than
    healthy logs wander is not seen.
    """

    def __init__(self, smooth: int = 7, components: int = 3):
        if smooth < 1 or components < 1:
            raise ValueError(f"smooth and components must be >= 1, got {smooth} and {components}")
        self.smooth, self.components = smooth, components

    def fit(self, windows: Fleet, baseline: int, seed: int) -> T2Q:
        """A fitted copy, from healthy windows alone: nothing of a failure or a label is known here."""
        fitted = copy.copy(self)
        fitted.baseline = baseline
        fitted.conditions = Conditions.fit(windows, seed)
        z_MTK, given_MTK = fitted.placed(windows)
        count = z_MTK.shape[2]
        fitted.kept = min(self.components, max(count - 1, 1))
        after_MT = (np.arange(z_MTK.shape[1]) >= baseline) & (np.arange(z_MTK.shape[1]) < windows.length_L[:, None])
        fitted.usual_K = np.zeros(count)
        level_MK, std_MK, wander_MK = fitted._start(z_MTK, given_MTK)
        fitted.usual_K = np.median(std_MK, axis=0)
        v_MTK, there_MTK = fitted._smoothed(z_MTK, given_MTK, level_MK, std_MK)
        with warnings.catch_warnings():  # a sensor silent in all windows gives NaN, which becomes 0
            warnings.simplefilter("ignore", RuntimeWarning)
            noise_NK = v_MTK[:, min(self.smooth, baseline // 2) : baseline].reshape(-1, count)
            noise_KK = _moments(noise_NK)
            far_MK = np.nanmean(np.where(after_MT[..., None], v_MTK, np.nan), axis=1)
            far_K = np.nan_to_num(np.nanmean(far_MK**2, axis=0))
        fitted.noise_K = np.diag(noise_KK)
        fitted.stretch_K = np.minimum(far_K / np.maximum(np.nanmean(wander_MK, axis=0), 1e-3), STRETCH)
        whole_KK = noise_KK + np.diag(far_K)
        unit_K = np.sqrt(np.diag(whole_KK))
        fitted.like_KK = whole_KK / np.outer(unit_K, unit_K)
        variance, axes = np.linalg.eigh(fitted.like_KK)
        inside_KA, variance_A = axes[:, ::-1][:, : fitted.kept], variance[::-1][: fitted.kept]
        # both statistics as squares of one matrix each: T² = |z t|², Q = |z q|²
        fitted.t2_KK = inside_KA / np.sqrt(variance_A) @ inside_KA.T
        fitted.q_KK = np.eye(count) - inside_KA @ inside_KA.T
        fitted.mean_t2 = fitted.mean_q = 1.0
        found = fitted._distances(v_MTK, there_MTK, fitted._scale(wander_MK))
        fitted.mean_t2, fitted.mean_q = (max(float(np.nanmean(x[after_MT])), 1e-9) for x in found)
        score_R = (found[0] / fitted.mean_t2 + found[1] / fitted.mean_q)[after_MT]
        score_R = score_R[np.isfinite(score_R)]
        fitted.limit = Curve(RATES, np.quantile(score_R, 1 - RATES))
        fitted.rows, fitted.windows = len(score_R), windows.lives
        return fitted

    def __call__(self, fleet: Fleet) -> dict[str, np.ndarray]:
        """t2, q, score [M, T]; NaN in the baseline, in padding and where no sensor has a reading."""
        z_MTK, given_MTK = self.placed(fleet)
        level_MK, std_MK, wander_MK = self._start(z_MTK, given_MTK)
        t2, q = self._distances(*self._smoothed(z_MTK, given_MTK, level_MK, std_MK), self._scale(wander_MK))
        row_T = np.arange(t2.shape[1])
        judged_MT = (row_T >= self.baseline) & (row_T < fleet.length_L[:, None])
        score = t2 / self.mean_t2 + q / self.mean_q
        return {name: np.where(judged_MT, x, np.nan) for name, x in (("t2", t2), ("q", q), ("score", score))}

    @property
    def contribution_KK(self) -> np.ndarray:
        """Root of the score's matrix: the squares of z · root are the sensors' shares in the score, none negative
        (complete decomposition, Alcala & Qin 2009, Automatica 45, 1593)."""
        value_K, vector_KK = np.linalg.eigh(self.t2_KK @ self.t2_KK / self.mean_t2 + self.q_KK / self.mean_q)
        return vector_KK * np.sqrt(np.maximum(value_K, 0)) @ vector_KK.T

    def placed(self, fleet: Fleet) -> tuple[np.ndarray, np.ndarray]:
        """Readings as distance from the operating condition's mean, in its scatter, and which were given."""
        c, (x_MTF, length_M) = self.conditions, fleet.padded()
        place_MTS = x_MTF[..., : len(c.scale_S)].astype(np.float64) / c.scale_S
        known_MTS = np.isfinite(place_MTS)
        apart_MTCS = np.where(known_MTS, place_MTS, 0.0)[:, :, None] - c.centre_CS
        nearest_MT = np.where(known_MTS[:, :, None], apart_MTCS**2, 0.0).sum(-1).argmin(-1)
        kept_MTK = x_MTF[..., c.kept_K].astype(np.float64)
        given_MTK = np.isfinite(kept_MTK) & (np.arange(x_MTF.shape[1]) < length_M[:, None])[..., None]
        return np.where(given_MTK, (kept_MTK - c.mean_CK[nearest_MT]) / c.std_CK[nearest_MT], 0.0), given_MTK

    def _start(self, z_MTK: np.ndarray, given_MTK: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Level, scatter and wander of each sensor over the baseline; NaN level where it gave no reading there."""
        half = self.baseline // 2

        def mean(start: int, stop: int, power: int = 1) -> np.ndarray:
            n_MK = given_MTK[:, start:stop].sum(1)
            total_MK = (z_MTK[:, start:stop] ** power).sum(1)
            return np.where(n_MK > 0, total_MK / np.maximum(n_MK, 1), np.nan)

        level_MK = mean(0, self.baseline)
        variance_MK = mean(0, self.baseline, 2) - level_MK**2
        std_MK = np.sqrt(np.maximum(np.nan_to_num(variance_MK), 0.0))
        std_MK = np.maximum(std_MK, np.maximum(FLOOR * self.usual_K, 1e-6))
        shift_MK = (mean(half, self.baseline) - mean(0, half)) / std_MK
        return level_MK, std_MK, np.nan_to_num(shift_MK) ** 2

    def _smoothed(
        self, z_MTK: np.ndarray, given_MTK: np.ndarray, level_MK: np.ndarray, std_MK: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Mean over the last `smooth` rows of the distance from the own level, NaN and False without a reading."""
        given_MTK = given_MTK & np.isfinite(level_MK)[:, None]
        u_MTK = np.where(given_MTK, (z_MTK - np.nan_to_num(level_MK)[:, None]) / std_MK[:, None], 0.0)
        total, n = (np.cumsum(np.pad(x.astype(float), ((0, 0), (1, 0), (0, 0))), axis=1) for x in (u_MTK, given_MTK))
        start_T = np.maximum(np.arange(1, total.shape[1]) - self.smooth, 0)
        n_MTK = n[:, 1:] - n[:, start_T]
        there_MTK = n_MTK > 0
        return np.where(there_MTK, (total[:, 1:] - total[:, start_T]) / np.maximum(n_MTK, 1), np.nan), there_MTK

    def _scale(self, wander_MK: np.ndarray) -> np.ndarray:
        """What a healthy sensor moves anyway, in its own scatter."""
        return np.sqrt(np.maximum(self.noise_K + self.stretch_K * wander_MK, 1e-9))

    def _distances(
        self, v_MTK: np.ndarray, there_MTK: np.ndarray, scale_MK: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """T² and Q. A missing sensor is taken at its level, and both are raised to what all sensors would expect."""
        w_MTK = np.where(there_MTK, v_MTK / scale_MK[:, None], 0.0)
        found = []
        for matrix_KK in (self.t2_KK, self.q_KK):
            expected_KK = (matrix_KK @ matrix_KK) * self.like_KK
            seen_MT = ((there_MTK @ expected_KK) * there_MTK).sum(-1)
            raised_MT = np.where(there_MTK.any(-1), expected_KK.sum() / np.maximum(seen_MT, 1e-9), np.nan)
            found.append(((w_MTK @ matrix_KK) ** 2).sum(-1) * raised_MT)
        return found[0], found[1]


def _moments(x_NK: np.ndarray) -> np.ndarray:
    """Second moments about zero over the rows in which both sensors were given."""
    given_NK = np.isfinite(x_NK)
    x_NK = np.where(given_NK, x_NK, 0.0)
    return (x_NK.T @ x_NK) / np.maximum(given_NK.T.astype(float) @ given_NK, 1.0) + 1e-9 * np.eye(x_NK.shape[1])
