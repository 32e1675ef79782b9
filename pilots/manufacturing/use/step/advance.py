"""Machines go on from where they stood: their new rows through the step bundle, one row of each at a time.

Axes: R rows of the file, M machines of the file, F channels.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from common.bundle.open import Bundle
from common.spreadsheet import spreadsheet_cell
from pilots.manufacturing.rungs import said
from pilots.manufacturing.use.advise import ACKNOWLEDGED, OFF, ON, advice
from pilots.manufacturing.use.contract import unit_of_life
from pilots.manufacturing.use.ladder import Ladder, rungs_of
from pilots.manufacturing.use.read import Logs
from pilots.manufacturing.use.renew import acknowledged
from pilots.manufacturing.use.step.state import ANSWERS, NEXT, State
from pilots.manufacturing.use.write import rounded

AT_ONCE = 1024  # machines of one call: their state stays near the processor
NAMED = 8  # machines that a note names
QUALITY = {1: "no reading", 2: "outside the range seen", 3: "stuck", 4: "spike", 5: "offset", 6: "in another unit"}


def newer(logs: Logs, state: State, place_M: np.ndarray, file: str) -> tuple[np.ndarray, list[str]]:
    """Which rows the state has not seen yet [R], and what is said of the others."""
    known_M = state.memory_M["row"][place_M] > 0
    new_R = ~np.repeat(known_M, logs.length_M) | (logs.time_R > np.repeat(state.time_M[place_M], logs.length_M))
    old_M = np.add.reduceat(~new_R, logs.start_M[:-1])
    late = [logs.machine_M[machine] for machine in np.flatnonzero(old_M)]
    if not late:
        return new_R, []
    names = ", ".join(late[:NAMED]) + (f" and {len(late) - NAMED} more" if len(late) > NAMED else "")
    return new_R, [f"{file}: {old_M.sum():,} rows are no newer than the state and were passed over: {names}"]


def advance(
    bundle: Bundle, logs: Logs, new_R: np.ndarray, state: State, place_M: np.ndarray, say: Callable[[str], None]
) -> pd.DataFrame:
    """The estimate of every new row; `state` moves on with them. `say` hears how far it is."""
    row_N = np.flatnonzero(new_R)  # by machine, then by time
    place_N = np.repeat(place_M, logs.length_M)[row_N]
    first_N = np.r_[True, place_N[1:] != place_N[:-1]]
    turn_N = np.arange(len(row_N)) - np.flatnonzero(first_N)[np.cumsum(first_N) - 1] if len(row_N) else row_N
    said = {name: np.full(len(row_N), np.nan, np.float32) for name in ANSWERS}
    said["condition_ok"] = np.zeros(len(row_N), bool)
    done = 0
    for turn in range(int(turn_N.max(initial=-1)) + 1):
        now_N = np.flatnonzero(turn_N == turn)
        for at in np.split(now_N, range(AT_ONCE, len(now_N), AT_ONCE)):
            out = _one_row(bundle, logs, row_N[at], state, place_N[at])
            for name, x_N in said.items():
                x_N[at] = out[name]
        done += len(now_N)
        say(f"{done:,} of {len(row_N):,} rows")
    names = [spreadsheet_cell(name) for name in state.machine_M]
    numbers = {name: rounded(said[name], 5 if name == "p_fail" else 3) for name in ANSWERS}
    place = pd.Categorical.from_codes(place_N, names)
    rows = {"line": logs.line_R[row_N], "machine": place, "time": logs.time_R[row_N]}
    return pd.DataFrame({**rows, **numbers, "condition_ok": said["condition_ok"].astype(np.int8)})


def _one_row(bundle: Bundle, logs: Logs, row_B: np.ndarray, state: State, place_B: np.ndarray) -> dict[str, np.ndarray]:
    """One row of each of these machines, and their state after it."""
    seen_B = state.memory_M["row"][place_B]
    out = bundle.run(readings=logs.x_RF[row_B], **{name: x_M[place_B] for name, x_M in state.memory_M.items()})
    for name, x_M in state.memory_M.items():
        x_M[place_B] = out[name + NEXT]
    for name, x_M in state.answer_M.items():
        x_M[place_B] = out[name]
    state.time_M[place_B] = logs.time_R[row_B]
    raised_B = ~out["alarm"] | (out["alarm_row"] == seen_B)
    state.alarm_M[place_B[raised_B]] = logs.time_R[row_B[raised_B]]
    return out


def advisory(
    state: State, logs: Logs, new_R: np.ndarray, book: pd.DataFrame | None, manifest: Mapping[str, Any]
) -> pd.DataFrame:
    """One line for every machine of the state, the most urgent first; who shows no new row keeps its last answer.

    Limits of the data sheet are judged on the rows of this file.
    """
    answer, on_M, alarm_M = state.answer_M, state.memory_M["since"] > 0, state.alarm_M.copy()
    rungs, limits_M = rungs_of(manifest), dict(zip(logs.machine_M, Ladder.of(logs, manifest).limits_M, strict=True))
    limits_M = [limits_M.get(name, []) for name in state.machine_M]
    for m in [m for m, broken in enumerate(limits_M) if broken and not on_M[m]]:
        first = logs.start_M[logs.machine_M.index(state.machine_M[m])] + min(breach.row for breach in limits_M[m])
        on_M[m], alarm_M[m] = True, logs.time_R[first]
    order_M = np.lexsort((-answer["p_fail"], answer["rul"], ~on_M))
    came = {logs.machine_M[m] for m in np.flatnonzero(np.add.reduceat(new_R, logs.start_M[:-1]))}
    since_M = np.where(on_M, np.arange(len(on_M)), -1)
    clocks = dataclasses.replace(logs, machine_M=state.machine_M, time_R=alarm_M)
    seen_M = np.zeros_like(on_M) if book is None else acknowledged(clocks, since_M, book)
    state_M = [ACKNOWLEDGED if seen_M[m] else ON if on_M[m] else OFF for m in order_M]
    doubt_M = [_doubts(state, m, state.machine_M[m] in came, manifest) for m in order_M]
    stamps = dataclasses.replace(logs, time_R=state.time_M)
    return pd.DataFrame(
        {
            "machine": [state.machine_M[m] for m in order_M],
            "last_time": [stamps.stamp(m) for m in order_M],
            "rows": state.memory_M["row"][order_M],
            **{name: rounded(answer[name][order_M], 2) for name in ANSWERS[:3]},
            "unit": unit_of_life(manifest),
            "p_fail": rounded(answer["p_fail"][order_M], 4),
            "horizon": manifest["decision"].get("horizon", ""),
            "alarm": np.where(on_M[order_M], "yes", "no"),
            "state": state_M,
            "since": [clocks.stamp(m) if on_M[m] else "" for m in order_M],
            "limits": ["; ".join(map(str, limits_M[m])) for m in order_M],
            "rung": [said(rungs.of(int(n))) if rungs else "" for n in state.memory_M["row"][order_M]],
            "advice": [
                advice(now, doubts, manifest, limits_M[m])
                for m, now, doubts in zip(order_M, state_M, doubt_M, strict=True)
            ],
            "condition_ok": np.where(answer["condition_ok"][order_M], "yes", "no"),
            "data_quality": ["; ".join(doubts) for doubts in doubt_M],
        }
    )


def _doubts(state: State, machine: int, came: bool, manifest: Mapping[str, Any]) -> list[str]:
    """What speaks against the newest row."""
    said = [] if came else ["no new row"]
    code_F = state.answer_M["quality"][machine]
    if (code_F == 1).all():
        return [*said, "no readings at all"]
    said += [
        f"{channel['name']}: {QUALITY.get(code, 'doubtful')}"
        for channel, code in zip(manifest["channels"], code_F.tolist(), strict=True)
        if code
    ]
    known = bool(state.answer_M["condition_ok"][machine])
    return said if known else [*said, "operating condition not met in training"]
