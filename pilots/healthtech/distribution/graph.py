"""The count head as a torch module: the same formulas as `negative_binomial.py`, one row per series, for export.

ONNX has no gamma function: F is the running sum of exp(running sum of log ratios) over a window of counts, in float64.
Axes: S rows, H steps, Q levels, K counts of the window (as many as the widest row needs) or knots.
"""

from __future__ import annotations

import numpy as np
import torch
from scipy.special import ndtri

from pilots.healthtech.distribution import negative_binomial as nb
from pilots.healthtech.distribution.levels import LEVELS, SLACK
from pilots.healthtech.distribution.recalibrate import KNOTS, LevelMap

BLOCK = 32  # counts looked through together


class HeadGraph(torch.nn.Module):
    """forward(mean [S, H], series [S], level [S]) -> quantiles [S, H, 21], mean [S, H], p_exceed [S, H]."""

    def __init__(self, factor_SH: np.ndarray, dispersion_SH: np.ndarray, maps: LevelMap):
        super().__init__()
        level_HQ = maps.levels(LEVELS) - SLACK
        slope_HK = (np.diff(maps.value_GK) / np.diff(KNOTS))[maps.band_H]
        for name, table in {
            "factor": factor_SH, "dispersion": dispersion_SH, "levels": level_HQ, "scores": ndtri(level_HQ),
            "slopes": slope_HK, "knots": KNOTS[:-1], "gaps": np.diff(KNOTS),
        }.items():  # fmt: skip
            self.register_buffer(name, torch.tensor(table, dtype=torch.float64))

    def forward(self, mean: torch.Tensor, series: torch.Tensor, level: torch.Tensor) -> tuple[torch.Tensor, ...]:
        mean = (mean * self.factor[series]).clamp(min=nb.LEAST)
        dispersion = self.dispersion[series]
        level = torch.floor(level)[:, None]
        first, width = window(mean, dispersion)
        near = (mean <= nb.EXACT_TO) & (width <= nb.WIDEST)
        f = cdf_window(torch.where(near, mean, 1.0), dispersion, first, torch.where(near, width, 1.0).max())
        far = torch.ceil(power(self.scores, mean[..., None], dispersion[..., None]) - 0.5).clamp(min=0.0)
        quantiles = torch.where(near[..., None], first[..., None] + rank(f, self.levels), far)
        inside = near & (level >= first)
        at = torch.where(inside, torch.minimum(level - first, width - 1), 0.0).long()
        f_near = torch.where(inside, torch.gather(f, -1, at[..., None])[..., 0], 0.0)
        f_level = torch.where(near, f_near, normal_cdf(score(level, mean, dispersion)))
        f_level = torch.where(level < 0, 0.0, f_level)
        ramps = torch.minimum((f_level[..., None] - self.knots).clamp(min=0.0), self.gaps)
        nothing = mean * 0.0  # an unknown mean has unknown quantiles
        return quantiles + nothing[..., None], mean, 1.0 - (ramps * self.slopes).sum(dim=-1) + nothing


def moments(mean: torch.Tensor, dispersion: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    sd = torch.sqrt(mean * (1 + dispersion * mean))
    return sd, (1 + 2 * dispersion * mean) / sd


def power(z: torch.Tensor, mean: torch.Tensor, dispersion: torch.Tensor) -> torch.Tensor:
    sd, skew = moments(mean, dispersion)
    root = (1 + skew * z / 6 - skew**2 / 36).clamp(min=0.0)
    return mean + sd * (2 / skew) * (root**3 - 1)


def score(n: torch.Tensor, mean: torch.Tensor, dispersion: torch.Tensor) -> torch.Tensor:
    sd, skew = moments(mean, dispersion)
    root = (1 + skew * (n + 0.5 - mean) / (2 * sd)).clamp(min=0.0) ** (1 / 3)
    return (6 / skew) * (root - 1 + skew**2 / 36)


def window(mean: torch.Tensor, dispersion: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    first = torch.floor((mean - nb.BELOW * moments(mean, dispersion)[0]).clamp(min=0.0))
    return first, torch.ceil(power(torch.tensor(nb.ABOVE).double(), mean, dispersion)) + 10 - first


def cdf_window(mean: torch.Tensor, dispersion: torch.Tensor, first: torch.Tensor, width: torch.Tensor) -> torch.Tensor:
    """F [S, H, K] of the counts from `first` on."""
    n = first[..., None] + torch.arange(torch.ceil(width / BLOCK).long() * BLOCK).double()
    odds = (mean / (1 + dispersion * mean))[..., None]
    up = odds * dispersion[..., None] + odds * (1 - dispersion[..., None]) / n.clamp(min=1.0)  # the first one cancels
    total = torch.cumsum(torch.exp(torch.cumsum(torch.log(up), dim=-1)), dim=-1)
    return total / total[..., -1:]


def rank(f: torch.Tensor, levels: torch.Tensor) -> torch.Tensor:
    """How many of f [S, H, K] lie below each of levels [H, Q]: whole blocks first, then within the block."""
    blocks = f.unflatten(-1, (-1, BLOCK))
    before = (blocks[..., -1].unsqueeze(2) < levels[..., None]).long().sum(dim=-1)
    own = torch.gather(blocks, 2, before[..., None].expand(-1, -1, -1, BLOCK))
    return (before * BLOCK + (own < levels[..., None]).long().sum(dim=-1)).double()


def normal_cdf(z: torch.Tensor) -> torch.Tensor:
    """Hart's algorithm 5666 as given by West (2005), to 1e-15 within 7 standard deviations; ONNX Runtime has no
    error function in float64."""
    x = torch.abs(z).clamp(max=7.07)
    top = (3.52624965998911e-02, 0.700383064443688, 6.37396220353165, 33.912866078383, 112.079291497871,
           221.213596169931, 220.206867912376)  # fmt: skip
    bottom = (8.83883476483184e-02, 1.75566716318264, 16.064177579207, 86.7807322029461, 296.564248779674,
              637.333633378831, 793.826512519948, 440.413735824752)  # fmt: skip
    tail = torch.exp(-x * x / 2) * _polynomial(top, x) / _polynomial(bottom, x)
    return torch.where(z > 0, 1 - tail, tail)


def _polynomial(coefficients: tuple[float, ...], x: torch.Tensor) -> torch.Tensor:
    """Horner's rule, highest power first."""
    total = torch.full_like(x, coefficients[0])
    for c in coefficients[1:]:
        total = total * x + c
    return total
