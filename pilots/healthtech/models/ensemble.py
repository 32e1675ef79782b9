"""Several models as one: their expected counts, averaged with weights learned on earlier origins.

Axes: O origins, S series, H steps, M members.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy.optimize import minimize
from scipy.special import softmax
from scipy.stats import norm

from pilots.healthtech.distribution.levels import SCORED

LEAST = 1e-6  # share that every member keeps: it speaks where all others have too little history
START = 0.02  # share from which a member is tried that nothing is expected of
FEW = 20.0  # origins below which the weights are held more tightly
MOST = 20_000  # counts on which weights are learned


@dataclass(frozen=True)
class Weights:
    """by_member: shares, together 1. A row without a member's forecast shares its weight among the others."""

    by_member: dict[str, float]
    adds_up = False  # sites, trusts and regions were forecast each by itself

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
    """members: models by name, built from their own yamls.

    toward  share of each member where nothing is known of them yet; those without enough history drop out
    pull    how strongly the weights are held there: a step of all weight from one member to another must improve the
            pinball loss by that share
    """

    def __init__(self, members: dict[str, Any], toward: Mapping[str, float], pull: float = 0.005):
        if not members or set(toward) != set(members) or min(toward.values()) < 0 or sum(toward.values()) <= 0:
            raise ValueError(f"toward must give each of {sorted(members)} a share >= 0, not all 0, got {dict(toward)}")
        if pull <= 0:
            raise ValueError(f"pull must be > 0, got {pull}")
        self.members, self.toward, self.pull = members, dict(toward), pull

    def past(self, freq: str) -> int:
        return max(member.past(freq) for member in self.members.values())

    def weigh(self, means: Mapping[str, np.ndarray], y_OSH: np.ndarray) -> Weights:
        """Shares of the members, from their forecasts mean_OSH and what came of them (NaN = not known yet)."""
        toward_M = np.array([max(self.toward[name], LEAST) for name in means])
        weight_M = shares(list(means.values()), y_OSH, toward_M / toward_M.sum(), self.pull)
        return Weights(dict(zip(means, weight_M.tolist(), strict=True)))


def shares(means: Sequence[np.ndarray], y_OSH: np.ndarray, toward_M: np.ndarray, pull: float) -> np.ndarray:
    """weight_M on the simplex with the least pinball loss, every series counting alike, held to `toward_M`.

    The forecast of a count is taken as normal with a negative binomial's variance: only the weights are chosen here.
    Origins without every member's forecast or without an outcome are left out.
    """
    known_OSH = np.isfinite(y_OSH) & np.all([np.isfinite(mean_OSH) for mean_OSH in means], axis=0)
    origins = int(known_OSH.any(axis=(1, 2)).sum())
    if len(means) == 1 or not origins:
        return toward_M
    series_N = np.nonzero(known_OSH)[1]
    thin = slice(None, None, max(1, len(series_N) // MOST))
    y_N, series_N = y_OSH[known_OSH][thin], series_N[thin]
    mean_MN = np.stack([mean_OSH[known_OSH][thin] for mean_OSH in means])
    first_N = toward_M @ mean_MN
    off_S = np.bincount(series_N, (y_N - first_N) ** 2 - first_N) / np.maximum(np.bincount(series_N, first_N**2), 1e-9)
    extra_N = np.maximum(off_S, 0.0)[series_N]
    z_Q, level_Q = norm.ppf(SCORED), SCORED

    def losses(weight_M: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Loss of every count, and how it moves with the mean."""
        mean_N = weight_M @ mean_MN
        spread_N = np.sqrt(mean_N + extra_N * mean_N**2)
        gap_QN = mean_N + z_Q[:, None] * spread_N - y_N
        side_QN = (gap_QN >= 0) - level_Q[:, None]
        slope_N = (1 + 2 * extra_N * mean_N) / (2 * spread_N)
        return (gap_QN * side_QN).mean(axis=0), (side_QN * (1 + z_Q[:, None] * slope_N)).mean(axis=0)

    at_first_N = losses(toward_M)[0]
    worth_N = 1 / np.maximum(np.bincount(series_N, at_first_N) / np.maximum(np.bincount(series_N), 1), 1e-9)[series_N]
    worth_N /= len(worth_N)
    held = pull * (1 + FEW / origins)

    def cost(score_M: np.ndarray) -> tuple[float, np.ndarray]:
        weight_M = softmax(score_M)
        loss_N, slope_N = losses(weight_M)
        value = worth_N @ loss_N + held * ((weight_M - toward_M) ** 2).sum() / 2
        slope_M = mean_MN @ (worth_N * slope_N) + held * (weight_M - toward_M)
        return float(value), weight_M * (slope_M - weight_M @ slope_M)

    return softmax(minimize(cost, np.log(np.maximum(toward_M, START)), jac=True, method="L-BFGS-B").x)
