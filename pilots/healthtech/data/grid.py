"""Rows of a file on one regular grid of hours, days or months; what does not fit is refused or reported.

Right of the waist too: numpy, pandas and `common` only.
Axes: R rows of the file, B series, T periods, K future columns.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from common.fault import Fault
from common.table_time import AS_IS
from pilots.healthtech.data.clock import changes, half_counted, skipped, wrong_clock
from pilots.healthtech.data.contract import PERIOD, Finding
from pilots.healthtech.data.layout import Layout, Rows
from pilots.healthtech.data.words import number

UNIT = {"h": "h", "D": "D", "MS": "M"}  # numpy's word for one period
MOST_SERIES = 5_000
MOST_CELLS = 50_000_000  # series x periods; 400 MB, and far more than any hospital has
EMPTY = 0.95  # share of periods that no series has, from which on a stamp must be a typing error


@dataclass(frozen=True)
class Grid:
    """Counts as the file has them: time_T datetime64[s], y_BT and future_BTK float64, NaN = not known.

    clock_T  True where the clocks change: an hour that never was, or came twice and was counted once
    group_B  level -> what each series belongs to, "" = nothing
    """

    time_T: np.ndarray
    y_BT: np.ndarray
    names_B: tuple[str, ...]
    clock_T: np.ndarray
    future_BTK: np.ndarray
    group_B: dict[str, tuple[str, ...]]
    findings: tuple[Finding, ...]


def on_grid(rows: Rows, layout: Layout) -> Grid:
    """Every row at its period, every (series, period) once."""
    findings = []
    period_R, found = _periods(rows, layout)
    findings += found
    code_R, names = pd.factorize(rows.frame["series"], sort=not layout.wide)
    if len(names) > MOST_SERIES:
        file = rows.table.path.name
        raise Fault(f"{file} has {len(names):,} series; at most {MOST_SERIES:,} are read: is it the right column?")
    y_R = rows.frame["value"].to_numpy(float)
    if not np.isfinite(y_R).any():
        raise Fault(f"{rows.table.path.name} holds not one count: every value is missing")
    counted = period_R[np.isfinite(y_R)]
    first, last = int(counted.min()), int(counted.max())
    _possible(rows, layout, period_R, len(names), first, last)
    inside_R = (period_R >= first) & (period_R <= last)
    ahead = len(np.unique(period_R[period_R > last]))
    if ahead:
        findings.append(
            Finding(
                "no count yet", f"{number(ahead, layout.freq)} after the last count hold none: left out", count=ahead
            )
        )
    time_T = (first + np.arange(last - first + 1)).astype(f"datetime64[{UNIT[layout.freq]}]").astype("datetime64[s]")
    clock = layout.freq == "h" and layout.timezone != AS_IS
    none_T = np.zeros(len(time_T), bool)
    gone_T, twice_T = changes(time_T, layout.timezone) if clock else (none_T, none_T)
    at_R = np.where(inside_R, code_R * len(time_T) + period_R - first, -1)
    again, earlier = _doubles(rows, layout, at_R, twice_T)
    size = len(names) * len(time_T)
    y = np.full(size, 0.0 if layout.absent == "zero" else np.nan)
    y[at_R[inside_R]] = y_R[inside_R]
    y[at_R[again]] = y_R[again] + y_R[earlier]
    y_BT, counted_B = y.reshape(len(names), -1), np.zeros(len(names), bool)
    rows_BT = np.bincount(at_R[inside_R], minlength=size).reshape(y_BT.shape)
    y_BT[(rows_BT == 0) & gone_T] = np.nan
    half_BT, found = half_counted(y_BT, rows_BT, twice_T, rows.zoned)
    y_BT[half_BT] = np.nan
    findings += [*found, *skipped(y_BT, time_T, gone_T)]
    if clock:
        findings += wrong_clock(y_BT, time_T, layout.timezone, rows.zoned)
    counted_B[np.unique(code_R[np.isfinite(y_R)])] = True
    for name in names[~counted_B]:
        findings.append(Finding("empty series", f"{name} has not one count: left out", str(name)))
    future_BTK = np.full((size, len(layout.future)), np.nan)
    for k, (name, _) in enumerate(layout.future):
        future_BTK[at_R[inside_R], k] = rows.frame[name].to_numpy(float)[inside_R]
    return Grid(
        time_T,
        y_BT[counted_B],
        tuple(map(str, names[counted_B])),
        gone_T | half_BT.any(axis=0),
        future_BTK.reshape(*y_BT.shape, -1)[counted_B],
        {level: tuple(np.array(_groups(rows, level, code_R, names))[counted_B]) for level in layout.hierarchy},
        tuple(findings),
    )


def _periods(rows: Rows, layout: Layout) -> tuple[np.ndarray, list[Finding]]:
    """The number of each row's period since 1970; stamps inside a period are set to its start where that is safe."""
    stamp_R = rows.frame["time"].to_numpy().astype("datetime64[s]")
    start_R = stamp_R.astype(f"datetime64[{UNIT[layout.freq]}]")
    period_R = start_R.astype(np.int64)
    inside_R = (stamp_R - start_R.astype("datetime64[s]")).astype(np.int64)  # seconds after the period's start
    if not inside_R.any():
        return period_R, []
    usual = int(np.bincount(inside_R % (31 * 86400)).argmax())
    odd_R = inside_R != usual
    if layout.freq == "D" and rows.zoned:  # a day's stamp in UTC moves by an hour with the clocks
        odd_R &= np.abs(inside_R - usual) != 3600
    if layout.freq != "MS" and odd_R.any():
        row = int(np.argmax(odd_R))
        whole_hours = not (inside_R % 3600).any()
        taker = f"{rows.table.setting}.freq={layout.freq}" if rows.table.setting else "the model"
        hours = layout.freq == "D" and whole_hours and rows.table.setting
        raise Fault(
            f"{_where(rows, row)} lies inside {_a(layout.freq)} at another place than the others, and {taker} takes "
            f"one count for {_a(layout.freq)}: {f'say {rows.table.setting}.freq=h' if hours else 'add them up before'}"
        )
    row = int(np.argmax(inside_R > 0))
    text = f"Times such as {rows.frame['text'].iloc[row]} are taken as the {PERIOD[layout.freq]} they lie in"
    return period_R, [Finding("time of day", text, count=int((inside_R > 0).sum()))]


