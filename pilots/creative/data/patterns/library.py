"""The pattern library: sixteen classes of tileable patterns as signed-distance fields, drawn at random.

Axes: N patterns, H, W cells. A pattern closes on the torus because it is laid on a lattice that does; phase,
orientation, period and thickness are random. Negative inside the figure.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

import numpy as np

from pilots.creative.data.patterns import geometry as g

SIZE = 64  # cells on a side
FAR = 8.0  # cells; distances are cut there: farther than this nothing is drawn
THIN = 1.5 / 64  # sides of the torus; half the width of the thinnest line
LICENCE = "the project's own, made by formula"

Grid = np.ndarray
Rng = np.random.Generator
Draw = Callable[[Rng, Grid, Grid], Grid]  # x, y [N, H, W] in sides of the torus -> distance, the same


def _pick(rng: Rng, like: Grid, choices: Sequence) -> np.ndarray:
    """One of `choices` per pattern, [N, 1, 1] (and a last axis for pairs)."""
    drawn = np.asarray(choices)[rng.integers(0, len(choices), len(like))]
    return drawn.reshape(len(like), 1, 1, *drawn.shape[1:]).astype(np.float32)


def _between(rng: Rng, like: Grid, low: float, high: float) -> np.ndarray:
    return rng.uniform(low, high, (len(like), 1, 1)).astype(np.float32)


def _half_drop(shape: Callable[[Grid, Grid], Grid], x: Grid, y: Grid, a: Grid, b: Grid) -> Grid:
    """`shape` around the points of an a x b lattice and in the middle between them."""
    places = [(g.wrap(x, a), g.wrap(y, b)), (g.wrap(x - a / 2, a), g.wrap(y - b / 2, b))]
    return g.nearest([shape(u, v) for u, v in places])


def stripes(rng: Rng, x: Grid, y: Grid) -> Grid:
    period = 1 / _pick(rng, x, (2, 3, 4, 5, 6))
    return np.abs(g.wrap(y, period)) - period * _between(rng, x, 0.15, 0.35)


def diagonal(rng: Rng, x: Grid, y: Grid) -> Grid:
    k = _pick(rng, x, ((1, 1), (2, 1), (1, 2), (2, 2), (3, 2), (2, 3), (3, 3), (4, 3), (4, 4)))
    kx, ky = k[..., 0], k[..., 1]
    return (np.abs(g.wrap(kx * x + ky * y)) - _between(rng, x, 0.15, 0.35)) / np.hypot(kx, ky)


def chevron(rng: Rng, x: Grid, y: Grid) -> Grid:
    period, spacing = 1 / _pick(rng, x, (1, 2, 2, 3)), 1 / _pick(rng, x, (2, 3, 4, 4))
    height = period * _between(rng, x, 0.4, 0.6)
    rise = height / 2 * (1 - 4 * np.abs(g.wrap(x - period / 4, period)) / period)
    half = spacing * _between(rng, x, 0.18, 0.3)
    return g.between(lambda u, v: g.zigzag(u, v, period, height), x, y, rise, spacing, half)


def waves(rng: Rng, x: Grid, y: Grid) -> Grid:
    period, spacing = 1 / _pick(rng, x, (1, 2, 2, 3)), 1 / _pick(rng, x, (2, 3, 4, 5))
    height = period * _between(rng, x, 0.22, 0.36)
    rise = height / 2 * np.sin(2 * np.pi * x / period)
    half = spacing * _between(rng, x, 0.18, 0.3)
    return g.between(lambda u, v: g.sine(u, v, period, height), x, y, rise, spacing, half)


def dots(rng: Rng, x: Grid, y: Grid) -> Grid:
    period = 1 / _pick(rng, x, (2, 3, 4, 5))
    return g.disc(g.wrap(x, period), g.wrap(y, period), period * _between(rng, x, 0.2, 0.4))


def polka(rng: Rng, x: Grid, y: Grid) -> Grid:
    period = 1 / _pick(rng, x, (2, 3, 4))
    radius = period * _between(rng, x, 0.15, 0.29)
    return _half_drop(lambda u, v: g.disc(u, v, radius), x, y, period, period)


def grid(rng: Rng, x: Grid, y: Grid) -> Grid:
    count = _pick(rng, x, (2, 3, 4, 5, 6))
    period_x, period_y = 1 / count, 1 / np.clip(count + _pick(rng, x, (0, 0, 0, -1, 1)), 2, 6)
    least = np.minimum(period_x, period_y)
    half = np.maximum(least * _between(rng, x, 0.07, 0.2), THIN)
    return -g.box(g.wrap(x, period_x), g.wrap(y, period_y), period_x / 2 - half, period_y / 2 - half)


def checker(rng: Rng, x: Grid, y: Grid) -> Grid:
    side = 1 / _pick(rng, x, (4, 6, 8))
    rim = np.minimum(*(np.abs(g.wrap(u, side)) for u in (x, y)))
    odd = (np.floor(x / side) + np.floor(y / side)) % 2
    return np.where(odd == 1, -rim, rim)


def hexagons(rng: Rng, x: Grid, y: Grid) -> Grid:
    count = _pick(rng, x, ((2, 2), (3, 4), (4, 4), (5, 6)))
    a, b = 1 / count[..., 0], 1 / count[..., 1]  # between columns and between rows; every second row is shifted
    places = [(g.wrap(x, a), g.wrap(y, 2 * b)), (g.wrap(x - a / 2, a), g.wrap(y - b, 2 * b))]
    apart = [np.hypot(u, v) for u, v in places]
    u, v = (np.abs(np.where(apart[0] < apart[1], first, second)) for first, second in zip(*places, strict=True))
    slant = np.hypot(a / 2, b)
    edge = np.minimum(a / 2 - u, (slant**2 / 2 - (u * a / 2 + v * b)) / slant)  # to the lines half-way to neighbours
    return edge - np.maximum(a * _between(rng, x, 0.06, 0.15), THIN)


def scales(rng: Rng, x: Grid, y: Grid) -> Grid:
    a = 1 / _pick(rng, x, (2, 3, 4))
    arcs = []
    for shift in (0.0, 0.5):  # half-circles of rows a/2 apart; each ends on the tops of the row below
        u, v = g.wrap(x - shift * a, a), (y - shift * a) % a
        for row in (v, v - a):
            end = np.hypot(np.abs(u) - a / 2, row)
            arcs.append(np.where(row >= 0, np.abs(np.hypot(u, row) - a / 2), end))
    return g.nearest(arcs) - np.maximum(a * _between(rng, x, 0.05, 0.11), THIN)


def diamonds(rng: Rng, x: Grid, y: Grid) -> Grid:
    k = _pick(rng, x, ((1, 1), (2, 1), (1, 2), (2, 2), (3, 2), (2, 3), (3, 3)))
    kx, ky = k[..., 0], k[..., 1]
    u, v = kx * x + ky * y, kx * x - ky * y
    rim = np.minimum(np.abs(g.wrap(u)), np.abs(g.wrap(v))) / np.hypot(kx, ky)
    return np.where((np.floor(u) + np.floor(v)) % 2 == 1, -rim, rim)


def triangles(rng: Rng, x: Grid, y: Grid) -> Grid:
    count = _pick(rng, x, ((2, 2), (3, 4), (4, 4)))
    n, rows = count[..., 0], count[..., 1]
    u, v = n * x + rows / 2 * y, n * x - rows / 2 * y  # u - v numbers the rows
    slant = np.hypot(n, rows / 2)
    rim = g.nearest([np.abs(g.wrap(u)) / slant, np.abs(g.wrap(v)) / slant, np.abs(g.wrap(u - v)) / rows])
    return np.where(u - np.floor(u) < v - np.floor(v), -rim, rim)


def herringbone(rng: Rng, x: Grid, y: Grid) -> Grid:
    """Bricks of 1 x 2 or 1 x 3, along the axes or at 45 degrees; an exact inset of each brick's own ground."""
    k = _pick(rng, x, ((2, 0, 4), (2, 0, 8), (3, 0, 6), (2, 1, 2), (2, 1, 4), (3, 1, 3), (3, 1, 6)))
    long, slanted, units = k[..., 0], k[..., 1], k[..., 2]
    p = np.where(slanted == 1, x + y, x) * units
    q = np.where(slanted == 1, x - y, y) * units
    number = (np.floor(p) - np.floor(q)) % (2 * long)
    lying = number < long
    across = np.where(lying, q, p) % 1
    first = np.where(lying, number, 2 * long - 1 - number)
    along = first + np.where(lying, p, q) % 1
    edge = g.nearest([across, 1 - across, along, long - along])
    scale = units * np.where(slanted == 1, np.sqrt(2), 1)
    return (_gap(rng, x, scale) - edge) / scale


