"""The pattern library: sixteen classes of tileable patterns as signed-distance fields, drawn at random.

Axes: N patterns, H, W cells. A pattern closes on the torus because it is laid on a lattice that does. Each class has a
few lattices (how often a figure repeats, which way it runs); phase, thickness and slant are random. Negative inside
the figure.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import numpy as np

from pilots.creative.data.patterns import geometry as g

SIZE = 64  # cells on a side
FAR = 8.0  # cells; distances are cut there: farther than this nothing is drawn
THIN = 1.5 / 64  # sides of the torus; half the width of the thinnest line
LICENCE = "the project's own, made by formula"

Grid = np.ndarray
Rng = np.random.Generator
Lattice = tuple[Grid, ...]  # its numbers, [N, 1, 1] each
Draw = Callable[[Rng, Lattice, Grid, Grid], Grid]  # x, y [N, H, W] in sides of the torus -> distance, the same
CLASSES: dict[str, tuple[Draw, tuple[tuple[int, ...], ...]]] = {}


def _pattern(*lattices: tuple[int, ...]) -> Callable[[Draw], Draw]:
    """A class of the library: the function's name, and its lattices."""

    def enter(draw: Draw) -> Draw:
        CLASSES[draw.__name__] = draw, lattices
        return draw

    return enter


def _between(rng: Rng, like: Grid, low: float, high: float) -> np.ndarray:
    return rng.uniform(low, high, (len(like), 1, 1)).astype(np.float32)


def _half_drop(shape: Callable[[Grid, Grid], Grid], x: Grid, y: Grid, a: Grid, b: Grid) -> Grid:
    """`shape` around the points of an a x b lattice and in the middle between them."""
    places = [(g.wrap(x, a), g.wrap(y, b)), (g.wrap(x - a / 2, a), g.wrap(y - b / 2, b))]
    return g.nearest([shape(u, v) for u, v in places])


@_pattern((2, 0), (4, 0), (6, 0), (2, 1), (4, 1), (6, 1))
def stripes(rng: Rng, lattice: Lattice, x: Grid, y: Grid) -> Grid:
    count, upright = lattice
    period = 1 / count
    return np.abs(g.wrap(np.where(upright, x, y), period)) - period * _between(rng, x, 0.15, 0.35)


@_pattern((1, 1), (2, 2), (-2, 2), (3, 3), (4, 4), (1, 2), (2, 1))
def diagonal(rng: Rng, lattice: Lattice, x: Grid, y: Grid) -> Grid:
    kx, ky = lattice
    return (np.abs(g.wrap(kx * x + ky * y)) - _between(rng, x, 0.15, 0.35)) / np.hypot(kx, ky)


@_pattern((1, 3, 0), (2, 3, 0), (2, 4, 0), (3, 4, 0), (2, 4, 1))
def chevron(rng: Rng, lattice: Lattice, x: Grid, y: Grid) -> Grid:
    turns, rows, upright = lattice
    x, y = np.where(upright, y, x), np.where(upright, x, y)
    period, spacing = 1 / turns, 1 / rows
    height = period * _between(rng, x, 0.4, 0.6)
    rise = height / 2 * (1 - 4 * np.abs(g.wrap(x - period / 4, period)) / period)
    half = spacing * _between(rng, x, 0.18, 0.3)
    return g.between(lambda u, v: g.zigzag(u, v, period, height), x, y, rise, spacing, half)


@_pattern((1, 3, 0), (1, 4, 0), (2, 3, 0), (2, 4, 0), (2, 4, 1))
def waves(rng: Rng, lattice: Lattice, x: Grid, y: Grid) -> Grid:
    turns, rows, upright = lattice
    x, y = np.where(upright, y, x), np.where(upright, x, y)
    period, spacing = 1 / turns, 1 / rows
    height = period * _between(rng, x, 0.22, 0.36)
    rise = height / 2 * np.sin(2 * np.pi * x / period)
    half = spacing * _between(rng, x, 0.18, 0.3)
    return g.between(lambda u, v: g.sine(u, v, period, height), x, y, rise, spacing, half)


@_pattern((2,), (3,), (4,), (5,))
def dots(rng: Rng, lattice: Lattice, x: Grid, y: Grid) -> Grid:
    period = 1 / lattice[0]
    return g.disc(g.wrap(x, period), g.wrap(y, period), period * _between(rng, x, 0.2, 0.4))


