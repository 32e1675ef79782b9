"""Patch nearest neighbours: exchanges with known answers, and a tile that wraps."""

import numpy as np
import pytest

from pilots.creative.metrics.seam import seam
from pilots.creative.models.patch_nn import PatchNn, cut, nearest, torus_resized, vote
from tests.creative.made_pictures import exemplars, texture


def test_patches_of_a_torus_vote_for_what_they_were_cut_from():
    tile = texture(0, 24, 24)
    whole = np.pad(tile, ((3, 3), (3, 3), (0, 0)), "wrap")
    for stride in (1, 2):
        np.testing.assert_allclose(vote(cut(whole, 7, stride), 24, stride), tile, atol=1e-6)


def test_nearest_keys_and_completeness():
    keys = np.array([[0, 0], [1, 0], [10, 0]], np.float32)
    asked = np.array([[0.1, 0], [0.9, 0], [1.2, 0]], np.float32)
    assert nearest(asked, keys, 1e-6)[2] == 2  # the far key is claimed by the one that is least far from it
    assert nearest(asked, keys, 1e6).tolist() == [0, 1, 1]


def test_a_tile_at_another_size_still_wraps():
    wave = np.sin(np.arange(32) * np.pi / 8, dtype=np.float32)  # twice from edge to edge
    stripes = np.tile(wave[:, None, None], (1, 32, 3))
    made = torus_resized(stripes, 24)
    assert made.shape == (24, 24, 3)
    np.testing.assert_allclose(made[:12], made[12:], atol=1e-3)


def test_tiles_repeat_themselves_wrap_and_know_only_the_left_part():
    seen, dark = (exemplars(classes=1, size=96) for _ in range(2))
    dark.images[0].rgb_HW3[:, dark.images[0].cut :] = 0
    one, again = (PatchNn(rounds=2).fit(e, 0).tiles(0, [0, 1], 48) for e in (seen, dark))
    np.testing.assert_array_equal(one, again)
    assert one.shape == (2, 48, 48, 3)
    assert one.dtype == np.float32
    assert np.abs(one[0] - one[1]).max() > 0.05
    assert max(seam(tile)[1] for tile in one) < 1.6
    assert abs(one.mean() - seen.images[0].left().rgb_HW3.mean()) < 0.03


@pytest.mark.parametrize(
    ("wrong", "said"),
    [({"patch": 6}, "odd"), ({"coarsest": 9}, "two patches"), ({"rounds": 0}, "rounds"), ({"alpha": 0.0}, "alpha")],
)
def test_wrong_settings_are_named(wrong, said):
    with pytest.raises(ValueError, match=said):
        PatchNn(**wrong)