def _possible(rows: Rows, layout: Layout, period_R: np.ndarray, series: int, first: int, last: int) -> None:
    """Refuse stamps that cannot be meant: another frequency, or a year mistyped."""
    name, periods = rows.table.path.name, last - first + 1
    had = np.unique(period_R[(period_R >= first) & (period_R <= last)])
    step = int(np.median(np.diff(had))) if len(had) > 1 else 1
    if step > 1 and layout.absent == "missing":
        better = {("h", 24): "D", ("D", 28): "MS", ("D", 30): "MS", ("D", 31): "MS"}.get((layout.freq, step))
        setting = rows.table.setting
        taker = f"{setting}.freq={layout.freq}" if setting else "the model"
        remedy = f": say {setting}.freq={better}" if setting and better else ""
        raise Fault(f"{name}: its rows are {number(step, layout.freq)} apart, {taker} wants 1{remedy}")
    if (layout.absent == "missing" and len(had) < (1 - EMPTY) * periods) or series * periods > MOST_CELLS:
        widest = int(np.argmax(np.diff(had))) if len(had) > 1 else 0
        row = int(np.argmax(period_R == (had[widest + 1] if widest + 1 > len(had) // 2 else had[widest])))
        raise Fault(
            f"{_where(rows, row)} makes the file span {number(periods, layout.freq)} for {series:,} series, nearly "
            "all without a count: correct the date, or name the right column for the series"
        )


def _doubles(rows: Rows, layout: Layout, at_R: np.ndarray, twice_T: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows with the second count of an hour that came twice, and those with the first; all others are refused."""
    order_R = np.argsort(at_R, kind="stable")
    same = at_R[order_R[1:]] == at_R[order_R[:-1]]
    same &= at_R[order_R[1:]] >= 0
    again, earlier = order_R[1:][same], order_R[:-1][same]
    text = rows.frame["text"].to_numpy()
    fits = twice_T[at_R[again] % len(twice_T)] & ~np.isin(earlier, again)
    if rows.zoned:
        fits &= text[again] != text[earlier]
    if fits.all():
        return again, earlier
    wrong = np.flatnonzero(~fits)
    first = wrong[np.argmin(again[wrong])]
    row, other = int(again[first]), int(earlier[first])
    more = f" ({len(wrong) - 1:,} more like it)" if len(wrong) > 1 else ""
    series = "" if len(rows.frame["series"].unique()) == 1 else f" for {rows.frame['series'].iloc[row]}"
    if rows.extra and not layout.wide and rows.table.setting:
        remedy = f"Keep one of them; or does a column tell them apart ({', '.join(rows.extra[:5])})? Then name it with "
        remedy += f"{rows.table.setting}.columns.series"
    else:
        remedy = "Keep one of them"
    raise Fault(
        f"{_where(rows, row)} is the second count of its {PERIOD[layout.freq]}{series}, the first is in line "
        f"{rows.frame.index[other]}{more}. {remedy}"
    )


def _groups(rows: Rows, level: str, code_R: np.ndarray, names: pd.Index) -> tuple[str, ...]:
    """What each series belongs to at a level."""
    pairs = pd.DataFrame(
        {"series": code_R, "group": rows.frame[level].fillna("").to_numpy(), "row": np.arange(len(code_R))}
    )
    pairs = pairs.drop_duplicates(["series", "group"])
    again = pairs[pairs["series"].duplicated()]
    if len(again):
        row = int(again["row"].iloc[0])
        here, series = again["group"].iloc[0], names[int(again["series"].iloc[0])]
        other = pairs[pairs["series"] == again["series"].iloc[0]]["group"].iloc[0]
        raise Fault(
            f"{rows.table.path.name} line {rows.frame.index[row]}: {series} belongs to {level} '{here}', and to "
            f"'{other}' further up: give it one {level}, the one it belongs to now"
        )
    return tuple(pairs.sort_values("series")["group"].astype(str))


def _where(rows: Rows, row: int) -> str:
    line = rows.frame.index[row]
    return f"{rows.table.where('time', line)} = '{rows.frame['text'].iloc[row][:40]}'"


def _a(freq: str) -> str:
    return "an hour" if freq == "h" else f"a {PERIOD[freq]}"
