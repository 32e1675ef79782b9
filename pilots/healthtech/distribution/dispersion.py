"""How much wider than Poisson the counts are, per series and step, by penalised maximum likelihood.

Axes: O origins, S series, H steps, J terms of the curve over the steps.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize
from scipy.special import digamma, gammaln

LEAST, MOST = 1e-6, 4.0  # dispersion: Poisson in all but name, and a spread of twice the mean
OWN, CURVE = 0.7, 1.0  # prior standard deviation of a series' own log dispersion, and of the curve's terms
OBSERVATIONS = 200_000  # more do not change a curve of a few numbers


def curve(horizon: int) -> np.ndarray:
    """[H, 2]: straight and bent in the logarithm of the step, 0 at the first."""
    x_H = np.log1p(np.arange(horizon)) / max(np.log(horizon), 1.0)
    return np.stack([x_H, x_H**2], axis=1)


def fit_dispersion(mean_OSH: np.ndarray, y_OSH: np.ndarray) -> np.ndarray:
    """dispersion_SH. log dispersion = common + own_S + curve over the steps, common to all series.

    Steps of one origin share its luck: together they count as the square root of their number.
    """
    series, horizon = y_OSH.shape[1:]
    o, s, h = np.nonzero(np.isfinite(y_OSH) & np.isfinite(mean_OSH))
    keep = slice(None, None, max(1, len(o) // OBSERVATIONS))
    o, s, h = o[keep], s[keep], h[keep]
    y, mean = y_OSH[o, s, h], np.maximum(mean_OSH[o, s, h], 1e-9)
    curve_HJ = curve(horizon)
    precision = 1 / np.r_[3.0, np.full(series, OWN), np.full(curve_HJ.shape[1], CURVE)] ** 2
    centre = np.r_[np.log(0.02), np.zeros(series + curve_HJ.shape[1])]
    weight = 1 / np.sqrt(horizon)

    def log_dispersion(x: np.ndarray) -> np.ndarray:
        return np.clip(x[0] + x[1 : 1 + series, None] + curve_HJ @ x[1 + series :], np.log(LEAST), np.log(MOST))

    def loss(x: np.ndarray) -> tuple[float, np.ndarray]:
        size = np.exp(-log_dispersion(x)[s, h])
        level = np.log(size / (size + mean))
        likelihood = gammaln(y + size) - gammaln(size) + size * level + y * np.log(mean / (size + mean))
        slope = digamma(y + size) - digamma(size) + level + (mean - y) / (size + mean)
        slope_SH = np.bincount(s * horizon + h, -slope * size, series * horizon).reshape(series, horizon)
        gradient = np.r_[slope_SH.sum(), slope_SH.sum(axis=1), slope_SH.sum(axis=0) @ curve_HJ]
        away = x - centre
        return (
            -weight * likelihood.sum() + (precision * away**2).sum() / 2,
            -weight * gradient + precision * away,
        )

    return np.exp(log_dispersion(minimize(loss, centre, jac=True, method="L-BFGS-B").x))
