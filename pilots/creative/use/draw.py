"""Draw pictures with the sampler of a bundle: in one call where that is small, else step by step in windows.

Axes: C channels of the state, P planes of the picture, H, W pixels, h, w of a window, I training pictures.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from pilots.creative.noise import noise, tile_noise
from pilots.creative.use.material import Material, read_material
from pilots.creative.use.order import SEEDS
from pilots.creative.use.windows import PIXELS, plan, sweep

if TYPE_CHECKING:
    from common.bundle.open import Bundle


ROUNDS = 4  # times that a step is taken where the drawn must fit to the kept
ROWS = 64  # of the canvas that get fresh noise at a time

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
    """A bundle's sampler with its canvas.

    pixels  of the largest window, see windows.py
    told    is given a few words on where the work stands
    """

    def __init__(self, bundle: Bundle, pixels: int = PIXELS, told: Callable[[str], object] = lambda text: None):
        self.bundle, self.pixels, self.told = bundle, pixels, told
        self.material: Material = read_material(bundle.manifest)

    def tile(self, images: Sequence[int], height: int, width: int, seed: int, steps: int) -> np.ndarray:
        """[P, H, W] float32, 0..1, edges meeting; in the manner of the training pictures `images`, mixed evenly."""
        drawn = tile_noise(seed, self.material.channels, height, width, self.material.planes)
        return self._draw(drawn, self.material.grid(steps), images)

    def variation(
        self, images: Sequence[int], given: Kept, height: int, width: int, strength: float, seed: int, steps: int
    ) -> np.ndarray:
        """[P, H, W]: another picture like the one given; strength 0 gives it back, 1 keeps nothing of it.

        Where the mask is 1 nothing is kept of it either way: there its edges did not meet.
        """
        start, whole = np.float32(1 - strength), self.material.grid(steps)
        early, late = (np.array([*whole[whole < start], start]), np.array([start, *whole[whole > start]]))
        if start == 0:
            return self.tile(images, height, width, seed, steps)
        begun = noise(seed, self.material.channels, range(height), width)
        drawn = self._fit_in(begun, early, images, seed, given, picture=strength == 0)
        if strength == 0:
            return drawn
        self._sweep(begun, late[:1].repeat(2), images, seed, given, picture=False)  # now it stands everywhere
        return self._draw(begun, late, images)

    def repair(self, images: Sequence[int], given: Kept, height: int, width: int, seed: int, steps: int) -> np.ndarray:
        """[P, H, W]: the picture made anew where the mask says so, to fit what is kept, which comes back as it was."""
        begun = noise(seed, self.material.channels, range(height), width)
        return self._fit_in(begun, self.material.grid(steps), images, seed, given, picture=True)

    def _fit_in(
        self, canvas: np.ndarray, grid: np.ndarray, images: Sequence[int], seed: int, given: Kept, picture: bool
    ) -> np.ndarray:
        """The canvas taken from noise to grid[-1], or to its picture, what is drawn fitting to what is kept.

        Each step but the first and the last two is taken ROUNDS times, going back in between with fresh noise: what is
        drawn and what is kept get to know each other (RePaint: Lugmayr et al. 2022, CVPR).
        """
        last, drawn, key = len(grid) - 2, canvas, seed
        for k in range(last + 1):
            self.told(f"step {k + 1} of {last + 1}")
            rounds = ROUNDS if 0 < k < last - 1 else 1
            for turn in range(rounds):
                drawn = self._sweep(canvas, grid[k : k + 2], images, key, given, picture and k == last)
                if turn < rounds - 1:
                    key += SEEDS  # no other seed's noise
                    _go_back(canvas, float(grid[k]), float(grid[k + 1]), key)
        return drawn

    def _draw(self, canvas: np.ndarray, grid: np.ndarray, images: Sequence[int]) -> np.ndarray:
        """The canvas at grid[0] taken to its picture; the canvas is used up."""
        if plan(*canvas.shape[1:], self.material.halo, self.material.multiple, self.pixels).whole:
            return self._sweep(canvas, grid, images, 0, None, picture=True)
        for k in range(len(grid) - 2):
            self.told(f"step {k + 1} of {len(grid) - 1}")
            self._sweep(canvas, grid[k : k + 2], images, 0, None, picture=False)
        return self._sweep(canvas, grid[-2:], images, 0, None, picture=True)

    def _sweep(
        self, canvas: np.ndarray, grid: np.ndarray, images: Sequence[int], key: int, given: Kept | None, picture: bool
    ) -> np.ndarray:
        """The canvas after these times, or its picture; in place wherever the picture fits into the canvas.

        key  of the noise under what is kept
        """
        (channels, height, width), planes = canvas.shape, len(self.material.planes)
        condition = np.zeros((1, len(self.material.names)), np.float32)
        condition[0, list(images)] = 1 / len(images)
        of_band = lru_cache(1)(lambda y: noise(key, channels, [i % height for i in y], width))

        def work(state: np.ndarray, y: range, x: range) -> np.ndarray | None:
            known, mask = np.zeros((planes, len(y), len(x)), np.float32), np.ones((len(y), len(x)), np.float32)
            drawn = np.zeros_like(state)  # the graph looks at the noise only where something is kept
            if given is not None:
                mask = given.mask(y, x)
                known = given.known(y, x)
                if grid[0] < grid[-1] and not mask.any():  # nothing to draw here
                    return known if picture else None
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


def _go_back(canvas: np.ndarray, t: float, after: float, key: int) -> None:
    """The canvas [C, H, W] at time `after` brought back to `t` by as much fresh noise as belongs there, in place."""
    share = t / after
    fresh = np.float32(np.sqrt(max((1 - t) ** 2 - (share * (1 - after)) ** 2, 0)))
    for y in range(0, canvas.shape[1], ROWS):
        rows = canvas[:, y : y + ROWS]
        rows *= np.float32(share)
        rows += fresh * noise(key, len(canvas), range(y, y + rows.shape[1]), canvas.shape[2])
