"""NHS England's monthly A&E files by provider, as published: a CSV per month whose columns change over the years.

What is known of them, April 2018 to December 2021:
    three headers: "Number of" comes and goes, "Booked Appointments" columns begin in August 2020; one file has a BOM
    one row is the total, marked in its name or in every column; one file ends with an empty row; names end with blanks
    the parent organisation is one of 14 areas until March 2020, then one of seven regions
    booked appointments are not part of the "A&E attendances" columns: published totals add them
The tidy tables that others have made of them (a row per month and organisation, or per type as well) are read too.

Axis R: rows, an organisation and month each.
"""

from __future__ import annotations

import calendar
import math
import re
from collections import defaultdict
from pathlib import Path

import numpy as np
import pandas as pd

from common.fault import Fault
from common.table import Column, open_table, read_table
from common.table_text import read_lines
from pilots.healthtech.data.contract import Finding

MONTHS = [month.upper() for month in calendar.month_name[1:]]
PLACES = {"period": "Period", "org": "Org Code", "area": "Parent Org", "name": "Org name"}
MEASURES = {  # measure: what its columns are called, once "Number of" and upper case are gone
    "attendances": r"a&e attendances .*",
    "attendances_type1": r"a&e attendances (booked appointments )?type 1",
    "over_4_hours": r"attendances over 4hrs .*",
    "admissions": r"emergency admissions via a&e .*",
    "emergency_admissions": r"(emergency admissions via a&e .*|other emergency admissions)",
    "waits_4_to_12_hours": r"patients who have waited 4-12 hs from dta to admission",
    "waits_12_hours": r"patients who have waited 12\+ hrs from dta to admission",
}
TIDY = {  # measure: its column in a table with a row per month and organisation, and in one with a row per type too
    "attendances": ("total", "attendances"),
    "attendances_type1": ("type1", ""),
    "over_4_hours": ("", "breaches"),
    "admissions": ("", "admissions"),
}


def read_folder(root: Path, measure: str) -> tuple[pd.DataFrame, list[Finding]]:
    """Columns month (datetime64[M]), org, name, area, value and type1 (for the check of waiting times), a row per
    organisation and month; totals are taken out. Findings: headers met, total rows, columns nobody asked for."""
    paths = sorted(path for path in root.iterdir() if re.search(r"\.csv(\.gz|\.xz)?$", path.name.lower()))
    if not paths:
        raise Fault(f"{root} holds no CSV: data.root is the folder with the monthly A&E files, as .csv or .csv.gz")
    parts, headers, unknown = [], defaultdict(list), defaultdict(int)
    total_rows, worst, seen = 0, 0.0, {}
    for path in paths:
        header = tuple(read_lines(path).header)
        frame, extra = _one(path, header, measure)
        total_R = _is_total(frame)
        for name in extra:
            unknown[name] += 1
        month = _month(frame[~total_R], path)
        if month in seen:
            raise Fault(f"{path.name} and {seen[month]} are both for {month}: keep the later revision of them")
        seen[month] = path.name
        headers[header].append(month)
        total_rows += int(total_R.sum())
        if total_R.any():
            worst = max(worst, float(np.abs(frame["value"][total_R] - frame["value"][~total_R].sum()).max()))
        parts.append(frame[~total_R].assign(month=month))
    findings = [_headers(headers)]
    if total_rows:
        text = f"{total_rows} rows are totals of their file and were left out; they differ from the sum of the rows by "
        findings.append(Finding("total row", f"{text}{worst:,.0f} at most", count=total_rows))
    findings += [
        Finding("unnamed column", f"Column '{name[:80]}' of {files} files is not known and not used", count=files)
        for name, files in unknown.items()
    ]
    return pd.concat(parts, ignore_index=True), findings


