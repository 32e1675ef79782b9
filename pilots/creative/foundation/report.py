"""The page of a run with a model of the user's own: the tiles laid two by two, beside what they are compared with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import cv2
import numpy as np

from common.card import number
from common.report import page
from pilots.creative.foundation.judge import NAIVE, OURS, UNTOUCHED
from pilots.creative.models.foundation import Foundation
from pilots.creative.sheet import Picture, picture

SHOWN = 4  # seeds on the page; all are in samples/
WIDEST = 640  # pixels of a picture on the page
COLUMNS = {OURS: "made periodic", UNTOUCHED: "the model as it came", NAIVE: "mirror tiling of that"}
FIGURES = {
    "seam_pass": "tiles that pass the seam test",
    "seam_ratio": "step across the seam / step inside (not ranked)",
    "torus_error": "rolled noise against rolled answer, largest difference",
    "diversity": "distance between tiles",
}


def report(run: Mapping[str, Any], asked: Foundation, tiles: Mapping[str, np.ndarray], seeds: Sequence[int]) -> str:
    """`run`: run.json; `tiles`: by generator [N, S, S, 3]."""
    sheet = [
        {
            "seed": seed,
            "pictures": [
                (words, twice(tiles[name][row], f"Seed {seed}, {words}: the tile two by two"))
                for name, words in COLUMNS.items()
            ],
        }
        for row, seed in enumerate(seeds[:SHOWN])
    ]
    bare = run["metrics_by_class"][asked.prompt]
    by_name = {OURS: bare, **bare["baselines"]}
    rows = [[words, *(number(by_name[name].get(key)) for name in COLUMNS)] for key, words in FIGURES.items()]
    return page(
        f"Tiles of “{asked.prompt}”",
        "pilots/creative/foundation/report.html.j2",
        run=run,
        figures=FIGURES,
        columns=list(COLUMNS.values()),
        rows=rows,
        sheet=sheet,
        total=len(seeds),
    )


def twice(tile_SS3: np.ndarray, alt: str) -> Picture:
    """The tile two by two, no larger than the page."""
    laid = np.tile(tile_SS3, (2, 2, 1))
    side = min(len(laid), WIDEST)
    return picture(cv2.resize(laid, (side, side), interpolation=cv2.INTER_AREA), alt)
