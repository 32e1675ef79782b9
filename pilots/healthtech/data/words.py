"""Periods in words, for the sentences of the data-quality page. Axis T: periods."""

from __future__ import annotations

import numpy as np

from pilots.healthtech.data.contract import PERIOD


def number(count: int, freq: str) -> str:
    """3 days, 1 hour."""
    return f"{count:,} {PERIOD[freq]}{'s' if count != 1 else ''}"


def stamp(time: np.datetime64, freq: str) -> str:
    """2024-03-31, 2024-03-31 01:00 or 2024-03."""
    text = str(time.astype("datetime64[m]")).replace("T", " ")
    return {"h": text, "D": text[:10], "MS": text[:7]}[freq]


def on(time_T: np.ndarray, true_T: np.ndarray, freq: str) -> str:
    """on 2022-06-19; on 3 days (first 2022-06-19); from 2022-06-19 to 2022-06-21 (3 days)."""
    at = np.flatnonzero(true_T)
    first = stamp(time_T[at[0]], freq)
    if len(at) == 1:
        return f"{'in' if freq == 'MS' else 'at' if freq == 'h' else 'on'} {first}"
    if at[-1] - at[0] == len(at) - 1:
        return f"from {first} to {stamp(time_T[at[-1]], freq)} ({number(len(at), freq)})"
    return f"{'in' if freq != 'D' else 'on'} {number(len(at), freq)} (first {first})"
