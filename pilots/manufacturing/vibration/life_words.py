"""Every bearing by name, as rows of words for the page of a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def number(value: float | None) -> str:
    return "–" if value is None else f"{value:.0f}" if abs(value) >= 100 else f"{value:.2f}"


def bearing_rows(by_series: Mapping[str, Mapping[str, Any]]) -> list[list[str]]:
    """Name, life, first alarm, notice, alarms in the first half, naive notice; a life whose end was told is marked."""
    rows = []
    for name, b in by_series.items():
        life = number(b["hours_of_life"]) + ("" if b["failed"] else " (as told)")
        alarm = "none" if b["first_alarm_hour"] is None else number(b["first_alarm_hour"])
        lead = "missed" if b["first_alarm_hour"] is None and b["failed"] else number(b["lead_hours"])
        naive = b["age_policy_lead_hours"]
        told = "missed" if naive == 0 else number(naive)
        rows.append([name, life, alarm, lead, str(b["alarms_in_first_half"]), told])
    return rows


def error_rows(by_series: Mapping[str, Mapping[str, Any]]) -> list[list[str]]:
    """Name, errors in hours, errors as share of life; each ridge, gbdt, naive."""
    keys = [f"rmse_{kind}_{model}" for kind in ("hours", "share") for model in ("ridge", "gbdt", "naive")]
    return [[name, *(number(b.get(key)) for key in keys)] for name, b in by_series.items()]
