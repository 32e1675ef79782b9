"""Pieces of the exemplars' left parts, and where in them the net is told the truth about its neighbours.

Axes: B batch, C latent channels, H and W pixels.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pilots.creative.flow.net import MULTIPLE


class Patches:
    """Random pieces of `size` px (less where a picture is smaller), every class as often as any other.

    latents   one [C, H, W] per picture
    groups    the class of each
    periodic  which of them wrap from top to bottom; none wraps from left to right, its right part being held out
    rim       pixels at an edge that is no true edge: their loss does not count, their neighbours being wrong ones
    """

    def __init__(
        self, latents: Sequence[np.ndarray], groups: Sequence[str], periodic: Sequence[bool], size: int, rim: int
    ):
        self.latents, self.periodic = latents, periodic
        least = min(min(latent.shape[1:]) for latent in latents)
        # Room to shift a piece by every part of a cell: the net is indifferent to shifts by whole cells alone.
        self.size = min(size, least - MULTIPLE + 1) // MULTIPLE * MULTIPLE
        self.classes = [np.flatnonzero(np.array(groups) == name) for name in dict.fromkeys(groups)]
        self.inner = np.zeros((self.size, self.size), np.float32)
        self.inner[rim:-rim, rim:-rim] = 1

    def draw(self, random: np.random.Generator, batch: int) -> tuple[np.ndarray, np.ndarray]:
        """Pieces [B, C, size, size] and the numbers [B] of the pictures they come from."""
        which = np.array([random.choice(self.classes[k]) for k in random.integers(len(self.classes), size=batch)])
        return np.stack([self._piece(random, i) for i in which]), which

    def noise(self, random: np.random.Generator, which: np.ndarray, data_BCHW: np.ndarray) -> np.ndarray:
        """What the ways to the pieces begin at: standard normal, float32, shaped as they are."""
        return random.standard_normal(data_BCHW.shape, np.float32)

    def _piece(self, random: np.random.Generator, i: int) -> np.ndarray:
        latent, n = self.latents[i], self.size
        height, width = latent.shape[1:]
        x = random.integers(width - n + 1)
        if self.periodic[i]:
            rows = (random.integers(height) + np.arange(n)) % height
            return latent[:, rows, x : x + n]
        y = random.integers(height - n + 1)
        return latent[:, y : y + n, x : x + n]
