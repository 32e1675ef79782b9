"""The number to beat: last week's count (last year's month), with the spread that climatology knows.

Axes: B rows, H steps, N values.
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
from pilots.healthtech.models.climatology import Recent


class SeasonalNaive:
    """The last known value of the same season; the spread is climatology's, moved to it.

    keep   seasons that give the spread (weeks; years for months), by frequency
    reach  seasons looked back, by frequency: gaps are stepped over
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

    def fit(self, seen: Counts, task: Task) -> SeasonalNaive:
        self.task, self.columns = task, len(seen.future_K)
        self.module = Moved(Recent(SEASON[seen.freq], self.keep[seen.freq], self.reach[seen.freq], task.horizon))
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


class Moved(torch.nn.Module):
    """Climatology's values, moved so that their median is the newest one; never below zero."""

    def __init__(self, recent: Recent):
        super().__init__()
        self.recent = recent

    def forward(
        self, counts: torch.Tensor, when: torch.Tensor, series: torch.Tensor, future: torch.Tensor
    ) -> torch.Tensor:
        sample = self.recent(counts, when, series, future)
        known = torch.isfinite(sample)
        count = known.long().sum(-1, keepdim=True)
        first = known.long().argmax(-1, keepdim=True)  # the newest known value
        ordered = torch.sort(torch.where(known, sample, torch.full_like(sample, 1e300)), dim=-1).values
        middle = torch.gather(ordered, -1, ((count - 1) // 2).clamp(min=0))
        return (sample - middle + torch.gather(sample, -1, first)).clamp(min=0.0)
