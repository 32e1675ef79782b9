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
from pilots.creative.pictures.read import content, decode
from pilots.creative.pictures.write import whole_numbers
from pilots.creative.use.material import Material
from pilots.creative.use.order import MOST_SIDE

if TYPE_CHECKING:
    from pilots.creative.use.draw import Painter

LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # Rec. 601
LEAST = 32  # px of the shorter side
SPECKS = 32  # squared: pixels whose colours are compared
TOGETHER = 32  # training pictures in one call


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
        return _planes(_floats(self.pixels_HW3.take(y, axis=0, mode="wrap").take(x, axis=1, mode="wrap")), planes)

    def specks(self, planes: Sequence[str]) -> np.ndarray:
        """[P, SPECKS, SPECKS]: pixels from anywhere, laid out as a small picture."""
        pixels_N3 = self.pixels_HW3.reshape(-1, 3)
        chosen = np.random.default_rng(0).integers(0, len(pixels_N3), (SPECKS, SPECKS))
        return _planes(_floats(pixels_N3[chosen]), planes)

    def floats(self) -> np.ndarray:
        """[H, W, 3] float32 0..1."""
        return _floats(self.pixels_HW3)


def _planes(rgb: np.ndarray, planes: Sequence[str]) -> np.ndarray:
    guessed = {"height": rgb @ LUMA, "roughness": np.full(rgb.shape[:2], 0.5, np.float32)}
    return np.stack([*np.moveaxis(rgb, 2, 0), *(guessed[name] for name in planes[3:])])


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


def edges_meet(own: Own) -> bool:
    """Is the step over the rim, on both axes, no larger than 95 of 100 steps inside?"""
    grey = own.floats() @ LUMA
    for axis in (0, 1):
        step = np.abs(np.diff(grey, axis=axis, append=grey.take([0], axis=axis))).mean(axis=1 - axis)
        if step[-1] > np.quantile(step[:-1], 0.95):
            return False
    return True


def _bits(data: bytes) -> int:
    """16 where a PNG says so in its header (ISO/IEC 15948, 11.2.2), else 8."""
    return 16 if data.startswith(b"\x89PNG") and data[24:25] == b"\x10" else 8


def nearest(painter: Painter, own: Own, among: Sequence[int]) -> int:
    """The training picture whose colours are nearest.

    As a code of the right training picture, pixels would be standard normal; what they are instead is counted as the
    divergence of two normal laws, so that nothing need be stored beside the sampler. Of 26 unseen pictures of 15
    classes it named the class of 10 (by chance: 2); how well the sampler denoises a picture, tried too, added nothing.
    """
    if len(among) == 1:
        return among[0]
    planes = painter.material.planes
    # Codes are made pixel by pixel, so pixels from anywhere tell of the whole picture.
    specks = own.specks(planes)
    codes = _codes(painter, specks, among)
    if len(planes) > 3:  # what is guessed tells nothing
        specks[3:] += np.float32(0.1) * (specks[3:] < 0.5) - np.float32(0.05)
        codes = codes[:, np.isclose(_codes(painter, specks, among), codes).all((0, 2))]
    return among[int(np.argmin([_divergence(code) for code in codes]))]


def _codes(painter: Painter, known_PHW: np.ndarray, among: Sequence[int]) -> np.ndarray:
    """[len(among), C, pixels]: what the sampler would draw to give this picture, in the manner of each of them."""
    found = []
    for at in range(0, len(among), TOGETHER):
        condition = np.eye(len(painter.material.names), dtype=np.float32)[list(among[at : at + TOGETHER])]
        many, size = len(condition), known_PHW.shape[1:]
        none = np.zeros((many, painter.material.channels, *size), np.float32)
        made = painter.bundle.run(
            noise=none,
            state=none,
            grid=np.ones(2, np.float32),
            condition=condition,
            known=np.repeat(known_PHW[None], many, 0),
            mask=np.zeros((many, 1, *size), np.float32),
        )
        found.append(made["next"].reshape(many, painter.material.channels, -1))
    return np.concatenate(found)


def _divergence(code_CN: np.ndarray) -> float:
    """Kullback and Leibler's, of the normal law of these pixels from the standard one, in nats per pixel."""
    mean, spread = code_CN.mean(1), np.atleast_2d(np.cov(code_CN)) + 1e-6 * np.eye(len(code_CN))
    return float(0.5 * (np.trace(spread) + mean @ mean - len(mean) - np.linalg.slogdet(spread)[1]))
