"""Contact sheets: what was made, twice down and twice across, beside its source and the baselines."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np

from pilots.creative.closest import Pair, closest
from pilots.creative.data.contract import Exemplars
from pilots.creative.drawn import Tiles, plan
from pilots.creative.evaluate import Judged

LARGEST = 256  # pixels shown of a source's side: as many as a tile laid twice has
QUALITY = 90  # of WebP: below it grain is smoothed away, and with it what is to be judged
ENLARGED = 4  # patches of the closest pairs


class Picture(NamedTuple):
    """src: a data URI; alt: what is to be seen, in words."""

    src: str
    width: int
    height: int
    alt: str


@dataclass(frozen=True, eq=False)
class Shown:
    """source   by class, the picture that the first tile was drawn after
    ours     by class, all judged tiles
    beside   by baseline and class, likewise
    pairs    the closest pairs of the copy test
    """

    source: dict[str, np.ndarray]
    ours: Tiles
    beside: dict[str, Tiles]
    pairs: Sequence[Pair]

    @classmethod
    def of(cls, seen: Exemplars, tiles: Tiles, baselines: Mapping[str, Tiles], judged: Judged) -> Shown:
        first = {group: images[0] for group, images in plan(seen, len(next(iter(tiles.values())))).items()}
        source = {group: seen.images[i].rgb_HW3 for group, i in first.items()}
        return cls(source, tiles, dict(baselines), closest(tiles, judged.copies))


def picture(rgb_HW3: np.ndarray, alt: str, exact: bool = False) -> Picture:
    """Inside a page; `exact` keeps every pixel."""
    eight = np.round(255 * np.clip(rgb_HW3, 0, 1)).astype(np.uint8)
    quality = 101 if exact else QUALITY  # above 100: lossless
    webp = cv2.imencode(".webp", np.ascontiguousarray(eight[..., ::-1]), [cv2.IMWRITE_WEBP_QUALITY, quality])[1]
    height, width = eight.shape[:2]
    return Picture("data:image/webp;base64," + base64.b64encode(webp.tobytes()).decode(), width, height, alt)


def twice(tile_SS3: np.ndarray) -> np.ndarray:
    """Laid twice down and twice across, so that its seams lie in the middle."""
    return np.tile(tile_SS3, (2, 2, 1))


def paired(pair: Pair) -> np.ndarray:
    """Both patches enlarged, what was made on the left."""
    gap = np.ones((pair.made.shape[0] * ENLARGED, ENLARGED, 3), np.float32)
    large = [np.kron(patch, np.ones((ENLARGED, ENLARGED, 1))) for patch in (pair.made, pair.near)]
    return np.concatenate([large[0], gap, large[1]], axis=1)
