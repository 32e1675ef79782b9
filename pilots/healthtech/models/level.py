"""Where the counts have stood lately against their pattern, and what that says of each step ahead.

Axes: B rows, L past periods, H steps, W = L + H, J features, V waves of the step.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import torch

DOUBT = 2.0  # expected counts: what a window holds must outweigh them to move its level away from the longer window's
FAR = 4.0  # a count further than so many of its own spreads from its expectation counts for less


class Level(torch.nn.Module):
    """Logarithms of counts over pattern in the last periods: forward(counts_BL, pattern_BW) -> level_B, features_BHJ.

    The level is that of the window `reference`. The features are differences of such logarithms, so a hospital of
    twice the size is forecast twice the count: each window less the next longer one, and for every step the last
    `stretch` periods at its own place in the day (week, year) less the level. NaN counts are left out on both sides.
    """

    def __init__(self, windows: Sequence[int], reference: int, place: int, stretch: int, past: int, horizon: int):
        super().__init__()
        self.windows, self.reference, self.past, self.horizon = tuple(windows), reference, past, horizon
        step_H = np.arange(horizon)
        newest_H = step_H - place * (step_H // place + 1)  # negative: counted back from the origin
        back_HN = newest_H[:, None] - place * np.arange(stretch)
        self.features = len(windows)
        self.register_buffer("at", torch.as_tensor(np.maximum(back_HN + past, 0)))
        self.register_buffer("inside", torch.as_tensor((back_HN + past >= 0).astype(float)))

    def forward(self, counts: torch.Tensor, pattern: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        known = torch.isfinite(counts)
        got = torch.where(known, counts, 0.0)
        expected = torch.where(known, torch.exp(pattern[:, : self.past]), 0.0)
        ratio, logs = torch.ones_like(counts[:, 0]), []
        for window in reversed(self.windows):
            ratio = (got[:, -window:].sum(1) + DOUBT * ratio) / (expected[:, -window:].sum(1) + DOUBT)
            logs.insert(0, torch.log(ratio))
        level = logs[self.windows.index(self.reference)]
        apart = [short - long for short, long in pairwise(logs)]
        doubt = DOUBT * torch.exp(level)[:, None]
        same = ((got[:, self.at] * self.inside).sum(-1) + doubt) / (
            (expected[:, self.at] * self.inside).sum(-1) + DOUBT
        )
        steady = torch.stack(apart, dim=-1)[:, None, :].expand(-1, self.horizon, -1)
        return level, torch.cat([steady, (torch.log(same) - level[:, None])[..., None]], dim=-1)


class Ahead(torch.nn.Module):
    """log of the expected count: pattern, level, and the features with weights that fade with the step.

    forward(pattern_BH, level_B, features_BHJ) -> [B, H]
    """

    def __init__(self, features: int, horizon: int, fades: Sequence[float]):
        super().__init__()
        step_H = np.arange(horizon) + 0.5
        waves = [np.ones(horizon)] + [np.exp(-step_H / fade) for fade in fades]
        self.register_buffer("wave", torch.from_numpy(np.stack(waves, axis=1)))
        self.register_buffer("weight", torch.zeros(1 + features, len(waves), dtype=torch.float64))

    def forward(self, pattern: torch.Tensor, level: torch.Tensor, features: torch.Tensor) -> torch.Tensor:
        by_step = self.wave @ self.weight.T
        return pattern + level[:, None] + by_step[:, 0] + (features * by_step[:, 1:]).sum(-1)

    def learn(
        self, pattern_BH: np.ndarray, level_B: np.ndarray, feature_BHJ: np.ndarray, y_BH: np.ndarray, ridge: float
    ) -> None:
        """Weights by quasi-likelihood with the variance of a negative binomial, all series alike.

        ridge  in per mille of the information: forecasts overlap, so the counts are fewer than the rows
        """
        wave_HV, known_BH = self.wave.numpy(), np.isfinite(y_BH)
        if not known_BH.any():  # a declared break: nothing to learn from yet
            return
        x_BHJ = np.concatenate([np.ones((*y_BH.shape, 1)), feature_BHJ], axis=2)
        step_N = np.nonzero(known_BH)[1]
        x = (x_BHJ[known_BH][:, :, None] * wave_HV[step_N][:, None, :]).reshape(len(step_N), -1)
        y, offset = y_BH[known_BH], (pattern_BH + level_B[:, None])[known_BH]
        weight, extra = np.zeros(x.shape[1]), 0.0
        for _ in range(4):
            mean = np.exp(np.clip(offset + x @ weight, -20.0, 20.0))
            far = np.abs(y - mean) / np.sqrt(mean + extra * mean**2)
            trust = np.minimum(1.0, FAR / np.maximum(far, 1e-9)) / (1 + extra * mean)
            pull = ridge / 1000 * float(trust @ mean)
            gram = (x * (trust * mean)[:, None]).T @ x + pull * np.eye(len(weight))
            weight = weight + np.linalg.solve(gram, x.T @ (trust * (y - mean)) - pull * weight)
            extra = max(0.0, float(((y - mean) ** 2 - mean).sum() / (mean**2).sum()))
        self.weight.copy_(torch.from_numpy(weight.reshape(self.weight.shape)))
