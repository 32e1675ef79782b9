"""Counts that add up, chosen only where earlier forecasts say that it helps."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from scipy.special import ndtr
from scipy.stats import poisson

from common.bundle.session import Session
from common.export.torch import to_onnx
from pilots.healthtech.backtest.origins import Origins
from pilots.healthtech.backtest.task import Task
from pilots.healthtech.calendar import Calendar
from pilots.healthtech.data.contract import Counts, Level
from pilots.healthtech.distribution.head import CountHead
from pilots.healthtech.distribution.levels import LEVELS
from pilots.healthtech.evaluate import Backtest, Judged
from pilots.healthtech.hierarchy.held import sums_held
from pilots.healthtech.hierarchy.joined import joined
from pilots.healthtech.hierarchy.reconcile import FLOOR, OWN, choose, matrices
from pilots.healthtech.hierarchy.samples import added_up, rank_correlation
from pilots.healthtech.models.ensemble import Weights

# four sites, two trusts, one total
SUMS = np.array([*np.eye(4), [1, 1, 0, 0], [0, 0, 1, 1], [1, 1, 1, 1]], float)
LEVELS_ABOVE = (Level("trust", (4, 5)), Level("total", (6,)))
ORIGINS, STEPS = 80, 7
HOSPITALS = Counts(
    "made",
    "CC0",
    "0",
    "D",
    np.arange(3).astype("datetime64[D]"),
    np.zeros((7, 3)),
    tuple("abcdefg"),
    SUMS,
    LEVELS_ABOVE,
)


def planted(bottom_error: float, trust_error: float, total_error: float, seed: int = 0):
    """Counts near 100 per site, and forecasts of the expected counts with an error of their own at every level."""
    rng = np.random.default_rng(seed)
    mean_OBH = rng.uniform(60, 140, (ORIGINS, 4, STEPS))
    y_OSH = np.einsum("sb,obh->osh", SUMS, rng.poisson(mean_OBH).astype(float))
    error_S1 = np.array([bottom_error] * 4 + [trust_error] * 2 + [total_error])[:, None]
    own_OSH = np.einsum("sb,obh->osh", SUMS, mean_OBH)
    return own_OSH * np.exp(error_S1 * rng.standard_normal(own_OSH.shape)), y_OSH


def mae(mean_OSH, y_OSH):
    return np.abs(mean_OSH - y_OSH).mean(axis=(0, 2))


def test_bottom_up_by_hand():
    mean, y = planted(0.1, 0.1, 0.1)
    np.testing.assert_allclose(matrices(mean, y, SUMS)["bottom-up"] @ [1, 2, 3, 4, 9, 9, 9], [1, 2, 3, 4, 3, 7, 10])


@pytest.mark.parametrize("method", ["bottom-up", "WLS", "MinT"])
def test_every_method_adds_up_and_leaves_alone_what_adds_up(method):
    mean, y = planted(0.1, 0.1, 0.1)
    matrix = matrices(mean, y, SUMS)[method]
    joined = matrix @ mean
    np.testing.assert_allclose(np.einsum("sb,obh->osh", SUMS, joined[:, :4]), joined, rtol=1e-9)
    np.testing.assert_allclose(matrix @ SUMS, SUMS, atol=1e-9)


def test_wls_of_two_parts_and_a_sum_by_hand():
    # errors of variance 1, 1 and 2: the gap of the sum, 4, is shared 1 : 1 : 2 and each part takes one
    rng = np.random.default_rng(0)
    sums = np.array([[1, 0], [0, 1], [1, 1]], float)
    error = rng.standard_normal((4_000, 3, 1)) * np.sqrt([1, 1, 2])[:, None]
    y = np.full((4_000, 3, 1), 50.0)
    np.testing.assert_allclose(matrices(y + error, y, sums)["WLS"] @ [10.0, 20.0, 34.0], [11, 21, 32], atol=0.1)


def test_gaps_of_one_site_leave_the_others_their_weights():
    mean, y = planted(0.1, 0.1, 0.1)
    whole = matrices(mean, y, SUMS)["WLS"]
    y[::2, 0] = np.nan
    np.testing.assert_allclose(matrices(mean, y, SUMS)["WLS"], whole, atol=0.05)
    y[1::2, 1] = np.nan  # not one step at which every site is known
    assert set(matrices(mean, y, SUMS)) == {"bottom-up", "WLS"}


def test_a_noisy_total_is_mended_by_its_parts_and_everything_adds_up():
    mean, y = planted(0.02, 0.02, 0.3)
    chosen = choose(mean[:60], y[:60], SUMS, LEVELS_ABOVE)
    assert chosen.adds_up
    joined = chosen.apply(mean[60:])
    np.testing.assert_allclose(np.einsum("sb,obh->osh", SUMS, joined[:, :4]), joined, rtol=1e-12)
    assert mae(joined, y[60:])[6] < 0.4 * mae(mean[60:], y[60:])[6]


def test_noisy_sites_are_mended_by_a_good_total():
    mean, y = planted(0.3, 0.02, 0.01)
    chosen = choose(mean[:60], y[:60], SUMS, LEVELS_ABOVE)
    assert chosen.method_by_level["bottom"] in ("WLS", "MinT")
    assert mae(chosen.apply(mean[60:]), y[60:])[:4].mean() < 0.9 * mae(mean[60:], y[60:])[:4].mean()


def test_a_level_that_would_lose_keeps_its_own_forecast():
    mean, y = planted(0.02, 0.02, 0.02)
    mean[:, :4] *= 1.5  # every site is far too high: no sum of them is any good
    chosen = choose(mean, y, SUMS, LEVELS_ABOVE)
    for level, error in chosen.error_by_level.items():
        method = chosen.method_by_level[level]
        assert method == OWN or error[method] < 1
    assert chosen.method_by_level["total"] == OWN
    assert error["bottom-up"] > 1
    assert not chosen.adds_up


def test_without_a_hierarchy_or_with_few_origins_nothing_changes():
    mean, y = planted(0.1, 0.1, 0.1)
    for chosen in (choose(mean[:5], y[:5], SUMS, LEVELS_ABOVE), choose(mean[:, :4], y[:, :4], np.eye(4), ())):
        np.testing.assert_array_equal(chosen.apply(mean[:, : len(chosen.matrix_SS)]), mean[:, : len(chosen.matrix_SS)])


def test_never_negative_and_a_missing_forecast_changes_nothing_else():
    mean, y = planted(0.02, 0.02, 0.3)
    chosen = choose(mean, y, SUMS, LEVELS_ABOVE)
    mean[0, :, 0] = 0.01, 500, 500, 500, 1, 1, 1
    mean[1, 2, 3] = np.nan
    joined = chosen.apply(mean)
    assert (joined[0, :, 0] >= FLOOR * mean[0, :, 0]).all()
    np.testing.assert_array_equal(joined[1, :, 3], mean[1, :, 3])
    for origin in (0, 1, 2):
        graph = chosen.module()(torch.from_numpy(mean[origin]), torch.arange(7)).numpy()
        np.testing.assert_allclose(graph, joined[origin], rtol=1e-12)


def test_the_graph_reconciles_all_series_in_any_order_and_leaves_a_part_of_them_alone():
    mean, y = planted(0.02, 0.02, 0.3)
    learnt = joined(lambda means, y_OSH: Weights({"glm": 1.0}), HOSPITALS)({"glm": mean}, y)
    want = learnt.combine({"glm": mean[:1]})[0]
    example = {"series": torch.zeros(2, dtype=torch.int64), "own": torch.ones(2, STEPS, dtype=torch.float64)}
    axes = {name: {0: "series"} for name in example}
    graph = Session(to_onnx(learnt.module(), example, axes, ["mean"]).SerializeToString())
    order = np.array([6, 0, 2, 1, 5, 4, 3])
    answer = graph.run({"series": order, "own": mean[0, order]})["mean"]
    np.testing.assert_allclose(answer, want[order], rtol=1e-12)
    np.testing.assert_array_equal(graph.run({"series": order[:3], "own": mean[0, :3]})["mean"], mean[0, :3])
    assert learnt.by_member == {"glm": 1.0}


def test_where_nothing_adds_up_the_weights_stay_as_they_are():
    weigh = object()
    assert joined(weigh, dataclasses.replace(HOSPITALS, levels=())) is weigh


def test_sampled_sites_add_up_in_every_sample_and_cover_the_total():
    rng = np.random.default_rng(1)
    planted_BB = np.full((4, 4), 0.6) + 0.4 * np.eye(4)
    z_OBH = np.einsum("bc,och->obh", np.linalg.cholesky(planted_BB), rng.standard_normal((3_300, 4, 3)))
    y_OBH = poisson.ppf(ndtr(z_OBH), 50)
    found_BB = rank_correlation(poisson.cdf(y_OBH[:300] - 1, 50), poisson.cdf(y_OBH[:300], 50))
    np.testing.assert_allclose(found_BB, planted_BB, atol=0.08)
    q_BHQ = np.tile(poisson(50).ppf(LEVELS), (4, 3, 1))
    sample_SHN = added_up(q_BHQ, LEVELS, found_BB, SUMS, count=4_000)
    np.testing.assert_array_equal(np.tensordot(SUMS, sample_SHN[:4], axes=1), sample_SHN)
    assert (sample_SHN % 1 == 0).all()
    total_OH = y_OBH[300:].sum(axis=1)
    alone_SHN = added_up(q_BHQ, LEVELS, np.eye(4), SUMS, count=4_000)
    covered, alone = (
        (np.sign(total_OH - low) - np.sign(total_OH - high)).mean() / 2  # the ends count half
        for low, high in (np.quantile(s[6], [0.1, 0.9], axis=1) for s in (sample_SHN, alone_SHN))
    )
    assert 0.78 <= covered <= 0.82
    assert alone < 0.68


def test_sums_of_sites_that_move_together_hold_as_their_own_forecast_does():
    rng = np.random.default_rng(3)
    shared_T = rng.gamma(50, 1 / 50, 7 * 240)  # one luck a day for all sites
    y_ST = SUMS @ rng.poisson(40 * shared_T, (4, 7 * 240)).astype(float)
    time_T = np.datetime64("2020-01-01", "s") + np.arange(7 * 240) * np.timedelta64(1, "D")
    counts = dataclasses.replace(HOSPITALS, y_ST=y_ST, time_T=time_T)
    origin_O = np.arange(0, 7 * 240, 7)
    test = Backtest(counts, Origins(origin_O[120:], origin_O[:120], 7, 7, ()), Task(Calendar.make(2018, 2030), 7, 7))
    mean_OSH = np.tile(40 * SUMS.sum(axis=1)[:, None], (120, 1, 7))
    head = CountHead().fit(mean_OSH, test.truth(origin_O[:120]))
    said = head.distribution(mean_OSH.reshape(-1, 7), np.tile(np.arange(7), 120))
    told = sums_held(Judged({}, [(origin_O[120:], said)], head), test, 0)["total"]
    assert told["own"]["counts"] == 120 * 7
    for way in ("own", "added_up"):
        assert 0.74 <= told[way]["coverage_80"] <= 0.86  # learnt on 840 days, judged on 840
    assert told["added_up"]["pinball"] == pytest.approx(told["own"]["pinball"], rel=0.02)


def test_correlation_with_gaps_is_one_that_outcomes_can_have():
    u = np.random.default_rng(2).uniform(size=(12, 6, 2))
    u[:6, :3], u[3:9, 3:] = np.nan, np.nan
    found = rank_correlation(u, u)
    assert np.linalg.eigvalsh(found).min() > 0
    np.testing.assert_allclose(np.diag(found), 1)
