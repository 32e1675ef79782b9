"""Small pieces of a drawn latent carried over to the spread of the exemplar's, direction by direction, all of it local.

Sliced iterative transport (Pitié et al. 2005; Dai, Seljak 2021, ICML) of patches whose overlaps are averaged (Elnekave,
Weiss 2022, ECCV). Every layer looks along a few fixed directions; what has to be moved along each was measured once.
Axes: I training pictures, B batch, C latent channels, L layers, D directions, K bends of a curve, H and W pixels.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from pilots.creative.flow.net import wrap

LAYERS, DIRECTIONS = 6, 12
EDGE = 2  # pixels from the middle of a piece to its rim
REACH = 2 * EDGE * LAYERS  # pixels that it looks to either side: each layer cuts pieces and puts them back
LEVELS = (0.004, 0.06, 0.25, 0.5, 0.75, 0.94, 0.996)  # quantiles where a curve bends; beyond them it is level
STEEPEST = 3.0  # slope of what is added: rare values are not torn apart
FURTHER = 1.5  # times the best step of a layer taken alone: overlaps hold each other back
FAINTEST = 0.05  # weight of a channel beside the strongest
EVERY = 3  # pixels from one measured piece to the next; the net draws in cells of 2, which would show in part


class Transport(nn.Module):
    """(latent [B, C, H, W], condition [B, I]) -> latent; nothing is moved for a picture that was not measured."""

    def __init__(self, images: int, channels: int):
        super().__init__()
        side = 2 * EDGE + 1
        random = torch.Generator().manual_seed(0)
        count = min(DIRECTIONS, channels * side * side)
        along = torch.randn(LAYERS, channels * side * side, count, generator=random)
        along = torch.linalg.qr(along).Q.transpose(1, 2)  # of length 1 and at right angles
        self.register_buffer("along", along.reshape(LAYERS, count, channels, side, side).contiguous())
        self.register_buffer("weight", torch.ones(images, channels))  # of a channel in the picture
        self.register_buffer("start", torch.zeros(images, LAYERS, count))  # what is added before the first bend
        self.register_buffer("bend", torch.zeros(images, LAYERS, count, len(LEVELS)))
        self.register_buffer("turn", torch.zeros(images, LAYERS, count, len(LEVELS)))

    def forward(self, latent: torch.Tensor, condition: torch.Tensor) -> torch.Tensor:
        weight, start, bend, turn = (self._mixed(x, condition) for x in (self.weight, self.start, self.bend, self.turn))
        weight = weight[..., None, None]
        x = latent * weight
        for layer, along in enumerate(self.along):
            seen = functional.conv2d(wrap(x, EDGE), along)
            moved = start[:, layer, :, None, None]
            for k in range(len(LEVELS)):
                at, by = (table[:, layer, :, k, None, None] for table in (bend, turn))
                moved = moved + by * torch.relu(seen - at)
            x = x + _put_back(moved, along)
        return x / weight

    def _mixed(self, table: torch.Tensor, condition: torch.Tensor) -> torch.Tensor:
        return (condition @ table.flatten(1)).view(-1, *table.shape[1:])

    @torch.no_grad()
    def learn(self, i: int, drawn_NCHW: torch.Tensor, true_CHW: torch.Tensor, strength_C: torch.Tensor) -> None:
        """Measure, layer by layer, what pictures drawn in the manner of picture `i` lack.

        strength_C  standard deviation of each latent channel in the picture
        """
        self.weight[i] = (strength_C / strength_C.max()).clamp(min=FAINTEST)
        x, true = (latent * self.weight[i][:, None, None] for latent in (drawn_NCHW, true_CHW[None]))
        for layer, along in enumerate(self.along):
            seen = functional.conv2d(wrap(x, EDGE), along)
            knots, wanted = _quantiles(seen), _quantiles(functional.conv2d(true, along))
            knots += 1e-4 * torch.arange(len(LEVELS))  # two equal ones would have no slope between them
            wide = knots.diff()
            slope = ((wanted - knots).diff() / wide).clamp(-1, STEEPEST)
            rise = functional.pad((slope * wide).cumsum(1), (1, 0))
            middle = len(LEVELS) // 2
            start = (wanted - knots)[:, middle] - rise[:, middle]
            turn = functional.pad(slope, (0, 1)) - functional.pad(slope, (1, 0))
            moved = start[:, None, None] + sum(
                turn[:, k, None, None] * torch.relu(seen - knots[:, k, None, None]) for k in range(len(LEVELS))
            )
            back = _put_back(moved, along)
            come = functional.conv2d(wrap(back, EDGE), along)  # what the pieces then see of it, overlaps included
            step = FURTHER * (come * moved).sum() / come.square().sum().clamp(min=1e-9)
            self.start[i, layer], self.bend[i, layer], self.turn[i, layer] = step * start, knots, step * turn
            x = x + step * back


def _put_back(moved: torch.Tensor, along: torch.Tensor) -> torch.Tensor:
    """[B, C, H, W], the sum over the pieces of how far each is moved along its directions [B, D, H, W]."""
    return functional.conv2d(wrap(moved, EDGE), along.transpose(0, 1).flip(2, 3))


def _quantiles(seen: torch.Tensor) -> torch.Tensor:
    """[D, K] of what the pieces of some pictures [N, D, H, W] show along every direction."""
    shown = seen.transpose(0, 1).flatten(1)[:, ::EVERY].numpy()
    return torch.from_numpy(np.quantile(shown, LEVELS, axis=1).T.astype(np.float32))
