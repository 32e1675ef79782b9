"""A picture in other colours: exactly in a palette, or smoothly by optimal transport.

Both put dark in place of dark and light in place of light. Axes: K colours, H, W pixels, 3 as in colours.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pilots.creative.pictures.colours import SEEN, closest, from_lab, taken, to_lab

EVEN = 1.0  # Lab units squared, added to every spread: a flat picture has none of its own


def exact(rgb_HW3: np.ndarray, palette_K3: np.ndarray) -> np.ndarray:
    """[H, W, 3] uint8 in which every pixel is a colour of the palette (uint8).

    The picture's own colours, as many as the palette has, are put in order of lightness, and so are the palette's:
    the first takes the first's place. Where the picture has fewer, the palette's lightest and darkest stay in use.
    """
    own_J3, _ = taken(rgb_HW3, len(palette_K3))
    order = np.argsort(to_lab(palette_K3[None].astype(np.float32) / 255)[0, :, 0], kind="stable")
    place = np.round(np.linspace(0, len(palette_K3) - 1, len(own_J3))).astype(int)
    new_J3 = palette_K3[order[place]]
    painted = np.empty(rgb_HW3.shape, np.uint8)
    for y in range(0, len(rgb_HW3), 256):  # in strips: a large picture needs no second float copy
        strip = rgb_HW3[y : y + 256]
        painted[y : y + 256] = new_J3[closest(to_lab(strip).reshape(-1, 3), own_J3)].reshape(strip.shape)
    return painted


@dataclass(frozen=True, eq=False)
class Transport:
    """Linear map of Lab colours, centre to centre and spread to spread.

    The Monge-Kantorovich map between two normal distributions: of all linear maps it moves colours least
    (F. Pitie, A. Kokaram, "The linear Monge-Kantorovitch linear colour mapping", CVMP 2007).
    """

    old_3: np.ndarray
    new_3: np.ndarray
    map_33: np.ndarray

    def __call__(self, rgb: np.ndarray) -> np.ndarray:
        """[..., 3] in 0..1 -> the same in new colours."""
        lab = to_lab(np.asarray(rgb, np.float32))
        return from_lab((lab - self.old_3) @ self.map_33 + self.new_3)


def towards_palette(rgb_HW3: np.ndarray, palette_K3: np.ndarray) -> Transport:
    """The map from a picture's colours to a palette's, which is used in the shares of the picture's own."""
    own_J3, share_J = taken(rgb_HW3, len(palette_K3))
    lab_K3 = to_lab(palette_K3[None].astype(np.float32) / 255)[0]
    lab_K3 = lab_K3[np.argsort(lab_K3[:, 0], kind="stable")]
    place = np.round(np.linspace(0, len(lab_K3) - 1, len(own_J3))).astype(int)
    return _transport(*_moments(_seen(rgb_HW3)), *_moments(lab_K3[place], share_J))


def towards_picture(rgb_HW3: np.ndarray, like_HW3: np.ndarray) -> Transport:
    """The map from one picture's colours to another's."""
    return _transport(*_moments(_seen(rgb_HW3)), *_moments(_seen(like_HW3)))


def _seen(rgb_HW3: np.ndarray) -> np.ndarray:
    pixels = rgb_HW3.reshape(-1, 3)
    return to_lab(pixels[:: max(1, len(pixels) // SEEN)])


def _moments(lab_N3: np.ndarray, share_N: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    mean = np.average(lab_N3.astype(np.float64), axis=0, weights=share_N)
    spread = np.cov(lab_N3.T.astype(np.float64), aweights=share_N, ddof=0) if len(lab_N3) > 1 else np.zeros((3, 3))
    return mean, spread + EVEN * np.eye(3)


def _transport(old_3: np.ndarray, old_33: np.ndarray, new_3: np.ndarray, new_33: np.ndarray) -> Transport:
    root = _root(old_33)
    back = np.linalg.inv(root)
    return Transport(old_3, new_3, back @ _root(root @ new_33 @ root) @ back)


def _root(spread_33: np.ndarray) -> np.ndarray:
    """Symmetric square root."""
    values, vectors = np.linalg.eigh(spread_33)
    return (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
