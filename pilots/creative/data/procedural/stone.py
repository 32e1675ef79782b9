"""Stone, loose and cut: gravel, marble, terrazzo."""

from __future__ import annotations

import numpy as np

from pilots.creative.data.procedural.cells import cells, scattered
from pilots.creative.data.procedural.colour import linear, mix, ramp
from pilots.creative.data.procedural.noise import fractal, step
from pilots.creative.data.procedural.surface import Surface, hollows


def gravel() -> Surface:
    """River pebbles of many greys and tans, heaped; dark between them."""
    bend = np.stack([fractal(91, 2, 3, 50), fractal(92, 2, 3, 50)], axis=-1)
    count = 260
    heap = cells(scattered(93, count, 8), 3.0 * bend)
    rng = np.random.default_rng(94)
    wide = heap.each(
        np.maximum.reduceat(
            heap.border_NN.ravel()[(o := np.argsort(heap.owner_NN, axis=None))],
            np.searchsorted(heap.owner_NN.ravel()[o], np.arange(count)),
        )
    )
    edge = heap.border_NN - 1.2 - 0.8 * fractal(95, 1.5, 6, 60)
    t = np.clip(edge / wide, 0, 1)
    dome = np.sqrt(np.clip(1 - (1 - t) ** 2, 0, 1))
    lift = heap.each(rng.normal(0, 1, count))
    lean = heap.each(rng.normal(0, 1, (count, 2)))
    tilt = (heap.offset_NN2 * lean).sum(axis=-1) * 0.0035
    grain, cloud = fractal(96, 0.7, 10), fractal(97, 2, 4, 80)
    stone = step(-0.5, 2.0, edge)
    height = stone * (0.25 + 0.018 * wide * dome + 0.06 * lift + tilt * t + 0.008 * grain)
    tone = heap.each(rng.beta(1.6, 1.6, count))
    warm = heap.each((rng.random(count) < 0.38).astype(float))
    grey = ramp(
        ["#4b4d4f", "#74767a", "#9a9a98", "#bcbab4", "#d8d5cd"], np.clip(tone + 0.05 * cloud + 0.04 * grain, 0, 1)
    )
    tan = ramp(
        ["#5e4c3c", "#86705a", "#a68d70", "#c4ad8e", "#ddcdb2"], np.clip(tone + 0.05 * cloud + 0.04 * grain, 0, 1)
    )
    body = mix(grey, tan, warm)
    bands = heap.each((rng.random(count) < 0.2).astype(float)) * step(
        0.5, 0.9, np.cos((heap.offset_NN2 * lean).sum(axis=-1) * 0.22)
    )
    body = mix(body, "#e4e0d6", 0.35 * bands)
    body = body * (0.30 + 0.70 * dome)[..., None] * (1 - 0.4 * hollows(height, 8))[..., None]
    colour = mix(linear("#17140f"), body, stone)
    rough = 0.95 * (1 - stone) + (0.6 + 0.04 * grain + 0.07 * lift) * stone
    return Surface(height, rough, colour)


def marble() -> Surface:
    """Polished white marble: grey veins that split and fade, over cloudy ground."""
    warp = fractal(101, 2.6, 1, 60), fractal(102, 2.6, 1, 60)
    field = fractal(103, 2.7, 2, 120)
    vein = np.exp(-np.abs(field + 0.35 * warp[0]) * 13)
    second = np.exp(-np.abs(fractal(104, 2.4, 4, 120) + 0.2 * warp[1]) * 11)
    patch = step(-0.6, 1.2, fractal(105, 2.5, 1, 12))
    cloud, grain = fractal(106, 2.2, 2, 60), fractal(107, 0.3, 30)
    dark = np.clip(0.85 * vein * (0.35 + 0.65 * patch) + 0.38 * second * (1 - 0.6 * patch), 0, 1)
    halo = np.exp(-np.abs(field + 0.35 * warp[0]) * 2.2)
    ground = ramp(
        ["#c3c5c8", "#dcdcdb", "#ebeae6", "#f3f1ec"], np.clip(0.66 + 0.14 * cloud - 0.38 * halo * patch, 0, 1)
    )
    stone = mix(ground, "#5a5f66", dark)
    stone = mix(stone, "#a58f6d", 0.3 * step(0.3, 0.9, vein) * step(0.2, 1.5, warp[1]))
    stone = stone * (1 + 0.012 * grain)[..., None]
    height = 0.5 - 0.35 * dark + 0.02 * cloud + 0.01 * grain
    return Surface(height, 0.12 + 0.16 * dark + 0.006 * grain, stone)


def terrazzo() -> Surface:
    """Chips of marble, red stone and glass in pale cement, ground flat."""
    rng = np.random.default_rng(111)
    bend = np.stack([fractal(112, 1.6, 4, 80), fractal(113, 1.6, 4, 80)], axis=-1)
    cement, grain = fractal(114, 1.0, 6), fractal(115, 0.3, 30)
    colour = ramp(["#d3cabb", "#e2dacc", "#ece6da"], np.clip(0.5 + 0.12 * cement, 0, 1))
    height = 0.6 + 0.02 * cement
    rough = 0.38 + 0.02 * cement + 0.01 * grain
    kinds = ["#b0533f", "#d9a15c", "#4d6a68", "#2f3336", "#f5f0e6", "#8f8378", "#c9806a"]
    share = [0.16, 0.14, 0.13, 0.15, 0.2, 0.13, 0.09]
    for seed, count, keep, gap in ((116, 900, 0.45, 1.4), (117, 190, 0.62, 3.0)):  # splinters, then chips over them
        bits = cells(scattered(seed, count, 4), 1.8 * bend)
        chosen = bits.each((rng.random(count) < keep).astype(float))
        inset = bits.each(rng.uniform(0, 2.5 * gap, count))
        chip = step(-0.3, 1.1, bits.border_NN - gap - inset) * chosen
        body = np.array([linear(c) for c in kinds])[bits.each(rng.choice(len(kinds), count, p=share))]
        tone = bits.each(rng.normal(0, 1, count))
        body = body * np.clip(1 + 0.12 * tone + 0.07 * cement + 0.05 * grain, 0.3, 1.7)[..., None]
        colour = mix(colour, body, chip)
        height = height + (0.66 + 0.015 * tone - height) * chip
        rough = rough + (0.16 + 0.015 * tone + 0.005 * grain - rough) * chip
    return Surface(height, rough, colour)
