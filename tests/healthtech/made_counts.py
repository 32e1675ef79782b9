"""Small made data sets whose law is known."""

from __future__ import annotations

import numpy as np

from pilots.healthtech.data.contract import Counts


def counts(periods: int = 400, freq: str = "D", series: int = 2, mean: float = 30.0, seed: int = 0, start="2019-01-07"):
    """Poisson counts around a weekly (monthly: yearly) pattern; begins on a Monday."""
    rng = np.random.default_rng(seed)
    season = {"h": 168, "D": 7, "MS": 12}[freq]
    pattern_T = 1 + 0.3 * np.sin(2 * np.pi * np.arange(periods) / season)
    level_S = mean * (1 + np.arange(series))
    y_ST = rng.poisson(level_S[:, None] * pattern_T).astype(float)
    unit = {"h": "h", "D": "D", "MS": "M"}[freq]
    time_T = (np.datetime64(start).astype(f"datetime64[{unit}]") + np.arange(periods)).astype("datetime64[s]")
    names = tuple(f"site {number + 1}" for number in range(series))
    return Counts("made", "none", "0" * 64, freq, time_T, y_ST, names, np.eye(series))
