"""Does a tile show where it wraps? The step across its seam, ranked among all steps inside it."""

from __future__ import annotations

import numpy as np

LEVEL = 0.05  # a tile passes with a rank p above it on both axes: 0.95² of the tiles of a perfect torus


def seam(tile_SS3: np.ndarray) -> tuple[float, float]:
    """Two-sided rank p of the step across the wrap and its ratio to the mean step inside, each of the worse axis.

    On a torus every step between neighbouring rows may as well be the last one, so that p is uniform. A mirrored tile
    fails: its step across the wrap is zero, unnaturally small. Equal steps share their rank.
    """
    found = [_axis(tile_SS3), _axis(np.swapaxes(tile_SS3, 0, 1))]
    return min(p for p, _ in found), max((ratio for _, ratio in found), key=lambda r: abs(np.log(max(r, 1e-6))))


def _axis(tile_SS3: np.ndarray) -> tuple[float, float]:
    steps = np.abs(np.roll(tile_SS3, -1, axis=0) - tile_SS3).mean(axis=(1, 2), dtype=float)
    wrap, inside = steps[-1], steps[:-1].mean()
    below, equal = (steps < wrap).sum(), (steps == wrap).sum()
    rank = below + (equal + 1) / 2  # 1 .. S
    p = min(1.0, 2 * min(rank, len(steps) + 1 - rank) / len(steps))
    return float(p), float(wrap / inside) if inside > 0 else 1.0
