"""What is compared: a bundle under a runtime, a variant and a number of threads; opened, or left out with a reason."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from benchmarks.runtimes import RUNTIMES, Engine, Unsupported, native
from benchmarks.workload import Workload
from common.fault import Fault, did_you_mean
from common.machine import cores

VARIANTS = {name: f"benchmarks.variants.{name}" for name in ("fp32", "fp16", "bf16", "int8_dynamic", "int8_static")}
VARIANTS |= dict.fromkeys(native.WAYS, native.__name__)
REFERENCE = ("ort_cpu", "fp32", 1)


@dataclass(frozen=True)
class Arm:
    """One contestant, open. `key` is what the result file calls it by."""

    runtime: str
    variant: str
    threads: int
    engine: Engine

    @property
    def key(self) -> dict[str, Any]:
        return {"runtime": self.runtime, "variant": self.variant, "threads": self.threads}


def part(kind: str, name: str, known: dict[str, str]) -> ModuleType:
    """The module of a runtime, variant or scenario."""
    if name not in known:
        raise Fault(f"--{kind} {name!r:.60}: {did_you_mean(name, known)}")
    return importlib.import_module(known[name])


def threads(text: str) -> int:
    """1, 2, all -> how many threads."""
    if text == "all":
        return cores()
    if not text.isdecimal() or not 1 <= int(text) <= cores():
        raise Fault(f"--threads {text!r:.20}: write numbers from 1 to {cores()}, the cores granted here, or all")
    return int(text)


def open_arms(
    workload: Workload, runtimes: list[str], variants: list[str], counts: list[int]
) -> tuple[list[Arm], list[dict[str, Any]]]:
    """Every contestant that can be opened here, and what was left out and why."""
    arms: list[Arm] = []
    skipped: list[dict[str, Any]] = []
    models: dict[str, bytes | str] = {}  # variant: the graph, or why there is none

    def skip(runtime: str, variant: str | None, reason: str) -> None:
        entry = {"bundle": workload.bundle.id, "runtime": runtime, "variant": variant, "scenario": None}
        skipped.append({**entry, "reason": reason})

    for name in runtimes:
        runtime = part("runtime", name, RUNTIMES)
        why = runtime.missing()
        if why:
            skip(name, None, why)
            continue
        for variant in variants:
            if variant not in runtime.VARIANTS:
                skip(name, variant, f"{name} does not run {variant}")
                continue
            if variant not in models:
                models[variant] = _model(workload, variant)
            model = models[variant]
            if isinstance(model, str):
                skip(name, variant, model)
                continue
            for count in counts if getattr(runtime, "THREADED", True) else counts[:1]:
                try:
                    arms.append(Arm(name, variant, count, runtime.open_engine(workload, variant, model, count)))
                except (Unsupported, Fault, MemoryError) as reason:
                    skip(name, variant, str(reason))
                    break
    return arms, skipped


def _model(workload: Workload, variant: str) -> bytes | str:
    try:
        return part("variant", variant, VARIANTS).make(workload, workload.run)
    except Unsupported as reason:
        return str(reason)
    except ModuleNotFoundError as missing:
        return f"the variant cannot be made here: {missing.name} is not installed"
