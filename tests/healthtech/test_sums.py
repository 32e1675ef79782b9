"""Totals over steps: right where the steps hang together, where sums of quantiles are wrong."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtr
from scipy.stats import nbinom, poisson

from pilots.healthtech.distribution.levels import LEVELS
from pilots.healthtech.distribution.sums import Dependence, normal_score, paths, totals

DAYS, SIZE = 28, 30.0
WEEKS = [np.arange(w * 7, w * 7 + 7) for w in range(4)]
PLANTED = Dependence(level=0.2, near=0.4, rho=0.7)


def planted(origins: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Means [O, H] and counts that hang together as PLANTED says."""
    mean_H = 40 + 15 * np.sin(np.arange(DAYS) * 2 * np.pi / 7)
    z_OH = PLANTED.scores(origins, DAYS, np.random.default_rng(seed))
    return np.tile(mean_H, (origins, 1)), nbinom.ppf(ndtr(z_OH), SIZE, SIZE / (SIZE + mean_H))


def cdf(y, mean):
    return nbinom.cdf(y, SIZE, SIZE / (SIZE + mean))


def coverage_80(low_OG, high_OG, y_OG) -> float:
    """Ends of the interval count half: a total may lie on them."""
    return float((((y_OG > low_OG) & (y_OG < high_OG)) + 0.5 * ((y_OG == low_OG) | (y_OG == high_OG))).mean())


@pytest.fixture(scope="module")
def learnt() -> Dependence:
    mean, y = planted(400, seed=1)
    return Dependence.fit(cdf(y - 1, mean)[:, None], cdf(y, mean)[:, None])


def test_the_planted_dependence_is_found(learnt):
    lag = np.arange(1, DAYS)
    found, want = (d.level + d.near * d.rho**lag for d in (learnt, PLANTED))
    np.testing.assert_allclose(found, want, atol=0.06)


def test_weekly_totals_are_covered_and_sums_of_quantiles_are_not(learnt):
    mean, y = planted(1_500, seed=2)
    q_HQ = nbinom.ppf(LEVELS, SIZE, (SIZE / (SIZE + mean[0]))[:, None])
    total_OG = np.stack([y[:, week].sum(axis=1) for week in WEEKS], axis=1)
    tenth, ninetieth = np.searchsorted(LEVELS, [0.1, 0.9])
    right, independent = (
        totals(q_HQ[None], LEVELS, WEEKS, d)[0][:, [tenth, ninetieth]].T for d in (learnt, Dependence(0.0))
    )
    summed = np.stack([q_HQ[week][:, [tenth, ninetieth]].sum(axis=0) for week in WEEKS], axis=1)
    assert 0.78 <= coverage_80(*right, total_OG) <= 0.82
    assert coverage_80(*independent, total_OG) < 0.65
    assert coverage_80(*summed, total_OG) > 0.88


def test_a_path_has_the_distribution_it_was_drawn_from():
    mean = np.array([0.7, 6.0, 40.0, 300.0])
    law = nbinom(SIZE, SIZE / (SIZE + mean[:, None]))
    (counts_NH,) = paths(law.ppf(LEVELS)[None], LEVELS, Dependence(), 40_000, seed=0)
    np.testing.assert_allclose(counts_NH.mean(axis=0), mean, rtol=0.03)
    np.testing.assert_allclose(counts_NH.std(axis=0), law.std()[:, 0], rtol=0.05)
    assert (counts_NH % 1 == 0).all()
    assert (counts_NH >= 0).all()


def test_independent_poisson_days_add_up_to_poisson():
    week = totals(np.tile(poisson(20).ppf(LEVELS), (1, 7, 1)), LEVELS, [np.arange(7)], Dependence(0.0), count=20_000)
    np.testing.assert_allclose(week[0, 0], poisson(140).ppf(LEVELS), atol=1.5)


def test_steps_that_move_as_one_add_up_to_sums_of_quantiles():
    q_HQ = np.tile(np.arange(21.0) * 2, (3, 1))
    np.testing.assert_array_equal(
        totals(q_HQ[None], LEVELS, [np.arange(3)], Dependence(1.0))[0, 0][3:-3], (3 * q_HQ[0])[3:-3]
    )


def test_nothing_known_is_the_usual_dependence():
    nothing = np.full((4, 1, 7), np.nan)
    assert Dependence.fit(nothing, nothing) == Dependence()


def test_normal_score_by_hand():
    np.testing.assert_allclose(normal_score(np.array([0.5, 0.975, 0.0, 1.0])), [0, 1.96, -3.5, 3.5], atol=1e-3)
    assert np.isnan(normal_score(np.array([np.nan]))).all()
