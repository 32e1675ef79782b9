"""Where labels come from: a list of events cuts every machine's log into lives.

events: machine, time, and what happened: `failed`, `replaced` or `repaired` (`acknowledged`, said of an alarm, ends
nothing and is passed over). A life ends with its event, or it is still running. After a failure the machine stands
still until the next `replaced` or `repaired`; rows in between are downtime and dropped. Only a failed life tells how
many rows were left: replaced, repaired and running lives are censored, their remaining life is NaN, never 0.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from common.fault import Fault

ENDS = ("failed", "replaced", "repaired")
ACKNOWLEDGED = "acknowledged"


@dataclass
class Lives:
    """Lives found in a table of readings; the names are those of `Fleet`.

    row_R  places in the table of the rows that are kept, life after life
    """

    row_R: np.ndarray
    life_R: np.ndarray
    machine_L: np.ndarray
    end_L: np.ndarray
    rul_L: np.ndarray
    notes: list[str] = field(default_factory=list)


def split_lives(table: pd.DataFrame, events: pd.DataFrame | None, events_name: str = "events") -> Lives:
    """Cut a log into lives.

    table   columns machine and time, sorted by machine and then time
    events  columns machine, time, event; index = line in its file; None = nothing is known, everything is running
    """
    machine_R, time_R = table["machine"].to_numpy(), table["time"].to_numpy()
    starts = np.flatnonzero(np.r_[True, machine_R[1:] != machine_R[:-1]]) if len(table) else np.zeros(0, int)
    bounds = zip(starts, [*starts[1:], len(table)], strict=True)
    of_machine = {machine_R[a]: (int(a), int(b)) for a, b in bounds}
    step = typical_step(machine_R, time_R)
    happened = _by_machine(events, of_machine, time_R, events_name)
    lives, downtime = [], {}
    for machine, (first, end) in of_machine.items():
        found, dropped = _one_machine(machine, time_R[first:end], happened.get(machine, []), step, events_name)
        lives += [(machine, a + first, b + first, how, left) for a, b, how, left in found]
        if dropped:
            downtime[machine] = dropped
    late = {name: left for name, _, _, _, left in lives if left > 0}
    notes = []
    if downtime:
        notes.append(f"{sum(downtime.values()):,} rows of downtime after failures were dropped ({_named(downtime)})")
    if late:
        notes.append(f"the log stops before the failure, by so many rows: {_named(late)}")
    return Lives(
        row_R=np.concatenate([np.arange(a, b) for _, a, b, _, _ in lives]) if lives else np.zeros(0, int),
        life_R=np.repeat(np.arange(len(lives)), [b - a for _, a, b, _, _ in lives]),
        machine_L=np.array([name for name, *_ in lives], dtype=object).astype(str),
        end_L=np.array([how for *_, how, _ in lives]),
        rul_L=np.array([left for *_, left in lives], dtype=float),
        notes=notes,
    )


def typical_step(machine_R: np.ndarray, time_R: np.ndarray) -> float | np.timedelta64:
    """Median time between two rows of one machine; NaN (or NaT) where no machine has two rows."""
    gap_R = np.diff(time_R)[machine_R[1:] == machine_R[:-1]]
    if len(gap_R):
        return np.sort(gap_R)[len(gap_R) // 2]  # an observed gap: the mean of two would not be one
    return np.timedelta64("NaT") if time_R.dtype.kind == "M" else np.nan


def _by_machine(
    events: pd.DataFrame | None, of_machine: dict[str, tuple[int, int]], time_R: np.ndarray, name: str
) -> dict[str, list[tuple]]:
    """(time, what, line) of every machine, in order of time."""
    happened: dict[str, list[tuple]] = {}
    if events is None:
        return happened
    if len(events) and (events["time"].to_numpy().dtype.kind == "M") != (time_R.dtype.kind == "M"):
        kinds = ("a date", "a number") if time_R.dtype.kind == "M" else ("a number", "a date")
        raise Fault(f"{name}: time must be {kinds[0]} as in the readings, but it is {kinds[1]}")
    for line, machine, time, what in zip(
        events.index, events["machine"], events["time"].to_numpy(), events["event"], strict=True
    ):
        if machine not in of_machine:
            some = ", ".join(list(of_machine)[:8])
            raise Fault(
                f"{name} line {line}: machine '{machine}' has no readings; those with readings are {some}"
                f"{', ...' if len(of_machine) > 8 else ''}. Correct the name or take the line out"
            )
        word = str(what).strip().lower()
        if word == ACKNOWLEDGED:
            continue
        if word not in ENDS:
            raise Fault(f"{name} line {line}: event = '{what}' must be one of {', '.join(ENDS)}")
        first = time_R[of_machine[machine][0]]
        if time < first:
            raise Fault(
                f"{name} line {line}: {machine} {word} at {show(time)}, before its first reading at {show(first)}. "
                "Take the line out, or add the earlier readings"
            )
        happened.setdefault(machine, []).append((time, word, line))
    for machine, list_of in happened.items():
        # two entries of the same day: the failure came first, the mending after it
        happened[machine] = sorted(list_of, key=lambda event: (event[0], event[1] != "failed"))
    return happened


def _one_machine(
    machine: str, time_T: np.ndarray, happened: list[tuple], step: float | np.timedelta64, name: str
) -> tuple[list[tuple[int, int, str, float]], int]:
    """(first row, end row, how it ended, rows left) of each life of one machine, and the rows of downtime."""
    found, dropped, cursor, down_since = [], 0, 0, None
    for time, word, line in happened:
        upto = int(np.searchsorted(time_T, time, side="right"))  # the row stamped like the event still belongs to it
        if down_since is None:
            if upto > cursor:
                found.append((cursor, upto, word, _rows_left(time_T[upto - 1], time, step, word)))
            down_since = line if word == "failed" else None
        elif word == "failed":
            raise Fault(
                f"{name} line {line}: {machine} failed again without having been mended after line {down_since}. "
                f"Add a line {machine},TIME,repaired (or replaced) between them"
            )
        else:
            dropped, down_since = dropped + upto - cursor, None
        cursor = upto
    if down_since is not None:
        dropped += len(time_T) - cursor
    elif cursor < len(time_T):
        found.append((cursor, len(time_T), "running", np.nan))
    return found, dropped


def _rows_left(last: object, failed_at: object, step: float | np.timedelta64, word: str) -> float:
    """Rows that would still have come between the last reading and the failure: 0 where the log runs up to it."""
    if word != "failed":
        return np.nan
    gap = (failed_at - last) / step if step == step and step else 0.0  # no step known: one row per machine
    return float(np.floor(gap))


def show(time: object) -> str:
    """A stamp as a person writes it."""
    return (
        str(pd.Timestamp(time)).removesuffix(" 00:00:00")
        if isinstance(time, np.datetime64 | pd.Timestamp)
        else f"{time:g}"
    )


def _named(count_of: dict[str, float], most: int = 6) -> str:
    """P009: 8, P013: 3, …"""
    shown = [f"{name}: {count:g}" for name, count in list(count_of.items())[:most]]
    return ", ".join([*shown, *(["…"] if len(count_of) > most else [])])
