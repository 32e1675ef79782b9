"""Reasons to doubt the forecast, one sentence each; no sentence holds a count of patients.

Axes: S series, L past periods.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np

from pilots.healthtech.data.contract import PERIOD, SEASON
from pilots.healthtech.data.words import number, stamp
from pilots.healthtech.use.infer import Outlook
from pilots.healthtech.use.read import LATELY
from pilots.healthtech.use.window import Window

OLD = {"h": 183, "D": 183, "MS": 366}  # days after which a model should be trained again
SILENT = {"h": 24, "D": 1, "MS": 1}  # periods without a count at the end, from which on it is told
GAPS, UNSEEN = 0.1, 0.4  # shares of them that are missing, or outside what training saw: from there on it is told
FAR = 2.0  # times the highest usual count of training


def flags(
    manifest: Mapping[str, Any], asked: Window, outlook: Outlook, counted_S: np.ndarray, now: datetime | None = None
) -> list[str]:
    """What speaks against the forecast as a whole, then series by series. `now`: for tests."""
    now = (now or datetime.now(UTC)).replace(tzinfo=None)
    return [*_clock(manifest, asked, outlook, now), *_series(manifest, asked, outlook, counted_S)]


def _clock(manifest: Mapping[str, Any], asked: Window, outlook: Outlook, now: datetime) -> list[str]:
    flow, said = manifest["flow"], []
    if outlook.out_of_date:
        said.append("The calendar inside the model has ended, so it knows no holidays of these days: train it again")
    age = (now - datetime.strptime(manifest["version"], "%Y%m%d%H%M%S")).days
    if age > OLD[flow["freq"]]:
        said.append(f"The model was trained {age} days ago: train it again")
    time_H, moment = asked.time_H[flow["delay"] :], np.datetime64(now, "s")
    over = int((time_H < moment).sum()) - 1  # the period in which we are has begun
    if over >= len(time_H) - 1:
        said.append(f"Every step of this forecast is over: the counts end before {stamp(time_H[0], flow['freq'])}")
    elif over >= SILENT[flow["freq"]]:
        said.append(f"The counts end {number(over, flow['freq'])} ago: the first steps of this forecast are over")
    return said


def _series(manifest: Mapping[str, Any], asked: Window, outlook: Outlook, counted_S: np.ndarray) -> list[str]:
    flow, said = manifest["flow"], []
    freq = flow["freq"]
    lately = min(LATELY[freq], asked.y_SL.shape[1])
    time_L = asked.time_W[: asked.y_SL.shape[1]]
    for s, name in enumerate(flow["names"]):
        y_L = asked.y_SL[s]
        known = np.flatnonzero(np.isfinite(y_L))
        if not counted_S[s]:
            continue  # told when the file was read
        if not np.isfinite(outlook.mean_SH[s]).any():
            said.append(f"{name}: too few counts of late for a forecast")
            continue
        silent = len(y_L) - 1 - int(known[-1])
        if silent >= SILENT[freq]:
            said.append(
                f"{name}: no count since {stamp(time_L[known[-1]], freq)}, {number(silent, freq)} before the end"
            )
        gaps = float(np.isnan(y_L[-lately:]).mean())
        if GAPS < gaps < 1:
            said.append(f"{name}: {gaps:.0%} of the last {number(lately, freq)} have no count")
        said += _unseen(name, y_L[-SEASON[freq] :], manifest["seen"].get(f"series_{s}"), freq)
    return said


def _unseen(name: str, y_L: np.ndarray, span: list[float] | None, freq: str) -> list[str]:
    y_N = y_L[np.isfinite(y_L)]
    if span is None or not len(y_N):
        return []
    outside = (y_N < span[0]) | (y_N > span[1])
    if outside.mean() <= UNSEEN and not (y_N > FAR * max(span[1], 1.0)).any():
        return []
    word = PERIOD[freq]
    return [f"{name}: {outside.sum()} of the last {len(y_N)} {word}s' counts are outside what is usual in training"]
