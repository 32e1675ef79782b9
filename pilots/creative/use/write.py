"""Drawn planes to signed files in a folder.

Axes: P planes, H, W pixels, 3 = red, green, blue.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from common.atomic import write_bytes
from pilots.creative.pictures.write import encode, names, normal, whole_numbers
from pilots.creative.use.material import Material

LONGEST = 40  # letters of a file's stem that come from elsewhere


@dataclass(frozen=True)
class File:
    """One written file: what it shows, and in whose manner."""

    name: str
    shows: str
    manner: str
    seed: int


def stem(word: str) -> str:
    """A name from elsewhere as part of a file name: letters and digits alone, so it never leads out of a folder."""
    return re.sub(r"\W+", "_", Path(word.replace("\\", "/")).stem)[:LONGEST].strip("_") or "picture"


def write_set(out: Path, name: str, planes_PHW: np.ndarray, material: Material, order: Mapping[str, Any],
              manner: str, seed: int) -> list[File]:  # fmt: skip
    """The base colour, and with `maps` the normal, height and roughness beside it."""
    rgb_HW3 = np.moveaxis(planes_PHW[:3], 0, 2)
    bits, fmt = order["bits"] or 8, order["format"]
    files = names(name, order["maps"], material.planes) if order.get("maps") else {"base colour": name}
    pictures = {"base colour": (whole_numbers(rgb_HW3, bits), fmt)}
    # Maps are data: always PNG; heights with 16 bits, or a smooth slope becomes a staircase.
    for shows in set(files) - {"base colour"}:
        plane_HW = planes_PHW[material.planes.index("roughness" if shows == "roughness" else "height")]
        floats = normal(plane_HW, order["maps"]) if shows == "normal" else plane_HW
        pictures[shows] = (whole_numbers(floats, 16 if shows == "height" else bits), "png")
    written = []
    for shows, file in files.items():
        written.append(write_picture(out, file, *pictures.pop(shows), manner, seed, shows))
    return written


def write_picture(out: Path, name: str, pixels: np.ndarray, fmt: str, manner: str, seed: int,
                  shows: str = "base colour") -> File:  # fmt: skip
    """One picture [H, W] or [H, W, 3], uint8 or uint16, as a file."""
    write_bytes(out / f"{name}.{fmt}", encode(pixels, fmt))
    return File(f"{name}.{fmt}", shows, manner, seed)
