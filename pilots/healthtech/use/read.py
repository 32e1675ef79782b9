"""A file of the latest counts: one row per series of the bundle, cleaned and added up as the counts learnt from were.

Axes: S series of the bundle (the B that nothing adds up to first), T periods of the file, K columns known before the
day.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from common.fault import Fault, did_you_mean
from common.table_text import read_lines
from pilots.healthtech.data.exclude import inside
from pilots.healthtech.data.grid import UNIT, Grid, on_grid
from pilots.healthtech.data.layout import Layout, Rows, read_rows
from pilots.healthtech.data.levels import add_up
from pilots.healthtech.data.zeros import missing_as_zero

NAMED = 8  # series that a note names
LATELY = {"h": 672, "D": 28, "MS": 12}  # periods at the end that are of late: four weeks, or a year
PLAIN = ("time", "value", "series")  # names that every bundle of this pilot understands


@dataclass(frozen=True)
class Recent:
    """Counts of a file as they are known at an origin.

    first        number of the file's first period, see `period`
    y_ST         counts, NaN = not known; what is not fully reported at the origin is NaN
    origin       number of the first period to forecast
    counted_S    the series is in the file, or is a sum of such series
    rows         the rows of the file, for what is known before the day
    notes        what was assumed, repaired or passed over, one sentence each
    """

    first: int
    y_ST: np.ndarray
    origin: int
    counted_S: np.ndarray
    rows: Rows
    notes: list[str]

    @property
    def file(self) -> str:
        return self.rows.table.path.name


def period(time: Any, freq: str) -> Any:
    """The number of the period, counted from 1970, in which datetime64 times lie."""
    return np.asarray(time).astype(f"datetime64[{UNIT[freq]}]").astype(np.int64)


def start_of(number: Any, freq: str) -> Any:
    """datetime64 of the start of periods with these numbers, as fine as the frequency."""
    return np.asarray(number).astype(f"datetime64[{UNIT[freq]}]")


def bottom_of(flow: Mapping[str, Any]) -> list[str]:
    """Names of the series that nothing adds up to."""
    return flow["names"][: len(flow["sums"][0])] if flow["sums"] else flow["names"]


def read_recent(source: Path, manifest: Mapping[str, Any], start: int | None) -> Recent:
    """`start`: number of the first period to forecast; None = the one after the last count."""
    flow, table = manifest["flow"], manifest["table"]
    freq, bottom = flow["freq"], bottom_of(flow)
    layout = layout_for(source, manifest)
    rows = read_rows(source, layout, setting=None)
    _possible_counts(rows, manifest)
    grid = on_grid(rows, layout)
    row_B, notes = _known_series(source.name, grid, flow["names"], bottom, table.get("total_rows", []))
    y_BT = np.where(row_B[:, None] >= 0, grid.y_BT[row_B], np.nan)
    first = int(period(grid.time_T[0], freq))
    counted = np.flatnonzero(np.isfinite(y_BT).any(axis=0))
    if not len(counted):
        raise Fault(f"{source.name} holds no count of the series learnt: {_list(bottom)}")
    origin = first + int(counted[-1]) + 1 if start is None else start
    silent_T = first + np.arange(y_BT.shape[1]) >= origin - flow["delay"]  # not fully reported, or after the origin
    for pair in table.get("exclude", []):
        silent_T |= inside(pair, grid.time_T)
    raw_BT = np.where(silent_T, np.nan, y_BT)
    keep = table.get("zeros") == "keep"
    y_BT, _ = missing_as_zero(raw_BT, grid.time_T, tuple(bottom), freq, keep=keep)
    y_UT = _upper(y_BT, grid, flow, table, silent_T)
    notes += _late_zeros(np.isfinite(raw_BT) & np.isnan(y_BT), bottom, freq)
    absent_B = row_B < 0
    absent_S = (np.array(flow["sums"]) @ absent_B > 0) if flow["sums"] else absent_B
    said = [finding.text for finding in grid.findings]
    notes = [*rows.notes, *notes, *said, *_unused(rows, layout, table)]
    return Recent(first, np.concatenate([y_BT, y_UT]), origin, ~absent_S, rows, notes)


def layout_for(source: Path, manifest: Mapping[str, Any]) -> Layout:
    """How this file is written: as the one learnt from, or plainly, with one row or one column per series."""
    table, flow = manifest["table"], manifest["flow"]
    header = read_lines(source, table.get("separator")).header
    own = Layout.of_table(table) if table else None
    plain = own or Layout("time", ("value",), flow["freq"], future=tuple((name, "known") for name in flow["future"]))
    plain = dataclasses.replace(plain, time="time", value=("value",), series="", hierarchy=())
    if own:
        own = dataclasses.replace(own, hierarchy=())  # the bundle knows who belongs to whom
        needed = {own.time, own.series or own.time, *(own.value if own.value != ("*",) else ())}
        if needed <= set(header) or "time" not in header:
            return own
    if "value" in header:
        return dataclasses.replace(plain, series="series" if "series" in header else "")
    return dataclasses.replace(plain, value=tuple(name for name in header if name in flow["names"]) or ("*",))


def _known_series(
    file: str, grid: Grid, names: list[str], bottom: list[str], total_rows: list[str]
) -> tuple[np.ndarray, list[str]]:
    """row_B: row of the grid of each series that nothing adds up to, -1 where the file lacks it; and notes."""
    found = list(grid.names_B)
    if len(bottom) == 1 and len(found) == 1 and found[0] in PLAIN:
        found = list(bottom)  # a file with one column of counts need not name the one series
    row_B = np.array([found.index(name) if name in found else -1 for name in bottom])
    if (row_B < 0).all():
        odd = found[0]
        raise Fault(f"{file}: the bundle has not learnt the series '{odd[:40]}': {did_you_mean(odd, bottom)}")
    notes = []
    absent = [name for name, row in zip(bottom, row_B, strict=True) if row < 0]
    if absent:
        notes.append(f"Not in the file, so without a forecast, and so is every sum they belong to: {_list(absent)}")
    strange = [name for name in found if name not in names]
    if strange:
        notes.append(f"Not among the series learnt, so without a forecast: {_list(strange)}")
    summed = [name for name in found if name in names and name not in bottom and name not in total_rows]
    if summed:
        notes.append(f"Added up from their parts; the file's own counts of them are not used: {_list(summed)}")
    return row_B, notes


def _upper(
    y_BT: np.ndarray, grid: Grid, flow: Mapping[str, Any], table: Mapping[str, Any], silent_T: np.ndarray
) -> np.ndarray:
    """Counts of the sums: added up, except those that the file learnt from brought along as rows of its own."""
    bottom = len(y_BT)
    names_U = flow["names"][bottom:]
    if not names_U:
        return y_BT[:0]
    y_UT, _ = add_up(y_BT, np.array(flow["sums"][bottom:], float), names_U, flow["freq"], silent_T | grid.clock_T)
    for u, name in enumerate(names_U):
        if name in table.get("total_rows", []) and name in grid.names_B:
            y_UT[u] = np.where(silent_T, np.nan, grid.y_BT[grid.names_B.index(name)])
    return y_UT


def _late_zeros(zero_BT: np.ndarray, bottom: list[str], freq: str) -> list[str]:
    """Impossible zeros that a forecast would otherwise have rested on; those of years ago are no news."""
    late_B = zero_BT[:, -LATELY[freq] :].any(axis=1)
    if not late_B.any():
        return []
    names = _list([bottom[b] for b in np.flatnonzero(late_B)])
    return [f"Zeros of late that the usual level makes impossible are taken as missing: {names}"]


def _possible_counts(rows: Rows, manifest: Mapping[str, Any]) -> None:
    """A count far beyond all that was learnt is a typing error, or in another unit."""
    most = next(tensor["high"] for tensor in manifest["inputs"] if tensor["name"] == "counts")
    frame = rows.frame
    wrong_R = frame["value"].to_numpy(float) > (np.inf if most is None else most)
    wrong_R &= frame["series"].isin([*manifest["flow"]["names"], *PLAIN]).to_numpy()
    if wrong_R.any():
        row = int(np.argmax(wrong_R))
        column = "value" if "value" in rows.table.place else str(frame["series"].iloc[row])
        raise Fault(
            f"{rows.table.where(column, frame.index[row])} = {frame['value'].iloc[row]:.10g} is above {most:g}, a "
            "hundred times the highest count learnt: correct it, or leave it empty"
        )


def _unused(rows: Rows, layout: Layout, table: Mapping[str, Any]) -> list[str]:
    extra = [name for name in rows.extra if name not in table.get("columns", {}).get("hierarchy", [])]
    return [f"Columns that the model does not look at: {_list(extra)}"] if extra else []


def _list(names: list[str]) -> str:
    shown = ", ".join(name[:40] for name in names[:NAMED])
    return shown + (f" and {len(names) - NAMED:,} more" if len(names) > NAMED else "")
