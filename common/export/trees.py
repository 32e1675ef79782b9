"""scikit-learn's histogram boosting as one ONNX TreeEnsembleRegressor node, exact for float32 features.

scikit-learn compares in float64, ONNX Runtime in float32. Every threshold is rounded DOWN to the next
float32: for a float32 x, x <= t holds exactly when x <= floor32(t) does. Rounding to nearest instead
sends rows that sit on a threshold down the wrong branch (up to 2.5 cycles were seen on real sensors).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper

OPSETS = (("", 20), ("ai.onnx.ml", 3))


def floor32(x_N: np.ndarray) -> np.ndarray:
    """Largest float32 not above x."""
    x_N = np.asarray(x_N, np.float64)
    near = x_N.astype(np.float32)
    return np.where(near.astype(np.float64) > x_N, np.nextafter(near, np.float32(-np.inf)), near).astype(np.float32)


def boosted(groups: Sequence[Sequence], target: str, columns: np.ndarray | None = None) -> onnx.ModelProto:
    """Graph features [machine, time, D] float32 -> one output, float32.

    groups   per target the fitted HistGradientBoosting models whose raw scores (sum of leaves plus baseline) are
             averaged; binary classifiers give log-odds
    target   name of the output; [machine, time] for one group, [machine, time, G] for several
    columns  which of the D features the models were fitted on, all if None
    """
    nodes: dict[str, Any] = {name: [] for name in _NODE_FIELDS}
    leaves: dict[str, Any] = {name: [] for name in _LEAF_FIELDS}
    base, tree = [], 0
    for output, models in enumerate(groups):
        base.append(float(np.mean([np.ravel(m._baseline_prediction)[0] for m in models])))
        for model in models:
            for (predictor,) in model._predictors:
                _append(predictor.nodes, tree, output, 1.0 / len(models), columns, nodes, leaves)
                tree += 1
    ensemble = helper.make_node(
        "TreeEnsembleRegressor",
        ["rows"],
        ["flat"],
        domain="ai.onnx.ml",
        n_targets=len(groups),
        base_values=base,
        aggregate_function="SUM",
        post_transform="NONE",
        **nodes,
        **leaves,
    )
    return _on_rows(ensemble, target, len(groups))


def _on_rows(node: onnx.NodeProto, target: str, groups: int) -> onnx.ModelProto:
    """Put a node that works on rows ("rows" -> "flat") between [machine, time, D] and [machine, time(, G)]."""
    shape: list[str | int | None] = ["machine", "time", *([groups] if groups > 1 else [])]
    steps = [
        helper.make_node("Shape", ["features"], ["lead"], start=0, end=2),
        helper.make_node("Shape", ["features"], ["wide"], start=2, end=3),
        helper.make_node("Concat", ["any", "wide"], ["as_rows"], axis=0),
        helper.make_node("Reshape", ["features", "as_rows"], ["rows"]),
        node,
        helper.make_node("Concat", ["lead", *(["groups"] if groups > 1 else [])], ["as_lives"], axis=0),
        helper.make_node("Reshape", ["flat", "as_lives"], [target]),
    ]
    constants = [helper.make_tensor(name, TensorProto.INT64, [1], [n]) for name, n in (("any", -1), ("groups", groups))]
    source, out = (
        helper.make_tensor_value_info(name, TensorProto.FLOAT, axes)
        for name, axes in (("features", ["machine", "time", None]), (target, shape))
    )
    graph = helper.make_graph(steps, target, [source], [out], constants[: 1 + (groups > 1)])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid(d, v) for d, v in OPSETS], ir_version=10)
    onnx.checker.check_model(model)
    return model


_NODE_FIELDS = [
    "nodes_treeids",
    "nodes_nodeids",
    "nodes_featureids",
    "nodes_modes",
    "nodes_values",
    "nodes_truenodeids",
    "nodes_falsenodeids",
    "nodes_missing_value_tracks_true",
]
_LEAF_FIELDS = ["target_treeids", "target_nodeids", "target_ids", "target_weights"]


def _append(
    tree_N: np.ndarray, tree: int, output: int, weight: float, columns: np.ndarray | None, nodes: dict, leaves: dict
) -> None:
    """Add one scikit-learn tree (a structured array of nodes) to the node's attribute lists."""
    if tree_N["is_categorical"].any():
        raise ValueError("categorical splits have no exact ONNX form here; encode the column as numbers")
    leaf = tree_N["is_leaf"].astype(bool)
    feature = tree_N["feature_idx"] if columns is None else np.asarray(columns)[tree_N["feature_idx"]]
    count = len(tree_N)
    nodes["nodes_treeids"] += [tree] * count
    nodes["nodes_nodeids"] += range(count)
    nodes["nodes_featureids"] += np.where(leaf, 0, feature).tolist()
    nodes["nodes_modes"] += np.where(leaf, "LEAF", "BRANCH_LEQ").tolist()
    nodes["nodes_values"] += np.where(leaf, 0.0, floor32(tree_N["num_threshold"])).tolist()
    nodes["nodes_truenodeids"] += np.where(leaf, 0, tree_N["left"]).tolist()
    nodes["nodes_falsenodeids"] += np.where(leaf, 0, tree_N["right"]).tolist()
    nodes["nodes_missing_value_tracks_true"] += np.where(leaf, 0, tree_N["missing_go_to_left"]).tolist()
    where = np.flatnonzero(leaf)
    leaves["target_treeids"] += [tree] * len(where)
    leaves["target_nodeids"] += where.tolist()
    leaves["target_ids"] += [output] * len(where)
    leaves["target_weights"] += (tree_N["value"][where] * weight).tolist()
