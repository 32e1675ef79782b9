"""Offline: all samples are there at the start. How many are answered a second, for growing batches."""

from __future__ import annotations

from pathlib import Path

from benchmarks.runtimes import Engine, Unsupported
from benchmarks.scenarios import Measured, Settings
from benchmarks.stats import Interval
from benchmarks.workload import Workload
from common.fault import Fault

NAME = "offline"
MEMORY_SHARE = 0.5  # of what is free: the next batch must be expected to stay below it


def run(engine: Engine, workload: Workload, settings: Settings, clock) -> Measured:
    """One block: each batch size for its part of `settings.seconds`, two calls at least; the best one's rate."""
    sizes = settings.batches if workload.axis else settings.batches[:1]
    each, longest, began = settings.seconds / len(sizes), settings.longest / 4, clock.now()
    sweep, notes, samples = [], [], 0
    if not workload.axis:
        notes.append("batch 1 alone: the graph has no axis along which queries can be joined")
    for at, batch in enumerate(sizes):
        if sweep and batch / sweep[-1]["samples_per_s"] > longest:
            notes.append(f"no batch of {batch} and more: a call would take over {longest:.2g} s")
            break
        free, held = _free_bytes(), _held_bytes()
        try:
            engine.seconds(0, batch)  # not counted: memory is asked for, kernels are chosen
        except (Fault, MemoryError, Unsupported) as fault:
            if at == 0:
                raise
            notes.append(f"no batch of {batch} and more: {str(fault) or 'not enough memory'}")
            break
        grown = _held_bytes() - held
        spent, calls = 0.0, 0
        while spent < each or calls < 2:
            spent += engine.seconds(0, batch)
            calls += 1
        samples += calls * batch
        sweep.append({"batch": batch, "samples_per_s": calls * batch / spent, "low": None, "high": None})
        if at + 1 < len(sizes) and grown * sizes[at + 1] / batch > MEMORY_SHARE * free:
            notes.append(f"no batch of more than {batch}: it would take over half of the memory that is free")
            break
    best = max(row["samples_per_s"] for row in sweep)
    return Measured(samples, clock.now() - began, None, Interval(best, None, None), sweep, notes=notes)


def _held_bytes() -> int:
    """Memory this process holds; 0 where the system does not say."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * 4096
    except OSError:
        return 0


def _free_bytes() -> int:
    """Memory that could still be had; without end where the system does not say."""
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 1 << 62
