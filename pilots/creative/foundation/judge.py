"""How well the tiles wrap and how much they differ, beside mirror tiling and the model as it was before.

Axes: N tiles, S pixels of a side. Nothing is learned here, so no picture is held out: the measures that need one
(distance, copies) are not stated.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Any

import numpy as np

from pilots.creative.metrics.bootstrap import interval
from pilots.creative.metrics.patches import sample
from pilots.creative.metrics.seam import LEVEL, seam
from pilots.creative.metrics.swd import PATCHES, SIDE, quantiles, spread, swd

OURS, NAIVE, UNTOUCHED = "periodic", "mirror", "untouched"
UNITS = {"seam_pass": "", "seam_ratio": "", "diversity": "std"}
AT_ONCE = 10_000  # seeds of tiles between two seeds of a run


def seeds(run_seeds: list[int], tiles: int) -> list[int]:
    """One seed for every tile."""
    return [seed * AT_ONCE + number for seed in run_seeds for number in range(tiles)]


def values(tiles_NSS3: np.ndarray) -> dict[str, np.ndarray]:
    """One value per tile; of diversity one per tile too, its mean distance to the others."""
    found = [seam(tile) for tile in tiles_NSS3]
    passed = np.array([p > LEVEL for p, _ in found], float)
    return {"seam_pass": passed, "seam_ratio": np.array([r for _, r in found]), "diversity": apart(tiles_NSS3)}


def apart(tiles_NSS3: np.ndarray) -> np.ndarray:
    """[N] mean distance (SWD) of each tile to the others; [0] of one tile alone."""
    rng = np.random.default_rng(0)
    drawn = [quantiles(sample(tile, SIDE, PATCHES, rng)) for tile in tiles_NSS3]
    wide = [spread(tile) for tile in tiles_NSS3]
    far = np.zeros((len(drawn), len(drawn)))
    for i, j in combinations(range(len(drawn)), 2):
        far[i, j] = far[j, i] = swd(drawn[i], drawn[j], (wide[i] + wide[j]) / 2)
    return far.sum(axis=1) / max(1, len(drawn) - 1)


def judged(tiles: Mapping[str, np.ndarray], torus: Mapping[str, float], seed: int) -> tuple[dict, dict]:
    """Metrics of run.json and the bare numbers of every generator. `tiles`, `torus`: by generator, OURS first."""
    found = {name: values(drawn) for name, drawn in tiles.items()}
    bare = {name: {key: float(v.mean()) for key, v in each.items()} for name, each in found.items()}
    metrics: dict[str, Any] = {}
    for key, unit in UNITS.items():
        low, high = interval([found[OURS][key]], seed)
        metrics[key] = {"value": bare[OURS][key], "unit": unit, "low": low, "high": high, "naive": bare[NAIVE][key]}
    for name, error in torus.items():
        bare[name]["torus_error"] = error
    metrics["torus_error"] = {"value": torus[OURS], "unit": "", "low": None, "high": None, "naive": None}
    return metrics, {**bare.pop(OURS), "baselines": bare}
