"""Boosted trees of scikit-learn as plain arrays, and back: nothing that runs is ever stored.

Axes: N nodes of all trees, T trees, M models.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from common.fault import Fault

NO_CATEGORIES = np.zeros((0, 8), np.uint32)


def state(models: Sequence[Any]) -> dict[str, np.ndarray]:
    """Fitted HistGradientBoosting models: nodes_N of all trees, size_T, trees_M, baseline_M."""
    trees = [tree.nodes for model in models for (tree,) in model._predictors]
    return {
        "nodes": np.concatenate(trees),
        "size": np.array([len(tree) for tree in trees]),
        "trees": np.array([len(model._predictors) for model in models]),
        "baseline": np.array([np.ravel(model._baseline_prediction)[0] for model in models]),
    }


def restored(kind: Callable[..., Any], state: dict[str, np.ndarray], columns: int) -> list[Any]:
    """Models of this kind, on so many columns, that answer as those of `state` did."""
    parts = np.split(state["nodes"], np.cumsum(state["size"])[:-1])
    for tree_N in parts:
        _check(tree_N, columns)
    models, first = [], 0
    for count, baseline in zip(state["trees"], state["baseline"], strict=True):
        model = kind(max_iter=1, early_stopping=False).fit(np.zeros((2, columns), np.float32), [0, 1])
        tree = type(model._predictors[0][0])
        model._predictors = [[tree(nodes, NO_CATEGORIES, NO_CATEGORIES)] for nodes in parts[first : first + count]]
        model._baseline_prediction = np.full_like(model._baseline_prediction, baseline)
        models.append(model)
        first += count
    return models


def _check(tree_N: np.ndarray, columns: int) -> None:
    """scikit-learn follows the numbers of nodes unseen: each must lead further down the tree, to a node there is."""
    split_N = tree_N["is_leaf"] == 0
    own, inner = np.flatnonzero(split_N), tree_N[split_N]
    ends = np.stack([inner["left"], inner["right"]], axis=1).astype(np.int64)
    sound = (ends > own[:, None]).all() and (ends < len(tree_N)).all()
    if not (sound and len(tree_N) and (inner["feature_idx"] < columns).all() and not inner["is_categorical"].any()):
        raise Fault("the trees in native/ are damaged: train again")