@_pattern((2,), (3,), (4,))
def polka(rng: Rng, lattice: Lattice, x: Grid, y: Grid) -> Grid:
    period = 1 / lattice[0]
    radius = period * _between(rng, x, 0.15, 0.29)
    return _half_drop(lambda u, v: g.disc(u, v, radius), x, y, period, period)


@_pattern((2, 2), (3, 3), (4, 4), (5, 5), (3, 4))
def grid(rng: Rng, lattice: Lattice, x: Grid, y: Grid) -> Grid:
    period_x, period_y = (1 / count for count in lattice)
    least = np.minimum(period_x, period_y)
    half = np.maximum(least * _between(rng, x, 0.07, 0.2), THIN)
    return -g.box(g.wrap(x, period_x), g.wrap(y, period_y), period_x / 2 - half, period_y / 2 - half)


@_pattern((4,), (6,), (8,))
def checker(rng: Rng, lattice: Lattice, x: Grid, y: Grid) -> Grid:
    side = 1 / lattice[0]
    rim = np.minimum(*(np.abs(g.wrap(u, side)) for u in (x, y)))
    odd = (np.floor(x / side) + np.floor(y / side)) % 2
    return np.where(odd == 1, -rim, rim)


@_pattern((2, 2), (3, 4), (4, 4), (5, 6))
def hexagons(rng: Rng, lattice: Lattice, x: Grid, y: Grid) -> Grid:
    a, b = (1 / count for count in lattice)  # between columns and between rows; every second row is shifted
    places = [(g.wrap(x, a), g.wrap(y, 2 * b)), (g.wrap(x - a / 2, a), g.wrap(y - b, 2 * b))]
    apart = [np.hypot(u, v) for u, v in places]
    u, v = (np.abs(np.where(apart[0] < apart[1], first, second)) for first, second in zip(*places, strict=True))
    slant = np.hypot(a / 2, b)
    edge = np.minimum(a / 2 - u, (slant**2 / 2 - (u * a / 2 + v * b)) / slant)  # to the lines half-way to neighbours
    return edge - np.maximum(a * _between(rng, x, 0.06, 0.15), THIN)


@_pattern((2,), (3,), (4,))
def scales(rng: Rng, lattice: Lattice, x: Grid, y: Grid) -> Grid:
    a = 1 / lattice[0]
    arcs = []
    for shift in (0.0, 0.5):  # half-circles of rows a/2 apart; each ends on the tops of the row below
        u, v = g.wrap(x - shift * a, a), (y - shift * a) % a
        for row in (v, v - a):
            end = np.hypot(np.abs(u) - a / 2, row)
            arcs.append(np.where(row >= 0, np.abs(np.hypot(u, row) - a / 2), end))
    return g.nearest(arcs) - np.maximum(a * _between(rng, x, 0.05, 0.11), THIN)


@_pattern((2, 2), (3, 3), (2, 1), (1, 2), (3, 2))
def diamonds(rng: Rng, lattice: Lattice, x: Grid, y: Grid) -> Grid:
    kx, ky = lattice
    u, v = kx * x + ky * y, kx * x - ky * y
    rim = np.minimum(np.abs(g.wrap(u)), np.abs(g.wrap(v))) / np.hypot(kx, ky)
    return np.where((np.floor(u) + np.floor(v)) % 2 == 1, -rim, rim)


@_pattern((2, 2), (3, 4), (4, 4))
def triangles(rng: Rng, lattice: Lattice, x: Grid, y: Grid) -> Grid:
    n, rows = lattice
    u, v = n * x + rows / 2 * y, n * x - rows / 2 * y  # u - v numbers the rows
    slant = np.hypot(n, rows / 2)
    rim = g.nearest([np.abs(g.wrap(u)) / slant, np.abs(g.wrap(v)) / slant, np.abs(g.wrap(u - v)) / rows])
    return np.where(u - np.floor(u) < v - np.floor(v), -rim, rim)


@_pattern((2, 0, 4), (2, 0, 8), (3, 0, 6), (2, 1, 2), (2, 1, 4), (3, 1, 3), (3, 1, 6))
def herringbone(rng: Rng, lattice: Lattice, x: Grid, y: Grid) -> Grid:
    """Bricks of 1 x 2 or 1 x 3, along the axes or at 45 degrees; an exact inset of each brick's own ground."""
    long, slanted, units = lattice
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


