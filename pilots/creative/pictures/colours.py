"""Palettes: colours typed by a person, and the few colours that a picture is made of.

Axes: K colours, H, W pixels, 3 = red, green, blue in sRGB. Lab is CIE L*a*b* (D65), as OpenCV computes it.
"""

from __future__ import annotations

import re

import cv2
import numpy as np

from common.fault import Fault

MOST = 16  # colours; more is no palette but a picture
SEEN = 20_000  # pixels that a palette is taken from
COLOUR = re.compile(r"#?([0-9a-fA-F]{6}|[0-9a-fA-F]{3})")


def parse(text: str) -> np.ndarray:
    """'#aa3311,#fec' -> [K, 3] uint8; a Fault names the word that is no colour."""
    colours = []
    for word in map(str.strip, text.split(",")):
        match = COLOUR.fullmatch(word)
        if match is None:
            raise Fault(f"'{word:.40}' is no colour: write palettes as '#aa3311,#ffeecc', six hexadecimal digits each")
        digits = match[1] if len(match[1]) == 6 else "".join(2 * d for d in match[1])
        colours.append(tuple(bytes.fromhex(digits)))
    if not 2 <= len(colours) <= MOST:
        some = "one colour" if len(colours) == 1 else f"{len(colours)} colours"
        raise Fault(f"'{text:.80}' holds {some}: a palette has 2 to {MOST}, such as '#aa3311,#ffeecc'")
    for colour in colours:
        if colours.count(colour) > 1:
            raise Fault(f"{name(colour)} stands twice in the palette: name each colour once")
    return np.array(colours, np.uint8)


def name(colour) -> str:
    """#aa3311"""
    return "#" + bytes(int(value) for value in colour).hex()


def to_lab(rgb: np.ndarray) -> np.ndarray:
    """[..., 3] in 0..1 -> [..., 3] float32: L* 0..100, a*, b*."""
    rows = np.ascontiguousarray(rgb, np.float32).reshape(1, -1, 3)
    return cv2.cvtColor(rows, cv2.COLOR_RGB2Lab).reshape(rgb.shape)


def from_lab(lab: np.ndarray) -> np.ndarray:
    """[..., 3] float32 in 0..1; what no screen can show is cut at its limits."""
    rows = np.ascontiguousarray(lab, np.float32).reshape(1, -1, 3)
    return np.clip(cv2.cvtColor(rows, cv2.COLOR_Lab2RGB).reshape(lab.shape), 0, 1)


def to_bytes(rgb: np.ndarray) -> np.ndarray:
    """0..1 -> uint8, the nearest."""
    return np.round(255 * np.clip(rgb, 0, 1)).astype(np.uint8)


def delta_e(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Difference of colours, CIE76 (ISO/CIE 11664-4): distance in Lab; 2.3 is just noticeable. [..., 3] in 0..1."""
    return np.linalg.norm(to_lab(one).astype(np.float64) - to_lab(other), axis=-1)


def taken(rgb_HW3: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The `count` colours a picture is made of, [K, 3] in Lab, darkest first, and the share of pixels of each.

    k-means (OpenCV, seeded) over at most SEEN pixels. A picture of fewer colours gives only those.
    """
    pixels = rgb_HW3.reshape(-1, 3)
    lab = to_lab(pixels[:: max(1, len(pixels) // SEEN)])
    single = np.unique(np.round(lab, 2), axis=0)
    if len(single) <= count:
        centres = single.astype(np.float32)
    else:
        cv2.setRNGSeed(0)
        stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 60, 0.05)
        _, _, centres = cv2.kmeans(lab, count, None, stop, 4, cv2.KMEANS_PP_CENTERS)
    centres = centres[np.argsort(centres[:, 0], kind="stable")]
    share = np.bincount(closest(lab, centres), minlength=len(centres)) / len(lab)
    return centres, share


def closest(lab: np.ndarray, centres_K3: np.ndarray) -> np.ndarray:
    """Number of the nearest centre for every row of [N, 3]."""
    best, least = np.zeros(len(lab), np.uint8), np.full(len(lab), np.inf, np.float32)
    for k, centre in enumerate(centres_K3):  # one at a time: a large picture needs no [N, K] array
        apart = ((lab - centre) ** 2).sum(axis=1)
        best[apart < least], least = k, np.minimum(apart, least)
    return best
