"""The most that this processor does through this very library: multiply, copy, and start a call.

Multiplication goes through a one-node graph in ONNX Runtime: a roof of another library could be lower than what a
bundle reaches, and its threads are then the session's own. A roof is a maximum, so the best of many short tries counts;
short ones also find the gaps that other programs leave. Copying goes through NumPy, one slice per thread, over arrays
larger than the last-level cache; bytes read and bytes written both count (McCalpin's STREAM convention).
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from benchmarks.probes.cache import last_level_bytes
from common import cgroup
from common.bundle.session import SESSION_OPTIONS, Session
from common.fault import Fault

SECONDS = 1.0  # for all of it
QUICK_SECONDS = 0.3
SIDES = ((256, 1, 1), (512, 1, 4), (1024, 2, 16), (2048, 5, 1024))  # rows of the square matrices, from … to … threads
CALLS = 50  # empty calls that are timed together: one is too short for a clock
NODES = 64
COPY_BYTES = (64 << 20, 1 << 30)  # smallest and largest array; between them twice the last-level caches
MEMORY_PART = 8  # of what a control group allows goes into each array
PIECE = 8 << 20  # bytes that each thread copies in one try
FLOAT = TensorProto.FLOAT
KINDS: dict[str, tuple[str, int, int, int]] = {  # operator, and types of both factors and of the product
    "sgemm_gflops": ("MatMul", FLOAT, FLOAT, FLOAT),
    "dgemm_gflops": ("MatMul", TensorProto.DOUBLE, TensorProto.DOUBLE, TensorProto.DOUBLE),
    "fp16_gflops": ("MatMul", TensorProto.FLOAT16, TensorProto.FLOAT16, TensorProto.FLOAT16),
    "int8_gops": ("MatMulInteger", TensorProto.UINT8, TensorProto.INT8, TensorProto.INT32),
}


def measure(threads: int, *, seconds: float = SECONDS) -> dict[str, Any]:
    """What the processor does with `threads` threads: 10^9 operations/s, GB/s, us per empty call and per empty node.

    A kind of number that the library cannot multiply is None. fp16 without instructions for it runs as fp32.
    """
    part = seconds / (len(KINDS) + 2)
    call, node = empty_call(threads, seconds=part)
    return {
        "where": "cpu",
        "threads": threads,
        **{name: multiply(threads, *kind, seconds=part) for name, kind in KINDS.items()},
        "bf16_gflops": None,  # ONNX Runtime has no bfloat16 MatMul on a processor
        "copy_gb_s": copy(threads, seconds=part),
        "empty_call_us": call,
        "empty_node_us": node,
    }


def multiply(threads: int, op: str, left: int, right: int, product: int, *, seconds: float) -> float | None:
    """10^9 operations per second, two for each multiply-add, of the best side; None where there is no kernel."""
    best, sides = 0.0, [side for side, least, most in SIDES if least <= threads <= most]
    for side in sides:
        model, x = _product(side, op, left, right, product)
        try:
            session = Session(model, threads=threads, options={**SESSION_OPTIONS, "spinning": True})
        except Fault:
            return None
        best = max(best, 2 * side**3 / _least(lambda s=session, x=x: s.run({"x": x}), seconds / len(sides)) / 1e9)
    return round(best, 2)


def copy(threads: int, *, seconds: float, size: int | None = None) -> float:
    """GB/s read plus GB/s written, piece after piece through two arrays of `size` bytes that no cache holds."""
    size = size or _copy_bytes()
    each = max(size // PIECE // threads, 1) * PIECE // 8  # numbers per thread: its own part of both arrays
    source, target = (np.full((threads, each), fill) for fill in (1.0, 0.0))  # written once: every page is there
    starts = itertools.cycle(range(0, each, PIECE // 8))

    def pieces() -> None:
        piece = slice(start := next(starts), start + PIECE // 8)
        list(pool.map(lambda thread: np.copyto(target[thread, piece], source[thread, piece]), range(threads)))

    with ThreadPoolExecutor(threads) as pool:
        best = _least(pieces, seconds)
    return round(2 * threads * PIECE / best / 1e9, 2)


def _copy_bytes() -> int:
    """Of one array: twice the last-level caches, but no more than a quarter of the memory for both together."""
    least, most = COPY_BYTES
    allowed = cgroup.memory() or most * MEMORY_PART
    return min(max(2 * (last_level_bytes() or 0), least), most, allowed // MEMORY_PART)


def empty_call(threads: int, *, seconds: float) -> tuple[float, float]:
    """Microseconds of a call that hands one number through, and what each further node adds that does next to nothing.

    No call is faster than the first; ONNX Runtime starts no node in less than the second.
    """
    one, many = (_chain(nodes, threads, seconds / 2) for nodes in (1, NODES))
    return round(one, 3), round(max(many - one, 0) / (NODES - 1), 4)


def _chain(nodes: int, threads: int, seconds: float) -> float:
    """Microseconds of a call of that many nodes in a row."""
    made = [helper.make_node("Neg", [f"v{n}"], [f"v{n + 1}"]) for n in range(nodes)]
    graph = helper.make_graph(made, "chain", [_value("v0", 1)], [_value(f"v{nodes}", 1)])
    session, feed = Session(_model(graph), threads=threads), {"v0": np.zeros(1, np.float32)}

    together = max(CALLS // nodes, 5)  # a try that is too long is never left alone on a busy machine

    def calls() -> None:
        for _ in range(together):
            session.run(feed)

    return _least(calls, seconds) / together * 1e6


def _least(work: Callable[[], Any], seconds: float) -> float:
    """The shortest of as many tries as fit into `seconds`."""
    work()
    best, end = float("inf"), time.perf_counter()
    until = end + seconds
    while end < until or best == float("inf"):
        start = time.perf_counter()
        work()
        end = time.perf_counter()
        best = min(best, end - start)
    return best


def _product(side: int, op: str, left: int, right: int, product: int) -> tuple[bytes, np.ndarray]:
    rng = np.random.default_rng(0)
    x, w = ((rng.random((side, side)) * 9).astype(helper.tensor_dtype_to_np_dtype(kind)) for kind in (left, right))
    graph = helper.make_graph(
        [helper.make_node(op, ["x", "w"], ["y"])],
        "product",
        [_value("x", side, side, kind=left)],
        [_value("y", side, side, kind=product)],
        [numpy_helper.from_array(w, "w")],
    )
    return _model(graph), x


def _value(name: str, *shape: int, kind: int = FLOAT) -> Any:
    return helper.make_tensor_value_info(name, kind, shape)


def _model(graph: Any) -> bytes:
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    return made.SerializeToString()
