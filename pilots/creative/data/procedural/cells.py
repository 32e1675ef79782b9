"""Cells on the torus: which seed point a pixel is nearest to, and how far it is from the border to the next cell.

Axes: K points, N pixels down and across, 2 = down, across. Points are in 0..1, distances in pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from pilots.creative.data.procedural.noise import SIDE

NEAR = 4  # neighbours among which the nearest border is sought


@dataclass(frozen=True, eq=False)
class Cells:
    """owner_NN   number of the point
    border_NN   distance to the border with the nearest other cell
    centre_NN   distance to the point
    offset_NN2  from the point to the pixel
    """

    owner_NN: np.ndarray
    border_NN: np.ndarray
    centre_NN: np.ndarray
    offset_NN2: np.ndarray

    def each(self, values_K: np.ndarray) -> np.ndarray:
        """One value per cell, at every pixel."""
        return values_K[self.owner_NN]


def around(difference: np.ndarray) -> np.ndarray:
    """The short way round the torus, for differences of points in 0..1."""
    return difference - np.round(difference)


def cells(points_K2: np.ndarray, shift_NN2: np.ndarray | float = 0.0, corner: float = 0.0) -> Cells:
    """Cells of the points; `shift` bends their borders, `corner` rounds them where borders meet (both pixels)."""
    grid = np.stack(np.meshgrid(*[np.arange(SIDE) + 0.5] * 2, indexing="ij"), axis=-1)
    at = ((grid + shift_NN2) / SIDE) % 1.0
    distance, owner = cKDTree(points_K2 % 1.0, boxsize=1).query(at.reshape(-1, 2), k=NEAR)
    own = points_K2[owner[:, 0]]
    gap = [np.linalg.norm(around(points_K2[owner[:, k]] - own), axis=1) for k in range(1, NEAR)]
    borders = np.stack([(distance[:, k] ** 2 - distance[:, 0] ** 2) / (2 * gap[k - 1]) * SIDE for k in range(1, NEAR)])
    border = borders.min(axis=0)
    if corner:  # a smooth minimum
        border = border - corner * np.log(np.exp((border - borders) / corner).sum(axis=0))
    shape = (SIDE, SIDE)
    return Cells(
        owner[:, 0].reshape(shape),
        border.reshape(shape),
        distance[:, 0].reshape(shape) * SIDE,
        around(at.reshape(-1, 2) - own).reshape(*shape, 2) * SIDE,
    )


def scattered(seed: int, count: int, tries: int = 12) -> np.ndarray:
    """[count, 2] points that keep apart: each is the best of some tries (Mitchell 1991, SIGGRAPH)."""
    rng = np.random.default_rng(seed)
    points = rng.random((count, 2))
    for k in range(1, count):
        wish = rng.random((tries, 2))
        near = np.square(around(wish[:, None] - points[None, :k])).sum(axis=2).min(axis=1)
        points[k] = wish[near.argmax()]
    return points


def honeycomb(across: int, down: int) -> np.ndarray:
    """[across * down, 2] centres of hexagons that stand on a corner; `down` is even."""
    row, column = np.divmod(np.arange(across * down), across)
    return np.stack([(row + 0.5) / down, ((column + 0.5 * (row % 2) + 0.25) / across) % 1.0], axis=1)
