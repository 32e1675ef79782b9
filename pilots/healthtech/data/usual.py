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
    frame = by_slot(nonzero_BT, freq)
    median = frame.rolling(AROUND, center=True, min_periods=LEAST).median().ffill().bfill()
    return in_time(median, y_BT.shape)


def by_slot(y_BT: np.ndarray, freq: str) -> pd.DataFrame:
    """A row per week (or month), a column per series and weekday (hour of the week)."""
    series, periods = y_BT.shape
    weeks = -(-periods // SLOTS[freq])
    whole = np.pad(y_BT, ((0, 0), (0, weeks * SLOTS[freq] - periods)), constant_values=np.nan)
    return pd.DataFrame(whole.reshape(series, weeks, -1).transpose(1, 0, 2).reshape(weeks, -1))


def in_time(frame: pd.DataFrame, shape: tuple[int, int]) -> np.ndarray:
    """Back to series and periods."""
    series, periods = shape
    return frame.to_numpy().reshape(len(frame), series, -1).transpose(1, 0, 2).reshape(series, -1)[:, :periods]


def spread(y_BT: np.ndarray, m_BT: np.ndarray) -> np.ndarray:
    """v_B: variance of a count over its mean, 1 = Poisson; robust, from counts above 0."""
    with np.errstate(invalid="ignore", divide="ignore"):
        r_BT = np.where((y_BT > 0) & (m_BT > 0), (y_BT - m_BT) ** 2 / m_BT, np.nan)
    some_B = np.isfinite(r_BT).any(axis=1)
    v_B = np.ones(len(y_BT))
    if some_B.any():
        v_B[some_B] = np.nanmedian(r_BT[some_B], axis=1) / MEDIAN_CHI2
    return np.maximum(v_B, 1.0 + 1e-9)
