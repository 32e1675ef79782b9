"""The options of this pilot: from when to forecast, which counts are high, and whether the answer leaves the house."""

from __future__ import annotations

import argparse
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from common.fault import Fault, did_you_mean

FROM = "first period to forecast, such as 2026-03-01T06:00; counts from then on are not looked at"
LEVEL = "p_exceed is the chance of more than N; for one series SERIES=N; may be repeated"
SUPPRESS = "for anything that leaves the hospital: counts of 1 to 7 become *, others are rounded to the nearest 5"
OPTIONS = f"--from STAMP   {FROM}\n  --level N      {LEVEL}"


def parse(argv_rest: Sequence[str]) -> argparse.Namespace:
    """Options with the names `start`, `level` and `suppress`."""
    parser = argparse.ArgumentParser(prog="pilot-predict BUNDLE INPUT", add_help=False, allow_abbrev=False)
    parser.add_argument("--from", dest="start", metavar="STAMP", help=FROM)
    parser.add_argument("--level", metavar="N", action="append", default=[], help=LEVEL)
    options, unknown = parser.parse_known_args(argv_rest)
    if unknown:
        raise Fault(f"{unknown[0]} is not an option of this bundle; see pilot-predict --help")
    return options


def levels(asked: Sequence[str], manifest: Mapping[str, Any]) -> np.ndarray:
    """level_S: what is high for each series, as asked or as the bundle has it."""
    names = manifest["flow"]["names"]
    level_S = np.array(manifest["decision"]["level"], float)
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
