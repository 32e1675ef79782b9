"""Waveforms with known answers, and a folder of .mat.xz files as the published ones are named."""

from __future__ import annotations

import io
import lzma
from pathlib import Path

import numpy as np
from scipy.io import savemat

from pilots.manufacturing.vibration.classify import BALLS, RATIO
from pilots.manufacturing.vibration.graph import orders

FILES = ("Normal_0", *(f"12k_DE_{fault}_{load}" for fault in ("IR007", "B007", "OR007-6") for load in (0, 2)))
STATE = {"IR": "inner", "B0": "ball", "OR": "outer"}


def blows(rate: float, hz: float, seconds: float, *, ring: float = 3000.0, seed: int = 0, noise: float = 0.02):
    """A blow every 1/hz s, each a ring at `ring` Hz that dies within a few ms, on noise."""
    random = np.random.default_rng(seed)
    time_N = np.arange(round(rate * seconds)) / rate
    since_N = np.mod(time_N, 1 / hz)
    return np.exp(-800 * since_N) * np.sin(2 * np.pi * ring * since_N) + random.normal(0, noise, len(time_N))


def modulated(rate: float, carrier: float, hz: float, seconds: float) -> np.ndarray:
    """A carrier whose amplitude swings at `hz`: its envelope has one line, of amplitude 0.5, there."""
    time_N = np.arange(round(rate * seconds)) / rate
    return (1 + 0.5 * np.cos(2 * np.pi * hz * time_N)) * np.sin(2 * np.pi * carrier * time_N)


def mat(name: str, seconds: float = 4.5) -> dict[str, np.ndarray]:
    """What one published file holds; seconds of 12 kHz, the healthy one at 48 kHz."""
    healthy, load = name.startswith("Normal"), int(name[-1])
    rate, rpm = (48_000 if healthy else 12_000), 1797 - 24 * load
    time_N = np.arange(round(rate * seconds)) / rate
    shaft_N = sum(0.05 * np.sin(2 * np.pi * h * rpm / 60 * time_N) for h in (1, 2, 3))
    fault = 1.0 if healthy else orders(BALLS, RATIO)[STATE[name[7:9]]]
    made = {}
    for number, sensor in enumerate(("DE", "FE")):
        size = 0.0 if healthy else 1.0 - 0.7 * number
        ringing_N = size * blows(rate, fault * rpm / 60, seconds, seed=number, noise=0)
        noise_N = np.random.default_rng([number, load, FILES.index(name)]).normal(0, 0.05, len(time_N))
        made[f"X100_{sensor}_time"] = (shaft_N + ringing_N + noise_N)[:, None]
    return made | {"X100RPM": np.array([[rpm]], np.uint16)}


def packed(held: dict[str, np.ndarray]) -> bytes:
    out = io.BytesIO()
    savemat(out, held)
    return lzma.compress(out.getvalue(), preset=0)


def write_folder(folder: Path) -> Path:
    for name in FILES:
        (folder / f"{name}.mat.xz").write_bytes(packed(mat(name)))
    return folder
