"""The page of a run with a model of the user's own: the tiles laid two by two, beside what they are compared with."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

import cv2
import numpy as np

from common.card import number
from common.report import page
from pilots.creative.foundation.judge import NAIVE, OURS, UNTOUCHED
from pilots.creative.models.foundation import Foundation

SHOWN = 4  # seeds on the page; all are in samples/
WIDEST = 640  # pixels of a picture on the page
COLUMNS = {OURS: "made periodic", UNTOUCHED: "the model as it came", NAIVE: "mirror tiling of that"}
FIGURES = {
    "seam_pass": "tiles without a visible seam",
    "seam_ratio": "step across the seam",
    "torus_error": "rolled input against rolled output",
    "diversity": "distance between tiles",
}


def report(run: Mapping[str, Any], asked: Foundation, tiles: Mapping[str, np.ndarray], seeds: Sequence[int]) -> str:
    """`run`: run.json; `tiles`: by generator [N, S, S, 3]."""
    sheet = [
        {"seed": seed, "pictures": [(words, picture(tiles[name][row])) for name, words in COLUMNS.items()]}
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


def picture(tile_SS3: np.ndarray) -> str:
    """The tile two by two, as a data address."""
    twice = np.tile(tile_SS3, (2, 2, 1))
    side = min(len(twice), WIDEST)
    small = cv2.resize(twice, (side, side), interpolation=cv2.INTER_AREA) if side < len(twice) else twice
    bgr = np.rint(np.clip(small[..., ::-1], 0, 1) * 255).astype(np.uint8)
    done, data = cv2.imencode(".webp", bgr, [cv2.IMWRITE_WEBP_QUALITY, 90])
    if not done:
        raise RuntimeError("OpenCV could not write WebP")
    return f"data:image/webp;base64,{base64.b64encode(data.tobytes()).decode()}"
