"""What masons lay: brick, glazed tile, hexagons, roof tiles."""

from __future__ import annotations

import numpy as np

from pilots.creative.data.procedural.cells import cells, honeycomb
from pilots.creative.data.procedural.colour import linear, mix, ramp
from pilots.creative.data.procedural.noise import SIDE, fractal, step
from pilots.creative.data.procedural.surface import Surface, hollows
from pilots.creative.data.procedural.tilings import bond, courses


def brick() -> Surface:
    """Fired clay in running bond: each brick of its own shade, worn at the edges, sand in the joints."""
    wobble = fractal(11, 2, 2, 40), fractal(12, 2, 2, 40)
    wall = courses(14, bond(14, 6, 0.5), 5.5, 5, (1.2 * wobble[0], 1.2 * wobble[1]), uneven=0.7, seed=13)
    rng = np.random.default_rng(14)
    grain, sand, patch = fractal(15, 0.9, 8, 110), fractal(16, 0.5, 20), fractal(17, 2.4, 2, 40)
    face = step(-0.5, 5, wall.edge_NN + 0.9 * fractal(18, 1.2, 12))
    lift, lean = wall.each(rng.normal(0, 1, wall.count)), wall.each(rng.normal(0, 1, wall.count))
    pits = step(1.3, 2.4, fractal(19, 0.8, 14, 90))
    relief = 0.78 + 0.035 * lift + 0.0011 * lean * (wall.down_NN - 18) + 0.009 * grain - 0.16 * pits
    height = (0.2 + 0.035 * sand) * (1 - face) + relief * face
    shade = wall.each(rng.beta(2.2, 2.2, wall.count))
    clay = ramp(
        ["#5d2b20", "#84402d", "#9a4c34", "#ab5a3d", "#bd7350"], np.clip(shade + 0.09 * patch + 0.022 * grain, 0, 1)
    )
    clay = mix(clay, "#3a201b", 0.55 * pits + 0.35 * step(1.0, 2.2, fractal(20, 0.8, 10, 80)))
    clay = mix(clay, "#cfa58a", 0.35 * step(5.5, 1.0, wall.edge_NN) * step(-0.4, 1.4, patch + 0.6 * grain))
    mortar = ramp(["#7d756a", "#a39a8c", "#bdb5a6"], np.clip(0.5 + 0.16 * sand + 0.12 * patch, 0, 1))
    colour = mix(mortar, clay, face) * (1 - 0.62 * hollows(height, 7) - 0.25 * (1 - face))[..., None]
    rough = 0.93 * (1 - face) + (0.76 + 0.12 * pits - 0.05 * lift) * face
    return Surface(height, rough, colour)


def tile() -> Surface:
    """Hand-made glazed squares: every one a little different in shade and lean, pale grout."""
    wobble = fractal(31, 2.5, 1, 24), fractal(32, 2.5, 1, 24)
    wall = courses(8, bond(8, 8, 0.0), 5.0, 5, (0.7 * wobble[0], 0.7 * wobble[1]), uneven=0.5, seed=33)
    rng = np.random.default_rng(34)
    face = step(-0.5, 2.2, wall.edge_NN)
    pillow = 1 - np.exp(-np.maximum(wall.edge_NN, 0) / 4.5)
    lean = [wall.each(rng.normal(0, 1, wall.count)) for _ in range(2)]
    wave, cloud, speck = fractal(35, 3, 3, 30), fractal(36, 2.4, 3, 50), step(2.3, 3.0, fractal(37, 0.6, 20, 90))
    tilt = 0.0012 * (lean[0] * (wall.down_NN - 32) + lean[1] * (wall.across_NN - 32))
    height = 0.25 * (1 - face) + (0.5 + 0.3 * pillow + tilt + 0.012 * wave) * face
    shade = np.clip(wall.each(rng.normal(0.5, 0.2, wall.count)) + 0.07 * cloud + 0.05 * wave, 0, 1)
    glaze = ramp(["#0f4a52", "#17636a", "#247d80", "#3f9a97", "#77bfb5"], shade)
    glaze = mix(glaze, "#a8d9cd", 0.55 * step(5.0, 0.5, wall.edge_NN))  # glaze runs thin on the edges
    glaze = mix(glaze, "#0c3a40", 0.5 * speck)
    sand = fractal(38, 0.3, 20)
    grout = ramp(["#9d9a90", "#c4c1b6", "#d8d5ca"], np.clip(0.55 + 0.14 * sand + 0.12 * cloud, 0, 1))
    colour = mix(grout, glaze, face) * (1 - 0.45 * hollows(height, 6))[..., None]
    rough = 0.85 * (1 - face) + (0.16 + 0.02 * wave + 0.2 * speck) * face
    return Surface(height, rough, colour)


