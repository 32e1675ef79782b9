"""Which part of a machine a contestant works on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

GPU_RUNTIMES = ("ort_cuda", "ort_tensorrt")


def on_gpu(arm: Mapping[str, Any]) -> bool:
    """Whether this runtime and variant work on a GPU; native says so in its variant, such as cuda-graph-bf16."""
    return arm["runtime"] in GPU_RUNTIMES or arm["variant"].startswith("cuda")
