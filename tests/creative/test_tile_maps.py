"""Normal maps and whole numbers, against values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from pilots.creative.pictures.write import DEPTH, encode, names, normal, whole_numbers


def test_a_slope_of_45_degrees_leans_as_far_in_red():
    """Height falls by one pixel a pixel to the right: the surface looks right and up, (1, 0, 1) / sqrt 2."""
    height = np.tile(1 - np.arange(8, dtype=np.float32) / DEPTH, (8, 1))
    red, green, blue = normal(height, "opengl")[4, 4]
    assert red == pytest.approx(0.5 + 0.5 / np.sqrt(2), abs=1e-6)
    assert green == pytest.approx(0.5)
    assert blue == pytest.approx(0.5 + 0.5 / np.sqrt(2), abs=1e-6)


def test_green_points_up_in_opengl_and_down_in_directx():
    """Height rises downwards, so the surface looks up the picture."""
    height = np.tile(np.arange(8, dtype=np.float32)[:, None] / DEPTH, (1, 8))
    assert normal(height, "opengl")[4, 4, 1] == pytest.approx(0.5 + 0.5 / np.sqrt(2), abs=1e-6)
    assert normal(height, "directx")[4, 4, 1] == pytest.approx(0.5 - 0.5 / np.sqrt(2), abs=1e-6)


def test_a_flat_height_is_the_usual_blue_and_the_rim_wraps():
    assert whole_numbers(normal(np.full((4, 4), 0.3, np.float32), "opengl"), 8)[0, 0].tolist() == [128, 128, 255]
    height = np.random.default_rng(0).random((16, 24), np.float32)
    rolled = normal(np.roll(height, (5, 7), (0, 1)), "opengl")
    np.testing.assert_allclose(rolled, np.roll(normal(height, "opengl"), (5, 7), (0, 1)), atol=1e-6)


def test_whole_numbers_are_the_nearest_and_stay_inside():
    picture = np.array([[-0.1, 0.0, 0.5 / 255, 0.6 / 255, 1.0, 1.2]], np.float32)
    assert whole_numbers(picture, 8).tolist() == [[0, 0, 0, 1, 255, 255]]
    exact = np.arange(65536, dtype=np.float32).reshape(256, 256) / 65535
    assert (whole_numbers(exact, 16).ravel() == np.arange(65536)).all()


def test_files_name_their_handedness_and_hold_every_bit():
    import cv2

    assert names("wall", "directx", ("red", "green", "blue", "height", "roughness")) == {
        "base colour": "wall_BaseColor",
        "normal": "wall_Normal_DirectX",
        "height": "wall_Height",
        "roughness": "wall_Roughness",
    }
    picture = np.random.default_rng(0).integers(0, 65536, (5, 7, 3)).astype(np.uint16)
    back = cv2.imdecode(np.frombuffer(encode(picture), np.uint8), cv2.IMREAD_UNCHANGED)[..., ::-1]
    np.testing.assert_array_equal(back, picture)
