"""A watermark for tiles: it says "drawn here", carries no message, and is found after any roll.

The pattern is periodic, with the smallest period that divides the canvas and is at least 128 px: a tile of any size
stays a torus, and the mark is found in a tile, in tiles laid side by side and in crops alike by folding the picture
over that period. A key gives every frequency of a band a phase of its own. What is searched for is the agreement of
phases at any shift (phase-only correlation: Kuglin and Hines 1975), so that neither contrast nor blur counts. With a
key drawn at random the agreement is a sum of independent cosines **whatever the picture**, and its tail is bounded by
exp(-z²/2): that bound, not a measured one, sets the threshold.

Not found after scaling, rotation or mirroring, and it does not withstand anybody who sets out to remove it.

Axes: H, W pixels of the picture, P, Q those of one period, 3 = red, green, blue.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

LEAST = 128  # px, least period
BAND = (0.08, 0.28)  # cycles per px: below, the eye sees it; above, JPEG and blur take it
PSNR = (44.0, 42.0, 40.3)  # dB over the marked pixels before rounding to 8 bits; the promise is 40
ENOUGH = 20.0  # standard deviations: the weakest mark that is expected to reach it after a JPEG is taken
FALSE_ALARM = 1e-4  # per picture, over all shifts and periods
LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # Rec. 601, which JPEG keeps best
NOISE = 0.02  # of a pixel, 0..1: what a later JPEG of quality 60 adds, against which phases are made firm
BUSY = 0.1  # local standard deviation from which on no more of the mark is hidden
BAND_ROWS = 256  # px, worked on at a time
STEPS = 40  # of gradient ascent


@dataclass(frozen=True)
class Found:
    """z: agreement in standard deviations at the best shift; threshold: what FALSE_ALARM asks for."""

    z: float
    threshold: float

    @property
    def ours(self) -> bool:
        return self.z > self.threshold


def mark(rgb_HW3: np.ndarray, key: bytes, where: np.ndarray | None = None) -> np.ndarray:
    """The marked picture, float32 0..1; the same step in red, green and blue, so that colours keep their hue.

    where   [H, W] bool: only there (None: everywhere); PSNR is counted over it

    More of it goes where the picture is busy (masking), and of each frequency only what turns its phase towards the
    key's: gradient ascent on the detector's own measure, under the cap on energy.
    """
    height, width = rgb_HW3.shape[:2]
    rows, cols = _period(height), _period(width)
    sums, marked = np.zeros((3, rows, cols)), 0
    for band in _bands(height, rows):
        luma_hW, weight_hW = _seen(rgb_HW3, band, where)
        for total, plane in zip(sums, (luma_hW, weight_hW, weight_hW * weight_hW), strict=True):
            _lay(total, plane)
        marked += np.count_nonzero(weight_hW)
    out = np.array(rgb_HW3, np.float32)
    if not marked:
        return out
    copies = height * width / (rows * cols)
    pattern_PQ = _pattern(sums / copies, marked / copies, NOISE / math.sqrt(copies), key)
    for band in _bands(height, rows):  # one band at a time: no second canvas
        step = np.tile(pattern_PQ, (len(band) // rows, width // cols)) * _seen(rgb_HW3, band, where)[1]
        part = out[band.start : band.stop]
        np.clip(part + step[..., None], 0, 1, out=part)
    return out


def search(rgb_HW3: np.ndarray, key: bytes) -> Found:
    """The best agreement over all shifts, for every period that a canvas of this size may have."""
    luma_HW = _luma(rgb_HW3)
    periods = [(p, q) for p in _candidates(luma_HW.shape[0]) for q in _candidates(luma_HW.shape[1])]
    shifts = sum(p * q for p, q in periods)
    threshold = math.sqrt(2 * math.log(shifts / FALSE_ALARM))
    return Found(max(_agreement(_folded(luma_HW, period), key) for period in periods), threshold)


def _agreement(folded_PQ: np.ndarray, key: bytes) -> float:
    """The largest sum of cosines over all shifts, in its own standard deviations."""
    rows, cols = folded_PQ.shape
    phase, band = _phases(key, rows, cols)
    spectrum = np.fft.rfft2(folded_PQ - folded_PQ.mean())
    size = np.abs(spectrum)
    # Below the rounding of a float picture there is no phase to speak of.
    whole = band * spectrum / np.sqrt(size**2 + (1e-5 * math.sqrt(folded_PQ.size)) ** 2)
    spread = math.sqrt(float((np.abs(whole) ** 2).sum()) * 2)  # a half plane: each term stands for two
    if not spread:
        return 0.0
    correlation = np.fft.irfft2(whole * np.conj(phase), s=(rows, cols)) * folded_PQ.size
    return float(correlation.max()) / spread


def _pattern(means_3PQ: np.ndarray, marked: float, noise: float, key: bytes) -> np.ndarray:
    """[P, Q] float32: the weakest of PSNR that is expected to be found, else the strongest.

    means   of luma, weight and squared weight over all copies of each place; marked: pixels of one copy
    """
    for psnr in PSNR:
        pattern_PQ, z = _ascend(*means_3PQ, 10 ** (-psnr / 10) * marked, noise, key)
        if z >= ENOUGH:
            break
    return pattern_PQ


def _ascend(
    folded_PQ: np.ndarray, coverage_PQ: np.ndarray, cost_PQ: np.ndarray, energy: float, noise: float, key: bytes
) -> tuple[np.ndarray, float]:
    """The pattern of one period that, laid over the picture, agrees best with the key within `energy`; how well."""
    rows, cols = folded_PQ.shape
    phase, band = _phases(key, rows, cols)
    key_way = band * phase
    floor = noise**2 * folded_PQ.size
    pattern = np.fft.irfft2(key_way, s=(rows, cols))
    pattern *= math.sqrt(0.25 * energy / float((cost_PQ * pattern**2).sum()))
    for _ in range(STEPS):
        seen = np.fft.rfft2(folded_PQ + coverage_PQ * pattern)
        size2 = np.abs(seen) ** 2 + floor
        along = (seen * np.conj(key_way)).real
        slope = (key_way * size2 - seen * along) / size2**1.5  # of Re(seen conj(key)) / sqrt(size2)
        step = np.fft.irfft2(slope * band, s=(rows, cols)) * coverage_PQ
        spent = math.sqrt(float((cost_PQ * step**2).sum()))
        pattern += 0.2 * math.sqrt(energy) / spent * step
        pattern *= min(1.0, math.sqrt(energy / float((cost_PQ * pattern**2).sum())))
    seen = np.fft.rfft2(folded_PQ + coverage_PQ * pattern)
    along = (seen * np.conj(key_way)).real / np.sqrt(np.abs(seen) ** 2 + floor)
    return pattern.astype(np.float32), float(along.sum()) * math.sqrt(2 / float(band.sum()))


@lru_cache(maxsize=4)
def _phases(key: bytes, rows: int, cols: int) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors [rows, cols // 2 + 1] that the key gives this period, and the band (1 inside, 0 outside)."""
    seed = int.from_bytes(hashlib.sha256(b"watermark" + key + f"{rows}x{cols}".encode()).digest()[:16], "little")
    drawn = np.random.Generator(np.random.Philox(key=seed)).random((rows, cols // 2 + 1))
    across, down = np.fft.rfftfreq(cols)[None, :], np.fft.fftfreq(rows)[:, None]
    radius = np.hypot(across, down)
    # Column 0 holds each frequency twice, as conjugates: left out, so that every term stands for itself.
    band = (radius >= BAND[0]) & (radius <= BAND[1]) & (across > 0)
    return np.exp(2j * np.pi * drawn), band.astype(np.float64)


def _folded(plane_HW: np.ndarray, period: tuple[int, int]) -> np.ndarray:
    """[P, Q] float64: mean over all copies of each place of the period; what is left at the rim counts too."""
    total = np.zeros(period)
    for top in range(0, len(plane_HW), period[0]):
        _lay(total, plane_HW[top : top + period[0]])
    copies = (-(-(side - np.arange(p)) // p) for side, p in zip(plane_HW.shape, period, strict=True))
    return total / np.maximum(np.outer(*copies), 1)


def _lay(total_PQ: np.ndarray, band_hW: np.ndarray) -> None:
    """Add every copy of the period in a band of whole rows of copies; the last ones may be cut."""
    rows, cols = total_PQ.shape
    for top in range(0, band_hW.shape[0], rows):
        for left in range(0, band_hW.shape[1], cols):
            block = band_hW[top : top + rows, left : left + cols]
            total_PQ[: block.shape[0], : block.shape[1]] += block


def _period(side: int) -> int:
    """The smallest divisor that is at least LEAST; two tiles side by side have the same one in nearly every case."""
    return next((p for p in range(min(LEAST, side), side + 1) if side % p == 0), side)


def _candidates(side: int) -> list[int]:
    """Periods that tiles on a canvas of this size may have been given; LEAST also for crops of common sizes."""
    divisors = [p for p in range(min(LEAST, side), side + 1) if side % p == 0 and _period(p) == p]
    return sorted({*divisors, min(LEAST, side)})


def _luma(rgb_HW3: np.ndarray) -> np.ndarray:
    return cv2.transform(np.ascontiguousarray(rgb_HW3, np.float32), LUMA[None, :])


def _bands(height: int, rows: int) -> list[range]:
    """Whole copies of the period, at least BAND_ROWS high."""
    step = -(-BAND_ROWS // rows) * rows
    return [range(top, min(top + step, height)) for top in range(0, height, step)]


def _seen(rgb_HW3: np.ndarray, band: range, where: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Luma of a band, and how much of the mark it takes: three times as much where it is busy as where it is smooth."""
    rim = 4  # px
    box = (2 * rim + 1, 2 * rim + 1)
    around = np.arange(band.start - rim, band.stop + rim) % len(rgb_HW3)
    luma = np.pad(_luma(rgb_HW3[around]), ((0, 0), (rim, rim)), mode="wrap")
    mean = cv2.blur(luma, box)
    spread = np.sqrt(np.maximum(cv2.blur(luma * luma, box) - mean * mean, 0))
    weight = np.clip(0.5 + spread / BUSY, 0.5, 1.5)
    inside = slice(rim, -rim), slice(rim, -rim)
    if where is None:
        return luma[inside], weight[inside]
    return luma[inside], weight[inside] * where[band.start : band.stop]
