"""What the bundle of a fault classifier says about itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx

from common.bundle.format import Tensor, manifest
from common.bundle.session import SESSION_OPTIONS
from pilots.manufacturing.data.cwru import Recording
from pilots.manufacturing.vibration.classify import BALLS, CLASSES, RATIO, Windows
from pilots.manufacturing.vibration.graph import BANDS, EDGES, HARMONICS, LEAST_RATE, LINES, RATES, SECONDS


def contract() -> tuple[list[Tensor], list[Tensor]]:
    """Inputs and outputs of the graph."""
    w, number = ("window",), "float32"
    inputs = [
        Tensor("acceleration", number, ("window", "sample"), "g", -500.0, 500.0, meaning="raw, not filtered"),
        Tensor("speed", number, w, "rpm", 60.0, 60_000.0, meaning="of the shaft during the window"),
        Tensor("rate", number, (), "Hz", LEAST_RATE, 1e6, 12_000.0, meaning="samples a second"),
        Tensor("balls", number, (), "", 3.0, 100.0, BALLS, meaning="number of balls or rollers"),
        Tensor("ratio", number, (), "", 0.01, 0.9, RATIO, meaning="ball diameter / pitch diameter x cos contact angle"),
    ]
    lines, bands = (*w, len(LINES)), (*w, len(BANDS))
    outputs = [
        Tensor("probability", number, (*w, len(CLASSES)), "", 0.0, 1.0, meaning=", ".join(CLASSES)),
        Tensor("line_db", number, lines, "dB", meaning="envelope line above its surroundings; " + ", ".join(LINES)),
        Tensor("line_hz", number, lines, "Hz", meaning="where that line stands"),
        Tensor("band_db", number, bands, "dB", meaning="share of the power; " + ", ".join(BANDS)),
        Tensor("level", number, w, "g", meaning=f"root mean square, {EDGES[0]} to {EDGES[-1]} Hz"),
        Tensor("kurtosis", number, w, "", meaning="of the band in which the envelope is taken; 3 is noise"),
        Tensor("envelope", number, (*w, "bin"), "g", meaning="envelope spectrum, bin k at k x rate / samples Hz"),
    ]
    return inputs, outputs


def describe(graph: onnx.ModelProto, train: Windows, recordings: Sequence[Recording], **facts: Any) -> dict[str, Any]:
    """The manifest. `facts`: version, metrics, parity, seed, commit, licence, data."""
    inputs, outputs = contract()
    spans = {name: np.percentile(train.said[name], [1, 99]).tolist() for name in ("level", "kurtosis")}
    speeds = [recording.rpm for recording in recordings]
    return manifest(
        inputs=inputs,
        outputs=outputs,
        pilot="manufacturing",
        name="manufacturing-fault-class",
        task="fault_class",
        model="envelope",
        seen={**spans, "speed": [min(speeds), max(speeds)]},
        table={"columns": {"acceleration": "acceleration", "time": "time"}},
        decision={
            "classes": list(CLASSES),
            "rates": list(RATES),
            "harmonics": list(HARMONICS),
            "bands": list(BANDS),
            "seconds": SECONDS,
            "least_rate": LEAST_RATE,
        },
        opset={o.domain or "ai.onnx": o.version for o in graph.opset_import},
        session_options=SESSION_OPTIONS,
        **facts,
    )
