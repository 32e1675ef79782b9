"""Costs of policies on lives worked out by hand, and that a life never helps to choose its own threshold."""

import numpy as np
import pytest

from pilots.manufacturing.alarm import Alarm
from pilots.manufacturing.cost import Outcome, Prices, by_alarm, by_interval, cheapest, intervals
from pilots.manufacturing.policy import left_out

PRICES = Prices(breakdown=1000, planned_replacement=100, lost_life_per_row=10, inspection=1)
RULE = Alarm(persistence=1, on_delay=0, hysteresis=0.0)


def one_life(rul: list[float], threshold: float, planning: int = 2, early: float = 5.0, alarm: Alarm = RULE) -> dict:
    made = by_alarm(np.array([rul]), np.array([len(rul)]), np.array([threshold]), alarm, planning, early, PRICES)
    return {name: float(x[0, 0]) for name, x in made.__dict__.items()}


def test_work_is_done_planning_rows_after_the_alarm():
    # rows 0..9, failure at row 9; the alarm sounds at row 5 (4 rows left), the work is done at row 7 (2 left)
    said = one_life([9, 8, 7, 6, 5, 4, 3, 2, 1, 0], threshold=4)
    assert said == {"rows": 8, "notice": 4, "missed": 0, "false": 0, "cost": 100 + 2 * 10 + 1}


def test_too_little_notice_is_a_breakdown_that_was_looked_at():
    said = one_life([9, 8, 7, 6, 5, 5, 5, 5, 1, 0], threshold=4)  # the alarm comes one row before the failure
    assert said == {"rows": 10, "notice": 1, "missed": 1, "false": 0, "cost": 1000 + 1}


def test_an_alarm_that_ends_by_itself_costs_a_look_and_counts_as_false():
    said = one_life([9, 3, 9, 9, 9, 9, 9, 9, 9, 0], threshold=4)  # sounds at row 1 (8 left > early), ends at row 2
    assert said == {"rows": 10, "notice": 0, "missed": 1, "false": 1, "cost": 1000 + 2 * 1}


def test_fixed_interval_against_the_formula():
    length_L = np.array([10, 20, 40])
    made = by_interval(length_L, np.array([15.0, np.inf]), early=20.0, p=PRICES)
    # at 15: one breakdown after 10 rows, two renewals after 15 with 5 and 25 rows thrown away
    assert made.rate(np.arange(3))[0] == pytest.approx((1000 + 100 + 50 + 100 + 250) / (10 + 15 + 15))
    assert made.rate(np.arange(3))[1] == pytest.approx(3 * 1000 / 70)
    assert made.false[:, 0].tolist() == [False, False, True]


def test_best_interval_of_known_lives():
    """Lives of exactly 50 rows: renewing just before is best, and costs one planned replacement in 49 rows."""
    length_L = np.full(20, 50)
    ages = intervals(length_L)
    rate_K = by_interval(length_L, ages, early=60.0, p=PRICES).rate(np.arange(20))
    assert ages[rate_K.argmin()] == 49
    assert rate_K.min() == pytest.approx((100 + 10) / 49)


def test_a_single_dip_is_not_chosen():
    assert cheapest(np.array([9, 9, 1, 9, 4, 3, 4, 9.0])) == 5


def test_a_life_has_no_say_in_its_own_threshold():
    random = np.random.default_rng(0)
    shape = (12, 7)
    cost, rows = random.uniform(1, 9, shape), random.uniform(50, 90, shape)
    machine_L, fold_L = np.array(list("aabcdefghijk")), np.repeat([0, 1, 2], 4)
    before = left_out(Outcome(rows, rows, rows, rows, cost), machine_L, fold_L, cheapest)
    moved = 0
    for life in range(12):
        spoiled = cost.copy()
        spoiled[machine_L == machine_L[life]] = random.uniform(1, 900, (int((machine_L == machine_L[life]).sum()), 7))
        after = left_out(Outcome(rows, rows, rows, rows, spoiled), machine_L, fold_L, cheapest)
        assert after[life] == before[life]
        moved += int((after != before).sum())
    assert moved > 12  # what others choose does depend on it


def test_a_life_alone_in_its_fold_takes_the_middle():
    one = np.ones((1, 5))
    assert left_out(Outcome(one, one, one, one, one), np.array(["a"]), np.array([0]), cheapest).tolist() == [2]
