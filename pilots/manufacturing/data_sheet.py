"""Readings beyond the limits of the data sheet: the first rung, for which nothing has to be learned.

`alarm_low` and `alarm_high` of a channel, in its unit, come from the maker's data sheet or a standard (for vibration
ISO 20816-3, the boundary of zones C and D). Only a reading beyond a limit alarms, not one that equals it.

Axes: T rows of one machine, F channels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Breach:
    """A machine's newest reading of one channel, beyond its limit.

    row  the machine's row, 0 first, since which every reading of the channel has been beyond it
    """

    channel: str
    value: float
    unit: str
    limit: float
    row: int

    def __str__(self) -> str:
        unit = "" if self.unit in ("", "-") else f" {self.unit}"
        side = "above" if self.value > self.limit else "below"
        return f"{self.channel} {self.value:.4g}{unit} is {side} its data-sheet limit {self.limit:.4g}"

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"value": float(f"{self.value:.7g}"), "text": str(self)}


def breaches(x_TF: np.ndarray, channels: Sequence[Mapping[str, Any]]) -> list[Breach]:
    """Every channel whose newest reading is beyond its data-sheet limit; rows without a reading are passed over."""
    found = []
    for x_T, channel in zip(x_TF.T, channels, strict=True):
        low, high = channel.get("alarm_low"), channel.get("alarm_high")
        known = np.flatnonzero(~np.isnan(x_T))
        if (low is None and high is None) or not known.size:
            continue
        above_K = x_T[known] > (np.inf if high is None else high)
        below_K = x_T[known] < (-np.inf if low is None else low)
        if not (above_K | below_K)[-1]:
            continue
        beyond_K, limit = (above_K, high) if above_K[-1] else (below_K, low)
        inside = np.flatnonzero(~beyond_K)
        since = known[inside[-1] + 1 if inside.size else 0]
        found.append(Breach(channel["name"], float(x_T[known[-1]]), channel["unit"], float(limit), int(since)))
    return found
