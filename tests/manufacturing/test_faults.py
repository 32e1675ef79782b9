"""Planted sensor faults are found and named, healthy readings hardly ever, and no verdict looks further than it may."""

import numpy as np
import pytest

from pilots.manufacturing.faults import OFFSET, REACH, SPIKE, STUCK, UNIT
from pilots.manufacturing.features import Features
from tests.manufacturing.made_fleet import fleet

SENSOR, FIRST = 3, 40  # planted in "s1" from this row on


@pytest.fixture(scope="module")
def fitted():
    return Features(["mean15", "slope_start"]).fit(fleet(lives=60, missing=0.0), seed=0)


def healthy(seed: int) -> np.ndarray:
    made = fleet(lives=60, missing=0.0)
    readings, length = made.padded()
    long = readings[np.flatnonzero(length >= 100)[seed]][None, :100].copy()
    long[..., 2:] += np.random.default_rng(seed).normal(0, 0.01, long[..., 2:].shape)  # no log that was learned from
    return long


def quality(fitted, readings):
    return fitted.run(readings, np.array([readings.shape[1]]))["quality"][0]


@pytest.mark.parametrize(
    ("code", "plant"),
    [
        (STUCK, lambda x: np.full_like(x, x[0])),
        (SPIKE, lambda x: np.concatenate([x[:1] + 30, x[1:]])),
        (OFFSET, lambda x: x + 12),
        (UNIT, lambda x: x * 100),  # bar -> kPa
    ],
)
def test_a_planted_fault_is_found_and_named(fitted, code, plant):
    readings = healthy(0)
    readings[0, FIRST:, SENSOR] = plant(readings[0, FIRST:, SENSOR])
    told = quality(fitted, readings)
    assert not np.isin(told[:FIRST], (3, 4, 5, 6)).any()
    assert code in told[FIRST : FIRST + 15, SENSOR]
    if code == SPIKE:
        assert told[FIRST, SENSOR] == SPIKE
        assert (told[FIRST + 1 :, SENSOR] < STUCK).all()
    else:
        assert (told[FIRST + 15 :, SENSOR] == code).mean() > 0.9


def test_healthy_readings_are_hardly_ever_flagged(fitted):
    readings, length = fleet(lives=60, missing=0.05).padded()
    told = fitted.run(readings, length)["quality"][np.arange(readings.shape[1]) < length[:, None]]
    assert told.size > 20_000
    assert (told >= STUCK).mean() < 1e-3


def test_a_verdict_never_changes_and_looks_no_further_back_than_it_may(fitted):
    readings = healthy(1)
    readings[0, FIRST:, SENSOR] = readings[0, FIRST, SENSOR]
    readings[0, 70:, 4] += 15
    readings[0, 55, 2] -= 40
    whole = fitted.run(readings, np.array([100]))
    assert len(np.unique(whole["quality"])) > 3
    for stop in (45, 60, 71, 85, 100):
        start = max(0, stop - REACH)
        part = fitted.run(readings[:, start:stop], np.array([stop - start]))
        np.testing.assert_array_equal(part["quality"][0, -1], whole["quality"][0, stop - 1])
        assert part["lost"][0, -1] == pytest.approx(whole["lost"][0, stop - 1], abs=1e-6)
    assert REACH <= 60


def test_without_judging_every_reading_is_taken_as_it_is(fitted):
    readings = healthy(2)
    readings[0, FIRST:, SENSOR] += 12
    asked = {"readings": readings, "length": np.array([100]), "judge": np.array(0, np.float32)}
    assert (fitted._session.run(asked)["quality"] < STUCK).all()


def test_a_missing_setting_is_no_known_condition(fitted):
    readings = healthy(3)
    readings[0, 10:20, 0] = np.nan
    ok = fitted.run(readings, np.array([100]))["condition_ok"][0]
    assert not ok[10:20].any()
    assert ok[20:].all()


def test_the_interval_widens_with_the_sensors_lost():
    from pilots.manufacturing.interval import Conformal

    random = np.random.default_rng(0)
    unit_N = np.repeat(np.arange(200), 20)
    rul_N = random.uniform(0, 125, len(unit_N))
    lost_N = np.repeat(random.choice([0.0, 1, 2, 5, 10], 200), 20)
    said_N = np.clip(rul_N + random.normal(0, 5, len(unit_N)), 0, 125)
    blind_N = np.clip(rul_N + random.normal(0, 5 + lost_N, len(unit_N)), 0, 125)
    interval = Conformal().fit(said_N, rul_N, unit_N, 125.0).widened(blind_N, rul_N, lost_N, unit_N)
    for lost in (1, 2, 5, 10):
        here = lost_N == lost
        low_N, high_N = interval(blind_N[here], lost_N[here])
        assert ((low_N <= rul_N[here]) & (rul_N[here] <= high_N)).mean() > 0.87
    assert (np.diff(interval.wider.value_K) >= 0).all()
    assert interval.wider(0.0) == 1
