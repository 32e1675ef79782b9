"""Seamless tiles by a rectified flow on the torus, learnt from a few pictures (default model).

Axes: I training pictures, C latent channels, P planes, H and W pixels.
"""

from __future__ import annotations

import itertools
from typing import Self

import cv2
import numpy as np
import onnx
import torch
from torch import nn

from common.atomic import write_bytes
from common.run import Run
from pilots.creative import graph
from pilots.creative.data.contract import Exemplars, stacked
from pilots.creative.flow.codec import Codec
from pilots.creative.flow.finish import Finish
from pilots.creative.flow.net import Velocity
from pilots.creative.flow.patches import Patches
from pilots.creative.flow.sampler import Sampler
from pilots.creative.flow.train import Training, minutes, quick, trained

PREVIEW = 6  # classes
TOUCH = 8  # steps of training that take as long as the last touch of one picture


class TileFlow:
    """Draw tiles in the manner of each picture; a U-Net of convolutions alone, trained from scratch.

    base, per_class  training steps: base + per_class x classes
    batch            pieces per step
    patch            px, side of a piece; structure longer than that is not learnt
    rim              px at the edge of a piece that do not count in the loss: their neighbours are wrong ones
    rate             largest learning rate
    grids            number of network evaluations -> times at which they end, between 0 (noise) and 1 (picture)
    steps            evaluations used unless another number is asked for
    drawn            px of the pictures by which bands and values are measured after training

    Wrong for pictures whose structure is larger than about 100 px, and for ones that show a thing, not a material.
    """

    learns = "material"
    halo = 112  # px: how far the net (79) and the last touch (31) look

    def __init__(
        self,
        grids: dict[str, list[float]],
        base: int = 420,
        per_class: int = 330,
        batch: int = 8,
        patch: int = 96,
        rim: int = 10,
        rate: float = 3e-3,
        steps: int = 16,
        drawn: int = 128,
    ):
        self.grids = {str(n): [0.0, *map(float, inner), 1.0] for n, inner in grids.items()}
        if any(len(grid) != int(n) + 1 or (np.diff(grid) <= 0).any() for n, grid in self.grids.items()):
            raise ValueError("each of grids must rise between 0 and 1 and hold one time less than its evaluations")
        if len({round(grid[-1] - grid[-2], 6) for grid in self.grids.values()}) < len(self.grids):
            raise ValueError("no two of grids may end with a step of one length: by it they are told apart")
        if str(steps) not in self.grids:
            raise ValueError(f"steps={steps} has no grid; there are {', '.join(self.grids)}")
        self.base, self.per_class, self.batch, self.patch, self.rim = base, per_class, batch, patch, rim
        self.rate, self.steps, self.drawn = rate, steps, drawn

    def minutes(self, seen: Exemplars) -> float:
        """Expected on this machine; the few steps that are taken to measure it are forgotten."""
        training = self._begin(seen, seed=0)
        return minutes(training) * (1 + TOUCH * len(seen.images) / training.steps)

    def fit(self, seen: Exemplars, seed: int, run: Run | None = None) -> Self:
        """Learn from the left part of every picture; bit-identical for a seed on one machine."""
        for _ in trained(self._begin(seen, seed), seed, run):
            write_bytes(run.folder / "preview.png", self._preview(seen))
        self._learn_finish(seen, seed)
        return self

    @torch.no_grad()
    def _preview(self, seen: Exemplars) -> bytes:
        """A PNG: what the net draws at this moment in the manner of the first pictures of a few classes."""
        shown = [seen.of(group)[0] for group in seen.groups[:PREVIEW]]
        condition = torch.eye(len(self.latents))[shown]
        noise = np.random.default_rng(0).standard_normal((len(shown), self.channels, 64, 64), np.float32)
        planes = self.codec.decode(
            self._drawn(torch.from_numpy(noise), [k / 8 for k in range(9)], condition), condition
        )
        row_HW3 = torch.cat(list(planes[:, :3].clamp(0, 1)), dim=2).permute(1, 2, 0).numpy()
        return cv2.imencode(".png", np.rint(255 * row_HW3[..., ::-1]).astype(np.uint8))[1].tobytes()

    def _begin(self, seen: Exemplars, seed: int) -> Training:
        self.planes = seen.planes
        left = [image.left() for image in seen.images]
        pictures = [stacked(image, self.planes) for image in left]
        self.codec = Codec.of(pictures)
        self.channels, images = self.codec.channels, len(left)
        eye = torch.eye(images)
        self.latents = [
            self.codec.encode(torch.from_numpy(picture).permute(2, 0, 1)[None], eye[i : i + 1])[0]
            for i, picture in enumerate(pictures)
        ]
        patches = Patches(
            [latent.numpy() for latent in self.latents],
            [image.group for image in left],
            [image.periodic for image in left],
            self.patch,
            self.rim,
        )
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            net = Velocity(self.channels, images)
        spans = sorted(grid[-1] - grid[-2] for grid in self.grids.values())
        self.sampler = Sampler(net, self.codec, Finish(spans, images, self.channels))
        return Training(net, patches, seed, self.base + self.per_class * len(seen.groups), self.batch, self.rate)

    @torch.no_grad()
    def _learn_finish(self, seen: Exemplars, seed: int) -> None:
        """Draw a few pictures with every grid and measure what they lack."""
        random = np.random.default_rng([seed, 1])
        finish, images = self.sampler.finish, len(seen.images)
        count = max(3, min(4, 24 // images))  # one alone is off by a tenth more (experiments/settings)
        for grid in self.grids.values():
            s = int((finish.spans - (grid[-1] - grid[-2])).abs().argmin())
            for i, latent in enumerate(self.latents):
                noise = random.standard_normal((count, self.channels, self.drawn, self.drawn), np.float32)
                noise = torch.from_numpy(noise - noise.mean(axis=(2, 3), keepdims=True))  # as of every new picture
                condition = torch.eye(images)[[i] * count]
                with quick():
                    drawn = self._drawn(noise, grid, condition).float()
                mended = finish.learn(s, i, drawn, latent, seen.images[i].periodic)
                if grid is self.grids[str(self.steps)]:  # what it finds holds for every grid (experiments/settings)
                    finish.transport.learn(i, mended, latent, self.codec.back[i].norm(dim=0))

    def _drawn(self, state: torch.Tensor, grid: list[float], condition: torch.Tensor) -> torch.Tensor:
        for t, after in itertools.pairwise(grid):
            state = state + (after - t) * self.sampler.step.velocity(state, torch.full((len(state),), t), condition)
        return state

    def graph(self) -> onnx.ModelProto:
        """The sampler: inputs and outputs as in `Sampler`."""
        return graph.sampler(self.sampler, self.channels, len(self.planes), len(self.latents))

    def eager(self) -> nn.Module:
        """The same in PyTorch."""
        return self.sampler.eval()
