"""Tiles by image quilting (Efros and Freeman 2001, SIGGRAPH), made to wrap.

Axes: S pixels of the tile's side, B of a block's side.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import cv2
import numpy as np

from pilots.creative.data.contract import Exemplars

ALIKE = 1.1  # any block up to 10 % worse than the best one may be taken, as in the paper


class Quilting:
    """Blocks of a picture laid beside each other on a torus, each cut along the path where it shows least.

    block    pixels of a block's side; larger than the largest thing in the material
    overlap  pixels that neighbours share, at least

    It copies by construction: every pixel but those near the cuts stands in the picture with the same neighbours.
    """

    def __init__(self, block: int = 32, overlap: int = 8):
        if not 0 < overlap <= block // 2:
            raise ValueError(f"overlap must be 1 to half of the block ({block}), got {overlap}")
        self.block, self.overlap = block, overlap

    def fit(self, seen: Exemplars, seed: int) -> Quilting:
        self.left, self.seed = [image.left().rgb_HW3 for image in seen.images], seed
        return self

    def tiles(self, image: int, seeds: Sequence[int], size: int) -> np.ndarray:
        """[N, size, size, 3] float32 in the manner of one picture."""
        source = np.ascontiguousarray(self.left[image], np.float32)
        return np.stack([self._tile(source, size, np.random.default_rng([self.seed, image, seed])) for seed in seeds])

    def _tile(self, source_HW3: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
        count = -(-size // (self.block - self.overlap))
        tile_SS3, laid_SS = np.zeros((size, size, 3), np.float32), np.zeros((size, size), np.float32)
        starts = np.arange(count) * size // count
        for y in starts:
            for x in starts:
                there = np.ix_((y + np.arange(self.block)) % size, (x + np.arange(self.block)) % size)
                old_BB3, laid_BB = tile_SS3[there], laid_SS[there]
                new_BB3 = self._fitting(source_HW3, old_BB3, laid_BB, rng)
                take_BB = cut(((new_BB3 - old_BB3) ** 2).sum(axis=2), laid_BB > 0)[..., None]
                tile_SS3[there] = np.where(take_BB, new_BB3, old_BB3)
                laid_SS[there] = 1
        return tile_SS3

    def _fitting(self, source_HW3: np.ndarray, old_BB3: np.ndarray, laid_BB: np.ndarray, rng: np.random.Generator):
        if laid_BB.any():
            mask = np.repeat(laid_BB[..., None], 3, axis=2)
            off = np.maximum(cv2.matchTemplate(source_HW3, old_BB3, cv2.TM_SQDIFF, mask=mask), 0)
            chosen = rng.choice(np.flatnonzero(off <= off.min() * ALIKE + 1e-6))
            y, x = np.divmod(chosen, off.shape[1])
        else:
            y, x = (rng.integers(n - self.block + 1) for n in source_HW3.shape[:2])
        return source_HW3[y : y + self.block, x : x + self.block]


def cut(off_BB: np.ndarray, laid_BB: np.ndarray) -> np.ndarray:
    """[B, B] true where the new block is seen: beyond the cheapest path through each border that is laid already."""
    take = np.ones(off_BB.shape, bool)
    turns = [(lambda a: a, laid_BB[:, 0].all()), (lambda a: a[:, ::-1], laid_BB[:, -1].all())]
    turns += [(lambda a: a.T, laid_BB[0].all()), (lambda a: a.T[:, ::-1], laid_BB[-1].all())]
    middle = len(off_BB) // 2
    for turn, bordered in turns:
        if bordered:
            off, laid = turn(off_BB), turn(laid_BB)[middle]
            width = len(laid) if laid.all() else int(np.argmin(laid))
            path = cheapest(off[:, : min(width, middle)])
            turn(take)[:] &= np.arange(len(off))[None, :] >= path[:, None]
    return take


def cheapest(cost_HW: np.ndarray) -> np.ndarray:
    """[H] column of each row on the path from top to bottom with the least sum of costs; one column a row at most."""
    total = np.pad(cost_HW.astype(float), ((0, 0), (1, 1)), constant_values=np.inf)
    for above, row in pairwise(total):
        row[1:-1] += np.minimum(np.minimum(above[:-2], above[1:-1]), above[2:])
    total = total[:, 1:-1]
    path = np.empty(len(total), int)
    path[-1] = total[-1].argmin()
    for row in range(len(total) - 2, -1, -1):
        first = max(path[row + 1] - 1, 0)
        path[row] = first + total[row, first : path[row + 1] + 2].argmin()
    return path
