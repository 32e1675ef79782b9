"""Signed distances on the unit torus: negative inside the figure, in sides of the torus; arrays broadcast.

Formulas of single shapes: I. Quilez, "2D distance functions" (iquilezles.org/articles/distfunctions2d).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Field = np.ndarray


def wrap(u: Field, period: Field | float = 1.0) -> Field:
    """Offset to the nearest multiple of `period`: -period/2 .. period/2."""
    return u - period * np.round(u / period)


def disc(x: Field, y: Field, radius: Field) -> Field:
    return np.hypot(x, y) - radius


def box(x: Field, y: Field, half_x: Field, half_y: Field) -> Field:
    """Rectangle around 0."""
    x, y = np.abs(x) - half_x, np.abs(y) - half_y
    return np.hypot(np.maximum(x, 0), np.maximum(y, 0)) + np.minimum(np.maximum(x, y), 0)


def cross(x: Field, y: Field, arm: Field, half: Field) -> Field:
    """Plus sign: two bars of length 2 arm and width 2 half."""
    x, y = np.abs(x), np.abs(y)
    x, y = np.maximum(x, y), np.minimum(x, y)
    out_x, out_y = x - arm, y - half
    outside = np.hypot(np.maximum(out_x, 0), np.maximum(out_y, 0))
    notch = np.hypot(np.minimum(x - half, 0), np.minimum(y - half, 0))  # inside: to the inner corner, or to a side
    inside = -np.minimum(np.minimum(arm - x, notch), np.where(x > half, half - y, np.inf))
    return np.where((out_x < 0) & (out_y < 0), inside, outside)


def vesica(x: Field, y: Field, length: Field, width: Field) -> Field:
    """Leaf between two arcs, its tips at (0, ±length), `width` on either side of the y axis."""
    radius = (length**2 + width**2) / (2 * width)
    centre = radius - width
    x, y = np.abs(x), np.abs(y)
    tip = (y - length) * centre > x * length
    return np.where(tip, np.hypot(x, y - length), np.hypot(x + centre, y) - radius)


def segment(x: Field, y: Field, end_x: Field, end_y: Field) -> Field:
    """Distance to the segment from -end to end."""
    along = np.clip((x * end_x + y * end_y) / (end_x**2 + end_y**2), -1, 1)
    return np.hypot(x - along * end_x, y - along * end_y)


def zigzag(x: Field, y: Field, period: Field, height: Field) -> Field:
    """Distance to the line that rises by `height` over half a period and falls over the other half; 0 at x = 0.

    Mirrored at its turns, so that the piece between the two turns around a point is the nearest.
    """
    folded = np.abs(wrap(x - period / 4, period)) - period / 4  # -period/4 at the upper turn
    return segment(-folded, y, period / 4, height / 2)


def sine(x: Field, y: Field, period: Field, height: Field) -> Field:
    """Distance to y = height/2 sin(2 pi x / period), by five steps of Gauss and Newton from the point above."""
    k, a, at = 2 * np.pi / period, height / 2, x
    for _ in range(5):
        slope, rise = a * k * np.cos(k * at), a * np.sin(k * at) - y
        at = at - ((at - x) + rise * slope) / (1 + slope**2)
    return np.hypot(at - x, a * np.sin(k * at) - y)


def between(
    curve: Callable[[Field, Field], Field], x: Field, y: Field, rise: Field, spacing: Field, half: Field
) -> Field:
    """Bands of half-width `half` (measured upright) around copies of a curve, `spacing` apart.

    curve(x, y) gives the distance to the curve, `rise` its height over x. The four rims around a point are looked at.
    """
    turn = np.round((y - rise) / spacing) * spacing
    offset = y - rise - turn
    rims = [half, -half, spacing - half, half - spacing]
    distance = np.minimum.reduce([curve(x, y - turn - rim) for rim in rims])
    return np.where(np.abs(offset) < half, -distance, distance)


def nearest(fields: list[Field]) -> Field:
    """Union of figures that do not overlap."""
    return np.minimum.reduce(fields)
