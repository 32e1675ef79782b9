"""Noise on the torus: random waves of whole numbers of cycles, so that every edge continues at the opposite one.

Spectral synthesis: Saupe (1988), Algorithms for random fractals, in The Science of Fractal Images.
Axes: N, N pixels, down and across. Random numbers are float64, so that machines agree to the last written digit.
"""

from __future__ import annotations

import numpy as np

SIDE = 512  # pixels that a material is drawn at; halved twice over when it is written, which smooths its edges


def fractal(
    seed: int, slope: float = 2.0, low: float = 1, high: float = SIDE / 4, stretch: tuple[float, float] = (1, 1)
) -> np.ndarray:
    """[N, N] of mean 0 and spread 1.

    slope     power falls as frequency ** -slope: 0 grain, 2 clouds
    low high  cycles per picture between which there is power
    stretch   how much longer the shapes are (down, across)
    """
    down = np.fft.fftfreq(SIDE, 1 / SIDE)[:, None] * stretch[0]
    across = np.fft.rfftfreq(SIDE, 1 / SIDE)[None] * stretch[1]
    cycles = np.hypot(down, across)
    with np.errstate(divide="ignore"):
        power = np.where((cycles >= low) & (cycles <= high), cycles ** (-slope / 2), 0)
    waves = np.random.default_rng(seed).standard_normal((2, *cycles.shape))
    field = np.fft.irfft2(power * (waves[0] + 1j * waves[1]), (SIDE, SIDE))
    field -= field.mean()
    return field / field.std()


def blurred(field: np.ndarray, pixels: float) -> np.ndarray:
    """A Gaussian blur of that standard deviation that goes round the edges."""
    down = np.fft.fftfreq(SIDE)[:, None]
    across = np.fft.rfftfreq(SIDE)[None]
    soft = np.exp(-2 * (np.pi * pixels) ** 2 * (down**2 + across**2))
    return np.fft.irfft2(np.fft.rfft2(field) * soft, (SIDE, SIDE))


def taken(field: np.ndarray, down: np.ndarray, across: np.ndarray) -> np.ndarray:
    """The field at other places (pixels, linear between neighbours, round the torus)."""
    y, x = np.floor(down).astype(int), np.floor(across).astype(int)
    v, u = down - y, across - x
    at = [field[(y + i) % SIDE, (x + j) % SIDE] for i in (0, 1) for j in (0, 1)]
    return (at[0] * (1 - u) + at[1] * u) * (1 - v) + (at[2] * (1 - u) + at[3] * u) * v


def step(low: float, high: float, value: np.ndarray) -> np.ndarray:
    """0 below low, 1 above high, smooth between (high < low turns it round)."""
    t = np.clip((value - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)
