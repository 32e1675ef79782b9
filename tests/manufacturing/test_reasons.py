"""Each sensor's share in a lost life, by hand on the toy graph: 1 mm/s of mean vibration costs 10 hours."""

from __future__ import annotations

import math

import numpy as np
import pytest

from common.bundle.open import open_bundle
from pilots.manufacturing.reasons import Reason, copies, reasons, shares
from pilots.manufacturing.use.read import Logs

NAN = np.nan


def logs(*machines: list[tuple[float, float, float]]) -> Logs:
    """Rows of load, vibration, temperature for each machine."""
    x_RF = np.array([row for rows in machines for row in rows], np.float32)
    start_M = np.cumsum([0, *map(len, machines)])
    rows, count = np.arange(len(x_RF)), len(machines)
    return Logs([f"m{i}" for i in range(count)], start_M, rows, rows + 2, x_RF, np.zeros(count, bool), [])


@pytest.fixture(scope="module")
def bundle(toy_bundle):
    return open_bundle(toy_bundle)


def told(bundle, some: Logs, machines) -> list[list[Reason]]:
    histories = [some.x_RF[some.rows(int(machine))] for machine in machines]
    return reasons(bundle.run, bundle.manifest["channels"], "hours", histories)


def test_only_the_sensor_that_matters_is_a_reason(bundle):
    worn = [(0.8, 4.0, 60.0), (0.8, 6.0, 70.0), (0.8, 8.0, 90.0)]  # mean vibration 6.0, healthy 1.0
    vibration, temperature = told(bundle, logs(worn), [0])[0]
    assert (vibration.sensor, vibration.unit, vibration.now) == ("vibration", "mm/s", 8.0)
    assert (vibration.low, vibration.high) == pytest.approx((0.8, 1.2))
    assert vibration.rows == pytest.approx(50.0, abs=1e-3)
    assert vibration.total == pytest.approx(50.0, abs=1e-3)
    assert str(vibration) == "vibration 8.0 mm/s, healthy 0.8–1.2, +50 of 50 hours"
    assert temperature.sensor == "temperature"  # the load is a setting: it is never a reason
    assert temperature.rows == 0.0


def test_a_machine_better_than_healthy_gains_life(bundle):
    found = told(bundle, logs([(0.8, 0.5, 45.0)]), [0])[0]
    assert found[-1].rows == pytest.approx(-5.0, abs=1e-3)
    assert str(found[-1]) == "vibration 0.5 mm/s, healthy 0.8–1.2, -5 hours"


def test_gaps_stay_gaps_and_a_sensor_without_readings_is_no_reason(bundle):
    gappy = [(NAN, 5.0, NAN), (0.8, NAN, NAN), (0.8, 7.0, NAN), (0.8, NAN, NAN)]
    (vibration,) = told(bundle, logs(gappy), [0])[0]
    assert vibration.rows == pytest.approx(50.0, abs=1e-3)
    assert str(vibration) == "vibration without a reading now, healthy 0.8–1.2 mm/s, +50 of 50 hours"
    assert told(bundle, logs([(0.8, NAN, NAN)]), [0]) == [[]]


def test_one_machine_is_explained_alike_alone_and_among_others(bundle):
    machines = [[(0.8, 2.0 + i, 50.0)] * (1 + 7 * i) for i in range(5)]
    together = told(bundle, logs(*machines), np.array([3, 0, 4]))
    assert together == [told(bundle, logs(machines[i]), [0])[0] for i in (3, 0, 4)]


def test_a_long_log_takes_several_calls_and_the_answer_stays(bundle, monkeypatch):
    log = logs([(0.8, 4.0, 60.0)] * 30)
    whole = told(bundle, log, [0])
    monkeypatch.setattr("pilots.manufacturing.reasons.ROWS_OF_A_BATCH", 60)
    assert told(bundle, log, [0]) == whole


def test_shares_of_a_known_game():
    """Alone and in pairs: the Shapley values by hand. 3 a, 1 b, and 4 that a and b only take together, 2 each."""

    def life(healthy: np.ndarray) -> float:
        worn_a, worn_b, _ = ~healthy
        return 100.0 - 3 * worn_a - worn_b - 4 * (worn_a and worn_b)

    rows_S, total = shares(np.array([life(row) for row in copies(3)]))
    np.testing.assert_allclose(rows_S, [5.0, 3.0, 0.0])
    assert total == 8.0


@pytest.mark.parametrize("seed", range(20))
def test_shares_add_up_whatever_the_model_does(seed):
    random = np.random.default_rng(seed)
    rows_S, total = shares(random.uniform(0, 125, 2 + 2 * random.integers(1, 9)).astype(np.float32))
    assert rows_S.sum() == pytest.approx(total, abs=1e-9)


def test_what_no_sensor_does_alone_or_last_is_shared_by_all():
    """Any two of four healthy sensors mend it: none matters alone, none matters last."""
    rows_S, total = shares(np.array([100.0 * (row.sum() >= 2) for row in copies(4)]))
    np.testing.assert_allclose(rows_S, 25.0)
    assert total == 100.0


@pytest.mark.parametrize(
    ("unit", "now", "band", "text"),
    [
        ("mm/s", 4.123, (1.91, 2.43), "x 4.1 mm/s, healthy 1.9–2.4, +38 of 51 cycles"),
        ("-", 0.0312, (0.0301, 0.0305), "x 0.0312, healthy 0.0301–0.0305, +38 of 51 cycles"),
        ("rpm", 2388.06, (2380.1, 2395.9), "x 2388 rpm, healthy 2380–2396, +38 of 51 cycles"),
        ("°C", -3.26, (-12.4, -4.9), "x -3 °C, healthy -12 to -5, +38 of 51 cycles"),
        ("psia", 14.62, (14.62, 14.62), "x 14.62 psia, healthy 14.62, +38 of 51 cycles"),
        ("bar", 3.0, (math.nan, math.nan), "x 3.00 bar, +38 of 51 cycles"),
    ],
)
def test_the_line_has_the_digits_that_tell(unit, now, band, text):
    assert str(Reason("x", unit, now, *band, 38.2, 50.9, "cycles")) == text


def test_a_part_larger_than_the_whole_is_not_said_to_be_of_it():
    assert Reason("x", "", 3.0, 1.0, 2.0, 12.0, 6.0, "days").takes == "+12 days"
    assert Reason("x", "", 3.0, 1.0, 2.0, -6.0, 6.0, "days").takes == "-6 of 6 days"
