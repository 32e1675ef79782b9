"""Noise from a seed, the same in every program and for every window of a picture (known left and right of the bundle).

Philox (Salmon et al. 2011, SC '11) is a counter: row y of plane c has a stream of its own, so that a window can be
drawn without the rest of the picture.
"""

from __future__ import annotations

import numpy as np


def noise(seed: int, planes: int, rows: range, width: int) -> np.ndarray:
    """[planes, len(rows), width] float32, standard normal; `rows` as in the whole picture."""
    drawn = np.empty((planes, len(rows), width), np.float32)
    for c in range(planes):
        for i, y in enumerate(rows):
            stream = np.random.Generator(np.random.Philox(key=seed, counter=[0, 0, y, c]))
            drawn[c, i] = stream.standard_normal(width, np.float32)
    return drawn
