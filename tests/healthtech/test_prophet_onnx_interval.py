"""The interval is the one that simulation comes to, wherever the trend or the noise has the say."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from statistics import NormalDist

import numpy as np
import pytest
from made_prophet import made
from prophet.serialize import model_to_json

from common.fault import Fault
from pilots.healthtech.prophet_onnx import quantile
from pilots.healthtech.prophet_onnx.graph import graph
from pilots.healthtech.prophet_onnx.read import parse
from pilots.healthtech.prophet_onnx.verify import verify

DRAWS = 200_000


@cache
def moves(changes: float, seed: int = 0) -> np.ndarray:
    """Draws of U / sd(U): how far the trend has moved when so many changes of slope were expected."""
    random = np.random.default_rng(seed)
    number = random.poisson(changes, DRAWS)
    owner = np.repeat(np.arange(DRAWS), number)
    move = random.laplace(size=len(owner)) * random.uniform(size=len(owner))
    return np.bincount(owner, move, DRAWS) / np.sqrt(2 * changes / 3)


@pytest.mark.parametrize("changes", [0.1, 0.4, 2.0, 20.0])
@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
@pytest.mark.parametrize("width", [0.8, 0.95])
def test_upper_end_is_that_of_simulated_trends(changes, share, width):
    drawn = share * moves(changes) + (1 - share) * np.random.default_rng(1).normal(size=DRAWS)
    expected = np.quantile(drawn, (1 + width) / 2)
    v, table = changes / (changes + quantile.FEW), quantile.linear(width)
    (row, down), (column, across) = ((int(x * 32), x * 32 % 1) for x in (v, share))
    corner = table[row : row + 2, column : column + 2]
    found = np.array([1 - down, down]) @ corner @ np.array([1 - across, across])
    assert found == pytest.approx(expected, rel=0.02)


def test_cornish_fisher_would_not_do():
    changes, share, z = 0.4, 0.6, NormalDist().inv_cdf(0.9)
    variance = share**2 + (1 - share) ** 2
    kurtosis = 10.8 / changes * (share**2 / variance) ** 2
    short_cut = np.sqrt(variance) * (z + (z**3 - 3 * z) / 24 * kurtosis)
    drawn = share * moves(changes) + (1 - share) * np.random.default_rng(1).normal(size=DRAWS)
    assert short_cut < 0.7 * np.quantile(drawn, 0.9)


def test_logistic_ends_are_those_of_simulated_trends():
    rate, spread, ahead, logit, noise = 25.0, 2.0, 0.3, 1.2, 0.05
    trend = 1 / (1 + np.exp(-logit - moves(rate * ahead) * spread * np.sqrt(2 * rate * ahead**3 / 3)))
    drawn = trend - trend.mean() + np.random.default_rng(1).normal(0, noise, DRAWS)
    sd_H, lower, upper = quantile.logistic(0.8, rate, spread, np.array([logit]), np.array([ahead]))
    assert sd_H[0] == pytest.approx(trend.std(), rel=0.01)
    share, share_x = sd_H[0] / (sd_H[0] + noise), np.linspace(0, 1, quantile.SIZE)
    ends = [np.interp(share, share_x, table[0]) * (sd_H[0] + noise) for table in (lower, upper)]
    assert ends == pytest.approx(np.quantile(drawn, [0.1, 0.9]), rel=0.02)
    assert -ends[0] > 1.2 * ends[1]  # above the middle of the curve there is more room below


@pytest.mark.parametrize(("kind", "paths"), [("linear", 20_000), ("multiplicative", 20_000), ("logistic", 500)])
def test_verified_against_prophets_own_paths(kind, paths):
    model, _ = made(kind)
    found = verify(graph(parse(model_to_json(model))), model, paths=paths)
    assert found.difference < 1e-12
    assert found.width_error < 0.03 * np.sqrt(20_000 / paths)


def test_a_graph_that_differs_is_refused():
    model, _ = made("flat")
    fit = parse(model_to_json(model))
    wrong = replace(fit, beta_SK=fit.beta_SK * (1 + 1e-6))
    with pytest.raises(Fault, match=r"differs from Prophet's by .* of the scale"):
        verify(graph(wrong), model, paths=0)
