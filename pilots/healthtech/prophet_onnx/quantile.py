"""Quantiles of a Prophet forecast, worked out once when a model is converted and looked up in the graph.

Prophet's future slope changes come as a Poisson process of rate L per unit of t, each Laplace(0, lam). At h = t - 1
ahead the (logit of the) trend has therefore moved by U = sum of change * (h - its time), with n = L h changes expected:

    variance             2 L lam^2 h^3 / 3
    characteristic fn    exp(n (atan(lam h u) / (lam h u) - 1))

U and normal noise are symmetric and independent. In units of their two standard deviations added up, the quantile of
the sum depends on two numbers alone, both in 0..1: the trend's share x of that sum and v = n / (n + FEW).
Cornish-Fisher with the fourth cumulant, the usual short cut, is wrong by more than 10 % where few changes are expected
(n < 1, such as a month ahead of five years) and the trend counts; inverting the characteristic function is right
everywhere.
"""

from __future__ import annotations

from functools import cache
from statistics import NormalDist

import numpy as np

FEW = 0.25  # changes; about where the interval of a trend without noise leaves 0, so the table is dense there
SIZE = 33  # rows and columns of a table
BINS, REACH = 2**14, 64.0  # of the densities behind it, in standard deviations to either side
NARROW = 0.012  # standard deviations; noise added to what has none, so that its density fits into the bins


def moved(n: float, noise: float = NARROW) -> tuple[np.ndarray, np.ndarray]:
    """Bins and density of U / sd(U) plus normal noise of that standard deviation; n > 0."""
    step = 2 * REACH * np.hypot(1, noise) / BINS
    u = np.fft.rfftfreq(BINS, step) * 2 * np.pi
    reach = np.sqrt(1.5 / n) * u  # lam h u where sd(U) = 1
    turn = np.divide(np.arctan(reach), reach, out=np.ones_like(u), where=reach > 0)
    wave = np.exp(n * (turn - 1) - (noise * u) ** 2 / 2)
    density = np.maximum(np.fft.fftshift(np.fft.irfft(wave, BINS)) / step, 0)
    return (np.arange(BINS) - BINS // 2) * step, density


@cache
def linear(width: float) -> np.ndarray:
    """[v, x]: upper end of the central interval of that width, in units of sd(trend) + sd(noise)."""
    level, z = (1 + width) / 2, NormalDist().inv_cdf((1 + width) / 2)
    share = np.linspace(0, 1, SIZE)
    table = np.empty((SIZE, SIZE))
    table[0] = z * (1 - share)  # no change at all: the noise
    table[-1] = z * np.hypot(share, 1 - share)  # very many: normal
    table[:, 0] = z
    for row in range(1, SIZE - 1):
        v = row / (SIZE - 1)
        for column in range(1, SIZE):
            x = share[column]
            at, density = moved(FEW * v / (1 - v), max((1 - x) / x, NARROW))
            table[row, column] = x * quantile(at, density, level)
    return table


def logistic(width: float, rate: float, spread: float, logit_H: np.ndarray, ahead_H: np.ndarray) -> tuple:
    """How the logistic trend of one series widens: sd_H of 1 / (1 + exp(-logit - U)) and two tables [H, x].

    The tables hold the lower and the upper end of the interval less the expected trend, in units of sd(trend) +
    sd(noise): Prophet too puts the spread around the expected trend on top of the forecast (`_logistic_uncertainty`).
    ahead_H: h > 0.
    """
    share = np.linspace(0, 1, SIZE)
    ends, z = ((1 - width) / 2, (1 + width) / 2), NormalDist().inv_cdf((1 + width) / 2)
    sd_H, lower, upper = np.empty(len(ahead_H)), np.empty((len(ahead_H), SIZE)), np.empty((len(ahead_H), SIZE))
    for row, (logit, h) in enumerate(zip(logit_H, ahead_H, strict=True)):
        at, density = moved(rate * h)
        there = density > 1e-12
        at, mass = at[there], density[there] / density[there].sum()
        trend = 1 / (1 + np.exp(-np.clip(logit + at * spread * np.sqrt(2 * rate * h**3 / 3), -700, 700)))
        trend -= mass @ trend
        sd_H[row] = sd = np.sqrt(mass @ trend**2)
        lower[row], upper[row] = -z * (1 - share), z * (1 - share)  # the noise alone
        for column in range(1, SIZE if sd > 1e-12 else 1):
            x = share[column]
            noisy, density = with_noise(trend / sd, mass, max((1 - x) / x, NARROW))
            lower[row, column], upper[row, column] = (x * quantile(noisy, density, level) for level in ends)
    return sd_H, lower, upper


def with_noise(value: np.ndarray, mass: np.ndarray, noise: float) -> tuple[np.ndarray, np.ndarray]:
    """Bins and density of a variable with these masses plus normal noise."""
    low, high = value.min() - 8 * noise, value.max() + 8 * noise
    bins = 2**12
    step = (high - low) / (bins - 1)
    place = (value - low) / step
    left = np.clip(place.astype(int), 0, bins - 2)
    right = place - left
    count = np.bincount(left, mass * (1 - right), bins) + np.bincount(left + 1, mass * right, bins)
    u = np.fft.rfftfreq(bins, step) * 2 * np.pi
    density = np.fft.irfft(np.fft.rfft(count) * np.exp(-((noise * u) ** 2) / 2), bins)
    return low + np.arange(bins) * step, np.maximum(density, 0)


def quantile(at: np.ndarray, density: np.ndarray, level: float) -> float:
    """Where the distribution function of a density on even bins reaches `level`."""
    reached = np.cumsum(density) - density / 2  # half of a bin lies below its middle
    return float(np.interp(level, reached / density.sum(), at))
