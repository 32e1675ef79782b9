"""Who is learned from and who is only scored: whole units, never rows."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np


def by_unit(unit_N: np.ndarray, test_share: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Row numbers of train and test. A unit (machine, hospital, photo) is in one of them, never both."""
    units = np.unique(unit_N)
    held = np.random.default_rng(seed).choice(units, max(1, round(test_share * len(units))), replace=False)
    test_N = np.isin(unit_N, held)
    return np.flatnonzero(~test_N), np.flatnonzero(test_N)


def folds(unit_N: np.ndarray, count: int, seed: int) -> list[np.ndarray]:
    """`count` sets of row numbers to hold out in turn, near equal in units; every unit is in exactly one."""
    units = np.random.default_rng(seed).permutation(np.unique(unit_N))
    if len(units) < count:
        raise ValueError(f"{len(units)} units cannot fill {count} folds")
    return [np.flatnonzero(np.isin(unit_N, part)) for part in np.array_split(units, count)]


def fingerprint(units: Sequence[str]) -> str:
    """sha256 of the sorted unit names: two runs with the same value learned from the same machines."""
    return hashlib.sha256("\n".join(sorted(map(str, units))).encode()).hexdigest()
