"""A picture of the user's own, brought to what the sampler takes.

Axes: P planes, H, W pixels, h, w of a window, I training pictures, 3 = red, green, blue.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from common.fault import Fault
from pilots.creative.noise import noise
from pilots.creative.pictures.read import content, decode
from pilots.creative.pictures.write import whole_numbers
from pilots.creative.use.material import Material
from pilots.creative.use.order import MOST_SIDE

if TYPE_CHECKING:
    from pilots.creative.use.draw import Painter

LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # Rec. 601
LEAST = 32  # px of the shorter side
LOOKED_AT = 128  # px of the middle of a picture that are compared with the training pictures
HALF_WAY = 0.5  # time at which they are told apart: coarse colour is still known, texture no more
TOGETHER = 8  # training pictures in one call


@dataclass(frozen=True, eq=False)
class Own:
    """pixels_HW3: uint8 or uint16, as the file has them; data: the file, byte by byte."""

    name: str
    data: bytes
    pixels_HW3: np.ndarray

    @property
    def bits(self) -> int:
        return 8 * self.pixels_HW3.dtype.itemsize

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        return self.pixels_HW3.shape[:2]

    def planes(self, planes: Sequence[str], y: Sequence[int], x: Sequence[int]) -> np.ndarray:
        """[P, h, w] float32 0..1. Its height is guessed from its brightness and its roughness is middling."""
        window = self.pixels_HW3.take(y, axis=0, mode="wrap").take(x, axis=1, mode="wrap")
        rgb = _floats(window)
        guessed = {"height": rgb @ LUMA, "roughness": np.full(rgb.shape[:2], 0.5, np.float32)}
        return np.stack([*np.moveaxis(rgb, 2, 0), *(guessed[name] for name in planes[3:])])

    def floats(self) -> np.ndarray:
        """[H, W, 3] float32 0..1."""
        return _floats(self.pixels_HW3)


def _floats(pixels: np.ndarray) -> np.ndarray:
    return pixels.astype(np.float32) / np.float32(np.iinfo(pixels.dtype).max)


def read_own(path: Path, material: Material, crop: bool) -> Own:
    """The picture; a Fault unless its sides are multiples that the bundle can draw, or `crop` may make them so."""
    data = content(path)
    rgb_HW3 = decode(data, str(path))
    height, width = rgb_HW3.shape[:2]
    unit = material.multiple
    fit = height // unit * unit, width // unit * unit
    if min(fit) < LEAST or max(height, width) > MOST_SIDE:
        raise Fault(f"{path} has {width}x{height} px; each side must have {LEAST} to {MOST_SIDE}")
    if fit != (height, width):
        if not crop:
            above = -(-height // unit) * unit, -(-width // unit) * unit
            raise Fault(
                f"{path} has {width}x{height} px, and sides must be multiples of {unit}: say --crop (in JSON "
                f'"crop": true) to cut it to {fit[1]}x{fit[0]}, or bring it to {above[1]}x{above[0]} yourself'
            )
        rgb_HW3 = rgb_HW3[: fit[0], : fit[1]]
    return Own(path.name, data, whole_numbers(rgb_HW3, _bits(data)))


def _bits(data: bytes) -> int:
    """16 where a PNG says so in its header (ISO/IEC 15948, 11.2.2), else 8."""
    return 16 if data.startswith(b"\x89PNG") and data[24:25] == b"\x10" else 8


def nearest(painter: Painter, own: Own, among: Sequence[int]) -> int:
    """The training picture whose manner explains this one best: half noise, denoised in one step, comes nearest to it.

    A sampler is a classifier (Li et al. 2023, "Your diffusion model is secretly a zero-shot classifier").
    """
    if len(among) == 1:
        return among[0]
    material = painter.material
    unit = material.multiple
    spans = []
    for side in own.size:
        length = min(side, LOOKED_AT) // unit * unit
        spans.append(range((side - length) // 2, (side - length) // 2 + length))
    known = own.planes(material.planes, *spans)
    drawn = noise(0, material.channels, range(len(spans[0])), len(spans[1]))
    rim = unit  # the edges of a cut-out do not meet: what is near them says nothing
    errors = []
    for at in range(0, len(among), TOGETHER):
        conditions = np.eye(len(material.names), dtype=np.float32)[list(among[at : at + TOGETHER])]
        given = {
            "noise": np.repeat(drawn[None], len(conditions), 0),
            "known": np.repeat(known[None], len(conditions), 0),
            "condition": conditions,
        }
        ones = np.ones((len(conditions), 1, *known.shape[1:]), np.float32)
        twice, on = np.float32([HALF_WAY, HALF_WAY]), np.float32([HALF_WAY, 1])
        state = painter.bundle.run(**given, state=given["noise"], grid=twice, mask=0 * ones)["next"]
        guess = painter.bundle.run(**given, state=state, grid=on, mask=ones)["picture"]
        inside = (guess[:, :3] - known[:3])[..., rim:-rim, rim:-rim]
        errors += list(np.square(inside).mean((1, 2, 3)))
    return among[int(np.argmin(errors))]
