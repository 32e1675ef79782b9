"""The features written the plain way, one sliding window at a time: the independent check of the graph.

Shapes: L lives, T rows padded, K sensors, W rows of a window, D features.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def features(z_LTK: np.ndarray, kinds: list[str]) -> np.ndarray:
    """x_LTD for z-scores with NaN where a reading is missing: kind by kind, sensor by sensor, then age."""
    columns = [column(z_LTK, kind) for kind in kinds]
    age = np.broadcast_to(np.arange(1.0, z_LTK.shape[1] + 1)[None, :, None], (*z_LTK.shape[:2], 1))
    return np.concatenate([*columns, age], axis=2)


def column(z_LTK: np.ndarray, kind: str) -> np.ndarray:
    if kind == "shift":
        first = column(z_LTK, "mean_start")[:, np.minimum(np.arange(z_LTK.shape[1]), 9)]
        return column(z_LTK, "mean5") - first
    if kind.endswith("_start"):
        kind = kind.replace("_start", str(z_LTK.shape[1]))
    name = kind.rstrip("0123456789")
    return {"mean": _mean, "std": _std, "slope": _slope}[name](windows(z_LTK, int(kind[len(name) :])))


def windows(z_LTK: np.ndarray, rows: int) -> np.ndarray:
    """z_LTKW: the last `rows` rows at every row, oldest first; NaN before the log begins."""
    before = np.full((z_LTK.shape[0], rows - 1, z_LTK.shape[2]), np.nan)
    return sliding_window_view(np.concatenate([before, z_LTK], axis=1), rows, axis=1)


def _mean(x: np.ndarray) -> np.ndarray:
    count = np.isfinite(x).sum(-1)
    return np.where(count > 0, np.nansum(x, -1) / np.maximum(count, 1), np.nan)


def _std(x: np.ndarray) -> np.ndarray:
    away = np.nan_to_num(x - _mean(x)[..., None])
    count = np.isfinite(x).sum(-1)
    return np.where(count > 0, np.sqrt((away**2).sum(-1) / np.maximum(count, 1)), np.nan)


def _slope(x: np.ndarray) -> np.ndarray:
    """Least squares through the readings there are; 0 with fewer than two."""
    given = np.isfinite(x)
    count = given.sum(-1)
    step = np.broadcast_to(np.arange(x.shape[-1], dtype=float), x.shape)
    away = np.where(given, step - (step * given).sum(-1, keepdims=True) / np.maximum(count, 1)[..., None], 0.0)
    square = (away**2).sum(-1)
    return np.where(count > 1, (away * np.nan_to_num(x)).sum(-1) / np.where(square > 0, square, 1.0), 0.0)
