"""The negative binomial, against values by hand and against SciPy's own."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from pilots.healthtech.distribution import negative_binomial as nb
from pilots.healthtech.distribution.levels import LEVELS


def reference(mean, dispersion):
    return stats.nbinom(1 / dispersion, 1 / (1 + dispersion * mean))


def rows(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return 10 ** rng.uniform(-2, 3, count), 10 ** rng.uniform(-6, 0.6, count)


def test_values_by_hand():
    # dispersion 1 is geometric: P(n) = 1/3 (2/3)^n at mean 2; dispersion 0 is Poisson
    np.testing.assert_allclose(nb.pmf(np.arange(3), 2.0, 1.0), [1 / 3, 2 / 9, 4 / 27], rtol=1e-12)
    np.testing.assert_allclose(nb.cdf(np.array([-1, 0, 1.5]), 2.0, 0.0), [0, np.exp(-2), 3 * np.exp(-2)], rtol=1e-12)
    # F = 1/3, 5/9, 19/27: the quantile at exactly 5/9 is 1
    np.testing.assert_array_equal(nb.quantile(np.array([0.3, 5 / 9, 0.56]), [2.0], [1.0]), [[0, 1, 2]])


def test_crps_of_a_geometric_count_by_hand():
    # 1 - F(n) = (2/3)^(n+1): F(0)^2 + sum over n >= 1 of (4/9)^(n+1) = 1/9 + (16/81) / (5/9) at y = 1
    assert nb.crps([1.0], [2.0], [1.0])[0] == pytest.approx(1 / 9 + 16 / 45, abs=1e-9)


def test_quantiles_are_scipys():
    mean, dispersion = rows(4_000)
    near = nb.exact(mean, dispersion)
    want = reference(mean[:, None], dispersion[:, None]).ppf(LEVELS - 1e-9)
    assert near.sum() > 3_500
    np.testing.assert_array_equal(nb.quantile(LEVELS, mean, dispersion)[near], want[near])


def test_the_window_leaves_out_less_than_it_says():
    mean, dispersion = rows(20_000, seed=1)
    near = nb.exact(mean, dispersion)
    mean, dispersion = mean[near], dispersion[near]
    first, width = nb.window(mean, dispersion)
    outside = reference(mean, dispersion).cdf(first - 1) + reference(mean, dispersion).sf(first + width - 1)
    assert outside.max() < 1e-11


@pytest.mark.parametrize(("dispersion", "off"), [(1e-6, 1e-5), (0.05, 3e-4), (0.5, 3.5e-3)])
@pytest.mark.parametrize("mean", [1_001.0, 30_000.0])
def test_far_from_zero_the_normal_power_is_as_near_as_it_says(mean, dispersion, off):
    n = np.unique(np.round(np.linspace(0.2, 3, 20_001) * mean))
    assert np.abs(nb.cdf(n, mean, dispersion) - reference(mean, dispersion).cdf(n)).max() < off
    q = nb.quantile(LEVELS, [mean], [dispersion])[0]
    assert (nb.cdf(q, mean, dispersion) >= LEVELS - 1e-9).all()
    assert (nb.cdf(q - 1, mean, dispersion) < LEVELS - 1e-9).all()


def test_crps_beyond_a_thousand_is_the_integral_of_the_same_distribution():
    y = np.array([900.0, 1_010.0, 1_500.0])
    n = np.arange(0, 3_000)
    step = nb.cdf(n, 1_001.0, 0.02)
    want = [((step - (n >= v)) ** 2).sum() for v in y]
    np.testing.assert_allclose(nb.crps(y, np.full(3, 1_001.0), np.full(3, 0.02)), want, rtol=1e-3)


def test_what_is_not_known_stays_so():
    assert np.isnan(nb.cdf(np.array([np.nan, 1.0]), np.array([2.0, np.nan]), 0.1)).all()
    assert np.isnan(nb.quantile(LEVELS, [np.nan], [0.1])).all()
    assert np.isnan(nb.crps([np.nan, 1.0], [2.0, np.nan], [0.1, 0.1])).all()
