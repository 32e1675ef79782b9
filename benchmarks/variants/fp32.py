"""The graph as the bundle holds it."""

from __future__ import annotations

from pathlib import Path

from benchmarks.workload import Workload

NAME = "fp32"


def make(workload: Workload, folder: Path | None) -> bytes:
    return workload.files["model.onnx"]
