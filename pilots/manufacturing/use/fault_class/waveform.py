"""A vibration waveform from a file: .csv (.gz, .xz), .npy or .wav, as one column of numbers."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np

from common.fault import Fault
from common.table import Column, read_table

MOST = 50_000_000  # samples: 17 minutes at 48 kHz
PCM = {2: "<i2", 4: "<i4"}  # bytes a sample: dtype; 24 bits are unpacked by hand


def read_waveform(source: Path, column: str) -> tuple[np.ndarray, float | None]:
    """Samples as float64, and their rate in Hz where the file says it (.wav: 1 is full scale). A Fault if unusable."""
    if not source.is_file():
        raise Fault(f"There is no file {source}")
    kind = source.suffix.lower()
    if kind == ".npy":
        x_N, rate = _npy(source), None
    elif kind == ".wav":
        x_N, rate = _wav(source)
    elif kind == ".mat":
        raise Fault(f"{source.name}: MATLAB files are not read here; save the column as .npy, .wav or .csv")
    else:
        table = read_table(source, [Column("acceleration", "g", -np.inf, np.inf)], names={"acceleration": column},
                           setting=None)  # fmt: skip
        x_N, rate = table["acceleration"].to_numpy(np.float64), None
    if x_N.size > MOST:
        raise Fault(f"{source.name} holds {x_N.size:,} samples, at most {MOST:,} are read: cut it")
    bad = np.flatnonzero(~np.isfinite(x_N))
    if bad.size:
        raise Fault(f"{source.name}: sample {bad[0] + 1:,} is missing or not finite ({bad.size:,} of {x_N.size:,}). "
                    "A waveform must have no gaps: take a stretch without them")  # fmt: skip
    return x_N, rate


def _npy(source: Path) -> np.ndarray:
    try:
        found = np.load(source, mmap_mode="r", allow_pickle=False)  # mapped: a lying header allots no memory
    except (ValueError, OSError, EOFError, TypeError) as error:
        raise Fault(f"{source.name} is no NumPy array of numbers, or damaged ({error!s:.80})") from error
    if found.dtype.kind not in "fiu" or found.size != max(found.shape, default=0) or found.size > MOST:
        raise Fault(f"{source.name} is {found.dtype} {list(found.shape)}; one column of numbers is wanted")
    return np.asarray(found, np.float64).ravel()


def _wav(source: Path) -> tuple[np.ndarray, float]:
    try:
        with wave.open(str(source), "rb") as file:
            channels, width, rate, frames = file.getparams()[:4]
            data = file.readframes(min(frames, MOST + 1))
    except (wave.Error, EOFError) as error:
        raise Fault(f"{source.name} is no plain .wav file, or damaged ({error})") from error
    if channels != 1:
        raise Fault(f"{source.name} has {channels} channels; one is wanted: export the sensor's own")
    if width == 3:
        bytes_N3 = np.frombuffer(data[: len(data) // 3 * 3], np.uint8).reshape(-1, 3)
        padded_N4 = np.concatenate([np.zeros((len(bytes_N3), 1), np.uint8), bytes_N3], axis=1)
        return padded_N4.view("<i4").ravel() / 2.0**31, float(rate)
    if width not in PCM:
        raise Fault(f"{source.name} has {8 * width} bits a sample; 16, 24 or 32 are read")
    whole = data[: len(data) // width * width]
    return np.frombuffer(whole, PCM[width]) / 2.0 ** (8 * width - 1), float(rate)
