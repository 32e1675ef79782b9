"""Raw bearing vibration of Case Western Reserve University: seeded faults, one motor, several loads.

Files as published, .mat or .mat.xz: Normal_L, 12k_DE_IR007_L, 12k_DE_B007_L, 12k_DE_OR007-6_L (L = load in hp; 007 =
fault of 0.007 inch; 6 = at 6 o'clock). Each holds X<id>_DE_time (drive end), X<id>_FE_time (fan end), in g, and
X<id>RPM. Every file is one bearing at one load, so a test at another load still is a test on the same bearing.

Traps: sources disagree on whether the healthy file has 12 or 48 kHz; here the shaft's own lines decide. Only its
unloaded run is read: its first half is learned from, its second half tested on. Windows must never be shuffled over
that cut.
"""

from __future__ import annotations

import hashlib
import io
import lzma
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from common.fault import Fault

STATES = {"normal": "Normal", "inner": "12k_DE_IR007", "ball": "12k_DE_B007", "outer": "12k_DE_OR007-6"}
SENSORS = {"drive end": "_DE_time", "fan end": "_FE_time"}
RATES = (48_000, 12_000)  # Hz, as documented
SHAFT_DB = 15.0  # a shaft line stands at least so far above its surroundings; noise alone reaches about 8
MAX_BYTES = 100_000_000  # unpacked; the largest original file has 12 MB


@dataclass(frozen=True)
class Recording:
    """One sensor in one state. name: file and sensor; rate: Hz; rpm: of the shaft; x_N: acceleration, g."""

    name: str
    state: str
    sensor: str
    rate: float
    rpm: float
    x_N: np.ndarray

    def part(self, first: float, last: float, name: str) -> Recording:
        """The stretch from one share of its time to another."""
        cut = slice(round(first * len(self.x_N)), round(last * len(self.x_N)))
        return Recording(f"{self.name}, {name}", self.state, self.sensor, self.rate, self.rpm, self.x_N[cut])


@dataclass(frozen=True)
class Recordings:
    """What is learned from and what is tested on; the healthy file is in both, by time."""

    train: list[Recording]
    test: list[Recording]
    sha256: str
    notes: list[str]
    name: str = "cwru"
    licence: str = "none stated; published for free use with acknowledgement"


class Cwru:
    """The four states at two loads, from a folder of the user's.

    root        folder with the .mat or .mat.xz files
    train_load  hp; the load that is learned from, also that of the healthy file
    test_load   hp; the load that is tested on
    """

    def __init__(self, root: str, train_load: int = 0, test_load: int = 2):
        if train_load == test_load:
            raise ValueError(f"train_load and test_load are both {train_load}: the test needs another load")
        self.root, self.loads = Path(root).expanduser(), (train_load, test_load)

    def read(self) -> Recordings:
        """Both sensors of all files. Healthy: first half of the time to train, second half to test."""
        train, test, notes, digest = [], [], [], hashlib.sha256()
        for state, stem in STATES.items():
            parts = {"train": self.loads[0], "test": self.loads[1]} if state != "normal" else {"both": self.loads[0]}
            for part, load in parts.items():
                path = self._find(f"{stem}_{load}")
                found = recordings(path, state)
                for recording in found:
                    digest.update(recording.x_N.tobytes())
                if part == "both":
                    train += [r.part(0, 0.5, "first half") for r in found]
                    test += [r.part(0.5, 1, "second half") for r in found]
                    rate = found[0].rate
                    notes.append(f"{path.name}: {rate:,.0f} samples a second, told from the lines of the shaft")
                else:
                    (train if part == "train" else test).extend(found)
        return Recordings(train, test, digest.hexdigest(), notes)

    def _find(self, stem: str) -> Path:
        for name in (f"{stem}.mat", f"{stem}.mat.xz"):
            if (self.root / name).is_file():
                return self.root / name
        if not self.root.is_dir():
            raise Fault(f"{self.root} is not a folder. Name the one with the bearing files by data.root=FOLDER")
        there = ", ".join(sorted(p.name for p in self.root.glob("*.mat*"))[:12]) or "no .mat files"
        raise Fault(f"{self.root} has no {stem}.mat (nor .mat.xz); it has {there}. Fetch that file too")


