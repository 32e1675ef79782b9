"""What covers a wall or a sheet of steel: rust under old paint, trowelled plaster."""

from __future__ import annotations

import numpy as np

from pilots.creative.data.procedural.colour import mix, ramp
from pilots.creative.data.procedural.noise import SIDE, fractal, step
from pilots.creative.data.procedural.surface import Surface, hollows


def rust() -> Surface:
    """Painted steel that rusts through: blue paint in islands with lifted rims, orange and brown scale."""
    field = fractal(121, 2.8, 3, 90)
    left = field - 0.25
    paint = step(-0.03, 0.05, left)
    rim = np.exp(-(((left - 0.08) / 0.07) ** 2))
    scale, pits, cloud = fractal(122, 2.0, 8, 90), step(0.8, 2.0, fractal(123, 1.2, 14, 80)), fractal(124, 2.2, 3, 60)
    stain = np.exp(np.minimum(-left + 0.05, 0) * 4.5)
    age = np.clip(0.5 + 0.18 * cloud + 0.08 * scale, 0, 1)
    iron = ramp(["#2f1710", "#5a2814", "#8a3f18", "#b45f23", "#d08a45"], age)
    iron = mix(iron, "#24120d", 0.6 * pits)
    coat = ramp(["#2f5560", "#3f6a74", "#54808a"], np.clip(0.5 + 0.14 * fractal(126, 2, 2, 40), 0, 1))
    coat = mix(coat, "#9a5a2c", 0.75 * stain * step(-1.2, 0.9, cloud))
    coat = mix(coat, "#93a9a8", 0.5 * rim)
    height = (0.35 + 0.04 * scale - 0.15 * pits) * (1 - paint) + (0.62 + 0.13 * rim) * paint
    colour = mix(iron, coat, paint) * (1 - 0.6 * hollows(height, 5))[..., None]
    rough = (0.84 + 0.1 * pits) * (1 - paint) + (0.4 + 0.25 * stain) * paint
    return Surface(height, rough, colour)


def plaster() -> Surface:
    """Lime plaster put on in short strokes: each a film with lines of the trowel, thick where the trowel left off."""
    rng = np.random.default_rng(131)
    height, tone = np.full((2, SIDE, SIDE), 0.4)
    reach = 80
    v, u = np.meshgrid(*[np.arange(-reach, reach)] * 2, indexing="ij")
    for _ in range(190):
        top, left, turn = rng.integers(0, SIDE), rng.integers(0, SIDE), rng.uniform(-0.5, 0.5) + rng.choice([0.2, 1.5])
        long, wide = rng.uniform(45, 72), rng.uniform(16, 30)
        arc = u * np.cos(turn) + v * np.sin(turn)
        aside = v * np.cos(turn) - u * np.sin(turn) + rng.uniform(-0.004, 0.004) * arc**2
        lines = np.interp(aside, np.linspace(-reach, reach, 150), rng.normal(0, 1, 150))
        ragged = 2.5 * np.interp(arc, np.linspace(-reach, reach, 30), rng.normal(0, 1, 30))
        inside = np.minimum(long - np.abs(arc) + 1.2 * lines, wide - np.abs(aside) + ragged)
        film = step(-0.5, 4.5, inside) * rng.uniform(0.75, 1.0)
        rim = np.exp(-np.abs(inside - 2.5) / 1.8) * step(-0.4, 0.9, aside / wide * rng.choice([-1, 1]))
        rows, columns = np.ix_((top + v[:, 0]) % SIDE, (left + u[0]) % SIDE)
        body = 0.4 + 0.10 * rng.normal() + 0.09 * aside / wide + 0.022 * lines + 0.16 * rim
        height[rows, columns] += (body - height[rows, columns]) * film
        tone[rows, columns] += (0.4 + 0.14 * rng.normal() + 0.02 * lines - tone[rows, columns]) * film
    grain, pits, cloud = (
        fractal(135, 0.6, 30, 160),
        step(2.2, 3.0, fractal(136, 0.5, 24, 100)),
        fractal(134, 2.4, 1, 12),
    )
    height = height - 0.14 * pits + 0.02 * cloud
    high, low = hollows(-height, 5), hollows(height, 5)
    lime = ramp(["#c4b297", "#d9cab1", "#e6dac5", "#f0e7d6"], np.clip(0.25 + tone + 0.06 * cloud + 0.01 * grain, 0, 1))
    lime = mix(lime, "#fdf8ee", np.clip(2.2 * high, 0, 1))
    lime = mix(lime, "#7d6c55", np.clip(2.2 * low + 0.35 * pits, 0, 1))
    return Surface(height, np.clip(0.8 - 0.35 * high + 0.3 * low + 0.1 * (tone - 0.4), 0, 1), lime)
