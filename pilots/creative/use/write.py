"""Drawn planes to signed files in a folder.

Axes: P planes, H, W pixels, 3 = red, green, blue.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from common.atomic import write_bytes
from pilots.creative.pictures.write import encode, names, normal, whole_numbers
from pilots.creative.provenance import Made, key, mark, sign
from pilots.creative.use.order import Order, as_json

if TYPE_CHECKING:
    from common.bundle.open import Bundle
    from pilots.creative.use.material import Material
    from pilots.creative.use.own import Own


@dataclass(frozen=True)
class File:
    """One written file: what it shows, and in the manner of which training picture."""

    name: str
    shows: str
    manner: str
    seed: int


@dataclass(frozen=True)
class Job:
    """What all files of one order have in common. own: the user's picture, where they are made from one."""

    verb: str
    bundle: Bundle
    material: Material
    order: Order
    steps: int
    out: Path
    own: Own | None = None

    def write(self, name: str, planes_PHW: np.ndarray, image: int, seed: int) -> list[File]:
        """The base colour with its watermark, and with `maps` the normal, height and roughness beside it."""
        planes, bits, maps = self.material.planes, self.order["bits"] or 8, self.order["maps"]
        titles = names(name, maps, planes) if maps else {"base colour": name}
        found = []
        # Maps are data: always PNG, no watermark; heights with 16 bits, or a smooth slope becomes a staircase.
        if "normal" in titles:
            height_HW = planes_PHW[planes.index("height")]
            found.append(
                self.file(titles["normal"], whole_numbers(normal(height_HW, maps), bits), "normal", image, seed)
            )
            found.append(self.file(titles["height"], whole_numbers(height_HW, 16), "height", image, seed))
        if "roughness" in titles:
            pixels = whole_numbers(planes_PHW[planes.index("roughness")], bits)
            found.append(self.file(titles["roughness"], pixels, "roughness", image, seed))
        marked_HW3 = mark(np.moveaxis(planes_PHW[:3], 0, 2), key())
        return [self.file(titles["base colour"], whole_numbers(marked_HW3, bits), "base colour", image, seed), *found]

    def file(self, name: str, pixels: np.ndarray, shows: str, image: int, seed: int) -> File:
        """One picture, uint8 or uint16, encoded, signed and written."""
        colour = shows == "base colour"
        fmt = self.order["format"] if colour else "png"
        title, manner = f"{name}.{fmt}", self.material.names[image]
        settings = {**as_json(self.order), "image": manner, "steps": self.steps, "seed": seed, "shows": shows}
        made = Made(
            title,
            self.verb if colour else "map",
            seed,
            self.steps,
            self.bundle.id,
            self.bundle.manifest["model"],
            self.material.rights_sha256,
            settings,
            *((self.own.data, self.own.name) if self.own and colour else ()),
        )
        write_bytes(self.out / title, sign(encode(pixels, fmt), fmt, made))
        return File(title, shows, manner, seed)
