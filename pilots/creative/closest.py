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
FAINT = 0.25  # of a class's mean contrast: patches with less are taken to have so much


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
    """The pairs that are most alike for their contrast: by distance alone, flat patches would fill the picture.

    The closest come first, and no piece of a tile or of a training picture is shown twice.
    """
    every = []
    for group, (_, found) in copies.items():
        made = [
            patches.cut(patches.wrapped(t, SIDE), SIDE, at) for t, at in zip(tiles[group], found.made_NP2, strict=True)
        ]
        contrast_NP = np.stack(made).std(axis=(2, 3)).mean(axis=2)
        alike_NP = found.off_N[1] / np.maximum(contrast_NP, max(FAINT * float(contrast_NP.mean()), LEAST))
        every += [(alike_NP[n, p], group, n, p, made[n][p]) for n, p in np.ndindex(alike_NP.shape)]
    pairs: list[Pair] = []
    shown: list[tuple[str, np.ndarray, np.ndarray]] = []
    for _, group, n, p, made_SS3 in sorted(every, key=lambda one: one[0]):
        test, found = copies[group]
        here, there = np.array([n, *found.made_NP2[n, p]]), found.near_NP3[n, p]
        if len(pairs) < count and not any(
            g == group and (_overlap(here, h) or _overlap(there, t)) for g, h, t in shown
        ):
            down, along = FLIPS[found.flip_NP[n, p]]
            ratio = found.off_N[1][n, p] / max(float(np.median(test.held.off_N[1])), LEAST)
            pairs.append(Pair(group, float(ratio), made_SS3, test.search[SIDE].patch(there)[::down, ::along]))
            shown.append((group, here, there))
    return pairs


def _overlap(one: np.ndarray, other: np.ndarray) -> bool:
    """Two patches, each a number of a picture, row and column."""
    return one[0] == other[0] and bool(np.abs(one[1:] - other[1:]).max() < SIDE)
