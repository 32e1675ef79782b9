"""Beds, delays and long stays in England's acute trusts, daily in winter: the winter situation reports as one table.

What is known of it, 2015-16 to 2019-20: winters only, so most of a year is missing by design; 2015-16 has no weekends;
columns come and go between winters; rows with the code "-" are England; the column occupancy_rate is infinite where no
open beds were reported (2016-17) and 0 for all rows from 2017-18, so occupancy is worked out from occupied / open.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from common.table import Column, read_table
from pilots.healthtech.data.contract import Counts, Finding
from pilots.healthtech.data.csv import CsvCounts
from pilots.healthtech.data.nhs import LICENCE, choose

MEASURES = {  # measure: column, unit
    "beds_occupied": ("g_a_beds_occupied", "patients"),
    "beds_open": ("g_a_beds_open", "beds"),
    "critical_care_occupied": ("cc_adult_occ", "patients"),
    "long_stay_7": ("no_beds_occupied_by_long_stay_patients_gt_7_days", "patients"),
    "long_stay_21": ("no_beds_occupied_by_long_stay_patients_gt_21_days", "patients"),
    "ambulance_delays_30": ("delays30", "handovers"),
    "ambulance_delays_60": ("delays60", "handovers"),
    "norovirus_beds_closed": ("no_beds_closed_due_to_norovirus_etc", "beds"),
}
ENGLAND = "-"
WINTER_GAP = 90  # days without a report that part two winters


class NhsSitrep:
    """Daily winter counts of England's acute trusts.

    path     the table, as .csv or .csv.gz
    measure  beds_occupied (general and acute) | beds_open | critical_care_occupied | long_stay_7 | long_stay_21 (more
             than 7 or 21 days) | ambulance_delays_30 | ambulance_delays_60 (minutes) | norovirus_beds_closed
    orgs     reporting (in the last 28 days) | all | [RRK, RXK]
    delay    days, the last ones, that are not fully reported yet
    exclude  [[from, to]] days to take as missing
    """

    def __init__(
        self,
        path: str,
        measure: str = "beds_occupied",
        orgs: str | Sequence[str] = "reporting",
        delay: int = 0,
        exclude: Sequence = (),
    ):
        if measure not in MEASURES:
            raise ValueError(f"measure is one of {', '.join(MEASURES)}, got {measure}")
        self.path, self.measure, self.orgs = path, measure, orgs
        self.delay, self.exclude = delay, exclude

    def read(self) -> Counts:
        column, unit = MEASURES[self.measure]
        counts = CsvCounts(
            path=self.path,
            columns={"time": "date", "value": column, "series": "code"},
            freq="D",
            delay=self.delay,
            exclude=self.exclude,
            total="England",
            name=f"nhs_sitrep, {self.measure.replace('_', ' ')}",
            unit=unit,
            licence=LICENCE.format("winter daily situation reports"),
        ).read()
        findings = [*_winters(counts), *occupancy_findings(self.path), *counts.findings]
        names_S = tuple("England" if name == ENGLAND else name for name in counts.names_S)
        return choose(dataclasses.replace(counts, names_S=names_S, findings=tuple(findings)), self.orgs)


def _winters(counts: Counts) -> list[Finding]:
    """The long gaps that are meant."""
    day_T = np.flatnonzero(np.isfinite(counts.y_ST).any(axis=0))
    wide = np.flatnonzero(np.diff(day_T) > WINTER_GAP)
    if not len(wide):
        return []
    first = counts.time_T[day_T[np.append(0, wide + 1)]].astype("datetime64[D]")
    last = counts.time_T[day_T[np.append(wide, len(day_T) - 1)]].astype("datetime64[D]")
    days = int((np.diff(day_T)[wide] - 1).sum())
    spans = ", ".join(f"{a} to {b}" for a, b in zip(first, last, strict=True))
    text = f"Reports exist in {len(first)} winters only ({spans}); the {days:,} days between are missing by design"
    return [Finding("winters only", text, count=days)]


def occupancy_findings(path: str) -> list[Finding]:
    """What is wrong with the occupancy that the file states, and what occupied / open gives instead."""
    columns = [
        Column("code", "", -math.inf, math.inf, kind="text"),
        *(Column(name, "beds", 0, math.inf, required=False) for name in ("g_a_beds_open", "g_a_beds_occupied")),
        Column("occupancy_rate", "", -math.inf, math.inf, required=False, kind="text"),
    ]
    frame = read_table(path, columns)
    if not {"g_a_beds_open", "g_a_beds_occupied", "occupancy_rate"} <= set(frame):
        return []
    stated = pd.to_numeric(frame["occupancy_rate"], errors="coerce")
    worked_out = frame["g_a_beds_occupied"] / frame["g_a_beds_open"].where(frame["g_a_beds_open"] > 0)
    cases = {
        "infinite": np.isinf(stated),
        "zero": (stated == 0) & (worked_out > 0),
        "above 1": stated.between(1, math.inf, inclusive="neither"),
    }
    findings = []
    england = worked_out[frame["code"] == ENGLAND].mean()
    for word, wrong_R in cases.items():
        if wrong_R.any():
            known = worked_out[wrong_R].dropna()
            instead = f"occupied / open gives {known.min():.2f} to {known.max():.2f}" if len(known) else (
                "no open beds were reported, so none can be worked out"
            )  # fmt: skip
            text = f"The stated occupancy is {word} in {wrong_R.sum():,} rows; {instead}"
            text += f" (England, all days: {england:.3f})" if np.isfinite(england) else ""
            findings.append(Finding(f"{word} occupancy", text, count=int(wrong_R.sum())))
    return findings
