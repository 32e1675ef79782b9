"""How much wider than Poisson the counts are, per series and step, by penalised maximum likelihood.

Axes: O origins, S series, H steps, J terms of the curve over the steps, N observations.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize
from scipy.special import digamma, gammaln, log_ndtr

from pilots.healthtech.distribution import negative_binomial as nb

LEAST, MOST = 1e-6, 4.0  # dispersion: Poisson in all but name, and a spread of twice the mean
COMMON, OWN, CURVE = 3.0, 0.7, 1.0  # prior standard deviations of the parts of log dispersion
TYPICAL = 0.02  # dispersion before anything is known: a spread of 14 % beyond Poisson's
OBSERVATIONS = 60_000  # more do not change a curve of a few numbers
NORMAL = 1.5  # normal score beyond which a count only says that it lies beyond
STEP = 1e-3  # of log dispersion, in the slope of a tail's logarithm


def curve(horizon: int) -> np.ndarray:
    """[H, 2]: straight and bent in the logarithm of the step, 0 at the first."""
    x_H = np.log1p(np.arange(horizon)) / max(np.log(horizon), 1.0)
    return np.stack([x_H, x_H**2], axis=1)


def fit_dispersion(mean_OSH: np.ndarray, y_OSH: np.ndarray, weight_O: np.ndarray) -> np.ndarray:
    """dispersion_SH. log dispersion = common + own_S + curve over the steps, common to all series.

    Steps of one origin share its luck: together they count as the square root of their number. A strike or a typing
    error must not widen every day: a second fit takes counts outside the first fit's middle 87 % as censored there.
    """
    known = np.argwhere(np.isfinite(y_OSH) & np.isfinite(mean_OSH))
    o, s, h = np.random.default_rng(0).permutation(known)[:OBSERVATIONS].T
    y_N, mean_N = y_OSH[o, s, h], np.maximum(mean_OSH[o, s, h], nb.LEAST)
    weight_N = weight_O[o] / np.sqrt(y_OSH.shape[2])
    log_dispersion = _Additive(*y_OSH.shape[1:])
    x = log_dispersion.fit(log_dispersion.centre, s, h, weight_N, lambda at_N: _likelihood(at_N, y_N, mean_N))
    dispersion_N = np.exp(log_dispersion(x)[s, h])
    low_N = np.ceil(nb.power(np.float64(-NORMAL), mean_N, dispersion_N) - 0.5)
    high_N = np.ceil(nb.power(np.float64(NORMAL), mean_N, dispersion_N) - 0.5)
    x = log_dispersion.fit(x, s, h, weight_N, lambda at_N: _censored(at_N, y_N, mean_N, low_N, high_N))
    return np.exp(log_dispersion(x))


class _Additive:
    """log dispersion_SH of a parameter vector: what is common, S own deviations, J terms of the curve."""

    def __init__(self, series: int, horizon: int):
        self.series, self.curve_HJ = series, curve(horizon)
        zeros = np.zeros(series + self.curve_HJ.shape[1])
        self.centre = np.r_[np.log(TYPICAL), zeros]
        self.precision = 1 / np.r_[COMMON, np.full(series, OWN), np.full(self.curve_HJ.shape[1], CURVE)] ** 2

    def __call__(self, x: np.ndarray) -> np.ndarray:
        free_SH = x[0] + x[1 : 1 + self.series, None] + self.curve_HJ @ x[1 + self.series :]
        return np.clip(free_SH, np.log(LEAST), np.log(MOST))

    def fit(self, start: np.ndarray, s: np.ndarray, h: np.ndarray, weight_N: np.ndarray, likelihood) -> np.ndarray:
        """likelihood: log dispersion_N -> log likelihood_N and its slope_N."""
        shape = (self.series, len(self.curve_HJ))

        def loss(x: np.ndarray) -> tuple[float, np.ndarray]:
            value_N, slope_N = likelihood(self(x)[s, h])
            slope_SH = np.bincount(s * shape[1] + h, weight_N * slope_N, np.prod(shape)).reshape(shape)
            gradient = np.r_[slope_SH.sum(), slope_SH.sum(axis=1), slope_SH.sum(axis=0) @ self.curve_HJ]
            away = x - self.centre
            prior = (self.precision * away**2).sum() / 2
            return prior - (weight_N * value_N).sum(), self.precision * away - gradient

        return minimize(loss, start, jac=True, method="L-BFGS-B").x


def _likelihood(log_dispersion: np.ndarray, y: np.ndarray, mean: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    size = np.exp(-log_dispersion)
    level = np.log(size / (size + mean))
    value = gammaln(y + size) - gammaln(size) + size * level + y * np.log(mean / (size + mean))
    slope = digamma(y + size) - digamma(size) + level + (mean - y) / (size + mean)
    return value, -size * slope


def _censored(
    log_dispersion: np.ndarray, y: np.ndarray, mean: np.ndarray, low: np.ndarray, high: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The same where low <= y <= high; elsewhere the probability of lying below low, or above high."""
    value, slope = _likelihood(log_dispersion, y, mean)
    for out, edge, above in ((y < low, low - 1, False), (y > high, high, True)):
        up, at, down = (
            _log_tail(edge[out], mean[out], np.exp(log_dispersion[out] + step), above) for step in (STEP, 0.0, -STEP)
        )
        value[out], slope[out] = at, (up - down) / (2 * STEP)
    return value, slope


def _log_tail(edge: np.ndarray, mean: np.ndarray, dispersion: np.ndarray, above: bool) -> np.ndarray:
    """By the normal power at any mean: a hundredth of the time, and a tail of 7 % is not needed to four digits."""
    z = nb.score(edge, mean, dispersion)
    return log_ndtr(-z if above else z)
