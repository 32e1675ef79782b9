"""Products in int8, with ranges as seen in the run's calibration.npz: the data that the model learned from."""

from __future__ import annotations

from pathlib import Path

from benchmarks.runtimes import Unsupported
from benchmarks.workload import Workload, stacked_queries

NAME = "int8_static"


def make(workload: Workload, folder: Path | None) -> bytes:
    from benchmarks.variants.quantize import static

    queries = stacked_queries(folder / "calibration.npz", workload.bundle) if folder else None
    if not queries:
        raise Unsupported(
            "no calibration.npz for this bundle is there: name the run folder, not the bundle alone, or train again"
        )
    return static(workload.files["model.onnx"], queries)