def _gap(rng: Rng, x: Grid, scale: Grid) -> Grid:
    """Half a joint, in units of a brick's width."""
    return np.maximum(_between(rng, x, 0.09, 0.16), THIN * scale)


def rings(rng: Rng, x: Grid, y: Grid) -> Grid:
    period = 1 / _pick(rng, x, (2, 3, 4))
    from_centre = np.hypot(g.wrap(x, period), g.wrap(y, period))
    half = np.maximum(period * _between(rng, x, 0.05, 0.08), THIN)
    radius = period * _between(rng, x, 0.3, 0.36)
    ring = np.abs(from_centre - radius) - half
    dot = from_centre - period * 0.12
    return np.where(_pick(rng, x, (0, 0, 1)) == 1, np.minimum(ring, dot), ring)


def crosses(rng: Rng, x: Grid, y: Grid) -> Grid:
    period = 1 / _pick(rng, x, (2, 3, 4))
    arm, half = period * _between(rng, x, 0.3, 0.4), np.maximum(period * _between(rng, x, 0.08, 0.13), THIN)
    turned = _pick(rng, x, (0, 1)) == 1
    u, v = g.wrap(x, period), g.wrap(y, period)
    u, v = np.where(turned, (u + v) / np.sqrt(2), u), np.where(turned, (u - v) / np.sqrt(2), v)
    return g.cross(u, v, arm, half)


