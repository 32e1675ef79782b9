"""A distribution of counts that is nothing but values seen before, each as likely as the next.

Axes: B rows, H steps, N values (NaN where there are fewer), Q levels.
"""

from __future__ import annotations

import numpy as np
import torch

from pilots.healthtech.distribution.levels import LEVELS, SLACK


class Sampled:
    """sample_BHN: counts, NaN = no value; a row and step without any value has no forecast (NaN)."""

    def __init__(self, sample_BHN: np.ndarray):
        self.sorted_BHN = np.sort(sample_BHN, axis=-1)  # NaN last
        self.known_BH = np.isfinite(self.sorted_BHN).sum(axis=-1)
        with np.errstate(invalid="ignore"):
            self.mean_BH = np.nansum(self.sorted_BHN, axis=-1) / np.where(self.known_BH, self.known_BH, np.nan)

    def quantiles(self, levels_Q: np.ndarray) -> np.ndarray:
        rank_BHQ = np.ceil((levels_Q - SLACK) * self.known_BH[..., None]).astype(int) - 1
        return np.take_along_axis(self.sorted_BHN, np.clip(rank_BHQ, 0, None), axis=-1)

    def cdf(self, y_BH: np.ndarray) -> np.ndarray:
        below_BH = (self.sorted_BHN <= y_BH[..., None]).sum(axis=-1)
        return below_BH / np.where(self.known_BH, self.known_BH, np.nan)

    def crps(self, y_BH: np.ndarray) -> np.ndarray:
        """E|X - y| - E|X - X'| / 2 (Gneiting and Raftery 2007)."""
        n_BH = np.where(self.known_BH, self.known_BH, np.nan)
        off_BH = np.nansum(np.abs(self.sorted_BHN - y_BH[..., None]), axis=-1) / n_BH
        weight_BHN = 2 * np.arange(1, self.sorted_BHN.shape[-1] + 1) - n_BH[..., None] - 1
        return off_BH - np.nansum(weight_BHN * self.sorted_BHN, axis=-1) / n_BH**2


class SampledGraph(torch.nn.Module):
    """The same from a torch sample: quantiles [B, H, 21], mean [B, H], p_exceed [B, H]."""

    def forward(self, sample: torch.Tensor, level: torch.Tensor) -> tuple[torch.Tensor, ...]:
        known = torch.isfinite(sample)
        count = known.sum(-1).double()
        ordered = torch.sort(torch.where(known, sample, torch.full_like(sample, 1e300)), dim=-1).values
        rank = torch.ceil((torch.as_tensor(LEVELS) - SLACK) * count[..., None]).long() - 1
        nothing = torch.where(count == 0, float("nan"), 0.0)[..., None]
        quantiles = torch.gather(ordered, -1, rank.clamp(min=0)) + nothing
        total = torch.where(known, sample, torch.zeros_like(sample)).sum(-1)
        above = (known & (sample > level[:, None, None])).sum(-1).double()
        return quantiles, total / count, above / count


class SampleMean(torch.nn.Module):
    """Expected count of a module that gives values: their mean, NaN where there is none."""

    def __init__(self, sample: torch.nn.Module):
        super().__init__()
        self.sample = sample

    def forward(self, *rows: torch.Tensor) -> torch.Tensor:
        sample = self.sample(*rows)
        known = torch.isfinite(sample)
        return torch.where(known, sample, torch.zeros_like(sample)).sum(-1) / known.sum(-1).double()
