"""The pattern library: true distances, true tilings, the same patterns from the same seed."""

from __future__ import annotations

import numpy as np
import pytest

from pilots.creative.data.patterns import geometry as g
from pilots.creative.data.patterns import library

FINE = 4  # points per cell of the drawing that distances are measured on
ROUNDED = {"waves", "hexagons", "herringbone", "scales"}  # inside their joints distances are mitred, not round


def measured(figure_HW: np.ndarray) -> np.ndarray:
    """Signed distance around the torus, in cells, by counting pixels; at cell middles."""
    from scipy.ndimage import distance_transform_edt

    side = len(figure_HW)
    nine = np.tile(figure_HW, (3, 3))[side // 2 : -(side // 2), side // 2 : -(side // 2)]
    distance = (distance_transform_edt(~nine) - distance_transform_edt(nine))[side // 2 :, side // 2 :] / FINE
    near = [np.arange(side // FINE) * FINE + FINE // 2 - k for k in (0, 1)]
    return np.mean([distance[np.ix_(rows, columns)] for rows in near for columns in near], axis=0)


@pytest.mark.parametrize("name", library.NAMES)
def test_a_field_is_the_distance_to_the_rim_of_its_figure_around_the_torus(name):
    lattice = library.CLASSES[name][1][1:2]
    field = library.drawn(name, lattice, np.random.default_rng(3))[0]
    figure = library.drawn(name, lattice, np.random.default_rng(3), library.SIZE * FINE)[0] < 0  # the same, finer
    apart = np.abs(field - np.clip(measured(figure), -library.FAR, library.FAR))
    near = np.abs(field) < 2  # what is drawn: outlines lie here
    assert apart[near].max() < (2.0 if name in ROUNDED else 0.5)
    assert apart.mean() < 0.15


def test_single_shapes_against_distances_worked_out_by_hand():
    one = np.float64(1.0)
    assert g.box(np.array([0.0, 3.0, 4.0]), np.array([0.0, 0.0, 5.0]), one, one) == pytest.approx([-1, 2, 5])
    assert g.cross(np.array([0.0, 3.0, 1.0]), np.array([0.0, 0.0, 1.0]), 2 * one, 0.5 * one) == pytest.approx(
        [-np.sqrt(0.5), 1, 0.5]
    )
    assert g.vesica(np.array([0.0, 1.0, 0.0]), np.array([0.0, 0.0, 3.0]), 2 * one, one) == pytest.approx([-1, 0, 1])
    assert g.zigzag(np.array([0.0, 1.0, 1.0]), np.array([0.0, 1.0, 2.0]), 4 * one, 2 * one) == pytest.approx([0, 0, 1])


def test_the_same_seed_gives_the_same_patterns_and_another_seed_others():
    fields, kinds = library.sample(2, 7)
    again, _ = library.sample(2, 7)
    other, _ = library.sample(2, 8)
    assert fields.shape == (2 * len(library.NAMES), library.SIZE, library.SIZE)
    assert fields.dtype == np.float32
    assert (np.bincount(library.CLASS_K[kinds]) == 2).all()
    np.testing.assert_array_equal(fields, again)
    assert all(np.abs(a - b).max() > 0.5 for a, b in zip(fields, other, strict=True))


def test_no_pattern_is_empty_and_none_is_drawn_too_thin():
    fields, _ = library.sample(20, 1)
    share = (fields < 0).mean(axis=(1, 2))
    assert share.min() > 0.04
    assert share.max() < 0.8
    assert (fields.min(axis=(1, 2)) < -1).all()
    assert (fields.max(axis=(1, 2)) > 1).all()


def test_the_library_says_when_it_changes():
    assert library.fingerprint() == library.fingerprint()
    assert len(library.fingerprint()) == 64
