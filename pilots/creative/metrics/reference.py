"""One picture, ready to measure tiles against: its held-out part, and the floor that its left part sets.

A tile is measured alone. The floor is the same measure for pieces of a tile's size from the left part, with as many
patches: what an unseen piece of the same picture scores.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pilots.creative.data.contract import Exemplar
from pilots.creative.metrics import patches, spectrum, swd

PIECES = 4  # of what was learned from, for every tile
WINDOWS = 16  # of each picture, for its spectrum


class Reference:
    """Measures against one picture's held-out part.

    size  pixels of a tile's side
    """

    def __init__(self, image: Exemplar, size: int, seed: Sequence[int]):
        self.seed = seed
        self.left, held = image.left().rgb_HW3, image.held().rgb_HW3
        self.size_2 = tuple(min(size, n) for n in self.left.shape[:2])  # of a piece: a tile's where there is room
        smallest = [min(a, b) for a, b in zip(self.size_2, held.shape[:2], strict=True)]
        room = min(int(np.prod([n - swd.SIDE + 1 for n in part])) for part in (self.size_2, held.shape[:2]))
        self.count = min(swd.PATCHES, room)
        self.side = min(spectrum.LARGEST, *smallest)
        self.spread = swd.spread(image.rgb_HW3)
        self.shadows, self.power = self.look(held)

    def look(self, rgb_HW3: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Quantiles of the patches and logarithm of the power of a picture or a piece of it."""
        rng = np.random.default_rng(self.seed)  # the same places for every generator
        patches_P773 = patches.sample(rgb_HW3, swd.SIDE, self.count, rng)
        windows_N = spectrum.windows(rgb_HW3, self.side, WINDOWS, rng)
        return swd.quantiles(patches_P773), spectrum.log_power(windows_N)

    def look_at_tile(self, tile_SS3: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The same of a tile, patches across its seams included."""
        return self.look(patches.wrapped(tile_SS3, swd.SIDE))

    def pieces(self) -> list[np.ndarray]:
        """Pieces of the left part from anywhere: more than there are tiles, for a floor that stands still."""
        rng = np.random.default_rng(self.seed)
        height, width = self.size_2
        rows, columns = (
            rng.integers(n - m + 1, size=PIECES) for n, m in zip(self.left.shape[:2], self.size_2, strict=True)
        )
        return [self.left[y : y + height, x : x + width] for y, x in zip(rows, columns, strict=True)]

    def white_noise(self) -> float:
        """The `swd` of noise of the picture's own colour and spread."""
        flat = self.left.reshape(-1, 3)
        rng = np.random.default_rng(self.seed)
        noise = rng.multivariate_normal(flat.mean(axis=0), np.cov(flat.T), self.size_2, method="eigh")
        return self.swd(self.look(np.clip(noise, 0, 1).astype(np.float32))[0])

    def swd(self, shadows: np.ndarray, other: np.ndarray | None = None) -> float:
        """Of the patches of a picture from the held-out ones, or from those of another tile."""
        return swd.swd(shadows, self.shadows if other is None else other, self.spread)

    def spectrum_error(self, power: np.ndarray) -> float:
        return spectrum.spectrum_error(power, self.power)
