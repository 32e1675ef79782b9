"""Scores against values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from pilots.healthtech import metrics
from pilots.healthtech.distribution.levels import LEVELS, SCORED
from pilots.healthtech.distribution.sampled import Sampled
from tests.healthtech.made_counts import counts


class Poisson:
    """A perfect forecast of Poisson counts."""

    def __init__(self, mean_BH):
        self.mean_BH = mean_BH

    def quantiles(self, levels_Q):
        return stats.poisson.ppf(levels_Q, self.mean_BH[..., None])

    def cdf(self, y_BH):
        return stats.poisson.cdf(y_BH, self.mean_BH)

    def crps(self, y_BH):
        return np.zeros_like(y_BH)


def score(made, y_OSH, scale=1.0, steps=None):
    steps = steps or [y_OSH.shape[2]]
    return metrics.score(made, y_OSH, np.full(y_OSH.shape[:2], scale), steps)


def test_pinball_of_one_number_by_hand():
    made = Sampled(np.array([[[10.0]]]))  # every quantile is 10
    got = metrics.figures(score(made, np.array([[[12.0]]]), scale=4.0)[1])
    assert got["pinball"][0, 0] == pytest.approx(2 * SCORED.mean())  # under by 2: a of it at each level a
    assert got["mae"][0, 0] == 2
    assert got["smape"][0, 0] == pytest.approx(200 * 2 / 22)
    assert got["mase"][0, 0] == 0.5
    assert got["crps"][0, 0] == 2
    over = metrics.figures(score(made, np.array([[[7.0]]]))[1])
    assert over["pinball"][0, 0] == pytest.approx(3 * (1 - SCORED).mean())


def test_nothing_against_nothing_is_no_error():
    got = metrics.figures(score(Sampled(np.zeros((1, 1, 3))), np.zeros((1, 1, 1)))[1])
    assert got["smape"][0, 0] == 0
    assert got["pinball"][0, 0] == 0


def test_crps_of_a_sample_by_hand():
    made = Sampled(np.array([[[1.0, 3.0, np.nan]]]))
    # E|X - 2| = 1, E|X - X'| / 2 = (0 + 2 + 2 + 0) / 4 / 2
    assert made.crps(np.array([[2.0]]))[0, 0] == pytest.approx(1 - 0.5)
    assert made.quantiles(np.array([0.5, 0.51]))[0, 0].tolist() == [1.0, 3.0]
    assert made.cdf(np.array([[2.0]]))[0, 0] == 0.5


def test_a_perfect_poisson_forecast_is_calibrated_where_closed_intervals_are_not():
    y_OSH = np.random.default_rng(0).poisson(15.0, (4000, 1, 5)).astype(float)
    got = metrics.figures(score(Poisson(np.full((4000, 5), 15.0)), y_OSH)[5])
    assert got["quantile_bias"][0, 0] < 0.006
    assert got["coverage_80"][0, 0] == pytest.approx(0.8, abs=0.01)
    assert got["coverage_80_closed"][0, 0] > 0.83  # whole quantiles reach further than their level


def test_scores_of_shorter_horizons_and_unknown_outcomes():
    made = Sampled(np.full((1, 4, 1), 10.0))
    y_OSH = np.array([[[10.0, 14.0, np.nan, 30.0]]])
    got = {h: metrics.figures(scored)["mae"][0, 0] for h, scored in score(made, y_OSH, steps=[1, 2, 3, 4]).items()}
    assert got == {1: 0.0, 2: 2.0, 3: 2.0, 4: pytest.approx(24 / 3)}


def test_the_naive_scale_looks_at_earlier_history_alone():
    made = counts(30, "D", 1)
    made.y_ST[0] = np.arange(30) // 7  # every week one more than the last
    scale = metrics.naive_scale(made, np.array([8, 15, 29]))
    assert scale[:, 0].tolist() == [1.0, 1.0, 1.0]
    made.y_ST[0, 20:] = 1000
    np.testing.assert_array_equal(metrics.naive_scale(made, np.array([8, 15]))[:, 0], [1.0, 1.0])


def test_block_bootstrap_keeps_blocks_together():
    weight_RO = metrics.resamples(40, horizon=84, step=7, seed=1)
    assert weight_RO.shape == (metrics.RESAMPLES, 40)
    assert (weight_RO.sum(axis=1) == 40).all()
    # Blocks of ten neighbours: a resample has few edges where the weight changes.
    changes = (np.diff(weight_RO, axis=1) != 0).sum(axis=1)
    assert np.median(changes) <= 8
    assert metrics.resamples(3, 7, 7, 0) is None


def test_join_is_the_whole():
    rng = np.random.default_rng(3)
    y_OSH = rng.poisson(9.0, (6, 2, 4)).astype(float)
    sample = rng.poisson(9.0, (12, 4, 8)).astype(float)
    whole = score(Sampled(sample), y_OSH)
    parts = metrics.join([score(Sampled(sample[:6]), y_OSH[:3]), score(Sampled(sample[6:]), y_OSH[3:])])
    for key, value in metrics.figures(whole[4]).items():
        np.testing.assert_allclose(metrics.figures(parts[4])[key], value)
    assert len(LEVELS) == 21
