"""Was a tile copied? Each of its patches against the nearest patch of the training pictures, at every offset.

A search space of few dimensions (principal components) proposes candidates; distances are then taken on the pixels.
An exact copy is always found: it is as near in the small space as in the large one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from pilots.creative.metrics import patches

DIMS = 32  # principal components of the search
SEEN = 512  # patches that the components are computed from
BLOCK = 4096  # training patches searched at a time: so many fit the cache; each block proposes its nearest one
ASKED = 256  # patches searched for at a time
KEPT = 6  # candidates compared pixel by pixel
LEAST = 0.1 / 255  # what a distance is divided by, at least: flat pictures hold exact copies of all their patches
SIDES = {16: 128, 32: 48}  # pixels of a patch: patches of each tile that are looked for
FLIPS = ((1, 1), (1, -1), (-1, 1), (-1, -1))  # steps along height and width


class Nearest:
    """All patches of some pictures, ready to be searched.

    pictures  [H, W, 3] each, what a model learned from
    side      pixels of a patch
    """

    def __init__(self, pictures: Sequence[np.ndarray], side: int, seed: int = 0):
        self.pictures, self.side = [np.ascontiguousarray(p, np.float32) for p in pictures], side
        self.stacked = np.zeros((len(pictures), *np.max([p.shape for p in pictures], axis=0)), np.float32)
        for room, picture in zip(self.stacked, self.pictures, strict=True):
            room[: len(picture), : picture.shape[1]] = picture
        rng, share = np.random.default_rng(seed), -(-SEEN // len(pictures))
        seen_PD = np.concatenate([patches.sample(p, side, share, rng).reshape(-1, side * side * 3) for p in pictures])
        self.mean_D = seen_PD.mean(axis=0)
        seen_PD = seen_PD - self.mean_D
        within = np.linalg.eigh(seen_PD @ seen_PD.T)[1][:, ::-1][:, :DIMS]
        self.axes_DK = np.linalg.qr(seen_PD.T @ within)[0].astype(np.float32)
        key_PK = np.concatenate([self._all_small(p) for p in self.pictures])
        self.key_KP = np.vstack([-key_PK.T, (key_PK**2).sum(axis=1) / 2])  # times (query, 1): half a squared distance
        self.columns = np.array([p.shape[1] - side + 1 for p in pictures])
        rows = [p.shape[0] - side + 1 for p in pictures]
        self.starts = np.cumsum([0, *(rows * self.columns)])

    def find(self, patch_N: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Root mean square difference [N] to the nearest patch, and its picture, row and column [N, 3]."""
        flat_ND = np.ascontiguousarray(patch_N, np.float32).reshape(len(patch_N), -1)
        parts = [self._find(flat_ND[first : first + ASKED]) for first in range(0, len(flat_ND), ASKED)]
        off_N, where_N3 = (np.concatenate(found) for found in zip(*parts, strict=True))
        return off_N, where_N3

    def _find(self, flat_ND: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        small_NK = np.hstack([self._small(flat_ND), np.ones((len(flat_ND), 1), np.float32)])
        rows, found = np.arange(len(flat_ND)), []
        for first in range(0, self.key_KP.shape[1], BLOCK):
            far_NP = small_NK @ self.key_KP[:, first : first + BLOCK]
            best_N = far_NP.argmin(axis=1)
            found.append((far_NP[rows, best_N], best_N + first))
        far_NB, key_NB = (np.stack(values, axis=1) for values in zip(*found, strict=True))
        kept = np.argsort(far_NB, axis=1)[:, :KEPT]
        where_NB3 = self._where(np.take_along_axis(key_NB, kept, axis=1))
        off_NB = np.stack([self._off(flat_ND, where_NB3[:, b]) for b in range(where_NB3.shape[1])], axis=1)
        best_N = off_NB.argmin(axis=1)
        return off_NB[rows, best_N], where_NB3[rows, best_N]

    def patch(self, where_3: np.ndarray) -> np.ndarray:
        """[side, side, 3], the patch at a picture, row and column."""
        number, y, x = where_3
        return self.pictures[number][y : y + self.side, x : x + self.side]

    def _small(self, flat_ND: np.ndarray) -> np.ndarray:
        return (flat_ND - self.mean_D) @ self.axes_DK

    def _all_small(self, picture: np.ndarray) -> np.ndarray:
        """The same of all patches of a picture, which is its correlation with every axis."""
        axes = self.axes_DK.T.reshape(-1, self.side, self.side, 3)
        found = [cv2.matchTemplate(picture, np.ascontiguousarray(axis), cv2.TM_CCORR) for axis in axes]
        return np.stack(found, axis=-1).reshape(-1, len(axes)) - self.mean_D @ self.axes_DK

    def _where(self, key: np.ndarray) -> np.ndarray:
        number = np.searchsorted(self.starts, key, side="right") - 1
        y, x = np.divmod(key - self.starts[number], self.columns[number])
        return np.stack([number, y, x], axis=-1)

    def _off(self, flat_ND: np.ndarray, where_N3: np.ndarray) -> np.ndarray:
        seen = np.lib.stride_tricks.sliding_window_view(self.stacked, (self.side, self.side), axis=(1, 2))
        near_ND = np.moveaxis(seen[tuple(where_N3.T)], 1, 3).reshape(len(flat_ND), -1)
        return np.sqrt(((near_ND - flat_ND) ** 2).mean(axis=1))


@dataclass(frozen=True, eq=False)
class Found:
    """The nearest training patches of some tiles.

    off_N     distances per tile, one array [N, P] per way of looking: 16 px, 16 px and flips, then 32 px likewise
    made_NP2  where the 16 px patches stand in their tiles
    near_NP3  picture, row and column of their nearest training patches
    flip_NP   number of the flip of `FLIPS` under which they are nearest
    """

    off_N: list[np.ndarray]
    made_NP2: np.ndarray
    near_NP3: np.ndarray
    flip_NP: np.ndarray


class Copies:
    """The copy test of one class.

    learned  [H, W, 3] each, what the models saw
    held     [H, W, 3] each, the held-out part of each tile's picture
    """

    def __init__(self, learned: Sequence[np.ndarray], held: Sequence[np.ndarray], seed: int):
        self.seed = seed
        least = min(min(part.shape[:2]) for part in (*held, *learned))
        self.search = {side: Nearest(learned, side, seed) for side in SIDES if side <= least}
        self.held = self.look(held)

    def look(self, pictures: Sequence[np.ndarray], torus: bool = False) -> Found:
        """The nearest training patches of patches from anywhere in each picture, or tile; a small one's count twice."""
        rng, off_N = np.random.default_rng(self.seed), []
        for side, search in self.search.items():
            whole = [patches.wrapped(p, side) for p in pictures] if torus else pictures
            at = [patches.places(*p.shape[:2], side, SIDES[side], rng) for p in whole]
            at_NP2 = np.stack([np.resize(places, (SIDES[side], 2)) for places in at])
            cut_M = np.concatenate([patches.cut(p, side, places) for p, places in zip(whole, at_NP2, strict=True)])
            found = [search.find(cut_M[:, ::down, ::along]) for down, along in FLIPS]
            off_FNP = np.stack([off for off, _ in found]).reshape(len(FLIPS), *at_NP2.shape[:2])
            off_N += [off_FNP[0], off_FNP.min(axis=0)]
            if side == min(SIDES):
                flip_M = off_FNP.argmin(axis=0).ravel()
                near_M3 = np.stack([where for _, where in found])[flip_M, np.arange(len(flip_M))]
                made = at_NP2, near_M3.reshape(*at_NP2.shape[:2], 3), flip_M.reshape(at_NP2.shape[:2])
        return Found(off_N, *made)

    def close(self) -> None:
        """Give the search back; patches that were found can still be shown."""
        for search in self.search.values():
            search.key_KP = search.key_KP[:, :0].copy()

    def ratio(self, made: Found, level: float) -> float:
        """The least favourable `copy_ratio` of all ways of looking."""
        return min(copy_ratio(m, h, level) for m, h in zip(made.off_N, self.held.off_N, strict=True))

    def resampled(self, made: Found, level: float, count: int, rng: np.random.Generator) -> np.ndarray:
        """[count] ratios, each from tiles and held-out parts drawn anew."""
        drawn = []
        for off in (made.off_N, self.held.off_N):
            these = rng.integers(len(off[0]), size=(count, len(off[0])))
            drawn.append([np.quantile(way[these].reshape(count, -1), level, axis=1) for way in off])
        return np.min([m / np.maximum(h, LEAST) for m, h in zip(*drawn, strict=True)], axis=0)


def copy_ratio(made: np.ndarray, held: np.ndarray, level: float) -> float:
    """Quantile of the distances of made patches to the nearest training patch / that of unseen, held-out patches.

    1 = as new as an unseen part of the picture, 0 = a copy. Blur lowers it as well: smooth patches resemble others.
    """
    return float(np.quantile(made, level) / max(float(np.quantile(held, level)), LEAST))
