"""What a bundle of the creative pilot says about itself; it may come from a stranger, so every word of it is proved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from common.fault import Fault, did_you_mean
from pilots.creative.noise import DISTANCE

COLOUR = ("red", "green", "blue")
PLANES = (DISTANCE, COLOUR, (*COLOUR, "height"), (*COLOUR, "roughness"), (*COLOUR, "height", "roughness"))
STEPS = 256  # network evaluations a tile may take at most
CAPS = {"channels": 64, "halo": 512, "multiple": 64, "steps": STEPS}
IMAGES, LETTERS = 10_000, 300


@dataclass(frozen=True)
class Material:
    """The part `creative` of a manifest.

    names, groups  of the training pictures, in the order of the condition
    planes         of the picture: red, green, blue, and height and roughness where known
    channels       of the state
    halo           pixels around one that its next value may depend on; a multiple of `multiple`
    multiple       heights and widths are multiples of it
    grids          number of steps -> the best times for so many
    far            of a pattern: cells that 0 and 1 of its plane lie inside and outside the figure; 0.5 is its rim
    """

    names: tuple[str, ...]
    groups: tuple[str, ...]
    planes: tuple[str, ...]
    channels: int
    halo: int
    multiple: int
    steps: int
    grids: Mapping[int, tuple[float, ...]]
    rights_sha256: str | None
    far: float = 8.0

    def members(self, group: str | None, image: str | None) -> list[int]:
        """Numbers of the training pictures that a class, a picture or nothing in particular stands for."""
        if image is not None:
            return [self._number(image)]
        if group is None:
            return list(range(len(self.names)))
        found = [i for i, name in enumerate(self.groups) if name == group]
        if not found:
            raise Fault(f"the bundle knows no class '{group:.80}': {did_you_mean(group, dict.fromkeys(self.groups))}")
        return found

    def check_draws_pictures(self, verb: str) -> None:
        if self.planes == DISTANCE:
            raise Fault(f"{verb}: this bundle draws patterns and reads no pictures: name one that learned materials")

    def _number(self, image: str) -> int:
        if image not in self.names:
            raise Fault(f"the bundle knows no picture '{image:.80}': {did_you_mean(image, self.names)}")
        return self.names.index(image)

    def grid(self, steps: int) -> np.ndarray:
        """[steps + 1] float32: the bundle's own times, or those of the nearest number of steps, interpolated."""
        nearest = min(self.grids, key=lambda known: (abs(known - steps), known))
        times = self.grids[nearest]
        return np.interp(np.linspace(0, nearest, steps + 1), np.arange(nearest + 1), times).astype(np.float32)


def read_material(manifest: Mapping[str, Any]) -> Material:
    """The part `creative`, or a Fault that names what is wrong with it."""
    part = manifest.get("creative")
    if not isinstance(part, dict):
        raise Fault("bundle.json: 'creative' is missing; train again with this program")
    images, planes, grids = (part.get(name) for name in ("images", "planes", "grids"))
    if not isinstance(images, list) or not 1 <= len(images) <= IMAGES or not all(map(_is_image, images)):
        raise Fault(
            f"bundle.json: creative.images is no list of 1 to {IMAGES:,} pictures, each with a name and a group"
        )
    if not isinstance(planes, list) or tuple(map(str, planes)) not in PLANES:
        raise Fault(
            "bundle.json: creative.planes is not red, green, blue and then height, roughness where known, nor distance"
        )
    numbers = {name: part.get(name) for name in CAPS}
    for name, value in numbers.items():
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= CAPS[name]:
            raise Fault(
                f"bundle.json: creative.{name} is {value!r:.40}, expected a whole number from 1 to {CAPS[name]}"
            )
    if numbers["halo"] % numbers["multiple"]:
        raise Fault(f"bundle.json: creative.halo is {numbers['halo']}, no multiple of {numbers['multiple']}")
    rights = part.get("rights_sha256")
    if rights is not None and not (isinstance(rights, str) and len(rights) == 64 and rights.isalnum()):
        raise Fault("bundle.json: creative.rights_sha256 is neither a sha256 nor null")
    far = part.get("far", Material.far)
    if not isinstance(far, (int, float)) or isinstance(far, bool) or not 0 < far <= 1000:
        raise Fault(f"bundle.json: creative.far is {far!r:.40}, expected a number of cells")
    return Material(
        far=float(far),
        names=tuple(image["name"] for image in images),
        groups=tuple(image["group"] for image in images),
        planes=tuple(planes),
        grids=_grids(grids),
        rights_sha256=rights,
        **numbers,
    )


def _is_image(image: Any) -> bool:
    words: Sequence[Any] = [image.get(name) for name in ("name", "group")] if isinstance(image, dict) else [None]
    return all(isinstance(word, str) and 0 < len(word) <= LETTERS and word.isprintable() for word in words)


def _grids(grids: Any) -> dict[int, tuple[float, ...]]:
    if not isinstance(grids, dict) or not 1 <= len(grids) <= STEPS:
        raise Fault("bundle.json: creative.grids is no table of times by number of steps")
    found = {}
    for count, times in grids.items():
        steps = int(count) if count.isdecimal() and count.isascii() and len(count) < 4 else 0
        numbers = isinstance(times, list) and all(type(t) in (int, float) and 0 <= t <= 1 for t in times)
        if not 1 <= steps <= STEPS or not numbers or len(times) != steps + 1:
            raise Fault(f"bundle.json: creative.grids.{count:.20} is no list of one time more than it has steps")
        if times[0] != 0 or times[-1] != 1 or any(b <= a for a, b in pairwise(times)):
            raise Fault(f"bundle.json: creative.grids.{count:.20} does not rise from 0 to 1")
        found[steps] = tuple(map(float, times))
    return found