@_pattern((2, 0), (3, 0), (4, 0), (2, 1), (3, 1))
def rings(rng: Rng, lattice: Lattice, x: Grid, y: Grid) -> Grid:
    count, dotted = lattice
    period = 1 / count
    from_centre = np.hypot(g.wrap(x, period), g.wrap(y, period))
    half = np.maximum(period * _between(rng, x, 0.05, 0.08), THIN)
    radius = period * _between(rng, x, 0.3, 0.36)
    ring = np.abs(from_centre - radius) - half
    dot = from_centre - period * 0.12
    return np.where(dotted, np.minimum(ring, dot), ring)


@_pattern((2, 0), (3, 0), (4, 0), (2, 1), (3, 1))
def crosses(rng: Rng, lattice: Lattice, x: Grid, y: Grid) -> Grid:
    count, turned = lattice
    period = 1 / count
    arm, half = period * _between(rng, x, 0.3, 0.4), np.maximum(period * _between(rng, x, 0.08, 0.13), THIN)
    u, v = g.wrap(x, period), g.wrap(y, period)
    u, v = np.where(turned, (u + v) / np.sqrt(2), u), np.where(turned, (u - v) / np.sqrt(2), v)
    return g.cross(u, v, arm, half)


@_pattern((2,), (3,))
def leaves(rng: Rng, lattice: Lattice, x: Grid, y: Grid) -> Grid:
    period = 1 / lattice[0]
    length, slim = period * _between(rng, x, 0.3, 0.36), _between(rng, x, 0.36, 0.5)
    tilt = _between(rng, x, 0.3, np.pi / 4)
    fields = []
    for shift, lean in ((0.0, 1), (0.5, -1)):  # every second row leans the other way
        u, v = g.wrap(x - shift * period, period), g.wrap(y - shift * period, period)
        c, s = np.cos(tilt), lean * np.sin(tilt)
        fields.append(g.vesica(c * u + s * v, c * v - s * u, length, length * slim))
    return g.nearest(fields)


NAMES = tuple(CLASSES)
KINDS = tuple((number, lattice) for number, (_, lattices) in enumerate(CLASSES.values()) for lattice in lattices)
CLASS_K = np.array([number for number, _ in KINDS])  # class of each kind


def kind_name(kind: int) -> str:
    """dots 3, herringbone 2 1 4: the class and its lattice."""
    number, lattice = KINDS[kind]
    return " ".join([NAMES[number], *map(str, lattice)])


def drawn(name: str, lattice_NL: np.ndarray, rng: Rng, size: int = SIZE) -> np.ndarray:
    """[N, size, size] float32: one pattern of a class on each lattice, distances in cells, at most FAR."""
    count = len(lattice_NL)
    at = ((np.arange(size) + 0.5) / size).astype(np.float32)
    shift = rng.uniform(0, 1, (2, count, 1, 1)).astype(np.float32)
    x = np.broadcast_to(at + shift[0], (count, size, size))
    y = np.broadcast_to(at[:, None] + shift[1], (count, size, size))
    lattice = tuple(np.asarray(lattice_NL, np.float32).T[..., None, None])
    return np.clip(CLASSES[name][0](rng, lattice, x, y) * size, -FAR, FAR).astype(np.float32)


def sample(count: int, seed: int, size: int = SIZE) -> tuple[np.ndarray, np.ndarray]:
    """`count` patterns of every class: fields [N, size, size] and the numbers of their kinds [N], class by class.

    Every lattice of a class is as likely as the others.
    """
    streams = np.random.default_rng(seed).spawn(len(NAMES))
    fields, kinds = [], []
    for number, (name, rng) in enumerate(zip(NAMES, streams, strict=True)):
        own = np.flatnonzero(number == CLASS_K)
        some = rng.integers(0, len(own), count)
        fields.append(drawn(name, np.array(CLASSES[name][1])[some], rng, size))
        kinds.append(own[some])
    return np.concatenate(fields), np.concatenate(kinds)


def fingerprint() -> str:
    """SHA-256 of what the library draws, to a tenth of a cell: it changes when a class does, not with a processor."""
    fields, _ = sample(4, 0)
    return hashlib.sha256(np.floor(fields.mean(axis=(1, 2)) * 10 + 0.05).astype("<i2").tobytes()).hexdigest()
