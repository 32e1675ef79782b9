"""Contact sheets: what was made, twice down and twice across, beside its source and the baselines."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import cv2
import matplotlib as mpl
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from pilots.creative.closest import Pair, closest
from pilots.creative.data.contract import Exemplars, stacked
from pilots.creative.drawn import Drawn, Tiles, first_seed, plan
from pilots.creative.evaluate import Judged

LARGEST = 256  # pixels shown of a source's side: as many as a tile laid twice has
QUALITY = 90  # of WebP: below it grain is smoothed away, and with it what is to be judged
ENLARGED = 4  # patches of the closest pairs
ACROSS = 2  # classes beside each other on the sheet
GAP, LETTERS = 12, 17  # pixels of the sheet


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
    maps     by class, height and roughness of the first tile [S, S, 2]; none where they were not learned
    true     by class, the same of the source
    """

    source: dict[str, np.ndarray]
    ours: Tiles
    beside: dict[str, Tiles]
    pairs: Sequence[Pair]
    maps: dict[str, np.ndarray] = field(default_factory=dict)
    true: dict[str, np.ndarray] = field(default_factory=dict)

    @classmethod
    def of(
        cls, seen: Exemplars, tiles: Tiles, baselines: Mapping[str, Tiles], judged: Judged, drawn: Drawn, seed: int
    ) -> Shown:
        first = {group: images[0] for group, images in plan(seen, len(next(iter(tiles.values())))).items()}
        source = {group: seen.images[i].rgb_HW3 for group, i in first.items()}
        maps, true = {}, {}
        if seen.planes[3:] == ("height", "roughness"):
            # The first tile once more: those that are judged hold their colour alone.
            maps = {group: drawn.planes(i, first_seed(seed))[..., 3:] for group, i in first.items()}
            true = {group: stacked(seen.images[i], seen.planes)[..., 3:] for group, i in first.items()}
        return cls(source, tiles, dict(baselines), closest(tiles, judged.copies), maps, true)


def picture(rgb_HW3: np.ndarray, alt: str, exact: bool = False) -> Picture:
    """Inside a page; `exact` keeps every pixel."""
    height, width = rgb_HW3.shape[:2]
    webp = base64.b64encode(_webp(_eight(rgb_HW3), 101 if exact else QUALITY))  # above 100: lossless
    return Picture(f"data:image/webp;base64,{webp.decode()}", width, height, alt)


def _eight(rgb_HW3: np.ndarray) -> np.ndarray:
    return np.round(255 * np.clip(rgb_HW3, 0, 1)).astype(np.uint8)


def _webp(rgb_HW3: np.ndarray, quality: int) -> bytes:
    made = cv2.imencode(".webp", np.ascontiguousarray(rgb_HW3[..., ::-1]), [cv2.IMWRITE_WEBP_QUALITY, quality])[1]
    return made.tobytes()


def twice(tile_SS3: np.ndarray) -> np.ndarray:
    """Laid twice down and twice across, so that its seams lie in the middle."""
    return np.tile(tile_SS3, (2, 2, 1))


def paired(pair: Pair) -> np.ndarray:
    """Both patches enlarged, what was made on the left."""
    gap = np.ones((pair.made.shape[0] * ENLARGED, ENLARGED, 3), np.float32)
    large = [np.kron(patch, np.ones((ENLARGED, ENLARGED, 1))) for patch in (pair.made, pair.near)]
    return np.concatenate([large[0], gap, large[1]], axis=1)


def sheet(shown: Shown, quality: int = 80) -> bytes:
    """One WebP of every class: its source, and the first tile made after it, laid two by two."""
    groups = list(shown.source)
    wide, high = 2 * LARGEST + 3 * GAP, LARGEST + LETTERS + 3 * GAP
    page = Image.new("RGB", (ACROSS * wide, -(-len(groups) // ACROSS) * high), "white")
    pen = ImageDraw.Draw(page)
    font = ImageFont.truetype(str(Path(mpl.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"), LETTERS)
    for n, group in enumerate(groups):
        top, left = n // ACROSS * high + GAP, n % ACROSS * wide + GAP
        pairs = ((f"{group}: source", shown.source[group]), ("made, laid 2 × 2", twice(shown.ours[group][0])))
        for k, (said, rgb_HW3) in enumerate(pairs):
            at = left + k * (LARGEST + GAP)
            page.paste(Image.fromarray(_eight(rgb_HW3[:LARGEST, :LARGEST])), (at, top))
            pen.text((at, top + LARGEST + 3), said if len(said) <= 26 else f"{said[:25]}…", "#1b1f24", font)
    return _webp(np.asarray(page), quality)
