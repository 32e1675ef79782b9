"""The made patches that are most like a training patch, beside it, as a picture: a person sees what a ratio hides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from pilots.creative.drawn import Tiles
from pilots.creative.metrics import patches
from pilots.creative.metrics.copying import FLIPS, Copies, Found

SCALE, GAP, ACROSS = 4, 2, 4  # of a patch in the picture; px between patches; pairs beside each other
FAINT = (
    0.25  # of a class's own spread: patches with less contrast are taken to have so much, or flat ones would fill it
)


@dataclass(frozen=True, eq=False)
class Pair:
    """off: root mean square difference over the made patch's own spread, 0 = a copy; near_SS3 is flipped as found."""

    group: str
    off: float
    made_SS3: np.ndarray
    near_SS3: np.ndarray


def closest(tiles: Tiles, copies: Mapping[str, tuple[Copies, Found]], count: int = 16) -> list[Pair]:
    """The most alike of all pairs, first the closest; none shows a piece of tile or picture that another one shows."""
    every = []
    for group, (test, found) in copies.items():
        side = min(test.search)
        made = np.stack(
            [
                patches.cut(patches.wrapped(t, side), side, at)
                for t, at in zip(tiles[group], found.made_NP2, strict=True)
            ]
        )
        spread = made.std(axis=(2, 3)).mean(axis=2)
        off = found.off_N[1] / np.maximum(spread, max(FAINT * float(spread.mean()), 1e-6))
        every += [(off[n, p], group, n, p, made[n, p]) for n, p in np.ndindex(off.shape)]
    pairs: list[Pair] = []
    taken: list[tuple[str, np.ndarray, np.ndarray]] = []
    for off, group, n, p, made_SS3 in sorted(every, key=lambda one: one[0]):
        test, found = copies[group]
        here, there = np.array([n, *found.made_NP2[n, p]]), found.near_NP3[n, p]
        size = tiles[group].shape[1]
        if any(g == group and (_overlap(here, h, size) or _overlap(there, t, None)) for g, h, t in taken):
            continue
        down, along = FLIPS[found.flip_NP[n, p]]
        pairs.append(Pair(group, float(off), made_SS3, test.search[min(test.search)].patch(there)[::down, ::along]))
        taken.append((group, here, there))
        if len(pairs) == count:
            break
    return pairs


def picture(pairs: list[Pair]) -> np.ndarray:
    """[H, W, 3] uint8: each made patch with the training patch beside it, enlarged, on white."""
    cells = [_cell(pair) for pair in pairs]
    cells += [np.ones_like(cells[0])] * (-len(cells) % ACROSS)
    rows = [np.concatenate(cells[i : i + ACROSS], axis=1) for i in range(0, len(cells), ACROSS)]
    return np.round(np.concatenate(rows) * 255).astype(np.uint8)


def _overlap(one: np.ndarray, other: np.ndarray, size: int | None, side: int = 16) -> bool:
    off = np.abs(one[1:] - other[1:])
    return one[0] == other[0] and bool((np.minimum(off, size - off) if size else off).max() < side)


def _cell(pair: Pair) -> np.ndarray:
    made, near = (np.kron(part, np.ones((SCALE, SCALE, 1))) for part in (pair.made_SS3, pair.near_SS3))
    cell = np.concatenate([made, np.ones((len(made), GAP, 3)), near], axis=1)
    return np.pad(cell, ((0, 3 * GAP), (0, 6 * GAP), (0, 0)), constant_values=1)
