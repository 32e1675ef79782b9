"""Colours in linear light: named by their sRGB code, mixed, written as sRGB (IEC 61966-2-1)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def linear(code: str) -> np.ndarray:
    """[3] in linear light of a colour such as `#a45a3c`."""
    encoded = np.array([int(code[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)


def encoded(light: np.ndarray) -> np.ndarray:
    """The same colours as sRGB, 0..1."""
    light = np.clip(light, 0, 1)
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def ramp(codes: Sequence[str], at: np.ndarray) -> np.ndarray:
    """[..., 3]: the colours one after the other as `at` runs from 0 to 1."""
    stops = np.linspace(0, 1, len(codes))
    colours = np.array([linear(code) for code in codes])
    return np.stack([np.interp(at, stops, colours[:, c]) for c in range(3)], axis=-1)


def mix(under: np.ndarray | str, over: np.ndarray | str, share: np.ndarray) -> np.ndarray:
    """`over` where share is 1, `under` where it is 0."""
    low, high = (linear(c) if isinstance(c, str) else c for c in (under, over))
    return low + (high - low) * share[..., None]
