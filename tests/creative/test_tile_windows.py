"""Windows give what the whole canvas would, and no pixel is forgotten."""

from __future__ import annotations

import numpy as np
import pytest
import toy_sampler

from pilots.creative.use.draw import Painter
from pilots.creative.use.windows import plan, sweep

SIZES = [(512, 256), (264, 328), (64, 512), (136, 72), (8, 8)]


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_windows_equal_the_whole_picture(toy, height, width):
    whole = Painter(toy, pixels=1 << 30).tile([0], height, width, seed=3, steps=2)
    for pixels in (256 * 256, 100 * 48):
        windows = Painter(toy, pixels).tile([0], height, width, seed=3, steps=2)
        np.testing.assert_allclose(windows, whole, rtol=0, atol=1e-5)


def test_a_rolled_noise_gives_a_rolled_picture(toy, monkeypatch):
    import pilots.creative.use.draw as draw

    plain = Painter(toy, 128 * 128).tile([1], 192, 256, 5, 4)
    drawn = draw.tile_noise
    monkeypatch.setattr(draw, "tile_noise", lambda *given: np.roll(drawn(*given), (72, 104), (1, 2)))
    rolled = Painter(toy, 128 * 128).tile([1], 192, 256, 5, 4)
    np.testing.assert_allclose(rolled, np.roll(plain, (72, 104), (1, 2)), rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("height", "width"), [(4096, 4096), (1024, 1024), (8, 4096), (4096, 8), (1032, 2048), (520, 648)]
)
def test_a_plan_covers_every_pixel_once_within_its_budget(height, width):
    cut = plan(height, width, 64, 8)
    assert [y for rows in cut.rows for y in rows] == list(range(height))
    assert [x for columns in cut.columns for x in columns] == list(range(width))
    for parts in (cut.rows, cut.columns):
        assert all(part.start % 8 == 0 for part in parts)
        assert len(parts) == 1 or min(map(len, parts)) >= 64
    tall = len(cut.rows[0]) if len(cut.rows) == 1 else max(map(len, cut.rows)) + 128
    wide = len(cut.columns[0]) if len(cut.columns) == 1 else max(map(len, cut.columns)) + 128
    assert tall * wide <= 1200 * 1200


def test_a_sweep_in_place_sees_old_values_only():
    """Every pixel becomes the sum of its neighbourhood, as one roll of the untouched canvas gives it."""
    canvas = np.random.default_rng(0).normal(size=(1, 96, 80)).astype(np.float32)

    def work(window, rows, columns):
        return sum(np.roll(window, (dy, dx), (1, 2)) for dy in (-8, 0, 8) for dx in (-8, 0, 8))

    wanted = work(canvas, None, None)
    cut = plan(96, 80, 8, 8, 48 * 48)
    assert len(cut.rows) > 1
    assert len(cut.columns) > 1
    sweep(canvas, cut, work)
    np.testing.assert_allclose(canvas, wanted, rtol=0, atol=1e-5)


def test_more_channels_than_planes_or_fewer(toy, tmp_path):
    from pilots.creative.use.windows import Plan

    canvas, into = np.ones((1, 16, 16), np.float32), np.zeros((3, 16, 16), np.float32)
    sweep(canvas, Plan([range(16)], [range(16)], 8), lambda window, y, x: np.repeat(window, 3, 0), into)
    assert into.min() == 1
    assert toy_sampler.HALO % toy_sampler.MULTIPLE == 0