def leaves(rng: Rng, x: Grid, y: Grid) -> Grid:
    period = 1 / _pick(rng, x, (2, 3))
    length, slim = period * _between(rng, x, 0.3, 0.36), _between(rng, x, 0.36, 0.5)
    tilt = _between(rng, x, 0.3, np.pi / 4)
    fields = []
    for shift, lean in ((0.0, 1), (0.5, -1)):  # every second row leans the other way
        u, v = g.wrap(x - shift * period, period), g.wrap(y - shift * period, period)
        c, s = np.cos(tilt), lean * np.sin(tilt)
        fields.append(g.vesica(c * u + s * v, c * v - s * u, length, length * slim))
    return g.nearest(fields)


CLASSES: dict[str, Draw] = {
    draw.__name__: draw
    for draw in (
        stripes, diagonal, chevron, waves, dots, polka, grid, checker,
        hexagons, scales, diamonds, triangles, herringbone, rings, crosses, leaves,
    )
}  # fmt: skip
NAMES = tuple(CLASSES)


def drawn(name: str, count: int, rng: Rng, size: int = SIZE) -> np.ndarray:
    """[count, size, size] float32: patterns of one class, distances in cells, at most FAR."""
    at = ((np.arange(size) + 0.5) / size).astype(np.float32)
    shift = rng.uniform(0, 1, (2, count, 1, 1)).astype(np.float32)
    turned, upside, sided = rng.integers(0, 2, (3, count, 1, 1))
    x, y = np.broadcast_to(at[None, None, :] + shift[0], (count, size, size)), at[None, :, None] + shift[1]
    x, y = np.where(turned, y, x), np.where(turned, x, y)
    field = CLASSES[name](rng, np.where(sided, -x, x), np.where(upside, -y, y))
    return np.clip(field * size, -FAR, FAR).astype(np.float32)


def sample(count: int, seed: int, size: int = SIZE) -> tuple[np.ndarray, np.ndarray]:
    """`count` patterns of every class: fields [N, size, size] and the numbers of their classes [N], class by class."""
    streams = np.random.default_rng(seed).spawn(len(NAMES))
    fields = [drawn(name, count, rng, size) for name, rng in zip(NAMES, streams, strict=True)]
    return np.concatenate(fields), np.repeat(np.arange(len(NAMES)), count)


def fingerprint() -> str:
    """SHA-256 of what the library draws, to a tenth of a cell: it changes when a class does, not with a processor."""
    fields, _ = sample(4, 0)
    return hashlib.sha256(np.floor(fields.mean(axis=(1, 2)) * 10 + 0.05).astype("<i2").tobytes()).hexdigest()
