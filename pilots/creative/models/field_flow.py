"""Patterns by a rectified flow on one-channel signed-distance fields: a class in, a tile for any palette out.

Axes: B batch, K kinds, H and W cells.
"""

from __future__ import annotations

from typing import Self

import numpy as np
import onnx
import torch
from torch import nn

from common.run import Run
from pilots.creative import graph
from pilots.creative.data.patterns import library
from pilots.creative.data.patterns.learned import Patterns
from pilots.creative.flow.sampler import Sampler
from pilots.creative.flow.train import Training, minutes, trained
from pilots.creative.pattern.net import SPREAD, Codec, Net, Plain, Velocity


class FieldFlow:
    """Draw tileable patterns of the library's classes as distance fields of 64 x 64 cells.

    base    training steps
    batch   patterns per step
    stock   patterns of every class that are learned from, each at any phase
    rate    largest learning rate
    middle  of the logit of a time in training; below 0 it is the lattice that is practised most, above 0 the rim
    grids   number of network evaluations -> times at which they end, between 0 (noise) and 1 (field)
    steps   evaluations used unless another number is asked for
    judge   training steps of the classifier that judges what is drawn; figures of different judges do not compare

    Wrong for figures that the library does not hold: it learns these classes and no others.
    """

    learns = "pattern"
    channels, planes = 1, Patterns.planes
    halo = library.SIZE  # cells: a tile is drawn whole

    def __init__(
        self,
        grids: dict[str, list[float]],
        base: int = 2400,
        batch: int = 32,
        stock: int = 400,
        rate: float = 3e-3,
        middle: float = -0.5,
        steps: int = 4,
        judge: int = 250,
    ):
        self.grids = {str(n): [0.0, *map(float, inner), 1.0] for n, inner in grids.items()}
        if any(len(grid) != int(n) + 1 or (np.diff(grid) <= 0).any() for n, grid in self.grids.items()):
            raise ValueError("each of grids must rise between 0 and 1 and hold one time less than its evaluations")
        if str(steps) not in self.grids:
            raise ValueError(f"steps={steps} has no grid; there are {', '.join(self.grids)}")
        if min(base, batch, stock, judge) < 1 or rate <= 0:
            raise ValueError(
                f"base, batch, stock, judge and rate must be above 0, got {base}, {batch}, {stock}, {judge} and {rate}"
            )
        self.base, self.batch, self.stock, self.rate, self.middle = base, batch, stock, rate, middle
        self.steps, self.judge = steps, judge

    def seen(self, seed: int) -> Patterns:
        """What it learns from."""
        return Patterns(self.stock, seed, SPREAD)

    def minutes(self, seen: Patterns) -> float:
        """Expected on this machine; the few steps that are taken to measure it are forgotten."""
        return minutes(self._begin(seen, seed=0))

    def fit(self, seen: Patterns, seed: int, run: Run | None = None) -> Self:
        """Learn; bit-identical for a seed on one machine, also after a stop."""
        for _ in trained(self._begin(seen, seed), seed, run):
            pass
        return self

    def _begin(self, seen: Patterns, seed: int) -> Training:
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            net = Net()
        self.sampler = Sampler(Velocity(net), Codec(), Plain())
        return Training(net, seen, seed, self.base, self.batch, self.rate, self.middle)

    def graph(self) -> onnx.ModelProto:
        """The sampler: inputs and outputs as in `Sampler`."""
        return graph.sampler(self.sampler, self.channels, len(self.planes), len(library.KINDS), library.SIZE)

    def eager(self) -> nn.Module:
        """The same in PyTorch."""
        return self.sampler.eval()
