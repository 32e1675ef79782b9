"""Pictures to bytes, and the set of maps that a game engine expects of a material.

Axes: H, W pixels, 3 = red, green, blue.
"""

from __future__ import annotations

import re
from pathlib import Path

import cv2
import numpy as np

from common.fault import Fault

FORMATS = ("png", "webp")
BITS = (8, 16)
HANDEDNESS = {"opengl": "OpenGL", "directx": "DirectX"}
DEPTH = 8.0  # pixels from the lowest to the highest point of a material; steeper than 45 degrees only at edges
LONGEST = 40  # letters of a file's stem that come from elsewhere
ROWS = 64  # turned into whole numbers at a time, so that no second float picture is held


def whole_numbers(picture: np.ndarray, bits: int) -> np.ndarray:
    """The picture [H, W] or [H, W, 3], 0..1, as uint8 or uint16, rounded to the nearest step."""
    top = 2**bits - 1
    made = np.empty(picture.shape, f"uint{bits}")
    for y in range(0, len(picture), ROWS):
        made[y : y + ROWS] = np.rint(np.clip(picture[y : y + ROWS], 0, 1) * np.float32(top))
    return made


def encode(picture: np.ndarray, fmt: str = "png") -> bytes:
    """A file of [H, W] or [H, W, 3] uint8 or uint16, lossless; red, green, blue as encoded in sRGB, or a grey map."""
    if fmt == "webp" and picture.dtype != np.uint8:
        raise Fault("WebP holds 8 bits: use --bits 8, or --format png")
    options = {"png": [cv2.IMWRITE_PNG_COMPRESSION, 1], "webp": [cv2.IMWRITE_WEBP_QUALITY, 101]}[fmt]
    turned = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR) if picture.ndim == 3 else picture
    done, data = cv2.imencode(f".{fmt}", turned, options)
    if not done:
        raise Fault(f"the picture of {picture.shape[1]}x{picture.shape[0]} px could not be written as {fmt}")
    return data.tobytes()


def normal(height: np.ndarray, handedness: str) -> np.ndarray:
    """[H, W, 3] 0..1: the normal map of a height [H, W] 0..1 whose edges meet (Scharr's derivative, over the rim too).

    Red points right. Green points up in OpenGL's handedness and down in DirectX's; blue points out of the surface.
    """
    rim = cv2.copyMakeBorder(height.astype(np.float32) * DEPTH, 1, 1, 1, 1, cv2.BORDER_WRAP)
    right, down = (cv2.Scharr(rim, cv2.CV_32F, dx, dy, scale=1 / 32)[1:-1, 1:-1] for dx, dy in ((1, 0), (0, 1)))
    green = down if handedness == "opengl" else -down
    length = np.sqrt(right * right + down * down + 1)
    return np.stack([-right / length, green / length, 1 / length], axis=2) * 0.5 + 0.5


def names(stem: str, handedness: str, planes: tuple[str, ...]) -> dict[str, str]:
    """Map -> file name, as game engines recognise them: the set of one material."""
    found = {"base colour": f"{stem}_BaseColor"}
    if "height" in planes:
        found |= {"normal": f"{stem}_Normal_{HANDEDNESS[handedness]}", "height": f"{stem}_Height"}
    if "roughness" in planes:
        found["roughness"] = f"{stem}_Roughness"
    return found


def stem(word: str) -> str:
    """A name from elsewhere as part of a file name: letters and digits alone, so it never leads out of a folder."""
    return re.sub(r"\W+", "_", Path(word.replace("\\", "/")).stem)[:LONGEST].strip("_") or "picture"
