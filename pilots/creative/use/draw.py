"""Draw pictures with the sampler of a bundle: in one call where that is small, else step by step in windows.

Axes: C channels of the state, P planes of the picture, H, W pixels, h, w of a window, I training pictures.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from pilots.creative.noise import noise
from pilots.creative.use.material import Material, read_material
from pilots.creative.use.windows import PIXELS, plan, sweep

if TYPE_CHECKING:
    from common.bundle.open import Bundle


Look = Callable[[range, range], np.ndarray]  # rows and columns, which may count on beyond the rim -> their pixels


@dataclass(frozen=True)
class Kept:
    """A picture that the drawing begins from or holds fast to, looked at window by window.

    known  [P, h, w] float32, 0..1
    mask   [h, w] float32: 1 = make anew, 0 = keep
    """

    known: Look
    mask: Look


class Painter:
    """A bundle's sampler with its canvas. `pixels`: of the largest window, see windows.py."""

    def __init__(self, bundle: Bundle, pixels: int = PIXELS):
        self.bundle, self.pixels = bundle, pixels
        self.material: Material = read_material(bundle.manifest)

    def tile(self, images: Sequence[int], height: int, width: int, seed: int, steps: int) -> np.ndarray:
        """[P, H, W] float32, 0..1, edges meeting; in the manner of the training pictures `images`, mixed evenly."""
        canvas = noise(seed, self.material.channels, range(height), width)
        return self._draw(canvas, self.material.grid(steps), images, seed, None)

    def variation(
        self, images: Sequence[int], known: Look, height: int, width: int, strength: float, seed: int, steps: int
    ) -> np.ndarray:
        """[P, H, W]: another picture like the known one; strength 0 gives it back, 1 keeps nothing of it."""
        start = np.float32(1 - strength)
        grid = self.material.grid(steps)
        grid = np.array([start, *grid[grid > start]], np.float32)
        canvas = np.zeros((self.material.channels, height, width), np.float32)
        given = Kept(known, lambda y, x: np.zeros((len(y), len(x)), np.float32))
        if len(grid) == 1:
            return self._sweep(canvas, grid.repeat(2), images, seed, given, picture=True)
        self._sweep(canvas, grid[:1].repeat(2), images, seed, given, picture=False)
        return self._draw(canvas, grid, images, seed, None)

    def repair(self, images: Sequence[int], kept: Kept, height: int, width: int, seed: int, steps: int) -> np.ndarray:
        """[P, H, W]: the picture made anew where the mask says so, to fit what is kept; elsewhere of no meaning."""
        canvas = noise(seed, self.material.channels, range(height), width)
        return self._draw(canvas, self.material.grid(steps), images, seed, kept)

    def _draw(
        self, canvas: np.ndarray, grid: np.ndarray, images: Sequence[int], seed: int, kept: Kept | None
    ) -> np.ndarray:
        """The canvas at grid[0] taken to its picture; the canvas is used up."""
        if plan(*canvas.shape[1:], self.material.halo, self.material.multiple, self.pixels).whole:
            return self._sweep(canvas, grid, images, seed, kept, picture=True)
        for k in range(len(grid) - 2):
            self._sweep(canvas, grid[k : k + 2], images, seed, kept, picture=False)
        return self._sweep(canvas, grid[-2:], images, seed, kept, picture=True)

    def _sweep(
        self, canvas: np.ndarray, grid: np.ndarray, images: Sequence[int], seed: int, kept: Kept | None, picture: bool
    ) -> np.ndarray:
        """The canvas after these times, or its picture; in place wherever the picture fits into the canvas."""
        (channels, height, width), planes = canvas.shape, len(self.material.planes)
        condition = np.zeros((1, len(self.material.names)), np.float32)
        condition[0, list(images)] = 1 / len(images)
        of_band = lru_cache(1)(lambda y: noise(seed, channels, [i % height for i in y], width))

        def work(state: np.ndarray, y: range, x: range) -> np.ndarray | None:
            known, mask = np.zeros((planes, len(y), len(x)), np.float32), np.ones((len(y), len(x)), np.float32)
            drawn = np.zeros_like(state)  # the graph looks at the noise only where something is kept
            if kept is not None:
                mask = kept.mask(y, x)
                if grid[0] < grid[-1] and not mask.any():
                    return None  # nothing to make here
                known = kept.known(y, x)
                drawn = of_band(y).take(x, axis=2, mode="wrap")
            made = self.bundle.run(
                noise=drawn[None], state=state[None], grid=grid, condition=condition, known=known[None],
                mask=mask[None, None],
            )  # fmt: skip
            return made["picture" if picture else "next"][0]

        into = canvas[:planes] if picture and planes <= channels else None
        if picture and into is None:
            into = np.empty((planes, height, width), np.float32)
        sweep(canvas, plan(height, width, self.material.halo, self.material.multiple, self.pixels), work, into)
        return canvas if into is None else into
