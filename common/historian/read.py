"""One door to every layout: files in, one table of machine, time and channels out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from common.fault import Fault
from common.historian.across import read_across
from common.historian.export import Export
from common.historian.long import read_long
from common.historian.resample import Readings, resample
from common.historian.sparkplug import read_sparkplug
from common.historian.wide import read_wide
from common.table import Column
from common.table_contract import check


def read_history(
    paths: Sequence[Path],
    columns: Sequence[Column],
    export: Export,
    *,
    names: Mapping[str, str],
    setting: str | None = "data",
    inspect: Callable[[pd.DataFrame, str], None] | None = None,
    **form: Any,
) -> tuple[pd.DataFrame, list[str], str | None]:
    """All files as one table with the columns machine, time, one per channel, file and line; notes; status codes.

    columns   machine, time and the channels, as for `read_table`
    names     our name -> the file's column, or its tag
    form      decimal, separator, missing, timezone, date_format, as for `read_table`
    inspect   called with readings as they stand in a file (columns of ours, index = line) and the file's name, before
              they are put into rows
    A table with a row per machine and time stays as it is; the others come out sorted by both, every stamp once.
    """
    files = [path.name for path in paths]
    if export.row_by_row:
        parts, notes, codes = _each(read_wide, paths, columns, export, names=names, setting=setting, **form)
        for part, file in zip(parts, files, strict=True):
            if inspect:
                inspect(part.set_index("line"), file)
        table = pd.concat(parts, ignore_index=True)
        return table.assign(file=[files[number] for number in table["file"]]), notes, codes
    stops = pd.DataFrame({"machine": [], "time": []})
    if export.layout == "sparkplug":
        table, stops, notes = read_sparkplug(paths, columns, export, names=names, setting=setting, **form)
        codes = None
    else:
        read = read_across if export.layout == "wide" else read_long
        parts, notes, codes = _each(read, paths, columns, export, names=names, setting=setting, **form)
        table = pd.concat(parts, ignore_index=True)
    channels = [column for column in columns if column.name not in ("machine", "time")]
    _inspect(table, channels, files, setting, inspect)
    table, repeated = _once(table, files)
    try:
        step, hold = export.grid(table["time"].dtype.kind)
    except ValueError as err:
        raise Fault(f"{setting or 'bundle.json: table'}.{err}") from err
    table = resample(Readings(table, stops), [column.name for column in channels], step, hold, export.take)
    return table.assign(file=[files[number] for number in table["file"]]), [*notes, *repeated], codes


def _each(
    read: Callable[..., tuple[pd.DataFrame, str | None, list[str]]],
    paths: Sequence[Path],
    columns: Sequence[Column],
    export: Export,
    **how: Any,
) -> tuple[list[pd.DataFrame], list[str], str | None]:
    """Files read one by one, each part with the number of its file; all notes; the first status codes found."""
    parts, notes, codes = [], [], export.codes
    for number, path in enumerate(paths):
        part, found, said = read(path, columns, export, **how)
        notes += [f"{path.name}: {note}" for note in said]
        codes = codes or found
        parts.append(part.assign(file=number))
    if len({part["time"].dtype.kind for part in parts}) > 1:
        files = ", ".join(path.name for path in paths)
        raise Fault(f"time is a date in some files and a number in others: {files}")
    return parts, notes, codes


def _inspect(
    table: pd.DataFrame,
    channels: Sequence[Column],
    files: Sequence[str],
    setting: str | None,
    inspect: Callable[[pd.DataFrame, str], None] | None,
) -> None:
    """Each channel's readings held to its contract as they stand in each file, before a mean can hide them."""
    for (number, name), part in table.groupby(["file", "channel"], sort=True):
        file, column = files[number], next(column for column in channels if column.name == name)
        readings = part.set_index("line")[["value"]].rename(columns={"value": name})
        check(readings, [column], partial("{0} line {2}: {1}".format, file), setting)
        if inspect:
            inspect(readings, file)


def _once(table: pd.DataFrame, files: Sequence[str]) -> tuple[pd.DataFrame, list[str]]:
    """Sorted by machine, channel and time; a reading written twice is one, two values at one time are a mistake."""
    key = ["machine", "channel", "time"]
    table = table.sort_values([*key, "file", "line"], kind="stable", ignore_index=True)
    again_N = table.duplicated(key).to_numpy()
    value_N = table["value"].to_numpy()
    same_N = again_N.copy()
    same_N[1:] &= (value_N[1:] == value_N[:-1]) | (pd.isna(value_N[1:]) & pd.isna(value_N[:-1]))
    wrong_N = again_N & ~same_N
    if wrong_N.any():
        row = int(wrong_N.argmax())
        old, new = table.iloc[row - 1], table.iloc[row]
        stamp, count = new["time"], int(wrong_N.sum())
        more = f" ({count - 1:,} more like it)" if count > 1 else ""
        autumn = isinstance(stamp, pd.Timestamp) and stamp.month in (10, 11) and stamp.weekday() == 6 and stamp.hour < 4
        remedy = (
            "The clock went back that night: keep times in UTC, with timezone: UTC" if autumn else "Keep one of them"
        )
        shown = str(stamp).removesuffix(" 00:00:00") if isinstance(stamp, pd.Timestamp) else f"{stamp:g}"
        here, there = (f"{files[at['file']]} line {at['line']}" for at in (new, old))
        raise Fault(
            f"{here}: {new['channel']} of {new['machine']} at {shown} is {_value(new)}, "
            f"but {_value(old)} in {there}{more}. {remedy}"
        )
    count = int(again_N.sum())
    notes = [f"{count:,} readings stood there twice with the same value: each was taken once"] if count else []
    return table[~again_N].reset_index(drop=True), notes


def _value(reading: pd.Series) -> str:
    return "missing" if pd.isna(reading["value"]) else f"{reading['value']:.10g}"
