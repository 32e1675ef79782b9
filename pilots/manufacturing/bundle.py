"""What the bundle of this pilot says about itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx

from common.bundle.format import Tensor, manifest
from common.bundle.session import SESSION_OPTIONS
from pilots.manufacturing.data.contract import Fleet
from pilots.manufacturing.decide import Decision
from pilots.manufacturing.features import Features

ROWS = ("machine", "time")
QUALITY = "0 good, 1 missing, 2 outside the range seen, 3 stuck, 4 spike, 5 offset, 6 wrong unit"
LOST = "sensors replaced by what the others let expect, mean of the last 15 rows; widens the interval"


def contract(fleet: Fleet, decision: Decision) -> tuple[list[Tensor], list[Tensor]]:
    """Inputs and outputs of the graph."""
    count, unit, cap = len(fleet.channels), f"{fleet.row_unit}s", decision.cap
    rows_left = {"dtype": "float32", "shape": ROWS, "unit": unit, "low": 0.0, "high": cap, "missing": True}
    inputs = [
        Tensor("readings", "float32", (*ROWS, count), missing=True, meaning="one column per channel, oldest row first"),
        Tensor("length", "int64", ("machine",), "rows", 1, "time", meaning="rows of each machine; the rest is padding"),
        Tensor("threshold", "float32", (), unit, 0.0, cap, decision.threshold, meaning="remaining life that alarms"),
        Tensor("judge", "float32", (), "", 0.0, 1.0, 1.0, meaning="1: faulty readings are left out; 0: none"),
    ]
    outputs = [
        Tensor("rul", meaning=f"remaining useful life, not told apart above {cap:g}", **rows_left),
        Tensor("low", meaning="lower end of the 90 % interval", **rows_left),
        Tensor("high", meaning="upper end of the 90 % interval", **rows_left),
        Tensor(
            "p_fail",
            "float32",
            ROWS,
            "probability",
            0.0,
            1.0,
            None,
            True,
            f"of failure within {decision.horizon} {unit}",
        ),
        Tensor("alarm", "bool", ("machine",), meaning=f"it sounds at the last row: {_rule(decision)}"),
        Tensor(
            "alarm_row", "int64", ("machine",), "rows", -1, "time", meaning="row that raised it, 0 first; -1 = none"
        ),
        Tensor("condition_ok", "bool", ROWS, meaning="the operating condition was seen in training"),
        Tensor("quality", "int8", (*ROWS, count), "", 0, 6, meaning=QUALITY),
        *(
            Tensor(name, "float32", (*ROWS, count), missing=True, meaning=f"{what} of young machines in this condition")
            for name, what in {"healthy": "median", "healthy_low": "5 %", "healthy_high": "95 %"}.items()
        ),
        Tensor("lost", "float32", ROWS, "sensors", 0.0, meaning=LOST),
    ]
    return inputs, outputs


def describe(
    fleet: Fleet, features: Features, decision: Decision, graph: onnx.ModelProto, money: dict[str, Any], **facts: Any
) -> dict[str, Any]:
    """The manifest. `money`: as in Policy; `facts`: name, version, model, metrics, parity, seed, commit, licence,
    data."""
    inputs, outputs = contract(fleet, decision)
    found = features.conditions
    spans = np.stack([found.seen_low_F, found.seen_high_F], axis=1)
    return manifest(
        inputs=inputs,
        outputs=outputs,
        pilot="manufacturing",
        task="rul",
        channels=[channel.as_json() for channel in fleet.channels],
        seen={c.name: [float(v) for v in span] for c, span in zip(fleet.channels, spans, strict=True)},
        table={"row_unit": fleet.row_unit, **fleet.table},
        decision={
            "cap": decision.cap,
            "horizon": decision.horizon,
            "threshold": decision.threshold,
            **decision.alarm.__dict__,
            "interval_level": decision.interval.level,
            **money,
        },
        opset={o.domain or "ai.onnx": o.version for o in graph.opset_import},
        session_options=SESSION_OPTIONS,
        **facts,
    )


def _rule(decision: Decision) -> str:
    a = decision.alarm
    held = a.persistence + a.on_delay
    return f"raised by {held} rows at or under threshold, ended by {a.persistence} over it by {a.hysteresis:g}"
