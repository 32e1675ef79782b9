"""Result files of pilot-bench with figures that can be worked out by hand."""

from __future__ import annotations

from typing import Any

TOY = "a" * 64  # bundle id
ROOF = {"where": "cpu", "threads": 1, "sgemm_gflops": 100.0, "copy_gb_s": 10.0, "empty_call_us": 5.0}


def interval(value: float, share: float = 0.1) -> dict[str, float]:
    """The value, and limits that far below and above."""
    return {"value": value, "low": value * (1 - share), "high": value * (1 + share)}


def measured(scenario: str = "single_stream", rate: float = 500.0, **other: Any) -> dict[str, Any]:
    """One measurement: `rate` queries in a second, each 1/rate long."""
    latency = {name: interval(1e3 * slower / rate) for name, slower in (("p50", 1), ("p90", 1.5), ("p99", 2))}
    return {
        "bundle": TOY,
        "runtime": "ort_cpu",
        "variant": "fp32",
        "threads": 1,
        "scenario": scenario,
        "made": "2026-11-21T21:00:00Z",
        "facts": {},
        "settings": {"p99_ms": 50.0 if scenario == "server" else None},
        "rounds": 5,
        "queries": 5000,
        "seconds": 10.0,
        "latency_ms": None if scenario == "offline" else latency,
        "rate_per_s": interval(rate),
        "sweep": [],
        "early_stopping": None,
        "share_of_roof": {"share": 0.25, "binds": "memory"},
        "energy": {"joules": None, "why": "this machine has no RAPL counter"},
        "accuracy": {"measured": True, "counts": True, "reason": ""},
        "verdict": "VALID",
        "reasons": [],
        **other,
    }


def result(*measurements: dict[str, Any], **other: Any) -> dict[str, Any]:
    """A file of these measurements, of one toy bundle on one quiet core."""
    return {
        "format": 1,
        "kind": "pilot-bench",
        "made": "2026-11-21T21:00:00Z",
        "command": "pilot-bench run --bundle toy",
        "commit": "0123456789abcdef",
        "dirty": False,
        "seed": 0,
        "machine": {
            "cpu": "Toy One CPU @ 1 GHz",
            "cores": 1,
            "ram_gb": 4.0,
            "gpu": [],
            "versions": {"onnxruntime": "1.31.1"},
        },
        "noise": {"noisy": False, "why": ""},
        "roof": [ROOF],
        "bundles": [bundle()],
        "measurements": list(measurements),
        "comparisons": [],
        "skipped": [],
        **other,
    }


def bundle(name: str = "toy", identity: str = TOY, **other: Any) -> dict[str, Any]:
    """What a file says of a bundle."""
    return {
        "id": identity,
        "name": name,
        "pilot": name,
        "task": "rul",
        "model": "ridge",
        "version": "20261121200000",
        "model_sha256": "b" * 64,
        "data_sha256": "c" * 64,
        "config_sha256": None,
        "queries_from": "sample.npz",
        "axis": "machines",
        "flops": 1e6,
        "bytes": 1e5,
        "profile": [{"op": "MatMul", "count": 2, "share": 0.9}],
        **other,
    }
