"""The step bundle of a run: proved equal to the batch bundle on every row of every test machine, or not written.

Axes: L lives, T rows padded, F channels.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from common.bundle.format import check_manifest
from common.bundle.session import Session
from common.bundle.write import write_bundle
from common.export.parity import parity
from common.fault import Fault
from pilots.manufacturing.decide import Decision
from pilots.manufacturing.features import Features
from pilots.manufacturing.histories import Histories
from pilots.manufacturing.stream.graph import whole_step
from pilots.manufacturing.stream.memory import NEXT, Step

FEATURES = 1e-6  # largest difference of a feature between one row at a time and the whole history at once
ANSWERS = ("rul", "low", "high")

Arrays = dict[str, np.ndarray]


def write_step(
    folder: Path, features: Features, model, decision: Decision, readings_LTF: np.ndarray, held: Histories,
    batch: Arrays, span: tuple[np.ndarray, np.ndarray], made: Mapping[str, Any], sample: Arrays, card: str,
) -> int:  # fmt: skip
    """Write the bundle; `batch`, `made` and `sample` are the batch bundle's answers to `readings_LTF`, manifest and
    sample; `span` is what p_fail may be there. Returns the bytes of state per machine, or raises a Fault."""
    step = whole_step(features, model, decision)
    said = stepped(step, readings_LTF, held.length_L, decision.threshold)
    facts = proved(said, held, batch, span, decision, made["parity"]["tolerance"])
    del step.graph.graph.output[[value.name for value in step.graph.graph.output].index("features")]
    manifest = describe(made, step, facts)
    inputs = _sample(step, sample)
    write_bundle(folder, step.graph.SerializeToString(), manifest, inputs, card)
    return manifest["state_bytes"]


def stepped(step: Step, readings_LTF: np.ndarray, length_L: np.ndarray, threshold: float) -> Arrays:
    """Every life from its first row to its last, one row at a time: the outputs, [L, T, …], padding as 0."""
    session = Session(step.graph.SerializeToString())
    state = {m.name: m.start(len(length_L)) for m in step.memory}
    said: Arrays = {}
    for row in range(readings_LTF.shape[1]):
        at = np.flatnonzero(length_L > row)  # a machine whose log has ended stands still
        now = {name: value[at] for name, value in state.items()}
        out = session.run({"readings": readings_LTF[at, row], "threshold": np.array(threshold, np.float32), **now})
        for name, value in out.items():
            if name.endswith(NEXT):
                state[name.removesuffix(NEXT)][at] = value
                continue
            if name not in said:
                said[name] = np.zeros((*readings_LTF.shape[:2], *value.shape[1:]), value.dtype)
            said[name][at, row] = value
    return said


def proved(
    said: Arrays,
    held: Histories,
    batch: Arrays,
    span: tuple[np.ndarray, np.ndarray],
    decision: Decision,
    tolerance: float,
) -> dict[str, float]:
    """Facts of the parity, or a Fault: features within FEATURES, cycles within `tolerance`, flags and alarms equal."""
    inside = held.inside_LT
    alike = parity(held.x_LTD[inside], said["features"][:, :, 0][inside], FEATURES)
    facts = parity(*(np.stack([a[name][inside] for name in ANSWERS]) for a in (batch, said)), tolerance)
    least, most = (end[inside] for end in span)
    parity(np.clip(said["p_fail"][inside], least, most), said["p_fail"][inside], 1e-4)
    for name in set(batch) - {*ANSWERS, "p_fail", "alarm", "alarm_row"}:
        parity(batch[name][inside], said[name][inside], 0.0)
    # A forecast within the tolerance of an edge may fall on either side of it; such a life proves the rule alone.
    edges = decision.threshold, decision.threshold + decision.alarm.hysteresis
    apart_LT = np.min([np.abs(batch["rul"] - edge) for edge in edges], axis=0)
    sure = np.where(inside, apart_LT, np.inf).min(axis=1) > tolerance
    for length in range(1, inside.shape[1] + 1):
        at = held.length_L >= length
        until = np.full(at.sum(), length)
        for rul_LT, lives in ((said["rul"], at), (batch["rul"], at & sure)):
            ruled = decision.sounding(rul_LT[lives], until[: lives.sum()])
            for name, says in ruled.items():
                if not np.array_equal(says, said[name][lives, length - 1]):
                    raise Fault(
                        f"row by row, {name} differs from the batch at row {length}; the bundle was not written"
                    )
    return {**facts, "rows": int(inside.sum()), "features_max_abs_diff": alike["max_abs_diff"]}


def describe(made: Mapping[str, Any], step: Step, facts: dict[str, float]) -> dict[str, Any]:
    """The manifest of the batch bundle, told of one row at a time."""
    pairs = [memory.tensors() for memory in step.memory]
    rows = [_without_time(entry) for entry in made["inputs"] if entry["name"] not in ("length", "judge")]
    rows[0]["meaning"] = "the newest row of each machine, one column per channel"
    manifest = {
        **made,
        "name": "manufacturing-step",
        "task": "step",
        "inputs": [*rows, *(given.as_json() for given, _ in pairs)],
        "outputs": [*map(_without_time, made["outputs"]), *(then.as_json() for _, then in pairs)],
        "opset": {o.domain or "ai.onnx": o.version for o in step.graph.opset_import},
        "parity": facts,
        "state": [memory.as_json() for memory in step.memory],
        "state_bytes": sum(memory.bytes for memory in step.memory),
    }
    check_manifest(manifest)
    return manifest


def _without_time(entry: Mapping[str, Any]) -> dict[str, Any]:
    high = entry["high"] if entry["high"] != "time" else None
    return {**entry, "shape": [axis for axis in entry["shape"] if axis != "time"], "high": high}


def _sample(step: Step, sample: Arrays) -> Arrays:
    """The state after all but the last row of the batch's sample, and that row."""
    session = Session(step.graph.SerializeToString())
    readings_MTF = sample["readings"]
    inputs = {"threshold": sample["threshold"]} | {m.name: m.start(len(readings_MTF)) for m in step.memory}
    for row in range(readings_MTF.shape[1] - 1):
        out = session.run({**inputs, "readings": readings_MTF[:, row]})
        inputs |= {m.name: out[m.name + NEXT] for m in step.memory}
    return {**inputs, "readings": readings_MTF[:, -1]}
