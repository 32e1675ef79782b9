"""Stone, loose and cut: gravel, marble, terrazzo."""

from __future__ import annotations

import numpy as np

from pilots.creative.data.procedural.cells import cells, scattered
from pilots.creative.data.procedural.colour import linear, mix, ramp
from pilots.creative.data.procedural.noise import SIDE, blurred, fractal, step
from pilots.creative.data.procedural.surface import Surface, hollows


def gravel() -> Surface:
    """River pebbles of many greys and tans, heaped; dark between them."""
    bend = np.stack([fractal(91, 3, 3, 40), fractal(92, 3, 3, 40)], axis=-1)
    count = 260
    heap = cells(scattered(93, count, 8), 4.0 * bend, corner=2.6)
    rng = np.random.default_rng(94)
    wide = heap.each(
        np.maximum.reduceat(
            heap.border_NN.ravel()[(o := np.argsort(heap.owner_NN, axis=None))],
            np.searchsorted(heap.owner_NN.ravel()[o], np.arange(count)),
        )
    )
    edge = heap.border_NN - 0.6 - 0.4 * fractal(95, 2, 6, 50)
    t = np.clip(edge / wide, 0, 1)
    dome = np.sqrt(np.clip(1 - (1 - t) ** 2, 0, 1))
    lift = heap.each(rng.normal(0, 1, count))
    lean = heap.each(rng.normal(0, 1, (count, 2)))
    tilt = (heap.offset_NN2 * lean).sum(axis=-1) * 0.0035
    cloud = fractal(97, 1.6, 4, 100)
    stone = step(-0.5, 2.0, edge)
    height = stone * (0.25 + 0.018 * wide * dome + 0.06 * lift + tilt * t)
    tone = heap.each(rng.beta(1.6, 1.6, count))
    warm = heap.each((rng.random(count) < 0.38).astype(float))
    grey = ramp(["#4b4d4f", "#74767a", "#9a9a98", "#bcbab4", "#d8d5cd"], np.clip(tone + 0.05 * cloud, 0, 1))
    tan = ramp(["#5e4c3c", "#86705a", "#a68d70", "#c4ad8e", "#ddcdb2"], np.clip(tone + 0.05 * cloud, 0, 1))
    body = mix(grey, tan, warm)
    bands = heap.each((rng.random(count) < 0.2).astype(float)) * step(
        0.5, 0.9, np.cos((heap.offset_NN2 * lean).sum(axis=-1) * 0.22)
    )
    body = mix(body, "#e4e0d6", 0.35 * bands)
    body = body * (0.30 + 0.70 * dome)[..., None] * (1 - 0.4 * hollows(height, 8))[..., None]
    colour = mix(linear("#17140f"), body, stone)
    rough = 0.95 * (1 - stone) + (0.6 + 0.07 * lift) * stone
    return Surface(height, rough, colour)


def marble() -> Surface:
    """Polished white marble: grey veins that run one way, split and fade, over cloudy ground."""
    y, x = np.meshgrid(*[np.arange(SIDE) / SIDE] * 2, indexing="ij")
    warp = fractal(101, 4.2, 1, 60), fractal(102, 4.2, 1, 60)
    fade, cloud = fractal(105, 2.6, 1, 14), fractal(106, 2.2, 2, 80)

    def veins(wave: np.ndarray, wide: np.ndarray) -> np.ndarray:
        """1 on the lines where the wave changes sign, `wide` pixels wide."""
        slope = np.hypot(*[np.roll(wave, -1, axis) - np.roll(wave, 1, axis) for axis in (0, 1)]) / 2
        return np.exp(-np.abs(wave) / (slope + 0.004) / np.maximum(wide, 0.8))

    broad = veins(np.sin(2 * np.pi * (x + y) + 2.4 * warp[0]), 4.0 + 2.2 * fade)
    thin = veins(np.sin(2 * np.pi * (2 * x + y) + 3.0 * warp[1] - 1.2 * warp[0]), 1.6 + 0.6 * cloud)
    hair = veins(np.sin(2 * np.pi * (x - 2 * y) + 3.5 * fractal(104, 3.6, 1, 80)), 1.2 + 0 * x)
    dark = 0.85 * broad * step(-1.8, 0.6, fade) + 0.55 * thin * step(-1.2, 0.9, cloud + fade)
    dark = np.clip(dark + 0.35 * hair * step(0.8, -0.8, fade), 0, 1)
    smoke = blurred(dark, 5) + blurred(dark, 22)
    ground = ramp(["#b9bcc1", "#d6d7d8", "#e9e8e5", "#f4f2ee"], np.clip(0.9 + 0.08 * cloud - 0.9 * smoke, 0, 1))
    stone = mix(ground, "#4d535b", dark)
    stone = mix(stone, "#a88f68", 0.35 * step(0.25, 0.8, broad) * step(0.4, 1.6, warp[1]))
    return Surface(0.5 - 0.35 * dark + 0.012 * cloud, 0.12 + 0.16 * dark, stone)


def terrazzo() -> Surface:
    """Chips of marble, red stone and glass in pale cement, ground flat."""
    rng = np.random.default_rng(111)
    bend = np.stack([fractal(112, 2.6, 4, 60), fractal(113, 2.6, 4, 60)], axis=-1)
    cement = fractal(114, 1.5, 6)
    colour = ramp(["#d3cabb", "#e2dacc", "#ece6da"], np.clip(0.5 + 0.12 * cement, 0, 1))
    height = 0.6 - 0.12 * step(1.2, 2.2, cement)
    rough = np.full(height.shape, 0.38)
    kinds = ["#b0533f", "#d9a15c", "#4d6a68", "#2f3336", "#f5f0e6", "#8f8378", "#c9806a"]
    share = [0.16, 0.14, 0.13, 0.15, 0.2, 0.13, 0.09]
    for seed, count, keep, gap in ((116, 900, 0.45, 1.4), (117, 190, 0.62, 3.0)):  # splinters, then chips over them
        bits = cells(scattered(seed, count, 4), 2.2 * bend, corner=0.8)
        chosen = bits.each((rng.random(count) < keep).astype(float))
        inset = bits.each(rng.uniform(0, 2.5 * gap, count))
        chip = step(-0.3, 1.1, bits.border_NN - gap - inset) * chosen
        body = np.array([linear(c) for c in kinds])[bits.each(rng.choice(len(kinds), count, p=share))]
        tone = bits.each(rng.normal(0, 1, count))
        body = body * np.clip(1 + 0.12 * tone + 0.07 * cement, 0.3, 1.7)[..., None]
        colour = mix(colour, body, chip)
        height = height + (0.66 + 0.015 * tone - height) * chip
        rough = rough + (0.16 + 0.03 * tone - rough) * chip
    return Surface(height, rough, colour)
