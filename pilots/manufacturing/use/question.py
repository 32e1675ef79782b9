"""The words after `--what-if`: another duty (`speed=+10%`, `speed=2500`) or a date of work (`maintenance=+14d`).

Axes: M machines.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from common.fault import Fault
from pilots.manufacturing.use.limits import physical
from pilots.manufacturing.use.read import Logs

WORK = "maintenance"
DAYS = {"h": 1 / 24, "d": 1.0, "w": 7.0}
NUMBER = r"[+-]?\d+(?:\.\d+)?"
MONTH = 30.436875  # days of the mean Gregorian month, as `rows_per_month` counts them


@dataclass(frozen=True)
class Duty:
    """Every future row's setting `name` is multiplied by `factor`, or put to `value` where that is not None."""

    name: str
    factor: float
    value: float | None
    words: str

    def moved(self, x_R: np.ndarray) -> np.ndarray:
        return x_R * self.factor if self.value is None else np.where(np.isnan(x_R), np.nan, self.value)


@dataclass(frozen=True)
class Work:
    """Planned work after `rows` rows of each machine, after `days` days, or at the date `at`: one of the three."""

    rows: float | None
    days: float | None
    at: pd.Timestamp | None
    words: str

    def after(self, logs: Logs, rows_per_month: float) -> np.ndarray:
        """Rows from each machine's last reading to the work, [M]; negative where the date has passed."""
        machines = len(logs.machine_M)
        if self.rows is not None:
            return np.full(machines, self.rows)
        if self.days is not None:
            return np.full(machines, self.days * rows_per_month / MONTH)
        last_M = logs.time_R[logs.start_M[1:] - 1].astype("datetime64[ns]")
        days_M = (np.datetime64(self.at, "ns") - last_M) / np.timedelta64(1, "D")
        return days_M * rows_per_month / MONTH


def ask(texts: Sequence[str], manifest: Mapping[str, Any], dated: bool) -> tuple[Duty | None, Work | None]:
    """One question: at most one setting and one date. `dated`: whether the readings carry dates."""
    duty, work = None, None
    for text in texts:
        name, equals, wanted = (part.strip() for part in text.partition("="))
        if not equals or not wanted:
            raise Fault(f"--what-if {text}: write NAME=CHANGE, such as {_examples(manifest)}")
        if name == WORK:
            if work:
                raise Fault(f"--what-if {text}: {WORK} was asked before; ask for one date at a time")
            work = _work(text, wanted, dated)
        else:
            if duty:
                raise Fault(
                    f"--what-if {text}: {duty.name} was asked before; ask for one setting at a time, "
                    "as the effect of each was learned while the others went their way"
                )
            duty = _duty(text, name, wanted, manifest)
    return duty, work


def _duty(text: str, name: str, wanted: str, manifest: Mapping[str, Any]) -> Duty:
    channel = _setting(text, name, manifest)
    if found := re.fullmatch(rf"({NUMBER})\s*%", wanted):
        factor = 1 + float(found[1]) / 100
        if not 0 < factor <= 10:
            raise Fault(f"--what-if {text}: a change is more than -100% and at most +900%")
        return Duty(channel["name"], factor, None, f"{channel['name']} {float(found[1]):+g} %")
    if not re.fullmatch(NUMBER, wanted) or wanted.startswith("+"):
        raise Fault(f"--what-if {text}: {wanted!r} is no change such as +10% or -5% and no value such as 2500")
    value, (low, high) = float(wanted), physical(channel)
    if not low <= value <= high:
        raise Fault(f"--what-if {text}: {value:g} lies outside the channel's {low:g} to {high:g} {channel['unit']}")
    return Duty(channel["name"], 1.0, value, f"{channel['name']} at {value:g} {channel['unit']}".strip())


def _setting(text: str, name: str, manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    """The channel that is meant. `load` means the settings as a whole where they always moved together."""
    settings = {c["name"]: c for c in manifest["channels"] if c["role"] == "setting"}
    if name in settings:
        return settings[name]
    if not settings:
        raise Fault(f"--what-if {text}: the model knows no setting, only sensors; ask for {WORK}=+14d")
    first, *others = settings
    if name == "load" and set(others) <= set(
        (manifest.get("what_if") or {}).get("settings", {}).get(first, {}).get("with", [])
    ):
        return settings[first]
    raise Fault(f"--what-if {text}: {name} is not a setting of this model; its settings are {', '.join(settings)}")


def _work(text: str, wanted: str, dated: bool) -> Work:
    if found := re.fullmatch(r"\+?(\d+(?:\.\d+)?)\s*([hdw]?)", wanted):
        much, unit = float(found[1]), found[2]
        if not math.isfinite(much) or much > 1e6:
            raise Fault(f"--what-if {text}: {wanted} is further than anything can be foretold")
        words = f"planned work in {much:g} {dict(h='hours', d='days', w='weeks').get(unit, 'rows')}"
        return Work(None, much * DAYS[unit], None, words) if unit else Work(much, None, None, words)
    if not re.fullmatch(r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d)?)?", wanted):
        raise Fault(f"--what-if {text}: {wanted!r} is no time such as +14d, +36h, +10 (rows) or 2026-03-01")
    try:
        at = pd.Timestamp(wanted)
    except ValueError as error:
        raise Fault(f"--what-if {text}: {wanted} is not in the calendar") from error
    if not dated:
        raise Fault(f"--what-if {text}: the readings carry numbers, not dates; say {WORK}=+10 in rows, or +14d")
    return Work(None, None, at, f"planned work on {wanted}")


def _examples(manifest: Mapping[str, Any]) -> str:
    names = [c["name"] for c in manifest["channels"] if c["role"] == "setting"][:1]
    return ", ".join([*(f"{name}=+10%" for name in names), f"{WORK}=+14d"])
