"""Every query of an evaluation.npz is one call of the bundle beside it, scored where its outcome is a number."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np

from common.bundle.open import open_bundle


def replayed(folder: Path, data: bytes, output: str) -> tuple[int, np.ndarray, np.ndarray]:
    """Number of queries, what the bundle says and what came true, all [query, …]."""
    bundle = open_bundle(folder)
    with np.load(io.BytesIO(data), allow_pickle=False) as kept:
        arrays = {name: kept[name] for name in kept.files}
    outcome = arrays.pop("outcome")
    needed = {tensor["name"] for tensor in bundle.manifest["inputs"] if tensor.get("default") is None}
    assert needed == set(arrays)
    assert {len(array) for array in arrays.values()} == {len(outcome)}
    said = np.stack([bundle.run(**{n: a[i] for n, a in arrays.items()})[output] for i in range(len(outcome))])
    assert np.isfinite(outcome).any()
    return len(outcome), said, outcome
