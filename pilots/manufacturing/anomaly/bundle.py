"""What the bundle of the anomaly task says about itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx

from common.bundle.format import Tensor, manifest
from common.bundle.session import SESSION_OPTIONS
from pilots.manufacturing.anomaly.detector import RATES, T2Q
from pilots.manufacturing.data.contract import Fleet

ROWS = ("machine", "time")


def contract(fleet: Fleet, detector: T2Q, rate: float) -> tuple[list[Tensor], list[Tensor]]:
    """Inputs and outputs of the graph."""
    count, start = len(fleet.channels), f"NaN in the first {detector.baseline} rows, which give a machine's own level"
    low, high = float(RATES[0]), float(RATES[-1])
    inputs = [
        Tensor("readings", "float32", (*ROWS, count), missing=True,
               meaning="one column per channel, oldest row first, from a time at which the machine ran well"),
        Tensor("length", "int64", ("machine",), "rows", 1, "time", meaning="rows of each machine; the rest is padding"),
        Tensor("rate", "float32", (), "share", low, high, rate,
               meaning="share of a healthy machine's rows that may alarm; a higher one sees more and sooner"),
    ]  # fmt: skip
    distance = {"dtype": "float32", "shape": ROWS, "low": 0.0, "missing": True}
    outputs = [
        Tensor("t2", meaning=f"Hotelling's T² within the components; {start}", **distance),
        Tensor("q", meaning=f"squared residual across the components; {start}", **distance),
        Tensor("score", meaning="T² and Q, each over its healthy mean, added", **distance),
        Tensor("alarm", "bool", ROWS, meaning="the score lies above the limit of `rate`"),
        Tensor("contribution", "float32", (*ROWS, count), missing=True, meaning="each sensor's share in the score"),
        Tensor("normal", "float32", (*ROWS, count), missing=True,
               meaning="the machine's own level of each sensor in this operating condition"),
        Tensor("condition_ok", "bool", ROWS, meaning="the operating condition was seen in training"),
        Tensor("quality", "int8", (*ROWS, count), "", 0, 2, meaning="0 good, 1 missing, 2 outside the range seen"),
    ]  # fmt: skip
    return inputs, outputs


def describe(fleet: Fleet, detector: T2Q, graph: onnx.ModelProto, rate: float, **facts: Any) -> dict[str, Any]:
    """The manifest. `facts`: version, model, metrics, parity, seed, commit, licence, data."""
    inputs, outputs = contract(fleet, detector, rate)
    spans = np.stack([detector.conditions.seen_low_F, detector.conditions.seen_high_F], axis=1)
    return manifest(
        inputs=inputs,
        outputs=outputs,
        pilot="manufacturing",
        name="manufacturing-anomaly",
        task="anomaly",
        channels=[channel.as_json() for channel in fleet.channels],
        seen={
            c.name: [float(v) for v in s] for c, s in zip(fleet.channels, spans, strict=True) if np.isfinite(s).all()
        },
        table={"row_unit": fleet.row_unit, **fleet.table},
        decision={
            "rate": rate,
            "baseline": detector.baseline,
            "smooth": detector.smooth,
            "components": detector.kept,
            "limit": [[float(r), float(detector.limit(r))] for r in RATES],
        },
        rungs={"baseline": detector.baseline, "first": None, "window": 0, "new": False},
        opset={o.domain or "ai.onnx": o.version for o in graph.opset_import},
        session_options=SESSION_OPTIONS,
        **facts,
    )
