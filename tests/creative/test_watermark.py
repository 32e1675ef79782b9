"""The watermark cannot be seen, is found after what happens to a tile, and is not found where it is not."""

from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from pilots.creative.provenance.watermark import mark, search

KEY, OTHER = b"k" * 32, b"o" * 32
cv2.setNumThreads(1)


def coloured(grey_HW: np.ndarray) -> np.ndarray:
    return np.clip(grey_HW[..., None] * np.array([1.0, 0.9, 0.8]), 0, 1).astype(np.float32)


def plaster(height: int, width: int) -> np.ndarray:
    rough = np.random.default_rng(1).standard_normal((height, width)).astype(np.float32)
    return coloured(0.7 + 0.06 * cv2.GaussianBlur(rough, (0, 0), 2))


def gravel(height: int, width: int) -> np.ndarray:
    """Strong at all scales, as 1/f."""
    rng = np.random.default_rng(2)
    radius = np.hypot(np.fft.rfftfreq(width)[None], np.fft.fftfreq(height)[:, None])
    spectrum = np.fft.rfft2(rng.standard_normal((height, width))) / np.maximum(radius, 0.02)
    grey = np.fft.irfft2(spectrum, s=(height, width))
    return coloured(np.clip(0.5 + 0.2 * grey / grey.std(), 0, 1))


def brick(height: int, width: int) -> np.ndarray:
    y, x = np.mgrid[:height, :width]
    joint = (y % 16 < 2) | ((x + 16 * (y // 16 % 2)) % 32 < 2)
    return coloured(np.where(joint, 0.8, 0.4) + 0.02 * np.random.default_rng(3).standard_normal((height, width)))


MATERIALS = {"plaster": plaster, "gravel": gravel, "brick": brick}


def eight_bits(rgb: np.ndarray) -> np.ndarray:
    return np.round(np.clip(rgb, 0, 1) * 255).astype(np.uint8).astype(np.float32) / 255


def jpeg(rgb: np.ndarray, quality: int) -> np.ndarray:
    out = io.BytesIO()
    Image.fromarray(np.round(rgb * 255).astype(np.uint8)).save(out, "JPEG", quality=quality)
    return np.asarray(Image.open(out), np.float32) / 255


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    return float(-10 * np.log10(np.square(a - b).mean()))


@pytest.mark.parametrize("material", MATERIALS)
@pytest.mark.parametrize("size", [(128, 128), (136, 200), (512, 256)])
def test_it_is_hidden_and_found_after_what_happens_to_a_tile(material, size):
    plain = MATERIALS[material](*size)
    marked = mark(plain, KEY)
    assert marked.dtype == np.float32
    assert psnr(eight_bits(marked), eight_bits(plain)) >= 40
    rolled = np.roll(eight_bits(marked), (37, -53), axis=(0, 1))
    after = {
        "roll": rolled,
        "JPEG 60": jpeg(rolled, 60),
        "blur": eight_bits(cv2.GaussianBlur(rolled, (0, 0), 0.8)),
        "contrast": eight_bits(0.5 + 0.8 * (rolled - 0.5)),
        "side by side": np.tile(rolled, (2, 3, 1)),
    }
    for name, seen in after.items():
        assert search(seen, KEY).ours, name
    assert not search(rolled, OTHER).ours
    assert not search(eight_bits(plain), KEY).ours


def test_a_cross_is_marked_and_the_rest_is_bit_identical():
    plain = gravel(256, 384)
    where = np.zeros((256, 384), bool)
    where[96:160] = where[:, 96:160] = True
    marked = mark(plain, KEY, where)
    np.testing.assert_array_equal(marked[~where], plain[~where])
    assert psnr(eight_bits(marked)[where], eight_bits(plain)[where]) >= 40
    assert search(jpeg(np.roll(marked, 128, axis=(0, 1)), 60), KEY).ours
    np.testing.assert_array_equal(mark(plain, KEY, np.zeros((256, 384), bool)), plain)


def test_a_crop_is_enough_where_the_period_is_the_least():
    marked = eight_bits(mark(gravel(512, 512), KEY))
    assert search(marked[13:313, 77:402], KEY).ours


def test_a_marked_tile_is_still_a_torus():
    """The mark is one pattern repeated: rolled by a period it lies where it lay."""
    plain = np.full((256, 384, 3), 0.5, np.float32)
    pattern = mark(plain, KEY) - plain
    np.testing.assert_allclose(np.roll(pattern, (128, 128), axis=(0, 1)), pattern, atol=1e-6)
    assert pattern.std() > 0.004


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_a_picture_of_one_colour_has_no_watermark(value):
    assert not search(np.full((128, 160, 3), value, np.float32), KEY).ours


def test_false_alarms_are_as_rare_as_promised():
    """400 keys that did not mark the picture: the best agreement is that of the largest of so many normals."""
    plain = eight_bits(gravel(128, 128))
    best = np.array([search(plain, bytes([n % 256, n // 256])).z for n in range(400)])
    assert best.max() < search(plain, KEY).threshold
    assert 3.4 < np.median(best) < 4.3  # 16,384 shifts, of which about one in four is independent