def hexagons() -> Surface:
    """Cement hexagons: three greys and one ochre laid without order, dark joints, scuffed."""
    wobble = np.stack([fractal(41, 2, 2, 30), fractal(42, 2, 2, 30)], axis=-1)
    comb = cells(honeycomb(7, 8), 0.7 * wobble)
    rng = np.random.default_rng(43)
    edge = comb.border_NN - 2.2
    face = step(-0.6, 3.0, edge + 0.5 * fractal(44, 1, 15))
    kind = comb.each(rng.choice(4, 56, p=[0.34, 0.3, 0.2, 0.16]))
    lift, tint = comb.each(rng.normal(0, 1, 56)), comb.each(rng.normal(0, 1, 56))
    cloud, grain, scuff = fractal(45, 2.2, 2, 60), fractal(46, 0.8, 12), step(0.9, 2.2, fractal(47, 1.5, 5, 90))
    height = 0.3 * (1 - face) + (0.75 + 0.03 * lift - 0.03 * scuff) * face
    body = np.select(
        [kind[..., None] == k for k in range(3)],
        [linear("#c9c2b4") + 0 * height[..., None], linear("#85898a"), linear("#464d52")],
        linear("#b5803a"),
    )
    body = body * np.clip(1 + 0.09 * tint + 0.08 * cloud + 0.025 * grain, 0.4, 1.6)[..., None]
    body = mix(body, "#b9b4a9", 0.28 * scuff + 0.3 * step(5, 1, edge) * step(-0.3, 1.5, cloud))
    colour = mix(linear("#2e2b28") * (1 + 0.12 * grain[..., None]), body, face)
    colour = colour * (1 - 0.4 * hollows(height, 6))[..., None]
    rough = 0.9 * (1 - face) + (0.52 + 0.03 * tint + 0.14 * scuff) * face
    return Surface(height, rough, colour)


def roof() -> Surface:
    """Beaver-tail clay tiles: round ends that overlap the row below and throw it into shade."""
    rows, across = 10, 8
    high, wide = SIDE / rows, SIDE / across
    y, x = np.meshgrid(*[np.arange(SIDE) + 0.5] * 2, indexing="ij")
    x = (x + 0.8 * fractal(51, 2, 2, 30)) % SIDE
    y = (y + 0.5 * fractal(52, 2, 2, 30)) % SIDE
    rng = np.random.default_rng(53)
    slip = rng.normal(0, 1.5, rows * across)

    def laid(row: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Tile under each pixel if it belongs to that row: number, along its length, to its round end, to its side."""
        at = (x / wide + 0.5 * (row % 2)) % across
        number = (row % rows) * across + at.astype(int)
        side = (at % 1.0 - 0.5) * wide
        along = y - row * high
        end = high + 0.46 * wide * (np.sqrt(np.maximum(1 - (side / (0.5 * wide)) ** 2, 0)) - 0.1) + slip[number] - along
        return number, along, end, 0.5 * wide - np.abs(side)

    row = np.floor(y / high).astype(int)
    above, here = laid(row - 1), laid(row)
    covered = above[2] > 0
    number, along, end, side = (np.where(covered, a, b) for a, b in zip(above, here, strict=True))
    shade = np.where(covered, 0, np.exp(np.minimum(above[2], 0) / 9))  # close below the end of the tile above
    lift, tint = rng.normal(0, 1, rows * across)[number], rng.beta(2, 2, rows * across)[number]
    grain, cloud, moss = fractal(54, 0.6, 8), fractal(55, 2.2, 2, 40), step(0.7, 1.9, fractal(56, 1.8, 3, 70))
    seam = step(3.0, 0.6, side)
    height = 0.3 + 0.5 * along / (2 * high) + 0.02 * lift - 0.22 * seam
    height = height - 0.12 * step(3.5, 0.0, end)
    clay = ramp(
        ["#57281d", "#7f3a26", "#a04b2e", "#b8603a", "#cb8256"], np.clip(tint + 0.1 * cloud + 0.025 * grain, 0, 1)
    )
    clay = mix(clay, "#d9a57d", 0.3 * step(4, 1, end) * step(-0.8, 1, cloud))
    clay = mix(clay, "#5f6238", 0.45 * moss * step(0.15, 0.7, shade + 0.6 * seam + 0.2))
    dark = 1 - 0.92 * shade - 0.6 * seam
    colour = clay * np.clip(dark, 0.08, 1)[..., None]
    rough = 0.72 + 0.15 * moss + 0.08 * seam + 0.03 * lift
    return Surface(height, rough, colour)
