"""A map of colours as a .cube file, for grading programs (Adobe, "Cube LUT Specification" 1.0, 2013)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

POINTS = 33  # on each axis, as grading programs expect
LONGEST = 100  # letters of a title


def cube(change: Callable[[np.ndarray], np.ndarray], title: str) -> bytes:
    """The file's text. `change` maps [N, 3] colours in 0..1, sRGB, to the same; red runs fastest."""
    at = np.linspace(0, 1, POINTS, dtype=np.float32)
    blue, green, red = np.meshgrid(at, at, at, indexing="ij")
    table = change(np.stack([red, green, blue], axis=-1).reshape(-1, 3))
    plain = "".join(c if c.isascii() and c.isprintable() and c != '"' else " " for c in title)[:LONGEST]
    head = [f'TITLE "{plain}"', f"LUT_3D_SIZE {POINTS}", "DOMAIN_MIN 0.0 0.0 0.0", "DOMAIN_MAX 1.0 1.0 1.0"]
    return ("\n".join([*head, *(f"{r:.6f} {g:.6f} {b:.6f}" for r, g, b in table)]) + "\n").encode("ascii")
