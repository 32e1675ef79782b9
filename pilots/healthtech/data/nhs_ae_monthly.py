"""A&E attendances and emergency admissions in England, monthly, by provider or region: NHS England's own files.

The files are taken as published, `nhs_ae_files.py`; what follows treats them as any user's table of counts.
"""

from __future__ import annotations

import dataclasses
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from common.fault import Fault
from pilots.healthtech.data.contract import Counts, Finding
from pilots.healthtech.data.csv import CsvCounts
from pilots.healthtech.data.nhs import LICENCE, choose, listed
from pilots.healthtech.data.nhs_ae_files import MEASURES, read_folder, read_tidy
from pilots.healthtech.data.quality import examine

LEVELS = ("organisation", "region", "england")
BUSY = 1000  # attendances of type 1 a month: a department of this size has patients who wait over four hours
# areas of the files until March 2020 that do not name today's region: (older name, words in brackets) -> region
OLDER = {
    "CHESHIRE AND MERSEYSIDE": "NORTH WEST",
    "GREATER MANCHESTER": "NORTH WEST",
    "LANCASHIRE AND SOUTH CUMBRIA": "NORTH WEST",
    "CUMBRIA AND NORTH EAST": "NORTH EAST AND YORKSHIRE",
    "YORKSHIRE AND HUMBER": "NORTH EAST AND YORKSHIRE",
    "EAST": "EAST OF ENGLAND",
    "CENTRAL MIDLANDS": "MIDLANDS",
    "NORTH MIDLANDS": "MIDLANDS",
    "WEST MIDLANDS": "MIDLANDS",
}
UNKNOWN = "no region named"


class NhsAeMonthly:
    """Monthly counts of England's A&E departments.

    root     folder of the monthly files, as .csv or .csv.gz; or one tidy table made of them (then without regions)
    measure  attendances (booked ones added) | attendances_type1 | over_4_hours | admissions (through A&E) |
             emergency_admissions (all) | waits_4_to_12_hours | waits_12_hours (from the decision to admit)
    level    region, with England: mergers move nobody out of one; organisation, with both as sums; or england alone
    orgs     of level organisation: reporting (in the last three months) | all | [RRK, RXK]
    delay    months, the last ones, that are not fully reported yet
    exclude  [[from, to]] months to take as missing, such as [[2020-03-01, 2021-06-01]], the break of the pandemic
    """

    def __init__(
        self,
        root: str,
        measure: str = "attendances",
        level: str = "region",
        orgs: str | Sequence[str] = "reporting",
        delay: int = 0,
        exclude: Sequence = (),
    ):
        if measure not in MEASURES:
            raise ValueError(f"measure is one of {', '.join(MEASURES)}, got {measure}")
        if level not in LEVELS:
            raise ValueError(f"level is one of {', '.join(LEVELS)}, got {level}")
        self.root, self.measure, self.level, self.orgs = Path(root).expanduser(), measure, level, orgs
        self.delay, self.exclude = delay, exclude

    def read(self) -> Counts:
        if not self.root.exists():
            raise Fault(f"there is no folder {self.root}: data.root is the folder with the monthly A&E files")
        frame, findings = (read_folder if self.root.is_dir() else read_tidy)(self.root, self.measure)
        frame, found = self._reported(frame)
        findings += found
        latest = frame.sort_values("month", kind="stable").groupby("org").last()
        region = latest["area"].map(region_of)
        findings += _areas(frame, region)
        frame["region"] = frame["org"].map(region)
        named = (region != UNKNOWN).all()
        findings += _lives(frame, self.level)
        columns = {"time": "time", "value": "value", "series": "series"}
        if self.level != "organisation":
            if self.level == "region" and not named:
                raise Fault(f"{self.root.name} names no region: say data.level=england or organisation")
            frame["series"] = frame["region"] if self.level == "region" else "England"
            frame = frame.groupby(["month", "series"], as_index=False)["value"].sum(min_count=1)
        else:
            frame["series"] = frame["org"]
            if named:
                columns |= {"hierarchy": ["region"]}
        with tempfile.TemporaryDirectory() as made:
            path = Path(made) / "A&E files by month.csv"
            frame["time"] = frame["month"].astype("datetime64[s]").dt.strftime("%Y-%m-%d")
            frame.drop(columns="month").to_csv(path, index=False)
            counts = CsvCounts(
                path=str(path),
                columns=columns,
                freq="MS",
                delay=self.delay,
                exclude=self.exclude,
                total="England" if self.level != "england" else None,
                name=f"nhs_ae_monthly, {self.measure.replace('_', ' ')}",
                licence=LICENCE.format("A&E attendances and emergency admissions"),
            ).read()
        mine = [f for f in counts.findings if f.kind not in ("unnamed column", "merged")]  # told above
        counts = dataclasses.replace(counts, findings=(*findings, *mine))
        return choose(counts, self.orgs) if self.level == "organisation" else counts

    def _reported(self, frame: pd.DataFrame) -> tuple[pd.DataFrame, list[Finding]]:
        """Without organisations that never count anything, and without trusts whose waits are written as 0."""
        findings = []
        most = frame.groupby("org")["value"].max()
        never = most.index[most.fillna(0) == 0]
        if len(never):
            text = f"{len(never)} organisations never count any {self.measure.replace('_', ' ')}: left out"
            findings.append(Finding("nothing counted", text, count=len(never)))
            frame = frame[~frame["org"].isin(never)]
        if self.measure == "over_4_hours":
            zero = frame[(frame["type1"] > BUSY) & (frame["value"] == 0)]
            if len(zero):
                trusts = sorted(zero["org"].unique())
                text = (
                    f"{len(trusts)} trusts with over {BUSY:,} attendances report nobody over 4 hours from "
                    f"{zero['month'].min():%Y-%m} on, as those did that tried other standards: left out of all sums "
                    f"({', '.join(trusts)})"
                )
                findings.append(Finding("zero month", text, count=len(zero)))
                frame = frame[~frame["org"].isin(trusts)]
        return frame.reset_index(drop=True), findings


