"""The library as what a model learns from: a stock of patterns, rolled at random, and what is said of it in a bundle.

Axes: N patterns of the stock, B batch, H, W cells.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pilots.creative.data.patterns import library, symmetry


class Kind(NamedTuple):
    """What a bundle says of one column of the condition."""

    name: str
    group: str


class Patterns:
    """`per_class` patterns of every class, drawn from `seed`; phases are made anew at every use.

    images, planes, name, licence, sha256, rights_sha256   as of Exemplars: kinds stand in the place of pictures
    inner   [H, W] ones: the whole field counts in a loss, for it has no rim
    """

    name = "pattern library"
    licence = library.LICENCE
    planes = ("distance",)
    rights_sha256 = None
    images = tuple(Kind(library.kind_name(k), library.NAMES[number]) for k, (number, _) in enumerate(library.KINDS))
    groups = library.NAMES
    inner = np.ones((library.SIZE, library.SIZE), np.float32)

    def __init__(self, per_class: int, seed: int, spread: float):
        self.sha256 = library.fingerprint()
        fields, self.kinds = library.sample(per_class, seed)
        self.latents = symmetry.even(fields, self.kinds) / np.float32(spread)  # within 0.1 cells of the fields

    def draw(self, random: np.random.Generator, batch: int) -> tuple[np.ndarray, np.ndarray]:
        """Fields [B, 1, H, W] with standard deviation 1 and the numbers [B] of their kinds."""
        which = random.integers(0, len(self.latents), batch)
        by = random.integers(0, library.SIZE, (batch, 2))
        rolled = [np.roll(self.latents[i], tuple(xy), (0, 1)) for i, xy in zip(which, by, strict=True)]
        return np.stack(rolled)[:, None], self.kinds[which]

    def noise(self, random: np.random.Generator, which: np.ndarray, data_B1HW: np.ndarray) -> np.ndarray:
        """White noise that repeats as the kinds do, standard deviation 1, shifted to where its waves are its field's.

        Where the noise lies the pattern comes to lie: nothing about its place is left to be found on the way. The
        fields' own phases are random, so the noise stays white.
        """
        loud = np.array([symmetry.repeats(int(kind)) ** 0.5 for kind in which], np.float32)
        made = symmetry.even(random.standard_normal(data_B1HW[:, 0].shape, np.float32), which) * loud[:, None, None]
        return symmetry.in_phase(made, data_B1HW[:, 0], which)[:, None]
