"""A signed-distance field of one tile in exact colours: pixels at any size, or paths.

Axes: H, W cells, K colours, h, w pixels. The field closes on the torus and is negative inside the figure. Of a palette
the first colour is the figure, the last the ground, those between are outlines, STEP cells wide.
"""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
from contourpy import FillType, LineType, contour_generator

from common.fault import Fault
from pilots.creative.pictures.colours import name

STEP = 1.5  # cells between two outlines
FINE = 4  # points per cell on which paths are laid
SLACK = 0.01  # cells that a path may stray from its contour to be shorter
LARGEST = 4096  # pixels


def levels(colours: int) -> np.ndarray:
    """Distances [K - 1], rising, at which one colour gives way to the next; those of two colours are 0."""
    return STEP * (np.arange(colours - 1) - (colours - 2) / 2)


def render(field_HW: np.ndarray, palette_K3: np.ndarray, size: tuple[int, int], smooth: bool = False) -> np.ndarray:
    """[h, w, 3] uint8 of one tile; without `smooth` every pixel is a colour of the palette (uint8).

    `smooth` mixes the two colours in pixels that a rim crosses, in linear light.
    """
    if not all(1 <= side <= LARGEST for side in size):
        raise Fault(f"a pattern of {size[1]}x{size[0]} pixels: each side may have 1 to {LARGEST}")
    fine_hw = resampled(field_HW, size)
    at = levels(len(palette_K3))
    if not smooth:
        return palette_K3[np.searchsorted(at, fine_hw.ravel())].reshape(*size, 3)
    cell = np.sqrt(size[0] * size[1] / field_HW.size)  # pixels
    linear = _linear(palette_K3 / 255)
    mixed = np.broadcast_to(linear[0], (*size, 3)).astype(np.float32)
    for level, colour in zip(at, linear[1:], strict=True):
        beyond = np.clip((fine_hw - level) * cell + 0.5, 0, 1)[..., None]
        mixed = mixed + beyond * (colour - mixed)
    return np.round(255 * _encoded(mixed)).astype(np.uint8)


def resampled(field_HW: np.ndarray, size: tuple[int, int], offset: float = 0.5) -> np.ndarray:
    """The field on another raster, around the torus, as a cubic B-spline: a straight rim stays straight, none rings.

    offset  where in its pixel a point lies: 0.5 the middle, 0 the upper left corner
    """
    down, right = (_spline(cells, points, offset) for cells, points in zip(field_HW.shape, size, strict=True))
    return down @ field_HW.astype(np.float32) @ right.T


def _spline(cells: int, points: int, offset: float) -> np.ndarray:
    """[points, cells] weights of the cubic B-spline."""
    at = (np.arange(points) + offset) * cells / points - 0.5
    first = np.floor(at).astype(int)
    weights = np.zeros((points, cells), np.float32)
    for tap in range(-1, 3):
        t = np.abs(at - (first + tap))
        value = np.where(t <= 1, 2 / 3 - t**2 + t**3 / 2, (2 - t) ** 3 / 6)
        np.add.at(weights, (np.arange(points), (first + tap) % cells), value)
    return weights


def _linear(rgb: np.ndarray) -> np.ndarray:
    """sRGB to linear light (IEC 61966-2-1)."""
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def _encoded(rgb: np.ndarray) -> np.ndarray:
    return np.where(rgb <= 0.0031308, rgb * 12.92, 1.055 * np.maximum(rgb, 1e-9) ** (1 / 2.4) - 0.055)


def svg(field_HW: np.ndarray, palette_K3: np.ndarray, size: int = 512) -> bytes:
    """One tile as a drawing: the ground, then one path per colour, outermost first. `size`: its width in CSS pixels.

    Paths are cut at the rim where they leave it and enter again at the same height on the other side.
    """
    height, width = field_HW.shape
    fine = resampled(field_HW, (height * FINE, width * FINE), offset=0.0)
    fine = np.pad(fine, ((0, 1), (0, 1)), mode="wrap")  # points on all four rims: opposite ones are equal
    area = contour_generator(
        x=np.arange(width * FINE + 1) / FINE,
        y=np.arange(height * FINE + 1) / FINE,
        z=fine,
        fill_type=FillType.OuterOffset,
        line_type=LineType.Separate,
    )
    shapes = [f'<rect width="{width}" height="{height}" fill="{name(palette_K3[-1])}"/>']
    for level, colour in zip(levels(len(palette_K3))[::-1], palette_K3[-2::-1], strict=True):
        points, offsets, *_ = area.filled(float(fine.min()) - 1, float(level))
        rings = []
        for ring, cuts in zip(points, offsets, strict=True):
            if ring is not None and cuts is not None:  # an outer rim, then the holes in it
                rings += [ring[a:b] for a, b in pairwise(cuts)]
        path = "".join(map(_path, rings))
        if path:
            shapes.append(f'<path fill="{name(colour)}" fill-rule="evenodd" d="{path}"/>')
    drawn = "\n".join(shapes)
    tall = round(size * height / width)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{size}" height="{tall}" viewBox="0 0 {width} {height}">\n'
        f"{drawn}\n</svg>\n"
    ).encode()


def _path(ring_N2: np.ndarray) -> str:
    """One closed ring with no more points than it needs."""
    kept = cv2.approxPolyDP(ring_N2.astype(np.float32)[:, None], SLACK, closed=True)[:, 0]
    if len(kept) < 3:
        return ""
    return "M" + "L".join(f"{x:.3f} {y:.3f}".replace(".000", "") for x, y in kept) + "Z"
