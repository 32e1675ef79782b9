"""report.html of a run on patterns: what was drawn, whether it is what was asked for, whether it tiles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from common.card import EMPTY
from common.report import page
from common.words import short
from pilots.creative.data.patterns import library
from pilots.creative.pattern.evaluate import PALETTE, Set
from pilots.creative.pictures import colours, pattern
from pilots.creative.sheet import Picture, picture, twice

SIDE = 96  # pixels of a tile on the page, laid twice
OURS = 4  # patterns shown of each class, the first that were drawn
TWO = "#1b1b3a,#f3e9dc"
AIM = 0.95  # share of the ceiling
FIGURES = {
    "class_accuracy_ratio": "shows the class asked for, over the ceiling",
    "class_accuracy": "shows the class asked for",
    "class_accuracy_ceiling": "the same of the library's own patterns (ceiling)",
    "kid_local": "KID-local to held-out patterns",
    "kid_local_floor": "KID-local of other held-out patterns (floor)",
    "seam_pass": "share of seams that cannot be told from other steps",
    "torus_error": "rolled noise gives the rolled pattern, up to",
    "palette_delta_e": "worst colour error in a written PNG",
}


def report(run: Mapping[str, Any], card: Mapping[str, Any], made: Set, mirror: Set) -> str:
    """The page. `run`: run.json; `card`: card.yaml."""
    ratio = run["metrics"]["class_accuracy_ratio"]
    return page(
        "Patterns in an exact palette",
        "pilots/creative/pattern/report.html.j2",
        run=run,
        card=card,
        classes=[one_class(number, made, mirror) for number in range(len(library.NAMES))],
        reached=ratio["value"] >= AIM,
        aim=AIM,
        figures=FIGURES,
        classes_table=list(rows(run)),
        steps_table=[[str(r["steps"]), f"{r['class_accuracy']:.0%}", short(r["kid_local"])] for r in run["by_steps"]],
        weak=[name for name, one in run["metrics_by_class"].items() if one["class_accuracy"] < 0.9],
        kinds=len(library.KINDS),
        empty=EMPTY,
    )


def one_class(number: int, made: Set, mirror: Set) -> dict[str, Any]:
    """The first patterns of a class that were drawn, none chosen, each laid twice, and mirror tiling's first."""
    name = library.NAMES[number]
    own = made.fields_NSS[made.class_N == number][:OURS]
    turned = mirror.fields_NSS[mirror.class_N == number][0]
    shown = [tile(field, PALETTE if i % 2 else TWO, f"{name}, drawn") for i, field in enumerate(own)]
    return {"name": name, "ours": shown, "mirror": tile(turned, TWO, f"{name}, mirrored")}


def tile(field: np.ndarray, palette: str, alt: str) -> Picture:
    pixels = pattern.render(field, colours.parse(palette), (SIDE, SIDE), smooth=True)
    return picture(twice(pixels / np.float32(255)), alt, exact=True)


def rows(run: Mapping[str, Any]) -> list[list[str]]:
    """Per class: accuracy, ceiling, mirror's; KID-local and mirror's; seams and mirror's."""
    found = []
    for name, one in run["metrics_by_class"].items():
        mirror = one["baselines"]["mirror"]
        accuracy = [one["class_accuracy"], one["class_accuracy_ceiling"], mirror["class_accuracy"]]
        kid = [short(one["kid_local"]), short(mirror["kid_local"])]
        found.append([name, *(f"{a:.0%}" for a in accuracy), *kid, f"{one['seam_pass']:.0%}"])
    return found
