"""ONNX Runtime on the processor, with the session options under which the bundle was proved."""

from __future__ import annotations

import time
from typing import Any

from benchmarks.runtimes import Unsupported
from benchmarks.workload import Query, Workload
from common.bundle.session import Session, runtime_version
from common.fault import Fault
from common.machine import cores

NAME = "ort_cpu"
VARIANTS = ("fp32", "fp16", "bf16", "int8_dynamic", "int8_static")


def missing() -> str | None:
    return None


def open_engine(workload: Workload, variant: str, model: bytes, threads: int) -> OrtCpu:
    try:
        return OrtCpu(workload, model, threads)
    except Fault as fault:
        if variant == "fp32":
            raise
        raise Unsupported(f"the processor cannot run it: {fault}") from fault


class OrtCpu:
    name = NAME

    def __init__(self, workload: Workload, model: bytes, threads: int):
        self._workload, self._queries, self._batch = workload, workload.queries, (0, 0, {})
        began = time.perf_counter()
        self._session = Session(model, threads=threads, options=workload.session_options)
        loaded = time.perf_counter()
        self._time = self._session.seconds
        self.facts: dict[str, Any] = {
            "runtime": f"onnxruntime {runtime_version()}",
            "session_options": dict(workload.session_options),
            "providers": {"CPUExecutionProvider": "all nodes"},  # no other is offered to the session
            "threads": threads,
            "workers": max(1, cores() // threads),
            "load_ms": 1e3 * (loaded - began),
            "first_ms": 1e3 * self.seconds(0),
        }

    def seconds(self, i: int, k: int = 1) -> float:
        if k == 1:
            return self._time(self._queries[i % len(self._queries)])
        if self._batch[:2] != (i, k):  # joined before the clock starts, and kept: large ones are asked again
            self._batch = (i, k, self._workload.batch(k, i))
        return self._time(self._batch[2])

    def outputs(self, query: Query) -> Query:
        return self._session.run(query)

    def close(self) -> None:
        del self._session, self._time
