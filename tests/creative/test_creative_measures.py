"""Every measure against answers known beforehand."""

import numpy as np
import pytest

from pilots.creative.metrics import copying, patches, spectrum
from pilots.creative.metrics.bootstrap import interval
from pilots.creative.metrics.seam import LEVEL, seam
from pilots.creative.metrics.swd import directions, quantiles, spread, swd
from tests.creative.made_pictures import blurred, texture


def shadows(rgb, count=2000, seed=0):
    return quantiles(patches.sample(rgb, 7, count, np.random.default_rng(seed)))


def test_a_shift_of_every_pixel_moves_every_shadow_by_the_sum_of_its_direction():
    one = texture(0) * 0.5
    at_one, at_other = shadows(one), shadows(one + np.float32(0.2))
    assert swd(at_one, at_one, 1.0) == 0
    assert swd(at_one, at_other, 0.5) == pytest.approx(0.2 * np.abs(directions().sum(axis=0)).mean() / 0.5, rel=1e-4)


def test_directions_are_unit_vectors():
    np.testing.assert_allclose((directions() ** 2).sum(axis=0), 1, rtol=1e-5)
    assert directions().shape == (147, 128)


def test_three_equal_planes_lie_as_far_apart_as_one():
    one, other = (texture(s, colour=False) for s in (0, 1))
    other = blurred(other, 1)
    at = patches.places(128, 128, 7, 2000, np.random.default_rng(0))
    cuts = [patches.cut(x, 7, at) for x in (one, other)]
    light = directions().reshape(7, 7, 3, 128).sum(axis=2).reshape(49, 128)  # one plane, unit directions
    np.testing.assert_allclose((light**2).sum(axis=0), 1, rtol=1e-5)
    alone = [np.sort(c[..., 0].reshape(-1, 49) @ light, axis=0)[10::20] for c in cuts]
    known = np.abs(alone[0] - alone[1]).mean() / one[..., 0].std()
    assert swd(quantiles(cuts[0]), quantiles(cuts[1]), spread(one)) == pytest.approx(known, rel=0.02)


def test_another_sample_of_a_texture_is_nearer_than_its_blur_or_another_texture():
    one, again, other = shadows(texture(0)), shadows(texture(1)), shadows(texture(2, grain=4))
    blur = shadows(blurred(texture(0), 2))
    assert swd(one, again, 0.15) < 0.5 * min(swd(one, other, 0.15), swd(one, blur, 0.15))


def test_spectrum_of_half_the_contrast_is_a_factor_of_four_away():
    one = texture(0)
    cuts = spectrum.windows(one, 32, 16, np.random.default_rng(0))
    power = spectrum.log_power(cuts)
    assert len(power) == 16
    assert spectrum.spectrum_error(power, power) == 0
    assert spectrum.spectrum_error(power, spectrum.log_power(cuts / 2)) == pytest.approx(np.log10(4), rel=1e-3)


def test_spectrum_sees_the_blur():
    one, again = (spectrum.windows(texture(s), 32, 16, np.random.default_rng(0)) for s in (0, 1))
    blur = spectrum.windows(blurred(texture(1), 1), 32, 16, np.random.default_rng(0))
    power = spectrum.log_power(one)
    floor = spectrum.spectrum_error(power, spectrum.log_power(again))
    assert spectrum.spectrum_error(power, spectrum.log_power(blur)) > 3 * floor


def test_perfect_tori_pass_at_the_rate_of_the_level_and_mirrors_never():
    tiles = [texture(s, 64, 64, grain=0.5) for s in range(300)]
    share = np.mean([seam(tile)[0] > LEVEL for tile in tiles])
    assert 0.88 < share < 0.98  # (62 / 64)²: ranks of 64 steps
    mirrored = [np.pad(tile[:32, :32], ((0, 32), (0, 32), (0, 0)), "symmetric") for tile in tiles[:20]]
    assert [seam(tile) for tile in mirrored] == [(pytest.approx(seam(mirrored[0])[0]), 0.0)] * 20
    assert seam(mirrored[0])[0] <= LEVEL


def test_seam_of_a_crop_and_of_a_flat_tile():
    crop = texture(0, 256, 256, grain=3)[:64, :64]
    p, ratio = seam(crop)
    assert p <= LEVEL
    assert ratio > 2
    assert seam(np.full((64, 64, 3), 0.5, np.float32)) == (1.0, 1.0)


def test_seam_rank_by_hand():
    tile = np.zeros((8, 8, 3), np.float32)
    tile[:] = np.array([0, 1, 3, 6, 10, 15, 21, 28], np.float32)[:, None, None] / 28  # steps 1 .. 7 and 28 across
    p, ratio = seam(tile)
    assert p == pytest.approx(2 / 8)  # the largest of eight
    assert ratio == pytest.approx(7)


@pytest.fixture(scope="module")
def learned():
    return [texture(s, 96, 80, grain=2.5) for s in range(3)]


@pytest.fixture(scope="module")
def test_of(learned):
    return copying.Copies(learned, [texture(s, 96, 40, grain=2.5) for s in (7, 8)], 0)


def test_nearest_patches_are_found_at_every_offset_and_flip(learned):
    search = copying.Nearest(learned, 16)
    at = [(0, 3, 5), (1, 80, 64), (2, 41, 17)]
    off, where = search.find(np.stack([search.patch(np.array(a)) for a in at]))
    np.testing.assert_allclose(off, 0, atol=1e-6)
    assert [tuple(w) for w in where] == at
    asked = patches.sample(texture(9, grain=2.5), 16, 8, np.random.default_rng(0))
    every = [patches.sample(p, 16, 10**9, np.random.default_rng(0)) for p in learned]
    best = [min(np.sqrt(((e - a) ** 2).mean(axis=(1, 2, 3)).min()) for e in every) for a in asked]
    found = search.find(asked)[0]
    assert (found >= np.array(best) - 1e-6).all()
    assert np.median(found / best) < 1.05


def test_copies_score_nought_also_when_rolled_and_flipped(learned, test_of):
    copied = [np.roll(np.pad(p[:64, 5:69], ((0, 64), (0, 64), (0, 0)), "symmetric"), (9, 31), (0, 1)) for p in learned]
    made = test_of.look(copied, torus=True)
    assert test_of.ratio(made, 0.5) < 0.05
    assert test_of.ratio(made, 0.01) == pytest.approx(0, abs=1e-3)
    assert len(made.off_N) == 4  # 16 and 32 px, each as it is and flipped
    near = [test_of.search[16].patch(w) for w in made.near_NP3[0][:5]]
    for patch, (y, x), flip in zip(near, made.made_NP2[0][:5], made.flip_NP[0][:5], strict=True):
        down, along = copying.FLIPS[flip]
        tile = patches.wrapped(copied[0], 16)[y : y + 16, x : x + 16][::down, ::along]
        assert np.abs(tile - patch).max() < 0.5


def test_unseen_pictures_score_one(test_of):
    made = test_of.look([texture(s, grain=2.5) for s in (20, 21, 22, 23)], torus=True)
    assert test_of.ratio(made, 0.5) == pytest.approx(1, abs=0.08)
    drawn = test_of.resampled(made, 0.5, 50, np.random.default_rng(0))
    assert drawn.min() < test_of.ratio(made, 0.5) < drawn.max() + 0.02


def test_interval_of_a_known_spread():
    values = [np.random.default_rng(s).normal(5, 1, 100) for s in range(4)]
    low, high = interval(values, 0)
    assert low < np.mean(values) < high
    assert high - low == pytest.approx(2 * 1.96 / 20, rel=0.25)
