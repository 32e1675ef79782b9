"""Scores against values worked out by hand."""

import numpy as np
import pytest

from pilots.manufacturing.evaluate import Answers, points, scores
from pilots.manufacturing.histories import Histories
from pilots.manufacturing.metrics import by_rul_bin, rmse, with_interval


def lives(rul_last: list[float], length: int = 4) -> Histories:
    rul_LT = np.array(rul_last)[:, None] + np.arange(length)[::-1]
    left_LT = np.broadcast_to(np.arange(length)[::-1], rul_LT.shape).astype(float)
    return Histories(np.zeros((*rul_LT.shape, 1)), np.full(len(rul_last), length), ("age",), rul_LT, left_LT)


def said(rul_LT: np.ndarray, half: float = 5.0, p: float = 0.25) -> Answers:
    one = np.asarray(rul_LT, float)[None]
    return Answers(one, one - half, one + half, np.full_like(one, p))


def test_scores_by_hand():
    h = lives([10.0, 130.0])
    ours = said([[0, 0, 0, 20], [125] * 4])  # last rows: 10 late; 5 under raw, exact clipped
    naive = Answers(*(np.full((1, 1, 1), v) for v in (100.0, 0.0, 125.0, 0.5)))
    got = scores(h, ours, naive, unit="cycles", cap=125.0, horizon=30, cuts=3, seed=0)
    assert got["rmse_clipped"]["value"] == pytest.approx(np.sqrt(100 / 2))
    assert got["rmse_raw"]["value"] == pytest.approx(np.sqrt((100 + 25) / 2))
    assert got["score_clipped"]["value"] == pytest.approx(np.e - 1)  # exp(10/10) - 1
    assert got["score_raw"]["value"] == pytest.approx(np.e - 1 + np.expm1(5 / 13))
    assert got["rmse_rul_le_60"]["value"] == pytest.approx(10)
    assert got["rmse_clipped"]["naive"] == pytest.approx(np.sqrt((90**2 + 25**2) / 2))
    assert got["coverage_90_last_row"]["value"] == pytest.approx(0.5)
    assert got["coverage_90_last_row"]["naive"] == pytest.approx(1.0)
    assert got["width_90_last_row"]["value"] == pytest.approx(10)
    assert got["width_90_last_row"]["naive"] == pytest.approx(125)
    assert got["width_90_rul_le_50_last_row"]["naive"] == pytest.approx(125)
    assert got["brier_last_row"]["value"] == pytest.approx((0.75**2 + 0.25**2) / 2)
    assert set(points(got)) == {"rmse_clipped", "rmse_raw", "score_clipped", "score_raw", "rmse_rul_le_60"}


def test_seeds_are_averaged_after_the_root():
    h = lives([10.0])
    two = Answers(*(np.concatenate([a, b]) for a, b in zip(said([[0, 0, 0, 13]]), said([[0, 0, 0, 15]]), strict=True)))
    naive = Answers(*(np.full((1, 1, 1), v) for v in (100.0, 0.0, 125.0, 0.5)))
    got = scores(h, two, naive, unit="cycles", cap=125.0, horizon=30, cuts=1, seed=0)
    assert got["rmse_clipped"]["value"] == pytest.approx((3 + 5) / 2)


def test_interval_is_the_bootstrap_of_units():
    total = np.arange(1.0, 101.0)[None]
    got = with_interval(total, np.ones_like(total))
    spread = total.std() / 10  # standard error of a mean of 100
    assert got["value"] == pytest.approx(50.5)
    assert (got["high"] - got["low"]) / (2 * 1.96 * spread) == pytest.approx(1, abs=0.06)


def test_bins_by_hand():
    got = by_rul_bin(np.array([5.0, 8, 30]), np.array([7.0, 8, 20]), np.zeros(3), np.full(3, 10.0), [0, 10, 20, 40])
    assert [(b["from"], b["rows"], b["bias"], b["coverage"]) for b in got] == [(0, 2, 1.0, 1.0), (20, 1, -10.0, 0.0)]
    assert got[0]["rmse"] == pytest.approx(np.sqrt(2))
    assert rmse(np.array([0.0, 0]), np.array([3.0, 4])) == pytest.approx(np.sqrt(12.5))
