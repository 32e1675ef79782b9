"""How a file of counts is written, and its rows read: the same for the file learnt from and for the next one.

Right of the waist too: numpy, pandas and `common` only. Axis R: rows of the file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from common.fault import Fault, did_you_mean
from common.table import Column, Table, open_table
from common.table_time import AS_IS, read_times, zone_of

FREQS = {"h": "h", "d": "D", "ms": "MS"}  # written in any case
FUTURE = ("forecast", "known")  # how a column can be known before the day it is about
SAME = ("freq", "timezone", "absent", "date_format", "decimal", "separator")  # kept word for word
MOST = 1e9  # a count above it is no number of patients


@dataclass(frozen=True)
class Layout:
    """How a file of counts is written.

    time, series   the file's columns; series "" = one series, or one column per series
    value          the column of counts; several = wide, one series each; "*" = every column that is nothing else
    hierarchy      columns that say what a series belongs to, from the finest (trust) to the coarsest (region)
    future         column -> forecast or known: what is known of a day before it comes
    freq           h, D or MS
    timezone       clock for stamps that state a zone; "as_is" keeps the clock they state
    absent         missing or zero: what a period without a row means
    """

    time: str
    value: tuple[str, ...]
    freq: str
    series: str = ""
    hierarchy: tuple[str, ...] = ()
    future: tuple[tuple[str, str], ...] = ()
    timezone: str = "Europe/London"
    absent: str = "missing"
    missing: tuple[str, ...] = ()
    date_format: str | None = None
    decimal: str = "point"
    separator: str | None = None

    @property
    def wide(self) -> bool:
        return len(self.value) > 1 or self.value == ("*",)

    def table(self) -> dict:
        """As plain words and lists, for a bundle."""
        value = self.value[0] if len(self.value) == 1 else list(self.value)
        columns = {"time": self.time, "value": value, "series": self.series, "hierarchy": list(self.hierarchy)}
        same = {key: getattr(self, key) for key in SAME}
        return {"columns": columns, **same, "missing": list(self.missing), "future": dict(self.future)}

    @classmethod
    def of_table(cls, table: Mapping) -> Layout:
        """The layout that a bundle keeps; words it does not know belong to others."""
        columns, value = table["columns"], table["columns"]["value"]
        return cls(
            time=columns["time"],
            value=(value,) if isinstance(value, str) else tuple(value),
            series=columns.get("series") or "",
            hierarchy=tuple(columns.get("hierarchy", ())),
            future=tuple(table.get("future", {}).items()),
            missing=tuple(table.get("missing", ())),
            **{key: table[key] for key in SAME if key in table},
        )


def freq_of(word: str) -> str:
    """h, D or MS, in whatever case it was written."""
    freq = FREQS.get(str(word).strip().lower())
    if freq is None:
        raise Fault(f"data.freq={word} is not known: h (a count every hour), D (every day) or MS (every month)")
    return freq


@dataclass(frozen=True)
class Rows:
    """The rows of a file, one per series and time.

    frame   columns series, time (datetime64[us], wall clock), text (the stamp as written), value (float64, NaN = no
            count), and the hierarchy's and future's columns under their own names; index = line in the file
    zoned   the stamps state a zone and were set to the layout's clock
    """

    frame: pd.DataFrame
    table: Table
    zoned: bool
    extra: tuple[str, ...]
    notes: tuple[str, ...]


def read_rows(path: str | Path, layout: Layout, setting: str | None = "data") -> Rows:
    """Read a file; a Fault names the file, the line and the remedy. setting None: the reader has no settings."""
    path = Path(path).expanduser()
    if layout.timezone != AS_IS:
        zone_of(layout.timezone, setting)
    form = {key: getattr(layout, key) for key in ("missing", "decimal", "separator", "timezone", "date_format")}
    if layout.wide:
        header = open_table(path, [_text("time")], names={"time": layout.time}, **form, setting=setting).lines.header
        layout = replace(layout, value=_values(layout, header, path))
    columns, names = _columns(layout)
    table = open_table(path, columns, names=names, **form, setting=setting)
    frame = table.frame(columns)
    table.check(frame, columns)
    _not_too_many(frame, layout, table)
    stamp_R, notes = read_times(
        frame["time"],
        lambda line: table.where("time", line),
        timezone=layout.timezone,
        date_format=layout.date_format,
        setting=setting,
    )
    if stamp_R.dtype.kind != "M":
        example = f": say how it is written with {setting}.date_format=%Y%m, or another format" if setting else ""
        line = frame.index[0]
        raise Fault(f"{table.where('time', line)} = '{frame['time'].iloc[0]}' is a number, not a date{example}")
    extra, repaired = frame.attrs["extra"], frame.attrs["repaired"]
    frame = frame.assign(text=frame["time"], time=stamp_R)
    if layout.wide:
        frame = _melted(frame, layout)
    elif not layout.series:
        frame["series"] = layout.value[0]
    return Rows(frame, table, bool(notes), tuple(extra), (*repaired, *notes))


def _not_too_many(frame: pd.DataFrame, layout: Layout, table: Table) -> None:
    for name in layout.value if layout.wide else ("value",):
        if frame[name].max() > MOST:
            line = frame[name].idxmax()
            raise Fault(f"{table.where(name, line)} = {frame[name][line]:.10g} is no number of patients: correct it")


def all_known_ahead(rows: Rows, layout: Layout) -> None:
    """Refuse a row that lacks what every forecast looks at."""
    for name, _ in layout.future:
        empty_R = rows.frame[name].isna()
        if empty_R.any():
            where = rows.table.where(name, rows.frame.index[empty_R][0])
            raise Fault(f"{where} is empty: what a forecast looks at must be known on every row")


def _columns(layout: Layout) -> tuple[list[Column], dict[str, str]]:
    """The columns to read, under names of our own, and what they are called in the file."""
    columns = [_text("time")]
    names = {"time": layout.time}
    values = layout.value if layout.wide else ("value",)
    columns += [Column(name, "", 0, np.inf, kind="integer", meaning="counts") for name in values]
    if not layout.wide:
        names["value"] = layout.value[0]
    if layout.series:
        columns.append(_text("series"))
        names["series"] = layout.series
    columns += [Column(name, "", -np.inf, np.inf, required=False, kind="text") for name in layout.hierarchy]
    names |= {name: name for name in layout.hierarchy}  # asked for by name, so a Fault where the file lacks one
    columns += [Column(name, "", -np.inf, np.inf) for name, _ in layout.future]
    twice = {c.name for c in columns if [d.name for d in columns].count(c.name) > 1}
    if twice:
        raise Fault(f"the column '{min(twice)}' is named for two things, or has a name kept for ours: {_ours()}")
    return columns, names


def _ours() -> str:
    return "time, value, series, text and line are; rename it in the file"


def _values(layout: Layout, header: Sequence[str], path: Path) -> tuple[str, ...]:
    """The columns that are a series each."""
    taken = {layout.time, *(name for name, _ in layout.future), ""}
    values = layout.value if layout.value != ("*",) else tuple(name for name in header if name not in taken)
    if not values:
        raise Fault(f"{path.name} has no column of counts beside {layout.time}")
    gone = [name for name in values if name not in header]
    if gone:
        raise Fault(f"{path.name} has no column '{gone[0]}' of counts: {did_you_mean(gone[0], filter(None, header))}")
    return values


def _melted(frame: pd.DataFrame, layout: Layout) -> pd.DataFrame:
    """From one column per series to one row per series and time."""
    names = [name for name in frame if name not in ("time", "text") and name not in dict(layout.future)]
    keep = ["time", "text", *dict(layout.future)]
    parts = [frame[keep].assign(series=name, value=frame[name]) for name in names]
    return pd.concat(parts)


def _text(name: str) -> Column:
    return Column(name, "", -np.inf, np.inf, kind="text")
