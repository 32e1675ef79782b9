"""What a model may look at when it forecasts: the counts before an origin, and the clock around it.

Axes: B rows (an origin of a series each), L past periods, H forecast steps, W = L + H, K future columns.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pilots.healthtech.data.contract import Counts, when_after


@dataclass(frozen=True)
class Windows:
    """B forecasts to make.

    y_BL        float64 counts of the L periods before each origin, oldest first, NaN = not known
    when_BW     int64 seconds of the wall clock read as UTC: those L periods, then the H steps to forecast
    series_B    int64, which series
    future_BWK  float64, columns known before the day
    """

    y_BL: np.ndarray
    when_BW: np.ndarray
    series_B: np.ndarray
    future_BWK: np.ndarray

    @property
    def horizon(self) -> int:
        return self.when_BW.shape[1] - self.y_BL.shape[1]

    def take(self, rows: np.ndarray | slice) -> Windows:
        return Windows(self.y_BL[rows], self.when_BW[rows], self.series_B[rows], self.future_BWK[rows])


def windows(
    counts: Counts, origin_O: np.ndarray, past: int, horizon: int, series_S: np.ndarray | None = None
) -> Windows:
    """Rows for every origin and series, origin-major: row o * S + s. An origin is the number of its first step.

    Where the data begin less than `past` periods before an origin the counts are NaN and the clock runs on backwards;
    after the last period it runs on forwards.
    """
    series_S = np.arange(counts.series) if series_S is None else np.asarray(series_S)
    before = max(0, past - int(origin_O.min()))
    after = max(0, int(origin_O.max()) + horizon - len(counts.time_T))
    when_T = np.concatenate([_earlier(counts, before), counts.when_T, _later(counts, after)])
    at_OW = origin_O[:, None] + np.arange(-past, horizon) + before
    y_ST = np.pad(counts.y_ST[series_S], ((0, 0), (before, after)), constant_values=np.nan)
    y_OSL = y_ST[:, at_OW[:, :past]].transpose(1, 0, 2)
    rows = len(origin_O) * len(series_S)
    when_BW = np.repeat(when_T[at_OW], len(series_S), axis=0)
    future_BWK = np.zeros((rows, past + horizon, len(counts.future_K)))
    if counts.future_K:
        padded = np.pad(counts.future_STK[series_S], ((0, 0), (before, after), (0, 0)), constant_values=np.nan)
        future_BWK = padded[:, at_OW].transpose(1, 0, 2, 3).reshape(rows, past + horizon, -1)
    return Windows(y_OSL.reshape(rows, past), when_BW, np.tile(series_S, len(origin_O)).astype(np.int64), future_BWK)


def truth(counts: Counts, origin_O: np.ndarray, horizon: int) -> np.ndarray:
    """y_OSH: what was counted at the steps of each origin, NaN where it is not known."""
    after = max(0, int(origin_O.max()) + horizon - len(counts.time_T))
    y_ST = np.pad(counts.y_ST, ((0, 0), (0, after)), constant_values=np.nan)
    return y_ST[:, origin_O[:, None] + np.arange(horizon)].transpose(1, 0, 2)


def _later(counts: Counts, periods: int) -> np.ndarray:
    if not periods:
        return np.zeros(0, np.int64)
    return when_after(counts.time_T, counts.freq, periods).astype("datetime64[s]").astype(np.int64)


def _earlier(counts: Counts, periods: int) -> np.ndarray:
    first, back = counts.time_T[0], np.arange(-periods, 0)
    if counts.freq == "MS":
        return (first.astype("datetime64[M]") + back).astype("datetime64[s]").astype(np.int64)
    return (first + np.timedelta64(1, counts.freq) * back).astype("datetime64[s]").astype(np.int64)
