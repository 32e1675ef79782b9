"""What is wrong with a machine's data, in words that name the sensor, its unit and the extent.

Axes: M machines, F channels, T rows of one machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from pilots.manufacturing.use.infer import MISSING, OFFSET, SPIKE, STUCK, UNIT, UNSEEN, Outlook
from pilots.manufacturing.use.read import Logs

FEW_ROWS = 10  # with fewer, the features are hardly more than the last reading
GAP_SHARE = 0.10  # of a machine's rows without a reading, from which on it is told
GAP_ROWS = 3  # without a reading at the end of the log; one lost reading is everyday life
# `seen` leaves out 1 % of training at either end, and twelve channels have many ends: a row a little outside
# is no news. Told are a last value beyond by NEAR of the span, any value beyond by FAR, and many of them.
NEAR, FAR = 0.1, 0.25
UNSEEN_SHARE = 0.20
PAUSE = 3  # times the longest of a machine's usual steps (95 %): a longer one is told
FAULTS = {STUCK: "stuck at {x}", OFFSET: "offset, now {x}", UNIT: "in another unit, now {x}"}


def flags(logs: Logs, outlook: Outlook, machine: int, manifest: Mapping[str, Any]) -> list[str]:
    """One phrase per kind of finding; an empty list means that nothing speaks against the estimate."""
    rows = int(logs.length_M[machine])
    said = []
    if logs.unsorted_M[machine]:
        said.append("rows were not in order of time and have been sorted")
    if rows < FEW_ROWS:
        only = f"only {rows} row{'s' if rows > 1 else ''}"
        said.append(f"{only}: the estimate rests on the fleet more than on this machine")
    if (outlook.gaps_MF[machine] == rows).all():
        return [*said, "no readings at all: the estimate is what the fleet does on average"]
    said += _pauses(logs, machine, manifest)
    said += _gaps(logs, outlook, machine, manifest)
    said += _faults(logs, outlook, machine, manifest)
    said += _unseen(logs, outlook, machine, manifest)
    settings = [f for f, channel in enumerate(manifest["channels"]) if channel["role"] == "setting"]
    blank_T = (outlook.quality_RF[logs.rows(machine)][:, settings] == MISSING).any(1)
    strange_T = ~outlook.condition_ok_R[logs.rows(machine)]
    unknown_T, strange_T = strange_T & blank_T, strange_T & ~blank_T
    if unknown_T.any():
        said.append(f"operating condition not known in {unknown_T.sum()} of {rows} rows: a setting is missing")
    if strange_T.any():
        now = "now too" if strange_T[-1] else "not now"
        said.append(f"operating condition not met in training in {strange_T.sum()} of {rows} rows, {now}")
    return said


def _gaps(logs: Logs, outlook: Outlook, machine: int, manifest: Mapping[str, Any]) -> list[str]:
    at, rows = logs.rows(machine), int(logs.length_M[machine])
    said = []
    for f, channel in enumerate(manifest["channels"]):
        name, gaps = channel["name"], int(outlook.gaps_MF[machine, f])
        if gaps == rows:
            said.append(f"{name}: no readings")
        elif gaps:
            last = int(np.flatnonzero(~np.isnan(logs.x_RF[at, f]))[-1])
            if rows - 1 - last >= GAP_ROWS:
                said.append(f"{name}: no reading since {logs.stamp(at.start + last)}")
            elif gaps >= GAP_SHARE * rows:
                said.append(f"{name}: {gaps / rows:.0%} of readings missing")
    return said


def _faults(logs: Logs, outlook: Outlook, machine: int, manifest: Mapping[str, Any]) -> list[str]:
    """Readings that were not used, sensor by sensor: since when if it lasts, how many if it is over."""
    at = logs.rows(machine)
    said = []
    for f, channel in enumerate(manifest["channels"]):
        code_T, x_T = outlook.quality_RF[at, f], logs.x_RF[at, f]
        unit = f" {channel['unit']}" if channel["unit"] not in ("", "-") else ""
        now = int(code_T[-1])
        if now in FAULTS:
            same_T = x_T == x_T[-1] if now == STUCK else code_T == now
            since = int(np.flatnonzero(~same_T)[-1]) + 1 if not same_T.all() else 0
            what = FAULTS[now].format(x=f"{x_T[-1]:.4g}{unit}")
            used = "predicted without it, interval widened" if channel["role"] == "sensor" else "taken as it is"
            said.append(f"{channel['name']}: {what} since {logs.stamp(at.start + since)}; {used}")
            continue
        words = {SPIKE: "spike", STUCK: "stuck", OFFSET: "offset", UNIT: "in another unit"}
        found = [f"{word} in {(code_T == code).sum()}" for code, word in words.items() if (code_T == code).any()]
        if found:
            last = int(np.flatnonzero(np.isin(code_T, list(words)))[-1])
            rows = (
                f"{', '.join(found)} of {len(code_T)} rows, last {x_T[last]:.4g}{unit} at {logs.stamp(at.start + last)}"
            )
            said.append(f"{channel['name']}: {rows}; left out")
    return said


def _pauses(logs: Logs, machine: int, manifest: Mapping[str, Any]) -> list[str]:
    """The longest time without any row, if it is longer than a machine of this habit pauses."""
    at = logs.rows(machine)
    step_T = np.diff(logs.time_R[at])
    if len(step_T) < FEW_ROWS:
        return []
    number_T = step_T.astype("timedelta64[s]").astype(float) if logs.clock else step_T.astype(float)
    usual, longest = float(np.quantile(number_T, 0.95)), int(number_T.argmax())
    if number_T[longest] <= PAUSE * usual:
        return []
    last = number_T[longest]
    unit = manifest["table"].get("row_unit", "row").removesuffix("s")
    for seconds, name in (
        ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second")) if logs.clock else ((1, unit),)
    ):
        if last >= seconds:
            last, unit = last / seconds, name
            break
    return [
        f"no rows for {last:.3g} {unit}{'' if round(last, 2) == 1 else 's'} before {logs.stamp(at.start + longest + 1)}"
    ]


def _unseen(logs: Logs, outlook: Outlook, machine: int, manifest: Mapping[str, Any]) -> list[str]:
    now, before, rows = [], [], int(logs.length_M[machine])
    for f in np.flatnonzero(outlook.unseen_MF[machine]):
        channel = manifest["channels"][f]
        low, high = manifest["seen"].get(channel["name"], (-np.inf, np.inf))
        x_T = logs.x_RF[logs.rows(machine), f]
        beyond_T = np.nan_to_num(np.maximum(low - x_T, x_T - high), nan=0.0)
        unit = f" {channel['unit']}" if channel["unit"] not in ("", "-") else ""
        if outlook.now_MF[machine, f] == UNSEEN and beyond_T[-1] > NEAR * (high - low):
            now.append(f"{channel['name']} {x_T[-1]:.4g}{unit} ({low:.4g} to {high:.4g})")
        elif outlook.unseen_MF[machine, f] > UNSEEN_SHARE * rows or beyond_T.max() > FAR * (high - low):
            worst = x_T[np.argmax(beyond_T)]
            before.append(f"{channel['name']} in {outlook.unseen_MF[machine, f]} of {rows} rows (as {worst:.4g}{unit})")
    said = [f"outside what training saw, now: {', '.join(now)}"] if now else []
    return said + ([f"outside what training saw, before: {', '.join(before)}"] if before else [])
