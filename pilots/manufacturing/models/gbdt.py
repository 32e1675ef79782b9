"""Remaining useful life by gradient-boosted trees on full-history features.

Shapes: L lives, T rows, D features, N training rows, C columns used.
"""

from __future__ import annotations

import numpy as np
import onnx
from sklearn.ensemble import HistGradientBoostingRegressor

from common.export import forest
from common.export.trees import boosted
from pilots.manufacturing.histories import Histories


class GbdtRul:
    """The mean of a few boosted models that differ in the columns their splits may draw.

    kinds   feature kinds of each sensor that the trees see
    models  boosted models averaged
    trees   per model
    rate    learning rate
    leaves  per tree
    rows    least training rows in a leaf
    share   of the columns offered to each split
    cap     rows; longer lives are not told apart
    age     use the number of rows since the log began; false for logs that begin anywhere in a life

    Every row of every failed life is one example (Friedman 2001). Wrong beyond what was seen: trees do not
    extrapolate, a machine worse than any in training is told the shortest life in training.
    """

    def __init__(
        self,
        kinds: list[str],
        models: int = 1,
        trees: int = 150,
        rate: float = 0.08,
        leaves: int = 15,
        rows: int = 20,
        share: float = 0.3,
        cap: float = 125.0,
        age: bool = True,
    ):
        if min(models, trees, rows) < 1 or leaves < 2 or not 0 < share <= 1 or min(rate, cap) <= 0:
            raise ValueError("models, trees and rows must be >= 1, leaves >= 2, share in 0..1, rate and cap > 0")
        self.kinds, self.models, self.trees, self.rate = list(kinds), models, trees, rate
        self.leaves, self.rows, self.share, self.cap, self.age = leaves, rows, share, cap, age

    def fit(self, h: Histories, seed: int) -> GbdtRul:
        self.columns_C = h.columns(self.kinds, self.age)
        known = np.isfinite(h.rul_LT)
        x_NC, y_N = h.x_LTD[known][:, self.columns_C], np.minimum(h.rul_LT[known], self.cap)
        self.fitted = [
            HistGradientBoostingRegressor(
                max_iter=self.trees,
                learning_rate=self.rate,
                max_leaf_nodes=self.leaves,
                min_samples_leaf=self.rows,
                max_features=self.share,
                early_stopping=False,
                random_state=1000 * seed + number,
            ).fit(binnable(x_NC), y_N)
            for number in range(self.models)
        ]
        return self

    def predict(self, x_LTD: np.ndarray, length_L: np.ndarray) -> np.ndarray:
        x_NC = x_LTD.reshape(-1, x_LTD.shape[2])[:, self.columns_C]
        said_N = np.mean([model.predict(x_NC) for model in self.fitted], axis=0)
        return said_N.reshape(x_LTD.shape[:2]).astype(np.float32)

    def state(self) -> dict[str, np.ndarray]:
        return {"columns": self.columns_C, **forest.state(self.fitted)}

    def restore(self, state: dict[str, np.ndarray]) -> GbdtRul:
        self.columns_C = state["columns"]
        self.fitted = forest.restored(HistGradientBoostingRegressor, state, len(self.columns_C))
        return self

    def graph(self) -> onnx.ModelProto:
        return boosted([self.fitted], "rul", self.columns_C)


def binnable(x_NC: np.ndarray) -> np.ndarray:
    """Columns without any number as zeros: scikit-learn 1.9 fails on them, of a column of equals it makes no use."""
    return np.where(np.isfinite(x_NC).any(axis=0), x_NC, np.float32(0))
