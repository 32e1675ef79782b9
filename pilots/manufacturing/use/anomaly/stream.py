"""An anomaly bundle row by row: what a stream keeps, and the same answers as for the whole log at once.

A row's answer rests on the first `baseline` rows (the machine's own level) and the last `smooth` ones. So the state is
those rows, nothing else: it can be stored, moved to another computer, and taken up again.

Axes: F channels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from common.bundle.open import Bundle
from pilots.manufacturing.use.anomaly import check


@dataclass(frozen=True)
class State:
    """What one machine's stream must remember.

    first_NF   its first rows, at most `baseline`
    latest_NF  the rows after them, at most the last `smooth`
    seen       rows it has given so far
    """

    first_NF: np.ndarray
    latest_NF: np.ndarray
    seen: int = 0


def begin(bundle: Bundle) -> State:
    """The state before a machine's first row. A Fault if the bundle is not one of the anomaly task."""
    check(bundle)
    nothing_NF = np.zeros((0, len(bundle.manifest["channels"])), np.float32)
    return State(nothing_NF, nothing_NF)


def step(bundle: Bundle, state: State, row_F: np.ndarray) -> tuple[State, dict[str, Any]]:
    """One row of readings (NaN = missing) in; the next state, and every output of the graph for this row."""
    decision = bundle.manifest["decision"]
    row_1F = np.asarray(row_F, np.float32)[None]
    first_NF, latest_NF = state.first_NF, state.latest_NF
    if len(first_NF) < decision["baseline"]:
        first_NF = np.concatenate([first_NF, row_1F])
    else:
        latest_NF = np.concatenate([latest_NF, row_1F])[-decision["smooth"] :]
    readings = np.concatenate([first_NF, latest_NF])[None]
    out = bundle.run(readings=readings, length=np.array([readings.shape[1]]))
    return State(first_NF, latest_NF, state.seen + 1), {name: values[0, -1] for name, values in out.items()}
