"""The negative binomial distribution of a count with a given mean: cdf, quantiles, probabilities, score.

A mean mu and a dispersion a >= 0 give the variance mu (1 + a mu); a = 0 is Poisson (NB2: Cameron and Trivedi 2013, §3).
Exact where mu <= 1,000 and the counts that matter span at most 2,048: the weights of neighbouring counts differ by
(a + (1 - a) / n) mu / (1 + a mu), so a window that holds all but 1e-11 of the probability needs no gamma function.
Otherwise the normal power of Wilson and Hilferty (1931): n + 1/2 = mu + sd (2 / g) ((1 + g z / 6 - g^2 / 36)^3 - 1),
where g is the skewness; its F is at most 0.0003 off for a <= 0.05, 0.0035 for a <= 0.5.

Axes: N rows, K counts of a window. Every function broadcasts; a NaN mean gives NaN.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from scipy.special import betaincc, gammaincc, gammaln, ndtr, ndtri

from pilots.healthtech.distribution.levels import SLACK

LEAST = 1e-9  # a mean of 0 has no skewness
EXACT_TO, WIDEST = 1000.0, 2048.0  # mean; counts in a window
BELOW, ABOVE = 7.0, 7.0  # standard deviations and normal scores that leave out less than 1e-11
CELLS = 1 << 21  # of a window, worked on at once: 16 MB


def moments(mean: np.ndarray, dispersion: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Standard deviation and skewness."""
    sd = np.sqrt(mean * (1 + dispersion * mean))
    return sd, (1 + 2 * dispersion * mean) / sd


def power(z: np.ndarray, mean: np.ndarray, dispersion: np.ndarray) -> np.ndarray:
    """The count, plus one half, that has normal score z."""
    sd, skew = moments(mean, dispersion)
    root = np.maximum(1 + skew * z / 6 - skew**2 / 36, 0)  # the distribution ends where the root does
    return mean + sd * (2 / skew) * (root**3 - 1)


def score(n: np.ndarray, mean: np.ndarray, dispersion: np.ndarray) -> np.ndarray:
    """The inverse of `power`: the normal score of the count n."""
    sd, skew = moments(mean, dispersion)
    root = np.cbrt(np.maximum(1 + skew * (n + 0.5 - mean) / (2 * sd), 0))
    return (6 / skew) * (root - 1 + skew**2 / 36)


