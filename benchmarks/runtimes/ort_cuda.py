"""ONNX Runtime on an NVIDIA GPU through CUDA and cuDNN."""

from __future__ import annotations

from benchmarks.runtimes.accelerator import CUDA, Accelerator, lacking
from benchmarks.workload import Workload

NAME = "ort_cuda"
VARIANTS = ("fp32", "fp16", "bf16", "int8_static")  # products in int8 with ranges of the moment have no kernel there
THREADED = False


def missing() -> str | None:
    return lacking(CUDA)


def open_engine(workload: Workload, variant: str, model: bytes, threads: int) -> Accelerator:
    exact = {"use_tf32": "0"}  # fp32 means fp32
    return Accelerator(NAME, workload, model, [(CUDA, exact)], graph=True)
