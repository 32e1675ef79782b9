"""Stretches that are taken as missing, such as a pandemic. Right of the waist too. Axis T: periods."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from common.fault import Fault
from pilots.healthtech.data.contract import PERIOD, Finding
from pilots.healthtech.data.words import on, stamp


def excluded(exclude: Sequence[Sequence[str]], time_T: np.ndarray, freq: str) -> tuple[np.ndarray, list[Finding]]:
    """excluded_T: True inside any [from, to], of which each must hold a period of the data."""
    out_T, findings = np.zeros(len(time_T), bool), []
    for pair in exclude:
        if not isinstance(pair, (list, tuple)) or len(pair) != 2:
            raise Fault(f"data.exclude={exclude} is no list of pairs: write [[2020-03-16, 2021-07-19]]")
        own_T = inside(pair, time_T)
        if not own_T.any():
            span = f"{stamp(time_T[0], freq)} to {stamp(time_T[-1], freq)}"
            raise Fault(f"data.exclude [{pair[0]}, {pair[1]}] holds no {PERIOD[freq]} of the data ({span}): correct it")
        out_T |= own_T
        text = f"data.exclude takes every count {on(time_T, own_T, freq)} as missing"
        findings.append(Finding("excluded", text, count=int(own_T.sum())))
    return out_T, findings


def inside(pair: Sequence[str], time_T: np.ndarray) -> np.ndarray:
    """True in [from, to], both ends included: a day as `to` includes its hours."""
    try:
        first, last = (np.datetime64(str(end).strip().replace(" ", "T")) for end in pair)
    except ValueError as err:
        raise Fault(f"data.exclude: {err}; write dates as 2020-03-16") from err
    end = (last + 1).astype("datetime64[s]")  # one more of the unit it is written in: a day, an hour, a month
    return (time_T >= first.astype("datetime64[s]")) & (time_T < end)
