"""A user's file of readings, as the bundle's table describes it, to one log per machine.

What a maintenance team can mend only by knowing about it is refused (a wrong unit, two rows with one
stamp). What belongs to everyday life is kept and told: rows out of order, gaps, columns nobody asked for.

Axes: R rows of all machines, M machines, F channels (settings first, then sensors).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from common.fault import Fault
from common.historian.export import Export
from common.historian.read import read_history
from common.table import Column
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

    @cached_property
    def clock(self) -> str:
        """How much of a date must be shown so that no stamp of the file loses anything."""
        if self.time_R.dtype.kind != "M":
            return ""
        for clock in ("D", "m", "s"):
            if (self.time_R.astype(f"datetime64[{clock}]") == self.time_R).all():
                return clock
        return "ms"

    def stamp(self, row: int) -> str:
        """A row's time as a person writes it: 2026-01-31, 2026-01-31 14:00, or a plain number."""
        time = self.time_R[row]
        return str(time.astype(f"datetime64[{self.clock}]")).replace("T", " ") if self.clock else f"{time:.15g}"

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
    known = {"tag", "value", *(column.name for column in columns)}
    export = layout(table)
    names = {ours: theirs for ours, theirs in table.get("columns", {}).items() if ours in known}
    theirs = names if export.row_by_row else {}

    def inspect(readings: pd.DataFrame, file: str) -> None:
        measured = [channel for channel in channels if channel["name"] in readings]
        check_limits(readings, measured, theirs, manifest["seen"], file)

    frame, notes, _ = read_history([source], columns, export, names=names, setting=None, inspect=inspect, **form(table))
    return _sorted_logs(frame, notes, [c["name"] for c in channels], source.name)


def layout(table: Mapping[str, Any]) -> Export:
    """How the user's historian exports, as the bundle says it."""
    try:
        return Export.of(table.get("layout", "wide"), table.get("tags"), table.get("quality"))
    except ValueError as err:
        raise Fault(f"bundle.json: table.{err}") from err


def form(table: Mapping[str, Any]) -> dict[str, Any]:
    """How the user writes tables, as `read_table` wants to know it."""
    keys = ("decimal", "separator", "missing", "timezone", "date_format")
    return {key: table[key] for key in keys if key in table}


def _sorted_logs(frame: pd.DataFrame, notes: list[str], channels: list[str], file: str) -> Logs:
    code_R, machine_M = pd.factorize(frame["machine"])
    time_R, line_R = frame["time"].to_numpy(), frame["line"].to_numpy()
    order_R = np.lexsort((time_R, code_R))
    code_R, time_R, line_R = code_R[order_R], time_R[order_R], line_R[order_R]
    same_R = code_R[1:] == code_R[:-1]  # a row and the one after it belong to one machine
    # After sorting, the rows of a machine that was in order still ascend.
    unsorted_M = np.zeros(len(machine_M), bool)
    unsorted_M[code_R[1:][same_R & (order_R[1:] < order_R[:-1])]] = True
    x_RF = np.stack([frame[name].to_numpy(np.float32) for name in channels], axis=1)[order_R]
    start_M = np.concatenate([[0], np.cumsum(np.bincount(code_R, minlength=len(machine_M)))])
    logs = Logs([str(name) for name in machine_M], start_M, time_R, line_R, x_RF, unsorted_M, notes)
    _refuse_twice(logs, file)
    return logs


def _refuse_twice(logs: Logs, file: str) -> None:
    """Two rows of one machine with one stamp: nobody but the user knows which of them is right."""
    twice_R = logs.time_R[1:] == logs.time_R[:-1]
    twice_R[logs.start_M[1:-1] - 1] = False  # the last row of a machine and the first of the next
    found = np.flatnonzero(twice_R)
    if not found.size:
        return
    row = int(found[np.argmin(logs.line_R[found + 1])])
    name = logs.machine_M[int(np.searchsorted(logs.start_M, row, side="right")) - 1]
    more = f" ({found.size - 1:,} more like it)" if found.size > 1 else ""
    stamp = pd.Timestamp(logs.time_R[row]) if logs.clock else None
    autumn = stamp is not None and stamp.month in (10, 11) and stamp.weekday() == 6 and stamp.hour < 4
    remedy = "The clock went back that night: export times in UTC (…Z)" if autumn else "Keep the one that is right"
    raise Fault(
        f"{file} line {logs.line_R[row + 1]}: machine {name} has a second row at {logs.stamp(row)}, "
        f"the first is line {logs.line_R[row]}{more}. {remedy}"
    )
