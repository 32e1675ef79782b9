"""What every reader of pictures gives: exemplars in classes, and the part of each that no model may see.

Axes: H, W pixels, 3 = red, green, blue as encoded in sRGB, all values 0..1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

LEAST = 96  # pixels of the shorter side: less leaves no room for a patch beside what is held out
HELD = 0.25  # share of the width, at the right, that is held out


@dataclass(frozen=True, eq=False)
class Exemplar:
    """One picture of a material.

    name       path relative to its folder, as in rights.yaml
    group      its class
    rgb_HW3    float32
    height_HW, roughness_HW   float32, linear; None where not known
    periodic   its left edge continues at its right one, its top at its bottom
    """

    name: str
    group: str
    rgb_HW3: np.ndarray
    height_HW: np.ndarray | None = None
    roughness_HW: np.ndarray | None = None
    periodic: bool = False

    @property
    def cut(self) -> int:
        """First column that is held out."""
        return round((1 - HELD) * self.rgb_HW3.shape[1])

    def left(self) -> Exemplar:
        """What models learn from; it wraps from top to bottom at most."""
        return self._columns(slice(None, self.cut))

    def held(self) -> Exemplar:
        """What their work is measured against."""
        return self._columns(slice(self.cut, None))

    def _columns(self, columns: slice) -> Exemplar:
        maps = {"height_HW": self.height_HW, "roughness_HW": self.roughness_HW}
        cut = {name: None if plane is None else plane[:, columns] for name, plane in maps.items()}
        return replace(self, rgb_HW3=self.rgb_HW3[:, columns], **cut)


@dataclass(frozen=True, eq=False)
class Exemplars:
    """All pictures of one training.

    name, licence   of the set, in words
    sha256          of every pixel and name
    rights          rows of rights.yaml, one per picture and map; () where the set is the project's own or a library's
    rights_sha256   of rights.yaml; None where there is none
    """

    name: str
    images: tuple[Exemplar, ...]
    licence: str
    sha256: str
    rights: tuple[dict[str, Any], ...] = ()
    rights_sha256: str | None = None

    @property
    def groups(self) -> list[str]:
        """Names of the classes, in the order in which they first appear."""
        return list(dict.fromkeys(image.group for image in self.images))

    def of(self, group: str) -> list[int]:
        """Numbers of the pictures of a class."""
        return [i for i, image in enumerate(self.images) if image.group == group]

    @property
    def planes(self) -> tuple[str, ...]:
        """What a model draws: colour, and height and roughness where every picture has them."""
        known = [p for p in ("height", "roughness") if all(getattr(i, f"{p}_HW") is not None for i in self.images)]
        return ("red", "green", "blue", *known)


def stacked(image: Exemplar, planes: Sequence[str]) -> np.ndarray:
    """[H, W, P] float32, the planes in the order of `planes`."""
    maps = [getattr(image, f"{name}_HW")[..., None] for name in planes[3:]]
    return np.concatenate([image.rgb_HW3, *maps], axis=2).astype(np.float32)
