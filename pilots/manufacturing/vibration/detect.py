"""Is this bearing still as it was when new? Its own first rows are the only teacher: no label, no other bearing.

Principal components of the log bands of the first rows; T^2 measures how far a row lies within them, Q how far outside
(Jackson and Mudholkar 1979). Both limits from healthy rows held out in turn, by Box's chi-square fit (1954).

Axes: T rows, B bands, K components.
"""

from __future__ import annotations

import numpy as np

HEALTHY = 100  # rows that stand for "as new": a fixed number, since nobody knows a bearing's life in advance
KEPT = 0.9  # share of the healthy rows' variance that the components hold
FOLDS = 5  # stretches of healthy rows held out in turn
LEVEL = 0.999  # of the limits
PERSISTENCE = 5  # rows in a row above a limit before it alarms
TINY = 1e-3  # of the bands' scale, 0 to 1: the logarithm of 0 is not wanted


def logs(band_TB: np.ndarray) -> np.ndarray:
    return np.log(np.maximum(band_TB, 0) + TINY)


class Healthy:
    """What the first rows look like."""

    def __init__(self, x_TB: np.ndarray):
        self.mean_B, self.spread_B = x_TB.mean(axis=0), x_TB.std(axis=0) + 1e-9
        z_TB = (x_TB - self.mean_B) / self.spread_B
        _, s_B, v_BB = np.linalg.svd(z_TB, full_matrices=False)
        share_B = np.cumsum(s_B**2) / (s_B**2).sum()
        count = int(np.searchsorted(share_B, KEPT)) + 1
        self.axis_KB, self.spread_K = v_BB[:count], s_B[:count] / np.sqrt(len(x_TB) - 1)

    def distances(self, x_TB: np.ndarray) -> np.ndarray:
        """T^2 and Q of each row: [T, 2]."""
        z_TB = (x_TB - self.mean_B) / self.spread_B
        t_TK = z_TB @ self.axis_KB.T
        rest_TB = z_TB - t_TK @ self.axis_KB
        return np.stack([((t_TK / self.spread_K) ** 2).sum(axis=1), (rest_TB**2).sum(axis=1)], axis=1)


def index(band_TB: np.ndarray) -> np.ndarray:
    """The larger of T^2 and Q, each divided by its limit: above 1 is not healthy. Row t needs rows 0 to 99 and t."""
    from scipy.stats import chi2

    x_TB = logs(band_TB)
    first_TB = x_TB[:HEALTHY]
    held_T2 = []
    for fold in np.array_split(np.arange(HEALTHY), FOLDS):
        others = np.setdiff1d(np.arange(HEALTHY), fold)
        held_T2.append(Healthy(first_TB[others]).distances(first_TB[fold]))
    held_T2 = np.concatenate(held_T2)
    mean_2, variance_2 = held_T2.mean(axis=0), held_T2.var(axis=0)
    limit_2 = variance_2 / (2 * mean_2) * chi2.ppf(LEVEL, 2 * mean_2**2 / variance_2)
    return (Healthy(first_TB).distances(x_TB) / limit_2).max(axis=1)


def alarms(index_T: np.ndarray) -> np.ndarray:
    """Rows at which it alarms: PERSISTENCE rows in a row above 1, none of them among the first rows."""
    above_T = (index_T > 1) & (np.arange(len(index_T)) >= HEALTHY)
    run_T = np.convolve(above_T, np.ones(PERSISTENCE, int))[: len(above_T)]
    return run_T == PERSISTENCE


def episodes(alarm_T: np.ndarray) -> int:
    """How many times it begins to alarm."""
    return int((alarm_T & ~np.r_[False, alarm_T[:-1]]).sum())
