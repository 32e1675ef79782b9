"""What is usual for a series at a time: the yardstick for zeros that cannot be and counts that stand out.

Axes: B series, T periods, N same weekdays (hours of the week) in a row.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

SLOTS = {"h": 168, "D": 7, "MS": 1}  # periods after which the same hour of the week, or weekday, comes again
AROUND = 13  # of them, 6 before and 6 after: a season of the year
LEAST = 3
MEDIAN_CHI2 = 0.455  # median of chi-squared with one degree of freedom


def usual(y_BT: np.ndarray, freq: str) -> np.ndarray:
    """m_BT: median count of the same weekday (hour of the week, months around), zeros left out; NaN = never counted."""
    nonzero_BT = np.where(y_BT > 0, y_BT, np.nan)
    m_BT = np.full(y_BT.shape, np.nan)
    step = SLOTS[freq]
    for slot in range(min(step, y_BT.shape[1])):
        frame = pd.DataFrame(nonzero_BT[:, slot::step].T)
        median = frame.rolling(AROUND, center=True, min_periods=LEAST).median()
        m_BT[:, slot::step] = median.ffill().bfill().to_numpy().T
    return m_BT


def spread(y_BT: np.ndarray, m_BT: np.ndarray) -> np.ndarray:
    """v_B: variance of a count over its mean, 1 = Poisson; robust, from counts above 0."""
    with np.errstate(invalid="ignore", divide="ignore"):
        r_BT = np.where((y_BT > 0) & (m_BT > 0), (y_BT - m_BT) ** 2 / m_BT, np.nan)
    some_B = np.isfinite(r_BT).any(axis=1)
    v_B = np.ones(len(y_BT))
    if some_B.any():
        v_B[some_B] = np.nanmedian(r_BT[some_B], axis=1) / MEDIAN_CHI2
    return np.maximum(v_B, 1.0 + 1e-9)
