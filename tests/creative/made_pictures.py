"""Small pictures with known properties."""

import cv2
import numpy as np

from pilots.creative.data.contract import Exemplar, Exemplars


def texture(seed: int, height: int = 128, width: int = 128, grain: float = 1.5, colour: bool = True) -> np.ndarray:
    """[H, W, 3] float32: random spots of about `grain` px and a little noise, on a torus."""
    rng = np.random.default_rng(seed)
    planes = 3 if colour else 1
    cycles = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width))
    spots = np.fft.ifft2(
        np.fft.fft2(rng.standard_normal((planes, height, width))) * np.exp(-((4 * grain * cycles) ** 2))
    )
    spots = np.moveaxis(spots.real, 0, 2)
    made = 0.5 + 0.15 * (spots - spots.mean()) / spots.std() + 0.01 * rng.standard_normal((height, width, 1))
    made = np.clip(made, 0, 1).astype(np.float32)
    return made if colour else np.repeat(made, 3, axis=2)


def exemplars(classes: int = 2, each: int = 1, size: int = 128) -> Exemplars:
    """Spots of another grain in every class."""
    images = [
        Exemplar(f"c{c}/{i}.png", f"c{c}", texture(10 * c + i, size, size, 1.5 + c))
        for c in range(classes)
        for i in range(each)
    ]
    return Exemplars("spots", tuple(images), "CC0-1.0", "0" * 64)


def blurred(rgb: np.ndarray, sigma: float) -> np.ndarray:
    return cv2.GaussianBlur(rgb, (0, 0), sigma, borderType=cv2.BORDER_REFLECT)
