"""A material under a lamp: colour, height and roughness at work together, as an eye judges them.

Lambert and GGX (Walter et al. 2007, EGSR) with one white lamp at the upper left and a bright room.
"""

from __future__ import annotations

import numpy as np

from pilots.creative.pictures.write import normal

LAMP = np.array([-0.5, 0.5, 0.7]) / np.linalg.norm([-0.5, 0.5, 0.7])  # right, up, towards the eye
HALF = (LAMP + np.array([0, 0, 1])) / np.linalg.norm(LAMP + np.array([0, 0, 1]))  # between lamp and eye
ROOM, STRENGTH = 0.3, 1.0  # light from everywhere, light of the lamp
SHINE = 0.04  # reflected straight back by anything that is no metal


def lit(rgb_HW3: np.ndarray, height_HW: np.ndarray, roughness_HW: np.ndarray) -> np.ndarray:
    """[H, W, 3] 0..1 in sRGB; the edges meet."""
    out_HW3 = normal(height_HW, "opengl") * 2 - 1
    facing = np.maximum(out_HW3 @ LAMP, 0)[..., None]
    spread = np.maximum(roughness_HW, 0.08)[..., None] ** 4  # alpha squared
    cosine = np.maximum(out_HW3 @ HALF, 0)[..., None]
    gloss = SHINE * spread / (np.pi * (cosine**2 * (spread - 1) + 1) ** 2)
    light = rgb_HW3**2.2 * (ROOM + STRENGTH * facing) + facing * gloss
    return np.clip(light, 0, 1) ** (1 / 2.2)
