"""Your own machines: tables of readings, as loggers and historians export them, and a book of what happened.

Readings and book are read through `common.table` (units, limits, decimal comma, zones, missing codes), the book cuts
the log into lives (`lives.py`). How the file was read is kept in `Fleet.table`, so that a bundle can read the next one.
"""

from __future__ import annotations

import dataclasses
import glob
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from common.fault import Fault
from common.historian.export import Export
from common.historian.read import read_history
from common.table import Column, read_table
from pilots.manufacturing.data.contract import Channel, Fleet
from pilots.manufacturing.data.fingerprint import fingerprint
from pilots.manufacturing.data.lives import show, split_lives, typical_step

MACHINE = Column("machine", "", -np.inf, np.inf, kind="text", meaning="name of the machine")
TIME = Column(
    "time", "", -np.inf, np.inf, kind="time", meaning="stamp of the row: a date, or hours or cycles as a number"
)
EVENT = Column("event", "", -np.inf, np.inf, kind="text", meaning="what happened: failed, replaced or repaired")
MONTH = np.timedelta64(2_629_746, "s")  # mean month of the Gregorian calendar


class CsvFleet:
    """A fleet from CSV files.

    path            a file, several files, or a pattern such as "plant/*.csv"; .gz and .xz are unpacked
    channels        what is measured: name, unit, low, high, role (setting or sensor), meaning. A reading outside
                    low to high is refused, so they are physical limits. alarm_low and alarm_high are those of the data
                    sheet: a reading beyond them alarms at once
    columns         our name -> the file's column (in other layouts its tag), where they differ: machine, time, channels
    layout          wide: one row per machine and time; long: one row per reading; sparkplug: captured messages
    tags            how tags are written, and how their readings become rows: template, step, take, hold
    quality         where good, uncertain and bad are written, and how: column, codes, words, uncertain
    events          the maintenance book: machine, time, failed | replaced | repaired. Without it nothing is known to
                    have failed, and only anomaly detection is possible
    book            how the book is written: columns (our name -> the file's), words (ours -> the file's), date_format
    decimal         point or comma
    separator       comma, semicolon, tab; None = told from the file
    missing         codes for "no reading", such as -999; empty, NaN and NA always are
    timezone        clock on which times are kept, where the file's times state their zone
    date_format     dd/mm/yyyy, mm/dd/yyyy or %d.%m.%Y %H:%M; None = told from the file, never guessed
    row_unit        what one row stands for, in the singular: day, hour, cycle
    rows_per_month  rows a machine makes in a month; None = told from the dates
    name            for the reports; None = the first file's name
    licence         for the reports
    """

    def __init__(
        self,
        path: str | Sequence[str],
        channels: Sequence[Mapping],
        columns: Mapping[str, str] | None = None,
        layout: str = "wide",
        tags: Mapping | None = None,
        quality: Mapping | None = None,
        events: str | None = None,
        book: Mapping | None = None,
        decimal: str = "point",
        separator: str | None = None,
        missing: Sequence[str] = (),
        timezone: str = "Europe/London",
        date_format: str | None = None,
        row_unit: str = "row",
        rows_per_month: float | None = None,
        name: str | None = None,
        licence: str = "the user's own",
    ):
        if rows_per_month is not None and rows_per_month <= 0:
            raise ValueError(f"rows_per_month must be > 0, got {rows_per_month}")
        self.paths = [path] if isinstance(path, (str, Path)) else list(path)
        stated = [_channel(dict(words)) for words in channels]
        self.channels = tuple(sorted(stated, key=lambda channel: channel.role != "setting"))  # settings first
        names = [channel.name for channel in self.channels]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"channels names {min(twice)} twice")
        if not any(channel.role == "sensor" for channel in self.channels):
            raise ValueError("channels names no sensor")
        self.columns = {ours: theirs for ours, theirs in (columns or {}).items() if theirs}
        self.layout, self.tags, self.quality = layout, dict(tags or {}), dict(quality or {})
        self.export = Export.of(layout, self.tags, self.quality)
        self.events = events
        self.book = {"columns": {}, "words": {}, "date_format": None, **(book or {})}
        unknown = set(self.book) - {"columns", "words", "date_format"}
        if unknown:
            raise ValueError(f"book.{min(unknown)} is not known: book has columns, words and date_format")
        missing = [missing] if isinstance(missing, (str, int, float)) else missing
        self.form = {
            "decimal": decimal,
            "separator": separator,
            "missing": [str(code) for code in missing],
            "timezone": timezone,
            "date_format": date_format,
        }
        self.row_unit, self.rows_per_month, self.name, self.licence = row_unit, rows_per_month, name, licence

    def read(self) -> Fleet:
        table, notes = self._readings()
        events, name = self._events()
        lives = split_lives(table, events, name)
        if events is None:
            notes.append("no events file: nothing is known to have failed, so only anomaly detection is possible")
        fleet = Fleet(
            name=self.name or self._files()[0].name.split(".")[0],
            licence=self.licence,
            sha256="",
            row_unit=self.row_unit,
            rows_per_month=self._per_month(table),
            channels=self.channels,
            machine_L=lives.machine_L,
            life_R=lives.life_R,
            time_R=table["time"].to_numpy()[lives.row_R],
            x_RF=table[[channel.name for channel in self.channels]].to_numpy(np.float32)[lives.row_R],
            end_L=lives.end_L,
            rul_L=lives.rul_L,
            test_L=np.zeros(len(lives.machine_L), bool),
            notes=(*notes, *lives.notes),
            table=self._how(),
        )
        return dataclasses.replace(fleet, sha256=fingerprint(fleet))

    def _readings(self) -> tuple[pd.DataFrame, list[str]]:
        """All files as one table, sorted by machine and time, every stamp once."""
        wanted = [MACHINE, TIME, *(Column(c.name, c.unit, c.low, c.high, meaning=c.meaning) for c in self.channels)]
        files = self._files()
        table, notes, codes = read_history(files, wanted, self.export, names=self.columns, **self.form)
        if codes:
            self.quality["codes"] = codes  # an export of good readings alone no longer tells which codes they are
        ordered = table.sort_values(["machine", "time"], kind="stable")
        order_R = ordered.index.to_numpy()
        machine_R = ordered["machine"].to_numpy()
        moved = int(np.sum((np.diff(order_R) < 0) & (machine_R[1:] == machine_R[:-1])))
        if moved:
            notes.append(f"rows stood out of order at {moved} places and were sorted by time")
        ordered = ordered.reset_index(drop=True)
        _no_double_stamps(ordered)
        return ordered, notes

    def _files(self) -> list[Path]:
        """Patterns filled in; a file whose own name holds a star or bracket is taken as it is."""
        files = []
        for text in (str(Path(path).expanduser()) for path in self.paths):
            plain = Path(text).exists() or not glob.has_magic(text)
            found = [text] if plain else sorted(glob.glob(text, recursive=True))
            if not found:
                raise Fault(f"no file fits data.path={text} (looked from {Path.cwd()})")
            files += [Path(name) for name in found]
        if not files:
            raise Fault("data.path names no file")
        return files

    def _events(self) -> tuple[pd.DataFrame | None, str]:
        if not self.events:
            return None, ""
        path = Path(self.events).expanduser()
        names = {ours: theirs for ours, theirs in self.book["columns"].items() if theirs}
        form = {**self.form, "date_format": self.book["date_format"], "separator": None}
        events = read_table(path, [MACHINE, TIME, EVENT], names=names, **form, setting="data.book")
        ours_of = {}
        for ours, theirs in self.book["words"].items():
            for word in [theirs] if isinstance(theirs, str) else theirs or []:
                ours_of[str(word).strip().lower()] = ours
        events["event"] = events["event"].map(lambda word: ours_of.get(str(word).strip().lower(), word))
        return events, path.name

    def _per_month(self, table: pd.DataFrame) -> float:
        if self.rows_per_month is not None:
            return float(self.rows_per_month)
        step = typical_step(table["machine"].to_numpy(), table["time"].to_numpy())
        if not isinstance(step, np.timedelta64):
            raise Fault(
                "time is a number here: say how many rows a machine makes in a month with data.rows_per_month=NUMBER"
            )
        if np.isnat(step):
            raise Fault("no machine has two rows: there is nothing to learn from")
        return float(MONTH / step)

    def _how(self) -> dict:
        """What a bundle must know to read the next file of the same kind."""
        columns = {name: self.columns.get(name, name) for name in ("machine", "time", *(c.name for c in self.channels))}
        if self.layout == "long":
            columns |= {name: self.columns.get(name, name) for name in ("tag", "value")}
        laid_out = {"layout": self.layout, "tags": self.tags, "quality": self.quality}
        return {"columns": columns, "book": self.book, **self.form, **laid_out, "row_unit": self.row_unit}


