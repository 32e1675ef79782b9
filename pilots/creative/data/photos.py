"""scikit-image's photographs of brick, grass and gravel: real, grey, not periodic, and in its wheel already."""

from __future__ import annotations

import importlib.resources

import cv2

from common.fault import Fault
from pilots.creative.data.contract import Exemplar, Exemplars
from pilots.creative.data.fingerprint import fingerprint
from pilots.creative.pictures.read import read_picture

NAMES = ("brick", "grass", "gravel")  # CC0 by the docstrings of skimage.data: from CC0Textures and DeviantArt
SIDE = 256  # px, made from 512 by area


class Photos:
    """Three photographs, a class each, grey (three equal planes), 256 x 256 px. Nothing is downloaded."""

    def read(self) -> Exemplars:
        images = tuple(_photo(name) for name in NAMES)
        return Exemplars("scikit-image photographs", images, licence="CC0-1.0", sha256=fingerprint(images))


def _photo(name: str) -> Exemplar:
    with importlib.resources.as_file(importlib.resources.files("skimage") / "data" / f"{name}.png") as path:
        if not path.is_file():
            raise Fault(f"scikit-image came without data/{name}.png: pip install 'scikit-image>=0.26,<0.27'")
        rgb_HW3 = read_picture(path)
    return Exemplar(name, name, cv2.resize(rgb_HW3, (SIDE, SIDE), interpolation=cv2.INTER_AREA))
