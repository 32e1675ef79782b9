"""What grows or is spun: planks, woven cane, leather."""

from __future__ import annotations

import numpy as np

from pilots.creative.data.procedural.cells import cells, scattered
from pilots.creative.data.procedural.colour import linear, mix, ramp
from pilots.creative.data.procedural.noise import SIDE, fractal, step
from pilots.creative.data.procedural.surface import Surface, edges, hollows
from pilots.creative.data.procedural.tilings import boards, courses


def _taken(field: np.ndarray, down: np.ndarray, across: np.ndarray) -> np.ndarray:
    """The field at other places (pixels, linear between neighbours, round the torus)."""
    y, x = np.floor(down).astype(int), np.floor(across).astype(int)
    v, u = down - y, across - x
    at = [field[(y + i) % SIDE, (x + j) % SIDE] for i in (0, 1) for j in (0, 1)]
    return (at[0] * (1 - u) + at[1] * u) * (1 - v) + (at[2] * (1 - u) + at[3] * u) * v


def plank() -> Surface:
    """Oiled oak boards: each cut from another tree, with growth rings, pores, a knot here and there."""
    rows = 8
    wobble = fractal(61, 2.5, 1, 10)
    floor = courses(rows, boards(rows, 2, 0.3, 62), 2.4, 1.5, (0.4 * wobble, 0 * wobble))
    rng = np.random.default_rng(63)
    jump = [floor.each(rng.integers(0, SIDE, floor.count)) for _ in range(2)]
    y, x = np.meshgrid(*[np.arange(SIDE) + 0.0] * 2, indexing="ij")
    y, x = y + jump[0], x + jump[1]
    bend, pores = fractal(64, 3, 1, 24, (1, 5)), fractal(65, 0.8, 20, 250, (1, 16))
    streak = fractal(66, 1.4, 5, 120, (1, 9))
    bend, pores, streak = (_taken(f, y, x) for f in (bend, pores, streak))
    knot_y, knot_x = rng.uniform(0.25, 0.75, floor.count) * SIDE / rows, rng.uniform(40, 130, floor.count)
    has = floor.each((rng.random(floor.count) < 0.45).astype(float))
    away = np.hypot(floor.down_NN - floor.each(knot_y), (floor.across_NN - floor.each(knot_x)) / 2.2)
    knot = has * np.exp(-((away / 7.0) ** 2))
    centre = floor.each(rng.uniform(-1.2, 1.2, floor.count))
    run = floor.down_NN / (SIDE / rows) - 0.5
    rings = 5.5 * np.hypot(run - centre, 0.25) + 0.75 * bend + 2.4 * has * np.exp(-((away / 16) ** 2))
    ring = (0.5 + 0.5 * np.cos(2 * np.pi * rings)) ** 1.7
    pore = step(0.9, 2.2, pores)
    face = step(-0.8, 1.8, floor.edge_NN)
    lift = floor.each(rng.normal(0, 1, floor.count))
    height = 0.25 * (1 - face) + (0.8 + 0.02 * lift - 0.05 * ring - 0.07 * pore - 0.05 * knot) * face
    shade = floor.each(rng.uniform(0.12, 0.88, floor.count))
    wood = ramp(["#6b4426", "#8a5a33", "#a87243", "#bf8b57", "#cfa26f"], np.clip(shade + 0.06 * streak, 0, 1))
    wood = mix(wood, "#54331b", 0.42 * ring + 0.3 * pore)
    wood = mix(wood, "#2b170c", np.clip(0.95 * knot, 0, 1))
    colour = mix("#1c120b", wood, face) * (1 - 0.35 * hollows(height, 5))[..., None]
    rough = 0.9 * (1 - face) + (0.42 + 0.1 * pore + 0.08 * ring + 0.02 * streak) * face
    return Surface(height, rough, colour)


