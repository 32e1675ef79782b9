"""What became of machines with such a forecast: the distribution of remaining life, without a cap.

The interval says between which lives the truth lies; to price a date one needs the whole distribution. It is taken,
like the interval, from forecasts of machines held out in turn, and it keeps the lives beyond the forecast's cap.

Axes: N calibration rows, K forecasts, Q equally likely lives.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pilots.manufacturing.calibrate import OutOfFold
from pilots.manufacturing.histories import Histories
from pilots.manufacturing.protocol import cut_rows

KNOTS = 14  # forecasts at which the distribution is taken
LIVES = 99  # equally likely remaining lives that stand for it
REACH = 30  # lives that must lie near a knot; the neighbourhood grows until they do


def life_left(oof: OutOfFold, h: Histories, cuts: int, seed: int, cap: float) -> dict[str, Any]:
    """{"forecast": [K], "rows": [K][Q]}: equally likely remaining lives of a machine with this forecast, ascending."""
    rows = cut_rows(h, cuts, seed)
    rows = rows.where(np.isfinite(rows.of(h.rul_LT)))
    said_N, rul_N = np.clip(rows.of(oof.rul_LT), 0, cap), rows.of(h.rul_LT)
    lives = len(np.unique(rows.life_N))
    at_K = np.linspace(0.0, cap, KNOTS)
    share_Q = (np.arange(LIVES) + 0.5) / LIVES
    rows_KQ = []
    for knot in at_K:
        away_N, bandwidth = np.abs(said_N - knot), at_K[1]
        while len(np.unique(rows.life_N[away_N < bandwidth])) < min(REACH, lives) and bandwidth < cap:
            bandwidth *= 1.25
        weight_N = np.clip(1.0 - away_N / bandwidth, 0.0, None) * rows.weight_N
        order = np.argsort(error_N := rul_N - said_N)
        upto_N = np.cumsum(weight_N[order])
        # One more life may rank anywhere among those near: with few of them the ends move out (Vovk 2015).
        near_L = np.bincount(rows.life_N, weight_N)
        count = near_L.sum() ** 2 / (near_L**2).sum()  # lives that count, by weight (Kish 1965)
        wider_Q = np.clip(0.5 + (share_Q - 0.5) * (count + 1) / count, 0, 1)
        error_Q = np.interp(wider_Q, (upto_N - weight_N[order] / 2) / upto_N[-1], error_N[order])
        rows_KQ.append(np.maximum(knot + error_Q, 1.0).round(1).tolist())  # a machine that runs has a row to go
    return {"forecast": at_K.tolist(), "rows": rows_KQ}
