"""The head finds the spread that was planted, mends planted misfits, and leaves a good forecast alone."""

from __future__ import annotations

import numpy as np
import pytest

from pilots.healthtech.distribution.head import CountHead
from pilots.healthtech.distribution.levels import LEVELS
from pilots.healthtech.distribution.recalibrate import KNOTS, LevelMap, bands

rng = np.random.default_rng(0)


def counts(mean, dispersion, seed=0):
    made = np.random.default_rng(seed)
    luck = made.gamma(1 / dispersion, dispersion, np.broadcast(mean, dispersion).shape)
    return made.poisson(mean * luck).astype(float)


def test_bands_by_hand():
    np.testing.assert_array_equal(np.bincount(bands(84)), [9, 19, 56])
    np.testing.assert_array_equal(bands(1), [2])


def test_dispersion_is_found_per_series_and_step():
    planted_SH = np.array([[0.01], [0.04]]) * np.linspace(1, 3, 24)
    mean_OSH = np.random.default_rng(1).uniform(80, 120, (400, 2, 24))
    head = CountHead().fit(mean_OSH, counts(mean_OSH, planted_SH, seed=2))
    np.testing.assert_allclose(head.dispersion_SH, planted_SH, rtol=0.3)


def test_with_one_origin_a_series_takes_what_is_common():
    mean_OSH = np.full((60, 2, 12), 100.0)
    y_OSH = counts(mean_OSH, np.array([[0.01], [0.05]]))
    y_OSH[1:, 1] = np.nan
    few, many = CountHead().fit(mean_OSH, y_OSH).dispersion_SH.mean(axis=1)[::-1]
    assert few / many < 3


def test_a_planted_misfit_is_mended_and_a_right_forecast_left_alone():
    u = rng.uniform(size=(200, 1, 27))
    assert np.abs(LevelMap.fit(u, u).value_GK - KNOTS).max() < 0.02
    # outcomes fall below the level u as often as sqrt(u): G must be that
    bent = LevelMap.fit(u**2, u**2)
    np.testing.assert_allclose(bent.value_GK[2], np.sqrt(KNOTS), atol=0.03)
    np.testing.assert_allclose(bent.levels(LEVELS)[-1], LEVELS**2, atol=0.03)


def test_few_origins_leave_the_levels_as_they_are():
    u = rng.uniform(size=(5, 1, 9)) ** 2
    np.testing.assert_array_equal(LevelMap.fit(u, u).value_GK[0], KNOTS)


def test_quantiles_cdf_and_score_speak_of_one_distribution():
    mean_OSH = np.random.default_rng(3).uniform(2, 30, (80, 2, 12))
    y_OSH = counts(mean_OSH * 1.2, 0.1)  # a forecast that is too low: the map is no identity
    head = CountHead().fit(mean_OSH, y_OSH)
    dist = head.distribution(mean_OSH[:5, 1], np.ones(5, int))
    q = dist.quantiles(LEVELS)
    for i, level in enumerate(LEVELS):
        assert (dist.cdf(q[..., i]) >= level - 2e-9).all()
        assert (dist.cdf(q[..., i] - 1) < level).all()
    n = np.arange(400.0)
    cdf = np.stack([dist.cdf(np.full((5, 12), v)) for v in n], axis=-1)
    want = ((cdf - (n >= y_OSH[:5, 1, :, None])) ** 2).sum(axis=-1)
    np.testing.assert_allclose(dist.crps(y_OSH[:5, 1]), want, atol=1e-6)
    assert dist.cdf(np.full((5, 12), -1.0)).max() == pytest.approx(0)


def test_a_planted_bias_is_learnt_and_a_right_mean_left_alone():
    mean_OSH = np.random.default_rng(4).uniform(50, 150, (90, 2, 12))
    factor = CountHead().fit(mean_OSH, counts(mean_OSH * np.array([[1.2], [1.0]]), 0.02)).factor_SH
    np.testing.assert_allclose(factor[0], 1.2, atol=0.05)
    np.testing.assert_allclose(factor[1], 1.0, atol=0.02)
    np.testing.assert_allclose(CountHead().fit(mean_OSH, counts(mean_OSH, 0.02)).factor_SH, 1.0, atol=0.015)


def test_means_that_add_up_are_not_moved():
    mean_OSH = np.full((60, 1, 12), 100.0)
    head = CountHead().fit(mean_OSH, counts(mean_OSH * 1.2, 0.02), keep_mean=True)
    np.testing.assert_array_equal(head.distribution(mean_OSH[0], np.zeros(1, int)).mean_BH, mean_OSH[0])


def test_a_bias_that_turns_about_is_not_learnt():
    mean_OSH = np.full((90, 1, 12), 100.0)
    drift_O11 = np.where(np.arange(90) < 60, 1.2, 0.9)[:, None, None]
    np.testing.assert_array_equal(CountHead().fit(mean_OSH, counts(mean_OSH * drift_O11, 0.02)).factor_SH, 1.0)


def test_a_few_wild_counts_do_not_widen_every_day():
    mean_OSH = np.full((120, 1, 12), 100.0)
    y_OSH = counts(mean_OSH, 0.01)
    y_OSH[::20] *= 3
    assert CountHead().fit(mean_OSH, y_OSH).dispersion_SH.mean() < 0.02


def test_without_any_outcome_the_head_still_answers():
    nothing = np.full((2, 1, 4), np.nan)
    head = CountHead().fit(np.full((2, 1, 4), 100.0), nothing)
    np.testing.assert_allclose(head.dispersion_SH, 0.02)
    np.testing.assert_array_equal(head.maps.value_GK[0], KNOTS)
    assert (CountHead().fit(np.zeros((0, 1, 4)), np.zeros((0, 1, 4))).factor_SH == 1).all()
