"""One door to every layout: files in, one table of machine, time and channels out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from common.fault import Fault
from common.historian.export import Export
from common.historian.long import read_long
from common.historian.resample import Readings, resample
from common.historian.wide import read_wide
from common.table import Column


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
    A wide table stays as it is, row by row; the others come out sorted by machine and time, every stamp once.
    """
    channels = [column.name for column in columns if column.name not in ("machine", "time")]
    parts, notes, codes = [], [], export.codes
    for number, path in enumerate(paths):
        if export.layout == "wide":
            part, found = read_wide(path, columns, export, names=names, setting=setting, **form)
            extra = f"columns not used: {', '.join(part.attrs['extra'])}"
            notes += [
                f"{path.name}: {note}" for note in [*([extra] if part.attrs["extra"] else []), *part.attrs["repaired"]]
            ]
            if inspect:
                inspect(part, path.name)
            part.attrs = {}
            part = part.reset_index()
        else:
            part, found, said = read_long(path, columns, export, names=names, setting=setting, **form)
            notes += [f"{path.name}: {note}" for note in said]
            if inspect:
                for name in channels:
                    rows = part[part["channel"] == name].set_index("line")
                    inspect(rows[["value"]].rename(columns={"value": name}), path.name)
        codes = codes or found
        parts.append(part.assign(file=number))
    kinds = {part["time"].dtype.kind for part in parts}
    files = [path.name for path in paths]
    if len(kinds) > 1:
        raise Fault(f"time is a date in some files and a number in others: {', '.join(files)}")
    table = pd.concat(parts, ignore_index=True)
    if export.layout != "wide":
        table, repeated = _once(table, files)
        notes += repeated
        try:
            step, hold = export.grid(kinds.pop())
        except ValueError as err:
            raise Fault(f"{setting or 'bundle.json: table'}.{err}") from err
        stops = pd.DataFrame({"machine": [], "time": []})
        table = resample(Readings(table, stops), channels, step, hold, export.take)
    return table.assign(file=[files[number] for number in table["file"]]), notes, codes


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
