"""The latest counts, written as the bundle's table says or plainly as time, value, series: one window per series.

Axes: S series of the bundle (the B that nothing adds up to first), L past periods, W = L + H with the steps ahead,
T periods of the file, K columns known before the day.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from common.fault import Fault, did_you_mean
from common.table_text import read_lines
from pilots.healthtech.data.contract import PERIOD
from pilots.healthtech.data.grid import UNIT, Grid, on_grid
from pilots.healthtech.data.layout import Layout, Rows, read_rows

NAMED = 8  # series that a note names
PLAIN = ("time", "value", "series")  # names that every bundle of this pilot understands


@dataclass(frozen=True)
class Latest:
    """What the graph is asked with, and what was found in the file.

    y_SL         counts of the periods before the origin, oldest first, NaN = not known
    time_W       datetime64[s], start of each of those periods and of the steps ahead
    future_SWK   columns known before the day; None where the bundle has none
    counted_S    the series is in the file, or is a sum of such series
    last_S       datetime64[s] of each series' last count in the file that may be looked at; NaT = none
    from_file    True where the origin follows from the last count, False where it was asked for
    notes        what was assumed, repaired or passed over, one sentence each
    """

    y_SL: np.ndarray
    time_W: np.ndarray
    future_SWK: np.ndarray | None
    counted_S: np.ndarray
    last_S: np.ndarray
    from_file: bool
    notes: list[str]


def read_latest(source: Path, manifest: Mapping[str, Any], start: str | None = None) -> Latest:
    """The windows that end where reporting has come to at `start` (None = after the last count)."""
    flow = manifest["flow"]
    layout, table = layout_for(source, manifest)
    rows = read_rows(source, layout, setting=None)
    grid = on_grid(rows, layout)
    bottom = flow["names"][: len(flow["sums"][0])] if flow["sums"] else flow["names"]
    rows_B, notes = _known_series(source.name, grid, flow["names"], bottom)
    _possible_counts(rows, manifest, bottom)
    y_BT = np.where(rows_B[:, None] >= 0, grid.y_BT[rows_B], np.nan)
    unit = f"datetime64[{UNIT[flow['freq']]}]"
    first = int(grid.time_T[0].astype(unit).astype(np.int64))
    last = first + int(np.flatnonzero(np.isfinite(y_BT).any(axis=0)).max(initial=-1))
    origin = last + 1 if start is None else _period(start, flow["freq"])
    end = origin - flow["delay"]  # what comes after it is not fully reported
    at_W = np.arange(end - flow["past"], end + flow["horizon"])
    y_BL = _taken(y_BT, at_W[: flow["past"]] - first)
    if not np.isfinite(y_BL).any():
        word, time_W = PERIOD[flow["freq"]], at_W.astype(unit)
        raise Fault(
            f"{source.name} holds no count of the {flow['past']:,} {word}s up to {time_W[flow['past'] - 1]}, which the "
            f"model looks back on; its counts run from {np.array(first).astype(unit)} to {np.array(last).astype(unit)}"
        )
    seen_BT = np.where(first + np.arange(y_BT.shape[1]) < end, y_BT, np.nan)
    y_SL, seen_ST = (_with_sums(y, flow["sums"]) for y in (y_BL, seen_BT))
    some_S = np.isfinite(seen_ST).any(axis=1)
    newest_S = first + seen_ST.shape[1] - 1 - np.argmax(np.isfinite(seen_ST)[:, ::-1], axis=1)
    return Latest(
        y_SL,
        at_W.astype(unit).astype("datetime64[s]"),
        _future(rows, flow, bottom, at_W, source.name) if flow["future"] else None,
        _with_sums(np.where(rows_B >= 0, 0.0, np.nan)[:, None], flow["sums"])[:, 0] == 0,
        np.where(some_S, newest_S.astype(unit).astype("datetime64[s]"), np.datetime64("NaT")),
        start is None,
        [*rows.notes, *notes, *(f.text for f in grid.findings), *_unused(rows, table)],
    )


def layout_for(source: Path, manifest: Mapping[str, Any]) -> tuple[Layout, Mapping[str, Any]]:
    """How this file is written: as the one learnt from, or plainly, one row or one column per series."""
    table, flow = manifest["table"], manifest["flow"]
    header = read_lines(source, table.get("separator")).header
    own = Layout.of_table({**table, "hierarchy": [], "freq": flow["freq"]}) if table else None
    needed = (
        [own.time, *(own.value if own.value != ("*",) else ()), *([own.series] if own.series else [])] if own else []
    )
    if own and (set(needed) <= set(header) or "time" not in header):
        return own, table
    plain = Layout("time", ("value",), flow["freq"], future=tuple((name, "known") for name in flow["future"]))
    if own:
        plain = dataclasses.replace(own, time="time", value=("value",), series="", future=own.future, freq=flow["freq"])
    if "value" in header:
        return dataclasses.replace(plain, series="series" if "series" in header else ""), table
    columns = tuple(name for name in header if name in flow["names"])
    return dataclasses.replace(plain, value=columns or ("*",)), table


def _known_series(file: str, grid: Grid, names: list[str], bottom: list[str]) -> tuple[np.ndarray, list[str]]:
    """rows_B: row of the grid of each series that nothing adds up to, -1 where the file lacks it; and notes."""
    found = list(grid.names_B)
    if len(bottom) == 1 and len(found) == 1 and found[0] in PLAIN:
        found = list(bottom)  # a file of one column of counts need not name the one series
    rows_B = np.array([found.index(name) if name in found else -1 for name in bottom])
    if (rows_B < 0).all():
        raise Fault(
            f"{file} has no series of this bundle; its first is '{found[0][:40]}': {did_you_mean(found[0], bottom)}"
        )
    notes = []
    absent = [name for name, row in zip(bottom, rows_B, strict=True) if row < 0]
    if absent:
        notes.append(f"not in the file, so without a forecast, as is every sum they belong to: {_list(absent)}")
    strange = [name for name in found if name not in names]
    if strange:
        notes.append(f"in the file, but not among the series learnt, so without a forecast: {_list(strange)}")
    summed = [name for name in found if name in names and name not in bottom]
    if summed:
        notes.append(f"added up from their parts; the counts of their own in the file are not used: {_list(summed)}")
    return rows_B, notes


def _possible_counts(rows: Rows, manifest: Mapping[str, Any], bottom: list[str]) -> None:
    """A count far beyond all that was learnt is a typing error, or another unit."""
    most = next(tensor["high"] for tensor in manifest["inputs"] if tensor["name"] == "counts")
    frame = rows.frame
    wrong_R = (frame["value"].to_numpy() > most) & frame["series"].isin([*bottom, *PLAIN]).to_numpy()
    if most is not None and wrong_R.any():
        row = int(np.argmax(wrong_R))
        column = "value" if "value" in rows.table.place else str(frame["series"].iloc[row])
        raise Fault(
            f"{rows.table.where(column, frame.index[row])} = {frame['value'].iloc[row]:.10g} is beyond {most:g}, a "
            "hundred times the highest count learnt: correct it, or leave it empty"
        )


def _period(text: str, freq: str) -> int:
    """The number of the period that begins at this stamp."""
    try:
        stamp = pd.Timestamp(text)
    except ValueError as err:
        raise Fault(f"--from {text[:40]} is no date: write it as 2026-03-01 or 2026-03-01T06:00") from err
    if stamp is pd.NaT or stamp.tzinfo is not None:
        raise Fault(f"--from {text[:40]} is no date on the wall clock: write it as 2026-03-01 or 2026-03-01T06:00")
    moment = stamp.to_datetime64().astype("datetime64[s]")
    start = moment.astype(f"datetime64[{UNIT[freq]}]")
    if start.astype("datetime64[s]") != moment:
        raise Fault(f"--from {text[:40]} lies inside a {PERIOD[freq]}: name its start, {start!s}")
    return int(start.astype(np.int64))


def _taken(y_BT: np.ndarray, at_L: np.ndarray) -> np.ndarray:
    """Counts at these places of the file, NaN beyond its ends."""
    inside_L = (at_L >= 0) & (at_L < y_BT.shape[1])
    y_BL = np.full((len(y_BT), len(at_L)), np.nan)
    y_BL[:, inside_L] = y_BT[:, at_L[inside_L]]
    return y_BL


def _with_sums(y_BT: np.ndarray, sums: list[list[int]]) -> np.ndarray:
    """Every series of the bundle; a sum of which a part is missing is missing."""
    if not sums:
        return y_BT
    return np.stack([y_BT[np.array(row) > 0].sum(axis=0) for row in sums])


def _future(rows: Rows, flow: Mapping[str, Any], bottom: list[str], at_W: np.ndarray, file: str) -> np.ndarray:
    """future_SWK; the days behind may lack a value, the ones ahead may not."""
    period_R = rows.frame["time"].to_numpy().astype(f"datetime64[{UNIT[flow['freq']]}]").astype(np.int64)
    inside_R = (period_R >= at_W[0]) & (period_R <= at_W[-1])
    one = len(bottom) == 1
    code_R = np.zeros(len(period_R), int) if one else pd.Index(bottom).get_indexer(rows.frame["series"])
    inside_R &= code_R >= 0
    x_BWK = np.full((len(bottom), len(at_W), len(flow["future"])), np.nan)
    for k, name in enumerate(flow["future"]):
        x_BWK[code_R[inside_R], period_R[inside_R] - at_W[0], k] = rows.frame[name].to_numpy(float)[inside_R]
    present_B = np.isin(bottom, rows.frame["series"].unique()) | one
    gap_BHK = np.isnan(x_BWK[present_B, flow["past"] :])
    if gap_BHK.any():
        b, h, k = (int(axis[0]) for axis in np.nonzero(gap_BHK))
        when = at_W[flow["past"] + h].astype(f"datetime64[{UNIT[flow['freq']]}]")
        of = "" if one else f" of {np.array(bottom)[present_B][b]}"
        raise Fault(
            f"{file} has no '{flow['future'][k]}'{of} for {when}; it must be known for the {flow['horizon']} "
            f"{PERIOD[flow['freq']]}s ahead: add their rows with the count left empty"
        )
    if not flow["sums"]:
        return x_BWK
    part_SB = np.array(flow["sums"], float)
    known_BWK = np.isfinite(x_BWK)
    total = np.einsum("sb,bwk->swk", part_SB, np.where(known_BWK, x_BWK, 0.0))
    number = np.einsum("sb,bwk->swk", part_SB, known_BWK.astype(float))
    return total / np.where(number > 0, number, np.nan)


def _unused(rows: Rows, table: Mapping[str, Any]) -> list[str]:
    extra = [name for name in rows.extra if name not in table.get("hierarchy", [])]
    return [f"columns that the model does not look at: {_list(extra)}"] if extra else []


def _list(names: list[str]) -> str:
    shown = ", ".join(name[:40] for name in names[:NAMED])
    return shown + (f" and {len(names) - NAMED:,} more" if len(names) > NAMED else "")
