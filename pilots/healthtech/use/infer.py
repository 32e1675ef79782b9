"""The windows through the bundle's graph.

Axes: S series, H steps (those not yet reported first), Q levels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from common.bundle.open import Bundle
from pilots.healthtech.use.read import Latest


@dataclass(frozen=True)
class Outlook:
    """The forecast of every series of the bundle, NaN where there is none.

    time_H       datetime64[s], start of each step
    level_S      p_exceed is the chance of more
    out_of_date  the calendar in the graph has ended
    """

    time_H: np.ndarray
    mean_SH: np.ndarray
    quantiles_SHQ: np.ndarray
    p_exceed_SH: np.ndarray
    level_S: np.ndarray
    out_of_date: bool


def foresee(bundle: Bundle, latest: Latest, level_S: np.ndarray) -> Outlook:
    """All series at one origin; one that is not in the file stays without a forecast."""
    past = latest.y_SL.shape[1]
    asked = {
        "counts": latest.y_SL,
        "when": latest.time_W.astype(np.int64),
        "series": np.arange(len(latest.y_SL)),
        "level": level_S,
    }
    if latest.future_SWK is not None:
        asked["future"] = latest.future_SWK
    said = bundle.run(**asked)
    none_S = ~latest.counted_S

    def known(x: np.ndarray) -> np.ndarray:
        return np.where(none_S.reshape(-1, *[1] * (x.ndim - 1)), np.nan, x)

    return Outlook(
        latest.time_W[past:],
        known(said["mean"]),
        known(said["quantiles"]),
        known(said["p_exceed"]),
        level_S,
        bool(said["out_of_date"]),
    )
