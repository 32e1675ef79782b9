"""The closest pairs: what a model drew beside the part of the training pictures that it resembles most."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from pilots.creative.drawn import Tiles
from pilots.creative.metrics import patches
from pilots.creative.metrics.copying import FLIPS, LEAST, SIDES, Copies, Found

PAIRS = 16
SIDE = min(SIDES)  # pixels of a patch


@dataclass(frozen=True, eq=False)
class Pair:
    """A patch [s, s, 3] of a tile and the nearest one that was learned from, turned the way in which it is nearest.

    ratio  their distance / the median distance of unseen, held-out patches of the class
    """

    group: str
    ratio: float
    made: np.ndarray
    near: np.ndarray


def closest(tiles: Tiles, copies: Mapping[str, tuple[Copies, Found]], count: int = PAIRS) -> list[Pair]:
    """The closest pair of every tile, the closest of those first; no tile is shown twice."""
    pairs = []
    for group, (test, found) in copies.items():
        usual = max(float(np.median(test.held.off_N[1])), LEAST)
        for n, tile in enumerate(tiles[group]):
            p = int(found.off_N[1][n].argmin())  # flips included
            down, along = FLIPS[found.flip_NP[n, p]]
            made = patches.cut(patches.wrapped(tile, SIDE), SIDE, found.made_NP2[n, p][None])[0]
            near = test.search[SIDE].patch(found.near_NP3[n, p])[::down, ::along]
            pairs.append(Pair(group, float(found.off_N[1][n, p] / usual), made, near))
    return sorted(pairs, key=lambda pair: pair.ratio)[:count]
