"""Products and what stands between them in half precision: half the weights; fast where the hardware has it."""

from __future__ import annotations

from pathlib import Path

from onnx import TensorProto

from benchmarks.variants.half import in_sixteen_bits
from benchmarks.workload import Workload

NAME = "fp16"


def make(workload: Workload, folder: Path | None) -> bytes:
    return in_sixteen_bits(workload.files["model.onnx"], TensorProto.FLOAT16)
