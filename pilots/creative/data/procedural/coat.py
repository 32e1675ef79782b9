"""What covers a wall or a sheet of steel: rust under old paint, trowelled plaster."""

from __future__ import annotations

import numpy as np

from pilots.creative.data.procedural.colour import mix, ramp
from pilots.creative.data.procedural.noise import blurred, fractal, step
from pilots.creative.data.procedural.surface import Surface, hollows


def rust() -> Surface:
    """Painted steel that rusts through: blue paint in islands with lifted rims, orange and brown scale."""
    field = fractal(121, 2.1, 3, 120)
    left = field - 0.25
    paint = step(-0.03, 0.05, left)
    rim = np.exp(-(((left - 0.08) / 0.07) ** 2))
    scale, pits, cloud = fractal(122, 1.3, 8, 160), step(0.8, 2.0, fractal(123, 1.0, 20, 120)), fractal(124, 2.2, 3, 60)
    grain = fractal(125, 0.4, 20)
    stain = np.exp(np.minimum(-left + 0.05, 0) * 4.5)
    age = np.clip(0.52 + 0.17 * cloud + 0.14 * scale, 0, 1)
    iron = ramp(["#2f1710", "#5a2814", "#8a3f18", "#b45f23", "#d08a45"], age)
    iron = mix(iron, "#24120d", 0.6 * pits)
    coat = ramp(["#2f5560", "#3f6a74", "#54808a"], np.clip(0.5 + 0.14 * fractal(126, 2, 2, 40) + 0.05 * grain, 0, 1))
    coat = mix(coat, "#9a5a2c", 0.75 * stain * step(-1.2, 0.9, cloud))
    coat = mix(coat, "#93a9a8", 0.5 * rim)
    height = (0.35 + 0.05 * scale - 0.15 * pits) * (1 - paint) + (0.62 + 0.13 * rim + 0.006 * grain) * paint
    colour = mix(iron, coat, paint) * (1 - 0.6 * hollows(height, 5))[..., None]
    rough = (0.85 + 0.04 * scale) * (1 - paint) + (0.4 + 0.2 * stain + 0.02 * grain) * paint
    return Surface(height, rough, colour)


def plaster() -> Surface:
    """Lime plaster put on in short strokes: ridges where the trowel left off, hairline cracks, warm white."""
    strokes = [fractal(131 + k, 2.0, 6, 120, shape) for k, shape in enumerate([(1, 3.0), (2.6, 1)])]
    where = step(-0.35, 0.35, fractal(133, 2.6, 2, 12))
    stroke = strokes[0] * where + strokes[1] * (1 - where)
    ridge = np.exp(-np.abs(stroke) * 4.0)
    body, grain, sand = fractal(134, 2.4, 2, 30), fractal(135, 0.3, 40), step(2.0, 3.0, fractal(136, 0.5, 30, 120))
    height = 0.5 + 0.10 * stroke + 0.10 * ridge + 0.06 * body + 0.012 * grain - 0.12 * sand
    high, low = hollows(-height, 6), hollows(height, 6)
    lime = ramp(["#c9bba4", "#dccfb9", "#e9dfcc", "#f2ebdc"], np.clip(0.55 + 0.14 * body + 0.05 * stroke, 0, 1))
    lime = mix(lime, "#fbf6ea", np.clip(1.6 * high, 0, 1))
    lime = mix(lime, "#8a7b66", np.clip(1.9 * low + 0.3 * sand, 0, 1))
    slope = np.hypot(*np.gradient(blurred(height, 1)))
    return Surface(height, np.clip(0.8 + 0.02 * grain + 0.6 * slope - 0.25 * high, 0, 1), lime)
