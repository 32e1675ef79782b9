"""Sliced Wasserstein distance between the patches of two pictures (Rabin et al. 2011, SSVM; Heitz et al. 2021, CVPR).

It forgives blur and prefers white noise to grass: read it beside the spectrum error, never alone.
"""

from __future__ import annotations

from functools import cache

import numpy as np

SIDE = 7  # pixels of a patch
DIRECTIONS = 128
LEVELS = (np.arange(100) + 0.5) / 100
PATCHES = 4096  # of each picture at most; both sides have the same number, for few patches look far from any others


@cache
def directions() -> np.ndarray:
    """[7·7·3, K] fixed random unit vectors; each has its expected third in brightness, so that a grey picture in
    three equal planes lies exactly as far from another as one plane would."""
    rng = np.random.default_rng(0)
    grey, red_green, blue = np.linalg.qr(np.array([[1, 1, 1], [1, -1, 0], [1, 1, -2]], float).T)[0].T
    light = rng.standard_normal((DIRECTIONS, SIDE, SIDE, 1))
    tint = rng.standard_normal((DIRECTIONS, SIDE, SIDE, 2))
    light /= np.sqrt((light**2).sum(axis=(1, 2, 3), keepdims=True)) * np.sqrt(3)
    tint /= np.sqrt((tint**2).sum(axis=(1, 2, 3), keepdims=True)) * np.sqrt(1.5)
    made = light * np.abs(grey) + tint @ np.stack([red_green, blue])
    return made.reshape(DIRECTIONS, -1).T.astype(np.float32)


def quantiles(patches_P773: np.ndarray) -> np.ndarray:
    """[K, Q] of the patches' shadows on every direction."""
    shadow_KP = directions().T @ np.ascontiguousarray(patches_P773, np.float32).reshape(len(patches_P773), -1).T
    shadow_KP.sort(axis=1)
    at = LEVELS * len(patches_P773) - 0.5
    low = np.clip(np.floor(at).astype(int), 0, len(patches_P773) - 1)
    high = np.minimum(low + 1, len(patches_P773) - 1)
    part = np.clip(at - low, 0, 1).astype(np.float32)
    return shadow_KP[:, low] * (1 - part) + shadow_KP[:, high] * part


def spread(rgb_HW3: np.ndarray) -> float:
    """Standard deviation of a texture: of its planes about their own means; of a flat one, one step of 8 bits."""
    return max(float(np.sqrt(rgb_HW3.var(axis=(0, 1), dtype=float).mean())), 1 / 255)


def swd(one_KQ: np.ndarray, other_KQ: np.ndarray, spread: float) -> float:
    """Mean distance between two sets of `quantiles`, in standard deviations of the texture."""
    return float(np.abs(one_KQ - other_KQ).mean() / spread)
