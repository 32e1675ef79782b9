"""Climatology: what was counted in the same hour of the week (day of the week, month) lately, each as likely.

Axes: B rows, L past periods, H steps, N values.
"""

from __future__ import annotations

import numpy as np
import onnx
import torch

from pilots.healthtech.backtest.task import Task
from pilots.healthtech.backtest.windows import Windows
from pilots.healthtech.data.contract import SEASON, Counts
from pilots.healthtech.distribution.sampled import Sampled, SampleMean
from pilots.healthtech.graph import mean_graph, sample_graph, tensors


class Climatology:
    """Empirical distribution over the last `keep` known values of the same season.

    keep   seasons that count (weeks; years for months), by frequency
    reach  seasons it looks back for them, by frequency: gaps are stepped over

    Wrong when the level moves within the window, and around holidays.
    """

    def __init__(self, keep: dict[str, int], reach: dict[str, int]):
        for freq in SEASON:
            if not 1 <= keep[freq] <= reach[freq]:
                raise ValueError(f"keep.{freq} must lie between 1 and reach.{freq}, got {keep[freq]}, {reach[freq]}")
        self.keep, self.reach = keep, reach

    def past(self, freq: str) -> int:
        return SEASON[freq] * self.reach[freq]

    def needs(self, freq: str) -> int:
        return SEASON[freq]

    def fit(self, seen: Counts, task: Task) -> Climatology:
        self.task, self.columns = task, len(seen.future_K)
        self.module = self.values(seen.freq, task.horizon)
        return self

    def values(self, freq: str, horizon: int) -> torch.nn.Module:
        """forward(counts_BL, when_BW, series_B, future_BWK) -> sample_BHN."""
        return Recent(SEASON[freq], self.keep[freq], self.reach[freq], horizon)

    def state(self) -> dict[str, np.ndarray]:
        return {}  # it learns nothing

    def restore(self, state: dict[str, np.ndarray], task: Task, freq: str) -> Climatology:
        self.task, self.module = task, self.values(freq, task.horizon)
        return self

    def sample(self, rows: Windows) -> np.ndarray:
        """[B, H, N]."""
        with torch.no_grad():
            return self.module(*tensors(rows)).numpy()

    def distribution(self, rows: Windows) -> Sampled:
        return Sampled(self.sample(rows))

    def graph(self) -> onnx.ModelProto:
        return sample_graph(self.module, self.task.past, self.task.horizon, self.columns)

    def mean_graph(self) -> onnx.ModelProto:
        """As a member of an ensemble: the expected count alone."""
        return mean_graph(SampleMean(self.module), self.task.past, self.task.horizon, self.columns)


class Recent(torch.nn.Module):
    """The last `keep` known values one, two, … `reach` seasons before each step's own place in the season."""

    def __init__(self, season: int, keep: int, reach: int, horizon: int):
        super().__init__()
        step_H = np.arange(horizon)
        first_H = step_H - season * (step_H // season + 1)  # negative: counted back from the origin
        at_HN = first_H[:, None] - season * np.arange(reach)
        self.keep = keep
        self.back = season * (reach + (horizon - 1) // season)
        self.register_buffer("at", torch.as_tensor(at_HN + self.back))

    def forward(
        self, counts: torch.Tensor, when: torch.Tensor, series: torch.Tensor, future: torch.Tensor
    ) -> torch.Tensor:
        before = torch.full((1, self.back), float("nan"), dtype=torch.float64).expand(counts.shape[0], -1)
        padded = torch.cat([before, counts], dim=1)[:, -self.back :]
        value = padded[:, self.at]
        known = torch.isfinite(value)
        return torch.where(known & (known.long().cumsum(-1) <= self.keep), value, float("nan"))
