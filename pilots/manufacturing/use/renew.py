"""The maintenance book at prediction: only the rows since a machine was last renewed tell about its wear,
and an alarm that somebody has acknowledged is shown as that.

Axes: R rows of all machines, M machines.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from common.fault import Fault
from common.table import Column, read_table
from pilots.manufacturing.use.read import Logs, form

EVENTS = FAILED, REPLACED, REPAIRED, ACKNOWLEDGED = "failed", "replaced", "repaired", "acknowledged"
NAMED = 8  # machines that a note names
COLUMNS = [
    Column("machine", "", -np.inf, np.inf, kind="text"),
    Column("time", "", -np.inf, np.inf, kind="time"),
    Column("event", "", -np.inf, np.inf, kind="text"),
]


def read_book(source: Path, table: Mapping[str, Any], logs: Logs) -> pd.DataFrame:
    """machine, time, event in order of time, on the clock of the logs."""
    book = _read_book(source, table)
    if len(book) and (book["time"].dtype.kind == "M") != (logs.time_R.dtype.kind == "M"):
        kinds = ("dates", "numbers") if logs.clock else ("numbers", "dates")
        raise Fault(f"{source.name}: its times are {kinds[1]}, those of the readings are {kinds[0]}: write both alike")
    return book


def acknowledged(logs: Logs, since_M: np.ndarray, book: pd.DataFrame) -> np.ndarray:
    """True where a sounding alarm was acknowledged: by a line of the book no older than the row that raised it."""
    return (since_M >= 0) & _has_later(logs.machine_M, logs.time_R[since_M], book[book["event"] == ACKNOWLEDGED])


def renewed(machine_M: Sequence[str], time_M: np.ndarray, book: pd.DataFrame) -> np.ndarray:
    """True where a machine has been replaced or repaired, or has failed, since this time: what was before is over."""
    return _has_later(machine_M, time_M, book[book["event"] != ACKNOWLEDGED])


def begins_renewed(logs: Logs, book: pd.DataFrame, rows: int) -> np.ndarray:
    """True where a machine's log begins at a renewal: its last event lies no more than `rows` usual steps before."""
    last = book[book["event"].isin([REPLACED, REPAIRED])].groupby("machine")["time"].max()
    begins_M = np.zeros(len(logs.machine_M), bool)
    for machine, name in enumerate(logs.machine_M):
        time_T = logs.time_R[logs.rows(machine)]
        if name in last.index and len(time_T) > 1:
            step, event = np.sort(np.diff(time_T))[(len(time_T) - 1) // 2], np.asarray(last[name], time_T.dtype)
            begins_M[machine] = event < time_T[0] <= event + rows * step
    return begins_M


def _has_later(machine_M: Sequence[str], time_M: np.ndarray, lines: pd.DataFrame) -> np.ndarray:
    """True where one of these lines of the book names the machine and is no older than this time."""
    last = lines.groupby("machine")["time"].max()
    return np.array(
        [
            name in last.index and np.asarray(last[name], time_M.dtype) >= time
            for name, time in zip(machine_M, time_M, strict=True)
        ],
        bool,
    )


def since_renewal(logs: Logs, source: Path, book: pd.DataFrame) -> Logs:
    """The logs without what lies before each machine's last event; machines that stand still are left out and told.

    source  the book's file, for the notes
    """
    ends = book[book["event"] != ACKNOWLEDGED]
    last = {
        machine: (time, event) for machine, time, event in ends[["machine", "time", "event"]].itertuples(index=False)
    }
    keep_R = np.ones(len(logs.time_R), bool)
    still: dict[str, list[str]] = {}
    for number, name in enumerate(logs.machine_M):
        if name not in last:
            continue
        at, (time, event) = logs.rows(number), last[name]
        # The row stamped like the event still belongs to what ended with it.
        keep_R[at] = (logs.time_R[at] > np.asarray(time, logs.time_R.dtype)) & (event != FAILED)
        if not keep_R[at].any():
            why = "failed and not mended" if event == FAILED else "no readings since it was mended"
            still.setdefault(why, []).append(f"{name} ({_show(time, logs)})")
    if not keep_R.any():
        raise Fault(
            f"{source.name}: by this book no machine has readings since it was mended; there is nothing to predict"
        )
    notes = [f"{source.name}: left out as {why}: {_some(names)}" for why, names in still.items()]
    return _only(logs, keep_R, [*logs.notes, *notes])


def _read_book(source: Path, table: Mapping[str, Any]) -> pd.DataFrame:
    """machine, time, event in order of time; of one stamp the failure comes first and its mending after it."""
    written = table.get("book") or {}
    names = {ours: theirs for ours, theirs in (written.get("columns") or {}).items() if theirs}
    own = {"separator": None, "date_format": written.get("date_format")}
    book = read_table(source, COLUMNS, names=names, **{**form(table), **own}, setting=None)
    ours_of = {word: word for word in EVENTS}
    for ours, theirs in (written.get("words") or {}).items():
        ours_of |= {str(word).strip().lower(): ours for word in ([theirs] if isinstance(theirs, str) else theirs or [])}
    event_R = book["event"].str.lower().map(ours_of)
    if event_R.isna().any():
        line = event_R.index[event_R.isna().argmax()]
        raise Fault(
            f"{source.name} line {line}: event = '{book['event'][line]}' is none of {', '.join(sorted(ours_of))}"
        )
    book = book.assign(event=event_R, mended=event_R != FAILED)
    return book.sort_values(["time", "mended"], kind="stable")


def _only(logs: Logs, keep_R: np.ndarray, notes: list[str]) -> Logs:
    number_R = np.repeat(np.arange(len(logs.machine_M)), logs.length_M)[keep_R]
    kept_M = np.unique(number_R)
    length_M = np.bincount(number_R, minlength=len(logs.machine_M))[kept_M]
    return dataclasses.replace(
        logs,
        machine_M=[logs.machine_M[number] for number in kept_M],
        start_M=np.concatenate([[0], np.cumsum(length_M)]),
        time_R=logs.time_R[keep_R],
        line_R=logs.line_R[keep_R],
        x_RF=logs.x_RF[keep_R],
        unsorted_M=logs.unsorted_M[kept_M],
        notes=notes,
    )


def _some(names: list[str]) -> str:
    return ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")


def _show(time: Any, logs: Logs) -> str:
    return str(pd.Timestamp(time)).removesuffix(" 00:00:00") if logs.clock else f"{time:g}"