def read_tidy(path: Path, measure: str) -> tuple[pd.DataFrame, list[Finding]]:
    """The same columns from one table: date or period, org_code, and type1 to total, or type and attendances."""
    header = read_lines(path).header
    by_type = "type" in header
    value = TIDY.get(measure, ("", ""))[by_type]
    month = next((name for name in ("date", "period") if name in header), None)
    if month is None or "org_code" not in header or value not in header:
        raise Fault(
            f"{path.name} has the columns {', '.join(header)[:200]}: for data.measure={measure} a table has date or "
            f"period, org_code and {value or 'the published files in a folder'}"
        )
    theirs = {"month": month, "org": "org_code", "name": "org_name", "type": "type", "value": value, "type1": "type1"}
    if value == "type1":
        theirs.pop("type1")
    columns = [
        Column("month", "", -math.inf, math.inf, kind="time"),
        *_texts("org", "name", "type"),
        Column("value", "patients", 0, math.inf),
        Column("type1", "patients", 0, math.inf),
    ]
    there = {ours: name for ours, name in theirs.items() if name in header}
    frame = read_table(path, [column for column in columns if column.name in there], names=there)
    frame = frame.assign(month=frame["month"].to_numpy().astype("datetime64[M]"), area="")
    broken_R = frame["value"] % 1 > 0
    frame["value"] = frame["value"].mask(broken_R)
    if by_type:
        frame["type1"] = frame["value"].where(frame["type"] == "1", 0.0)
        frame = frame.groupby(["month", "org", "area"], as_index=False)[["value", "type1"]].sum(min_count=1)
    elif value == "type1":
        frame["type1"] = frame["value"]
    if "name" not in frame:
        frame["name"] = frame["org"]
    findings = []
    if broken_R.any():
        where = f"(first in line {broken_R.idxmax()})"
        text = f"{int(broken_R.sum())} values are no whole numbers {where}: estimates, taken as missing"
        findings.append(Finding("estimate", text, count=int(broken_R.sum())))
    return frame[["month", "org", "name", "area", "value", "type1"]].reset_index(drop=True), findings


def _one(path: Path, header: tuple[str, ...], measure: str) -> tuple[pd.DataFrame, list[str]]:
    """One file: its places, the measure's columns added up, and names of columns that no measure uses."""
    plain = {re.sub(r"^number of ", "", " ".join(name.lower().split())): name for name in header}
    wanted = [name for short, name in plain.items() if re.fullmatch(MEASURES[measure], short)]
    if not wanted:
        raise Fault(f"{path.name} has no column for data.measure={measure}; it has {', '.join(header)[:300]}")
    type1 = [name for short, name in plain.items() if re.fullmatch(MEASURES["attendances_type1"], short)]
    columns = [*_texts(*PLACES), *(_count(name) for name in dict.fromkeys([*wanted, *type1]))]
    table = open_table(path, columns, names=PLACES)
    frame = table.frame(columns)
    counted = frame[[*dict.fromkeys([*wanted, *type1])]]
    if ((counted < 0) | (counted % 1 > 0)).any(axis=None):
        table.check(frame, columns)  # says where; a schema for each of 45 files would take longer than to read them
    for ours, theirs in PLACES.items():
        if ours not in frame:
            raise Fault(f"{path.name} has no column '{theirs}': it is not one of the monthly A&E files by provider")
        frame[ours] = frame[ours].fillna("").str.strip()
    frame["value"] = frame[wanted].sum(axis=1, min_count=1)
    frame["type1"] = frame[type1].sum(axis=1)
    known = [name for s, name in plain.items() if any(re.fullmatch(m, s) for m in MEASURES.values())]
    extra = [name for name in header if name and name not in known and name not in PLACES.values()]
    return frame[[*PLACES, "value", "type1"]], extra


def _is_total(frame: pd.DataFrame) -> np.ndarray:
    return np.logical_or.reduce([frame[column].str.upper().str.strip() == "TOTAL" for column in PLACES])


def _month(frame: pd.DataFrame, path: Path) -> np.datetime64:
    """The month that all rows of a file name, as MSitAE-APRIL-2020."""
    periods = frame["period"].unique()
    found = re.fullmatch(r"MSITAE-([A-Z]+)-(\d{4})", periods[0].upper()) if len(periods) else None
    if len(periods) != 1 or found is None or found[1] not in MONTHS:
        shown = ", ".join(map(str, periods[:3]))
        raise Fault(f"{path.name}: column Period says {shown or 'nothing'}, not one month such as MSitAE-APRIL-2020")
    twice = frame["org"].duplicated()
    if twice.any():
        line = frame.index[np.argmax(twice)]
        raise Fault(f"{path.name} line {line}: {frame['org'][line]} is in the file twice: keep one of its rows")
    return np.datetime64(f"{found[2]}-{MONTHS.index(found[1]) + 1:02d}", "M")


def _headers(headers: dict[tuple[str, ...], list[np.datetime64]]) -> Finding:
    parts = [f"{len(h)} columns in {len(m)} files ({min(m)} to {max(m)})" for h, m in headers.items()]
    text = f"{len(headers)} different headers were met: {'; '.join(parts)}"
    return Finding("layout", text, count=len(headers))


def _texts(*names: str) -> list[Column]:
    return [Column(name, "", -math.inf, math.inf, required=False, kind="text") for name in names]


def _count(name: str) -> Column:
    return Column(name, "patients", 0, math.inf, kind="integer")
