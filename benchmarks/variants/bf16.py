"""Products and what stands between them in bfloat16: the range of float32 with three digits."""

from __future__ import annotations

from pathlib import Path

from onnx import TensorProto

from benchmarks.variants.half import in_sixteen_bits
from benchmarks.workload import Workload

NAME = "bf16"


def make(workload: Workload, folder: Path | None) -> bytes:
    return in_sixteen_bits(workload.files["model.onnx"], TensorProto.BFLOAT16)
