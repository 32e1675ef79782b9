"""Intervals and probabilities learned from out-of-fold forecasts: what the model did on machines it had not seen.

Axes: N calibration rows (a few cuts per life, lives weighted equally), K knots.
"""

from __future__ import annotations

import copy

import numpy as np
from sklearn.isotonic import IsotonicRegression


class Curve:
    """A function given by its values at knots, straight between them and flat outside."""

    def __init__(self, at_K: np.ndarray, value_K: np.ndarray):
        self.at_K, self.value_K = np.asarray(at_K, np.float64), np.asarray(value_K, np.float64)

    def __call__(self, x: np.ndarray) -> np.ndarray:
        return np.interp(x, self.at_K, self.value_K)


class Conformal:
    """Cross-conformal interval whose width follows the forecast itself (Vovk 2015; Barber et al. 2021).

    level   share of outcomes that the interval shall hold
    knots   forecasts at which the two error quantiles are taken
    reach   lives that must lie near a knot; the neighbourhood grows until they do

    Errors of machines held out in turn, weighted by a triangular kernel around each knot. One machine gives
    several rows, so the finite-sample step (n + 1) counts machines, not rows.
    Wrong when the machine differs from all that failed before: then `condition_ok` and `quality` are the warning.
    """

    def __init__(self, level: float = 0.9, knots: int = 14, reach: int = 30):
        if not 0 < level < 1 or knots < 2 or reach < 2:
            raise ValueError(f"level must lie in 0..1, knots and reach be >= 2, got {level}, {knots} and {reach}")
        self.level, self.knots, self.reach = level, knots, reach

    def fit(self, said_N: np.ndarray, rul_N: np.ndarray, unit_N: np.ndarray, cap: float) -> Conformal:
        """A fitted copy, from forecasts, true values (both cut at `cap`) and the life of each row."""
        fitted = copy.copy(self)
        fitted.cap = cap
        at_K = np.linspace(0.0, cap, self.knots)
        spacing = at_K[1]
        low_K, high_K = np.empty(self.knots), np.empty(self.knots)
        share_N = 1.0 / np.bincount(unit_N)[unit_N]
        units = len(np.unique(unit_N))
        for k, knot in enumerate(at_K):
            away_N = np.abs(said_N - knot)
            bandwidth = spacing
            while len(np.unique(unit_N[away_N < bandwidth])) < min(self.reach, units) and bandwidth < cap:
                bandwidth *= 1.25
            weight_N = np.clip(1.0 - away_N / bandwidth, 0.0, None) * share_N
            near = weight_N > 0
            count = len(np.unique(unit_N[near]))
            share = min((1 + count) * self.level / count, 1.0)
            low_K[k], high_K[k] = _shortest((rul_N - said_N)[near], weight_N[near], share, -knot, cap - knot)
        fitted.low, fitted.high = Curve(at_K, np.minimum(low_K, 0.0)), Curve(at_K, np.maximum(high_K, 0.0))
        fitted.wider = Curve([0.0, 1.0], [1.0, 1.0])
        return fitted

    def widened(self, said_N: np.ndarray, rul_N: np.ndarray, lost_N: np.ndarray, unit_N: np.ndarray) -> Conformal:
        """A copy whose two ends are stretched by `wider`, a factor that grows with the number of lost sensors.

        Learned from forecasts made with sensors hidden: the factor that would have held the true value, its quantile
        among forecasts that had lost about as many, lives weighted equally.
        """
        need_N = self._needed(said_N, rul_N)
        share_N = 1.0 / np.bincount(unit_N)[unit_N]
        at_K = np.concatenate([[0.0], np.unique(np.round(np.geomspace(1.0, max(lost_N.max(initial=1.0), 2.0), 7)))])
        factor_K = np.ones(len(at_K))
        for k in range(1, len(at_K)):
            reach = at_K[k] - at_K[k - 1]
            weight_N = np.clip(1.0 - np.abs(lost_N - at_K[k]) / reach, 0.0, None) * share_N
            count = len(np.unique(unit_N[weight_N > 0]))
            if count >= self.reach // 2:
                factor_K[k] = _quantile(need_N, weight_N, min((1 + count) * self.level / count, 1.0))
        fitted = copy.copy(self)
        fitted.wider = Curve(at_K, np.maximum.accumulate(factor_K))
        return fitted

    def _needed(self, said_N: np.ndarray, rul_N: np.ndarray) -> np.ndarray:
        """The factor on this row's own two ends that just reaches the true value; 0 for a forecast that hits it."""
        error_N = rul_N - said_N
        end_N = np.where(error_N > 0, self.high(said_N), -self.low(said_N))
        return np.abs(error_N) / np.maximum(end_N, 1.0)

    def __call__(self, said: np.ndarray, lost: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """low and high, same shape as the forecasts, within [0, cap]; `lost` sensors, mean of the last rows."""
        factor = 1.0 if lost is None else self.wider(lost)
        return tuple(np.clip(said + factor * curve(said), 0.0, self.cap) for curve in (self.low, self.high))


def calibrated(signal_N: np.ndarray, event_N: np.ndarray, unit_N: np.ndarray, knots: int = 24) -> Curve:
    """Probability of the event given a signal that grows with it: isotonic regression, thinned to `knots`.

    Thinned by always keeping the point that the curve so far misses by most (Ramer 1972).
    """
    share_N = 1.0 / np.bincount(unit_N)[unit_N]
    fit = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip").fit(signal_N, event_N, share_N)
    x, y = fit.X_thresholds_, fit.y_thresholds_
    if len(x) == 1:
        return Curve([x[0], x[0] + 1.0], [y[0], y[0]])
    kept = [0, len(x) - 1]
    while len(kept) < min(knots, len(x)):
        missed = np.abs(y - np.interp(x, x[kept], y[kept]))
        kept = sorted({*kept, int(missed.argmax())})
        if missed.max() < 1e-9:
            break
    return Curve(x[kept], y[kept])


def _quantile(x_N: np.ndarray, weight_N: np.ndarray, share: float) -> float:
    """The least value that at least `share` of the weight does not exceed."""
    order = np.argsort(x_N)
    upto_N = np.cumsum(weight_N[order])
    return float(x_N[order][np.searchsorted(upto_N, share * upto_N[-1] - 1e-12).clip(max=len(x_N) - 1)])


def _shortest(
    error_N: np.ndarray, weight_N: np.ndarray, share: float, least: float, most: float
) -> tuple[float, float]:
    """Ends of the shortest span within [least, most] that holds `share` of the weight.

    Equal tails would waste one of them: near the cap the true value cannot lie above, so all misses may lie below.
    """
    order = np.argsort(error_N)
    error_N, upto_N = np.clip(error_N[order], least, most), np.cumsum(weight_N[order])
    below = np.linspace(0.0, 1.0 - share, 41) * upto_N[-1]
    start = np.searchsorted(upto_N, below, side="right")
    stop = np.searchsorted(upto_N, below + share * upto_N[-1] - 1e-12).clip(max=len(error_N) - 1)
    best = np.argmin(error_N[stop] - error_N[start])
    return float(error_N[start[best]]), float(error_N[stop[best]])
