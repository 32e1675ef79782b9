"""Operating conditions, found from the settings of training machines, and each sensor's level in them.

Axes: R rows, S settings, F channels, K sensors kept, C conditions.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from sklearn.cluster import KMeans
from sklearn.metrics import silhouette_score

from pilots.manufacturing.data.contract import Fleet

MOST = 10  # conditions looked for
APART = 0.7  # mean silhouette that separate regimes reach; a continuous load stays near 0.6 (Rousseeuw 1987)
SAME = 0.01  # share of a setting's physical range: less spread than this is one condition
MARGIN = 0.02  # share of the physical range that a row may lie outside every condition seen


@dataclass(frozen=True)
class Conditions:
    """Where the operating conditions lie and what the sensors show there.

    kept_K     columns of the sensors that move within a condition
    scale_S    one unit of distance per setting: its physical range
    centre_CS  conditions, in units of `scale_S`
    radius     farthest training row from its condition, plus a margin
    mean_CK, std_CK    scale of each kept sensor, over all training rows
    healthy_CF         level of each sensor (all, not only the kept) while machines are young: their median
    healthy_low_CF, healthy_high_CF   5 % and 95 % of them: the band of a healthy machine
    seen_low_F, seen_high_F   1 % and 99 % of each channel in training
    """

    kept_K: np.ndarray
    scale_S: np.ndarray
    centre_CS: np.ndarray
    radius: float
    mean_CK: np.ndarray
    std_CK: np.ndarray
    healthy_CF: np.ndarray
    healthy_low_CF: np.ndarray
    healthy_high_CF: np.ndarray
    seen_low_F: np.ndarray
    seen_high_F: np.ndarray

    @classmethod
    def fit(cls, fleet: Fleet, seed: int) -> Conditions:
        """Learn from every row of `fleet`: training lives only."""
        settings = sum(c.role == "setting" for c in fleet.channels)
        x_RF = fleet.x_RF.astype(np.float64)
        scale_S = np.array([_range(c, x_RF[:, i]) for i, c in enumerate(fleet.channels[:settings])])
        place_RS = np.nan_to_num(x_RF[:, :settings] / scale_S)
        centre_CS = _centres(place_RS, seed) if settings else np.zeros((1, 0))
        distance_RC = ((place_RS[:, None, :] - centre_CS) ** 2).sum(-1)
        condition_R = distance_RC.argmin(1)
        radius = float(np.sqrt(distance_RC.min(1).max(initial=0.0))) + MARGIN
        groups = [x_RF[condition_R == c, settings:] for c in range(len(centre_CS))]
        young_R = _young(fleet)
        with warnings.catch_warnings():  # a sensor without a reading in some condition gives NaN, filled below
            warnings.simplefilter("ignore", RuntimeWarning)
            mean_CF, std_CF = (np.stack([f(g, axis=0) for g in groups]) for f in (np.nanmean, np.nanstd))
            young = [x_RF[(condition_R == c) & young_R, settings:] for c in range(len(centre_CS))]
            band_3CF = np.stack([np.nanpercentile(g, [5, 50, 95], axis=0) for g in young], axis=1)
            seen_F = np.nanpercentile(x_RF, [1, 99], axis=0)
        mean_CF = np.where(np.isfinite(mean_CF), mean_CF, np.nanmean(x_RF[:, settings:], axis=0))
        low_CF, healthy_CF, high_CF = np.where(np.isfinite(band_3CF), band_3CF, mean_CF)
        moves_F = np.nanmax(np.nan_to_num(std_CF), axis=0) > 1e-6 * np.maximum(np.abs(np.nan_to_num(mean_CF)).max(0), 1)
        kept = np.flatnonzero(moves_F)
        std_CK = std_CF[:, kept]
        floor_K = 0.05 * np.nanmax(std_CK, axis=0)  # a condition where a sensor hardly moves must not blow it up
        std_CK = np.maximum(np.nan_to_num(std_CK), floor_K)
        return cls(
            kept + settings, scale_S, centre_CS, radius, mean_CF[:, kept], std_CK, healthy_CF, low_CF, high_CF, *seen_F
        )

    def scores(self, x_RF: np.ndarray) -> np.ndarray:
        """Z-scores of the kept sensors in each row's own condition, NaN = no reading."""
        settings = len(self.scale_S)
        place_RS = np.nan_to_num(x_RF[:, :settings].astype(np.float64) / self.scale_S)
        nearest_R = ((place_RS[:, None, :] - self.centre_CS) ** 2).sum(-1).argmin(1)
        return (x_RF[:, self.kept_K].astype(np.float64) - self.mean_CK[nearest_R]) / self.std_CK[nearest_R]

    def constants(self) -> dict[str, np.ndarray]:
        """The numbers that go into the graph, by the names it uses."""
        return {
            "kept": self.kept_K,
            "scale": self.scale_S,
            "centre": self.centre_CS,
            "radius": np.float64(self.radius),
            "mean": self.mean_CK,
            "std": self.std_CK,
            "healthy": np.stack([self.healthy_CF, self.healthy_low_CF, self.healthy_high_CF]).astype(np.float32),
            "seen_low": self.seen_low_F.astype(np.float32),
            "seen_high": self.seen_high_F.astype(np.float32),
        }


def _range(channel, x_R: np.ndarray) -> float:
    """Physical range of a setting; where its limits are not stated, the range it took in training."""
    width = channel.high - channel.low
    known_R = x_R[np.isfinite(x_R)]
    seen = np.ptp(known_R) if len(known_R) else 0.0
    return float(width if np.isfinite(width) else max(seen, 1e-9))


def _young(fleet: Fleet) -> np.ndarray:
    """Rows in the first quarter of their life's record."""
    return fleet.position_R < 0.25 * fleet.length_L[fleet.life_R]


def _centres(place_RS: np.ndarray, seed: int) -> np.ndarray:
    """Centres of the separate clusters of settings; one centre where they do not separate."""
    one = place_RS.mean(0, keepdims=True)
    if place_RS.std(0).max() < SAME:
        return one
    rows = np.random.default_rng(seed).choice(len(place_RS), min(len(place_RS), 2000), replace=False)
    some_RS = place_RS[rows]
    distinct = len(np.unique(some_RS.round(6), axis=0))
    best, score = one, APART
    for count in range(2, min(MOST, distinct) + 1):
        fit = KMeans(count, n_init=10, random_state=seed).fit(some_RS)
        if np.bincount(fit.labels_, minlength=count).min() < 0.01 * len(some_RS):
            continue  # a handful of odd rows is no condition
        now = silhouette_score(some_RS, fit.labels_)
        if now > score:
            best, score = fit.cluster_centers_, now
    return best