def window(mean: np.ndarray, dispersion: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First count that matters, and how many matter."""
    first = np.floor(np.maximum(mean - BELOW * moments(mean, dispersion)[0], 0))
    return first, np.ceil(power(np.float64(ABOVE), mean, dispersion)) + 10 - first


def exact(mean: np.ndarray, dispersion: np.ndarray) -> np.ndarray:
    return (mean <= EXACT_TO) & (window(mean, dispersion)[1] <= WIDEST)


def cdf(y: np.ndarray, mean: np.ndarray, dispersion: np.ndarray) -> np.ndarray:
    """P(count <= y), 0 below zero."""
    y, mean, dispersion = np.broadcast_arrays(*(np.asarray(x, float) for x in (y, mean, dispersion)))
    n = np.maximum(np.floor(y), 0)
    with np.errstate(divide="ignore"):
        size = 1 / dispersion
    near = np.where(
        np.isinf(size), gammaincc(n + 1, mean), betaincc(n + 1, np.minimum(size, 1e15), mean / (mean + size))
    )
    f = np.where(exact(mean, dispersion), near, ndtr(score(n, mean, dispersion)))
    return np.where(np.isnan(y + mean), np.nan, np.where(y < 0, 0.0, f))


def pmf(y: np.ndarray, mean: np.ndarray, dispersion: np.ndarray) -> np.ndarray:
    """P(count = y); 0 below zero and between whole numbers."""
    y, mean, dispersion = np.broadcast_arrays(*(np.asarray(x, float) for x in (y, mean, dispersion)))
    near = np.exp(log_pmf(np.maximum(y, 0), mean, np.maximum(dispersion, 1e-9)))
    far = ndtr(score(y, mean, dispersion)) - ndtr(score(y - 1, mean, dispersion))
    p = np.where(exact(mean, dispersion), near, far)
    return np.where(np.isnan(y + mean), np.nan, np.where((y < 0) | (y % 1 > 0), 0.0, p))


def log_pmf(y: np.ndarray, mean: np.ndarray, dispersion: np.ndarray) -> np.ndarray:
    """Exact at any mean, to 1e-7 as the dispersion (> 0) goes to 1e-9."""
    size = 1 / dispersion
    level = -np.log1p(dispersion * mean)  # log(size / (size + mean))
    return gammaln(y + size) - gammaln(size) - gammaln(y + 1) + size * level + y * (np.log(dispersion * mean) + level)


def quantile(level: np.ndarray, mean: np.ndarray, dispersion: np.ndarray) -> np.ndarray:
    """[N, Q] for level [Q] or [N, Q], mean and dispersion [N]: the smallest n with F(n) >= level - 1e-9."""
    mean_N, dispersion_N = (np.asarray(x, float) for x in (mean, dispersion))
    level_NQ = np.broadcast_to(level, (len(mean_N), np.shape(level)[-1])) - SLACK
    q_NQ = np.ceil(power(ndtri(level_NQ), mean_N[:, None], dispersion_N[:, None]) - 0.5).clip(0)
    for rows, n_RK, f_RK in _windows(mean_N, dispersion_N):
        for q in range(level_NQ.shape[1]):
            q_NQ[rows, q] = n_RK[:, 0] + (f_RK < level_NQ[rows, q, None]).sum(axis=1)
    return q_NQ


def crps(
    y: np.ndarray,
    mean: np.ndarray,
    dispersion: np.ndarray,
    recalibrated: Callable[[np.ndarray], np.ndarray] = lambda f: f,
) -> np.ndarray:
    """[N] continuous ranked probability score, in counts: the sum over n of (F(n) - [n >= y])^2.

    recalibrated  what F is replaced by, a rising function of probability
    """
    y_N, mean_N, dispersion_N = (np.asarray(x, float) for x in (y, mean, dispersion))
    crps_N = np.full(len(y_N), np.nan)
    for rows, n_RK, f_RK in _windows(mean_N, dispersion_N):
        y_R = y_N[rows]
        outside_R = np.maximum(n_RK[:, 0] - y_R, 0) + np.maximum(y_R - n_RK[:, -1] - 1, 0)
        crps_N[rows] = outside_R + ((recalibrated(f_RK) - (n_RK >= y_R[:, None])) ** 2).sum(axis=1)
    far = np.flatnonzero(np.isfinite(mean_N) & ~exact(mean_N, dispersion_N))
    if len(far):
        crps_N[far] = _crps_far(y_N[far], mean_N[far], dispersion_N[far], recalibrated)
    return np.where(np.isnan(y_N), np.nan, crps_N)


def _windows(mean_N: np.ndarray, dispersion_N: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Row numbers, counts n_RK and F_RK of the rows that are exact, like widths together."""
    first_N, width_N = window(mean_N, dispersion_N)
    order = np.argsort(width_N)
    order = order[exact(mean_N, dispersion_N)[order]]
    while len(order):
        take = np.cumsum(np.ones(len(order))) * width_N[order] <= CELLS
        rows, order = order[: max(1, take.sum())], order[max(1, take.sum()) :]
        n_RK = first_N[rows, None] + np.arange(width_N[rows].max())
        odds_R1, dispersion_R1 = (mean_N / (1 + dispersion_N * mean_N))[rows, None], dispersion_N[rows, None]
        up_RK = odds_R1 * dispersion_R1 + odds_R1 * (1 - dispersion_R1) / np.maximum(n_RK, 1)  # the first one cancels
        total_RK = np.cumsum(np.exp(np.cumsum(np.log(up_RK), axis=1)), axis=1)
        yield rows, n_RK, total_RK / total_RK[:, -1:]


def _crps_far(
    y_N: np.ndarray, mean_N: np.ndarray, dispersion_N: np.ndarray, recalibrated: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    """The same as an integral over the normal power, by the trapezium rule on 601 scores."""
    z_K = np.linspace(-7.5, 7.5, 601)
    f_K = recalibrated(ndtr(z_K))
    crps_N = np.empty(len(y_N))
    for i, (y, mean, dispersion) in enumerate(zip(y_N, mean_N, dispersion_N, strict=True)):
        x_K = power(z_K, mean, dispersion)
        step = np.diff(x_K)
        under, over = (np.r_[0, np.cumsum((g[1:] + g[:-1]) / 2 * step)] for g in (f_K**2, (1 - f_K) ** 2))
        outside = max(x_K[0] - y, 0) + max(y - x_K[-1], 0)
        crps_N[i] = outside + np.interp(y, x_K, under) + over[-1] - np.interp(y, x_K, over)
    return crps_N
