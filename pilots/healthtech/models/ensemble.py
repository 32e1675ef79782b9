"""Several models as one: their expected counts, averaged with weights learned on earlier origins.

Axes: O origins, S series, H steps, M members.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch


@dataclass(frozen=True)
class Weights:
    """by_member: shares, together 1. A row without a member's forecast shares its weight among the others."""

    by_member: dict[str, float]

    def combine(self, means: Mapping[str, np.ndarray]) -> np.ndarray:
        """Expected counts of the whole, in the shape of each member's."""
        stacked_M = np.stack([means[name] for name in self.by_member])
        weight_M = np.array(list(self.by_member.values())).reshape(-1, *[1] * (stacked_M.ndim - 1))
        known_M = np.isfinite(stacked_M)
        total = (known_M * weight_M).sum(axis=0)
        with np.errstate(invalid="ignore"):
            return np.where(known_M, stacked_M * weight_M, 0.0).sum(axis=0) / np.where(total > 0, total, np.nan)

    def module(self) -> torch.nn.Module:
        """forward(series, mean of each member) -> mean."""
        return WeightsGraph(list(self.by_member.values()))


class WeightsGraph(torch.nn.Module):
    """`Weights.combine` on the graph's means, each [B, H]."""

    def __init__(self, weights: list[float]):
        super().__init__()
        self.weights = weights

    def forward(self, series: torch.Tensor, *means: torch.Tensor) -> torch.Tensor:
        total, share = torch.zeros_like(means[0]), torch.zeros_like(means[0])
        for weight, mean in zip(self.weights, means, strict=True):
            known = torch.isfinite(mean)
            total = total + torch.where(known, mean * weight, torch.zeros_like(mean))
            share = share + known.double() * weight
        return total / share


class Alone:
    """A model by itself, where an ensemble's weights are asked for."""

    @staticmethod
    def of(name: str):
        return lambda means, y_OSH: Weights({name: 1.0})


class EnsembleCounts:
    """members: models by name, built from their own yamls."""

    def __init__(self, members: dict[str, Any]):
        if not members:
            raise ValueError("an ensemble needs members")
        self.members = members

    def past(self, freq: str) -> int:
        return max(member.past(freq) for member in self.members.values())

    def weigh(self, means: Mapping[str, np.ndarray], y_OSH: np.ndarray) -> Weights:
        """Shares of the members, from their forecasts mean_OSH and what came of them (NaN = not known yet)."""
        return Weights({name: 1.0 / len(means) for name in means})
