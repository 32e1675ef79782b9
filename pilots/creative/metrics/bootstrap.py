"""95 % intervals: tiles are drawn anew within each class, classes stay as they are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

RESAMPLES = 400


def interval(values: Sequence[np.ndarray], seed: int) -> tuple[float, float]:
    """Of the mean over classes of each class's mean; one array per class, one value per tile."""
    rng = np.random.default_rng(seed)
    return of_means([v[rng.integers(len(v), size=(RESAMPLES, len(v)))].mean(axis=1) for v in values])


def of_means(drawn_anew: Sequence[np.ndarray]) -> tuple[float, float]:
    """Of the mean over classes; one array of resampled values per class."""
    low, high = np.quantile(np.mean(drawn_anew, axis=0), [0.025, 0.975])
    return float(low), float(high)