def _lives(frame: pd.DataFrame, level: str) -> list[Finding]:
    """Which organisations merged, each with a neighbour in its region; of regions also who came and went, which sums
    do not show."""
    findings, came, went = [], [], []
    months = pd.date_range(frame["month"].min(), frame["month"].max(), freq="MS")
    time_T = months.to_numpy().astype("datetime64[s]")
    for _, own in frame.groupby("region"):
        wide = own.pivot_table(index="month", columns="org", values="value").reindex(months)
        _, found = examine(wide.to_numpy().T, time_T, tuple(wide.columns), "MS")
        findings += [
            Finding(f.kind, f.text, f.series * (level == "organisation"), f.count) for f in found if f.kind == "merged"
        ]
        went += [f.series for f in found if f.kind == "vanished"]
        came += [f.series for f in found if f.kind == "late start"]
    if level != "organisation" and went:
        text = f"{len(went)} organisations stop reporting: {listed(sorted(went))}; their months are in the sums"
        findings.append(Finding("vanished", text, count=len(went)))
    if level != "organisation" and came:
        text = f"{len(came)} organisations begin after the first month: {listed(sorted(came))}; they are in the sums"
        findings.append(Finding("late start", text, count=len(came)))
    return findings


def region_of(area: str) -> str:
    """Today's region of an area as the files name it: "NHS ENGLAND NORTH (GREATER MANCHESTER)" -> "NORTH WEST"."""
    plain = " ".join(area.upper().split()).removeprefix("NHS ENGLAND").strip()
    found = re.fullmatch(r"(.*?)\s*\((.*)\)", plain)
    if not plain:
        return UNKNOWN
    return OLDER.get(found[2], found[1]) if found else plain


def _areas(frame: pd.DataFrame, region: pd.Series) -> list[Finding]:
    """Organisations that the files put into several regions over time, after older names are understood."""
    pairs = frame[["org", "area"]].drop_duplicates()
    pairs = pairs.assign(region=pairs["area"].map(region_of)).drop_duplicates(["org", "region"])
    moved = pairs["org"][pairs["org"].duplicated()].unique()
    findings = []
    if frame["area"].nunique() > region.nunique():
        areas = frame["area"].nunique()
        text = f"{areas} names of parent organisations were met; they are {region.nunique()} regions today"
        findings.append(Finding("layout", text, count=areas))
    if len(moved):
        text = f"{', '.join(moved[:10])} moved from one region to another: all their months count for the latest one"
        findings.append(Finding("moved", text, count=len(moved)))
    return findings
