"""What ran inside one call: every node with its shapes and its own time, as ONNX Runtime itself saw it.

Loop, If and Scan need no guessing: the nodes of their bodies appear once for every time they ran.
"""

from __future__ import annotations

import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from common.bundle.session import SESSION_OPTIONS, Session
from common.fault import Fault

BODIES = ("If", "Loop", "Scan")  # nodes whose time holds that of other nodes
EVENTS_CAP = 1_000_000  # ONNX Runtime stops noting events there

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Ran:
    """One node that ran once.

    inputs, outputs  (dtype, shape) of each; a weight that was packed beforehand is not among the inputs
    microseconds     of the node itself, without the nodes of its body; whole numbers, so 0 is under 1
    """

    node: str
    op: str
    inputs: tuple[tuple[str, Shape], ...]
    outputs: tuple[tuple[str, Shape], ...]
    microseconds: int


def trace(
    model: bytes,
    query: dict[str, np.ndarray],
    *,
    threads: int = 1,
    options: Mapping[str, Any] = SESSION_OPTIONS,
    warm: int = 0,
    runs: int = 1,
    seconds: float = float("inf"),
) -> tuple[list[list[Ran]], dict[str, np.ndarray]]:
    """For each call after `warm` others, the nodes in order; and the outputs of the last call.

    There are `runs` calls, fewer where `seconds` are over, but at least one.
    """
    with tempfile.TemporaryDirectory() as folder:
        session = Session(model, threads=threads, options=options, profile_in=Path(folder))
        until = time.perf_counter() + seconds
        for call in range(warm + runs):
            if call > warm and time.perf_counter() > until:
                break
            outputs = session.run(query)
        events = session.node_events()
    if len(events) >= EVENTS_CAP:
        raise Fault(f"model.onnx runs more than {EVENTS_CAP:,} nodes in {warm + runs} calls: too many to be noted")
    return _by_call(events)[warm:], outputs


def _by_call(events: list[dict[str, Any]]) -> list[list[Ran]]:
    calls = sorted((e["ts"], e["ts"] + e["dur"]) for e in events if e.get("name") == "model_run")
    nodes = [e for e in events if e.get("cat") == "Node" and e["name"].endswith("_kernel_time")]
    nodes.sort(key=lambda e: (e["ts"], -e["dur"]))
    own = _own_time(nodes)
    return [[_ran(e, us) for e, us in zip(nodes, own, strict=True) if start <= e["ts"] <= end] for start, end in calls]


def _own_time(nodes: list[dict[str, Any]]) -> list[int]:
    """Each node's time less that of the nodes directly inside it; `nodes` in order of their start."""
    own = [e["dur"] for e in nodes]
    around: dict[int, list[int]] = defaultdict(list)  # thread: the bodies that are open
    for i, e in enumerate(nodes):
        open_bodies = around[e["tid"]]
        while open_bodies and e["ts"] + e["dur"] > nodes[open_bodies[-1]]["ts"] + nodes[open_bodies[-1]]["dur"]:
            open_bodies.pop()
        if open_bodies:
            own[open_bodies[-1]] -= e["dur"]
        if e["args"]["op_name"] in BODIES:
            open_bodies.append(i)
    return [max(us, 0) for us in own]


def _ran(event: dict[str, Any], microseconds: int) -> Ran:
    words = event["args"]
    inputs, outputs = (
        tuple((kind, tuple(shape)) for one in words.get(key, []) for kind, shape in one.items())
        for key in ("input_type_shape", "output_type_shape")
    )
    return Ran(event["name"].removesuffix("_kernel_time"), words["op_name"], inputs, outputs, microseconds)
