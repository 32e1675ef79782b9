"""`variation` and `repair` begin from a picture of the user's; what is to stay stays, bit by bit."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from common.fault import Fault
from pilots.creative.use import repair, variation


@pytest.fixture
def photo(tmp_path):
    """A photo of 8 or 16 bits whose edges do not meet."""

    def make(height=96, width=128, bits=8, meets=False):
        ramp = np.linspace(0.1, 0.9, width)[None, :, None] * np.linspace(0.6, 1, height)[:, None, None]
        ramp = np.full_like(ramp, 0.5) if meets else ramp
        speckle = np.random.default_rng(0).normal(0, 0.05, (height, width, 3))
        pixels = (np.clip(ramp + speckle, 0, 1) * (2**bits - 1)).astype(f"uint{bits}")
        cv2.imwrite(str(tmp_path / "wall.png"), pixels)
        return tmp_path / "wall.png", pixels

    return make


def only(folder):
    [path] = folder.iterdir()
    return path, cv2.imread(str(path), cv2.IMREAD_UNCHANGED)


@pytest.mark.parametrize(("bits", "maps"), [(8, False), (16, False), (8, True)])
def test_repair_leaves_every_pixel_outside_the_cross(toy_folder, toy_maps_folder, photo, tmp_path, bits, maps):
    path, before = photo(bits=bits)
    bundle = toy_maps_folder if maps else toy_folder
    repair.main([str(path), "--bundle", str(bundle), "--width", "24", "--out", str(tmp_path / "o")])
    name, after = only(tmp_path / "o")
    assert name.name == "wall_repair_0.png"
    assert after.dtype == before.dtype
    y, x = np.arange(96), np.arange(128)
    anew = ((y < 12) | (y >= 84))[:, None] | ((x < 12) | (x >= 116))
    np.testing.assert_array_equal(after[~anew], before[~anew])
    assert (after[anew] != before[anew]).mean() > 0.9


def test_repair_in_windows_is_repair_in_one(toy, photo):
    from pilots.creative.use.draw import Kept, Painter
    from pilots.creative.use.own import read_own

    path, _ = photo(256, 512)
    own = read_own(path, Painter(toy).material, crop=False)
    kept = Kept(lambda y, x: own.planes(("red", "green", "blue"), y, x), repair.cross_of(256, 512, 32))
    anew = kept.mask(range(256), range(512)) > 0
    assert anew.mean() == pytest.approx(1 - (224 / 256) * (480 / 512))
    whole, windows = (Painter(toy, pixels).repair([0], kept, 256, 512, 1, 4) for pixels in (1 << 30, 96 * 96))
    np.testing.assert_allclose(windows[:, anew], whole[:, anew], rtol=0, atol=1e-5)


def test_variation_of_strength_0_gives_the_picture_back_and_of_1_keeps_nothing(toy_folder, photo, tmp_path):
    path, before = photo(meets=True)
    drawn = {}
    for strength in ("0", "0.5", "1"):
        out = tmp_path / strength
        variation.main(
            [str(path), "--bundle", str(toy_folder), "--strength", strength, "--class", "moss", "--out", str(out)]
        )
        drawn[strength] = only(out)[1]
    error = drawn["0"].astype(float) - before
    assert 40 <= 10 * np.log10(255**2 / np.square(error).mean()) < 45  # dB: nothing but the watermark
    from pilots.creative.use import tile

    tile.main([str(toy_folder), "--class", "moss", "--size", "128x96", "--out", str(tmp_path / "tile")])
    np.testing.assert_array_equal(drawn["1"], only(tmp_path / "tile")[1])
    distance = [np.abs(drawn[s].astype(float) - before).mean() for s in ("0", "0.5", "1")]
    assert distance == sorted(distance)


def test_a_variation_closes_edges_that_do_not_meet(toy_folder, photo, tmp_path):
    path, before = photo()
    variation.main([str(path), "--bundle", str(toy_folder), "--strength", "0", "--out", str(tmp_path / "o")])
    after = only(tmp_path / "o")[1].astype(float)
    inside, rim = (slice(24, -24), slice(24, -24)), (slice(0, 24), slice(None))
    assert np.abs(after - before)[inside].max() < 20  # the watermark alone
    assert np.abs(after - before)[rim].mean() > 20


def test_a_variation_names_its_picture_and_counts_seeds(toy_folder, photo, tmp_path):
    path, _ = photo()
    variation.main(
        [str(path), "--bundle", str(toy_folder), "--count", "2", "--seed", "5", "--out", str(tmp_path / "o")]
    )
    assert sorted(p.name for p in (tmp_path / "o").iterdir()) == ["wall_variation_5.png", "wall_variation_6.png"]


def test_the_nearest_training_picture_is_found(toy):
    """A picture drawn in the manner of one of them is recognised as its own."""
    from pilots.creative.pictures.write import whole_numbers
    from pilots.creative.use.draw import Painter
    from pilots.creative.use.own import Own, nearest

    painter = Painter(toy)
    for image in range(3):
        drawn = painter.tile([image], 128, 128, 4, 8)
        own = Own("x.png", b"", whole_numbers(np.moveaxis(drawn[:3], 0, 2), 8))
        assert nearest(painter, own, [0, 1, 2]) == image


def test_a_size_that_does_not_fit_is_named_or_cropped(toy_folder, photo, tmp_path):
    path, before = photo(100, 130)
    words = [str(path), "--bundle", str(toy_folder), "--out", str(tmp_path / "o")]
    with pytest.raises(
        Fault,
        match=r"wall.png has 130x100 px, and sides must be multiples of 8: say --crop .* 128x96, .* 136x104",
    ):
        repair.main(words)
    assert not (tmp_path / "o").exists()
    repair.main([*words, "--crop", "--width", "16"])
    after = only(tmp_path / "o")[1]
    np.testing.assert_array_equal(after[8:-8, 8:-8], before[8:88, 8:120])


def test_a_cross_wider_than_the_picture_allows_is_refused(toy_folder, photo, tmp_path):
    path, _ = photo()
    with pytest.raises(Fault, match="width is 90; of this picture it is an even number of px up to 48"):
        repair.main([str(path), "--bundle", str(toy_folder), "--width", "90", "--out", str(tmp_path / "o")])
    assert not (tmp_path / "o").exists()
