"""A user's file of readings, as the bundle's table describes it, to one log per machine.

What a maintenance team can mend only by knowing about it is refused (a wrong unit, two rows with one
stamp). What belongs to everyday life is kept and told: rows out of order, gaps, columns nobody asked for.

Axes: R rows of all machines, M machines, F channels (settings first, then sensors).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from common.fault import Fault
from common.table import Column, read_table
from pilots.manufacturing.use.limits import check_limits


@dataclass(frozen=True)
class Logs:
    """Readings sorted by machine (in the file's order of first appearance) and then by time.

    start_M     first row of each machine; the last entry is the number of rows, so there are M + 1
    time_R      the user's own stamps, number or datetime64
    line_R      1-based line of the file
    x_RF        readings in the channels' units, NaN = missing
    unsorted_M  True where the file's rows were not in order of time
    notes       what was assumed or passed over, one sentence each
    """

    machine_M: list[str]
    start_M: np.ndarray
    time_R: np.ndarray
    line_R: np.ndarray
    x_RF: np.ndarray
    unsorted_M: np.ndarray
    notes: list[str]

    @property
    def length_M(self) -> np.ndarray:
        return np.diff(self.start_M)

    def rows(self, machine: int) -> slice:
        return slice(int(self.start_M[machine]), int(self.start_M[machine + 1]))


def read_logs(source: Path, manifest: Mapping[str, Any]) -> Logs:
    """Every machine in the file, or a Fault that names the line."""
    channels, table = manifest["channels"], manifest["table"]
    columns = [
        Column("machine", "", -np.inf, np.inf, kind="text"),
        Column("time", "", -np.inf, np.inf, kind="time"),
        # Physical limits are checked below, where the whole column can tell a wrong unit from a wrong value.
        *(Column(c["name"], c["unit"], -np.inf, np.inf, meaning=c.get("meaning", "")) for c in channels),
    ]
    names = {ours: theirs for ours, theirs in table.get("columns", {}).items() if ours in {c.name for c in columns}}
    frame = read_table(
        source,
        columns,
        names=names,
        missing=table.get("missing", ()),
        decimal=table.get("decimal", "."),
        separator=table.get("separator"),
        timezone=table.get("timezone", "Europe/London"),
        date_format=table.get("date_format"),
        setting=None,
    )
    check_limits(frame, channels, names, manifest["seen"], source.name)
    return _sorted_logs(frame, [c["name"] for c in channels], source.name)


def _sorted_logs(frame: pd.DataFrame, channels: list[str], file: str) -> Logs:
    code_R, machine_M = pd.factorize(frame["machine"])
    time_R, line_R = frame["time"].to_numpy(), frame.index.to_numpy()
    order_R = np.lexsort((time_R, code_R))
    code_R, time_R, line_R = code_R[order_R], time_R[order_R], line_R[order_R]
    same_R = code_R[1:] == code_R[:-1]  # a row and the one after it belong to one machine
    _refuse_twice(same_R & (time_R[1:] == time_R[:-1]), machine_M[code_R], time_R, line_R, file)
    # After sorting, the lines of a machine that was in order still ascend.
    unsorted_M = np.zeros(len(machine_M), bool)
    unsorted_M[code_R[1:][same_R & (line_R[1:] < line_R[:-1])]] = True
    x_RF = np.stack([frame[name].to_numpy(np.float32) for name in channels], axis=1)[order_R]
    notes = [f"{file}: {note}" for note in frame.attrs["repaired"]]
    if frame.attrs["extra"]:
        notes.append(f"{file}: columns the model does not know were passed over: {', '.join(frame.attrs['extra'])}")
    start_M = np.concatenate([[0], np.cumsum(np.bincount(code_R, minlength=len(machine_M)))])
    return Logs([str(name) for name in machine_M], start_M, time_R, line_R, x_RF, unsorted_M, notes)


def _refuse_twice(
    twice_R: np.ndarray, machine_R: np.ndarray, time_R: np.ndarray, line_R: np.ndarray, file: str
) -> None:
    found = np.flatnonzero(twice_R)
    if not found.size:
        return
    row = found[np.argmin(line_R[found + 1])]
    more = f" ({found.size - 1:,} more like it)" if found.size > 1 else ""
    raise Fault(
        f"{file} line {line_R[row + 1]}: machine {machine_R[row]} has a second row at {show_time(time_R[row])}, "
        f"the first is line {line_R[row]}{more}. Keep the one that is right"
    )


def show_time(stamp: Any) -> str:
    """A stamp as a person writes it: 2026-01-31 14:00 or a plain number."""
    if isinstance(stamp, np.datetime64):
        return pd.Timestamp(stamp).isoformat(sep=" ").removesuffix(":00")
    return f"{stamp:.15g}"
