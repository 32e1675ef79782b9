"""Small files of counts, written and read back."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from common.fault import Fault

LONG = {"time": "date", "value": "n", "series": "site"}
NO_SERIES = {"time": "date", "value": "n"}


def daily(site: str, days: int = 28, first: str = "2024-03-04", level: int = 20) -> list[str]:
    """A row a day; the count is the level plus the weekday."""
    return [f"{day:%Y-%m-%d},{site},{level + day.weekday()}" for day in pd.date_range(first, periods=days)]


def hourly(first: str, hours: int, zone: str = "") -> list[str]:
    return [f"{hour:%Y-%m-%dT%H:%M:%S}{zone},{hour.hour}" for hour in pd.date_range(first, periods=hours, freq="h")]


def refused(read, lines: list[str], **settings) -> str:
    with pytest.raises(Fault) as fault:
        read(lines, **settings)
    return str(fault.value)


def found(counts, kind: str) -> list[str]:
    """The sentences of one kind of finding."""
    return [finding.text for finding in counts.findings if finding.kind == kind]


def poisson(level: float, days: int = 400, seed: int = 0) -> np.ndarray:
    week = np.tile([1.1, 1.0, 1.0, 1.0, 1.1, 0.9, 0.9], days // 7 + 1)[:days]
    return np.random.default_rng(seed).poisson(level * week).astype(float)
