"""Totals that rosters are made from: shifts of eight hours, days and weeks, from paths whose steps hang together.

Axes: S series, H steps, G totals, Q levels.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from pilots.healthtech.distribution.sums import Dependence, totals
from pilots.healthtech.use.infer import Outlook
from pilots.healthtech.use.write import quantile_names, stamps

SHIFT = 8  # hours, from midnight
WEEK = 7  # days, from the first whole day of the forecast


def totals_table(outlook: Outlook, manifest: Mapping[str, Any]) -> pd.DataFrame:
    """series, period, time, step, steps, mean, quantiles: a row per series and whole shift, day or week ahead."""
    flow, levels = manifest["flow"], manifest["decision"]["levels"]
    groups = stretches(outlook.time_H, flow["freq"], flow["delay"])
    kept = np.flatnonzero(np.isfinite(outlook.mean_SH).all(axis=1))
    steps = [np.arange(first, first + length) for _, first, length in groups]
    made = np.zeros((len(kept), len(groups), len(levels)))
    if len(kept) and groups:
        known = Dependence(**flow.get("dependence") or {})
        made = totals(outlook.quantiles_SHQ[kept], np.array(levels), steps, known)
    first_G = np.array([first for _, first, _ in groups], int)
    columns: dict[str, Any] = {
        "series": np.repeat(np.array(flow["names"], object)[kept], len(groups)),
        "period": np.tile(np.array([kind for kind, _, _ in groups], object), len(kept)),
        "time": np.tile(stamps(outlook.time_H[first_G], flow["freq"]), len(kept)),
        "step": np.tile(first_G - flow["delay"] + 1, len(kept)),
        "steps": np.tile(np.array([length for _, _, length in groups], int), len(kept)),
        "mean": np.array([outlook.mean_SH[s, group].sum() for s in kept for group in steps]).round(2),
    }
    for q, name in enumerate(quantile_names(levels)):
        columns[name] = pd.array(made[:, :, q].ravel(), "Int64")
    return pd.DataFrame(columns)


def stretches(time_H: np.ndarray, freq: str, delay: int) -> list[tuple[str, int, int]]:
    """Kind, first step (from 0) and number of steps of everything that lies whole in the steps still to come."""
    number, day = len(time_H), 24 if freq == "h" else 1
    found: list[tuple[str, int, int]] = []
    if freq == "MS":
        return found
    hour_H = (time_H - time_H.astype("datetime64[D]")).astype("timedelta64[h]").astype(int)
    if freq == "h":
        found += [("shift", h, SHIFT) for h in range(delay, number - SHIFT + 1) if hour_H[h] % SHIFT == 0]
        found += [("day", h, day) for h in range(delay, number - day + 1) if hour_H[h] == 0]
    whole = [h for h in range(delay, number) if hour_H[h] == 0]
    if whole:
        found += [("week", h, WEEK * day) for h in range(whole[0], number - WEEK * day + 1, WEEK * day)]
    return found
