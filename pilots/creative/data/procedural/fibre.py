"""What grows or is spun: planks, woven cane, leather."""

from __future__ import annotations

import numpy as np

from pilots.creative.data.procedural.cells import cells, scattered
from pilots.creative.data.procedural.colour import linear, mix, ramp
from pilots.creative.data.procedural.noise import SIDE, fractal, step, taken
from pilots.creative.data.procedural.surface import Surface, hollows
from pilots.creative.data.procedural.tilings import boards, courses


def plank() -> Surface:
    """Oiled oak boards: each cut from another tree, with growth rings, pores, a knot here and there."""
    rows = 8
    wobble = fractal(61, 2.5, 1, 10)
    floor = courses(rows, boards(rows, 2, 0.3, 62), 1.6, 1.0, (0.4 * wobble, 0 * wobble))
    rng = np.random.default_rng(63)
    jump = [floor.each(rng.integers(0, SIDE, floor.count)) for _ in range(2)]
    y, x = np.meshgrid(*[np.arange(SIDE) + 0.0] * 2, indexing="ij")
    y, x = y + jump[0], x + jump[1]
    bend, pores = fractal(64, 3, 1, 24, (1, 5)), fractal(65, 0.8, 20, 250, (1, 16))
    streak = fractal(66, 1.4, 5, 120, (1, 9))
    bend, pores, streak = (taken(f, y, x) for f in (bend, pores, streak))
    knot_y, knot_x = rng.uniform(0.25, 0.75, floor.count) * SIDE / rows, rng.uniform(40, 130, floor.count)
    has = floor.each((rng.random(floor.count) < 0.45).astype(float))
    away = np.hypot(floor.down_NN - floor.each(knot_y), (floor.across_NN - floor.each(knot_x)) / 2.2)
    knot = has * np.exp(-((away / 7.0) ** 2))
    centre = floor.each(rng.uniform(-1.2, 1.2, floor.count))
    run = floor.down_NN / (SIDE / rows) - 0.5
    rings = 7.0 * np.hypot(run - centre, 0.25) + 0.75 * bend + 2.4 * has * np.exp(-((away / 16) ** 2))
    ring = (0.5 + 0.5 * np.cos(2 * np.pi * rings)) ** 1.7
    pore = step(0.9, 2.2, pores)
    face = step(-0.8, 1.8, floor.edge_NN)
    lift = floor.each(rng.normal(0, 1, floor.count))
    height = 0.25 * (1 - face) + (0.8 + 0.02 * lift - 0.05 * ring - 0.07 * pore - 0.05 * knot) * face
    shade = floor.each(rng.uniform(0.12, 0.88, floor.count))
    wood = ramp(["#6b4426", "#8a5a33", "#a87243", "#bf8b57", "#cfa26f"], np.clip(shade + 0.06 * streak, 0, 1))
    wood = mix(wood, "#54331b", 0.42 * ring + 0.3 * pore)
    wood = mix(wood, "#2b170c", np.clip(0.95 * knot, 0, 1))
    colour = mix("#26170d", wood, face) * (1 - 0.35 * hollows(height, 5))[..., None]
    rough = 0.9 * (1 - face) + (0.42 + 0.1 * pore + 0.08 * ring + 0.02 * streak) * face
    return Surface(height, rough, colour)


def weave() -> Surface:
    """Wicker: round willow rods that go over one stake and under the next, each of its own shade, dark gaps."""
    stakes, rods = 10, 20
    y, x = np.meshgrid(*[np.arange(SIDE) + 0.5] * 2, indexing="ij")
    y, x = y + 1.5 * fractal(71, 2.5, 1, 20), x + 1.8 * fractal(72, 2.5, 1, 20)
    a, b = x * stakes / SIDE, y * rods / SIDE
    i, j = np.floor(a).astype(int) % stakes, np.floor(b).astype(int) % rods
    u, v = a % 1 - 0.5, b % 1 - 0.5
    rng = np.random.default_rng(73)
    front = np.cos(np.pi * u) * np.where((i + j) % 2 == 0, 1, -1)  # 1 where the rod lies over the stake
    thick = rng.normal(0.5, 0.02, rods)[j] * (1 + 0.06 * front)
    profile = np.sqrt(np.maximum(1 - (v / thick) ** 2, 0))
    rod = 0.34 * front + 0.6 * profile
    stake = np.where(np.abs(u) < 0.27, 0.5 * np.sqrt(np.maximum(1 - (u / 0.27) ** 2, 0)) - 0.02, -0.4)
    top = step(-0.04, 0.04, rod - stake)
    fibre = fractal(74, 1.0, 12, 200, (1, 12)) * top + fractal(75, 1.0, 12, 200, (12, 1)) * (1 - top)
    height = np.maximum(rod, stake) + 0.018 * fibre
    shade = rng.normal(0, 0.13, rods)[j] * top + rng.normal(-0.12, 0.1, stakes)[i] * (1 - top)
    willow = ["#5f3a1c", "#8a5a2b", "#b07c40", "#cb9c5a", "#e0bd80"]
    lit = step(-0.55, 0.95, height)
    wood = ramp(willow, np.clip(0.12 + 0.6 * lit + shade + 0.05 * fibre, 0, 1))
    colour = mix(wood, linear("#160d06"), 0.93 * step(0.62, 0.05, lit))
    return Surface(height, np.clip(0.8 - 0.32 * lit + 0.02 * fibre, 0, 1), colour)


def leather() -> Surface:
    """Full-grain hide: pebbles of skin, large and small, between soft creases; saddle tan, darker where it is deep."""
    bend = np.stack([fractal(81, 3, 3, 50), fractal(82, 3, 3, 50)], axis=-1)
    count = 1100
    skin = cells(scattered(83, count, 2), 2.5 * bend, corner=2.0)
    cloud, crumple = fractal(85, 3, 1, 10), fractal(89, 2.0, 12, 80)
    dome = 1 - np.exp(-np.maximum(skin.border_NN + 0.4, 0) / 2.6)
    rng = np.random.default_rng(87)
    lift, tint = skin.each(rng.normal(0, 1, count)), skin.each(rng.normal(0, 1, count))
    pores = step(2.3, 3.0, fractal(88, 0.4, 30, 110))
    height = 0.3 + (0.5 + 0.05 * lift) * dome + 0.04 * crumple - 0.06 * pores
    at = np.clip(0.2 + 0.52 * dome**1.3 + 0.03 * tint + 0.05 * cloud + 0.05 * crumple, 0, 1)
    hide = ramp(["#3a1a0b", "#5f2f15", "#7c4220", "#96562c", "#b5703f"], at)
    hide = mix(hide, "#3a1c0e", 0.35 * pores)
    return Surface(height, 0.66 - 0.3 * dome + 0.1 * pores, hide)
