"""The gate between a trained model and its export: equal within a stated tolerance, or the run fails."""

from __future__ import annotations

import numpy as np

from common.fault import Fault


def parity(python: np.ndarray, graph: np.ndarray, tolerance: float) -> dict[str, float | int]:
    """Facts for run.json: largest absolute difference, how many values lie over `tolerance`, how many were compared.

    NaN must meet NaN. A Fault where any value differs by more than `tolerance` (in the output's unit) or none was
    compared.
    """
    python, graph = np.asarray(python, np.float64), np.asarray(graph, np.float64)
    if python.shape != graph.shape:
        raise Fault(f"the exported graph gives {graph.shape} values where the model gives {python.shape}")
    known = np.isfinite(python)
    if (known != np.isfinite(graph)).any():
        raise Fault("the exported graph gives an answer where the model gives none, or the reverse; do not use it")
    apart = np.abs(python[known] - graph[known])
    facts = {
        "max_abs_diff": float(apart.max(initial=0.0)),
        "tolerance": tolerance,
        "over_tolerance": int((apart > tolerance).sum()),
        "rows": int(known.sum()),
    }
    if facts["over_tolerance"] or not facts["rows"]:
        raise Fault(
            f"the exported graph is not the trained model: {facts['over_tolerance']} of {facts['rows']} values differ "
            f"by more than {tolerance:g} (largest {facts['max_abs_diff']:g}); the bundle was not written"
        )
    return facts
