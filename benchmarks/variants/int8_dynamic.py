"""Products in int8, the range of what the weights meet found anew in every call: no data is needed."""

from __future__ import annotations

from pathlib import Path

from benchmarks.workload import Workload

NAME = "int8_dynamic"


def make(workload: Workload, folder: Path | None) -> bytes:
    from benchmarks.variants.quantize import dynamic

    return dynamic(workload.files["model.onnx"])
