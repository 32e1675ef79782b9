"""What a material is: how high, how rough, what colour; and how it is written, in bytes."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from pilots.creative.data.procedural.colour import encoded
from pilots.creative.data.procedural.noise import SIDE, blurred

WRITTEN = SIDE // 2  # pixels of a written picture's side
ROLL = (45, 25)  # the edges cut through bricks and boards, not along their joints


@dataclass(frozen=True, eq=False)
class Surface:
    """Planes [N, N] and a colour [N, N, 3] in linear light, all 0..1; `height` is stretched to 0..1 when written."""

    height: np.ndarray
    roughness: np.ndarray
    colour: np.ndarray

    def written(self) -> dict[str, np.ndarray]:
        """uint8: `color` [W, W, 3] in sRGB, `height` and `roughness` [W, W] linear."""
        low, high = self.height.min(), self.height.max()
        return {
            "color": _bytes(encoded(_halved(np.clip(self.colour, 0, 1)))),
            "height": _bytes((_halved(self.height) - low) / (high - low)),
            "roughness": _bytes(np.clip(_halved(self.roughness), 0, 1)),
        }


def _halved(plane: np.ndarray) -> np.ndarray:
    return cv2.resize(np.roll(plane, ROLL, (0, 1)), (WRITTEN, WRITTEN), interpolation=cv2.INTER_AREA)


def _bytes(plane: np.ndarray) -> np.ndarray:
    return np.round(plane * 255).astype(np.uint8)


def hollows(height: np.ndarray, pixels: float) -> np.ndarray:
    """0..1: how deep a place lies below its surroundings, in units of the whole height; where dirt gathers."""
    deep = blurred(height, pixels) - height
    return np.clip(deep / (height.max() - height.min()), 0, 1)


def edges(height: np.ndarray, pixels: float) -> np.ndarray:
    """0..1: how far a place stands out of its surroundings; what is rubbed and worn."""
    return hollows(-height, pixels)
