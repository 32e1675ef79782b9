"""Remaining useful life by ridge regression: a straight line through the features.

Shapes: L lives, T rows, D features, N training rows.
"""

from __future__ import annotations

import numpy as np
import onnx
import torch

from common.export.torch import to_onnx
from pilots.manufacturing.histories import Histories


class RidgeRul:
    """Linear in every feature; a feature without a reading counts as its training mean.

    ridge  penalty on the standardised weights, in rows of data, > 0; larger is smoother
    cap    rows; longer lives are not told apart
    age    use the number of rows since the log began; false for logs that begin anywhere in a life

    Wrong where wear speeds up towards the end, as it mostly does: a line cannot bend.
    """

    def __init__(self, ridge: float = 1.0, cap: float = 125.0, age: bool = True):
        if ridge <= 0 or cap <= 0:
            raise ValueError(f"ridge and cap must be > 0, got {ridge} and {cap}")
        self.ridge, self.cap, self.age = ridge, cap, age

    def fit(self, h: Histories, seed: int) -> RidgeRul:
        known = np.isfinite(h.rul_LT)
        x_ND, y_N = h.x_LTD[known].astype(np.float64), np.minimum(h.rul_LT[known], self.cap)
        self.mean_D = np.nan_to_num(np.nanmean(x_ND, axis=0))
        spread_D = np.nanstd(x_ND, axis=0)
        spread_D[~(spread_D > 1e-9)] = np.inf  # a constant column gets no weight
        if not self.age:
            spread_D[h.names_D.index("age")] = np.inf
        z_ND = np.nan_to_num((x_ND - self.mean_D) / spread_D)
        gram_DD = z_ND.T @ z_ND + self.ridge * np.eye(z_ND.shape[1])
        self.offset = float(y_N.mean())
        self.weight_D = np.linalg.solve(gram_DD, z_ND.T @ (y_N - self.offset)) / spread_D
        return self

    def predict(self, x_LTD: np.ndarray, length_L: np.ndarray) -> np.ndarray:
        z_LTD = np.nan_to_num(x_LTD - self.mean_D, nan=0.0)
        return (z_LTD @ self.weight_D + self.offset).astype(np.float32)

    def state(self) -> dict[str, np.ndarray]:
        return {"mean": self.mean_D, "offset": np.array(self.offset), "weight": self.weight_D}

    def restore(self, state: dict[str, np.ndarray]) -> RidgeRul:
        self.mean_D, self.offset, self.weight_D = state["mean"], float(state["offset"]), state["weight"]
        return self

    def graph(self) -> onnx.ModelProto:
        example = {"features": torch.zeros(2, 7, len(self.weight_D))}
        return to_onnx(RidgeGraph(self), example, {"features": {0: "machine", 1: "time"}}, ["rul"])


class RidgeGraph(torch.nn.Module):
    """`RidgeRul.predict` in torch, float64 inside."""

    def __init__(self, model: RidgeRul):
        super().__init__()
        self.offset = model.offset
        self.register_buffer("mean", torch.as_tensor(model.mean_D))
        self.register_buffer("weight", torch.as_tensor(model.weight_D)[:, None])

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        z = features.double() - self.mean
        return ((torch.where(torch.isnan(z), 0.0, z) @ self.weight)[..., 0] + self.offset).float()