def recordings(path: Path, state: str) -> list[Recording]:
    """Drive end and fan end of one file, or a Fault that says what the file lacks."""
    from scipy.io import loadmat  # reads numbers and text, runs nothing

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # scipy warns where it must guess what a damaged file meant
            held = loadmat(io.BytesIO(_unpack(path)))
    except Fault:
        raise
    except Exception as error:  # scipy raises many kinds on a damaged file
        raise Fault(f"{path.name} is no MATLAB file, or damaged ({error!s:.80}). Copy it again") from error
    rpm_key = next((key for key in held if key.endswith("RPM")), None)
    if rpm_key is None:
        raise Fault(f"{path.name} has no X…RPM (the shaft's speed); it has {_keys(held)}")
    rpm = _numbers(held[rpm_key], f"{path.name}: {rpm_key}")
    if len(rpm) != 1 or not 60 <= rpm[0] <= 60_000:
        raise Fault(f"{path.name}: {rpm_key} is not one speed from 60 to 60000 rpm")
    made, rate = [], 0.0
    for sensor, ending in SENSORS.items():
        key = next((key for key in held if key.endswith(ending)), None)
        if key is None:
            raise Fault(f"{path.name} has no X…{ending} (the {sensor} sensor); it has {_keys(held)}")
        x_N = _numbers(held[key], f"{path.name}: {key}")
        rate = rate or sampling_rate(x_N, float(rpm[0]), path.name)
        made.append(Recording(f"{path.name.split('.')[0]} {sensor}", state, sensor, rate, float(rpm[0]), x_N))
    return made


def sampling_rate(x_N: np.ndarray, rpm: float, name: str) -> float:
    """The highest documented rate at which the shaft's first three lines are there.

    At a quarter of the true rate they are there as well, since what stands there then is lines 4, 8 and 12; at four
    times the true rate there is nothing. A Fault where no rate fits.
    """
    spectrum_K = np.abs(np.fft.rfft((x_N - x_N.mean()) * np.hanning(len(x_N))))
    for rate in RATES:
        shaft = rpm / 60 * len(x_N) / rate  # in bins
        rises = []
        for harmonic in (1, 2, 3):
            near, wide = (slice(int(harmonic * shaft - d), int(harmonic * shaft + d) + 2) for d in (3, 0.3 * shaft))
            rises.append(20 * np.log10(spectrum_K[near].max() / max(np.median(spectrum_K[wide]), 1e-12)))
        if np.median(rises) >= SHAFT_DB:
            return float(rate)
    rates = " nor ".join(f"{rate:,}" for rate in RATES)
    raise Fault(f"{name}: no line of a shaft at {rpm:g} rpm, neither at {rates} samples a second. Is this file whole?")


def _numbers(found: np.ndarray, where: str) -> np.ndarray:
    x_N = np.asarray(found)
    if x_N.dtype.kind not in "fiu" or x_N.size != max(x_N.shape, default=0):
        raise Fault(f"{where} is no column of numbers ({x_N.dtype}, {list(x_N.shape)})")
    x_N = x_N.ravel().astype(np.float64)
    if x_N.size > 1 and (x_N.size < 48_000 or not np.isfinite(x_N).all() or not x_N.any()):
        raise Fault(f"{where} holds {x_N.size:,} samples; 48,000 or more are needed, all of them finite, not all zero")
    return x_N


def _keys(held: dict) -> str:
    return ", ".join(key for key in held if not key.startswith("__")) or "nothing"


def _unpack(path: Path) -> bytes:
    opener = lzma.open if path.suffix == ".xz" else open
    try:
        with opener(path, "rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (EOFError, lzma.LZMAError) as error:
        raise Fault(f"{path.name} is cut short or damaged ({error}). Copy it again") from error
    if len(data) > MAX_BYTES:
        raise Fault(f"{path.name} unpacks to more than {MAX_BYTES // 1_000_000} MB: this is not one of these files")
    return data
