"""One number for a set of pictures: it changes with any pixel, name or class."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np

from pilots.creative.data.contract import Exemplar


def fingerprint(images: Iterable[Exemplar]) -> str:
    """SHA-256 over names, classes, sizes and pixels, the same on every machine."""
    digest = hashlib.sha256()
    for image in images:
        digest.update(repr((image.name, image.group, image.periodic)).encode("utf-8", "surrogateescape"))
        for plane in (image.rgb_HW3, image.height_HW, image.roughness_HW):
            digest.update(repr(None if plane is None else plane.shape).encode())
            digest.update(b"" if plane is None else np.ascontiguousarray(plane, "<f4").tobytes())
    return digest.hexdigest()
