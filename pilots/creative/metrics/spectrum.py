"""Error of the radial power spectrum, which sees blur and noise where the sliced Wasserstein distance does not."""

from __future__ import annotations

import numpy as np

LARGEST = 64  # pixels of a window's side at most


def windows(rgb_HW3: np.ndarray, side: int, count: int, rng: np.random.Generator) -> np.ndarray:
    """[N, side, side, 3] from anywhere in a picture, each at a place of its own as far as there are any."""
    height, width = (n - side + 1 for n in rgb_HW3.shape[:2])
    at = rng.choice(height * width, count, replace=count > height * width)
    return np.stack([rgb_HW3[y : y + side, x : x + side] for y, x in zip(*np.divmod(at, width), strict=True)])


def log_power(windows_N: np.ndarray) -> np.ndarray:
    """log10 of the mean power at 1, 2, … side // 2 cycles per window; mean over planes, Hann window (Welch 1967)."""
    side = windows_N.shape[1]
    hann = np.hanning(side + 2)[1:-1]
    flat = windows_N - windows_N.mean(axis=(1, 2), keepdims=True)
    power = np.abs(np.fft.fft2(flat * (hann[:, None] * hann)[None, :, :, None], axes=(1, 2))) ** 2
    cycles = np.fft.fftfreq(side) * side
    ring = np.round(np.hypot(cycles[:, None], cycles)).astype(int).ravel()
    mean = np.bincount(ring, power.mean(axis=(0, 3)).ravel()) / np.bincount(ring)
    return np.log10(np.maximum(mean[1 : side // 2 + 1], 1e-6))  # 8-bit rounding alone has more power than that


def spectrum_error(one: np.ndarray, other: np.ndarray) -> float:
    """Mean absolute difference of two `log_power` spectra: 0.3 is a factor of two."""
    return float(np.abs(one - other).mean())
