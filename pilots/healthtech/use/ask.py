"""What was asked for: from when to forecast, which counts are high, and whether the answer leaves the house."""

from __future__ import annotations

import argparse
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from common.fault import Fault, did_you_mean
from pilots.healthtech.data.contract import PERIOD
from pilots.healthtech.use import FROM, LEVEL, SUPPRESS
from pilots.healthtech.use.read import period, start_of
from pilots.healthtech.use.suppress import nearest

LEAST = 10  # the smallest level that tells nothing about counts of 1 to 7


def parse(argv_rest: Sequence[str]) -> argparse.Namespace:
    """Options with the names `start`, `level` and `suppress`."""
    parser = argparse.ArgumentParser(prog="pilot-predict BUNDLE INPUT", add_help=False, allow_abbrev=False)
    parser.add_argument("--from", dest="start", metavar="STAMP", help=FROM)
    parser.add_argument("--level", metavar="N", action="append", default=[], help=LEVEL)
    parser.add_argument("--suppress", action="store_true", help=SUPPRESS)
    options, unknown = parser.parse_known_args(argv_rest)
    if unknown:
        raise Fault(f"{unknown[0]} is not an option of this bundle; see pilot-predict --help")
    return options


def start(text: str, freq: str) -> int:
    """The number of the period that begins at the stamp of --from."""
    try:
        stamp = pd.Timestamp(text)
    except ValueError as err:
        raise Fault(f"--from {text[:40]} is no date: write it as 2026-03-01 or 2026-03-01T06:00") from err
    if stamp is pd.NaT or stamp.tzinfo is not None:
        raise Fault(f"--from {text[:40]} is no date on the wall clock: write it as 2026-03-01 or 2026-03-01T06:00")
    moment = stamp.to_datetime64().astype("datetime64[s]")
    begin = start_of(period(moment, freq), freq)
    if begin.astype("datetime64[s]") != moment:
        raise Fault(f"--from {text[:40]} lies inside a {PERIOD[freq]}: name its start, {begin}")
    return int(period(moment, freq))


def levels(asked: Sequence[str], manifest: Mapping[str, Any], suppress: bool) -> np.ndarray:
    """level_S: what is high for each series, as asked or as the bundle has it.

    suppress  the bundle's own levels are counts of the past: they are rounded before anything is compared with them
    """
    names = manifest["flow"]["names"]
    level_S = np.array(manifest["decision"]["level"], float)
    if suppress:
        level_S = np.maximum(nearest(level_S), LEAST)
    most = next(tensor["high"] for tensor in manifest["inputs"] if tensor["name"] == "level")
    for text in sorted(asked, key=lambda text: "=" in text):  # one for all first, then those that differ
        name, _, number = text.rpartition("=")
        if name and name not in names:
            raise Fault(f"--level {text[:60]}: the bundle has no series '{name[:40]}': {did_you_mean(name, names)}")
        level = _count(number)
        if level is None or level > most:
            raise Fault(
                f"--level {text[:60]} is not a count from 0 to {most:g}: write --level 40, or --level SERIES=40"
            )
        level_S[names.index(name) if name else slice(None)] = level
    return level_S


def _count(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None
