"""Patches of pictures: where they lie and what is in them."""

from __future__ import annotations

import numpy as np


def places(height: int, width: int, side: int, count: int, rng: np.random.Generator) -> np.ndarray:
    """[P, 2] upper left corners of `count` patches inside a picture, none twice (of all where there are fewer)."""
    rows, columns = height - side + 1, width - side + 1
    chosen = rng.choice(rows * columns, min(count, rows * columns), replace=False)
    return np.stack(np.divmod(chosen, columns), axis=1)


def cut(rgb_HW3: np.ndarray, side: int, at_P2: np.ndarray) -> np.ndarray:
    """[P, side, side, 3], the patches whose upper left corners are given."""
    seen = np.lib.stride_tricks.sliding_window_view(rgb_HW3, (side, side), axis=(0, 1))
    return np.moveaxis(seen[at_P2[:, 0], at_P2[:, 1]], 1, 3)


def wrapped(tile_SS3: np.ndarray, side: int) -> np.ndarray:
    """A tile with so much of itself beside it that every patch across its seams can be cut."""
    return np.pad(tile_SS3, ((0, side - 1), (0, side - 1), (0, 0)), "wrap")


def sample(rgb_HW3: np.ndarray, side: int, count: int, rng: np.random.Generator) -> np.ndarray:
    """[P, side, side, 3], patches from anywhere in a picture."""
    return cut(rgb_HW3, side, places(*rgb_HW3.shape[:2], side, count, rng))
