"""What is wrong with a machine's data, in words that name the sensor, its unit and the extent.

Axes: M machines, F channels, T rows of one machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from pilots.manufacturing.use.infer import MISSING, UNSEEN, Outlook
from pilots.manufacturing.use.read import Logs, show_time

GAP_SHARE = 0.10  # of a machine's rows without a reading, from which on it is told
# `seen` leaves out 1 % of training at either end, so a few rows outside are no news: it is told when they
# are many, when the last row is one, or when a value lies beyond by a quarter of the whole span.
UNSEEN_SHARE = 0.05
FAR = 0.25
FEW_ROWS = 10  # with fewer the features are hardly more than the last reading


def flags(logs: Logs, outlook: Outlook, machine: int, manifest: Mapping[str, Any]) -> list[str]:
    """One phrase per finding; an empty list means that nothing speaks against the estimate."""
    channels, rows = manifest["channels"], int(logs.length_M[machine])
    x_TF = logs.x_RF[logs.rows(machine)]
    said = []
    if logs.unsorted_M[machine]:
        said.append("rows were not in order of time and have been sorted")
    if rows < FEW_ROWS:
        said.append(
            f"only {rows} row{'s' if rows > 1 else ''}: the estimate rests on the fleet more than on this machine"
        )
    gaps_F = outlook.gaps_MF[machine]
    if (gaps_F == rows).all():
        said.append("no readings at all")
        return said
    for f, channel in enumerate(channels):
        said += _gaps(
            channel["name"], int(gaps_F[f]), rows, outlook.now_MF[machine, f] == MISSING, x_TF[:, f], logs, machine
        )
        span = manifest["seen"].get(channel["name"])
        if outlook.unseen_MF[machine, f] and span:
            said += _unseen(
                channel, span, x_TF[:, f], int(outlook.unseen_MF[machine, f]), outlook.now_MF[machine, f] == UNSEEN
            )
    strange_T = ~outlook.condition_ok_R[logs.rows(machine)]
    if strange_T.any():
        now = ", now too" if strange_T[-1] else ", not now"
        said.append(f"operating condition not met in training in {strange_T.sum()} of {rows} rows{now}")
    return said


def _gaps(name: str, gaps: int, rows: int, now: bool, x_T: np.ndarray, logs: Logs, machine: int) -> list[str]:
    if gaps == rows:
        return [f"{name}: no readings"]
    if now and rows > 1:
        last = logs.rows(machine).start + int(np.flatnonzero(np.isfinite(x_T))[-1])
        return [f"{name}: no reading since {show_time(logs.time_R[last])}"]
    if gaps >= GAP_SHARE * rows:
        return [f"{name}: {gaps / rows:.0%} of readings missing"]
    return []


def _unseen(channel: Mapping[str, Any], span: list[float], x_T: np.ndarray, unseen: int, now: bool) -> list[str]:
    low, high = span
    beyond_T = np.maximum(low - x_T, x_T - high)
    if not now and unseen <= UNSEEN_SHARE * len(x_T) and np.nanmax(beyond_T) <= FAR * (high - low):
        return []
    worst = x_T[-1] if now else x_T[np.nanargmax(beyond_T)]
    which = "last value" if now else f"{unseen} of {len(x_T)} values, such as"
    unit = f" {channel['unit']}" if channel["unit"] else ""
    return [f"{channel['name']}: {which} {worst:.4g}{unit} outside what training saw ({low:.4g} to {high:.4g})"]