def weave() -> Surface:
    """Plain weave of thick yarn: over one, under one; the yarns twisted, no two of quite the same shade."""
    yarns = 16
    y, x = np.meshgrid(*[np.arange(SIDE) + 0.5] * 2, indexing="ij")
    y, x = y + 1.6 * fractal(71, 2.5, 1, 20), x + 1.6 * fractal(72, 2.5, 1, 20)
    a, b = x * yarns / SIDE, y * yarns / SIDE
    i, j = np.floor(a).astype(int) % yarns, np.floor(b).astype(int) % yarns
    u, v = a % 1 - 0.5, b % 1 - 0.5
    rng = np.random.default_rng(73)
    thick = rng.normal(0.47, 0.012, (2, yarns))
    over = np.where((i + j) % 2 == 0, 1.0, -1.0)  # the upright yarn lies on top
    upright = np.sqrt(np.maximum(1 - (u / thick[0][i]) ** 2, 0)) * 0.6 + 0.4 * over * np.cos(np.pi * v)
    level = np.sqrt(np.maximum(1 - (v / thick[1][j]) ** 2, 0)) * 0.6 - 0.4 * over * np.cos(np.pi * u)
    inside = [np.abs(u) < thick[0][i], np.abs(v) < thick[1][j]]
    upright, level = np.where(inside[0], upright, -0.5), np.where(inside[1], level, -0.5)
    top = step(-0.06, 0.06, upright - level)
    twist_up = 0.5 + 0.5 * np.cos(2 * np.pi * (2.0 * b + 1.3 * u))
    twist_level = 0.5 + 0.5 * np.cos(2 * np.pi * (2.0 * a + 1.3 * v))
    twist = twist_level + (twist_up - twist_level) * top
    fuzz = fractal(74, 0.8, 20)
    height = np.maximum(upright, level) + 0.10 * twist + 0.035 * fuzz
    shade = rng.normal(0, 1, (2, yarns))
    warp = ramp(["#8b7a5c", "#a8966f", "#c2b08a"], np.clip(0.5 + 0.16 * shade[0][i] + 0.05 * fuzz, 0, 1))
    weft = ramp(["#a39272", "#c0ae88", "#d8c8a4"], np.clip(0.5 + 0.16 * shade[1][j] + 0.05 * fuzz, 0, 1))
    yarn = mix(weft, warp, top) * (0.72 + 0.28 * twist)[..., None]
    low, high = height.min(), height.max()
    deep = step(0.75, 0.05, (height - low) / (high - low))
    colour = mix(yarn, linear("#2a2018"), 0.85 * deep)
    return Surface(height, 0.86 + 0.08 * deep - 0.05 * twist + 0.01 * fuzz, colour)


def leather() -> Surface:
    """Full-grain hide: pebbles of skin between creases, pores, tan rubbed lighter on top."""
    bend = np.stack([fractal(81, 2, 3, 60), fractal(82, 2, 3, 60)], axis=-1)
    coarse, fine = cells(scattered(83, 620), 3.0 * bend), cells(scattered(84, 2600, 5), 2.0 * bend)
    cloud, grain = fractal(85, 2.6, 1, 20), fractal(86, 0.5, 20)
    deep = 1.0 + 0.35 * cloud
    dome = 1 - np.exp(-coarse.border_NN / 3.2)
    small = 1 - np.exp(-fine.border_NN / 1.8)
    rng = np.random.default_rng(87)
    lift = coarse.each(rng.normal(0, 1, 620))
    pores = step(2.0, 2.9, fractal(88, 0.4, 30, 110))
    height = (
        0.8 + 0.5 * deep * (dome - 1) + 0.12 * (small - 1) + 0.03 * lift + 0.01 * grain - 0.12 * pores + 0.02 * cloud
    )
    worn, low = edges(height, 10), hollows(height, 8)
    hide = ramp(["#5a2f1a", "#763f22", "#8f5230", "#a5653d"], np.clip(0.5 + 0.13 * cloud + 0.04 * lift, 0, 1))
    hide = mix(hide, "#bd7f50", np.clip(0.9 * worn, 0, 1))
    hide = mix(hide, "#2a130a", np.clip(1.5 * low + 0.35 * pores, 0, 1))
    rough = 0.46 - 0.35 * worn + 0.5 * low + 0.02 * grain + 0.02 * cloud
    return Surface(height, np.clip(rough, 0.2, 0.9), hide)
