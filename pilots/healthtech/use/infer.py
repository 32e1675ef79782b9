"""The window through the bundle's graph.

Axes: S series, H steps (those not yet fully reported first), Q levels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from common.bundle.open import Bundle
from pilots.healthtech.use.window import Window


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


def foresee(bundle: Bundle, asked: Window, counted_S: np.ndarray, level_S: np.ndarray) -> Outlook:
    """All series at one origin; one that is not in the file stays without a forecast."""
    inputs = {
        "counts": asked.y_SL,
        "when": asked.time_W.astype(np.int64),
        "series": np.arange(len(asked.y_SL)),
        "level": level_S,
    }
    if asked.future_SWK is not None:
        inputs["future"] = asked.future_SWK
    said = bundle.run(**inputs)
    none_S = ~(counted_S & np.isfinite(asked.y_SL).any(axis=1))
    for name in ("mean", "quantiles", "p_exceed"):
        said[name] = said[name].copy()
        said[name][none_S] = np.nan
    return Outlook(asked.time_H, said["mean"], said["quantiles"], said["p_exceed"], level_S, bool(said["out_of_date"]))
