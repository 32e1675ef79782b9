"""How near a measured time is to the least that this machine could take, and which limit is the near one.

The roofline of Williams, Waterman and Patterson (2009, CACM 52-4) with a third roof: a call that does nothing takes
time as well. The least time of a call is the longest of the three; the share is that over the time taken.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

RATES = {"fp32": "sgemm_gflops", "fp16": "fp16_gflops", "bf16": "bf16_gflops", "int8": "int8_gops"}


def precision(variant: str) -> str:
    """The numbers that a variant multiplies: int8_static -> int8, cuda-graph-bf16 -> bf16, eager -> fp32."""
    return next((numbers for numbers in RATES if numbers in variant.replace("_", "-").split("-")), "fp32")


def of_roof(
    flops: int,
    bytes: int,
    seconds: float,
    roof: Mapping[str, Any],
    *,
    calls: int = 1,
    flops_float64: int = 0,
    nodes: int | None = None,
    numbers: str = "fp32",
) -> dict[str, Any] | None:
    """{share, binds: compute | memory | call, and each roof's own share}; None where the roof was not measured.

    `nodes` beside them is no roof: the share of the time that ONNX Runtime takes to start so many nodes, which fewer
    and larger ones would save.

    flops, bytes, seconds  of all `calls` together, as are nodes
    flops_float64          the part of the flops done in double precision: they have a roof of their own
    """
    rate = roof.get(RATES[numbers])
    if not rate or not roof.get("copy_gb_s") or not seconds > 0:
        return None
    double = roof.get("dgemm_gflops") or rate
    least = {
        "compute": (flops - flops_float64) / (rate * 1e9) + flops_float64 / (double * 1e9),
        "memory": bytes / (roof["copy_gb_s"] * 1e9),
        "call": calls * roof["empty_call_us"] / 1e6,
    }
    binds = max(least, key=lambda name: least[name])
    return {
        "share": _round(least[binds] / seconds),
        "binds": binds,
        **{name: _round(time / seconds) for name, time in least.items()},
        "nodes": _round(nodes * roof["empty_node_us"] / 1e6 / seconds) if nodes and roof.get("empty_node_us") else None,
    }


def _round(share: float) -> float:
    return float(f"{share:.3g}")
