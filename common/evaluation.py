"""What a run keeps for later checks of faster variants of its bundle, and how much worse such a variant may be.

evaluation.npz and calibration.npz: inputs of the graph under their own names, stacked on a new first axis of queries,
one call of the graph each; inputs with a default may be absent. evaluation.npz also holds `outcome`: what came true,
in the shape of the scored output of each query (for quantiles without their last axis), NaN where nothing is scored.
Both stay in the run folder: they hold real rows, which a bundle never does.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import numpy as np
from omegaconf import DictConfig

from common.fault import Fault

MEASURES = ("rmse", "mae", "pinball", "error_rate")
KINDS = ("relative", "absolute")  # a share of the measure as it is, or a difference in the measure's own unit
LARGEST = 64 * 2**20  # bytes before packing; of more, queries evenly spread are kept


def packed(stacked: Mapping[str, np.ndarray]) -> bytes:
    """One npz of arrays [query, …]; of too many queries some are left out, never the first."""
    queries = len(next(iter(stacked.values())))
    each = sum(array.nbytes for array in stacked.values()) / queries
    kept = np.unique(np.linspace(0, queries - 1, max(1, min(queries, int(LARGEST / each)))).astype(int))
    held = io.BytesIO()
    np.savez_compressed(held, **{name: array[kept] for name, array in stacked.items()})
    return held.getvalue()


def gate(cfg: DictConfig, task: str, levels: list[float] | None = None) -> dict[str, Any]:
    """`benchmark` of run.json: what a variant is measured by, and by how much it may be worse."""
    return {**cfg.benchmark[task], "levels": levels}


def check_gates(cfg: DictConfig) -> None:
    """A Fault for the first setting under `benchmark` that no variant could be held against."""
    for task, asked in cfg.benchmark.items():
        name = f"benchmark.{task}"
        if set(asked) != {"output", "measure", "kind", "tolerance"}:
            raise Fault(f"{name} names {', '.join(asked)}: it needs output, measure, kind and tolerance")
        for key, known in (("measure", MEASURES), ("kind", KINDS)):
            if asked[key] not in known:
                raise Fault(f"{name}.{key}={asked[key]} is not known: choose {' or '.join(known)}")
        if isinstance(asked.tolerance, bool) or not isinstance(asked.tolerance, (int, float)) or asked.tolerance <= 0:
            raise Fault(f"{name}.tolerance={asked.tolerance} is not a number above 0")
