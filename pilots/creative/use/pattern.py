"""Patterns of a bundle that draws signed distances: exact in their palette, as pixels or as paths.

Axes: S cells of the field's side, K colours.
"""

from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from common.atomic import write_bytes
from common.fault import Fault
from pilots.creative.pictures import colours, pattern
from pilots.creative.pictures.write import encode, stem
from pilots.creative.provenance import Made, sign
from pilots.creative.use.order import Order, as_json
from pilots.creative.use.write import File

if TYPE_CHECKING:
    from pilots.creative.use.draw import Painter

PALETTE = "#1b1b3a,#f3e9dc"


def make(painter: Painter, order: Order, out: Path) -> list[File]:
    """Draw and write every pattern of the order; each is one tile, so the same field gives every size."""
    material, bundle = painter.material, painter.bundle
    check(order)
    members = material.members(order["class"], order["image"])
    steps, fmt, palette = order["steps"] or material.steps, order["format"], order["palette"] or PALETTE
    side = material.multiple  # cells; the flow knows one size
    files = []
    for seed in range(order["seed"], order["seed"] + order["count"]):
        kind = members[seed % len(members)]
        field_SS = (painter.tile([kind], side, side, seed, steps)[0] - 0.5) * np.float32(2 * material.far)
        title, manner = f"{stem(material.groups[kind])}_{seed}.{fmt}", material.names[kind]
        settings = {**as_json(order), "palette": palette, "image": manner, "steps": steps, "seed": seed}
        made = Made(title, "pattern", seed, steps, bundle.id, bundle.manifest["model"], None, settings)
        write_bytes(out / title, sign(_written(field_SS, colours.parse(palette), order), fmt, made))
        files.append(File(title, "pattern", manner, seed))
    return files


def check(order: Order) -> None:
    """A Fault for what only a material has."""
    height, width = order["size"]
    if height != width:
        raise Fault(f"size: a pattern's tile is square, got {width}x{height}; lay the tile out as often as you need")
    if order["maps"]:
        raise Fault("maps: this bundle draws patterns, which are flat: leave maps out")
    if order["bits"] == 16:
        raise Fault("bits: the colours of a palette have 8 bits: leave bits out")


def _written(field_SS: np.ndarray, palette_K3: np.ndarray, order: Order) -> bytes:
    if order["format"] == "svg":
        return pattern.svg(field_SS, palette_K3, order["size"][0])
    return encode(pattern.render(field_SS, palette_K3, order["size"]), order["format"])


def two_by_two(tile: bytes) -> str:
    """An SVG tile laid out two by two, as a data address."""
    inside = base64.b64encode(tile).decode()
    image = f'<image id="t" width="160" height="160" href="data:image/svg+xml;base64,{inside}"/>'
    copies = "".join(f'<use href="#t" x="{x}" y="{y}"/>' for x, y in ((160, 0), (0, 160), (160, 160)))
    whole = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="640" height="640" viewBox="0 0 320 320">{image}{copies}</svg>'
    )
    return "data:image/svg+xml;base64," + base64.b64encode(whole.encode()).decode()
