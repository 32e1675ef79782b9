"""Remaining life of a bearing from its bands, learned from other bearings; each whole test is left out in turn.

Features: each band's log against the bearing's own first rows, mean of the last ten rows. No age: within one test it
would be the answer, between tests it says nothing.

Axes: T rows, D features.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from pilots.manufacturing.data.bearings import Life
from pilots.manufacturing.vibration.detect import HEALTHY, logs

SMOOTH = 10  # rows
POINTS = 300  # rows per bearing, evenly in time order, so that a long life counts no more than a short one
TARGETS = ("hours", "share")  # hours left; hours left as a share of the whole life


def features(life: Life) -> np.ndarray:
    """[T, D]; row t sees rows 0 to 99 and t-9 to t."""
    x_TD = logs(life.band_TB)
    x_TD = x_TD - x_TD[:HEALTHY].mean(axis=0)
    sum_TD = np.cumsum(np.concatenate([np.zeros((1, x_TD.shape[1])), x_TD]), axis=0)
    end_T = np.arange(1, len(x_TD) + 1)
    start_T = np.maximum(end_T - SMOOTH, 0)
    return (sum_TD[end_T] - sum_TD[start_T]) / (end_T - start_T)[:, None]


def rows(life: Life) -> np.ndarray:
    """The rows that are scored and learned from: after the healthy ones."""
    return np.unique(np.linspace(HEALTHY, len(life.hour_T) - 1, POINTS).astype(int))


def target(life: Life, kind: str) -> np.ndarray:
    return life.left_T / (life.left_T[0] if kind == "share" else 1.0)


def models() -> dict[str, Callable]:
    from sklearn.ensemble import HistGradientBoostingRegressor
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return {
        "ridge": lambda: make_pipeline(StandardScaler(), Ridge(alpha=100.0)),
        "gbdt": lambda: HistGradientBoostingRegressor(
            max_iter=100, learning_rate=0.05, max_leaf_nodes=8, random_state=0
        ),
    }


def left_out(lives: Sequence[Life], kind: str) -> dict[str, dict[str, float]]:
    """Bearing -> RMSE of each model and of the naive constant, learned from the tests it did not run in.

    Bearings cut before failure are scored where the rest of their life is known, and never learned from.
    """
    kinds, table = models(), {}
    for life in lives:
        if np.isnan(life.left):
            continue
        others = [other for other in lives if other.failed and other.group != life.group]
        x_RD = np.concatenate([features(other)[rows(other)] for other in others])
        y_R = np.concatenate([target(other, kind)[rows(other)] for other in others])
        at = rows(life)
        asked_RD, true_R = features(life)[at], target(life, kind)[at]
        said = {name: np.maximum(make().fit(x_RD, y_R).predict(asked_RD), 0) for name, make in kinds.items()}
        said["naive"] = np.full(len(at), y_R.mean())
        table[life.name] = {name: float(np.sqrt(((p_R - true_R) ** 2).mean())) for name, p_R in said.items()}
    return table
