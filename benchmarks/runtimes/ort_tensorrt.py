"""ONNX Runtime on an NVIDIA GPU through TensorRT, with CUDA for what TensorRT does not know."""

from __future__ import annotations

from benchmarks.runtimes.accelerator import CUDA, Accelerator, lacking
from benchmarks.workload import Workload

NAME = "ort_tensorrt"
VARIANTS = ("fp32", "fp16", "bf16", "int8_static")
THREADED = False
TENSORRT = "TensorrtExecutionProvider"
PRECISION = {"fp16": "trt_fp16_enable", "bf16": "trt_bf16_enable", "int8_static": "trt_int8_enable"}


def missing() -> str | None:
    return lacking(TENSORRT)


def open_engine(workload: Workload, variant: str, model: bytes, threads: int) -> Accelerator:
    chosen = {PRECISION[variant]: "1"} if variant in PRECISION else {}
    return Accelerator(NAME, workload, model, [(TENSORRT, chosen), (CUDA, {"use_tf32": "0"})], graph=False)
