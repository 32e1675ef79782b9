"""Where the time of a call goes: the operators of the graph as ONNX Runtime optimised it, by share of time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from benchmarks.probes.trace import trace
from common.bundle.session import SESSION_OPTIONS

RUNS = 20  # calls at most, after one that is not looked at
SECONDS = 1.0  # after which no further call is made
TOP = 12  # operators that are named; what is left is one line


def nodes(workload: Any, threads: int = 1, *, seconds: float = SECONDS) -> list[dict[str, Any]]:
    """`operators` of a bundle's first query under the options it is served with."""
    options = workload.bundle.manifest["session_options"]
    return operators(workload.files["model.onnx"], workload.queries[0], threads, options, seconds)


def operators(
    model: bytes,
    query: dict[str, np.ndarray],
    threads: int,
    options: Mapping[str, Any] = SESSION_OPTIONS,
    seconds: float = SECONDS,
) -> list[dict[str, Any]]:
    """[{op, count: nodes per call, share: of the time of all nodes}], the dearest first.

    The time of an operator is the median over calls. Fused nodes go by the name that ONNX Runtime gives them. Noting
    a node takes it about a microsecond, so a graph of many small nodes looks more even here than it is.
    """
    calls, _ = trace(model, query, threads=threads, options=options, warm=1, runs=RUNS, seconds=seconds)
    count = Counter(ran.op for ran in calls[0])
    per_call: dict[str, list[int]] = {op: [0] * len(calls) for op in {ran.op for call in calls for ran in call}}
    for i, call in enumerate(calls):
        for ran in call:
            per_call[ran.op][i] += ran.microseconds
    time = {op: float(np.median(us)) for op, us in per_call.items()}
    whole = sum(time.values()) or 1.0
    lines: list[dict[str, Any]] = [
        {"op": op, "count": count[op], "share": round(us / whole, 4)}
        for op, us in sorted(time.items(), key=lambda item: -item[1])
    ]
    rest = lines[TOP:]
    if not rest:
        return lines
    others = {"op": "others", "count": sum(line["count"] for line in rest)}
    return [*lines[:TOP], {**others, "share": round(sum(line["share"] for line in rest), 4)}]
