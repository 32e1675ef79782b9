"""The number to beat: last week's count (last year's month), with the spread that climatology knows.

Axes: B rows, H steps, N values.
"""

from __future__ import annotations

import torch

from pilots.healthtech.models.climatology import Climatology


class SeasonalNaive(Climatology):
    """The last known value of the same season; the spread is climatology's, moved to it.

    keep   seasons that give the spread (weeks; years for months), by frequency
    reach  seasons looked back, by frequency: gaps are stepped over
    """

    def values(self, freq: str, horizon: int) -> torch.nn.Module:
        return Moved(super().values(freq, horizon))


class Moved(torch.nn.Module):
    """Climatology's values, moved so that their median is the newest one; never below zero."""

    def __init__(self, recent: torch.nn.Module):
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
