"""What the graph is asked with: the periods before an origin, the clock, and what is known of the steps ahead.

Axes: S series, B of them that nothing adds up to, L past periods, W = L + H with the steps ahead, P periods of the
file's rows, K columns known before the day.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from common.fault import Fault
from pilots.healthtech.data.contract import PERIOD
from pilots.healthtech.data.family import filled
from pilots.healthtech.use.read import Recent, bottom_of, period, start_of


@dataclass(frozen=True)
class Window:
    """y_SL: counts, oldest first, NaN = not known; time_W: datetime64[s]; future_SWK: None where there is none."""

    y_SL: np.ndarray
    time_W: np.ndarray
    future_SWK: np.ndarray | None

    @property
    def time_H(self) -> np.ndarray:
        """Start of each step ahead, those not yet fully reported first."""
        return self.time_W[self.y_SL.shape[1] :]


def window(recent: Recent, flow: Mapping[str, Any]) -> Window:
    """The window that ends where reporting has come to at the origin."""
    freq, past = flow["freq"], flow["past"]
    end = recent.origin - flow["delay"]
    at_W = np.arange(end - past, end + flow["horizon"])
    place_L = at_W[:past] - recent.first
    inside_L = (place_L >= 0) & (place_L < recent.y_ST.shape[1])
    y_SL = np.full((len(recent.y_ST), past), np.nan)
    y_SL[:, inside_L] = recent.y_ST[:, place_L[inside_L]]
    if not np.isfinite(y_SL).any():
        last = recent.first + recent.y_ST.shape[1] - 1
        raise Fault(
            f"{recent.file} holds no count of the {past:,} {PERIOD[freq]}s before {start_of(end, freq)}, which the "
            f"model looks back on; it runs from {start_of(recent.first, freq)} to {start_of(last, freq)}"
        )
    future_SWK = _future(recent, flow, at_W) if flow["future"] else None
    return Window(y_SL, start_of(at_W, freq).astype("datetime64[s]"), future_SWK)


def _future(recent: Recent, flow: Mapping[str, Any], at_W: np.ndarray) -> np.ndarray:
    """future_SWK: every step ahead must be known of every series in the file; gaps behind are filled as in training."""
    freq, bottom, frame = flow["freq"], bottom_of(flow), recent.rows.frame
    at_R = period(frame["time"].to_numpy(), freq)
    first, end = min(int(at_R.min()), int(at_W[0])), max(int(at_R.max()), int(at_W[-1])) + 1
    one = len(bottom) == 1
    series_R = np.zeros(len(at_R), int) if one else pd.Index(bottom).get_indexer(frame["series"])
    x_BPK = np.full((len(bottom), end - first, len(flow["future"])), np.nan)
    for k, name in enumerate(flow["future"]):
        x_BPK[series_R[series_R >= 0], at_R[series_R >= 0] - first, k] = frame[name].to_numpy(float)[series_R >= 0]
    present_B = np.isin(np.arange(len(bottom)), series_R)
    gap_BHK = np.isnan(x_BPK[:, at_W[flow["past"] :] - first]) & present_B[:, None, None]
    if gap_BHK.any():
        b, h, k = (int(axis[0]) for axis in np.nonzero(gap_BHK))
        of = "" if one else f" of {bottom[b]}"
        raise Fault(
            f"{recent.file} has no '{flow['future'][k]}'{of} for {start_of(at_W[flow['past'] + h], freq)}; it must be "
            f"known for each of the {flow['horizon']} {PERIOD[freq]}s ahead: add their rows, with the count left empty"
        )
    part_SB = np.array(flow["sums"], float) if flow["sums"] else np.eye(len(bottom))
    share_SB = part_SB / part_SB.sum(axis=1, keepdims=True)
    return np.einsum("sb,bwk->swk", share_SB, filled(x_BPK)[:, at_W - first])
