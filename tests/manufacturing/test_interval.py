"""Intervals hold what they promise on machines they have not seen; probabilities are calibrated."""

import numpy as np
import pytest
import torch

from pilots.manufacturing.alarm import Alarm
from pilots.manufacturing.decide import Decision
from pilots.manufacturing.graph import CurveGraph
from pilots.manufacturing.interval import Conformal, Curve, calibrated

CAP = 125.0


def forecasts(seed: int, units: int = 120, cuts: int = 20):
    """True lives uniform, forecasts whose error grows with the life left: an interval of one width must fail."""
    random = np.random.default_rng(seed)
    unit_N = np.repeat(np.arange(units), cuts)
    rul_N = np.minimum(random.uniform(0, 160, len(unit_N)), CAP)
    lean_N = random.normal(0, 1, units)[unit_N]
    said_N = rul_N + (1 + 0.12 * rul_N) * (0.6 * lean_N + 0.8 * random.normal(0, 1, len(unit_N)))
    return np.clip(said_N, 0, CAP), rul_N, unit_N


def test_coverage_on_new_machines_is_as_stated_everywhere():
    interval = Conformal(level=0.9).fit(*forecasts(0), CAP)
    said_N, rul_N, _ = forecasts(1, units=400)
    low_N, high_N = interval(said_N)
    inside_N = (low_N <= rul_N) & (rul_N <= high_N)
    assert inside_N.mean() == pytest.approx(0.9, abs=0.03)
    for start, stop in ((0, 30), (30, 60), (60, 100)):
        near = (said_N >= start) & (said_N < stop)
        assert inside_N[near].mean() == pytest.approx(0.9, abs=0.06)
    urgent, early = said_N < 20, (said_N > 60) & (said_N < 90)
    assert (high_N - low_N)[urgent].mean() < 0.6 * (high_N - low_N)[early].mean()


def test_interval_stays_within_the_cap_and_around_the_forecast():
    interval = Conformal().fit(*forecasts(0), CAP)
    said = np.linspace(0, CAP, 501)
    low, high = interval(said)
    assert (low >= 0).all()
    assert (high <= CAP).all()
    assert ((low <= said) & (said <= high)).all()


def test_probability_is_calibrated_and_grows_with_the_signal():
    random = np.random.default_rng(0)
    signal = random.uniform(0, 1, 20_000)
    event = random.random(20_000) < signal**2
    curve = calibrated(signal, event.astype(float), np.arange(20_000))
    at = np.linspace(0.05, 0.95, 10)
    np.testing.assert_allclose(curve(at), at**2, atol=0.06)
    assert (np.diff(curve(np.linspace(0, 1, 1000))) >= 0).all()
    assert len(curve.at_K) <= 24
    assert curve(signal).mean() == pytest.approx(event.mean(), abs=0.01)  # thinning leans to neither side


def test_curve_is_the_same_in_the_graph():
    curve = Curve(np.array([0.0, 1.0, 1.0001, 5.0]), np.array([1.0, -2.0, 40.0, 41.0]))
    x = np.linspace(-3, 8, 2001).astype(np.float32)
    np.testing.assert_allclose(CurveGraph(curve)(torch.from_numpy(x))[..., 0].numpy(), curve(x), atol=1e-4)


def test_alarm_needs_every_one_of_the_last_rows():
    interval = Conformal().fit(*forecasts(0), CAP)
    decision = Decision(CAP, 30, 30.0, Alarm(3, 0, 0.0), False, interval, Curve([0, 1], [0, 1]))
    rul = np.array([[90, 20, 25, 30], [90, 20, 31, 30], [20, 20, 0, 0], [99, 20, 20, 20]], np.float32)
    said = decision(rul, None, np.array([4, 4, 2, 4]))
    assert said["alarm"].tolist() == [True, False, False, True]  # the third log is too short to be sure
    assert np.isnan(said["rul"][2, 2:]).all()
    assert decision(rul, None, np.array([4, 4, 2, 4]), threshold=31)["alarm"].tolist() == [True, True, False, True]


def test_a_steep_probability_may_move_as_far_as_its_forecast_may():
    interval = Conformal().fit(*forecasts(0), CAP)
    decision = Decision(CAP, 30, 30.0, Alarm(1, 0, 0.0), False, interval, Curve([0.5, 0.500001], [0.2, 0.9]))
    at_step, beside = np.array([[CAP / 2, CAP / 4]]), np.array([[CAP / 2 - 1e-3, CAP / 4]])
    least, most = decision.p_fail_span(at_step, None, 1e-3)
    assert (least[0, 0], most[0, 0]) == (0.2, 0.9)  # the forecast stands on the step
    assert least[0, 1] == most[0, 1] == 0.9
    assert (decision.p_fail_span(beside, None, 1e-4)[0] == 0.9).all()
