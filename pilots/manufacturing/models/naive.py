"""Remaining useful life by the best constant: the number every other model has to beat.

Shapes: L lives, T rows, D features.
"""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper

from pilots.manufacturing.histories import Histories


class NaiveRul:
    """Say the mean of the training labels, cut at `cap`, whatever the sensors show.

    cap  rows; longer lives are not told apart

    Wrong always, and by how much is the point: a model that does no better has learned nothing.
    """

    def __init__(self, cap: float = 125.0):
        if cap <= 0:
            raise ValueError(f"cap must be > 0, got {cap}")
        self.cap = cap

    def fit(self, h: Histories, seed: int) -> NaiveRul:
        self.constant = float(np.minimum(h.rul_LT[np.isfinite(h.rul_LT)], self.cap).mean())
        return self

    def predict(self, x_LTD: np.ndarray, length_L: np.ndarray) -> np.ndarray:
        return np.full(x_LTD.shape[:2], self.constant, np.float32)

    def state(self) -> dict[str, np.ndarray]:
        return {"constant": np.array(self.constant)}

    def restore(self, state: dict[str, np.ndarray]) -> NaiveRul:
        self.constant = float(state["constant"])
        return self

    def graph(self) -> onnx.ModelProto:
        constant = helper.make_tensor("constant", TensorProto.FLOAT, [1], [self.constant])
        rows = [
            helper.make_node("Shape", ["features"], ["lead"], start=0, end=2),
            helper.make_node("ConstantOfShape", ["lead"], ["rul"], value=constant),
        ]
        ends = [("features", ["machine", "time", None]), ("rul", ["machine", "time"])]
        source, target = (helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in ends)
        graph = helper.make_graph(rows, "naive", [source], [target])
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
