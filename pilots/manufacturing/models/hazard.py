"""Probability of failure and remaining useful life by a discrete-time hazard (Singer & Willett 1993).

Shapes: L lives, T rows, D features, N rows at risk, C columns used, B bins of remaining rows.
"""

from __future__ import annotations

import numpy as np
import onnx
import torch
from onnx import compose
from scipy.special import expit  # scikit-learn brings SciPy
from sklearn.ensemble import HistGradientBoostingClassifier
from torch import nn

from common.export import forest
from common.export.torch import to_onnx
from common.export.trees import boosted
from pilots.manufacturing.histories import Histories
from pilots.manufacturing.models.gbdt import binnable


class HazardRul:
    """Chance to fail in each bin of remaining rows, given survival up to it; one small boosted classifier per bin.

    kinds    feature kinds of each sensor that the trees see
    edges    rows; ends of the bins, the last is the cap
    horizon  rows; p_fail is the chance to fail within them, an edge
    trees, rate, leaves, rows, share   as in GbdtRul, per bin
    age      use the number of rows since the log began

    A life that ended without failure (replaced, repaired, still running) counts in a bin while it is known to
    have outlived it, and not beyond: this is the one model here that learns from machines that did not fail.
    rul is the mean survival restricted to the cap. Wrong where lives are replaced because they looked bad:
    censoring must not depend on the machine's state.
    """

    def __init__(
        self,
        kinds: list[str],
        edges: list[float],
        horizon: int = 30,
        trees: int = 30,
        rate: float = 0.15,
        leaves: int = 8,
        rows: int = 40,
        share: float = 0.3,
        age: bool = True,
    ):
        if sorted(set(edges)) != list(edges) or edges[0] <= 0 or horizon not in edges:
            raise ValueError(f"edges must grow from above 0 and hold the horizon {horizon}, got {edges}")
        self.kinds, self.edges_B, self.horizon = list(kinds), np.array(edges, float), horizon
        self.trees, self.rate, self.leaves, self.rows, self.share, self.age = trees, rate, leaves, rows, share, age

    def fit(self, h: Histories, seed: int) -> HazardRul:
        self.columns_C = h.columns(self.kinds, self.age)
        inside = h.inside_LT
        x_NC, rul_N, left_N = h.x_LTD[inside][:, self.columns_C], h.rul_LT[inside], h.left_LT[inside]
        lasts_N = np.where(np.isfinite(rul_N), rul_N, left_N)  # rows it is known to have run on
        self.fitted = []
        for start, stop in zip([-1.0, *self.edges_B[:-1]], self.edges_B, strict=True):
            failed_N = np.isfinite(rul_N) & (rul_N <= stop) & (rul_N > start)
            told_N = failed_N | (lasts_N > stop)
            self.fitted.append(self._classifier(x_NC[told_N], failed_N[told_N], seed))
        return self

    def _classifier(self, x_NC: np.ndarray, failed_N: np.ndarray, seed: int) -> HistGradientBoostingClassifier:
        # One row of each kind without any reading: the odds stay finite where all failed, or none (rule of succession).
        x_NC = np.concatenate([x_NC, np.full((2, x_NC.shape[1]), np.nan, np.float32)])
        failed_N = np.append(failed_N, [True, False])
        return HistGradientBoostingClassifier(
            max_iter=self.trees,
            learning_rate=self.rate,
            max_leaf_nodes=self.leaves,
            min_samples_leaf=self.rows,
            max_features=self.share,
            early_stopping=False,
            random_state=seed,
        ).fit(binnable(x_NC), failed_N)

    def hazard(self, x_LTD: np.ndarray) -> np.ndarray:
        """Chance to fail in each bin given survival up to it, [L, T, B]."""
        x_NC = x_LTD.reshape(-1, x_LTD.shape[2])[:, self.columns_C]
        odds_NB = np.stack([model.decision_function(x_NC) for model in self.fitted], axis=1)
        return expit(odds_NB).reshape(*x_LTD.shape[:2], -1)

    def survival(self, x_LTD: np.ndarray) -> np.ndarray:
        """Chance to outlive each edge, [L, T, B]."""
        return np.cumprod(1.0 - self.hazard(x_LTD), axis=2)

    def predict(self, x_LTD: np.ndarray, length_L: np.ndarray) -> np.ndarray:
        return restricted_mean(self.survival(x_LTD), self.edges_B).astype(np.float32)

    def risk(self, x_LTD: np.ndarray, length_L: np.ndarray) -> np.ndarray:
        """Chance to fail within the horizon, [L, T]."""
        return 1.0 - self.survival(x_LTD)[..., list(self.edges_B).index(self.horizon)]

    def state(self) -> dict[str, np.ndarray]:
        return {"columns": self.columns_C, **forest.state(self.fitted)}

    def restore(self, state: dict[str, np.ndarray]) -> HazardRul:
        self.columns_C = state["columns"]
        self.fitted = forest.restored(HistGradientBoostingClassifier, state, len(self.columns_C))
        return self

    def graph(self) -> onnx.ModelProto:
        trees = boosted([[model] for model in self.fitted], "odds", self.columns_C)
        trees = compose.add_prefix(trees, "trees_", rename_inputs=False, rename_outputs=False)
        example = {"odds_in": torch.zeros(2, 7, len(self.edges_B))}
        tail = to_onnx(HazardGraph(self), example, {"odds_in": {0: "machine", 1: "time"}}, ["rul", "p_fail"])
        return compose.merge_models(trees, tail, io_map=[("odds", "odds_in")])


def restricted_mean(survival_LTB, edges_B):
    """Area under the survival curve up to the last edge: straight between the edges, 1 at 0. NumPy or torch."""
    width_B = np.diff(edges_B, prepend=0.0)
    before = width_B[0] / 2 + (survival_LTB[..., :-1] * (width_B[1:] / 2)).sum(-1)
    return before + (survival_LTB * (width_B / 2)).sum(-1)


class HazardGraph(torch.nn.Module):
    """Log-odds of the bins [M, T, B] -> rul and p_fail [M, T]."""

    def __init__(self, model: HazardRul):
        super().__init__()
        self.at = list(model.edges_B).index(model.horizon)
        width_B = np.diff(model.edges_B, prepend=0.0)
        self.first = float(width_B[0] / 2)
        weight_B = width_B / 2 + np.append(width_B[1:] / 2, 0.0)
        self.register_buffer("weight", torch.as_tensor(weight_B, dtype=torch.float32)[:, None])

    def forward(self, odds: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        survival = torch.exp(-torch.cumsum(nn.functional.softplus(odds), dim=2))  # log(1 - sigmoid(x)) = -softplus(x)
        return self.first + (survival @ self.weight)[..., 0], 1.0 - survival[..., self.at]
