"""A reading that cannot be: refused, with a guess at what happened (another unit, a code for "no reading").

Axis R: rows of the file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from common.fault import Fault
from common.table_contract import CODES
from pilots.manufacturing.units import OTHER_UNITS

MOST = 0.5  # share of a column outside its limits from which on the whole column is suspected


def check_limits(
    frame: pd.DataFrame, channels: Sequence[Mapping[str, Any]], names: Mapping[str, str], seen: Mapping, file: str
) -> None:
    """Raise a Fault on the first line with a reading outside its channel's physical limits."""
    found = []
    for channel in channels:
        low, high = physical(channel)
        x_R = frame[channel["name"]].to_numpy()
        outside_R = (x_R < low) | (x_R > high)
        if outside_R.any():
            found.append((int(np.argmax(outside_R)), int(outside_R.sum()), channel))
    if not found:
        return
    row, count, channel = min(found, key=lambda breach: breach[0])
    name, unit = channel["name"], "" if channel["unit"] in ("", "-") else f" {channel['unit']}"
    x_R = frame[name].to_numpy()
    value, known = float(x_R[row]), int(np.isfinite(x_R).sum())
    theirs = names.get(name, name)
    column = f" (column '{theirs}')" if theirs != name else ""
    also = f", as are {count - 1:,} more of its {known:,} readings" if count > 1 else ""
    raise Fault(
        f"{file} line {frame.index[row]}: {name}{column} = {value:.10g} is "
        f"{_beyond(*physical(channel))}{unit}{also}. {_guess(x_R, value, count / known, channel, seen)}"
    )


def physical(channel: Mapping[str, Any]) -> tuple[float, float]:
    """The channel's physical limits; a bundle says null where there is none."""
    low, high = channel["low"], channel["high"]
    return -np.inf if low is None else low, np.inf if high is None else high


def _beyond(low: float, high: float) -> str:
    if np.isinf(high):
        return f"below {low:.10g}"
    return f"above {high:.10g}" if np.isinf(low) else f"outside {low:.10g} to {high:.10g}"


def _guess(x_R: np.ndarray, value: float, share: float, channel: Mapping[str, Any], seen: Mapping) -> str:
    unit = channel["unit"]
    if value in CODES:
        return f"Loggers write {value:.10g} where there was no reading: leave those cells empty"
    if share < MOST:
        return "Correct it in the file, or leave it empty where there was no reading"
    middle = float(np.nanmedian(x_R))
    for other, (factor, offset) in OTHER_UNITS.get(unit, {}).items():
        low, high = seen.get(channel["name"], physical(channel))
        if low - (high - low) <= factor * middle + offset <= high + (high - low):
            return f"That looks like a wrong unit, {other}: convert the column to {unit}"
    return f"That looks like a wrong unit: the model needs this column in {unit}"
