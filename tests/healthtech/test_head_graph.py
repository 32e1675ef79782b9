"""The head's graph gives the same whole numbers as NumPy, on every kind of row."""

from __future__ import annotations

import numpy as np
import torch
from scipy.special import ndtr

from common.bundle.session import Session
from common.export.torch import to_onnx
from pilots.healthtech.distribution.graph import normal_cdf
from pilots.healthtech.distribution.head import CountHead
from pilots.healthtech.distribution.levels import LEVELS
from pilots.healthtech.distribution.recalibrate import KNOTS, LevelMap, bands
from pilots.healthtech.distribution.sums import Dependence

SERIES, STEPS = 60, 50


def made_head(seed: int) -> tuple[CountHead, np.ndarray]:
    """Any factor, dispersion and map; means from 0.01 to 100,000."""
    rng = np.random.default_rng(seed)
    head = CountHead()
    head.factor_SH = rng.uniform(0.8, 1.2, (SERIES, STEPS))
    head.dispersion_SH = 10 ** rng.uniform(-6, 0.6, (SERIES, STEPS))
    bend_G1 = rng.uniform(-0.9, 0.9, (3, 1))
    head.maps = LevelMap(bands(STEPS), KNOTS + bend_G1 * KNOTS * (1 - KNOTS))
    head.dependence, head.earlier = Dependence(), (np.zeros(0), np.zeros(0))
    return head, 10 ** (rng.choice([0.5, 1], (SERIES, 1)) * rng.uniform(-2, 5, (SERIES, STEPS)))


def graph_of(head: CountHead) -> Session:
    example = {"expected": torch.ones(2, STEPS, dtype=torch.float64)}
    example |= {"series": torch.zeros(2, dtype=torch.int64), "level": torch.zeros(2, dtype=torch.float64)}
    axes = {name: {0: "series"} for name in example}
    return Session(to_onnx(head.module(), example, axes, ["quantiles", "mean", "p_exceed"]).SerializeToString())


def test_integers_are_equal():
    compared = 0
    for seed in range(2):
        head, mean = made_head(seed)
        series = np.random.default_rng(seed).permutation(SERIES)
        level = np.floor(mean[:, 0] * 1.1)
        level[:3] = -1, 1e6, mean[2, 0] + 0.5
        answer = graph_of(head).run({"expected": mean, "series": series, "level": level})
        said = head.distribution(mean, series)
        np.testing.assert_array_equal(answer["quantiles"], said.quantiles(LEVELS))
        np.testing.assert_allclose(answer["mean"], said.mean_BH, rtol=1e-14)
        above = 1 - said.cdf(np.floor(level)[:, None] + np.zeros_like(mean))
        np.testing.assert_allclose(answer["p_exceed"], above, atol=1e-10)
        compared += answer["quantiles"].size
    assert compared == 2 * SERIES * STEPS * 21


def test_an_unknown_mean_has_no_forecast_and_hurts_no_other():
    head, mean = made_head(2)
    mean[0, 3], mean[0, 4] = np.nan, 0.0
    ask = {"expected": mean, "series": np.arange(SERIES), "level": np.zeros(SERIES)}
    answer = graph_of(head).run(ask)
    assert np.isnan(answer["quantiles"][0, 3]).all()
    assert np.isnan(answer["p_exceed"][0, 3])
    assert np.isnan(answer["quantiles"]).sum() == 21
    assert (answer["quantiles"][0, 4] == 0).all()
    np.testing.assert_array_equal(answer["quantiles"], head.distribution(mean, np.arange(SERIES)).quantiles(LEVELS))


def test_normal_cdf_is_scipys():
    z = np.linspace(-9, 9, 2_001)
    np.testing.assert_allclose(normal_cdf(torch.from_numpy(z)).numpy(), ndtr(z), atol=1e-12)
