"""Tiles by mirroring: what a designer does by hand in a minute, and what every other generator has to beat."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from common.fault import Fault
from pilots.creative.data.contract import Exemplars


class Mirror:
    """A crop and its three reflections; the pixels at the edges stand twice.

    Wrong wherever a material has a direction or an order: the eye finds the axes of symmetry at once, and the step
    across every seam is nought.
    """

    def fit(self, seen: Exemplars, seed: int) -> Mirror:
        self.left, self.seed = [image.left().rgb_HW3 for image in seen.images], seed
        self.names = [image.name for image in seen.images]
        return self

    def tiles(self, image: int, seeds: Sequence[int], size: int) -> np.ndarray:
        """[N, size, size, 3] float32 in the manner of one picture; a crop of its own for every seed."""
        height, width = (n - size // 2 for n in self.left[image].shape[:2])
        if min(height, width) < 0 or size % 2:
            raise Fault(f"{self.names[image]} is too small to be mirrored to {size} px: ask for a smaller, even size")
        made = []
        for seed in seeds:
            rng = np.random.default_rng([self.seed, image, seed])
            y, x = rng.integers(height + 1), rng.integers(width + 1)
            crop = self.left[image][y : y + size // 2, x : x + size // 2]
            made.append(np.pad(crop, ((0, size // 2), (0, size // 2), (0, 0)), "symmetric"))
        return np.stack(made).astype(np.float32)
