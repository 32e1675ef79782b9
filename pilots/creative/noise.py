"""Noise from a seed, the same in every program and for every window of a picture (known left and right of the bundle).

Philox (Salmon et al. 2011, SC '11) is a counter: row y of plane c has a stream of its own, so that a window can be
drawn without the rest of the picture.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

DISTANCE = ("distance",)  # planes of a pattern


def noise(seed: int, planes: int, rows: range, width: int) -> np.ndarray:
    """[planes, len(rows), width] float32, standard normal; `rows` as in the whole picture."""
    drawn = np.empty((planes, len(rows), width), np.float32)
    for c in range(planes):
        for i, y in enumerate(rows):
            stream = np.random.Generator(np.random.Philox(key=seed, counter=[0, 0, y, c]))
            drawn[c, i] = stream.standard_normal(width, np.float32)
    return drawn


def tile_noise(seed: int, channels: int, height: int, width: int, planes: Sequence[str]) -> np.ndarray:
    """[channels, height, width]: the noise of a whole new picture of these planes.

    A sampler turns the little mean that noise has into a tenfold one of the picture. A material is to have its
    exemplar's colour whatever the seed: its noise has mean 0. A pattern's mean is how much of it is figure: it stays.
    """
    drawn = noise(seed, channels, range(height), width)
    if tuple(planes) != DISTANCE:
        drawn -= drawn.mean(axis=(1, 2), keepdims=True, dtype=np.float64).astype(np.float32)
    return drawn
