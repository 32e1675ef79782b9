"""report.html: what was made, whether it tiles, whether it is copied, how near it is, and whose pictures it is from.

The pictures come from sheet.py, the words from words.py, the page from report.html.j2. Names come from the user's
folders; the template escapes them.
"""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from common.card import EMPTY
from common.report import page
from common.words import unjudged
from pilots.creative import words
from pilots.creative.data.contract import HELD, Exemplars
from pilots.creative.lit import lit
from pilots.creative.sheet import LARGEST, Picture, Shown, paired, picture, twice

__all__ = ["Shown", "report"]
OPEN = 16  # classes whose pictures are not folded away
MORE = 6  # further tiles of a class
ROWS = 12  # of a table of losses before it is folded away
RIGHTS = 300  # rows printed


def report(run: Mapping[str, Any], card: Mapping[str, Any], seen: Exemplars, shown: Shown) -> str:
    """The page. `run`: run.json; `card`: card.yaml."""
    return page(
        f"Material tiles: {run['data']['name']}",
        "pilots/creative/report.html.j2",
        run=run,
        card=card,
        words=words,
        seen=seen,
        classes=[one_class(group, seen, shown) for group in seen.groups],
        open=OPEN,
        verdict=words.verdict(run),
        reasons=words.reasons(run),
        warnings=list(words.warnings(run)),
        headline=words.headline_rows(run),
        rivals=[words.name(rival) for rival in words.rivals(run)],
        pairs=[
            (pair, picture(paired(pair), f"Made, and learned from: {pair.group}", exact=True)) for pair in shown.pairs
        ],
        lost=[lost for lost in words.losses(run) if lost.rows],
        most=ROWS,
        licences=Counter(row["licence"] for row in seen.rights).most_common(),
        shown_rights=RIGHTS,
        facts=what_it_was(run, seen),
        missing=list(unjudged(card)),
        empty=EMPTY,
        example=shlex.quote(seen.groups[0]),
    )


def one_class(group: str, seen: Exemplars, shown: Shown) -> dict[str, Any]:
    """Its source, our first tile and every baseline's laid twice, and further tiles of ours. No tile is chosen."""
    source = shown.source[group][:LARGEST, :LARGEST]
    made = [("Source", "what was learned from", picture(source, f"{group}: the source"))]
    first = shown.ours[group][0]
    made.append(("Ours", "laid 2 × 2", picture(twice(first), f"{group}: our tile, laid two by two")))
    for rival, tiles in shown.beside.items():
        said = words.name(rival)
        drawn = picture(twice(tiles[group][0]), f"{group}: {said}, laid two by two")
        made.append((said[:1].upper() + said[1:], "laid 2 × 2", drawn))
    more: list[Picture] = [
        picture(tile, f"{group}: further tile {n}") for n, tile in enumerate(shown.ours[group][1 : 1 + MORE], start=1)
    ]
    return {"name": group, "pictures": made, "more": more, "maps": maps(group, shown), "number": len(seen.of(group))}


def maps(group: str, shown: Shown) -> list[tuple[str, Picture]]:
    """Height, roughness, and both under a lamp: true ones of the source, then those of our first tile, laid twice."""
    if group not in shown.maps:
        return []
    found = []
    both = (
        ("Source", shown.source[group], shown.true[group]),
        ("Ours", twice(shown.ours[group][0]), twice(shown.maps[group])),
    )
    for whose, rgb_HW3, maps_HW2 in both:
        height, roughness = np.moveaxis(maps_HW2, 2, 0)
        under = lit(rgb_HW3, height, roughness)
        planes = {
            "lit from the upper left": under,
            "height": np.dstack([height] * 3),
            "roughness": np.dstack([roughness] * 3),
        }
        for what, plane in planes.items():
            found.append((f"{whose}, {what}", picture(plane[:LARGEST, :LARGEST], f"{group}: {whose.lower()}, {what}")))
    return found


def what_it_was(run: Mapping[str, Any], seen: Exemplars) -> dict[str, str]:
    """What was read, learned and judged."""
    sizes = sorted({image.rgb_HW3.shape[1::-1] for image in seen.images})
    ends = [f"{w} × {h}" for w, h in (sizes[0], sizes[-1])]
    periodic = sum(image.periodic for image in seen.images)
    return {
        "Pictures": f"{len(seen.images):,} of {len(seen.groups):,} classes, {' to '.join(dict.fromkeys(ends))} px; "
        f"repeating without a seam themselves: {periodic:,}",
        "Learned from": f"the left {1 - HELD:.0%} of every picture; the right {HELD:.0%} was held out and is what the "
        "tiles are measured against",
        "Planes": ", ".join(seen.planes),
        "Judged": f"{run['tiles']} tiles of every class by every generator (nearest patches: half as many), all after "
        f"the same pictures, drawn by the exported model in {run['steps']} steps",
    }
