"""Courses on the torus: rows of rectangles, as a mason or a joiner lays them.

Axes: N pixels down and across, K rectangles. Lengths in pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pilots.creative.data.procedural.noise import SIDE


@dataclass(frozen=True, eq=False)
class Courses:
    """owner_NN    number of the rectangle
    edge_NN     distance inwards from its edge, whose corners are rounded; below 0 in the joint
    down_NN across_NN   position inside, from its upper left corner
    count       K
    """

    owner_NN: np.ndarray
    edge_NN: np.ndarray
    down_NN: np.ndarray
    across_NN: np.ndarray
    count: int

    def each(self, values_K: np.ndarray) -> np.ndarray:
        """One value per rectangle, at every pixel."""
        return values_K[self.owner_NN]


def courses(
    rows: int,
    cuts: list[np.ndarray],
    joint: float,
    corner: float,
    bend: tuple[np.ndarray, np.ndarray] | None = None,
    uneven: float = 0.0,
    seed: int = 0,
) -> Courses:
    """Rows of equal height, cut at `cuts[row]` (rising, 0..1).

    joint   width of the gap     corner  radius
    bend    shifts of the pixels down and across: edges that are not quite straight
    uneven  spread of each rectangle's edges
    """
    y, x = np.meshgrid(*[np.arange(SIDE) + 0.5] * 2, indexing="ij")
    if bend is not None:
        y, x = (y + bend[0]) % SIDE, (x + bend[1]) % SIDE
    high = SIDE / rows
    row = np.minimum((y / high).astype(int), rows - 1)
    start, width, first = np.zeros((3, SIDE, SIDE))
    column = np.zeros((SIDE, SIDE), int)
    count = 0
    for r, cut in enumerate(cuts):
        here = row == r
        at = (x[here] / SIDE - cut[0]) % 1.0
        ends = np.append(cut - cut[0], 1.0)
        k = np.searchsorted(ends, at, side="right") - 1
        column[here] = count + k
        start[here] = at * SIDE - ends[k] * SIDE
        width[here] = (ends[k + 1] - ends[k]) * SIDE
        count += len(cut)
    down, across = y - row * high, start + first
    lean = np.random.default_rng(seed).normal(0, uneven, (4, count))[:, column] if uneven else np.zeros(4)
    middle_y, middle_x = (high + lean[0] - lean[1]) / 2, (width + lean[2] - lean[3]) / 2
    half_y = (high - joint - lean[0] - lean[1]) / 2 - corner
    half_x = (width - joint - lean[2] - lean[3]) / 2 - corner
    out_y, out_x = np.abs(down - middle_y) - half_y, np.abs(across - middle_x) - half_x
    edge = corner - np.hypot(np.maximum(out_y, 0), np.maximum(out_x, 0)) - np.minimum(np.maximum(out_y, out_x), 0)
    return Courses(column, edge, down, across, count)


def bond(rows: int, across: int, shift: float) -> list[np.ndarray]:
    """Cuts of a wall whose every other row is shifted by that share of a brick."""
    return [(np.arange(across) + shift * (r % 2)) / across for r in range(rows)]


def boards(rows: int, each: int, least: float, seed: int) -> list[np.ndarray]:
    """Cuts at random places, `least` apart at the least; neighbours do not end side by side."""
    rng = np.random.default_rng(seed)
    cuts: list[np.ndarray] = []
    while len(cuts) < rows:
        cut = np.sort(rng.random(each))
        beside = [cuts[-1]] if cuts else []
        beside += [cuts[0]] if len(cuts) == rows - 1 else []
        apart = np.diff(np.append(cut, cut[0] + 1)).min()
        clear = min((np.abs((cut[:, None] - other + 0.5) % 1 - 0.5).min() for other in beside), default=1.0)
        if apart >= least and clear >= least / 3:
            cuts.append(cut)
    return cuts
