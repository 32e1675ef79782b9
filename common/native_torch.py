"""A PyTorch module in each of the ways one would call it: eager, compiled, as a CUDA graph; on the CPU or a GPU."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from typing import Any

import torch

from common.fault import Fault
from common.native import Asked

DTYPES = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}
KEPT = 4  # CUDA graphs, each with memory of its own
WARM = 3  # calls before a capture: libraries choose their kernels and take their memory


def ready(asked: Asked) -> list[str]:
    """Set the threads; the modes of this machine. A Fault where the device is missing."""
    torch.set_num_threads(asked.threads)
    if asked.device == "cuda":
        if not torch.cuda.is_available():
            build = "has no CUDA in it" if torch.version.cuda is None else "finds no CUDA device"
            raise Fault(f"PyTorch {torch.__version__} {build}: there is no GPU to run on")
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False  # fp32 is what it says
        torch.backends.cudnn.benchmark = True  # the fastest kernel for a shape is looked for at its first call
        return ["eager", "compiled", "graph"]
    if shutil.which(os.environ.get("CXX", "g++")) is None:
        if asked.mode == "compiled":
            raise Fault("torch.compile needs a C++ compiler on the CPU, and g++ is not installed")
        return ["eager"]
    return ["eager", "compiled"]


def words(asked: Asked) -> str:
    """As "PyTorch 2.13 eager, fp16, on NVIDIA A100"."""
    how = {"compiled": "torch.compile", "graph": "CUDA graph"}.get(asked.mode, asked.mode)
    where = torch.cuda.get_device_name() if asked.device == "cuda" else f"CPU, threads {asked.threads}"
    return f"PyTorch {torch.__version__} {how}, {asked.dtype}, on {where}"


def seconds(work: Callable[[], Any]) -> float:
    """Of a call from its first instruction to its answer; a GPU's queue is empty before and after."""
    wait = torch.cuda.synchronize if torch.cuda.is_initialized() else int
    try:
        wait()
        began = time.perf_counter()
        with torch.inference_mode():
            work()
        wait()
        return time.perf_counter() - began
    except torch.OutOfMemoryError as error:
        torch.cuda.empty_cache()
        raise Fault("the GPU's memory is too small for this call") from error
    except (MemoryError, RuntimeError) as error:  # PyTorch has no class of its own for the CPU's memory
        if isinstance(error, RuntimeError) and "allocate memory" not in str(error):
            raise
        raise Fault("the memory of this machine is too small for this call") from error


def called(module: Callable[..., Any], mode: str) -> Callable[..., Any]:
    """The module's call in a mode. The first call of each shape compiles or captures."""
    if mode == "compiled":
        return torch.compile(module)
    return Captured(module) if mode == "graph" else module


class Captured:
    """module(*tensors on a GPU) as CUDA graphs, one for each set of shapes; the answer is overwritten by the next."""

    def __init__(self, module: Callable[..., Any]):
        self.module = module
        self.graphs: dict[tuple, tuple[torch.cuda.CUDAGraph, list[torch.Tensor], Any]] = {}

    def __call__(self, *given: torch.Tensor) -> Any:
        shapes = tuple(x.shape for x in given)
        if shapes not in self.graphs:
            while len(self.graphs) >= KEPT:
                self.graphs.pop(next(iter(self.graphs)))
            self.graphs[shapes] = self._captured(given)
        graph, inputs, answer = self.graphs[shapes]
        for kept, new in zip(inputs, given, strict=True):
            kept.copy_(new)
        graph.replay()
        return answer

    def _captured(self, given: tuple[torch.Tensor, ...]) -> tuple[torch.cuda.CUDAGraph, list[torch.Tensor], Any]:
        inputs = [x.clone() for x in given]
        beside = torch.cuda.Stream()
        beside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(beside):
            for _ in range(WARM):
                self.module(*inputs)
        torch.cuda.current_stream().wait_stream(beside)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            answer = self.module(*inputs)
        return graph, inputs, answer
