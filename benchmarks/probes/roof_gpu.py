"""The most that a GPU does: multiply in each precision, copy, and start an empty kernel.

    python -m benchmarks.probes.roof_gpu [--device cuda] [--seconds 2]

PyTorch measures it, in a process of its own: benchmarks do without PyTorch, and the memory is free again afterwards.
Prints one line of JSON, a list of devices or {"missing": why}.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

SECONDS = 2.0  # for all of it
QUICK_SECONDS = 0.8
START_CAP = 120  # s; importing PyTorch and waking a GPU, on a slow network drive
SIDES = {"cuda": (2048, 4096, 8192), "cpu": (128, 256)}  # rows of the square matrices
COPY_BYTES = {"cuda": 1 << 30, "cpu": 64 << 20}
CALLS = 200  # empty kernels between two looks at the clock
SIGNS = (
    "/dev/nvidiactl",
    "/dev/nvidia0",
    "/dev/dxg",
    "/dev/nvhost-gpu",
)  # of a driver; PyTorch takes seconds to say no
PRECISIONS = {"sgemm_gflops": "float32", "fp16_gflops": "float16", "bf16_gflops": "bfloat16"}


def measure(*, seconds: float = SECONDS, device: str = "cuda") -> list[dict[str, Any]] | str:
    """One roof per GPU, or a sentence that says why there is none. fp32 is true fp32, without TF32."""
    if device == "cuda" and not any(Path(sign).exists() for sign in SIGNS):
        return "no roof of a GPU: no NVIDIA driver is loaded here"
    command = [sys.executable, "-m", "benchmarks.probes.roof_gpu", "--device", device, "--seconds", str(seconds)]
    root = str(Path(__file__).resolve().parents[2])
    paths = os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])])
    try:
        done = subprocess.run(
            command,
            env={**os.environ, "PYTHONPATH": paths},
            capture_output=True,
            text=True,
            timeout=START_CAP + 10 * seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"the roof of the GPU was not measured within {START_CAP + 10 * seconds:.0f} s"
    lines = done.stdout.strip().splitlines()
    if done.returncode or not lines:
        last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        return f"the roof of the GPU could not be measured: {last:.200}"
    found = json.loads(lines[-1])
    return found["missing"] if isinstance(found, dict) else found


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.probes.roof_gpu", description=__doc__.split("\n")[0])
    parser.add_argument("--device", choices=tuple(SIDES), default="cuda")
    parser.add_argument("--seconds", type=float, default=SECONDS)
    given = parser.parse_args()
    print(json.dumps(_devices(given.device, given.seconds)))


def _devices(kind: str, seconds: float) -> list[dict[str, Any]] | dict[str, str]:
    try:
        import torch
    except ImportError:
        return {"missing": "no roof of a GPU: PyTorch is not installed here"}
    if kind == "cpu":
        return [_roof(torch, "cpu", seconds)]
    if not torch.cuda.is_available():
        return {"missing": "no roof of a GPU: PyTorch finds no CUDA device here"}
    count = torch.cuda.device_count()
    return [_roof(torch, f"cuda:{i}", seconds / count) for i in range(count)]


def _roof(torch: Any, device: str, seconds: float) -> dict[str, Any]:
    torch.backends.cuda.matmul.allow_tf32 = False
    part = seconds / (len(PRECISIONS) + 2)
    kind = device.partition(":")[0]
    roof: dict[str, Any] = {"where": device, "threads": None}
    for name, precision in PRECISIONS.items():
        rates = [
            _multiply(torch, device, side, getattr(torch, precision), part / len(SIDES[kind])) for side in SIDES[kind]
        ]
        roof[name] = round(max(rates), 1)
    roof["copy_gb_s"] = round(_copy(torch, device, COPY_BYTES[kind], part), 1)
    roof["empty_call_us"] = round(_empty(torch, device, part), 3)
    roof["name"] = torch.cuda.get_device_name(device) if kind == "cuda" else None
    return roof


def _multiply(torch: Any, device: str, side: int, dtype: Any, seconds: float) -> float:
    """10^9 operations per second."""
    x, w = (torch.randn(side, side, device=device).to(dtype) for _ in range(2))
    out = torch.empty(side, side, device=device, dtype=dtype)
    return 2 * side**3 / _least(torch, device, lambda: torch.mm(x, w, out=out), seconds) / 1e9


def _copy(torch: Any, device: str, size: int, seconds: float) -> float:
    """GB/s read plus GB/s written."""
    source = torch.ones(size // 4, device=device)
    target = torch.empty_like(source)
    return 2 * source.nbytes / _least(torch, device, lambda: target.copy_(source), seconds) / 1e9


def _empty(torch: Any, device: str, seconds: float) -> float:
    """Microseconds from one tiny kernel to the next, many of them started in a row."""
    one = torch.zeros(1, device=device)

    def calls() -> None:
        for _ in range(CALLS):
            one.add_(0)

    return _least(torch, device, calls, seconds) / CALLS * 1e6


def _least(torch: Any, device: str, work: Callable[[], Any], seconds: float) -> float:
    """Seconds of the shortest try. A GPU works on behind the program's back, so its end is waited for."""
    wait = torch.cuda.synchronize if device.startswith("cuda") else lambda: None
    for _ in range(2):
        work()
    wait()
    best, end = float("inf"), time.perf_counter()
    until = end + seconds
    while end < until or best == float("inf"):
        start = time.perf_counter()
        work()
        wait()
        end = time.perf_counter()
        best = min(best, end - start)
    return best


if __name__ == "__main__":
    main()