def _channel(words: dict) -> Channel:
    known = ("name", "unit", "low", "high", "role", "meaning", "alarm_low", "alarm_high")
    unknown = [word for word in words if word not in known]
    if unknown:
        raise ValueError(f"channels: '{unknown[0]}' is not known; a channel has {', '.join(known)}")
    if not words.get("name") or words["name"] in ("machine", "time", "event", "file", "line"):
        raise ValueError(f"channels: every channel needs a name of its own, got {words.get('name')!r}")
    low, high, alarm_low, alarm_high = (words.get(end) for end in ("low", "high", "alarm_low", "alarm_high"))
    channel = Channel(
        name=str(words["name"]),
        unit=str(words.get("unit") or "-"),
        low=-np.inf if low is None else float(low),
        high=np.inf if high is None else float(high),
        role=words.get("role") or "sensor",
        meaning=str(words.get("meaning") or ""),
        alarm_low=-np.inf if alarm_low is None else float(alarm_low),
        alarm_high=np.inf if alarm_high is None else float(alarm_high),
    )
    if channel.role not in ("setting", "sensor"):
        raise ValueError(f"channels: role of {channel.name} must be setting or sensor, got {channel.role!r}")
    if not channel.low < channel.high:
        raise ValueError(f"channels: low of {channel.name} must be below its high, got {low} and {high}")
    inside = all(
        not np.isfinite(x) or channel.low <= x <= channel.high for x in (channel.alarm_low, channel.alarm_high)
    )
    if not (inside and channel.alarm_low < channel.alarm_high):
        raise ValueError(
            f"channels: alarm_low and alarm_high of {channel.name} must lie within its physical limits, "
            f"low below high, got {alarm_low} and {alarm_high}"
        )
    return channel


def _no_double_stamps(table: pd.DataFrame) -> None:
    double_R = table.duplicated(["machine", "time"]).to_numpy()
    if not double_R.any():
        return
    row = int(np.argmax(double_R))
    first, again = table.iloc[row - 1], table.iloc[row]
    stamp, count = again["time"], int(double_R.sum())
    more = f" ({count - 1:,} more like it)" if count > 1 else ""
    autumn = isinstance(stamp, pd.Timestamp) and stamp.month in (10, 11) and stamp.weekday() == 6 and stamp.hour < 4
    remedy = "The clock went back that night: export times in UTC (…Z)" if autumn else "Keep one of them"
    raise Fault(
        f"{again['file']} line {again['line']}: {again['machine']} at {show(stamp)} "
        f"stands already in {first['file']} line {first['line']}{more}. {remedy}"
    )
