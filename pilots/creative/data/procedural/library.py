"""The twelve materials by name."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pilots.creative.data.procedural.coat import plaster, rust
from pilots.creative.data.procedural.fibre import leather, plank, weave
from pilots.creative.data.procedural.masonry import brick, hexagons, roof, tile
from pilots.creative.data.procedural.stone import gravel, marble, terrazzo
from pilots.creative.data.procedural.surface import Surface

MATERIALS: dict[str, Callable[[], Surface]] = {
    "brick": brick,
    "tile": tile,
    "plank": plank,
    "weave": weave,
    "gravel": gravel,
    "marble": marble,
    "terrazzo": terrazzo,
    "hex": hexagons,
    "roof": roof,
    "rust": rust,
    "plaster": plaster,
    "leather": leather,
}


def make(name: str) -> dict[str, np.ndarray]:
    """uint8: `color` [W, W, 3] in sRGB, `height` and `roughness` [W, W] linear; the same on every call."""
    return MATERIALS[name]().written()
