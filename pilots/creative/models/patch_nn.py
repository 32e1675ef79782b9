"""Tiles by nearest neighbours of patches, coarse to fine (GPNN: Granot et al. 2022, CVPR), made to wrap.

Axes: S pixels of the tile's side at a scale, Q patches of the tile, P patches of the picture, D numbers of a patch.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from pilots.creative.data.contract import Exemplars

RATIO = 0.7  # of the sides of neighbouring scales (GPNN: 0.75)
DIMS = 24  # principal components that patches are compared by
BLOCK = 256  # patches of the picture compared at a time with all of the tile: so many stay in the cache
FEW = 2  # rounds at the fine scales
FINE = 48  # px, the side from which on few rounds and every other row and column of patches are enough


class PatchNn:
    """Every patch of a coarse guess is exchanged for the nearest one of the picture; overlaps are averaged.

    patch     pixels of a patch's side, odd
    coarsest  pixels of the tile's side where the guess, random patches, begins; smaller gives more variety
    rounds    exchanges at each scale
    alpha     completeness: small, and every patch of the picture is made use of; large, and the best fitting ones are

    Learns nothing: what it gives are pieces of the picture, a little blurred where they meet.
    """

    def __init__(self, patch: int = 7, coarsest: int = 16, rounds: int = 10, alpha: float = 0.01):
        if patch % 2 == 0 or patch < 3:
            raise ValueError(f"patch must be odd and >= 3, got {patch}")
        if coarsest < 2 * patch:
            raise ValueError(f"coarsest must be at least two patches ({2 * patch} px), got {coarsest}")
        if rounds < 1 or alpha <= 0:
            raise ValueError(f"rounds must be >= 1 and alpha > 0, got {rounds} and {alpha}")
        self.patch, self.coarsest, self.rounds, self.alpha = patch, coarsest, rounds, alpha

    def fit(self, seen: Exemplars, seed: int) -> PatchNn:
        self.left, self.seed = [image.left().rgb_HW3 for image in seen.images], seed
        return self

    def tiles(self, image: int, seeds: Sequence[int], size: int) -> np.ndarray:
        """[N, size, size, 3] float32 in the manner of one picture."""
        source = np.ascontiguousarray(self.left[image], np.float32)
        return np.stack([self._tile(source, size, np.random.default_rng([self.seed, image, seed])) for seed in seeds])

    def _tile(self, source_HW3: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
        tile = coarse = None
        for side in reversed(self._sides(source_HW3, size)):
            sharp = resized(source_HW3, side / size)
            if tile is None or coarse is None:
                tile, looked_at = self._random(sharp, side, rng), sharp
            else:  # the first guess of a scale is as blurred as the picture of the scale before
                tile = torus_resized(tile, side)
                looked_at = cv2.resize(coarse, sharp.shape[1::-1], interpolation=cv2.INTER_CUBIC)
            for _ in range(self.rounds if side < FINE else FEW):
                tile = self._exchanged(tile, looked_at, sharp)
                looked_at = sharp
            coarse = sharp
        return np.clip(tile, 0, 1)

    def _sides(self, source_HW3: np.ndarray, size: int) -> list[int]:
        """The tile's side at every scale, all even, as far as the picture holds a few patches."""
        sides, least = [size], (self.patch + 2) * size / min(source_HW3.shape[:2])
        while sides[-1] * RATIO >= max(self.coarsest, least):
            sides.append(2 * round(sides[-1] * RATIO / 2))
        return sides

    def _random(self, sharp_HW3: np.ndarray, side: int, rng: np.random.Generator) -> np.ndarray:
        every, count = cut(sharp_HW3, self.patch), -(-side // self.patch)
        blocks = every[rng.integers(len(every), size=count**2)].reshape(count, count, self.patch, self.patch, 3)
        return blocks.swapaxes(1, 2).reshape(count * self.patch, -1, 3)[:side, :side]

    def _exchanged(self, tile_SS3: np.ndarray, looked_at_HW3: np.ndarray, sharp_HW3: np.ndarray) -> np.ndarray:
        side, edge = len(tile_SS3), self.patch // 2
        stride = 2 if side >= FINE and side % 2 == 0 else 1
        asked_QD = cut(np.pad(tile_SS3, ((edge, edge), (edge, edge), (0, 0)), "wrap"), self.patch, stride)
        key_PD = cut(looked_at_HW3, self.patch)
        axes_DK = components(key_PD)
        near_Q = nearest(asked_QD @ axes_DK, key_PD @ axes_DK, self.alpha)
        return vote(cut(sharp_HW3, self.patch)[near_Q], side, stride)


def nearest(asked_QK: np.ndarray, key_PK: np.ndarray, alpha: float) -> np.ndarray:
    """[Q] number of the key with the least distance / (alpha + the key's own least distance), squared ones.

    alpha is taken of the mean distance. Without it smooth patches, which lie near everything, wash the tile out.
    """
    half_Q, half_P = ((x**2).sum(axis=1) / 2 for x in (asked_QK, key_PK))
    least = alpha * max(half_Q.mean() + half_P.mean() - asked_QK.mean(axis=0) @ key_PK.mean(axis=0), 1e-9)
    best_Q, near_Q, rows = (
        np.full(len(asked_QK), np.inf, np.float32),
        np.zeros(len(asked_QK), int),
        np.arange(len(half_Q)),
    )
    for first in range(0, len(key_PK), BLOCK):
        block = slice(first, first + BLOCK)
        far_QP = np.maximum(half_Q[:, None] - asked_QK @ key_PK[block].T + half_P[block], 0)
        far_QP /= least + far_QP.min(axis=0)
        found_Q = far_QP.argmin(axis=1)
        better = far_QP[rows, found_Q] < best_Q
        best_Q[better], near_Q[better] = far_QP[rows, found_Q][better], found_Q[better] + first
    return near_Q


def components(patch_PD: np.ndarray) -> np.ndarray:
    """[D, K] principal components of some of the patches."""
    some = patch_PD[:: max(len(patch_PD) // 2000, 1)]
    some = some - some.mean(axis=0)
    return np.linalg.eigh(some.T @ some)[1][:, ::-1][:, :DIMS].copy()


def cut(rgb_HW3: np.ndarray, side: int, stride: int = 1) -> np.ndarray:
    """[P, side * side * 3] patches, row after row."""
    seen = np.lib.stride_tricks.sliding_window_view(rgb_HW3, (side, side), axis=(0, 1))[::stride, ::stride]
    return np.moveaxis(seen, 2, 4).reshape(-1, side * side * 3)


def vote(patch_QD: np.ndarray, side: int, stride: int) -> np.ndarray:
    """[S, S, 3], the weighted mean of patches centred on every `stride`th pixel of a torus."""
    count, width = side // stride, round((patch_QD.shape[1] / 3) ** 0.5)
    patches = patch_QD.reshape(count, count, width, width, 3)
    off = np.arange(width) - width // 2
    weight = np.exp(-(off[:, None] ** 2 + off**2) / (2 * (width / 4) ** 2)).astype(np.float32)
    total, weights = np.zeros((side, side, 3), np.float32), np.zeros((side, side, 1), np.float32)
    for i, down in enumerate(off):
        rows = (np.arange(count) * stride + down) % side
        for j, along in enumerate(off):
            at = np.ix_(rows, (np.arange(count) * stride + along) % side)
            total[at] += weight[i, j] * patches[:, :, i, j]
            weights[at] += weight[i, j]
    return total / weights


def resized(rgb_HW3: np.ndarray, scale: float) -> np.ndarray:
    if scale == 1:
        return rgb_HW3
    size = [max(round(n * scale), 1) for n in rgb_HW3.shape[1::-1]]
    return cv2.resize(rgb_HW3, size, interpolation=cv2.INTER_AREA)


def torus_resized(tile_SS3: np.ndarray, side: int) -> np.ndarray:
    """A tile at another size; its edges continue each other."""
    thrice = cv2.resize(np.tile(tile_SS3, (3, 3, 1)), (3 * side, 3 * side), interpolation=cv2.INTER_CUBIC)
    return thrice[side : 2 * side, side : 2 * side]
