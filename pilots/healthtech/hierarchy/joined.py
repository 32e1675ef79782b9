"""A combination of models whose expected counts are then made to add up: it stands where the combination stood.

Axes: O origins, S series, H steps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from pilots.healthtech.data.contract import Counts
from pilots.healthtech.hierarchy.reconcile import Reconciler, choose


@dataclass(frozen=True)
class Joined:
    """weights: what the models' means are combined with; then the reconciler's matrix."""

    weights: Any
    reconciler: Reconciler

    @property
    def by_member(self) -> dict[str, float]:
        return self.weights.by_member

    @property
    def adds_up(self) -> bool:
        return self.reconciler.adds_up

    def combine(self, means: Mapping[str, np.ndarray]) -> np.ndarray:
        """mean_OSH of members' means [O, S, H]."""
        return self.reconciler.apply(self.weights.combine(means))

    def module(self) -> torch.nn.Module:
        """forward(series, mean of each member) -> mean."""
        return JoinedGraph(self.weights.module(), self.reconciler.module())


class JoinedGraph(torch.nn.Module):
    def __init__(self, weights: torch.nn.Module, reconcile: torch.nn.Module):
        super().__init__()
        self.weights, self.reconcile = weights, reconcile

    def forward(self, series: torch.Tensor, *means: torch.Tensor) -> torch.Tensor:
        return self.reconcile(self.weights(series, *means), series)


def joined(weigh: Callable[[Mapping[str, np.ndarray], np.ndarray], Any], counts: Counts) -> Callable[..., Any]:
    """`weigh`, then the choice per level on the same earlier forecasts; `weigh` itself where nothing adds up."""

    def learn(means: Mapping[str, np.ndarray], y_OSH: np.ndarray) -> Joined:
        weights = weigh(means, y_OSH)
        return Joined(weights, choose(weights.combine(means), y_OSH, counts.sums_SB, counts.levels))

    return learn if counts.levels else weigh
